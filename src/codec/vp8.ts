// VP8 (RFC 6386 §9.1). Servers read whether a frame is a key frame, and of key frames start code and size: simulcast
// does not start without them. The P bit, lowest of the first byte, is 0 in key frames.
//
//   key frame    frame tag (3) | 9d 01 2a | width, height (4) | ciphertext of the rest
//   delta frame  first byte | ciphertext of the rest
//   other        0f | ciphertext of the whole frame
//
// Other are frames with nothing in them, and those that say they are key frames but end too soon. Of 0f the version
// would be 7; there are 0 to 3. A frame that begins with it all the same is one of the others.

import { concat, lengthOf } from '../types.ts';
import { type Layout, restOf, startOf, wholeOf } from './layout.ts';

const KEY_LEN = 10;
const DELTA_LEN = 1;
const OTHER = 0x0f;

/** How many of these bytes are clear, by the first; undefined if there are not as many. */
function clearLen(bytes: Uint8Array): number | undefined {
  const len = ((bytes[0] ?? 0) & 1) === 0 ? KEY_LEN : DELTA_LEN;
  return len <= lengthOf(bytes) ? len : undefined;
}

/** By the P bit: 10 bytes clear, or 1. */
export const vp8: Layout = {
  split: (frame) => {
    const len = clearLen(frame);
    return len === undefined || frame[0] === OTHER
      ? { clear: new Uint8Array([OTHER]), text: wholeOf(frame) }
      : { clear: startOf(frame, len), text: restOf(frame, len) };
  },
  join: (clear, ciphertext) => concat(clear, ciphertext),
  parse: (sent) => {
    const len = clearLen(sent);
    return len === undefined ? undefined : { clear: startOf(sent, len), ciphertext: restOf(sent, len) };
  },
  restore: (clear, text) => (clear[0] === OTHER ? text : concat(clear, text)),
};
