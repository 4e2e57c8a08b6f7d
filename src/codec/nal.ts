// NAL units in a byte stream (H.264 Annex B, H.265 Annex B), up to where encryption begins: behind the first slice's
// header and one byte of the slice, which say what kind of picture this is. All else of the frame, more slices too, is
// one ciphertext, and to packetizers the rest of that first slice.
//
//   frame  00 00 00 01 | SPS | 00 00 00 01 | PPS | 00 00 01 | slice's header, 1 byte | rest
//   sent   00 00 00 01 | SPS | 00 00 00 01 | PPS | 00 00 00 01 | slice's header, 1 byte | escaped ciphertext | 80
//
// Depacketizers write start codes of four bytes, and no zeros in front of them, whatever came in: so does the sender,
// before the clear part is authenticated, and the receiver, whatever he got.

import { type Bytes, concat, isSame, viewOf } from '../types.ts';
import { joinEscaped, unescapeFrom } from './emulation.ts';
import { type Layout, restOf, wholeOf } from './layout.ts';

/** What the two codecs differ in. */
export interface NalSyntax {
  readonly headerLen: number;
  /** By a NAL unit's first byte. */
  isSlice(byte: number): boolean;
  /** Whether it holds nothing of a picture: only such units stay clear in front of a slice. */
  isClear(byte: number): boolean;
  /** The clear part of frames that have another form and are encrypted whole: a slice that no encoder writes. */
  readonly other: readonly number[];
}

const CODE_LEN = 3;

/** Where the first 00 00 01 stands, at `from` or later; the length if there is none. */
export function findStartCode(bytes: Uint8Array, from: number): number {
  const len = bytes.length;
  for (let i = from + 2; i < len; ) {
    const byte = bytes[i];
    if (byte === 0) i++;
    else if (byte === 1 && bytes[i - 1] === 0 && bytes[i - 2] === 0) return i - 2;
    else i += 3;
  }
  return len;
}

/** `to`, or less where zeros stand before it: they belong to no NAL unit. */
function trimmed(bytes: Uint8Array, from: number, to: number): number {
  let end = to;
  while (end > from && bytes[end - 1] === 0) end--;
  return end;
}

/** Where the clear part ends; undefined if there is something else in front of the first slice, or no slice. */
export function findClearEnd(
  bytes: Uint8Array,
  { headerLen, isSlice, isClear }: NalSyntax,
): number | undefined {
  const len = bytes.length;
  let code = findStartCode(bytes, 0);
  if (trimmed(bytes, 0, code) !== 0) return undefined;
  while (code < len) {
    const start = code + CODE_LEN;
    const byte = bytes[start];
    if (byte === undefined) return undefined;
    if (isSlice(byte)) {
      const end = start + headerLen + 1;
      // No header ends in 00: what does so here is none, and might be half a start code.
      return end <= len && bytes[start + headerLen - 1] !== 0 ? end : undefined;
    }
    if (!isClear(byte)) return undefined;
    code = findStartCode(bytes, start);
  }
  return undefined;
}

/** A clear part with start codes of four bytes. */
function withLongCodes(bytes: Uint8Array, end: number): Bytes {
  const part = viewOf(bytes, 0, end);
  // A unit has a byte at least: with its start code four may become five.
  const long = new Uint8Array(end + (end >> 2));
  let at = 0;
  for (let code = findStartCode(part, 0); code < end; ) {
    const start = code + CODE_LEN;
    code = findStartCode(part, start);
    const unit = viewOf(part, start, code < end ? trimmed(part, start, code) : end);
    long[at + CODE_LEN] = 1;
    long.set(unit, at + CODE_LEN + 1);
    at += CODE_LEN + 1 + unit.length;
  }
  return long.slice(0, at);
}

/** The clear part and where it ends, with long start codes. */
function clearPart(
  bytes: Uint8Array,
  syntax: NalSyntax,
): { readonly clear: Bytes; readonly end: number } | undefined {
  const end = findClearEnd(bytes, syntax);
  return end === undefined ? undefined : { clear: withLongCodes(bytes, end), end };
}

/** The layout of a codec with NAL units. */
export function nalLayout(syntax: NalSyntax): Layout {
  const other = new Uint8Array(syntax.other);
  return {
    split: (frame) => {
      const part = clearPart(frame, syntax);
      return part === undefined || isSame(part.clear, other)
        ? { clear: other.slice(), text: wholeOf(frame) }
        : { clear: part.clear, text: restOf(frame, part.end) };
    },
    join: joinEscaped,
    parse: (sent) => {
      const part = clearPart(sent, syntax);
      const ciphertext = part && unescapeFrom(sent, part.end);
      return ciphertext && { clear: part.clear, ciphertext };
    },
    restore: (clear, text) => (isSame(clear, other) ? text : concat(clear, text)),
  };
}
