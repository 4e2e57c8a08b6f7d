// @ts-check
// The relay in the middle (an SFU): it holds no key and sees only ciphertext. What it can read is each
// frame's key id and counter, which is enough to forward, to count and to notice loss.

import { decodeHeader } from 'sframe-wasm';

export class Relay {
  /** @type {Uint8Array[]} */
  forwarded = [];
  /** @type {Set<bigint>} */
  kids = new Set();
  lastCtr = -1n;
  gaps = 0;
  bytes = 0;

  /**
   * @param {Uint8Array} ciphertext
   * @returns {Uint8Array}
   */
  forward(ciphertext) {
    const { kid, ctr } = decodeHeader(ciphertext);
    this.kids.add(kid);
    if (ctr !== this.lastCtr + 1n) this.gaps++;
    this.lastCtr = ctr;
    this.bytes += ciphertext.length;
    this.forwarded.push(ciphertext);
    return ciphertext;
  }
}

/**
 * Whether a ciphertext shows 16 bytes of the plaintext anywhere. The plaintext is looked at in whole blocks
 * of 16; shorter frames are left out, because two or three equal bytes prove nothing.
 *
 * @param {Uint8Array} plaintext
 * @param {Uint8Array} ciphertext
 */
export function leaks(plaintext, ciphertext) {
  const secret = Buffer.from(plaintext.buffer, plaintext.byteOffset, plaintext.byteLength);
  const seen = Buffer.from(ciphertext.buffer, ciphertext.byteOffset, ciphertext.byteLength);
  // A look at six bytes first, so that the search through the plaintext runs only where a block may begin.
  const starts = new Set();
  for (let at = 0; at + 16 <= secret.length; at += 16) starts.add(secret.readUIntBE(at, 6));
  for (let at = 0; at + 16 <= seen.length; at++) {
    if (starts.has(seen.readUIntBE(at, 6)) && secret.includes(seen.subarray(at, at + 16))) return true;
  }
  return false;
}
