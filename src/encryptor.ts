// Sending (RFC 9605 §4.4.3): one key at a time, a counter that the library alone moves.

import { forgetCalls } from './core/engine.ts';
import { SFrameError } from './errors.ts';
import { assertBaseKey, SendKey } from './key.ts';
import { assertFrame, assertTarget, type Context, type ContextOptions, readOptions } from './options.ts';
import { type Bytes, type Encryptor, lengthOf, toU64, type U64 } from './types.ts';

/** Options of {@link SFrameEncryptor}. */
export type SFrameEncryptorOptions = ContextOptions;

/**
 * Encrypts the frames of one sender under one key at a time.
 *
 * Every (base key, KID) has one counter, and a key set once is never taken again: `key-reuse`. Two encryptors are
 * two counters, so never give both the same (base key, KID).
 *
 * @example
 * ```js
 * import { SFrameDecryptor, SFrameEncryptor } from 'sframe-wasm';
 *
 * const cipherSuite = 'AES_128_GCM_SHA256_128';
 * const baseKey = crypto.getRandomValues(new Uint8Array(16));
 *
 * const encryptor = new SFrameEncryptor({ cipherSuite });
 * encryptor.setEncryptionKey(baseKey, 7);
 * const decryptor = new SFrameDecryptor({ cipherSuite });
 * decryptor.addDecryptionKey(baseKey, 7);
 *
 * const ciphertext = encryptor.encrypt(new Uint8Array([1, 2, 3]));
 * console.log(decryptor.decrypt(ciphertext)); // Uint8Array(3) [ 1, 2, 3 ]
 * ```
 */
export class SFrameEncryptor implements Encryptor {
  readonly #context: Context;
  #key: SendKey | undefined;
  /** CTR of the key that destroy() wiped. */
  #lastCtr = 0n;
  /** Fingerprints of all keys ever set: one-way, so they keep no key alive. */
  readonly #used: Set<string> = new Set();
  /** Keys that only WebCrypto can identify are admitted one after the other. */
  #admissions: Promise<void> = Promise.resolve();
  #destroyed = false;

  /**
   * @throws TypeError or RangeError naming the option
   * @throws {@link SFrameError} `engine-unavailable`
   */
  constructor(options: SFrameEncryptorOptions) {
    this.#context = readOptions(options);
  }

  /** The KID of the key in use; undefined before the first one and after `destroy()`. */
  get kid(): bigint | undefined {
    return this.#key?.kid;
  }

  /**
   * The next CTR to be sent; 0n before the first key, and what it was last after `destroy()`. An application that persists it stores it before that frame is
   * sent (RFC 9605 §9.1).
   */
  get ctr(): bigint {
    return this.#key?.ctr ?? this.#lastCtr;
  }

  /**
   * Encrypts under this key from now on. The previous one is wiped. If this throws, the previous one stays.
   *
   * @param baseKey base_key, 16 to 4096 bytes; copied, so zero yours when you no longer need it
   * @param kid key ID, 0 to 2^64-1
   * @param options `ctr`: where to count from, default 0. Only for a (base key, KID) that an earlier process has
   * used: the first CTR that it cannot have sent.
   * @throws TypeError or RangeError naming the argument; RangeError if there is no memory for another key
   * @throws {@link SFrameError} `key-reuse` if this encryptor has had this (base key, KID) before; `destroyed`;
   * `engine-unavailable`
   */
  setEncryptionKey(baseKey: Uint8Array, kid: U64, options: { readonly ctr?: U64 | undefined } = {}): void {
    if (typeof options !== 'object' || options === null) throw new TypeError('options must be an object');
    // Read first: a getter may do anything. null is refused: what is missing in storage must not become 0.
    const given = options.ctr;
    const ctr = given === undefined ? 0n : toU64(given, 'ctr');
    this.#assertAlive();
    assertBaseKey(baseKey);
    const id = toU64(kid, 'kid');
    const key = new SendKey(this.#context, baseKey, id, ctr);
    if (key.fingerprint === undefined) {
      // Only WebCrypto knows, and later: until then no frame leaves.
      const admission = this.#admissions.then(async () => this.#admit(await key.identify(), id));
      this.#admissions = admission.catch(() => {});
      key.admitAfter(admission);
    } else {
      try {
        this.#admit(key.fingerprint, id);
      } catch (error) {
        key.close();
        throw error;
      }
    }
    this.#key?.close();
    this.#key = key;
  }

  /** Notes a key as used, unless it was. */
  #admit(fingerprint: string, kid: bigint): void {
    if (this.#used.has(fingerprint)) throw new SFrameError('key-reuse', kid);
    this.#used.add(fingerprint);
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
    const key = this.#checked(plaintext, metadata);
    assertTarget(target, lengthOf(plaintext) + key.overhead);
    return key.seal(plaintext, metadata, target) as number;
  }

  /**
   * As {@link encrypt}; rejects where that throws, and with `destroyed` if `destroy()` comes first. The counter is
   * taken, and the plaintext read, before the call returns. Large frames may be encrypted by WebCrypto, see `engine`.
   * Without WebAssembly, `key-reuse` is found out here, before the first frame, instead of by `setEncryptionKey`.
   */
  async encryptAsync(plaintext: Uint8Array, metadata?: Uint8Array): Promise<Bytes> {
    const ciphertext = await this.#checked(plaintext, metadata).sealAsync(plaintext, metadata);
    this.#assertAlive();
    return ciphertext;
  }

  /** Wipes the key and what the core still holds. Further calls throw `destroyed`, except this one. */
  destroy(): void {
    this.#destroyed = true;
    this.#lastCtr = this.ctr;
    this.#key?.close();
    this.#key = undefined;
    this.#used.clear();
    forgetCalls();
  }

  #assertAlive(): void {
    if (this.#destroyed) throw new SFrameError('destroyed');
  }

  /** The key, once everything but its counter has been checked. */
  #checked(plaintext: Uint8Array, metadata: Uint8Array | undefined): SendKey {
    assertFrame(plaintext, 'plaintext', metadata, this.#context);
    this.#assertAlive();
    if (this.#key === undefined) throw new SFrameError('no-key');
    return this.#key;
  }
}
