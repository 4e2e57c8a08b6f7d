/**
 * The oracle's primitives against node:crypto, over random inputs around the block boundaries.
 */
import * as crypto from 'node:crypto';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import {
  aesCtr,
  aesEncryptBlock,
  gcmOpen,
  gcmSeal,
  hex,
  hkdfExpand,
  hkdfExtract,
  hmac,
  type OracleHash,
  sha256,
  sha512,
} from './oracle.ts';

const hash = fc.constantFrom<OracleHash>('sha256', 'sha512');
const upTo = (maxLength: number) => fc.uint8Array({ maxLength, size: 'max' });
const exactly = (length: number) => fc.uint8Array({ minLength: length, maxLength: length });
const aesKey = fc.oneof(exactly(16), exactly(32));
const bits = (key: Uint8Array) => (8 * key.length) as 128 | 256;
const runs = { numRuns: 60 };

it('AES', () => {
  fc.assert(
    fc.property(aesKey, exactly(16), (key, block) => {
      const cipher = crypto.createCipheriv(`aes-${bits(key)}-ecb`, key, null);
      expect(hex(aesEncryptBlock(key, block))).toBe(cipher.update(block, undefined, 'hex'));
    }),
    runs,
  );
});

it('AES-CTR', () => {
  fc.assert(
    fc.property(aesKey, exactly(12), fc.nat(), upTo(100), (key, nonce, counter, data) => {
      // OpenSSL counts over all 16 bytes; fc.nat() stays below 2^31, so no carry can reach the nonce.
      const initial = new Uint8Array(16);
      initial.set(nonce);
      new DataView(initial.buffer).setUint32(12, counter);
      const cipher = crypto.createCipheriv(`aes-${bits(key)}-ctr`, key, initial);
      expect(hex(aesCtr(key, initial, data))).toBe(cipher.update(data, undefined, 'hex'));
    }),
    runs,
  );
});

it('AES-GCM', () => {
  fc.assert(
    fc.property(aesKey, exactly(12), upTo(50), upTo(100), (key, nonce, aad, plaintext) => {
      const cipher = crypto.createCipheriv(`aes-${bits(key)}-gcm`, key, nonce).setAAD(aad);
      const text = cipher.update(plaintext, undefined, 'hex') + cipher.final('hex');
      const sealed = gcmSeal(key, nonce, aad, plaintext);
      expect(hex(sealed)).toBe(text + cipher.getAuthTag().toString('hex'));
      expect(hex(gcmOpen(key, nonce, aad, sealed))).toBe(hex(plaintext));
    }),
    runs,
  );
});

it('SHA-256 and SHA-512, every length up to three blocks', () => {
  const data = new Uint8Array(crypto.randomBytes(3 * 128));
  for (let length = 0; length <= data.length; length++) {
    const message = data.subarray(0, length);
    expect(hex(sha256(message)), hex(message)).toBe(
      crypto.createHash('sha256').update(message).digest('hex'),
    );
    expect(hex(sha512(message)), hex(message)).toBe(
      crypto.createHash('sha512').update(message).digest('hex'),
    );
  }
});

it('HMAC', () => {
  fc.assert(
    fc.property(hash, upTo(200), upTo(200), (name, key, message) => {
      expect(hex(hmac(name, key, message))).toBe(crypto.createHmac(name, key).update(message).digest('hex'));
    }),
    runs,
  );
});

it('HKDF', () => {
  fc.assert(
    fc.property(
      hash,
      upTo(100),
      upTo(100),
      upTo(40),
      fc.integer({ min: 1, max: 150 }),
      (name, ikm, salt, info, length) => {
        const okm = new Uint8Array(crypto.hkdfSync(name, ikm, salt, info, length));
        expect(hex(hkdfExpand(name, hkdfExtract(name, salt, ikm), info, length))).toBe(hex(okm));
      },
    ),
    runs,
  );
});
