// Time for what is done on time: read on each frame, because background tabs hold timers back.

/** Milliseconds that never run backwards, from a clock that may. */
export class Clock {
  readonly #now: () => number;
  #last: number | undefined;
  #elapsed = 0;

  /** By default a clock that nobody can set. That it may stand still while a computer sleeps is harmless here. */
  constructor(now: () => number = () => performance.now()) {
    if (typeof now !== 'function') throw new TypeError('now must be a function');
    this.#now = now;
  }

  /** Milliseconds since the first reading; where the clock was set back, nothing has passed. */
  read(): number {
    const now = this.#now;
    const at = now();
    // NaN would be later than no deadline.
    if (!Number.isFinite(at)) throw new RangeError('now must return a finite number');
    if (this.#last !== undefined && at > this.#last) this.#elapsed += at - this.#last;
    this.#last = at;
    return this.#elapsed;
  }
}
