// What the application is told about a track: that its frames are dropped, and that they come out again. Each once, and
// when somebody makes them alternate, ever less often: nobody can make a storm of it.

/** In ms: the least time between two times that the same is told, at first and at most. */
const MIN_PAUSE_MS = 1000;
const MAX_PAUSE_MS = 60_000;

interface Trouble {
  /** Whether it goes on, as far as was told. */
  told: boolean;
  /** When it may be told again. */
  next: number;
  pause: number;
}

/** The troubles of one track, by reason. */
export class TrackNews {
  readonly #troubles: Map<string, Trouble> = new Map();
  #open = 0;

  /** A frame was dropped. Returns whether that is to be told. */
  fails(reason: string, now: number): boolean {
    const trouble = this.#troubles.get(reason) ?? {
      told: false,
      next: Number.NEGATIVE_INFINITY,
      pause: MIN_PAUSE_MS,
    };
    this.#troubles.set(reason, trouble);
    if (trouble.told || now < trouble.next) return false;
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
    if (this.#open === 0) return false;
    for (const trouble of this.#troubles.values()) trouble.told = false;
    this.#open = 0;
    return true;
  }

  /** The application has changed something: all may be told at once, but nothing that was told already. */
  forgive(): void {
    for (const [reason, trouble] of this.#troubles) if (!trouble.told) this.#troubles.delete(reason);
  }
}
