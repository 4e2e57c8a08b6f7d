// Work that nobody waits for, and that may end because the call does.

import { SFrameError } from 'sframe-wasm';

/** Goes on with it; anything but the end of the call is an error of the page, and shows as one. */
export function untilDestroyed(work: Promise<unknown>): void {
  work.catch((error: unknown) => {
    if (!(error instanceof SFrameError && error.code === 'destroyed')) throw error;
  });
}
