// Who is measured. Each turns a plaintext into a whole frame, in a buffer of its own: header, nonce, AEAD; and back.

import { medooze } from './medooze.mjs';
import { noble } from './noble.mjs';
import { ours, oursOnly } from './ours.mjs';
import { webCrypto } from './webcrypto.mjs';

/**
 * @typedef {object} Contestant
 * @property {string} id
 * @property {string} name
 * @property {(plaintext: Uint8Array<ArrayBuffer>) => unknown} seal under its next counter; a frame or a promise of one
 * @property {(frame: Uint8Array<ArrayBuffer>) => unknown} open
 * @property {number} [lanes] how many promises are kept in flight; 1: each is awaited
 * @property {Uint8Array} [target] `seal` and `open` write here and return a length
 * @property {boolean} [ownFormat] its frames are not RFC 9605's
 * @property {() => void} [close]
 */

/** Suites in which others are measured too. */
export const compared = [1, 4];

/**
 * Fresh ones, counting from 0.
 * @param {number} suite IANA number
 * @param {number} maxLen longest plaintext
 * @returns {Promise<Contestant[]>}
 */
export async function contestants(suite, maxLen) {
  if (!compared.includes(suite)) return oursOnly(suite, maxLen);
  const all = [...ours(suite, maxLen), ...(await webCrypto(suite)), ...(await noble(suite))];
  if (suite === 1) all.push(...(await medooze()));
  if (globalThis.process?.versions?.node !== undefined) {
    const { nodeCrypto } = await import('./node-crypto.mjs');
    all.push(...(await nodeCrypto(suite)));
  }
  return all;
}
