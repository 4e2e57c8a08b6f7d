// Sending (RFC 9605 §4.4.3): one key at a time, a counter that the library alone moves.

import { deriveKey, Imports } from './core/derived-key.ts';
import { assertHkdfKey } from './core/subtle.ts';
import { FrameEncryptor, SendKeys } from './frame-encryptor.ts';
import { assertBaseKey } from './key.ts';
import { type ContextOptions, readOptions } from './options.ts';
import { assertObject, toU64, type U64 } from './types.ts';

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
export class SFrameEncryptor extends FrameEncryptor {
  readonly #keys: SendKeys;
  #imports: Imports | undefined;

  /**
   * @throws TypeError or RangeError naming the option
   * @throws {@link SFrameError} `engine-unavailable`
   */
  constructor(options: SFrameEncryptorOptions) {
    const keys = new SendKeys(readOptions(options));
    super(keys);
    this.#keys = keys;
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
    assertObject(options, 'options');
    // Read first: a getter may do anything. null is refused: what is missing in storage must not become 0.
    const given = options.ctr;
    const ctr = given === undefined ? 0n : toU64(given, 'ctr');
    this.#keys.assertOpen();
    assertBaseKey(baseKey);
    this.#keys.use(baseKey, toU64(kid, 'kid'), ctr);
    this.#imports?.cancel();
  }

  /**
   * As {@link setEncryptionKey}, with a base key that JavaScript cannot read. It is used from when the promise resolves;
   * of several calls the last one made is the last one to do so, and after a later `setEncryptionKey` none does. How
   * long the key is cannot be seen: 16 bytes at least is what it should have.
   *
   * @param baseKey base_key as a secret of the algorithm HKDF, with the usage `deriveBits`; extractable or not
   * @throws TypeError or RangeError naming the argument; RangeError if there is no memory for another key
   * @throws {@link SFrameError} `key-reuse`, `destroyed`, `engine-unavailable`
   *
   * @example
   * ```js
   * import { SFrameEncryptor } from 'sframe-wasm';
   *
   * const secret = crypto.getRandomValues(new Uint8Array(32));
   * const baseKey = await crypto.subtle.importKey('raw', secret, 'HKDF', false, ['deriveBits']);
   * const encryptor = new SFrameEncryptor({ cipherSuite: 'AES_256_GCM_SHA512_128' });
   * await encryptor.importEncryptionKey(baseKey, 7);
   * console.log(encryptor.kid); // 7n
   * ```
   */
  async importEncryptionKey(baseKey: CryptoKey, kid: U64): Promise<void> {
    this.#keys.assertOpen();
    assertHkdfKey(baseKey, 'baseKey');
    const id = toU64(kid, 'kid');
    this.#imports ??= new Imports();
    await this.#imports.add(id, deriveKey(this.#keys.context.suite, id, baseKey), (derived) => {
      this.#keys.assertOpen();
      this.#keys.use(derived, id, 0n);
    });
  }
}
