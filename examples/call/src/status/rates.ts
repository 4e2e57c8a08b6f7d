// Frames in a second, from what a client has counted.

import type { SFrameStats, SFrameTrackStats } from 'sframe-wasm/webrtc';

/** Frames in a second. */
export interface Rates {
  /** Encrypted and sent. */
  readonly sent: number;
  /** Received and decrypted. */
  readonly opened: number;
  /** Received, and dropped because they did not open. */
  readonly refused: number;
  /** Sent or taken as they were. */
  readonly plain: number;
}

/** The same, since the call began. */
export interface Totals extends Rates {
  readonly at: number;
}

export const noRates: Rates = { sent: 0, opened: 0, refused: 0, plain: 0 };

/** Of all tracks. */
export function sum(tracks: readonly SFrameTrackStats[], count: (track: SFrameTrackStats) => number): number {
  return tracks.reduce((total, track) => total + count(track), 0);
}

/** Browsers deliver some frames twice, and some that are empty: those are not refused for any fault. */
function refusedOf({ dropped }: SFrameTrackStats): number {
  const isFault = (why: string) => why !== 'replay' && why !== 'empty';
  return Object.entries(dropped).reduce((total, [why, count]) => total + (isFault(why) ? count : 0), 0);
}

export function totalsOf({ senders, receivers }: SFrameStats, at: number): Totals {
  const safe = ({ frames, plaintextFrames }: SFrameTrackStats) => frames - plaintextFrames;
  const plain = ({ plaintextFrames }: SFrameTrackStats) => plaintextFrames;
  return {
    at,
    sent: sum(senders, safe),
    opened: sum(receivers, safe),
    refused: sum(receivers, refusedOf),
    plain: sum(senders, plain) + sum(receivers, plain),
  };
}

/** Less than nothing is what a closed connection leaves behind. */
export function ratesBetween(before: Totals, now: Totals): Rates {
  const seconds = Math.max(0.1, (now.at - before.at) / 1000);
  const rate = (name: keyof Rates) => Math.max(0, Math.round((now[name] - before[name]) / seconds));
  return { sent: rate('sent'), opened: rate('opened'), refused: rate('refused'), plain: rate('plain') };
}
