// Contexts dropped without destroy(): the collector's word is enough to wipe their keys.

import { expect, test } from 'vitest';
import { collect } from './collector.ts';
import { noise } from './lengths.ts';
import { dirtyBytes } from './spied-core.ts';

const { SFrameDecryptor, SFrameEncryptor } = await import('../src/index.ts');

function use(): void {
  const encryptor = new SFrameEncryptor({ cipherSuite: 'AES_128_GCM_SHA256_128' });
  const decryptor = new SFrameDecryptor({ cipherSuite: 'AES_128_GCM_SHA256_128' });
  encryptor.setEncryptionKey(noise(16, 1), 1);
  decryptor.addDecryptionKey(noise(16, 1), 1);
  decryptor.decrypt(encryptor.encrypt(noise(100, 1)));
}

test('keys of collected contexts are wiped', async () => {
  use();
  expect(dirtyBytes()).not.toEqual([]);
  for (let i = 0; i < 100 && dirtyBytes().length > 0; i++) await collect();
  expect(dirtyBytes()).toEqual([]);
});

test('a key closed by hand is not wiped again when it is collected: its slot may be another’s by then', async () => {
  const decryptor = new SFrameDecryptor({ cipherSuite: 'AES_128_GCM_SHA256_128' });
  const encryptor = new SFrameEncryptor({ cipherSuite: 'AES_128_GCM_SHA256_128' });
  encryptor.setEncryptionKey(noise(16, 1), 7);
  for (let kid = 0; kid < 50; kid++) {
    decryptor.addDecryptionKey(noise(16, 2), kid);
    decryptor.removeDecryptionKey(kid);
  }
  decryptor.addDecryptionKey(noise(16, 1), 7);
  for (let i = 0; i < 10; i++) await collect();
  expect(decryptor.decrypt(encryptor.encrypt(noise(100, 1)))).toEqual(noise(100, 1));
  encryptor.destroy();
  decryptor.destroy();
});
