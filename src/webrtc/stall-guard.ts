// Tells whether frames do not reach a transform. Where it takes the place of another worker's, Chromium may cut it off: the
// two workers race, and what the old one gives up then is the new one's. Nothing leaves and nothing is heard, for ever,
// unless there is another transform.

import type { RtpCounts } from './rtp-counts.ts';

interface Seen extends RtpCounts {
  readonly frames: number;
  /** Over how many polls there was media, and no frame came. */
  readonly misses: number;
  /** How often it was stalled since a frame came last. */
  readonly stalls: number;
  /** When it may be called stalled again. */
  readonly from: number;
}

/** So many polls make a stall: the first frames may be under way. */
const MISSES = 2;
/** How long after one stall the next may be told, in ms; twice as long each time: media may not be for us at all. */
const PAUSE_MS = 500;
const MAX_PAUSE_MS = 60_000;

/** Judges the senders and receivers of a client, poll by poll. */
export class StallGuard {
  readonly #seen: WeakMap<object, Seen> = new WeakMap();

  /**
   * @param frames that have come to its transform so far
   * @param now in ms
   */
  isStalled(endpoint: object, counts: RtpCounts, frames: number, now: number): boolean {
    const last = this.#seen.get(endpoint);
    if (last === undefined || frames !== last.frames) {
      this.#seen.set(endpoint, { ...counts, frames, misses: 0, stalls: 0, from: 0 });
      return false;
    }
    // packets that leave do not wait for a transform: that is a leak
    const isMissing = counts.sent <= last.sent && hasMedia(last, counts);
    const misses = last.misses + (isMissing ? 1 : 0);
    if (misses < MISSES || now < last.from) {
      this.#seen.set(endpoint, { ...last, ...counts, misses });
      return false;
    }
    const pause = Math.min(PAUSE_MS * 2 ** last.stalls, MAX_PAUSE_MS);
    this.#seen.set(endpoint, { ...counts, frames, misses: 0, stalls: last.stalls + 1, from: now + pause });
    return true;
  }
}

/** Whether an encoder, or the network, had something for the transform. */
function hasMedia(before: RtpCounts, after: RtpCounts): boolean {
  return (
    (after.encoded ?? 0) > (before.encoded ?? 0) ||
    after.recorded > before.recorded ||
    after.received > before.received
  );
}
