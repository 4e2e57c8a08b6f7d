// What was told to the application, so that it is told once per change of state, whatever comes from the network.

import { Clock } from '../clock.ts';

/** Of how many things at most it is told before something changes: senders of forged frames think up KIDs. */
const MAX_TOLD = 64;
/** In ms: what seems to be over sooner may be a forger's frame between two genuine ones. */
const MIN_STATE_MS = 1000;

/** The states that were told, by what they are about. */
export class Reports<About> {
  readonly #clock: Clock = new Clock();
  /** When each was told. */
  readonly #told: Map<About, number> = new Map();

  /** Whether there are any. */
  get any(): boolean {
    return this.#told.size > 0;
  }

  /** Something is wrong. Returns whether that is to be told; then it counts as told. */
  isNews(about: About): boolean {
    if (this.#told.has(about) || this.#told.size >= MAX_TOLD) return false;
    this.#told.set(about, this.#clock.read());
    return true;
  }

  /** It is right again. If it is not soon after, that will be news. */
  settle(about: About): void {
    const since = this.#told.get(about);
    if (since !== undefined && this.#clock.read() - since >= MIN_STATE_MS) this.#told.delete(about);
  }

  /** The same of all. */
  settleAll(): void {
    for (const about of this.#told.keys()) this.settle(about);
  }

  /** The application has changed something: all is news. */
  clear(): void {
    this.#told.clear();
  }
}
