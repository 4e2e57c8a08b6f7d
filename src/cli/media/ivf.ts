// IVF: a header, then each frame behind its length and time.
//
//   DKIF | version 2 | 32 | fourcc | width 2 | height 2 | rate 4 | scale 4 | frames 4 | 0        all little-endian
//   length 4 | time 8 | frame                                                                    and again
//
// The picture's size and the number of frames are known later, and written then.

import type { Bytes } from '../../types.ts';
import type { Sink } from './output-file.ts';
import type { PictureSize } from './picture-size.ts';
import type { MediaWriter } from './writer.ts';

const HEADER_LEN = 32;
const SIZE_AT = 12;
const COUNT_AT = 24;

/** What differs from codec to codec. */
export interface IvfCodec {
  readonly fourcc: string;
  readonly clockRate: number;
  sizeOf(frame: Uint8Array): PictureSize | undefined;
}

/** Writes frames of VP8, VP9 and AV1. */
export class IvfWriter implements MediaWriter {
  readonly #sink: Sink;
  readonly #codec: IvfCodec;
  #size: PictureSize | undefined;
  #count = 0;

  constructor(sink: Sink, codec: IvfCodec) {
    this.#sink = sink;
    this.#codec = codec;
  }

  write(frame: Bytes, ticks: number): void {
    if (this.#count === 0) this.#writeHeader();
    this.#size ??= this.#codec.sizeOf(frame);
    this.#count++;
    const header = new DataView(new ArrayBuffer(12));
    header.setUint32(0, frame.length, true);
    header.setBigUint64(4, BigInt(ticks), true);
    this.#sink.write(new Uint8Array(header.buffer));
    this.#sink.write(frame);
  }

  end(): void {
    if (this.#count === 0) return;
    const count = new DataView(new ArrayBuffer(4));
    count.setUint32(0, this.#count, true);
    this.#sink.patch(new Uint8Array(count.buffer), COUNT_AT);
    if (this.#size === undefined) return;
    const size = new DataView(new ArrayBuffer(4));
    size.setUint16(0, this.#size.width, true);
    size.setUint16(2, this.#size.height, true);
    this.#sink.patch(new Uint8Array(size.buffer), SIZE_AT);
  }

  #writeHeader(): void {
    const header = new Uint8Array(HEADER_LEN);
    const view = new DataView(header.buffer);
    header.set(new TextEncoder().encode('DKIF'));
    view.setUint16(6, HEADER_LEN, true);
    header.set(new TextEncoder().encode(this.#codec.fourcc), 8);
    view.setUint32(16, this.#codec.clockRate, true);
    view.setUint32(20, 1, true);
    this.#sink.write(header);
  }
}
