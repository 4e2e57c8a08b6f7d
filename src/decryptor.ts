// Receiving (RFC 9605 §4.4.4): keys by KID, and per key a window against replay (§9.3).

import { deriveKey, Imports, type KeySource } from './core/derived-key.ts';
import { assertHkdfKey } from './core/subtle.ts';
import { SFrameError, type SFrameErrorCode } from './errors.ts';
import { Floors } from './floors.ts';
import { FrameDecryptor, type KeyRing } from './frame-decryptor.ts';
import { assertBaseKey, ReceiveKey } from './key.ts';
import { KeyTable } from './key-table.ts';
import { type Context, type DecryptorOptions, readOptions, readReplayWindow } from './options.ts';
import { toU64, type U64 } from './types.ts';

/** Options of {@link SFrameDecryptor}. */
export type SFrameDecryptorOptions = DecryptorOptions;

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
export class SFrameDecryptor extends FrameDecryptor {
  readonly #ring: KidRing;
  #imports: Imports | undefined;

  /**
   * @throws TypeError or RangeError naming the option
   * @throws {@link SFrameError} `engine-unavailable`
   */
  constructor(options: SFrameDecryptorOptions) {
    const context = readOptions(options);
    const ring = new KidRing(context, readReplayWindow(options));
    super(context, ring);
    this.#ring = ring;
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
    this.#ring.assertOpen();
    assertBaseKey(baseKey);
    const id = toU64(kid, 'kid');
    this.#ring.add(baseKey, id);
    this.#imports?.cancel(id);
  }

  /**
   * As {@link addDecryptionKey}, with a base key that JavaScript cannot read. Frames are opened from when the promise
   * resolves; of several calls the last one made is the last one to do so; one that a later `addDecryptionKey` or
   * `removeDecryptionKey` of the KID has overtaken has no effect. How long the key is cannot be seen: 16 bytes at least is
   * what it should have.
   *
   * @param baseKey base_key as a secret of the algorithm HKDF, with the usage `deriveBits`; extractable or not
   * @throws TypeError or RangeError naming the argument; RangeError if there is no memory for another key
   * @throws {@link SFrameError} `destroyed`, `engine-unavailable`
   *
   * @example
   * ```js
   * import { SFrameDecryptor } from 'sframe-wasm';
   *
   * const secret = crypto.getRandomValues(new Uint8Array(32));
   * const baseKey = await crypto.subtle.importKey('raw', secret, 'HKDF', false, ['deriveBits']);
   * const decryptor = new SFrameDecryptor({ cipherSuite: 'AES_256_GCM_SHA512_128' });
   * await decryptor.importDecryptionKey(baseKey, 7);
   * console.log(decryptor.hasDecryptionKey(7)); // true
   * ```
   */
  async importDecryptionKey(baseKey: CryptoKey, kid: U64): Promise<void> {
    this.#ring.assertOpen();
    assertHkdfKey(baseKey, 'baseKey');
    const id = toU64(kid, 'kid');
    this.#imports ??= new Imports();
    await this.#imports.add(id, deriveKey(this.#ring.context.suite, id, baseKey), (derived) => {
      this.#ring.assertOpen();
      this.#ring.add(derived, id);
    });
  }

  /**
   * Wipes the key of a KID.
   * @returns whether there was one
   * @throws TypeError or RangeError if `kid` is not a {@link U64}
   * @throws {@link SFrameError} `destroyed`
   */
  removeDecryptionKey(kid: U64): boolean {
    this.#ring.assertOpen();
    const id = toU64(kid, 'kid');
    this.#imports?.cancel(id);
    return this.#ring.remove(id);
  }

  /**
   * Whether there is a key for a KID.
   * @throws TypeError or RangeError if `kid` is not a {@link U64}
   * @throws {@link SFrameError} `destroyed`
   */
  hasDecryptionKey(kid: U64): boolean {
    this.#ring.assertOpen();
    return this.#ring.has(toU64(kid, 'kid'));
  }
}

