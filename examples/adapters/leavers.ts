// Whose keys are to be wiped: of those who have left, but not at once. Whoever loses the network is reported as gone, and
// back seconds later with the keys that he had.

import type { SFrameClient } from 'sframe-wasm/webrtc';

/** Wipes the keys of participants who have left and have not come back. */
export class Leavers {
  readonly #client: SFrameClient;
  readonly #isHere: (participant: string) => boolean;
  readonly #graceSeconds: number;
  readonly #timers: Map<string, ReturnType<typeof setTimeout>> = new Map();

  /** @param isHere asked when the time is over */
  constructor(client: SFrameClient, isHere: (participant: string) => boolean, graceSeconds = 60) {
    this.#client = client;
    this.#isHere = isHere;
    this.#graceSeconds = graceSeconds;
  }

  /** Again, his time starts anew. */
  left(participant: string): void {
    clearTimeout(this.#timers.get(participant));
    const timer = setTimeout(() => {
      this.#timers.delete(participant);
      // It rejects only where all keys are gone anyway.
      if (!this.#isHere(participant)) this.#client.removeParticipant(participant).catch(() => {});
    }, 1000 * this.#graceSeconds);
    this.#timers.set(participant, timer);
  }

  close(): void {
    for (const timer of this.#timers.values()) clearTimeout(timer);
    this.#timers.clear();
  }
}
