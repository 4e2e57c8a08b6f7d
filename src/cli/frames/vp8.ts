// VP8 (RFC 7741 §4.2): a descriptor of one byte and up to five more stands in front of each packet's share of the frame.
//
//   X R N S R PID(3)        S, and PID 0: the frame begins here
//   I L T K RSV(4)          if X; I: picture ID, one byte, or two with M   L: TL0PICIDX   T or K: a byte

import { concatAll, type Depacketize } from './payload.ts';

const EXTENDED = 0x80;
const STARTS = 0x17; // S and PID

/** How long a descriptor is; undefined if the packet ends in it. */
function descriptorLen(payload: Uint8Array): number | undefined {
  const [first = 0, extension = 0, picture = 0] = payload;
  let len = 1;
  if ((first & EXTENDED) !== 0) {
    len = 2;
    if ((extension & 0x80) !== 0) len += (picture & 0x80) === 0 ? 1 : 2;
    if ((extension & 0x40) !== 0) len++;
    if ((extension & 0x30) !== 0) len++;
  }
  return len < payload.length ? len : undefined;
}

/** The frame of a timestamp. */
export const vp8Frames: Depacketize = ({ payloads, isEndKnown }) => {
  const shares: Uint8Array[] = [];
  for (const payload of payloads) {
    const len = descriptorLen(payload);
    if (len === undefined) return ['syntax'];
    shares.push(payload.subarray(len));
  }
  const starts = ((payloads[0]?.[0] ?? 0) & STARTS) === 0x10;
  return starts && isEndKnown ? [{ frame: concatAll(shares), isDoubtful: false }] : ['incomplete'];
};
