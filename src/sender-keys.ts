// Sender Keys (RFC 9605 §5.1): every sender has a base key of his own, which he gives to the others by other means, and
// may ratchet. KIDs say which generation of it, and which step: see sender-keys/kid-layout.ts.

import { BaseKeys } from './base-keys.ts';
import { Clock } from './clock.ts';
import { preload } from './core/engine.ts';
import { SFrameError } from './errors.ts';
import { FrameDecryptor } from './frame-decryptor.ts';
import { FrameEncryptor, SendKeys } from './frame-encryptor.ts';
import { assertBaseKey } from './key.ts';
import {
  type Context,
  type ContextOptions,
  type DecryptorOptions,
  readOptions,
  readReplayWindow,
} from './options.ts';
import { KidLayout } from './sender-keys/kid-layout.ts';
import { readLimits } from './sender-keys/limits.ts';
import { RatchetRing } from './sender-keys/ratchet-ring.ts';
import { type Bytes, toU64, type U64 } from './types.ts';

/** Options of {@link RatchetEncryptor}. */
export interface RatchetEncryptorOptions extends ContextOptions {
  /** R: how many bits of the KID count ratchet steps, 1 to 63. The others count generations. Receivers need the same. */
  readonly ratchetBits: number;
}

/** Options of {@link RatchetDecryptor}. */
export interface RatchetDecryptorOptions extends DecryptorOptions {
  /** R, as the sender has it: 1 to 63. */
  readonly ratchetBits: number;
  /**
   * How many steps at once the sender is followed, 0 to 2^20; default 16. `maxForward + maxPast` must be below 2^R, and
   * what is not given is as much less as that takes: with R = 1 the defaults are 1 and 0.
   */
  readonly maxForward?: number | undefined;
  /** How many steps back late frames are still opened, for 10 seconds, 0 to 2^20; default 2. */
  readonly maxPast?: number | undefined;
  /** Milliseconds, of a clock that does not run backwards; default `performance.now`. */
  readonly now?: (() => number) | undefined;
}

/** The key in use. */
interface Position {
  readonly baseKey: Bytes;
  readonly generation: bigint;
  readonly step: bigint;
}

/**
 * Encrypts the frames of one sender whose base key can be ratcheted: {@link ratchet} derives the next one from it, which
 * receivers do, too, when they see the step in a frame's KID. No message is needed.
 *
 * A ratchet hides the past from those who join: ratchet, then give them what {@link exportKey} returns. It does not lock
 * out those who leave, because they can ratchet as well: for that, set a fresh key and give it to those who stay.
 *
 * It needs WebAssembly: with the engine `webcrypto`, or where WebAssembly is forbidden, it throws `engine-unavailable`.
 *
 * @example
 * ```js
 * import { RatchetDecryptor, RatchetEncryptor } from 'sframe-wasm';
 *
 * const cipherSuite = 'AES_128_GCM_SHA256_128';
 * const encryptor = new RatchetEncryptor({ cipherSuite, ratchetBits: 8 });
 * encryptor.setEncryptionKey(crypto.getRandomValues(new Uint8Array(32)));
 * console.log(encryptor.kid); // 0n
 *
 * encryptor.ratchet(); // somebody joins
 * const { baseKey, kid } = encryptor.exportKey(); // for him
 * console.log(kid); // 1n
 *
 * const joiner = new RatchetDecryptor({ cipherSuite, ratchetBits: 8 });
 * joiner.addDecryptionKey(baseKey, kid);
 * console.log(joiner.decrypt(encryptor.encrypt(new Uint8Array([1, 2])))); // Uint8Array(2) [ 1, 2 ]
 * ```
 */
export class RatchetEncryptor extends FrameEncryptor {
  readonly #keys: SendKeys;
  readonly #layout: KidLayout;
  readonly #baseKeys: BaseKeys;
  /** All there were. */
  readonly #generations: Set<bigint> = new Set();
  #lastGeneration = -1n;
  #position: Position | undefined;

  /**
   * @throws TypeError or RangeError naming the option
   * @throws {@link SFrameError} `engine-unavailable` if the engine asked for is `webcrypto`
   */
  constructor(options: RatchetEncryptorOptions) {
    const context = readContext(options);
    const keys = new SendKeys(context);
    super(keys);
    this.#keys = keys;
    this.#layout = new KidLayout(options.ratchetBits);
    this.#baseKeys = new BaseKeys(context.suite);
  }

