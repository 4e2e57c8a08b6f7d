// What a long call costs in memory: nothing that stays.

import { expect, test } from 'vitest';
import { SFrameDecryptor, SFrameEncryptor } from '../src/index.ts';
import { inUse } from './collector.ts';
import { noise } from './lengths.ts';

const cipherSuite = 'AES_128_GCM_SHA256_128';
const KIB = 1024;

test('a million frames through encryptInto and decryptInto leave the heap where it was', async () => {
  const encryptor = new SFrameEncryptor({ cipherSuite });
  const decryptor = new SFrameDecryptor({ cipherSuite });
  encryptor.setEncryptionKey(noise(16, 1), 1);
  decryptor.addDecryptionKey(noise(16, 1), 1);
  const frame = noise(100, 2);
  const ciphertext = new Uint8Array(200);
  const opened = new Uint8Array(200);
  const pass = (frames: number): void => {
    for (let i = 0; i < frames; i++) {
      const len = encryptor.encryptInto(ciphertext, frame);
      decryptor.decryptInto(opened, ciphertext.subarray(0, len));
    }
  };
  pass(200_000);
  // What frames leave behind is left by every million; what the engine compiles anew, by one or another.
  const growth: number[] = [];
  for (let million = 0; million < 3; million++) {
    const before = await inUse();
    pass(1_000_000);
    growth.push((await inUse()) - before);
  }
  expect(Math.min(...growth)).toBeLessThan(64 * KIB);
  expect(opened.subarray(0, 100)).toEqual(frame);
  encryptor.destroy();
  decryptor.destroy();
}, 120_000);

test.each(['auto', 'wasm'] as const)(
  'engine %s: a thousand keys added and removed again and again stay flat',
  async (engine) => {
    const decryptor = new SFrameDecryptor({ cipherSuite, engine });
    const key = noise(16, 3);
    const round = async (): Promise<void> => {
      for (let kid = 0; kid < 1000; kid++) decryptor.addDecryptionKey(key, kid);
      for (let kid = 0; kid < 1000; kid++) decryptor.removeDecryptionKey(kid);
      // WebCrypto's side of a key ends when its turn comes
      await new Promise((resolve) => setTimeout(resolve, 50));
    };
    await round();
    await round();
    const before = await inUse();
    for (let i = 0; i < 20; i++) await round();
    expect((await inUse()) - before).toBeLessThan(512 * KIB);
    decryptor.destroy();
  },
  120_000,
);
