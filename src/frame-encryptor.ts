// What all encryptors share: one key at a time, its counter, and which keys were used before (RFC 9605 §4.4.3). Kinds of
// encryptors differ in where their keys come from.

import type { KeySource } from './core/derived-key.ts';
import { forgetCalls } from './core/engine.ts';
import { SFrameError } from './errors.ts';
import { SendKey } from './key.ts';
import { assertFrame, assertRoom, type Context } from './options.ts';
import { assertBytes, type Bytes, type Encryptor, lengthOf } from './types.ts';

/** What tells a key from any other. */
export interface KeyIdentity {
  readonly kid: bigint;
  /** 16 one-way characters. */
  readonly fingerprint: string;
  /** Of its first frame. */
  readonly firstCtr: bigint;
}

/** Of how many keys that is remembered. */
const RECENT_KEYS = 4;

/** The keys of one encryptor: the one in use, and fingerprints of all that ever were. */
export class SendKeys {
  readonly context: Context;
  #current: SendKey | undefined;
  /** Where the counter of the key that close() wiped stood. */
  #lastCtr = 0n;
  /** Fingerprints of all keys ever set: one-way, so they keep no key alive. */
  readonly #used: Set<string> = new Set();
  /** The last of them, latest first: a frame may be done after its key has changed. */
  readonly #recent: KeyIdentity[] = [];
  /** Keys that only WebCrypto can identify are admitted one after the other. */
  #admissions: Promise<void> = Promise.resolve();
  #closed = false;

  constructor(context: Context) {
    this.context = context;
  }

  /** The key in use. */
  get current(): SendKey | undefined {
    return this.#current;
  }

  /** The next CTR to be sent; 0n before the first key, and where it stood after close(). */
  get ctr(): bigint {
    return this.#current?.ctr ?? this.#lastCtr;
  }

  /** @throws SFrameError `destroyed` */
  assertOpen(): void {
    if (this.#closed) throw new SFrameError('destroyed');
  }

  /**
   * Uses a key from now on, if it never was before. The previous one is wiped; if this throws, it stays.
   * @throws SFrameError `key-reuse`, `engine-unavailable`
   * @throws RangeError if there is no memory for another key
   */
  use(source: KeySource, kid: bigint, ctr: bigint): void {
    const key = new SendKey(this.context, source, kid, ctr);
    if (key.fingerprint === undefined) {
      // Only WebCrypto knows, and later: until then no frame leaves.
      const admission = this.#admissions.then(async () => this.#admit(await key.identify(), kid, ctr));
      this.#admissions = admission.catch(() => {});
      key.admitAfter(admission);
    } else {
      try {
        this.#admit(key.fingerprint, kid, ctr);
      } catch (error) {
        key.close();
        throw error;
      }
    }
    this.#current?.close();
    this.#current = key;
  }

  /** Notes a key as used, unless it was. */
  #admit(fingerprint: string, kid: bigint, firstCtr: bigint): void {
    if (this.#used.has(fingerprint)) throw new SFrameError('key-reuse', kid);
    this.#used.add(fingerprint);
    this.#recent.unshift({ kid, fingerprint, firstCtr });
    this.#recent.splice(RECENT_KEYS);
  }

  /** The key that frames of a KID were encrypted under lately; known before the first of them. */
  recent(kid: bigint): KeyIdentity | undefined {
    return this.#recent.find((recent) => recent.kid === kid);
  }

  close(): void {
    this.#closed = true;
    this.#lastCtr = this.ctr;
    this.#current?.close();
    this.#current = undefined;
    this.#used.clear();
    forgetCalls();
  }
}

/** An encryptor, but for where its keys come from. */
export abstract class FrameEncryptor implements Encryptor {
  readonly #keys: SendKeys;

  /** @internal */
  constructor(keys: SendKeys) {
    this.#keys = keys;
  }

  /** The KID of the key in use; undefined before the first one and after `destroy()`. */
  get kid(): bigint | undefined {
    return this.#keys.current?.kid;
  }

  /**
   * The next CTR to be sent; 0n before the first key, and what it was last after `destroy()`. An application that
   * persists it stores it before that frame is sent (RFC 9605 §9.1).
   */
  get ctr(): bigint {
    return this.#keys.ctr;
  }

  /**
   * Encrypts one frame (RFC 9605 §4.4.3).
   *
   * @param plaintext the encoded media frame, 0 bytes to `maxFrameLen`
   * @param metadata bytes that are authenticated but not sent; the receiver needs the same
   * @returns header ‖ encrypted frame ‖ tag: plaintext + 1 to 17 + Nt bytes, owning their buffer
   * @throws TypeError or RangeError naming the argument; nothing has changed then
   * @throws {@link SFrameError} `no-key`, `counter-exhausted`, `destroyed`, `engine-unavailable` (without WebAssembly)
   */
  encrypt(plaintext: Uint8Array, metadata?: Uint8Array): Bytes {
    return this.#checked(plaintext, metadata).seal(plaintext, metadata) as Bytes;
  }

  /**
   * The same into `target`: no buffer is allocated.
   *
   * @param target at least header + plaintext + Nt long: plaintext + `maxOverhead` always suffices. It may overlap
   * the inputs, and stays as it is if this throws.
   * @returns how many bytes were written
   */
  encryptInto(target: Uint8Array, plaintext: Uint8Array, metadata?: Uint8Array): number {
    const room = assertBytes(target, 'target'); // before the key is looked at: this may run the caller's code
    const key = this.#checked(plaintext, metadata);
    assertRoom(room, lengthOf(plaintext) + key.overhead);
    return key.seal(plaintext, metadata, target) as number;
  }

  /**
   * As {@link encrypt}; rejects where that throws, and with `destroyed` if `destroy()` comes first. The counter is
   * taken, and the plaintext read, before the call returns. Large frames may be encrypted by WebCrypto, see `engine`.
   * Without WebAssembly, `key-reuse` is found out here, before the first frame, instead of by `setEncryptionKey`.
   */
  async encryptAsync(plaintext: Uint8Array, metadata?: Uint8Array): Promise<Bytes> {
    const sealed = this.#checked(plaintext, metadata).sealAsync(plaintext, metadata);
    if (ArrayBuffer.isView(sealed)) return sealed;
    const ciphertext = await sealed;
    this.#keys.assertOpen();
    return ciphertext;
  }

  /** Wipes the key and what the core still holds. Further calls throw `destroyed`, except this one. */
  destroy(): void {
    this.#keys.close();
  }

  /**
   * The key of a frame just encrypted: signatures name it.
   * @internal
   */
  keyOf(kid: bigint): KeyIdentity | undefined {
    return this.#keys.recent(kid);
  }

  /** The cipher suite's number. @internal */
  get suiteId(): number {
    return this.#keys.context.suite.id;
  }

  /** The key, once everything but its counter has been checked. */
  #checked(plaintext: Uint8Array, metadata: Uint8Array | undefined): SendKey {
    const keys = this.#keys;
    assertFrame(plaintext, 'plaintext', metadata, keys.context);
    keys.assertOpen();
    const { current } = keys;
    if (current === undefined) throw new SFrameError('no-key');
    return current;
  }
}