/** Keys by KID, and how far those that are gone were used. */
class KidRing implements KeyRing {
  readonly context: Context;
  readonly #replayWindow: number;
  readonly #keys: KeyTable = new KeyTable();
  readonly #floors: Floors = new Floors();
  /** Whether there are keys that only WebCrypto has. */
  #withoutCore = false;
  /** Steps that wait for WebCrypto to identify keys, where there is no core; how many are left. */
  #steps: Promise<void> = Promise.resolve();
  #settling = 0;
  /** Keys that are not in the table any more, and go when it is known which they are. */
  readonly #leaving: Set<ReceiveKey> = new Set();
  #closed = false;

  constructor(context: Context, replayWindow: number) {
    this.context = context;
    this.#replayWindow = replayWindow;
  }

  get synchronous(): boolean {
    return this.#keys.size > 0 && !this.#withoutCore;
  }

  find(kidHigh: number, kidLow: number): ReceiveKey | SFrameErrorCode {
    return this.#keys.find(kidHigh, kidLow) ?? 'key-id';
  }

  peek(kid: bigint): ReceiveKey | undefined {
    return this.#keys.get(kid);
  }

  accept(key: ReceiveKey): boolean {
    if (!this.#withoutCore) return key.isWanted;
    return key.isWanted && key.isSameAs(this.#keys.get(key.kid));
  }

  reject(_key: ReceiveKey): void {}

  get settling(): Promise<void> | undefined {
    return this.#settling > 0 ? this.#steps : undefined;
  }

  close(): void {
    this.#closed = true;
    this.#keys.close();
    for (const key of this.#leaving) key.close();
    this.#leaving.clear();
    this.#floors.clear();
  }

  /** @throws SFrameError `destroyed` */
  assertOpen(): void {
    if (this.#closed) throw new SFrameError('destroyed');
  }

  /** @throws RangeError if there is no memory for another key, or its window */
  add(source: KeySource, kid: bigint): void {
    const key = new ReceiveKey(this.context, source, kid);
    if (!key.isSynchronous) this.#withoutCore = true;
    const known = this.#keys.get(kid);
    const { fingerprint } = key;
    const knownAs = known?.fingerprint;
    const isUnknown = known !== undefined && knownAs === undefined;
    if (fingerprint === undefined || isUnknown || this.#settling > 0) {
      if (known !== undefined) this.#leaving.add(known);
      this.#keys.set(key);
      key.settleAfter(this.#later(async () => this.#settle(key, known)));
      return;
    }
    if (knownAs === fingerprint) {
      key.close();
      return;
    }
    try {
      key.openWindow(this.#replayWindow, this.#floors.get(fingerprint));
    } catch (error) {
      key.close(); // no memory for a window: nothing has changed
      throw error;
    }
    this.#keys.set(key);
    if (known !== undefined) this.#retire(known, knownAs as string);
  }

  remove(kid: bigint): boolean {
    const key = this.#keys.get(kid);
    if (key === undefined) return false;
    key.abandon();
    const { fingerprint } = key;
    if (fingerprint === undefined || this.#settling > 0) {
      this.#leaving.add(key);
      this.#later(async () => this.#retire(key, await key.identify()));
    } else this.#retire(key, fingerprint);
    this.#keys.delete(kid);
    return true;
  }

  has(kid: bigint): boolean {
    return this.#keys.get(kid) !== undefined;
  }

  /** Runs a step that has to wait for WebCrypto, after those before it. */
  #later(step: () => Promise<void>): Promise<void> {
    this.#settling++;
    const done = this.#steps
      .then(() => (this.#closed ? undefined : step()))
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
      this.#leaving.delete(known);
      return;
    }
    key.openWindow(this.#replayWindow, this.#floors.get(fingerprint));
    if (known !== undefined) this.#retire(known, before as string);
  }

  /** Wipes a key, and remembers how far it was used. */
  #retire(key: ReceiveKey, fingerprint: string): void {
    this.#floors.keep(fingerprint, key.highest);
    key.abandon();
    key.close();
  }
}
