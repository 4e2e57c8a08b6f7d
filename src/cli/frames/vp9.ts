// VP9 (RFC 9628 §4.2): a timestamp is a picture, which has a frame for each spatial layer. Each was encrypted by itself, and
// B and E in the descriptor say where it begins and ends.
//
//   I P L F B E V Z
//   picture ID        if I: one byte, or two with M
//   layer indices     if L: a byte, and TL0PICIDX unless F
//   P_DIFF N          if F and P: up to three, while N
//   scalability       if V: N_S Y G, sizes if Y, a picture group if G

import type { Bytes } from '../../types.ts';
import { concatAll, type Depacketize, type Received } from './payload.ts';

const MAX_REFERENCES = 3;

/** How long a descriptor is; undefined if it is none, or the packet ends in it. */
function descriptorLen(payload: Uint8Array): number | undefined {
  const first = payload[0] ?? 0;
  const has = (bit: number) => (first & bit) !== 0;
  let at = 1;
  const byte = () => payload[at++] ?? 0;
  if (has(0x80) && (byte() & 0x80) !== 0) at++;
  if (has(0x20)) at += has(0x10) ? 1 : 2;
  if (has(0x10) && has(0x40)) {
    let count = 1;
    while ((byte() & 1) !== 0) if (++count > MAX_REFERENCES) return undefined;
  }
  if (has(0x02)) {
    const structure = byte();
    if ((structure & 0x10) !== 0) at += 4 * ((structure >> 5) + 1);
    if ((structure & 0x08) !== 0) {
      for (let pictures = byte(); pictures > 0; pictures--) {
        const references = (byte() >> 2) & 3;
        at += references;
      }
    }
  }
  return at < payload.length ? at : undefined;
}

/** The layers' frames of a timestamp, lowest first. */
export const vp9Frames: Depacketize = ({ payloads }) => {
  const found: Received[] = [];
  let shares: Uint8Array[] | undefined;
  for (const payload of payloads) {
    const len = descriptorLen(payload);
    if (len === undefined) {
      found.push('syntax');
      shares = undefined;
      continue;
    }
    const [first = 0] = payload;
    if ((first & 0x08) !== 0) {
      if (shares !== undefined) found.push('incomplete');
      shares = [];
    }
    if (shares === undefined) {
      found.push('incomplete');
      continue;
    }
    shares.push(payload.subarray(len));
    if ((first & 0x04) === 0) continue;
    const frame: Bytes = concatAll(shares);
    found.push({ frame, isDoubtful: false });
    shares = undefined;
  }
  if (shares !== undefined) found.push('incomplete');
  return found;
};
