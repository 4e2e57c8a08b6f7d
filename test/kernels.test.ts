// The kernels against second opinions that run everywhere: @noble/ciphers, WebCrypto and the oracle.

import { ctr, gcm } from '@noble/ciphers/aes.js';
import { describe, expect, test } from 'vitest';
import { type Hash, Kernels } from './kernels.ts';
import { edgeLengths, noise } from './lengths.ts';
import { aesCtr, ghash, hex, oracleOpen, oracleSeal } from './oracle.ts';

const kernels = await Kernels.load();
const { subtle } = crypto;
const hashes: readonly Hash[] = ['SHA-256', 'SHA-512'];

/** Lengths of aad: none, around a block, and some of more than one pass. */
const aadLengths = [0, 1, 15, 16, 17, 31, 32, 33, 100, 300];

describe.each([16, 32])('AES with a key of %i bytes', (keyLen) => {
  test('CTR is that of @noble/ciphers at every length', () => {
    for (const len of edgeLengths) {
      const [key, nonce, text] = [noise(keyLen, len + 1), noise(12, len + 2), noise(len, len + 3)];
      const initial = new Uint8Array([...nonce, 0, 0, 0, 0]);
      expect(hex(kernels.ctr(key, nonce, 0, text)), `${len}`).toBe(hex(ctr(key, initial).encrypt(text)));
    }
  });

  test('CTR counts over every carry of its 32 bits, and wraps them alone', () => {
    const key = noise(keyLen, 1);
    const nonce = noise(12, 2);
    const text = noise(400, 3);
    for (const counter of [
      1, 7, 8, 0xf8, 0xff, 0x100, 0xfffa, 0xffffff, 0x7ffffffa, 0xfffffffa, 0xffffffff,
    ]) {
      const initial = new Uint8Array(16);
      initial.set(nonce);
      new DataView(initial.buffer).setUint32(12, counter);
      expect(hex(kernels.ctr(key, nonce, counter, text)), `${counter}`).toBe(hex(aesCtr(key, initial, text)));
    }
  });

  test('GCM is that of @noble/ciphers at every length', () => {
    for (const len of edgeLengths) {
      const aad = noise(aadLengths[len % aadLengths.length] as number, len + 4);
      const [key, nonce, text] = [noise(keyLen, len + 1), noise(12, len + 2), noise(len, len + 3)];
      const sealed = kernels.sealGcm(key, nonce, aad, text);
      expect(hex(sealed), `${len}`).toBe(hex(gcm(key, nonce, aad).encrypt(text)));
      expect(hex(kernels.openGcm(key, nonce, aad, sealed) as Uint8Array), `${len}`).toBe(hex(text));
    }
  });

  test('GCM is that of WebCrypto for every length of aad', async () => {
    const raw = noise(keyLen, 5);
    const key = await subtle.importKey('raw', raw, 'AES-GCM', false, ['encrypt']);
    for (let aadLen = 0; aadLen <= 300; aadLen++) {
      const [iv, additionalData, text] = [
        noise(12, aadLen),
        noise(aadLen, aadLen + 1),
        noise(aadLen % 40, 7),
      ];
      const sealed = new Uint8Array(await subtle.encrypt({ name: 'AES-GCM', iv, additionalData }, key, text));
      expect(hex(kernels.sealGcm(raw, iv, additionalData, text)), `${aadLen}`).toBe(hex(sealed));
    }
  });

  test('GCM opens nothing that was changed', () => {
    const [key, nonce, aad, text] = [noise(keyLen, 1), noise(12, 2), noise(20, 3), noise(50, 4)];
    const sealed = kernels.sealGcm(key, nonce, aad, text);
    for (let bit = 0; bit < sealed.length * 8; bit++) {
      const changed = sealed.slice();
      changed[bit >> 3] = (changed[bit >> 3] as number) ^ (1 << (bit & 7));
      expect(kernels.openGcm(key, nonce, aad, changed)).toBeUndefined();
    }
    expect(kernels.openGcm(key, nonce, noise(20, 9), sealed)).toBeUndefined();
    expect(kernels.openGcm(key, noise(12, 9), aad, sealed)).toBeUndefined();
    expect(kernels.openGcm(noise(keyLen, 9), nonce, aad, sealed)).toBeUndefined();
  });
});

test('GHASH is the bigint one, for hash keys of every single bit and for 1 to 40 blocks', () => {
  for (let bit = 0; bit < 128; bit++) {
    const h = new Uint8Array(16);
    h[bit >> 3] = 0x80 >> (bit & 7);
    const blocks = noise(16 * (1 + (bit % 20)), bit);
    expect(hex(kernels.ghash(h, blocks)), `bit ${bit}`).toBe(hex(ghash(h, blocks)));
  }
  for (let blocks = 1; blocks <= 40; blocks++) {
    const [h, text] = [noise(16, blocks), noise(16 * blocks, blocks + 1)];
    expect(hex(kernels.ghash(h, text)), `${blocks} blocks`).toBe(hex(ghash(h, text)));
  }
  const ones = new Uint8Array(16 * 17).fill(0xff);
  expect(hex(kernels.ghash(ones.subarray(0, 16), ones))).toBe(hex(ghash(ones.subarray(0, 16), ones)));
});

