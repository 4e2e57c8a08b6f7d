// What a user of a bare AEAD has to write around it to send SFrame (RFC 9605), in its shortest and fastest form:
// keys, header, nonce. The contestants without SFrame of their own use it; KID and CTR below 2^32 do for them.

import { cipherSuites } from '../dist/index.js';

/** @typedef {import('../dist/index.js').CipherSuite} CipherSuite */

/** The KID of every measurement of one sender. */
export const kid = 0x12;
/** Its base_key. */
export const baseKey = Uint8Array.from({ length: 16 }, (_, i) => i);

/** Our cipher suites by their IANA number. */
export const suiteNames = /** @type {Record<number, CipherSuite>} */ (
  Object.fromEntries(Object.entries(cipherSuites).map(([name, { id }]) => [id, name]))
);

/**
 * sframe_key and sframe_salt (§4.4.2) through WebCrypto.
 * @param {number} suite IANA number
 * @param {number} ofKid
 * @param {Uint8Array<ArrayBuffer>} fromBaseKey
 */
export async function deriveKeySalt(suite, ofKid = kid, fromBaseKey = baseKey) {
  const { hash, Nk, Nn } = cipherSuites[/** @type {CipherSuite} */ (suiteNames[suite])];
  const material = await crypto.subtle.importKey('raw', fromBaseKey, 'HKDF', false, ['deriveBits']);
  const expand = async (/** @type {string} */ label, /** @type {number} */ len) => {
    const params = { name: 'HKDF', hash, salt: new Uint8Array(0), info: labelFor(label, suite, ofKid) };
    return new Uint8Array(await crypto.subtle.deriveBits(params, material, 8 * len));
  };
  return {
    key: await expand('SFrame 1.0 Secret key ', Nk),
    salt: await expand('SFrame 1.0 Secret salt ', Nn),
  };
}

/** @param {string} text @param {number} suite @param {number} ofKid */
export function labelFor(text, suite, ofKid) {
  const label = new Uint8Array(text.length + 10);
  new TextEncoder().encodeInto(text, label);
  const view = new DataView(label.buffer);
  view.setUint32(text.length + 4, ofKid);
  view.setUint16(text.length + 8, suite);
  return label;
}

/** @param {number} value */
function byteLength(value) {
  return value < 0x100 ? 1 : value < 0x10000 ? 2 : value < 0x1000000 ? 3 : 4;
}

/** The header (§4.3): a config byte, then KID and CTR if they do not fit into it. @param {number} ofKid @param {number} ctr */
export function writeHeader(ofKid, ctr) {
  const kidLen = ofKid < 8 ? 0 : byteLength(ofKid);
  const ctrLen = ctr < 8 ? 0 : byteLength(ctr);
  const header = new Uint8Array(1 + kidLen + ctrLen);
  header[0] =
    (kidLen === 0 ? ofKid << 4 : 0x80 | ((kidLen - 1) << 4)) | (ctrLen === 0 ? ctr : 0x08 | (ctrLen - 1));
  for (let i = kidLen, rest = ofKid; i > 0; i--, rest >>>= 8) header[i] = rest;
  for (let i = kidLen + ctrLen, rest = ctr; i > kidLen; i--, rest >>>= 8) header[i] = rest;
  return header;
}

/** @param {Uint8Array} frame */
export function readHeader(frame) {
  const config = frame[0] ?? 0;
  const kidLen = config & 0x80 ? ((config >> 4) & 7) + 1 : 0;
  const ctrLen = config & 0x08 ? (config & 7) + 1 : 0;
  let ofKid = kidLen === 0 ? config >> 4 : 0;
  for (let i = 1; i <= kidLen; i++) ofKid = ofKid * 256 + (frame[i] ?? 0);
  let ctr = ctrLen === 0 ? config & 7 : 0;
  for (let i = kidLen + 1; i <= kidLen + ctrLen; i++) ctr = ctr * 256 + (frame[i] ?? 0);
  return { kid: ofKid, ctr, length: 1 + kidLen + ctrLen };
}

/** The nonce: salt XOR CTR. @param {Uint8Array<ArrayBuffer>} salt @param {number} ctr */
export function nonceFor(salt, ctr) {
  const nonce = salt.slice();
  for (let i = nonce.length - 1, rest = ctr; rest > 0; i--, rest >>>= 8)
    nonce[i] = /** @type {number} */ (nonce[i]) ^ rest;
  return nonce;
}

/** AES-CTR's first counter block: the nonce, then 32 zero bits (§4.5.1). @param {Uint8Array} nonce */
export function counterBlock(nonce) {
  const block = new Uint8Array(16);
  block.set(nonce);
  return block;
}

/** What HMAC covers before the ciphertext (§4.5.1). @param {Uint8Array} nonce @param {Uint8Array} aad @param {number} len @param {number} tagLen */
export function authPrefix(nonce, aad, len, tagLen) {
  const prefix = new Uint8Array(24 + nonce.length + aad.length);
  const view = new DataView(prefix.buffer);
  view.setUint32(4, aad.length);
  view.setUint32(12, len);
  view.setUint32(20, tagLen);
  prefix.set(nonce, 24);
  prefix.set(aad, 24 + nonce.length);
  return prefix;
}

/** A new buffer with the parts one after the other. @param {Uint8Array} a @param {Uint8Array} b @param {Uint8Array} [c] */
export function join(a, b, c) {
  const frame = new Uint8Array(a.length + b.length + (c === undefined ? 0 : c.length));
  frame.set(a);
  frame.set(b, a.length);
  if (c !== undefined) frame.set(c, a.length + b.length);
  return frame;
}

/** Whether two tags agree; never exits early. @param {Uint8Array} a @param {Uint8Array} b */
export function sameTag(a, b) {
  let difference = a.length ^ b.length;
  for (let i = 0; i < a.length; i++) difference |= (a[i] ?? 0) ^ (b[i] ?? 0);
  return difference === 0;
}
