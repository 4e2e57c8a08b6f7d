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
 * question to the user. It is asked again whenever somebody who was refused calls again. While a promise is pending he
 * waits; that holds nobody up.
 */
export type Admit = (candidate: Candidate) => boolean | Promise<boolean>;

/** The application's answers. */
export class Admission {
  readonly #admit: Admit;
  readonly #book: VerificationBook | undefined;
  readonly #maxParticipants: number;
  /** Identity keys by name. One name has one key for as long as its owner is a member. */
  readonly #admitted: Map<string, Bytes> = new Map();
  /** Those who were removed, and stay so. */
  readonly #removed: Map<string, Bytes[]> = new Map();
  readonly #asking: Set<string> = new Set();

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

  isRemoved(participant: string, identityKey: Bytes): boolean {
    return this.#removed.get(participant)?.some((key) => isSame(key, identityKey)) ?? false;
  }

  /**
   * Asks the application. The signature has been verified.
   * @returns whether he is admitted; undefined if he is being asked about already
   */
  async ask(participant: string, identityKey: Bytes): Promise<boolean | undefined> {
    if (this.#asking.has(participant)) return undefined;
    if (this.#admitted.size + this.#asking.size >= this.#maxParticipants) return false;
    this.#asking.add(participant);
    try {
      // Looked up, not observed: by a key that is refused a server must not end a verification.
      const status = this.#book?.statusOf(participant, identityKey) ?? 'unverified';
      const admit = this.#admit;
      const answer = await admit({ participant, identityKey: identityKey.slice(), status });
      // Only `true` admits: a policy that returns something else has not said so.
      if (answer !== true || this.isRemoved(participant, identityKey)) return false;
      this.#book?.observe(participant, identityKey);
      this.#admitted.set(participant, identityKey);
      return true;
    } finally {
      this.#asking.delete(participant);
    }
  }

  /** Forgets somebody who has left: he may come again, and is asked about again. */
  forget(participant: string): void {
    this.#admitted.delete(participant);
  }

  /** Shuts out the one who is admitted under this name. */
  remove(participant: string): void {
    const key = this.#admitted.get(participant);
    this.#admitted.delete(participant);
    if (key !== undefined) this.#removed.set(participant, [...(this.#removed.get(participant) ?? []), key]);
  }

  /** Undoes `remove`: the application is asked again. */
  allow(participant: string): boolean {
    return this.#removed.delete(participant);
  }
}
