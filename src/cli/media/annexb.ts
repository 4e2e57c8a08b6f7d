// H.264 as a byte stream (Annex B): access units one after the other. There is no place for times.

import type { Bytes } from '../../types.ts';
import type { Sink } from './output-file.ts';
import type { MediaWriter } from './writer.ts';

/** Writes frames as they are: they begin with start codes. */
export class AnnexBWriter implements MediaWriter {
  readonly #sink: Sink;

  constructor(sink: Sink) {
    this.#sink = sink;
  }

  write(frame: Bytes): void {
    this.#sink.write(frame);
  }

  end(): void {}
}
