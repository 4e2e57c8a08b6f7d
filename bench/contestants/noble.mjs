// The JavaScript ones: @noble/ciphers, whose AES expands the key in every call, as its API has it; for suite 1 with
// hash-wasm's HMAC, which has no AES itself.

import { ctr as aesCtr, gcm as aesGcm, createHMAC, createSHA256 } from '../packages.mjs';
import * as sframe from '../sframe.mjs';

/** @typedef {import('./index.mjs').Contestant} Contestant */

const { kid } = sframe;

/** Suite 4. @returns {Promise<Contestant>} */
async function gcm() {
  const { key, salt } = await sframe.deriveKeySalt(4);
  let next = 0;
  return {
    id: 'noble',
    name: '@noble/ciphers gcm',
    seal(plaintext) {
      const ctr = next++;
      const header = sframe.writeHeader(kid, ctr);
      return sframe.join(header, aesGcm(key, sframe.nonceFor(salt, ctr), header).encrypt(plaintext));
    },
    open(frame) {
      const { ctr, length } = sframe.readHeader(frame);
      const header = frame.subarray(0, length);
      return aesGcm(key, sframe.nonceFor(salt, ctr), header).decrypt(frame.subarray(length));
    },
  };
}

/** Suite 1. @returns {Promise<Contestant>} */
async function ctrHmac() {
  const { key, salt } = await sframe.deriveKeySalt(1);
  const tagLen = 10;
  const aesKey = key.slice(0, 16);
  const hmac = await createHMAC(createSHA256(), key.subarray(16));
  /** @param {Uint8Array} nonce @param {Uint8Array} header @param {Uint8Array} sealed */
  const tagOf = (nonce, header, sealed) => {
    hmac
      .init()
      .update(sframe.authPrefix(nonce, header, sealed.length, tagLen))
      .update(sealed);
    return hmac.digest('binary').subarray(0, tagLen);
  };
  let next = 0;
  return {
    id: 'noble',
    name: '@noble ctr, hash-wasm hmac',
    seal(plaintext) {
      const ctr = next++;
      const header = sframe.writeHeader(kid, ctr);
      const nonce = sframe.nonceFor(salt, ctr);
      const sealed = aesCtr(aesKey, sframe.counterBlock(nonce)).encrypt(plaintext);
      return sframe.join(header, sealed, tagOf(nonce, header, sealed));
    },
    open(frame) {
      const { ctr, length } = sframe.readHeader(frame);
      const nonce = sframe.nonceFor(salt, ctr);
      const sealed = frame.subarray(length, -tagLen);
      const tag = tagOf(nonce, frame.subarray(0, length), sealed);
      if (!sframe.sameTag(tag, frame.subarray(-tagLen))) throw new Error('not authentic');
      return aesCtr(aesKey, sframe.counterBlock(nonce)).decrypt(sealed);
    },
  };
}

/** @param {number} suite 1 or 4 */
export async function noble(suite) {
  return [await (suite === 4 ? gcm() : ctrHmac())];
}
