// What all decryptors share (RFC 9605 §4.4.4): a header is read, a ring gives the key of its KID, the frame is opened,
// and only then anything moves. Kinds of decryptors differ in their rings.

import { forgetCalls, holdsFrame, readFrame, wipeWindow } from './core/engine.ts';
import { minSubtleLen } from './engine-key.ts';
import { SFrameError, type SFrameErrorCode } from './errors.ts';
import { parseHeader } from './header.ts';
import type { ReceiveKey } from './key.ts';
import { assertFrame, assertTarget, type Context } from './options.ts';
import { type Bytes, type Decryptor, highHalf, joinU64, lengthOf, lowHalf, maxOverhead } from './types.ts';

/** The keys of one decryptor. Each {@link find} that gives a key is followed by one accept or one reject of it. */
export interface KeyRing {
  /** Whether frames can be opened at once: keys there are, and all of them are in the core. */
  readonly synchronous: boolean;
  /** The key for a KID, in halves, or why there is none. The KID may be forged: nothing that matters moves here. */
  find(kidHigh: number, kidLow: number): ReceiveKey | SFrameErrorCode;
  /** The key that frames of a KID open under, if one has or one was added. Nothing moves. */
  peek(kid: bigint): ReceiveKey | undefined;
  /** A frame was authentic under this key. False: the key went while the frame was under way. */
  accept(key: ReceiveKey): boolean;
  /** It was not, or must not be handed out. */
  reject(key: ReceiveKey): void;
  /** Until when it may be unknown whether a key is one that was there before. */
  readonly settling?: Promise<void> | undefined;
  /** Wipes all. */
  close(): void;
}

/** Why a frame was not opened. */
interface Refusal {
  readonly code: SFrameErrorCode;
  readonly kid?: bigint | undefined;
}

/** The code of an SFrameError: an engine that is not there. All else is thrown on. */
function codeOf(error: unknown): SFrameErrorCode {
  if (error instanceof SFrameError) return error.code;
  throw error;
}

/** A decryptor, but for where its keys come from. */
export abstract class FrameDecryptor implements Decryptor {
  readonly #context: Context;
  readonly #ring: KeyRing;
  #destroyed = false;
  /** KID of the last frame that failed, in halves: errors and events name it. */
  #failedHigh = 0;
  #failedLow = 0;

  /** @internal */
  constructor(context: Context, ring: KeyRing) {
    this.#context = context;
    this.#ring = ring;
  }

  /**
   * Decrypts one frame (RFC 9605 §4.4.4).
   *
   * @param ciphertext header ‖ encrypted frame ‖ tag
   * @param metadata the same bytes that the sender gave
   * @returns the frame, owning its buffer
   * @throws TypeError or RangeError naming the argument; RangeError if there is no memory for the frame
   * @throws {@link SFrameError} `syntax`, `key-id`, `replay`, `authentication`, `destroyed`; `engine-unavailable`
   * without WebAssembly. Nothing has changed then.
   */
  decrypt(ciphertext: Uint8Array, metadata?: Uint8Array): Bytes {
    const opened = this.#open(ciphertext, metadata) as Bytes | SFrameErrorCode;
    if (typeof opened === 'string') throw this.#failure(opened, this.#failedKid(opened), ciphertext);
    return opened;
  }

  /**
   * The same into `target`: no buffer is allocated.
   *
   * @param target at least as long as the plaintext: ciphertext - header - Nt. It may overlap the inputs, and stays
   * as it is if this throws.
   * @returns how many bytes were written
   */
  decryptInto(target: Uint8Array, ciphertext: Uint8Array, metadata?: Uint8Array): number {
    assertTarget(target, 0);
    const opened = this.#open(ciphertext, metadata, target) as number | SFrameErrorCode;
    if (typeof opened === 'string') throw this.#failure(opened, this.#failedKid(opened), ciphertext);
    return opened;
  }

