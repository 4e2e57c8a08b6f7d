// When to ask for a key, and how often: once for each reason there is, not once a frame.

import { toBoolean, toInteger } from '../types.ts';
import type { RotationReason } from './event.ts';

/** When {@link KeyRotation} asks for a new key, besides near the usage limit and after a leak. */
export interface RotationTriggers {
  /** After so many frames under one key, 1 to 2^32; by default not before the usage limit is near. */
  readonly everyFrames?: number | undefined;
  /** After so many seconds under one key, 1 to 2^31; by default never. */
  readonly everySeconds?: number | undefined;
  /** When a member joins: he cannot open earlier frames then. Default true. */
  readonly onJoin?: boolean | undefined;
  /** When a member leaves: he cannot open later frames then. Default true. */
  readonly onLeave?: boolean | undefined;
}

/** What was asked for, and what the schedule says. Times are milliseconds. */
export class KeyDemand {
  readonly onJoin: boolean;
  readonly onLeave: boolean;
  readonly #everyFrames: number;
  readonly #everyMs: number;
  #open: RotationReason | undefined;
  /** Where the schedule counts from. */
  #frames = 0;
  #time = 0;

  /** TypeErrors and RangeErrors name the option. */
  constructor(triggers: RotationTriggers) {
    const never = Number.POSITIVE_INFINITY;
    this.#everyFrames = toInteger(triggers.everyFrames, 'everyFrames', never, 1, 2 ** 32);
    this.#everyMs = 1000 * toInteger(triggers.everySeconds, 'everySeconds', never, 1, 2 ** 31);
    this.onJoin = toBoolean(triggers.onJoin, 'onJoin', true);
    this.onLeave = toBoolean(triggers.onLeave, 'onLeave', true);
  }

  /** Why a key was asked for that has not come yet. */
  get open(): RotationReason | undefined {
    return this.#open;
  }

  /** Why it is time for another key, if it is. */
  due(frames: number, time: number): 'frames' | 'seconds' | undefined {
    if (frames - this.#frames >= this.#everyFrames) return 'frames';
    return time - this.#time >= this.#everyMs ? 'seconds' : undefined;
  }

  /**
   * A reason for a key has come up. True: ask, because nobody has, or because it is urgent now, or because the
   * schedule has come round and there was no answer.
   */
  raise(reason: RotationReason, frames: number, time: number): boolean {
    const isNews = this.#open === undefined || (isUrgent(reason) && !isUrgent(this.#open));
    if (isNews) this.#open = reason;
    else if (reason !== 'frames' && reason !== 'seconds') return false;
    this.restart(frames, time);
    return true;
  }

  /** The key is there. */
  close(): void {
    this.#open = undefined;
  }

  /** There is a key that all have who had the one before: that is no answer to what is urgent. */
  satisfy(): void {
    if (this.#open !== undefined && !isUrgent(this.#open)) this.close();
  }

  /** The key that was there could not be used. */
  reopen(reason: RotationReason | undefined): void {
    this.#open = reason;
  }

  /** The schedule counts from here. */
  restart(frames: number, time: number): void {
    this.#frames = frames;
    this.#time = time;
  }
}

/** Whether a key that somebody has must not be used for long. */
export function isUrgent(reason: RotationReason | undefined): reason is 'leave' | 'leak' {
  return reason === 'leave' || reason === 'leak';
}
