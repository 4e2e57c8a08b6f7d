// node:crypto, synchronous: OpenSSL with the processor's AES instructions. Loaded in Node only.

import { createCipheriv, createDecipheriv, createHmac, timingSafeEqual } from 'node:crypto';
import * as sframe from '../sframe.mjs';

/** @typedef {import('./index.mjs').Contestant} Contestant */

const { kid } = sframe;

/** Suite 4. @returns {Promise<Contestant>} */
async function gcm() {
  const { key, salt } = await sframe.deriveKeySalt(4);
  let next = 0;
  return {
    id: 'node',
    name: 'node:crypto, synchronous',
    seal(plaintext) {
      const ctr = next++;
      const header = sframe.writeHeader(kid, ctr);
      const cipher = createCipheriv('aes-128-gcm', key, sframe.nonceFor(salt, ctr)).setAAD(header);
      return Buffer.concat([header, cipher.update(plaintext), cipher.final(), cipher.getAuthTag()]);
    },
    open(frame) {
      const { ctr, length } = sframe.readHeader(frame);
      const decipher = createDecipheriv('aes-128-gcm', key, sframe.nonceFor(salt, ctr));
      decipher.setAAD(frame.subarray(0, length)).setAuthTag(frame.subarray(-16));
      const plaintext = decipher.update(frame.subarray(length, -16));
      decipher.final();
      return plaintext;
    },
  };
}

/** Suite 1. @returns {Promise<Contestant>} */
async function ctrHmac() {
  const { key, salt } = await sframe.deriveKeySalt(1);
  const tagLen = 10;
  const aesKey = key.subarray(0, 16);
  const authKey = key.subarray(16);
  /** @param {Uint8Array} nonce @param {Uint8Array} header @param {Uint8Array} sealed */
  const tagOf = (nonce, header, sealed) => {
    const hmac = createHmac('sha256', authKey);
    hmac.update(sframe.authPrefix(nonce, header, sealed.length, tagLen)).update(sealed);
    return hmac.digest().subarray(0, tagLen);
  };
  let next = 0;
  return {
    id: 'node',
    name: 'node:crypto, synchronous',
    seal(plaintext) {
      const ctr = next++;
      const header = sframe.writeHeader(kid, ctr);
      const nonce = sframe.nonceFor(salt, ctr);
      const sealed = createCipheriv('aes-128-ctr', aesKey, sframe.counterBlock(nonce)).update(plaintext);
      return Buffer.concat([header, sealed, tagOf(nonce, header, sealed)]);
    },
    open(frame) {
      const { ctr, length } = sframe.readHeader(frame);
      const nonce = sframe.nonceFor(salt, ctr);
      const sealed = frame.subarray(length, -tagLen);
      const tag = tagOf(nonce, frame.subarray(0, length), sealed);
      if (!timingSafeEqual(tag, frame.subarray(-tagLen))) throw new Error('not authentic');
      return createDecipheriv('aes-128-ctr', aesKey, sframe.counterBlock(nonce)).update(sealed);
    },
  };
}

/** @param {number} suite 1 or 4 */
export async function nodeCrypto(suite) {
  return [await (suite === 4 ? gcm() : ctrHmac())];
}
