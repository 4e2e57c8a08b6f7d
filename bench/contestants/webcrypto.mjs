// WebCrypto as a user would call it: the key imported once; per frame header, nonce, one or two awaited operations,
// and the header put before what comes out. Also with 32 frames in flight, which Node spreads over its threads.

import * as sframe from '../sframe.mjs';

/** @typedef {import('./index.mjs').Contestant} Contestant */

const { kid } = sframe;
const { subtle } = globalThis.crypto;

/** Suite 4. @param {number} lanes @returns {Promise<Contestant>} */
async function gcm(lanes) {
  const { key: raw, salt } = await sframe.deriveKeySalt(4);
  const key = await subtle.importKey('raw', raw, 'AES-GCM', false, ['encrypt', 'decrypt']);
  let next = 0;
  return {
    ...nameOf(lanes, 'WebCrypto'),
    async seal(plaintext) {
      const ctr = next++;
      const header = sframe.writeHeader(kid, ctr);
      const params = { name: 'AES-GCM', iv: sframe.nonceFor(salt, ctr), additionalData: header };
      return sframe.join(header, new Uint8Array(await subtle.encrypt(params, key, plaintext)));
    },
    async open(frame) {
      const { ctr, length } = sframe.readHeader(frame);
      const params = {
        name: 'AES-GCM',
        iv: sframe.nonceFor(salt, ctr),
        additionalData: frame.subarray(0, length),
      };
      return new Uint8Array(await subtle.decrypt(params, key, frame.subarray(length)));
    },
  };
}

/** Suite 1: AES-CTR, then HMAC over its output. @param {number} lanes @returns {Promise<Contestant>} */
async function ctrHmac(lanes) {
  const { key: raw, salt } = await sframe.deriveKeySalt(1);
  const tagLen = 10;
  const key = await subtle.importKey('raw', raw.subarray(0, 16), 'AES-CTR', false, ['encrypt', 'decrypt']);
  const hmac = { name: 'HMAC', hash: 'SHA-256' };
  const authKey = await subtle.importKey('raw', raw.subarray(16), hmac, false, ['sign']);
  /** @param {Uint8Array} nonce */
  const params = (nonce) => ({ name: 'AES-CTR', counter: sframe.counterBlock(nonce), length: 32 });
  /** WebCrypto verifies no tag that is cut: sign again, and compare. @param {Uint8Array} nonce @param {Uint8Array} header @param {Uint8Array} sealed */
  const tagOf = async (nonce, header, sealed) => {
    const covered = sframe.join(sframe.authPrefix(nonce, header, sealed.length, tagLen), sealed);
    return new Uint8Array(await subtle.sign('HMAC', authKey, covered), 0, tagLen);
  };
  let next = 0;
  return {
    ...nameOf(lanes, 'WebCrypto CTR, HMAC'),
    async seal(plaintext) {
      const ctr = next++;
      const header = sframe.writeHeader(kid, ctr);
      const nonce = sframe.nonceFor(salt, ctr);
      const sealed = new Uint8Array(await subtle.encrypt(params(nonce), key, plaintext));
      return sframe.join(header, sealed, await tagOf(nonce, header, sealed));
    },
    async open(frame) {
      const { ctr, length } = sframe.readHeader(frame);
      const nonce = sframe.nonceFor(salt, ctr);
      const sealed = frame.subarray(length, -tagLen);
      const tag = await tagOf(nonce, frame.subarray(0, length), sealed);
      if (!sframe.sameTag(tag, frame.subarray(-tagLen))) throw new Error('not authentic');
      return new Uint8Array(await subtle.decrypt(params(nonce), key, sealed));
    },
  };
}

/** @param {number} lanes @param {string} name */
function nameOf(lanes, name) {
  return lanes === 1
    ? { id: 'subtle', name: `${name}, awaited`, lanes }
    : { id: `subtle-${lanes}`, name: `${name} ×${lanes}`, lanes };
}

/** @param {number} suite 1 or 4 */
export async function webCrypto(suite) {
  const make = suite === 4 ? gcm : ctrHmac;
  return [await make(1), await make(32)];
}
