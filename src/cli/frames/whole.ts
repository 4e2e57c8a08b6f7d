// Payloads without a descriptor. Audio (RFC 7587): a packet is a frame. Video by `a=packetization:N raw`: a frame is what
// lies between two markers.

import { concatAll, type Depacketize } from './payload.ts';

/** In bytes: 48 frames of Opus, each as long as can be (RFC 6716 §3.4), and what encryption adds. Pages hold them. */
const MAX_PACKET_LEN = 62_000;

/** Each packet is a frame. */
export const packetFrames: Depacketize = ({ payloads }) =>
  payloads.map((payload) =>
    payload.length > MAX_PACKET_LEN ? 'syntax' : { frame: concatAll([payload]), isDoubtful: false },
  );

/** All packets of a timestamp are a frame. */
export const rawFrames: Depacketize = ({ payloads, isStartKnown, isEndKnown }) =>
  isEndKnown ? [{ frame: concatAll(payloads), isDoubtful: !isStartKnown }] : ['incomplete'];
