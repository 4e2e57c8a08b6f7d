// Tells whether a protected sender sends what did not come out of its transform: browsers fail open, in silence. Packets
// that grow in number over two polls while no frame was written cannot be ours. (Not framesSent: that counts frames that
// never left. Not totals: they start anew with each transform.)

import type { RtpCounts } from './rtp-counts.ts';

interface Seen extends RtpCounts {
  readonly written: number;
  /** Over how many polls packets have grown, and no frame was written. */
  readonly growths: number;
}

/** So many polls in a row make a leak: packets may still wait when the last frame was written. */
const GROWTHS = 2;

/** Judges the senders of a client, poll by poll. */
export class LeakGuard {
  readonly #seen: WeakMap<object, Seen> = new WeakMap();

  /** @param written frames that its transform has written so far */
  isLeaking(sender: object, counts: RtpCounts, written: number): boolean {
    const last = this.#seen.get(sender) ?? { ...counts, written, growths: 0 };
    const isEncoding = counts.encoded === undefined || counts.encoded > (last.encoded ?? 0);
    const isGrowth = counts.sent > last.sent && isEncoding && written === last.written;
    const growths = isGrowth ? last.growths + 1 : 0;
    const isLeak = growths >= GROWTHS;
    this.#seen.set(sender, { ...counts, written, growths: isLeak ? 0 : growths });
    return isLeak;
  }
}
