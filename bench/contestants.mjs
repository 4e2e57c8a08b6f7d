// Who is measured: each turns a plaintext into a whole SFrame ciphertext, AES-128-GCM, as its users would call it
// once a frame. Peers without SFrame get key, salt and header ready-made, and only form the nonce.

import { createCipheriv, hkdfSync } from 'node:crypto';
import { gcm } from '@noble/ciphers/aes.js';
import { encodeHeader, SFrameEncryptor } from '../dist/index.js';

const cipherSuite = 'AES_128_GCM_SHA256_128';
const suiteId = 4;
export const kid = 0x12;
export const baseKey = Uint8Array.from({ length: 16 }, (_, i) => i);

/** sframe_key and sframe_salt (RFC 9605 §4.4.2). */
function derive() {
  const suffix = Buffer.alloc(10);
  suffix.writeBigUInt64BE(BigInt(kid));
  suffix.writeUInt16BE(suiteId, 8);
  /** @param {string} label @param {number} len */
  const expand = (label, len) =>
    new Uint8Array(hkdfSync('sha256', baseKey, '', Buffer.concat([Buffer.from(label), suffix]), len));
  return { key: expand('SFrame 1.0 Secret key ', 16), salt: expand('SFrame 1.0 Secret salt ', 12) };
}

const { key, salt } = derive();

/** @param {number} ctr */
function nonceFor(ctr) {
  const nonce = salt.slice();
  const view = new DataView(nonce.buffer);
  view.setUint32(8, view.getUint32(8) ^ ctr);
  return nonce;
}

/** @param {Uint8Array} header @param {Uint8Array} sealed */
function join(header, sealed) {
  const frame = new Uint8Array(header.length + sealed.length);
  frame.set(header);
  frame.set(sealed, header.length);
  return frame;
}

/**
 * `seal` encrypts under its own next counter, from 0 on. A promise is awaited before the next frame.
 * @typedef {{ name: string, seal: (plaintext: Uint8Array<ArrayBuffer>) => Uint8Array | Promise<Uint8Array> }} Contestant
 */

/** @returns {Promise<Contestant[]>} fresh ones, counting from 0 */
export async function contestants() {
  const target = new Uint8Array(2 ** 20 + 64);
  const ours = new SFrameEncryptor({ cipherSuite });
  ours.setEncryptionKey(baseKey, kid);
  const oursInto = new SFrameEncryptor({ cipherSuite });
  oursInto.setEncryptionKey(baseKey, kid);
  const subtleKey = await crypto.subtle.importKey('raw', key, 'AES-GCM', false, ['encrypt']);
  let nobleCtr = 0;
  let nodeCtr = 0;
  let subtleCtr = 0;
  return [
    { name: 'sframe-wasm encrypt', seal: (plaintext) => ours.encrypt(plaintext) },
    {
      name: 'sframe-wasm encryptInto',
      seal: (plaintext) => target.subarray(0, oursInto.encryptInto(target, plaintext)),
    },
    {
      name: '@noble/ciphers gcm',
      seal(plaintext) {
        const ctr = nobleCtr++;
        const header = encodeHeader(kid, ctr);
        return join(header, gcm(key, nonceFor(ctr), header).encrypt(plaintext));
      },
    },
    {
      name: 'node:crypto, synchronous',
      seal(plaintext) {
        const ctr = nodeCtr++;
        const header = encodeHeader(kid, ctr);
        const cipher = createCipheriv('aes-128-gcm', key, nonceFor(ctr)).setAAD(header);
        return Buffer.concat([header, cipher.update(plaintext), cipher.final(), cipher.getAuthTag()]);
      },
    },
    {
      name: 'WebCrypto, awaited',
      async seal(plaintext) {
        const ctr = subtleCtr++;
        const header = encodeHeader(kid, ctr);
        const algorithm = { name: 'AES-GCM', iv: nonceFor(ctr), additionalData: header };
        return join(header, new Uint8Array(await crypto.subtle.encrypt(algorithm, subtleKey, plaintext)));
      },
    },
  ];
}
