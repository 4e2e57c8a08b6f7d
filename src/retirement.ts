// When to remove keys while receiving: a decryptor in front of a decryptor. An old key stays for as long as frames may
// be on their way under it (RFC 9605 §4.4.1), counted from the moment that its successor is known to be in use.
//
// It has no timers: what is due is done on the next frame.

import { Clock } from './clock.ts';
import { parseHeader } from './header.ts';
import {
  assertBytes,
  assertObject,
  type Bytes,
  type Decryptor,
  toInteger,
  toU64,
  type U64,
} from './types.ts';

/** A decryptor whose keys come and go by KID: an `SFrameDecryptor`. */
export interface RetiringDecryptor extends Decryptor {
  addDecryptionKey(baseKey: Uint8Array, kid: U64): void;
  removeDecryptionKey(kid: U64): boolean;
}

/** Options of {@link KeyRetirement}. */
export interface KeyRetirementOptions {
  /** How long a superseded key stays, in seconds; default 2, at most 2^31. */
  readonly graceSeconds?: number | undefined;
  /** Milliseconds, of a clock that does not run backwards; default `performance.now`. */
  readonly now?: (() => number) | undefined;
}

/** The time of keys that are not retired. */
const NEVER = Number.POSITIVE_INFINITY;

/**
 * Removes the old keys of one sender: stands in front of the decryptor that is his alone, and decrypts through it.
 *
 * Add a new key as soon as it comes; it says nothing about the ones before. When a frame has opened under it, all keys
 * that were added before it go, two seconds later. {@link retireBefore} does the same when signalling knows it first.
 * **Keys must be added in the order in which they were staged**: number the messages that bring them, and hold one back
 * until those before it are there. Every key needs a KID of its own: one that comes under a KID that is going goes with it.
 * A sender who uses several keys at a time needs a decryptor for each.
 *
 * @example
 * ```js
 * import { KeyRetirement, SFrameDecryptor, SFrameEncryptor } from 'sframe-wasm';
 *
 * const cipherSuite = 'AES_128_GCM_SHA256_128';
 * const keys = [1, 2].map(() => crypto.getRandomValues(new Uint8Array(16)));
 * let time = 0;
 * const encryptor = new SFrameEncryptor({ cipherSuite });
 * const decryptor = new SFrameDecryptor({ cipherSuite });
 * const retirement = new KeyRetirement(decryptor, { now: () => time });
 * keys.forEach((key, kid) => retirement.addDecryptionKey(key, kid));
 *
 * encryptor.setEncryptionKey(keys[1], 1);
 * retirement.decrypt(encryptor.encrypt(new Uint8Array(3)));
 * console.log(decryptor.hasDecryptionKey(0)); // true
 * time += 2000;
 * retirement.decrypt(encryptor.encrypt(new Uint8Array(3)));
 * console.log(decryptor.hasDecryptionKey(0)); // false
 * ```
 */
export class KeyRetirement implements Decryptor {
  readonly #decryptor: RetiringDecryptor;
  readonly #clock: Clock;
  readonly #graceMs: number;
  /** When the key of each KID goes, in the order they were added: those before the one in use, then the others. */
  readonly #goes: Map<bigint, number> = new Map();
  /** The KID in use, as far as is known. */
  #kid: bigint | undefined;
  /** Whether there are keys that have not been used yet: only then it matters which opens a frame. */
  #isWaiting = false;
  /** Whether there are keys that are going. */
  #isRetiring = false;

  /**
   * @param decryptor decrypts the frames. It stays the caller's, who destroys it.
   * @throws TypeError or RangeError naming the argument or option
   */
  constructor(decryptor: RetiringDecryptor, options: KeyRetirementOptions = {}) {
    if (typeof decryptor?.removeDecryptionKey !== 'function')
      throw new TypeError('decryptor must be a Decryptor with removable keys');
    assertObject(options, 'options');
    this.#decryptor = decryptor;
    this.#clock = new Clock(options.now);
    this.#graceMs = 1000 * toInteger(options.graceSeconds, 'graceSeconds', 2, 0, 2 ** 31);
  }

  /**
   * Adds the key of a KID, as the decryptor does. A KID that is going already goes all the same: that was the message
   * coming twice.
   */
  addDecryptionKey(baseKey: Uint8Array, kid: U64): void {
    const id = toU64(kid, 'kid');
    this.#decryptor.addDecryptionKey(baseKey, id);
    if (!this.#goes.has(id)) this.#goes.set(id, NEVER);
    this.#look();
  }

  /** Wipes the key of a KID at once, as the decryptor does. */
  removeDecryptionKey(kid: U64): boolean {
    const id = toU64(kid, 'kid');
    this.#goes.delete(id);
    this.#look();
    return this.#decryptor.removeDecryptionKey(id);
  }

  /**
   * The sender has switched to the key of `kid`, or will within a second: all keys that were added before it go after
   * the grace. To be called when signalling says so, above all when a member was removed: the sender may be silent.
   * @returns false if there is no such key here, or it is going itself: nothing happens then
   * @throws TypeError or RangeError naming the argument
   */
  retireBefore(kid: U64): boolean {
    const id = toU64(kid, 'kid');
    if (this.#goes.get(id) !== NEVER) return false;
    const at = this.#clock.read() + this.#graceMs;
    for (const [older, goes] of this.#goes) {
      if (older === id) break;
      if (goes === NEVER) this.#goes.set(older, at);
    }
    this.#kid = id;
    this.#look();
    return true;
  }

  /** Does what is due, for a receiver who gets no frames: else old keys stay until the next one. */
  tick(): void {
    if (!this.#isRetiring) return;
    const time = this.#clock.read();
    for (const [kid, goes] of this.#goes) {
      if (goes > time) return; // nor are those behind it: they were retired later
      this.removeDecryptionKey(kid);
    }
  }

  /** Decrypts one frame, as the decryptor does, after what is due has been done. Only an authentic frame retires keys. */
  decrypt(ciphertext: Uint8Array, metadata?: Uint8Array): Bytes {
    const kid = this.#admit(ciphertext);
    const plaintext = this.#decryptor.decrypt(ciphertext, metadata);
    this.#note(kid);
    return plaintext;
  }

  /** The same into `target`. */
  decryptInto(target: Uint8Array, ciphertext: Uint8Array, metadata?: Uint8Array): number {
    const kid = this.#admit(ciphertext);
    const written = this.#decryptor.decryptInto(target, ciphertext, metadata);
    this.#note(kid);
    return written;
  }

  /** As {@link decrypt}; rejects where that throws. */
  async decryptAsync(ciphertext: Uint8Array, metadata?: Uint8Array): Promise<Bytes> {
    const kid = this.#admit(ciphertext);
    const plaintext = await this.#decryptor.decryptAsync(ciphertext, metadata);
    this.#note(kid);
    return plaintext;
  }

  /** Before a frame is opened: the plaintext may come to stand where it was. Returns its KID, where that matters. */
  #admit(ciphertext: Uint8Array): bigint | undefined {
    this.tick();
    if (!this.#isWaiting) return undefined;
    assertBytes(ciphertext, 'ciphertext');
    return parseHeader(ciphertext)?.kid;
  }

  /** A frame of this KID was authentic. */
  #note(kid: bigint | undefined): void {
    if (kid !== undefined && kid !== this.#kid) this.retireBefore(kid);
  }

  /** Keeps what frames ask first. */
  #look(): void {
    const kids = [...this.#goes.keys()];
    this.#isWaiting = kids.at(-1) !== this.#kid;
    this.#isRetiring = kids.length > 0 && this.#goes.get(kids[0] as bigint) !== NEVER;
  }
}
