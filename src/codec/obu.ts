// Open bitstream units (AV1 §5.3), read by their headers.
//
//   header   0 T T T T X S R     T: type   X=1: a byte follows   S=1: the payload's length follows   R: reserved
//   length   leb128: seven bits a byte, lowest first, the top bit set in all but the last; 8 bytes at most

import { type Bytes, viewOf } from '../types.ts';

/** Types. */
export const SEQUENCE_HEADER = 1;
export const TEMPORAL_DELIMITER = 2;
export const FRAME = 6;

const HAS_EXTENSION = 4;
const HAS_SIZE = 2;
const MAX_SIZE_LEN = 8;

/** Where an OBU stands, in offsets. */
export interface Obu {
  readonly type: number;
  readonly start: number;
  readonly payload: number;
  readonly end: number;
}

/** The OBU that begins at `start`, complete; undefined if there is none. It takes one byte at least. */
export function readObu(bytes: Uint8Array, start: number): Obu | undefined {
  const len = bytes.length;
  const header = bytes[start];
  if (header === undefined || header >= 0x80) return undefined;
  const type = header >> 3;
  const sizeAt = start + headerLen(header);
  if (sizeAt > len) return undefined;
  if ((header & HAS_SIZE) === 0) return { type, start, payload: sizeAt, end: len };
  let size = 0;
  for (let i = 0; i < MAX_SIZE_LEN; i++) {
    const byte = bytes[sizeAt + i];
    if (byte === undefined) return undefined;
    size += (byte & 0x7f) * 2 ** (7 * i);
    if (byte >= 0x80) continue;
    const payload = sizeAt + i + 1;
    return size <= len - payload ? { type, start, payload, end: payload + size } : undefined;
  }
  return undefined;
}

function headerLen(header: number): number {
  return (header & HAS_EXTENSION) === 0 ? 1 : 2;
}

/** An OBU with its length, in as few bytes as that takes: as depacketizers write it. */
export function sizedObu(bytes: Uint8Array, { start, payload, end }: Obu): Bytes {
  const header = bytes[start] as number;
  const front = [header | HAS_SIZE];
  if (headerLen(header) === 2) front.push(bytes[start + 1] as number);
  return obuOf(front, viewOf(bytes, payload, end));
}

/** header, and what may stand before it ‖ leb128(length) ‖ payload. */
export function obuOf(header: readonly number[], payload: Uint8Array): Bytes {
  const front = [...header];
  let rest = payload.length;
  for (; rest > 0x7f; rest >>>= 7) front.push((rest & 0x7f) | 0x80);
  front.push(rest);
  const obu = new Uint8Array(front.length + payload.length);
  obu.set(front);
  obu.set(payload, front.length);
  return obu;
}
