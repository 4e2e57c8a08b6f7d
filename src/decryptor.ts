// Receiving (RFC 9605 §4.4.4): keys by KID, and per key a window against replay (§9.3).

import { forgetCalls, readFrame, wipeWindow } from './core/engine.ts';
import { minSubtleLen } from './engine-key.ts';
import { SFrameError, type SFrameErrorCode } from './errors.ts';
import { parseHeader } from './header.ts';
import { assertBaseKey, ReceiveKey } from './key.ts';
import { assertFrame, assertTarget, type Context, type ContextOptions, readOptions } from './options.ts';
import type { Counter } from './replay.ts';
import {
  type Bytes,
  type Decryptor,
  highHalf,
  joinU64,
  lengthOf,
  lowHalf,
  maxOverhead,
  toInteger,
  toU64,
  type U64,
} from './types.ts';

/** Options of {@link SFrameDecryptor}. */
export interface SFrameDecryptorOptions extends ContextOptions {
  /**
   * How far behind the highest counter of its key a frame may arrive, in frames; default 1024, at most 2^20.
   * 0 turns replay protection off.
   */
  readonly replayWindow?: number | undefined;
}

/** Why a frame was not opened. */
interface Refusal {
  readonly code: SFrameErrorCode;
  readonly kid?: bigint | undefined;
}

/** How many removed keys are remembered, so that adding one again does not reopen its window. */
const MAX_REMEMBERED = 4096;

/**
 * Decrypts the frames of one sender, or of several whose KIDs differ.
 *
 * A frame that fails changes nothing. Each (KID, CTR) is opened once, if it is not older than the replay window.
 *
 * @example
 * ```js
 * import { SFrameDecryptor, SFrameEncryptor } from 'sframe-wasm';
 *
 * const cipherSuite = 'AES_128_CTR_HMAC_SHA256_80';
 * const baseKey = crypto.getRandomValues(new Uint8Array(16));
 * const metadata = new Uint8Array([1]);
 *
 * const encryptor = new SFrameEncryptor({ cipherSuite });
 * encryptor.setEncryptionKey(baseKey, 0x123n);
 * const decryptor = new SFrameDecryptor({ cipherSuite, replayWindow: 256 });
 * decryptor.addDecryptionKey(baseKey, 0x123n);
 *
 * const ciphertext = encryptor.encrypt(new Uint8Array(100), metadata);
 * console.log(decryptor.decrypt(ciphertext, metadata).length); // 100
 * ```
 */
export class SFrameDecryptor implements Decryptor {
  readonly #context: Context;
  readonly #replayWindow: number;
  readonly #keys: Map<number | bigint, ReceiveKey> = new Map();
  /** The highest CTR of removed keys, by fingerprint, oldest first. */
  readonly #floors: Map<string, Counter> = new Map();
  /** Whether there are keys that only WebCrypto has. */
  #withoutCore = false;
  /** Steps that wait for WebCrypto to identify keys, where there is no core; how many are left. */
  #steps: Promise<void> = Promise.resolve();
  #settling = 0;
  #destroyed = false;
  /** KID of the last frame that failed, in halves: errors and events name it. */
  #failedHigh = 0;
  #failedLow = 0;

  /**
   * @throws TypeError or RangeError naming the option
   * @throws {@link SFrameError} `engine-unavailable`
   */
  constructor(options: SFrameDecryptorOptions) {
    this.#context = readOptions(options);
    this.#replayWindow = toInteger(options.replayWindow, 'replayWindow', 1024, 0, 2 ** 20);
  }

