// Emulation prevention (H.264 §7.4.1.1, H.265 §7.4.2): behind two zeros a byte of at most 3 gets an 03 in front, so that
// no packetizer takes ciphertext for a start code. The zeros may be clear ones: bytes are looked at across the boundary.
//
//   clear | ciphertext with 03s | 80
//
// The 80 is never escaped, and keeps zeros from standing last, where packetizers drop them. Ciphertext needs an 03 about
// once in 4 MB: looking for the first is what this costs, and of every three bytes one is looked at.

import { type Bytes, viewOf } from '../types.ts';

const PREVENTION = 3;
const CLOSING = 0x80;

/** Where the first byte that needs an 03 stands, at `from` or later; the length if none does. */
export function findHazard(bytes: Uint8Array, from: number): number {
  const len = bytes.length;
  for (let i = from; i < len; ) {
    if ((bytes[i] as number) > PREVENTION)
      i += 3; // neither this one nor, as its zero, one of the next two
    else if (bytes[i - 1] === 0 && bytes[i - 2] === 0) return i;
    else i++;
  }
  return len;
}

/** Where the first 03 behind two zeros stands, at `from` or later; the length if there is none. */
export function findPrevention(bytes: Uint8Array, from: number): number {
  const len = bytes.length;
  for (let i = from; i < len; ) {
    const byte = bytes[i];
    if (byte === 0) i++;
    else if (byte === PREVENTION && bytes[i - 1] === 0 && bytes[i - 2] === 0) return i;
    else i += 3;
  }
  return len;
}

/** clear ‖ escaped ciphertext ‖ 80. */
export function joinEscaped(clear: Uint8Array, ciphertext: Uint8Array): Bytes {
  const bytes = new Uint8Array(clear.length + ciphertext.length + 1);
  bytes.set(clear);
  bytes.set(ciphertext, clear.length);
  bytes[bytes.length - 1] = CLOSING;
  return escapeFrom(bytes, clear.length);
}

/** The same bytes if nothing needs an 03. */
function escapeFrom(bytes: Bytes, from: number): Bytes {
  const len = bytes.length;
  let count = 0;
  // An 03 starts the zeros anew: two of them behind it can be complete at i + 2.
  for (let i = findHazard(bytes, from); i < len; i = findHazard(bytes, i + 2)) count++;
  if (count === 0) return bytes;
  const escaped = new Uint8Array(len + count);
  let next = findHazard(bytes, from);
  for (let i = 0, at = 0; i < len; i++) {
    if (i === next) {
      escaped[at++] = PREVENTION;
      next = findHazard(bytes, i + 2);
    }
    escaped[at++] = bytes[i] as number;
  }
  return escaped;
}

/** The ciphertext that begins at `from`; a view if there is no 03 in it. Undefined if nothing closes it. */
export function unescapeFrom(sent: Uint8Array, from: number): Bytes | undefined {
  const end = sent.length - 1;
  if (end < from || sent[end] !== CLOSING) return undefined;
  let count = 0;
  for (let i = findPrevention(sent, from); i < end; i = findPrevention(sent, i + 1)) count++;
  if (count === 0) return viewOf(sent, from, end);
  const ciphertext = new Uint8Array(end - from - count);
  let next = findPrevention(sent, from);
  for (let i = from, at = 0; i < end; i++) {
    if (i === next) next = findPrevention(sent, i + 1);
    else ciphertext[at++] = sent[i] as number;
  }
  return ciphertext;
}
