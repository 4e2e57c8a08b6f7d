// Base keys that JavaScript cannot read: HKDF CryptoKeys give the same frames as their bytes would.

import { afterEach, describe, expect, test, vi } from 'vitest';
import { type CipherSuite, cipherSuites, SFrameDecryptor, SFrameEncryptor } from '../src/index.ts';
import { noise } from './lengths.ts';
import { hex } from './oracle.ts';

const names = Object.keys(cipherSuites) as CipherSuite[];
const engines = ['auto', 'wasm', 'webcrypto'] as const;
const cipherSuite = 'AES_128_GCM_SHA256_128';
const plaintext = noise(50, 1);
const metadata = noise(20, 2);

afterEach(() => vi.restoreAllMocks());

function hkdfKey(bytes: Uint8Array<ArrayBuffer>, usages: KeyUsage[] = ['deriveBits']): Promise<CryptoKey> {
  return crypto.subtle.importKey('raw', bytes, 'HKDF', false, usages);
}

async function codeOf(promise: Promise<unknown>): Promise<unknown> {
  return promise.then(
    () => 'resolved',
    (error) => error.code ?? error,
  );
}

describe.each(engines)('engine %s', (engine) => {
  test.each(names)('%s: the same frames as with the bytes', async (suite) => {
    const bytes = noise(32, 3);
    const key = await hkdfKey(bytes);
    const usual = new SFrameEncryptor({ cipherSuite: suite });
    usual.setEncryptionKey(bytes, 0x123n);
    const encryptor = new SFrameEncryptor({ cipherSuite: suite, engine });
    await encryptor.importEncryptionKey(key, 0x123n);
    expect(encryptor.kid).toBe(0x123n);
    const decryptor = new SFrameDecryptor({ cipherSuite: suite, engine });
    await decryptor.importDecryptionKey(key, 0x123n);
    for (const text of [plaintext, noise(50_000, 4)]) {
      const ciphertext = await encryptor.encryptAsync(text, metadata);
      expect(hex(ciphertext)).toBe(hex(usual.encrypt(text, metadata)));
      expect(hex(await decryptor.decryptAsync(ciphertext, metadata))).toBe(hex(text));
      expect(await codeOf(decryptor.decryptAsync(ciphertext, metadata))).toBe('replay');
    }
  });

  test('a key is the same key, however it came', async () => {
    const bytes = noise(16, 5);
    const key = await hkdfKey(bytes);
    const encryptor = new SFrameEncryptor({ cipherSuite, engine });
    await encryptor.importEncryptionKey(key, 1);
    await encryptor.importEncryptionKey(key, 2);
    expect(await codeOf(encryptor.importEncryptionKey(key, 1))).toBe('key-reuse');
    expect(encryptor.kid).toBe(2n);
    if (engine !== 'webcrypto')
      expect(() => encryptor.setEncryptionKey(bytes, 1)).toThrow(/used before|reuse/);

    const decryptor = new SFrameDecryptor({ cipherSuite, engine });
    await decryptor.importDecryptionKey(key, 2);
    const ciphertext = await encryptor.encryptAsync(plaintext);
    expect(await codeOf(decryptor.decryptAsync(ciphertext))).toBe('resolved');
    await decryptor.importDecryptionKey(key, 2);
    expect(await codeOf(decryptor.decryptAsync(ciphertext)), 'the window stays').toBe('replay');
    decryptor.removeDecryptionKey(2);
    decryptor.addDecryptionKey(bytes, 2);
    expect(await codeOf(decryptor.decryptAsync(ciphertext)), 'and its floor').toBe('replay');
  });
});

