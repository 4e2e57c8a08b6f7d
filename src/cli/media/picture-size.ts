// How large a video's pictures are, from a key frame: what IVF's header says. Undefined: this frame does not tell.

import { readObu, SEQUENCE_HEADER } from '../../codec/obu.ts';

export interface PictureSize {
  readonly width: number;
  readonly height: number;
}

/** Bits, highest first; 0 behind the end. */
class BitReader {
  readonly #bytes: Uint8Array;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  /** Up to 32. */
  bits(count: number): number {
    let value = 0;
    for (let i = 0; i < count; i++, this.#at++)
      value = value * 2 + (((this.#bytes[this.#at >> 3] ?? 0) >> (7 - (this.#at & 7))) & 1);
    return value;
  }

  flag(): boolean {
    return this.bits(1) === 1;
  }
}

/** VP8 (RFC 6386 §9.1). */
export function vp8Size(frame: Uint8Array): PictureSize | undefined {
  const [tag = 1, , , a, b, c] = frame;
  if ((tag & 1) !== 0 || a !== 0x9d || b !== 0x01 || c !== 0x2a || frame.length < 10) return undefined;
  const view = new DataView(frame.buffer, frame.byteOffset);
  return { width: view.getUint16(6, true) & 0x3fff, height: view.getUint16(8, true) & 0x3fff };
}

/** VP9 (bitstream specification §6.2), profiles 0 to 3. */
export function vp9Size(frame: Uint8Array): PictureSize | undefined {
  const reader = new BitReader(frame);
  if (reader.bits(2) !== 2) return undefined;
  const profile = reader.bits(1) + 2 * reader.bits(1);
  if (profile === 3) reader.bits(1);
  const showsExisting = reader.flag();
  if (showsExisting || reader.flag()) return undefined; // a picture from before, or no key frame
  reader.bits(2); // show_frame, error_resilient_mode
  if (reader.bits(24) !== 0x498342) return undefined;
  if (profile >= 2) reader.bits(1); // ten_or_twelve_bit
  const isRgb = reader.bits(3) === 7;
  if (!isRgb) reader.bits(1); // color_range
  if (profile === 1 || profile === 3) reader.bits(isRgb ? 1 : 3); // subsampling, reserved
  return { width: reader.bits(16) + 1, height: reader.bits(16) + 1 };
}

/** AV1 (§5.5): from the sequence header. */
export function av1Size(frame: Uint8Array): PictureSize | undefined {
  for (let obu = readObu(frame, 0); obu !== undefined; obu = readObu(frame, obu.end))
    if (obu.type === SEQUENCE_HEADER) return sequenceSize(frame.subarray(obu.payload, obu.end));
  return undefined;
}

function sequenceSize(header: Uint8Array): PictureSize {
  const reader = new BitReader(header);
  reader.bits(4); // seq_profile, still_picture
  if (reader.flag())
    reader.bits(5); // reduced_still_picture_header: seq_level_idx
  else skipOperatingPoints(reader);
  const [widthBits, heightBits] = [reader.bits(4) + 1, reader.bits(4) + 1];
  return { width: reader.bits(widthBits) + 1, height: reader.bits(heightBits) + 1 };
}

function skipOperatingPoints(reader: BitReader): void {
  let delayLen = 0;
  if (reader.flag()) {
    reader.bits(32); // timing_info
    reader.bits(32);
    if (reader.flag()) skipUvlc(reader);
    if (reader.flag()) {
      delayLen = reader.bits(5) + 1;
      reader.bits(32);
      reader.bits(10);
    }
  }
  const hasInitialDelay = reader.flag();
  for (let points = reader.bits(5) + 1; points > 0; points--) {
    reader.bits(12);
    if (reader.bits(5) > 7) reader.bits(1);
    if (delayLen > 0 && reader.flag()) reader.bits(2 * delayLen + 1);
    if (hasInitialDelay && reader.flag()) reader.bits(4);
  }
}

function skipUvlc(reader: BitReader): void {
  let zeros = 0;
  while (zeros < 32 && !reader.flag()) zeros++;
  if (zeros < 32) reader.bits(zeros);
}