  /**
   * Adds the key of a KID. The same key again changes nothing: its replay window stays. Another key replaces the
   * old one and has a window of its own. A key that was removed or replaced and comes back (among the last 4096)
   * opens nothing at or below the highest counter it had.
   *
   * @param baseKey base_key, 16 to 4096 bytes; copied, so zero yours when you no longer need it
   * @param kid key ID, 0 to 2^64-1
   * @throws TypeError or RangeError naming the argument; RangeError if there is no memory for another key
   * @throws {@link SFrameError} `destroyed`, `engine-unavailable`
   */
  addDecryptionKey(baseKey: Uint8Array, kid: U64): void {
    this.#assertAlive();
    assertBaseKey(baseKey);
    const id = toU64(kid, 'kid');
    const key = new ReceiveKey(this.#context, baseKey, id);
    const name = nameOf(id);
    const known = this.#keys.get(name);
    const fingerprint = key.fingerprint;
    if (fingerprint === undefined || this.#settling > 0) {
      this.#withoutCore = true;
      this.#keys.set(name, key);
      key.settleAfter(this.#later(async () => this.#settle(key, known)));
      return;
    }
    if (known?.fingerprint === fingerprint) {
      key.close();
      return;
    }
    try {
      key.openWindow(this.#replayWindow, this.#floors.get(fingerprint));
    } catch (error) {
      key.close(); // no memory for a window: nothing has changed
      throw error;
    }
    this.#keys.set(name, key);
    if (known !== undefined) this.#retire(known, known.fingerprint as string);
  }

  /**
   * Wipes the key of a KID.
   * @returns whether there was one
   * @throws TypeError or RangeError if `kid` is not a {@link U64}
   * @throws {@link SFrameError} `destroyed`
   */
  removeDecryptionKey(kid: U64): boolean {
    this.#assertAlive();
    const name = nameOf(toU64(kid, 'kid'));
    const key = this.#keys.get(name);
    if (key === undefined) return false;
    const { fingerprint } = key;
    if (fingerprint === undefined || this.#settling > 0)
      this.#later(async () => this.#retire(key, await key.identify()));
    else this.#retire(key, fingerprint);
    this.#keys.delete(name);
    return true;
  }

  /**
   * Whether there is a key for a KID.
   * @throws TypeError or RangeError if `kid` is not a {@link U64}
   * @throws {@link SFrameError} `destroyed`
   */
  hasDecryptionKey(kid: U64): boolean {
    this.#assertAlive();
    return this.#keys.has(nameOf(toU64(kid, 'kid')));
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
    const opened = this.tryDecrypt(ciphertext, metadata);
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
    return this.#open(ciphertext, metadata) as Bytes | SFrameErrorCode;
  }

  /**
   * As {@link decryptAsync}, with a code where that rejects with an SFrameError.
   * @internal
   */
  async tryDecryptAsync(ciphertext: Uint8Array, metadata?: Uint8Array): Promise<Bytes | SFrameErrorCode> {
    const opened = await this.#openAsync(ciphertext, metadata);
    return 'code' in opened ? opened.code : opened;
  }

  /** Wipes all keys and what the core still holds. Further calls throw `destroyed`, except this one. */
  destroy(): void {
    this.#destroyed = true;
    for (const key of this.#keys.values()) key.close();
    this.#keys.clear();
    this.#floors.clear();
    forgetCalls();
  }

  #assertAlive(): void {
    if (this.#destroyed) throw new SFrameError('destroyed');
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
      const textLen = lengthOf(ciphertext) - header.length - this.#context.suite.Nt;
      if (header.length === 0 || textLen < 0) return 'syntax';
      if (target !== undefined) assertTarget(target, textLen);
      this.#failedHigh = header.kidHigh;
      this.#failedLow = header.kidLow;
      const key = this.#keys.get(nameOfHalves(header.kidHigh, header.kidLow));
      return key === undefined ? 'key-id' : key.open(header.ctrHigh, header.ctrLow, target);
    } finally {
      wipeWindow();
    }
  }

  async #openAsync(ciphertext: Uint8Array, metadata: Uint8Array | undefined): Promise<Bytes | Refusal> {
    const fits = assertFrame(ciphertext, 'ciphertext', metadata, this.#context);
    if (this.#destroyed) return { code: 'destroyed' };
    if (!fits) return { code: 'syntax' };
    const len = lengthOf(ciphertext);
    if (len < minSubtleLen && this.#keys.size > 0 && !this.#withoutCore)
      return this.#openNow(ciphertext, metadata);
    const header = parseHeader(ciphertext);
    if (header === undefined) return { code: 'syntax' };
    const { kid, ctr, length } = header;
    const textLen = len - length - this.#context.suite.Nt;
    if (textLen < 0) return { code: 'syntax' };
    const name = nameOf(kid);
    const key = this.#keys.get(name);
    if (key === undefined) return { code: 'key-id', kid };
    if (!key.prefersAsync(textLen)) return this.#openNow(ciphertext, metadata);
    const opened = await key.openAsync(header, ciphertext, metadata);
    // What happened meanwhile decides: a frame that is not wanted any more leaves no plaintext.
    const code = this.#refusalOf(opened, key, name, ctr);
    if (code === undefined) return opened as Bytes;
    if (typeof opened !== 'string') opened.fill(0);
    return { code, kid };
  }

  /** Why an outcome of openAsync must not be handed out, if it must not; else its frame is recorded. */
  #refusalOf(
    opened: Bytes | SFrameErrorCode,
    key: ReceiveKey,
    name: number | bigint,
    ctr: bigint,
  ): SFrameErrorCode | undefined {
    if (this.#destroyed) return 'destroyed';
    if (typeof opened === 'string') return opened;
    if (!key.isSameAs(this.#keys.get(name))) return 'key-id';
    return key.commit(ctr) ? undefined : 'replay';
  }

  #openNow(ciphertext: Uint8Array, metadata: Uint8Array | undefined): Bytes | Refusal {
    const opened = this.tryDecrypt(ciphertext, metadata);
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

  /** Runs a step that has to wait for WebCrypto, after those before it. */
  #later(step: () => Promise<void>): Promise<void> {
    this.#settling++;
    const done = this.#steps
      .then(() => (this.#destroyed ? undefined : step()))
      .finally(() => {
        this.#settling--;
      });
    this.#steps = done.catch(() => {});
    return done;
  }

  /** Gives a key its window, as addDecryptionKey promises, once WebCrypto has told what key it is. */
  async #settle(key: ReceiveKey, known: ReceiveKey | undefined): Promise<void> {
    const fingerprint = await key.identify();
    const before = await known?.identify();
    if (known !== undefined && before === fingerprint) {
      key.succeed(known);
      known.close();
      return;
    }
    key.openWindow(this.#replayWindow, this.#floors.get(fingerprint));
    if (known !== undefined) this.#retire(known, before as string);
  }

  /** Wipes a key, and remembers how far it was used. */
  #retire(key: ReceiveKey, fingerprint: string): void {
    const { highest } = key;
    key.close();
    if (highest === undefined) return;
    this.#floors.delete(fingerprint);
    this.#floors.set(fingerprint, highest);
    if (this.#floors.size > MAX_REMEMBERED) this.#floors.delete(this.#floors.keys().next().value as string);
  }
}

/** A KID as a key of a Map: a number where that is exact, which most are, so that frames need no BigInt. */
function nameOfHalves(high: number, low: number): number | bigint {
  return high < 0x200000 ? high * 2 ** 32 + low : joinU64(high, low);
}

function nameOf(kid: bigint): number | bigint {
  return nameOfHalves(highHalf(kid), lowHalf(kid));
}
