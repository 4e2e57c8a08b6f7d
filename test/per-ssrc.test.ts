// Per-SSRC keys (draft-ietf-avtcore-rtp-sframe-02 §7) against the vectors and the oracle.

import { afterEach, describe, expect, test, vi } from 'vitest';
import {
  type CipherSuite,
  cipherSuites,
  deriveSsrcKey,
  SFrameDecryptor,
  SFrameEncryptor,
} from '../src/index.ts';
import vectors from '../vectors/sframe-vectors.json' with { type: 'json' };
import { noise } from './lengths.ts';
import { hex, hkdfExpand, hkdfExtract, type OracleHash, unhex } from './oracle.ts';

const cipherSuite = 'AES_128_GCM_SHA256_128';
const names = Object.keys(cipherSuites) as CipherSuite[];
const suites = names.map((name) => ({ name, ...cipherSuites[name] }));
const baseKey = noise(16, 1);

afterEach(() => {
  vi.restoreAllMocks();
  vi.unstubAllGlobals();
});

/** The draft's formula, by the oracle. */
function expected(hash: OracleHash, key: Uint8Array, ssrc: number, len: number): string {
  const label = Uint8Array.from('SFrame 1.0 RTP Stream', (character) => character.charCodeAt(0));
  const salt = unhex(ssrc.toString(16).padStart(8, '0'));
  return hex(hkdfExpand(hash, hkdfExtract(hash, salt, key), label, len));
}

test.each(vectors.computed.ssrcKey)('vector: $hash, SSRC $ssrc', async (v) => {
  const key = unhex(v.baseKey);
  expect(expected(v.hash as OracleHash, key, Number(v.ssrc), v.nh)).toBe(v.ssrcKey);
  for (const { name } of suites.filter(({ Nh }) => Nh === v.nh))
    expect(hex(await deriveSsrcKey(key, Number(v.ssrc), name))).toBe(v.ssrcKey);
});

test.each(suites)('$name: as the oracle, for any SSRC and length of base key', async ({ name, hash, Nh }) => {
  const family = hash === 'SHA-256' ? 'sha256' : 'sha512';
  for (const ssrc of [0, 1, 0x7fffffff, 0x80000000, 0x89abcdef, 0xffffffff]) {
    for (const key of [baseKey, noise(32, 2), noise(64, 3), noise(129, 4)]) {
      const derived = await deriveSsrcKey(key, ssrc, name);
      expect(hex(derived)).toBe(expected(family, key, ssrc, Nh));
      expect(derived.buffer.byteLength).toBe(Nh);
    }
  }
});

test('a CryptoKey gives the same; one that may not derive bits is refused', async () => {
  const key = await crypto.subtle.importKey('raw', baseKey, 'HKDF', false, ['deriveBits']);
  const derived = await deriveSsrcKey(key, 7, cipherSuite);
  expect(hex(derived)).toBe(hex(await deriveSsrcKey(baseKey, 7, cipherSuite)));
  const useless = await crypto.subtle.importKey('raw', baseKey, 'HKDF', false, ['deriveKey']);
  await expect(deriveSsrcKey(useless, 7, cipherSuite)).rejects.toThrow(
    /^baseKey must have the usage deriveBits/,
  );
});

test('streams share a KID and open under their own SSRC only', async () => {
  const [camera, screen] = [0x01234567, 0x89abcdef];
  const encryptor = new SFrameEncryptor({ cipherSuite });
  encryptor.setEncryptionKey(await deriveSsrcKey(baseKey, camera, cipherSuite), 7);
  const ciphertext = encryptor.encrypt(noise(50, 5));
  const [same, rewritten] = [new SFrameDecryptor({ cipherSuite }), new SFrameDecryptor({ cipherSuite })];
  same.addDecryptionKey(await deriveSsrcKey(baseKey, camera, cipherSuite), 7);
  rewritten.addDecryptionKey(await deriveSsrcKey(baseKey, screen, cipherSuite), 7);
  expect(same.decrypt(ciphertext)).toEqual(noise(50, 5));
  expect(() => rewritten.decrypt(ciphertext)).toThrow(expect.objectContaining({ code: 'authentication' }));
});

describe('what is refused', () => {
  const bad: [argument: string, error: ErrorConstructor, values: unknown[]][] = [
    ['baseKey', TypeError, [undefined, null, 'x'.repeat(16), [...baseKey], baseKey.buffer]],
    ['baseKey', RangeError, [noise(0, 1), noise(15, 1), noise(4097, 1)]],
    ['ssrc', TypeError, [undefined, null, '1', 1n, true]],
    ['ssrc', RangeError, [-1, 1.5, 2 ** 32, Number.NaN, Number.POSITIVE_INFINITY]],
    ['cipherSuite', TypeError, [undefined, null, 4, 'AES_128_GCM', 'toString']],
  ];
  test.each(bad)('%s: %o', async (argument, error, values) => {
    for (const value of values) {
      const given = { baseKey, ssrc: 1, cipherSuite, [argument]: value } as const;
      const calling = deriveSsrcKey(given.baseKey, given.ssrc, given.cipherSuite as CipherSuite);
      await expect(calling).rejects.toThrow(error);
      await expect(calling).rejects.toThrow(new RegExp(`^${argument} `));
    }
  });

  test('a page without WebCrypto', async () => {
    vi.stubGlobal('crypto', {});
    await expect(deriveSsrcKey(baseKey, 1, cipherSuite)).rejects.toMatchObject({
      code: 'engine-unavailable',
    });
  });
});

test('the base key is copied, and the copy zeroed', async () => {
  const imports = vi.spyOn(crypto.subtle, 'importKey');
  const given = baseKey.slice();
  const deriving = deriveSsrcKey(given, 1, cipherSuite);
  given.fill(0);
  expect(await deriving).toEqual(await deriveSsrcKey(baseKey, 1, cipherSuite));
  expect(baseKey).toEqual(noise(16, 1));
  for (const [, bytes, , extractable] of imports.mock.calls as unknown as [
    string,
    Uint8Array,
    string,
    boolean,
  ][]) {
    expect(bytes).toEqual(new Uint8Array(16));
    expect(extractable).toBe(false);
  }
});
