// What the application is told about a track: that its frames are dropped, and that they come out again. Each once, and
// when somebody makes them alternate, ever less often: nobody can make a storm of it. What lasts is told all the same.

/** In ms: the least time between two times that the same is told, at first and at most. */
const MIN_PAUSE_MS = 1000;
const MAX_PAUSE_MS = 60_000;
/** In ms: nothing has come out for so long, so it is no alternation any more, and nobody waits for the pause to end. */
const LASTING_MS = 5000;

interface Trouble {
  /** Whether it goes on, as far as was told. */
  told: boolean;
  /** Since when it goes on, as far as nothing has come out meanwhile; undefined: it does not. */
  since: number | undefined;
  /** When it may be told again. */
  next: number;
  pause: number;
}

/** The troubles of one track, by reason. */
export class TrackNews {
  readonly #troubles: Map<string, Trouble> = new Map();
  /** How many were told, and go on. */
  #open = 0;
  /** Whether one goes on, told or not. */
  #isTroubled = false;

  /** A frame was dropped. Returns whether that is to be told. */
  fails(reason: string, now: number): boolean {
    const trouble = this.#troubles.get(reason) ?? {
      told: false,
      since: undefined,
      next: Number.NEGATIVE_INFINITY,
      pause: MIN_PAUSE_MS,
    };
    this.#troubles.set(reason, trouble);
    this.#isTroubled = true;
    trouble.since ??= now;
    if (trouble.told || (now < trouble.next && now - trouble.since < LASTING_MS)) return false;
    // What comes back soon after it was over is told less and less often.
    trouble.pause =
      now - trouble.next > MAX_PAUSE_MS ? MIN_PAUSE_MS : Math.min(2 * trouble.pause, MAX_PAUSE_MS);
    trouble.next = now + trouble.pause;
    trouble.told = true;
    this.#open++;
    return true;
  }

  /** A frame came out. Returns whether it is to be told that all is well again. */
  works(): boolean {
    if (!this.#isTroubled) return false;
    const isNews = this.#open > 0;
    for (const trouble of this.#troubles.values()) {
      trouble.told = false;
      trouble.since = undefined;
    }
    this.#open = 0;
    this.#isTroubled = false;
    return isNews;
  }

  /** The application has changed something: all may be told at once, but nothing that was told already. */
  forgive(): void {
    for (const [reason, trouble] of this.#troubles) if (!trouble.told) this.#troubles.delete(reason);
  }
}
