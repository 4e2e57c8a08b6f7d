// Who may be a member. A server can invent participants, each with a fine identity key; only the application knows whom it
// means. It is asked about each identity before he is answered, and nobody gets anything on a server's word.

import { type Bytes, isSame } from '../../types.ts';
import type { IdentityStatus, VerificationBook } from '../verification/book.ts';

/** Somebody who would like to be a member, and who has signed that this is his identity key. */
export interface Candidate {
  /** The name he gives. Only together with the key it says who he is. */
  readonly participant: string;
  readonly identityKey: Bytes;
  /**
   * What the `book` knows of the key; `unverified` without one. `lapsed`: another key was verified under this name. If
   * this one is admitted all the same, that verification ends.
   */
  readonly status: IdentityStatus;
}

/**
 * Whether a candidate may have keys. The application's policy: a list of identity keys, `status === 'verified'`, or a
 * question to the user. It is asked again when somebody who was refused calls again, once a second at most. While a
 * promise is pending he waits; that holds nobody up.
 */
export type Admit = (candidate: Candidate) => boolean | Promise<boolean>;

/** How many answers may be pending at a time: candidates can be invented. */
const MAX_ASKING = 256;

/** The application's answers. */
export class Admission {
  readonly #admit: Admit;
  readonly #book: VerificationBook | undefined;
  readonly #maxParticipants: number;
  /** Identity keys by name: one for each. */
  readonly #admitted: Map<string, Bytes> = new Map();
  /** The same of those who have left. */
  readonly #former: Map<string, Bytes> = new Map();
  /** Identity keys that are shut out, under whatever name, by the name under which they were. */
  readonly #removed: Map<string, Bytes[]> = new Map();
  /** Whom the application is being asked about. */
  readonly #asking: Set<Pick<Candidate, 'participant' | 'identityKey'>> = new Set();
  #closed = false;

  constructor(admit: Admit, book: VerificationBook | undefined, maxParticipants: number) {
    if (typeof admit !== 'function') throw new TypeError('admit must be a function');
    if (book !== undefined && typeof book?.statusOf !== 'function')
      throw new TypeError('book must be a VerificationBook');
    this.#admit = admit;
    this.#book = book;
    this.#maxParticipants = maxParticipants;
  }

  /** The key that a name stands for; undefined if nobody of that name is admitted. */
  keyOf(participant: string): Bytes | undefined {
    return this.#admitted.get(participant);
  }

  /** Whether an identity key is shut out. */
  isRemoved(identityKey: Bytes): boolean {
    for (const keys of this.#removed.values()) if (keys.some((key) => isSame(key, identityKey))) return true;
    return false;
  }

  /**
   * Asks the application. The signature has been verified.
   * @param isFree whether the name is still nobody else's, asked when the answer is there
   * @returns whether he is admitted; undefined if he is being asked about already, or too many are
   */
  async ask(
    participant: string,
    identityKey: Bytes,
    isFree: () => boolean = () => true,
  ): Promise<boolean | undefined> {
    for (const each of this.#asking)
      if (each.participant === participant && isSame(each.identityKey, identityKey)) return undefined;
    if (this.#asking.size >= MAX_ASKING) return undefined;
    if (this.#isFull(participant)) return false;
    const asked = { participant, identityKey };
    this.#asking.add(asked);
    try {
      // Looked up, not observed: by a key that is refused a server must not end a verification.
      const status = this.#book?.statusOf(participant, identityKey) ?? 'unverified';
      const admit = this.#admit;
      const answer = await admit({ participant, identityKey: identityKey.slice(), status });
      // Only `true` admits: a policy that returns something else has not said so.
      if (answer !== true || this.#closed || !isFree()) return false;
      if (this.#isFull(participant) || this.isRemoved(identityKey)) return false;
      this.#book?.observe(participant, identityKey);
      this.#admitted.set(participant, identityKey);
      return true;
    } finally {
      this.#asking.delete(asked);
    }
  }

  #isFull(participant: string): boolean {
    return !this.#admitted.has(participant) && this.#admitted.size >= this.#maxParticipants;
  }

  /** Forgets somebody who has left: he may come again, and is asked about again. */
  forget(participant: string): void {
    const key = this.#admitted.get(participant);
    if (key !== undefined) this.#former.set(participant, key);
    this.#admitted.delete(participant);
  }

  /** Shuts out who is admitted under this name, or was last, and those who are being asked about under it. */
  remove(participant: string): void {
    const keys = this.#removed.get(participant) ?? [];
    const known = this.#admitted.get(participant) ?? this.#former.get(participant);
    if (known !== undefined) keys.push(known);
    for (const each of this.#asking) if (each.participant === participant) keys.push(each.identityKey);
    this.#admitted.delete(participant);
    if (keys.length > 0) this.#removed.set(participant, keys);
  }

  /** Undoes `remove`: the application is asked again. */
  allow(participant: string): boolean {
    return this.#removed.delete(participant);
  }

  /** Answers count no more. */
  close(): void {
    this.#closed = true;
  }
}
