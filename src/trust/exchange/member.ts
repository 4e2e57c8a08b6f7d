// One recipient of our keys, and sender of his own.

import { MAX_KEYS, type SealedKey, wipeKeys } from './key-bundle.ts';
import type { Peer } from './peers.ts';
import type { Seal } from './seal.ts';

/** Seconds between one sending of the same and the next. */
const REPEAT_SECONDS: readonly number[] = [1, 2, 4, 8, 16, 30];

/** A live session of an admitted participant. */
export class Member {
  readonly peer: Peer;
  readonly seal: Seal;
  /** The highest generation of his that has come. */
  received = 0;
  /** When he asked last, and when we did. */
  askedAt: number = Number.NEGATIVE_INFINITY;
  hasAskedAt: number = Number.NEGATIVE_INFINITY;
  /** Whether a sending waits its turn already. */
  isSending = false;
  #pending: SealedKey[] = [];
  #tries = 0;
  #dueAt = 0;

  constructor(peer: Peer, seal: Seal) {
    this.peer = peer;
    this.seal = seal;
  }

  /** What he has not confirmed; copies of his own. */
  get pending(): readonly SealedKey[] {
    return this.#pending;
  }

  add(key: SealedKey): void {
    const dropped = this.#pending.splice(0, this.#pending.length - (MAX_KEYS - 1));
    wipeKeys(dropped);
    this.#pending.push({ ...key, baseKey: key.baseKey.slice() });
    this.#tries = 0;
  }

  /** He has everything up to a generation. Returns the KIDs that this confirms. */
  confirm(generation: number): bigint[] {
    const confirmed = this.#pending.filter((key) => key.generation <= generation);
    this.#pending = this.#pending.filter((key) => key.generation > generation);
    wipeKeys(confirmed);
    return confirmed.map(({ kid }) => kid);
  }

  /** It has just been sent. */
  restAt(time: number): void {
    const seconds = REPEAT_SECONDS[Math.min(this.#tries, REPEAT_SECONDS.length - 1)] as number;
    this.#dueAt = time + 1000 * seconds;
    this.#tries += 1;
  }

  /** Whether it is time to send it again. */
  isDue(time: number): boolean {
    return this.#pending.length > 0 && !this.isSending && time >= this.#dueAt;
  }

  /** It has been asked for again. */
  hurry(): void {
    this.#tries = 0;
    this.#dueAt = 0;
  }

  close(): void {
    wipeKeys(this.#pending);
    this.#pending = [];
  }
}
