// What all containers' writers are.

import type { Bytes } from '../../types.ts';

/** Writes the frames of one track. */
export interface MediaWriter {
  /** @param ticks when it is to be shown, in units of the codec's RTP clock, never less than before */
  write(frame: Bytes, ticks: number): void;
  /** There are no more. */
  end(): void;
}