  /** The generation of the key in use; undefined before the first one and after `destroy()`. */
  get generation(): bigint | undefined {
    return this.#position?.generation;
  }

  /**
   * How often the key of this generation was ratcheted; undefined before the first key and after `destroy()`. It counts
   * on beyond 2^R, where KIDs start again.
   */
  get step(): bigint | undefined {
    return this.#position?.step;
  }

  /**
   * Encrypts under this key from now on, at step 0 of a new generation. The previous key is wiped. If this throws, the
   * previous one stays.
   *
   * @param baseKey base_key, 16 to 4096 bytes, fresh and random; copied, so zero yours when you no longer need it
   * @param generation below 2^(64-R), none that was used before; default one more than the highest so far, 0 first
   * @throws TypeError or RangeError naming the argument; RangeError if there is no memory for another key
   * @throws {@link SFrameError} `key-reuse` if this encryptor has had this generation before; `destroyed`;
   * `engine-unavailable`
   */
  setEncryptionKey(baseKey: Uint8Array, generation?: U64): void {
    this.#keys.assertOpen();
    assertBaseKey(baseKey);
    const number = generation === undefined ? this.#lastGeneration + 1n : toU64(generation, 'generation');
    if (number > this.#layout.maxGeneration)
      throw new RangeError(`generation must be at most ${this.#layout.maxGeneration}`);
    if (this.#generations.has(number))
      throw new SFrameError('key-reuse', this.#layout.kidOf(number, 0n), 'this generation was used before');
    preload(); // WebCrypto alone could encrypt under this key, but not ratchet it
    this.#use({ baseKey: this.#baseKeys.copy(baseKey), generation: number, step: 0n });
    this.#generations.add(number);
    if (number > this.#lastGeneration) this.#lastGeneration = number;
  }

  /**
   * Replaces the key by the one that follows from it (RFC 9605 §5.1), which is Nh bytes long, and wipes the old one. The
   * KID changes, and the counter starts at 0. Frames that were sent before cannot be opened with what
   * {@link exportKey} returns after this. Whoever had the old key has the new one, too.
   *
   * @throws RangeError if there is no memory for another key; nothing has changed then
   * @throws {@link SFrameError} `no-key`, `destroyed`
   */
  ratchet(): void {
    const { baseKey, generation, step } = this.#inUse();
    this.#use({ baseKey: this.#baseKeys.after(baseKey), generation, step: step + 1n });
  }

  /**
   * The key in use, for somebody who joins, or for a receiver who has fallen too far behind: what
   * {@link RatchetDecryptor.addDecryptionKey} takes. **Call {@link ratchet} first**, or a joiner can open all frames
   * since the last step. Send it over an end-to-end encrypted channel.
   *
   * @returns a copy of the current base key, which is yours to zero, and the current KID
   * @throws {@link SFrameError} `no-key`, `destroyed`
   */
  exportKey(): { baseKey: Bytes; kid: bigint } {
    const { baseKey, generation, step } = this.#inUse();
    return { baseKey: baseKey.slice(), kid: this.#layout.kidOf(generation, step) };
  }

  /** Wipes the keys and what the core still holds. Further calls throw `destroyed`, except this one. */
  override destroy(): void {
    this.#position = undefined;
    this.#baseKeys.close();
    super.destroy();
  }

  #inUse(): Position {
    this.#keys.assertOpen();
    if (this.#position === undefined) throw new SFrameError('no-key');
    return this.#position;
  }

  /** Encrypts under another key, whose base key is ours. If that fails, it is wiped, and the previous one stays. */
  #use(position: Position): void {
    const { baseKey, generation, step } = position;
    try {
      this.#keys.use(baseKey, this.#layout.kidOf(generation, step), 0n);
    } catch (error) {
      this.#baseKeys.wipe(baseKey);
      throw error;
    }
    if (this.#position !== undefined) this.#baseKeys.wipe(this.#position.baseKey);
    this.#position = position;
  }
}

/**
 * Decrypts the frames of **one** remote sender, a {@link RatchetEncryptor} or any other that keeps to RFC 9605 §5.1:
 * senders' KIDs overlap. It follows his ratchet by itself.
 *
 * A frame that claims a later step is opened with a key derived aside; only if it is authentic the step is taken.
 * Forged frames change nothing. They cost at most the derivation of one key each; base keys ahead are derived once and
 * kept. Late frames of the last `maxPast` steps are opened, too, for 10 seconds; what is due is done on the next frame.
 * Every step has a replay window of its own.
 *
 * Besides the codes of other decryptors there is `ratchet-limit`: the frame claims a step more than `maxForward` ahead,
 * or one whose key is gone. A receiver who has fallen behind further than that needs the sender's current key, see
 * {@link addDecryptionKey}.
 *
 * It needs WebAssembly: with the engine `webcrypto`, or where WebAssembly is forbidden, it throws `engine-unavailable`.
 *
 * @example
 * ```js
 * import { RatchetDecryptor, RatchetEncryptor } from 'sframe-wasm';
 *
 * const cipherSuite = 'AES_256_GCM_SHA512_128';
 * const encryptor = new RatchetEncryptor({ cipherSuite, ratchetBits: 4 });
 * encryptor.setEncryptionKey(crypto.getRandomValues(new Uint8Array(32)), 3);
 * const { baseKey, kid } = encryptor.exportKey();
 * const decryptor = new RatchetDecryptor({ cipherSuite, ratchetBits: 4 });
 * decryptor.addDecryptionKey(baseKey, kid);
 *
 * const late = encryptor.encrypt(new Uint8Array(10));
 * encryptor.ratchet();
 * console.log(decryptor.decrypt(encryptor.encrypt(new Uint8Array(20))).length); // 20
 * console.log(decryptor.decrypt(late).length); // 10
 * console.log(decryptor.removeGeneration(3)); // true
 * ```
 */
export class RatchetDecryptor extends FrameDecryptor {
  readonly #ring: RatchetRing;

  /**
   * @throws TypeError or RangeError naming the option
   * @throws {@link SFrameError} `engine-unavailable` if the engine asked for is `webcrypto`
   */
  constructor(options: RatchetDecryptorOptions) {
    const context = readContext(options);
    const layout = new KidLayout(options.ratchetBits);
    const limits = readLimits(options, layout);
    const clock = new Clock(options.now);
    const ring = new RatchetRing(context, layout, limits, readReplayWindow(options), clock);
    super(context, ring);
    this.#ring = ring;
  }

  /**
   * Adds the key of a generation, at the step that the KID says. Of a generation that is known already:
   *
   * - the same key at the same step changes nothing, nor does one of a step that has passed (up to 1024 steps back);
   * - the key of a later step, for a receiver who has fallen behind, takes that step;
   * - any other key replaces the generation, and has a replay window of its own.
   *
   * A key that was removed, replaced or left behind and comes back opens nothing at or below the highest counter it had
   * (of the last 4096 such keys). Generations stay until they are removed.
   *
   * @param baseKey base_key of that step, 16 to 4096 bytes; copied, so zero yours when you no longer need it
   * @param kid the sender's KID when he exported the key, 0 to 2^64-1: generation · 2^R + step mod 2^R
   * @throws TypeError or RangeError naming the argument; RangeError if there is no memory for another key
   * @throws {@link SFrameError} `destroyed`, `engine-unavailable`
   */
  addDecryptionKey(baseKey: Uint8Array, kid: U64): void {
    this.#ring.assertOpen();
    assertBaseKey(baseKey);
    const id = toU64(kid, 'kid');
    preload(); // WebCrypto alone could open frames of this step, but not follow
    this.#ring.add(baseKey, id);
  }

  /**
   * Wipes all keys of a generation.
   * @returns whether there was one
   * @throws TypeError or RangeError if `generation` is not a {@link U64}
   * @throws {@link SFrameError} `destroyed`
   */
  removeGeneration(generation: U64): boolean {
    this.#ring.assertOpen();
    return this.#ring.remove(toU64(generation, 'generation'));
  }
}

/** The common options. Ratcheting is the core's: there is no doing without it. */
function readContext(options: ContextOptions): Context {
  const context = readOptions(options);
  if (context.engine === 'webcrypto')
    throw new SFrameError(
      'engine-unavailable',
      undefined,
      "WebCrypto cannot ratchet base keys: engine must be 'auto' or 'wasm'",
    );
  return context;
}
