// No clear bytes: audio; VP9, whose RTP payload descriptor says all that servers need; and anything at all where the
// negotiated packetization does not look into frames (`a=packetization:N raw`).
//
//   ciphertext

import { type Layout, wholeOf } from './layout.ts';

/** The whole frame is encrypted. */
export const whole: Layout = {
  split: (frame) => ({ clear: new Uint8Array(0), text: wholeOf(frame) }),
  join: (_clear, ciphertext) => ciphertext,
  parse: (sent) => ({ clear: new Uint8Array(0), ciphertext: wholeOf(sent) }),
  restore: (_clear, text) => text,
};
