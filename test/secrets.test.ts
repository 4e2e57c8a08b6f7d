// What is left of keys and frames in the core's memory, and what can get out of it.

import { afterAll, describe, expect, test } from 'vitest';
import { noise } from './lengths.ts';
import { oracleDerive, oracleEncrypt } from './oracle.ts';
import { coreExports, coreHolds, coreMemory, dirtyBytes, dirtyScratch } from './spied-core.ts';

const { cipherSuites, preload, SFrameDecryptor, SFrameEncryptor } = await import('../src/index.ts');
type CipherSuite = keyof typeof cipherSuites;
const names = Object.keys(cipherSuites) as CipherSuite[];
const metadata = noise(40, 77);

test('the self-test leaves nothing', () => {
  preload();
  expect(dirtyBytes()).toEqual([]);
});

test('the search finds what is there', () => {
  expect(coreHolds(coreMemory().slice(1024, 1040))).toBe(true);
  coreMemory()[60_000] = 1;
  expect(dirtyBytes()).toEqual([{ at: 60_000, byte: 1 }]);
  coreMemory()[60_000] = 0;
});

describe.each(names)('%s', (cipherSuite) => {
  const suite = cipherSuites[cipherSuite].id;
  const baseKey = noise(32, suite);
  const plaintext = noise(500, suite + 50);
  const kid = 0x99n;
  const { secret, key, salt } = oracleDerive(suite, kid, baseKey);

  test('after a key is set, neither base_key nor anything derived can be read from memory, but the salt in its slot', () => {
    const kept = baseKey.slice();
    const encryptor = new SFrameEncryptor({ cipherSuite });
    encryptor.setEncryptionKey(baseKey, kid);
    expect(baseKey).toEqual(kept);
    expect(coreHolds(baseKey)).toBe(false);
    expect(coreHolds(secret)).toBe(false);
    expect(coreHolds(key)).toBe(false);
    encryptor.encrypt(plaintext, metadata);
    expect(coreHolds(key)).toBe(false);
    expect(coreHolds(plaintext)).toBe(false);
    // the salt is used for every nonce: it stays in the slot, and goes with it
    expect(coreHolds(salt)).toBe(true);
    encryptor.destroy();
    expect(coreHolds(salt)).toBe(false);
    expect(dirtyBytes()).toEqual([]);
  });

  test('scratch is zero between calls, whichever way a frame took', () => {
    const encryptor = new SFrameEncryptor({ cipherSuite });
    const decryptor = new SFrameDecryptor({ cipherSuite });
    encryptor.setEncryptionKey(baseKey, kid);
    expect(dirtyScratch()).toEqual([]);
    decryptor.addDecryptionKey(baseKey, kid);
    for (const len of [0, 1, 100, 700, 768, 1000, 5000]) {
      const ciphertext = encryptor.encrypt(noise(len, len), metadata);
      expect(dirtyScratch()).toEqual([]);
      const forged = ciphertext.map((byte, i) => (i === ciphertext.length - 1 ? byte ^ 1 : byte));
      expect(() => decryptor.decrypt(forged, metadata)).toThrow('authentication');
      expect(dirtyScratch()).toEqual([]);
      decryptor.decrypt(ciphertext, metadata);
      expect(dirtyScratch()).toEqual([]);
    }
    encryptor.destroy();
    decryptor.destroy();
  });

  test('no key stream outlives a call', () => {
    const encryptor = new SFrameEncryptor({ cipherSuite });
    encryptor.setEncryptionKey(baseKey, kid);
    // the ciphertext of zeros is the key stream
    const { ciphertext, header } = oracleEncrypt({
      suite,
      kid,
      ctr: 0n,
      baseKey,
      metadata: new Uint8Array(0),
      plaintext: new Uint8Array(64),
    });
    const keyStream = ciphertext.subarray(header.length, header.length + 64);
    encryptor.encrypt(plaintext.subarray(0, 64));
    expect(coreHolds(keyStream)).toBe(false);
    encryptor.destroy();
  });

  test('after decryption the frame is gone from memory', () => {
    const ciphertext = frame();
    const decryptor = new SFrameDecryptor({ cipherSuite });
    decryptor.addDecryptionKey(baseKey, kid);
    expect(decryptor.decrypt(ciphertext, metadata)).toEqual(plaintext);
    expect(coreHolds(plaintext)).toBe(false);
    decryptor.destroy();
    expect(dirtyBytes()).toEqual([]);
  });

  test('a refused frame is never decrypted in memory', () => {
    const ciphertext = frame();
    ciphertext[ciphertext.length - 1] = (ciphertext.at(-1) as number) ^ 1;
    const decryptor = new SFrameDecryptor({ cipherSuite });
    decryptor.addDecryptionKey(baseKey, kid);
    expect(() => decryptor.decrypt(ciphertext, metadata)).toThrow('authentication');
    expect(coreHolds(plaintext)).toBe(false);
    decryptor.destroy();
    expect(dirtyBytes()).toEqual([]);
  });

  function frame(): Uint8Array {
    return oracleEncrypt({ suite, kid, ctr: 5n, baseKey, metadata, plaintext }).ciphertext;
  }
});

