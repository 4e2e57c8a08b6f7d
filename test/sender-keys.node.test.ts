// Ratcheting contexts dropped without destroy(): their base keys are zeroed when the collector finds them. What a long
// call leaves on the heap. And where WebAssembly cannot be had.

import { expect, test, vi } from 'vitest';
import { collect, inUse } from './collector.ts';
import { copiesOf, watched } from './counted-core.ts';
import { noise } from './lengths.ts';

const { RatchetDecryptor, RatchetEncryptor } = await import('../src/index.ts');
const { chainOf, codeOf, damaged, frame } = await import('./ratchets.ts');

const options = { cipherSuite: 'AES_128_GCM_SHA256_128', ratchetBits: 4 } as const;
const root = noise(32, 1);
const chain = await chainOf(root, 4);

function use(): void {
  const encryptor = new RatchetEncryptor(options);
  const decryptor = new RatchetDecryptor(options);
  encryptor.setEncryptionKey(root);
  decryptor.addDecryptionKey(root, 0);
  encryptor.ratchet();
  encryptor.ratchet();
  codeOf(() => decryptor.decrypt(damaged(encryptor.encrypt(frame))));
}

test('base keys of collected contexts are zeroed', async () => {
  watched(use);
  const held = (): number => chain.reduce((sum, baseKey) => sum + copiesOf(baseKey), 0);
  // the sender's second step; the receiver's first, and two that a forged frame has claimed
  expect(held()).toBe(4);
  for (let i = 0; i < 100 && held() > 0; i++) await collect();
  expect(held()).toBe(0);
});

test('ten thousand steps under attack leave the heap where it was, but for what a sender must remember', async () => {
  const encryptor = new RatchetEncryptor(options);
  const decryptor = new RatchetDecryptor({ ...options, now: () => 0 });
  encryptor.setEncryptionKey(root);
  decryptor.addDecryptionKey(root, 0);
  const pass = (steps: number): void => {
    for (let i = 0; i < steps; i++) {
      encryptor.ratchet();
      const ciphertext = encryptor.encrypt(frame);
      codeOf(() => decryptor.decrypt(damaged(ciphertext)));
      decryptor.decrypt(ciphertext);
    }
  };
  pass(5000); // floors are full
  const before = await inUse();
  pass(10_000);
  // fingerprints of 10 000 keys
  expect((await inUse()) - before).toBeLessThan(100 * 10_000);
  encryptor.destroy();
  decryptor.destroy();
}, 60_000);

test('where WebAssembly is forbidden, the first key says so, and nothing has changed', async () => {
  const RealModule = WebAssembly.Module;
  vi.resetModules();
  const fresh = await import('../src/index.ts');
  WebAssembly.Module = class extends RealModule {
    constructor(bytes: BufferSource) {
      super(bytes);
      throw new WebAssembly.CompileError('violates the Content Security Policy');
    }
  };
  const encryptor = new fresh.RatchetEncryptor(options);
  const decryptor = new fresh.RatchetDecryptor(options);
  const unavailable = expect.objectContaining({ code: 'engine-unavailable' });
  try {
    watched(() => {
      expect(() => encryptor.setEncryptionKey(root)).toThrow(unavailable);
      expect(() => decryptor.addDecryptionKey(root, 0)).toThrow(unavailable);
    });
    expect(copiesOf(root)).toBe(0);
    expect([encryptor.kid, encryptor.generation]).toEqual([undefined, undefined]);
    await expect(encryptor.encryptAsync(frame)).rejects.toMatchObject({ code: 'no-key' });
    await expect(decryptor.decryptAsync(new Uint8Array(40))).rejects.toMatchObject({ code: 'key-id' });
  } finally {
    WebAssembly.Module = RealModule;
  }
  // and it can be mended
  encryptor.setEncryptionKey(root);
  decryptor.addDecryptionKey(root, 0);
  expect(encryptor.generation).toBe(0n);
  expect(decryptor.decrypt(encryptor.encrypt(frame))).toEqual(frame);
});
