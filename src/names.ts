// Names that people and applications give: rooms, participants, apps. As bytes they say how long they are.

import { type Bytes, concat } from './types.ts';

/** In bytes: OpenSSL takes no more than 1024 for HKDF's info, which holds a name and a label. */
export const MAX_NAME_LEN = 512;

/** u16be(length) ‖ UTF-8: names can be told apart whatever follows them. */
export function prefixed(name: string, argument: string): Bytes {
  assertText(name, argument);
  const bytes = new TextEncoder().encode(name);
  if (bytes.length === 0 || bytes.length > MAX_NAME_LEN)
    throw new RangeError(`${argument} must be from 1 to ${MAX_NAME_LEN} bytes long in UTF-8`);
  return concat(new Uint8Array([bytes.length >> 8, bytes.length & 0xff]), bytes);
}

/** Refuses what has no UTF-8: TextEncoder would put one and the same character for every half of a pair. */
export function assertText(text: string, argument: string): void {
  if (typeof text !== 'string') throw new TypeError(`${argument} must be a string`);
  if (/\p{Surrogate}/u.test(text)) throw new TypeError(`${argument} must not hold half a surrogate pair`);
}
