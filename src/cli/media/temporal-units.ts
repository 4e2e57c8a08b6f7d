// AV1 in containers: all layers' frames of one time are one temporal unit, which begins with a delimiter. On the way some
// senders' delimiters are lost, and layers have come one by one.

import { readObu, TEMPORAL_DELIMITER } from '../../codec/obu.ts';
import { type Bytes, concat } from '../../types.ts';
import type { MediaWriter } from './writer.ts';

const DELIMITER = new Uint8Array([0x12, 0]);

/** Writes temporal units to another writer. */
export class TemporalUnitWriter implements MediaWriter {
  readonly #writer: MediaWriter;
  #unit: Bytes | undefined;
  #ticks = 0;

  constructor(writer: MediaWriter) {
    this.#writer = writer;
  }

  write(frame: Bytes, ticks: number): void {
    if (this.#unit !== undefined && ticks !== this.#ticks) this.#finish();
    this.#unit = concat(this.#unit ?? DELIMITER, withoutDelimiter(frame));
    this.#ticks = ticks;
  }

  end(): void {
    this.#finish();
    this.#writer.end();
  }

  #finish(): void {
    if (this.#unit !== undefined) this.#writer.write(this.#unit, this.#ticks);
    this.#unit = undefined;
  }
}

function withoutDelimiter(frame: Bytes): Uint8Array {
  const first = readObu(frame, 0);
  return first?.type === TEMPORAL_DELIMITER ? frame.subarray(first.end) : frame;
}
