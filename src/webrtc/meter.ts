// What a track has done, in numbers.

import type { TrackCounts } from './protocol.ts';

/** Of how many frames the times are kept. */
const SAMPLES = 1024;

/** Counters of one track, and the times of its last frames. */
export class Meter {
  #frames = 0;
  #bytes = 0;
  #plaintextFrames = 0;
  readonly #dropped: Map<string, number> = new Map();
  readonly #micros: Float32Array = new Float32Array(SAMPLES);
  #sampled = 0;

  /** A frame came out. @param ms what the cryptography took */
  count(bytes: number, ms: number): void {
    this.#frames++;
    this.#bytes += bytes;
    this.#micros[this.#sampled++ % SAMPLES] = 1000 * ms;
  }

  /** A frame came out as it went in. */
  pass(bytes: number): void {
    this.#frames++;
    this.#bytes += bytes;
    this.#plaintextFrames++;
  }

  drop(reason: string): void {
    this.#dropped.set(reason, (this.#dropped.get(reason) ?? 0) + 1);
  }

  get counts(): Omit<TrackCounts, 'track'> {
    const micros = this.#micros.slice(0, Math.min(this.#sampled, SAMPLES)).sort();
    const at = (part: number) => micros[Math.floor(part * (micros.length - 1))] ?? 0;
    return {
      frames: this.#frames,
      bytes: this.#bytes,
      plaintextFrames: this.#plaintextFrames,
      dropped: Object.fromEntries(this.#dropped),
      p50: at(0.5),
      p99: at(0.99),
    };
  }
}