describe.each(hashes)('%s', (hash) => {
  const block = hash === 'SHA-512' ? 128 : 64;
  const digest = block / 2;

  test('is that of WebCrypto at every length', async () => {
    for (const len of [...edgeLengths, ...Array.from({ length: 3 * block }, (_, i) => 130 + i)]) {
      const message = noise(len, len + 1);
      const expected = new Uint8Array(await subtle.digest(hash, message));
      expect(hex(kernels.sha(hash, message)), `${len}`).toBe(hex(expected));
    }
  });

  test('HMAC is that of WebCrypto for every key up to a block and messages around it', async () => {
    for (let len = 1; len <= block; len++) {
      const raw = noise(len, len);
      const message = noise(2 * block + len - 20, len + 1);
      const key = await subtle.importKey('raw', raw, { name: 'HMAC', hash }, false, ['sign']);
      const expected = new Uint8Array(await subtle.sign('HMAC', key, message));
      expect(hex(kernels.hmac(hash, raw, message)), `${len}`).toBe(hex(expected));
    }
  });

  test('HKDF is that of WebCrypto for keys, labels and outputs of every length', async () => {
    for (let len = 1; len <= 256; len += len < 80 ? 1 : 8) {
      const ikm = noise(len, len);
      const info = noise(len % 81, len + 1);
      const key = await subtle.importKey('raw', ikm, 'HKDF', false, ['deriveBits']);
      const algorithm = { name: 'HKDF', hash, salt: new Uint8Array(0), info };
      const expected = new Uint8Array(await subtle.deriveBits(algorithm, key, len * 8));
      const prk = kernels.hkdfExtract(hash, ikm);
      expect(hex(kernels.hkdfExpand(hash, prk, info, len)), `${len}`).toBe(hex(expected));
    }
  });

  test('CTR + HMAC is that of WebCrypto at every length', async () => {
    for (const len of edgeLengths) {
      const aad = noise(aadLengths[len % aadLengths.length] as number, len + 4);
      const tagLen = [10, 8, 4][len % 3] as number;
      const [key, nonce, text] = [noise(digest * 1.5, len + 1), noise(12, len + 2), noise(len, len + 3)];
      const sealed = kernels.sealCtrHmac(hash, tagLen, key, nonce, aad, text);
      expect(hex(sealed), `${len}`).toBe(hex(await webCryptoCtrHmac(hash, tagLen, key, nonce, aad, text)));
      const opened = kernels.openCtrHmac(hash, tagLen, key, nonce, aad, sealed);
      expect(hex(opened as Uint8Array), `${len}`).toBe(hex(text));
    }
  });

  test('CTR + HMAC is the oracle’s, and opens nothing that was changed', () => {
    const [key, nonce, aad, text] = [noise(digest * 1.5, 1), noise(12, 2), noise(20, 3), noise(40, 4)];
    for (const [id, tagLen] of hash === 'SHA-256' ? ids128 : ids256) {
      const sealed = kernels.sealCtrHmac(hash, tagLen, key, nonce, aad, text);
      expect(hex(sealed)).toBe(hex(oracleSeal(id, key, nonce, aad, text)));
      expect(hex(oracleOpen(id, key, nonce, aad, sealed))).toBe(hex(text));
      for (let bit = 0; bit < sealed.length * 8; bit++) {
        const changed = sealed.slice();
        changed[bit >> 3] = (changed[bit >> 3] as number) ^ (1 << (bit & 7));
        expect(kernels.openCtrHmac(hash, tagLen, key, nonce, aad, changed)).toBeUndefined();
      }
    }
  });
});

const ids128 = [
  [1, 10],
  [2, 8],
  [3, 4],
] as const;
const ids256 = [
  [6, 10],
  [7, 8],
  [8, 4],
] as const;

/** RFC 9605 §4.5.1 put together from WebCrypto's parts. */
async function webCryptoCtrHmac(
  hash: Hash,
  tagLen: number,
  key: Uint8Array<ArrayBuffer>,
  nonce: Uint8Array,
  aad: Uint8Array,
  text: Uint8Array<ArrayBuffer>,
): Promise<Uint8Array> {
  const encLen = key.length / 3;
  const encKey = await subtle.importKey('raw', key.slice(0, encLen), 'AES-CTR', false, ['encrypt']);
  const authKey = await subtle.importKey('raw', key.slice(encLen), { name: 'HMAC', hash }, false, ['sign']);
  const counter = new Uint8Array([...nonce, 0, 0, 0, 0]);
  const ct = new Uint8Array(await subtle.encrypt({ name: 'AES-CTR', counter, length: 32 }, encKey, text));
  const lengths = new Uint8Array(24);
  const view = new DataView(lengths.buffer);
  view.setBigUint64(0, BigInt(aad.length));
  view.setBigUint64(8, BigInt(ct.length));
  view.setBigUint64(16, BigInt(tagLen));
  const authData = await new Blob([lengths, nonce.slice(), aad.slice(), ct]).arrayBuffer();
  const tag = new Uint8Array(await subtle.sign('HMAC', authKey, authData)).subarray(0, tagLen);
  return new Uint8Array([...ct, ...tag]);
}
