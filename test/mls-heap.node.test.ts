// What a flood of forged KIDs, and a long call with many epochs, cost in memory: nothing that stays.

import { expect, test } from 'vitest';
import { encodeHeader, MlsDecryptor, MlsEncryptor } from '../src/index.ts';
import { inUse } from './collector.ts';
import { noise } from './lengths.ts';

const options = { cipherSuite: 'AES_128_GCM_SHA256_128', epochBits: 8 } as const;
const KIB = 1024;

test('a hundred thousand forged KIDs leave the heap where it was', async () => {
  const decryptor = new MlsDecryptor(options);
  decryptor.addEpoch({ epoch: 5, baseKey: noise(16, 1), groupSize: 100, senderIndex: 0 });
  let forged = 0;
  const flood = (frames: number): void => {
    for (let i = 0; i < frames; i++) {
      const kid = (BigInt(forged++) << 15n) | (BigInt(1 + (forged % 99)) << 8n) | 5n;
      const ciphertext = new Uint8Array(80);
      ciphertext.set(encodeHeader(kid, 7));
      if (decryptor.tryDecrypt(ciphertext) !== 'authentication') throw new Error('not refused');
    }
  };
  flood(20_000);
  const before = await inUse();
  flood(100_000);
  expect((await inUse()) - before).toBeLessThan(512 * KIB);
  decryptor.destroy();
}, 120_000);

test('three thousand epochs of ten senders stay flat', async () => {
  let time = 0;
  const decryptor = new MlsDecryptor({ ...options, now: () => time });
  const encryptors = Array.from({ length: 10 }, () => new MlsEncryptor(options));
  let epoch = 0;
  const pass = async (epochs: number): Promise<void> => {
    for (let i = 0; i < epochs; i++, epoch++, time += 5000) {
      const given = { epoch, baseKey: noise(16, epoch), groupSize: 11 };
      decryptor.addEpoch({ ...given, senderIndex: 10 });
      encryptors.forEach((encryptor, senderIndex) => {
        encryptor.setEpoch({ ...given, senderIndex });
        decryptor.decrypt(encryptor.encrypt(noise(10, 1)));
      });
    }
    // WebCrypto's side of a key ends when its turn comes
    await new Promise((resolve) => setTimeout(resolve, 50));
  };
  await pass(1000);
  const before = await inUse();
  await pass(2000);
  // encryptors remember every key they ever had: that is theirs to grow by
  const remembered = encryptors.length * 2000 * 100;
  expect((await inUse()) - before).toBeLessThan(remembered + 512 * KIB);
  decryptor.destroy();
}, 120_000);
