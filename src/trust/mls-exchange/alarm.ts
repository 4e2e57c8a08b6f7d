// When to look again: soon, for what has just come; now and then, while anything is pending; not at all otherwise.

import { later, type Timer } from '../exchange/timer.ts';

/** Those who come at once come in by one commit. */
const SOON_MS = 50;

/** One timer. */
export class Alarm {
  readonly #ring: () => void;
  readonly #everyMs: number;
  #timer: Timer | undefined;
  #isSoon = false;
  #isClosed = false;

  constructor(ring: () => void, everyMs: number) {
    this.#ring = ring;
    this.#everyMs = everyMs;
  }

  /** Rings once, in a while; earlier if it is set to that already. */
  set(): void {
    if (this.#timer === undefined) this.#start(this.#everyMs);
  }

  /** Rings once, very soon. */
  hurry(): void {
    if (this.#timer !== undefined && this.#isSoon) return;
    clearTimeout(this.#timer);
    this.#isSoon = true;
    this.#start(SOON_MS);
  }

  close(): void {
    this.#isClosed = true;
    clearTimeout(this.#timer);
  }

  #start(ms: number): void {
    if (this.#isClosed) return;
    this.#timer = later(ms, () => {
      this.#timer = undefined;
      this.#isSoon = false;
      this.#ring();
    });
  }
}