  /**
   * As {@link decrypt}; rejects where that throws. The ciphertext is read before the call returns; large frames may be
   * decrypted by WebCrypto, see `engine`. A frame under way ends in `key-id` if its key is removed, in `destroyed` if
   * the context is; of two equal frames one ends in `replay`.
   */
  async decryptAsync(ciphertext: Uint8Array, metadata?: Uint8Array): Promise<Bytes> {
    const opened = await this.#openAsync(ciphertext, metadata);
    if ('code' in opened) throw this.#failure(opened.code, opened.kid, ciphertext);
    return opened;
  }

  /**
   * As {@link decrypt}, with a code where that throws an SFrameError: a flood of forged frames builds no exceptions.
   * @internal
   */
  tryDecrypt(ciphertext: Uint8Array, metadata?: Uint8Array): Bytes | SFrameErrorCode {
    try {
      return this.#open(ciphertext, metadata) as Bytes | SFrameErrorCode;
    } catch (error) {
      return codeOf(error);
    }
  }

  /**
   * As {@link decryptAsync}, with a code where that rejects with an SFrameError.
   * @internal
   */
  async tryDecryptAsync(ciphertext: Uint8Array, metadata?: Uint8Array): Promise<Bytes | SFrameErrorCode> {
    try {
      const opened = await this.#openAsync(ciphertext, metadata);
      return 'code' in opened ? opened.code : opened;
    } catch (error) {
      return codeOf(error);
    }
  }

  /** Wipes all keys and what the core still holds. Further calls throw `destroyed`, except this one. */
  destroy(): void {
    this.#destroyed = true;
    this.#ring.close();
    forgetCalls();
  }

  /**
   * What tells the key of a frame just decrypted from any other, 16 one-way characters: signatures name it.
   * @internal
   */
  fingerprintOf(kid: bigint): string | undefined {
    return this.#ring.peek(kid)?.fingerprint;
  }

  /** The cipher suite's number. @internal */
  get suiteId(): number {
    return this.#context.suite.id;
  }

