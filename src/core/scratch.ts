// Buffers for bytes that nobody keeps: ciphertext on its way into HMAC. In a browser a fresh buffer of the size of a key
// frame costs as much as the cryptography, because its pages must be zeroed first.

import type { Bytes } from '../types.ts';

/** Longer ones are not kept. */
const MAX_LEN = 2 ** 18;
/** Nor are more: as many as frames are usually under way at once. */
const MAX_KEPT = 4;

/** Idle buffers, all of MAX_LEN. */
const idle: ArrayBuffer[] = [];

/** `len` bytes with anything in them. */
export function takeScratch(len: number): Bytes {
  if (len > MAX_LEN) return new Uint8Array(len);
  return new Uint8Array(idle.pop() ?? new ArrayBuffer(MAX_LEN), 0, len);
}

/** Gives them back: their content is gone. */
export function giveScratch({ buffer }: Bytes): void {
  if (buffer.byteLength === MAX_LEN && idle.length < MAX_KEPT) idle.push(buffer);
}
