// What outlives a verification: whose identity keys are verified, and how often it was tried.
//
// An attempt is what an attacker gains by: a commitment of the peer's that was answered with our nonce. So it is counted
// at that moment, and never forgotten until the peer is verified.

import { prefixed } from '../../names.ts';
import { assertBytes, assertObject, asText, type Bytes, copyOf, isSame, toInteger } from '../../types.ts';
import { readKey } from '../fields.ts';
import { type Entry, parseBook, writeBook } from './stored.ts';

/** How many attempts all peers have together, by those that each has: names can be invented. */
const TIMES_IN_ALL = 10;
/** How many commitments are remembered, so that one that comes again is not answered again. */
const MAX_SEEN = 1024;

/** Options of {@link VerificationBook}. */
export interface VerificationBookOptions {
  /** What {@link VerificationBook.export} gave. */
  readonly stored?: Uint8Array | undefined;
  /**
   * How many attempts a peer has until he is verified, 1 to 1000; default 10, so that the odds of an attacker are 10 in
   * 2^42. All peers together have ten times as many.
   */
  readonly maxAttempts?: number | undefined;
}

/**
 * What is known of an identity key.
 *
 * - `verified`: people have compared strings or fingerprints, and this is the key they meant
 * - `unverified`: nobody has
 * - `lapsed`: somebody has; but the participant has had another key since, or the strings differed. A warning is due.
 */
export type IdentityStatus = 'verified' | 'unverified' | 'lapsed';

/**
 * Which identity keys are verified: the memory of one user, across calls. A verification is of one key, and lapses when
 * the participant comes with another: tell {@link observe} every identity key that signalling brings.
 *
 * It is held in memory. {@link export} gives bytes to store where the server cannot write. Use one book for all
 * verifications, because it counts them.
 *
 * @example
 * ```js
 * import { VerificationBook } from 'sframe-wasm/verification';
 *
 * const book = new VerificationBook();
 * const [key, other] = [1, 2].map(() => crypto.getRandomValues(new Uint8Array(32)));
 * book.markVerified('bob', key); // after fingerprints were compared
 * console.log(book.observe('bob', key), book.isVerified('bob', key)); // verified true
 * console.log(book.observe('bob', other), book.isVerified('bob', other)); // lapsed false
 * console.log(book.observe('bob', key), book.isVerified('bob', key)); // lapsed false
 * ```
 */
export class VerificationBook {
  readonly #maxAttempts: number;
  readonly #entries: Map<string, Entry>;
  /** Commitments that must not be answered: ours, and those that were; the oldest first. */
  readonly #seen: Set<string> = new Set();

  /** @throws TypeError or RangeError naming the option; RangeError if `stored` is not what `export` gave */
  constructor(options: VerificationBookOptions = {}) {
    assertObject(options, 'options');
    const { stored, maxAttempts } = options;
    this.#maxAttempts = toInteger(maxAttempts, 'maxAttempts', 10, 1, 1000);
    if (stored !== undefined) assertBytes(stored, 'stored');
    this.#entries = stored === undefined ? new Map() : parseBook(copyOf(stored));
  }

  /**
   * Whether this is the participant's verified key. Ask with the key that is in use, whenever a mark is shown.
   * @throws TypeError or RangeError naming the argument
   */
  isVerified(id: string, identityKey: Uint8Array): boolean {
    const key = readIdentity(id, identityKey);
    const known = this.#entries.get(id)?.identityKey;
    return known !== undefined && isSame(known, key);
  }

  /**
   * Signalling says that this is the participant's identity key. If another one was verified, that verification lapses,
   * for good: an old key that comes back is not believed again.
   * @returns what is known of the key
   * @throws TypeError or RangeError naming the argument
   */
  observe(id: string, identityKey: Uint8Array): IdentityStatus {
    const status = this.statusOf(id, identityKey);
    if (status === 'lapsed') this.lapse(id);
    return status;
  }

  /**
   * What {@link observe} would say, for a key that is not in use yet: nothing lapses.
   * @internal
   */
  statusOf(id: string, identityKey: Uint8Array): IdentityStatus {
    if (this.isVerified(id, identityKey)) return 'verified';
    const known = this.#entries.get(id);
    return known?.isLapsed || known?.identityKey !== undefined ? 'lapsed' : 'unverified';
  }

  /**
   * People have made sure by other means that this is the participant's key: by its fingerprint, or a QR code. Gives him
   * all his attempts again. (`Verification.confirm` does this by itself.)
   * @throws TypeError or RangeError naming the argument
   */
  markVerified(id: string, identityKey: Uint8Array): void {
    const key = readIdentity(id, identityKey);
    this.#entries.set(id, { identityKey: key, isLapsed: false, attempts: 0 });
  }

  /**
   * Forgets whether a participant was verified, or that this lapsed. His attempts stay counted.
   * @returns whether there was anything to forget
   * @throws TypeError or RangeError naming the argument
   */
  forget(id: string): boolean {
    prefixed(id, 'id');
    const { identityKey, isLapsed = false, attempts = 0 } = this.#entries.get(id) ?? {};
    if (attempts > 0) this.#entries.set(id, { identityKey: undefined, isLapsed: false, attempts });
    else this.#entries.delete(id);
    return identityKey !== undefined || isLapsed;
  }

  /**
   * How many attempts are left to verify a participant by strings. After that, compare fingerprints.
   * @throws TypeError or RangeError naming the argument
   */
  attemptsLeft(id: string): number {
    prefixed(id, 'id');
    let inAll = 0;
    for (const { attempts } of this.#entries.values()) inAll += attempts;
    const own = this.#maxAttempts - (this.#entries.get(id)?.attempts ?? 0);
    return Math.max(0, Math.min(own, TIMES_IN_ALL * this.#maxAttempts - inAll));
  }

  /**
   * All of it as bytes, to be given to the next book as `stored`. They hold names and public keys, and whoever can change
   * them decides what is verified: store them where you would store the own identity key.
   */
  export(): Bytes {
    return writeBook(this.#entries);
  }

  /**
   * A verification of the participant has ended in doubt, or his key is another.
   * @internal
   */
  lapse(id: string): void {
    const entry = this.#entries.get(id);
    if (entry?.identityKey !== undefined)
      this.#entries.set(id, { identityKey: undefined, isLapsed: true, attempts: entry.attempts });
  }

  /**
   * The participant's commitment is about to be answered.
   * @returns `seen` if it has been before: then it must not be
   * @internal
   */
  countAttempt(id: string, commitment: Bytes): 'counted' | 'seen' | 'exhausted' {
    if (this.#seen.has(asText(commitment))) return 'seen';
    if (this.attemptsLeft(id) === 0) return 'exhausted';
    const entry = this.#entries.get(id) ?? { identityKey: undefined, isLapsed: false, attempts: 0 };
    this.#entries.set(id, { ...entry, attempts: entry.attempts + 1 });
    this.noteCommitment(commitment);
    return 'counted';
  }

  /**
   * A commitment is not to be answered any more, in whichever verification it comes.
   * @internal
   */
  noteCommitment(commitment: Bytes): void {
    this.#seen.add(asText(commitment));
    for (const oldest of this.#seen) {
      if (this.#seen.size <= MAX_SEEN) break;
      this.#seen.delete(oldest);
    }
  }
}

/** The key, copied. */
function readIdentity(id: string, identityKey: Uint8Array): Bytes {
  prefixed(id, 'id');
  return readKey(identityKey, 'identityKey');
}
