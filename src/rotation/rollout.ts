// From an old key to a new one (RFC 9605 §4.4.1): who has the new key, and until when the old one may serve. Pure state:
// times come from outside, in milliseconds.
//
//      stage             confirmed by all, or deadline
//   ─────┼────────────────────────────┼─────────────▶ time
//   old key                           │ new key
//
// A key that was given to somebody who has left since is never sent under. The key in use then ends within a second,
// at its cutoff, whether or not there is another.

import type { RotationReason } from './event.ts';
import type { StagedKey } from './staged-key.ts';

/** How long a key may serve that somebody has who must not have it. The least, too, that a routine roll-out gets. */
const URGENT_MS = 1000;

/** Refuses what cannot be a participant's name. */
export function assertParticipant(participant: string): void {
  if (typeof participant !== 'string') throw new TypeError('participant must be a string');
}

/** One sender's members, key in waiting, and deadlines. */
export class Rollout {
  readonly #patienceMs: number;
  readonly #members: Set<string> = new Set();
  /** Members who have the staged key. */
  readonly #confirmed: Set<string> = new Set();
  #staged: StagedKey | undefined;
  /** When the staged key is used, whoever has it. Kept when one staged key replaces another. */
  #deadline = Number.POSITIVE_INFINITY;
  /** When the key in use must not be used any longer: always, while there is none. */
  #cutoff = Number.NEGATIVE_INFINITY;

  constructor(patienceMs: number) {
    this.#patienceMs = patienceMs;
  }

  get staged(): StagedKey | undefined {
    return this.#staged;
  }

  /** False: he was a member already. */
  join(participant: string): boolean {
    if (this.#members.has(participant)) return false;
    this.#members.add(participant);
    return true;
  }

  /** False: he was no member. */
  leave(participant: string): boolean {
    this.#confirmed.delete(participant);
    return this.#members.delete(participant);
  }

  /** A member has a key. Whatever else this says changes nothing. */
  confirm(participant: string, kid: bigint): void {
    if (this.#staged?.kid === kid && this.#members.has(participant)) this.#confirmed.add(participant);
  }

  /** Puts a key in waiting, instead of any other. Returns who must be given it. */
  stage(staged: StagedKey, time: number): string[] {
    if (this.#staged === undefined && time >= this.#deadline) this.#deadline = Number.POSITIVE_INFINITY;
    this.drop();
    this.#staged = staged;
    // Replaced again and again, staged keys would put off the switch for ever.
    const deadline = Math.min(this.#deadline, time + this.#patienceMs);
    this.#deadline = Math.max(deadline, time + URGENT_MS);
    return [...this.#members];
  }

  /** Wipes the staged key: it is never used. Returns what it was to answer. */
  drop(): RotationReason | undefined {
    const reason = this.#staged?.reason;
    this.#staged?.wipe();
    this.#staged = undefined;
    this.#confirmed.clear();
    return reason;
  }

  /** Somebody has the keys who must not: the staged one goes, the one in use soon. */
  withdraw(time: number): void {
    this.drop();
    this.#cutoff = Math.min(this.#cutoff, time + URGENT_MS);
  }

  /** Whether the staged key is to be used. */
  isDue(time: number): boolean {
    if (this.#staged === undefined) return false;
    return time >= this.#deadline || this.isOver(time) || this.#confirmed.size === this.#members.size;
  }

  /** Whether the key in use must not be used any longer. */
  isOver(time: number): boolean {
    return time >= this.#cutoff;
  }

  /** The staged key, which is the caller's to wipe now. */
  take(): StagedKey {
    const staged = this.#staged as StagedKey;
    this.#staged = undefined;
    return staged;
  }

  /** There is a new key in use. */
  succeed(): void {
    this.#deadline = Number.POSITIVE_INFINITY;
    this.#cutoff = Number.POSITIVE_INFINITY;
  }

  /** The key taken could not be used. */
  fail(keyIsLost: boolean): void {
    this.#deadline = Number.POSITIVE_INFINITY;
    if (keyIsLost) this.#cutoff = Number.NEGATIVE_INFINITY;
  }

  destroy(): void {
    this.drop();
    this.#members.clear();
  }
}
