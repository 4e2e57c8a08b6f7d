// AV1. Packetizers take frames apart into OBUs, drop temporal delimiters and lengths, and write lengths anew: so the
// frame as the encoder made it, delimiters and all, is the text, and its ciphertext the payload of a single OBU.
//
//   [ sequence header OBU ] | 32 | leb128(length) | ciphertext          32: OBU_FRAME with a length
//
// Key frames have a copy of their sequence header in front, by which packetizers and servers know them. The clear part
// is that copy, with a length of as few bytes as it takes, or nothing: it is authenticated, and left out at the end. The
// decoder gets what was inside.

import { type Bytes, viewOf } from '../types.ts';
import { type Layout, wholeOf } from './layout.ts';
import { FRAME, type Obu, obuOf, readObu, SEQUENCE_HEADER, sizedObu, TEMPORAL_DELIMITER } from './obu.ts';

const FRAME_HEADER = 0x32;
/** In bytes: a sequence header with all 32 operating points has less. What is longer is no such thing: it stays inside. */
const MAX_SEQUENCE_HEADER_LEN = 512;

function isSequenceHeader({ type, payload, end }: Obu): boolean {
  return type === SEQUENCE_HEADER && end - payload <= MAX_SEQUENCE_HEADER_LEN;
}

/** A copy of the first sequence header; nothing if there is none. */
function sequenceHeaderOf(frame: Uint8Array): Bytes {
  for (let obu = readObu(frame, 0); obu !== undefined; obu = readObu(frame, obu.end))
    if (isSequenceHeader(obu)) return sizedObu(frame, obu);
  return new Uint8Array(0);
}

/** The whole frame in one OBU, behind a copy of its sequence header. */
export const av1: Layout = {
  split: (frame) => ({ clear: sequenceHeaderOf(frame), text: wholeOf(frame) }),
  join: (clear, ciphertext) => obuOf([...clear, FRAME_HEADER], ciphertext),
  parse: (sent) => {
    let clear = new Uint8Array(0);
    for (let obu = readObu(sent, 0); obu !== undefined; obu = readObu(sent, obu.end)) {
      if (obu.type === FRAME)
        return obu.end === sent.length
          ? { clear, ciphertext: viewOf(sent, obu.payload, obu.end) }
          : undefined;
      if (isSequenceHeader(obu) && clear.length === 0) clear = sizedObu(sent, obu);
      else if (obu.type !== TEMPORAL_DELIMITER) return undefined;
    }
    return undefined;
  },
  restore: (_clear, text) => text,
};
