// H.264: NAL units of one byte's header, the type in its lower five bits (§7.3.1). A frame's first slice, of types 1 to
// 5, decides; SEI, parameter sets, delimiters, filler data, prefixes and the like, types 6 to 15, may stand before it: so
// what an encoder writes into SEI stays clear, too.
//
// 01 80 begins a slice of type 127 or more: there are 0 to 9.

import type { Layout } from './layout.ts';
import { nalLayout } from './nal.ts';

const typeOf = (byte: number) => byte & 31;

/** Up to the first slice's first byte clear. */
export const h264: Layout = nalLayout({
  headerLen: 1,
  isSlice: (byte) => typeOf(byte) >= 1 && typeOf(byte) <= 5,
  isClear: (byte) => typeOf(byte) >= 6 && typeOf(byte) <= 15,
  other: [0, 0, 0, 1, 0x01, 0x80],
});