test('replaced, removed and destroyed keys are wiped, others stay', () => {
  const cipherSuite = 'AES_256_GCM_SHA512_128';
  const keys = [noise(16, 1), noise(16, 2), noise(16, 3)] as const;
  const salts = keys.map((key, i) => oracleDerive(5, BigInt(i), key).salt);
  const decryptor = new SFrameDecryptor({ cipherSuite });
  keys.forEach((key, i) => {
    decryptor.addDecryptionKey(key, i);
  });
  expect(salts.map(coreHolds)).toEqual([true, true, true]);
  decryptor.removeDecryptionKey(0);
  expect(salts.map(coreHolds)).toEqual([false, true, true]);
  decryptor.addDecryptionKey(noise(16, 4), 1);
  expect(salts.map(coreHolds)).toEqual([false, false, true]);
  decryptor.destroy();
  expect(dirtyBytes()).toEqual([]);
});

test('an encryptor wipes the key it leaves, and one it refuses', () => {
  const cipherSuite = 'AES_128_GCM_SHA256_128';
  const salt = (key: Uint8Array): Uint8Array => oracleDerive(4, 1n, key).salt;
  const [a, b] = [noise(16, 1), noise(16, 2)];
  const encryptor = new SFrameEncryptor({ cipherSuite });
  encryptor.setEncryptionKey(a, 1);
  encryptor.setEncryptionKey(b, 1);
  expect([a, b].map((key) => coreHolds(salt(key)))).toEqual([false, true]);
  expect(() => encryptor.setEncryptionKey(a, 1)).toThrow('used before');
  expect([a, b].map((key) => coreHolds(salt(key)))).toEqual([false, true]);
  encryptor.destroy();
  // nor does adding a known key again keep a second copy
  const decryptor = new SFrameDecryptor({ cipherSuite });
  for (let i = 0; i < 5; i++) decryptor.addDecryptionKey(a, 1);
  decryptor.removeDecryptionKey(1);
  expect(coreHolds(salt(a))).toBe(false);
  decryptor.destroy();
  expect(dirtyBytes()).toEqual([]);
});

test('a context without keys leaves nothing either', () => {
  const decryptor = new SFrameDecryptor({ cipherSuite: 'AES_128_GCM_SHA256_128' });
  expect(() => decryptor.decrypt(noise(100, 1), metadata)).toThrow();
  expect(coreHolds(metadata)).toBe(false);
  decryptor.destroy();
  expect(dirtyBytes()).toEqual([]);
});

test('the window is wiped after frames of every size, and when slots push it up', () => {
  const cipherSuite = 'AES_128_GCM_SHA256_128';
  const encryptor = new SFrameEncryptor({ cipherSuite });
  encryptor.setEncryptionKey(noise(16, 1), 1);
  encryptor.encrypt(noise(300_000, 1), noise(70_000, 2));
  encryptor.encrypt(noise(10, 1));
  const decryptor = new SFrameDecryptor({ cipherSuite });
  for (let kid = 0; kid < 40; kid++) decryptor.addDecryptionKey(noise(16, kid), kid);
  encryptor.destroy();
  decryptor.destroy();
  expect(dirtyBytes()).toEqual([]);
});

test('the core has no other exports, so sframe_key and sframe_salt have no way out', () => {
  expect(coreExports()).toEqual([
    'HEAD_ROOM',
    'PARSED',
    'SLOT_LEN',
    'TAIL_ROOM',
    'deriveKey',
    'importKey',
    'memory',
    'open',
    'parse',
    'ratchet',
    'seal',
    'slotsBase',
    'wipe',
  ]);
});

test('contexts show nothing of their keys', () => {
  const encryptor = new SFrameEncryptor({ cipherSuite: 'AES_128_GCM_SHA256_128' });
  encryptor.setEncryptionKey(noise(16, 1), 1);
  expect(Reflect.ownKeys(encryptor)).toEqual([]);
  expect(JSON.stringify(encryptor)).toBe('{}');
  encryptor.destroy();
});

afterAll(() => {
  console.log(`core memory at the end: ${coreMemory().length} bytes, all zero outside constants`);
});
