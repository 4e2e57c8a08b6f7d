// @ts-check
// What a bad network or a dishonest relay may do to one SFrame ciphertext (header ‖ encrypted frame ‖ tag).
// None of these may open, and none may move any state of the receiver.

import { decodeHeader } from 'sframe-wasm';

/**
 * Forged copies of one ciphertext, each with the error codes a receiver may refuse it with. `turn` chooses
 * the bit and the cut, so that a run over many frames comes by all of them.
 *
 * @param {Uint8Array} ciphertext
 * @param {number} tagLength
 * @param {number} turn
 * @returns {Generator<{ what: string, bytes: Uint8Array, codes: string[] }>}
 */
export function* forgeries(ciphertext, tagLength, turn) {
  const body = decodeHeader(ciphertext).length;
  const tag = ciphertext.length - tagLength;

  // A header with one bit changed may be no header, name another key, or claim a counter seen before or
  // never sent.
  const header = ['syntax', 'key-id', 'replay', 'authentication'];
  yield { what: 'a bit of the header flipped', bytes: flip(ciphertext, turn % (8 * body)), codes: header };
  if (tag > body) {
    const bit = 8 * body + ((turn * 1009) % (8 * (tag - body)));
    yield { what: 'a bit of the body flipped', bytes: flip(ciphertext, bit), codes: ['authentication'] };
  }
  const bit = 8 * tag + (turn % (8 * tagLength));
  yield { what: 'a bit of the tag flipped', bytes: flip(ciphertext, bit), codes: ['authentication'] };

  const lengths = [ciphertext.length - 1, ciphertext.length >> 1, body, body - 1];
  const length = lengths[turn % lengths.length] ?? 0;
  // Too short for header and tag is no SFrame at all; anything longer can only fail its authentication.
  const codes = [length < body + tagLength ? 'syntax' : 'authentication'];
  yield { what: `cut to ${length} bytes`, bytes: ciphertext.subarray(0, length), codes };
}

/**
 * The frames in the order of a link that delivers late: each run of `depth` comes backwards.
 *
 * @template T
 * @param {T[]} frames
 * @param {number} depth
 * @returns {T[]}
 */
export function reorder(frames, depth) {
  const late = [];
  for (let at = 0; at < frames.length; at += depth) late.push(...frames.slice(at, at + depth).reverse());
  return late;
}

/**
 * @param {Uint8Array} bytes
 * @param {number} bit
 */
function flip(bytes, bit) {
  const copy = bytes.slice();
  copy[bit >> 3] = (copy[bit >> 3] ?? 0) ^ (0x80 >> (bit & 7));
  return copy;
}
