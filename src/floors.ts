// How far keys that are gone were used, so that a key which comes back does not open its frames again (RFC 9605 §9.3).

import type { Counter } from './replay.ts';

/** How many keys are remembered. */
const MAX_REMEMBERED = 4096;

/** The highest CTR of keys that are gone, by fingerprint. */
export class Floors {
  /** Oldest first. */
  readonly #floors: Map<string, Counter> = new Map();

  /** The counter at and below which a key must open nothing, if it was here before. */
  get(fingerprint: string): Counter | undefined {
    return this.#floors.get(fingerprint);
  }

  /** A key goes. Without a frame, or without a window, there is nothing to remember. */
  keep(fingerprint: string, highest: Counter | undefined): void {
    if (highest === undefined) return;
    this.#floors.delete(fingerprint);
    this.#floors.set(fingerprint, highest);
    if (this.#floors.size > MAX_REMEMBERED) this.#floors.delete(this.#floors.keys().next().value as string);
  }

  clear(): void {
    this.#floors.clear();
  }
}
