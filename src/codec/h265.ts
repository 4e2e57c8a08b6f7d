// H.265: NAL units of two bytes' header, the type in bits 1 to 6 of the first (§7.3.1.2). A frame's first slice segment,
// of types 0 to 9 or 16 to 21, decides; parameter sets, delimiters, filler data and SEI, types 32 to 39, may stand
// before it. From the specification alone: no browser here had this codec.
//
// 02 01 80 begins a first slice segment with the picture parameter set 127 or more: there are 0 to 63.

import type { Layout } from './layout.ts';
import { nalLayout } from './nal.ts';

const typeOf = (byte: number) => (byte >> 1) & 63;

/** Up to the first slice segment's first byte clear. */
export const h265: Layout = nalLayout({
  headerLen: 2,
  isSlice: (byte) => typeOf(byte) <= 9 || (typeOf(byte) >= 16 && typeOf(byte) <= 21),
  isClear: (byte) => typeOf(byte) >= 32 && typeOf(byte) <= 39,
  other: [0, 0, 0, 1, 0x02, 0x01, 0x80],
});