test('keys take effect in the order of the calls, whichever is derived first', async () => {
  const [slow, fast] = [await hkdfKey(noise(16, 6)), await hkdfKey(noise(16, 7))];
  const derive = crypto.subtle.deriveBits.bind(crypto.subtle);
  vi.spyOn(crypto.subtle, 'deriveBits').mockImplementation(async (algorithm, key, length) => {
    const bits = await derive(algorithm, key, length as number);
    if (key === slow) await new Promise((resolve) => setTimeout(resolve, 20));
    return bits;
  });
  const encryptor = new SFrameEncryptor({ cipherSuite });
  const order: string[] = [];
  await Promise.all([
    encryptor.importEncryptionKey(slow, 1).then(() => order.push('slow')),
    encryptor.importEncryptionKey(fast, 2).then(() => order.push('fast')),
  ]);
  expect(order).toEqual(['slow', 'fast']);
  expect(encryptor.kid).toBe(2n);
});

test('one that fails does not stop the next', async () => {
  const key = await hkdfKey(noise(16, 8));
  const encryptor = new SFrameEncryptor({ cipherSuite });
  await encryptor.importEncryptionKey(key, 1);
  const [again, next] = [encryptor.importEncryptionKey(key, 1), encryptor.importEncryptionKey(key, 2)];
  expect(await codeOf(again)).toBe('key-reuse');
  expect(await codeOf(next)).toBe('resolved');
});

test('destroy() while one is derived ends it, and its bytes are wiped', async () => {
  const key = await hkdfKey(noise(16, 9));
  const derived: Uint8Array[] = [];
  const derive = crypto.subtle.deriveBits.bind(crypto.subtle);
  vi.spyOn(crypto.subtle, 'deriveBits').mockImplementation(async (...call) => {
    const bits = await derive(...(call as Parameters<typeof derive>));
    derived.push(new Uint8Array(bits));
    return bits;
  });
  for (const context of [new SFrameEncryptor({ cipherSuite }), new SFrameDecryptor({ cipherSuite })]) {
    const importing =
      'importEncryptionKey' in context
        ? context.importEncryptionKey(key, 1)
        : context.importDecryptionKey(key, 1);
    context.destroy();
    expect(await codeOf(importing)).toBe('destroyed');
  }
  // fingerprint, salt and key of each; the first is no secret
  const secret = derived.filter((_, i) => i % 3 !== 0);
  expect(secret.length).toBe(4);
  for (const bytes of secret) expect(hex(bytes)).toBe('00'.repeat(bytes.length));
});

test('a key of another kind is a TypeError that names it', async () => {
  const aes = await crypto.subtle.generateKey({ name: 'AES-GCM', length: 128 }, false, ['encrypt']);
  const deriveKeyOnly = await hkdfKey(noise(16, 1), ['deriveKey']);
  const encryptor = new SFrameEncryptor({ cipherSuite });
  const decryptor = new SFrameDecryptor({ cipherSuite });
  for (const bad of [undefined, null, 7, 'key', {}, noise(16, 1), aes, deriveKeyOnly]) {
    for (const call of [
      encryptor.importEncryptionKey(bad as CryptoKey, 1),
      decryptor.importDecryptionKey(bad as CryptoKey, 1),
    ]) {
      const error = await codeOf(call);
      expect(error).toBeInstanceOf(TypeError);
      expect((error as Error).message).toMatch(/^baseKey must/);
    }
  }
  const key = await hkdfKey(noise(16, 1));
  const error = await codeOf(encryptor.importEncryptionKey(key, 1.5));
  expect(error).toBeInstanceOf(RangeError);
  expect((error as Error).message).toMatch(/^kid must/);
  expect(encryptor.kid).toBeUndefined();
  expect(decryptor.hasDecryptionKey(1)).toBe(false);
});

test('after destroy() nothing can be imported', async () => {
  const key = await hkdfKey(noise(16, 1));
  const encryptor = new SFrameEncryptor({ cipherSuite });
  const decryptor = new SFrameDecryptor({ cipherSuite });
  encryptor.destroy();
  decryptor.destroy();
  expect(await codeOf(encryptor.importEncryptionKey(key, 1))).toBe('destroyed');
  expect(await codeOf(decryptor.importDecryptionKey(key, 1))).toBe('destroyed');
});
