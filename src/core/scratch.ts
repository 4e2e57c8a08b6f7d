// Buffers for bytes that nobody keeps: ciphertext on its way into HMAC. In a browser a fresh buffer of the size of a key
// frame costs as much as the cryptography, because its pages must be zeroed first.

import type { Bytes } from '../types.ts';

/** Longer ones are not kept. */
const MAX_LEN = 2 ** 18;
/** Nor are more: as many as frames are usually under way at once. */
const MAX_KEPT = 4;

/** Idle buffers, all of MAX_LEN, and how many such buffers there are. */
const idle: ArrayBuffer[] = [];
let kept = 0;

/** `len` bytes with anything in them. */
export function takeScratch(len: number): Bytes {
  if (len <= MAX_LEN && idle.length === 0 && kept < MAX_KEPT) {
    idle.push(new ArrayBuffer(MAX_LEN));
    kept++;
  }
  const buffer = len <= MAX_LEN ? idle.pop() : undefined;
  return buffer === undefined ? new Uint8Array(len) : new Uint8Array(buffer, 0, len);
}

/** Gives them back: their content is gone. */
export function giveScratch({ buffer }: Bytes): void {
  if (buffer.byteLength === MAX_LEN && idle.length < kept) idle.push(buffer);
}
