// Times of frames: RTP timestamps without their wraps. They are not authenticated, and senders begin anew with others: where
// they do not agree with when packets came, those times count.

/** Where a frame was in the recording. */
export interface FrameTime {
  /** RTP timestamp: 32 bits. */
  readonly timestamp: number;
  /** When its last packet was recorded, in milliseconds. */
  readonly time: number;
  /** Whether timestamps have nothing to do with those before. */
  readonly isAnew: boolean;
}

/** In seconds: timestamps that go farther at a time must agree with times of arrival as closely. */
const MAX_STEP = 10;

/** Times of one track, in units of its clock, from 0; they never go back. */
export class MediaTime {
  readonly #clockRate: number;
  #last: FrameTime | undefined;
  #ticks = 0;

  constructor(clockRate: number) {
    this.#clockRate = clockRate;
  }

  ticksOf(frame: FrameTime): number {
    const last = this.#last;
    this.#last = frame;
    if (last === undefined) return 0;
    const arrived = Math.max(0, Math.round(((frame.time - last.time) * this.#clockRate) / 1000));
    const stamped = (frame.timestamp - last.timestamp) | 0;
    const isFar = (ticks: number) => Math.abs(ticks) > MAX_STEP * this.#clockRate;
    const isOff = frame.isAnew || (isFar(stamped) && isFar(stamped - arrived));
    const isSame = !frame.isAnew && stamped === 0;
    this.#ticks += Math.max(isSame ? 0 : 1, isOff ? arrived : stamped);
    return this.#ticks;
  }
}