  #open(
    ciphertext: Uint8Array,
    metadata: Uint8Array | undefined,
    target?: Uint8Array,
  ): Bytes | number | SFrameErrorCode {
    const fits = assertFrame(ciphertext, 'ciphertext', metadata, this.#context);
    if (this.#destroyed) return 'destroyed';
    if (this.#context.engine === 'webcrypto') return 'engine-unavailable';
    if (!fits) return 'syntax';
    try {
      const header = readFrame(ciphertext, metadata);
      const { kidHigh, kidLow, ctrHigh, ctrLow } = header;
      const len = lengthOf(ciphertext);
      const textLen = len - header.length - this.#context.suite.Nt;
      if (header.length === 0 || textLen < 0) return 'syntax';
      if (target !== undefined) assertTarget(target, textLen);
      const key = this.#ring.find(kidHigh, kidLow);
      const opened =
        typeof key === 'string'
          ? key
          : this.#openUnder(key, ctrHigh, ctrLow, len, ciphertext, metadata, target);
      this.#failedHigh = kidHigh;
      this.#failedLow = kidLow;
      return opened;
    } finally {
      wipeWindow();
    }
  }

  /** Opens a frame in the core, reading it if it is not there: deriving a key takes its place. */
  #openUnder(
    key: ReceiveKey,
    ctrHigh: number,
    ctrLow: number,
    len: number,
    ciphertext: Uint8Array,
    metadata: Uint8Array | undefined,
    target?: Uint8Array,
  ): Bytes | number | SFrameErrorCode {
    let opened: Bytes | number | SFrameErrorCode = 'authentication';
    try {
      if (!holdsFrame()) {
        const again = readFrame(ciphertext, metadata);
        // A caller's clock may have run while the key was looked for: another frame may stand there now.
        const isSame = again.ctrHigh === ctrHigh && again.ctrLow === ctrLow && lengthOf(ciphertext) === len;
        if (!isSame || joinU64(again.kidHigh, again.kidLow) !== key.kid) opened = 'syntax';
      }
      if (opened !== 'syntax') opened = key.open(ctrHigh, ctrLow, target);
    } finally {
      if (typeof opened === 'string') this.#ring.reject(key);
      else this.#ring.accept(key);
    }
    return opened;
  }

  async #openAsync(ciphertext: Uint8Array, metadata: Uint8Array | undefined): Promise<Bytes | Refusal> {
    const fits = assertFrame(ciphertext, 'ciphertext', metadata, this.#context);
    if (this.#destroyed) return { code: 'destroyed' };
    if (!fits) return { code: 'syntax' };
    const len = lengthOf(ciphertext);
    if (len < minSubtleLen && this.#ring.synchronous) return this.#openNow(ciphertext, metadata);
    const header = parseHeader(ciphertext);
    if (header === undefined) return { code: 'syntax' };
    const { kid, ctr } = header;
    const textLen = len - header.length - this.#context.suite.Nt;
    if (textLen < 0) return { code: 'syntax' };
    const key = this.#ring.find(highHalf(kid), lowHalf(kid));
    if (typeof key === 'string') return { code: key, kid };
    if (!key.prefersAsync(textLen)) {
      try {
        const opened = this.#openUnder(key, highHalf(ctr), lowHalf(ctr), len, ciphertext, metadata);
        return typeof opened === 'string' ? { code: opened, kid } : (opened as Bytes);
      } finally {
        wipeWindow();
      }
    }
    let opened: Bytes | SFrameErrorCode = 'authentication';
    let code: SFrameErrorCode | undefined;
    try {
      const opening = key.openAsync(header, ciphertext, metadata);
      opened = (typeof opening === 'string' ? opening : await opening) ?? 'authentication';
      const { settling } = this.#ring;
      if (settling !== undefined) await settling;
    } finally {
      // What happened meanwhile decides: a frame that is not wanted any more leaves no plaintext.
      code = this.#refusalOf(opened, key, ctr);
    }
    if (code === undefined) return opened as Bytes;
    if (typeof opened !== 'string') opened.fill(0);
    return { code, kid };
  }

  /** Why an outcome of openAsync must not be handed out, if it must not; else its frame is recorded. */
  #refusalOf(opened: Bytes | SFrameErrorCode, key: ReceiveKey, ctr: bigint): SFrameErrorCode | undefined {
    if (typeof opened === 'string' || this.#destroyed) this.#ring.reject(key);
    if (this.#destroyed) return 'destroyed';
    if (typeof opened === 'string') return opened;
    if (!this.#ring.accept(key)) return 'key-id';
    return key.commit(ctr) ? undefined : 'replay';
  }

  #openNow(ciphertext: Uint8Array, metadata: Uint8Array | undefined): Bytes | Refusal {
    const opened = this.#open(ciphertext, metadata) as Bytes | SFrameErrorCode;
    return typeof opened === 'string' ? { code: opened, kid: this.#failedKid(opened) } : opened;
  }

  /** What the public methods throw: of a ciphertext longer than this context takes, its length is the news. */
  #failure(code: SFrameErrorCode, kid: bigint | undefined, ciphertext: Uint8Array): Error {
    const maxLen = this.#context.maxFrameLen + maxOverhead;
    if (code === 'syntax' && lengthOf(ciphertext) > maxLen)
      return new RangeError(`ciphertext must be at most ${maxLen} bytes long`);
    return new SFrameError(code, kid);
  }

  /** The KID that an error of the frame just refused names. */
  #failedKid(code: SFrameErrorCode): bigint | undefined {
    const known = code !== 'syntax' && code !== 'destroyed' && code !== 'engine-unavailable';
    return known ? joinU64(this.#failedHigh, this.#failedLow) : undefined;
  }
}
