// What is left of an epoch when it has gone, and what forged frames leave: nothing.

import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { noise } from './lengths.ts';
import { oracleDerive } from './oracle.ts';
import { coreHolds, coreMemory, dirtyBytes } from './spied-core.ts';

const { MlsDecryptor, MlsEncryptor, SFrameEncryptor } = await import('../src/index.ts');

const cipherSuite = 'AES_256_GCM_SHA512_128';
const epochBits = 4;
const groupSize = 8;
const baseKeyOf = (epoch: number) => noise(32, 500 + epoch);
const kidOf = (epoch: number, senderIndex: number, contextId = 0) =>
  (BigInt(contextId) << 7n) | (BigInt(senderIndex) << 4n) | BigInt(epoch % 16);
const saltOf = (epoch: number, senderIndex: number) =>
  oracleDerive(5, kidOf(epoch, senderIndex), baseKeyOf(epoch)).salt;

let time = 0;
beforeEach(() => {
  time = 0;
});
afterEach(() => vi.restoreAllMocks());

function frameOf(epoch: number, senderIndex: number): Uint8Array {
  const encryptor = new MlsEncryptor({ cipherSuite, epochBits, engine: 'wasm' });
  encryptor.setEpoch({ epoch, baseKey: baseKeyOf(epoch), groupSize, senderIndex });
  const ciphertext = encryptor.encrypt(noise(50, 1));
  encryptor.destroy();
  return ciphertext;
}

function forgery(kid: bigint): Uint8Array {
  const encryptor = new SFrameEncryptor({ cipherSuite, engine: 'wasm' });
  encryptor.setEncryptionKey(noise(16, 666), kid);
  const ciphertext = encryptor.encrypt(noise(50, 1));
  encryptor.destroy();
  return ciphertext;
}

function receiver(engine: 'auto' | 'webcrypto' = 'auto'): InstanceType<typeof MlsDecryptor> {
  return new MlsDecryptor({ cipherSuite, epochBits, engine, now: () => time });
}

describe('the base key of an epoch, which has to be kept,', () => {
  type Decryptor = InstanceType<typeof MlsDecryptor>;
  const add = (decryptor: Decryptor, epoch: number, baseKey = baseKeyOf(epoch)) =>
    decryptor.addEpoch({ epoch, baseKey, groupSize, graceSeconds: 3 });

  test.each([
    ['removed', (decryptor: Decryptor) => void decryptor.removeEpoch(5)],
    ['rolled over', (decryptor: Decryptor) => add(decryptor, 21)],
    ['replaced', (decryptor: Decryptor) => add(decryptor, 5, noise(16, 1))],
    [
      'over',
      (decryptor: Decryptor) => {
        add(decryptor, 6);
        time += 3000;
        decryptor.hasEpoch(6);
      },
    ],
    ['destroyed', (decryptor: Decryptor) => decryptor.destroy()],
  ])('is a copy, and zero once the epoch is %s', async (_how, leave) => {
    // WebCrypto is given the very buffer that is kept
    const imports = vi.spyOn(crypto.subtle, 'importKey');
    const decryptor = receiver('webcrypto');
    const own = baseKeyOf(5);
    decryptor.addEpoch({ epoch: 5, baseKey: own, groupSize });
    await decryptor.decryptAsync(frameOf(5, 1));
    const [call] = imports.mock.calls as unknown as [string, Uint8Array][];
    const given = call?.[1] as Uint8Array;
    expect(given).toEqual(own);
    expect(given.buffer).not.toBe(own.buffer);
    leave(decryptor);
    expect(given).toEqual(new Uint8Array(32));
    expect(own, 'the caller’s is his').toEqual(baseKeyOf(5));
    decryptor.destroy();
  });

  test('never stays in the core, nor does a key, but for the salt in its slot', () => {
    const decryptor = receiver();
    for (const epoch of [5, 6]) add(decryptor, epoch);
    expect(dirtyBytes(), 'nothing is derived before a frame comes').toEqual([]);
    for (const epoch of [5, 6]) for (const sender of [1, 2]) decryptor.decrypt(frameOf(epoch, sender));
    for (const epoch of [5, 6]) {
      expect(coreHolds(baseKeyOf(epoch))).toBe(false);
      for (const sender of [1, 2]) {
        const { secret, key } = oracleDerive(5, kidOf(epoch, sender), baseKeyOf(epoch));
        expect([secret, key, saltOf(epoch, sender)].map(coreHolds)).toEqual([false, false, true]);
      }
    }
    decryptor.removeEpoch(6);
    expect([saltOf(5, 1), saltOf(5, 2), saltOf(6, 1), saltOf(6, 2)].map(coreHolds)).toEqual([
      true,
      true,
      false,
      false,
    ]);
    decryptor.destroy();
    expect(dirtyBytes()).toEqual([]);
  });
});

test('an encryptor wipes the key of the epoch it leaves', () => {
  const encryptor = new MlsEncryptor({ cipherSuite, epochBits });
  for (const epoch of [5, 6])
    encryptor.setEpoch({ epoch, baseKey: baseKeyOf(epoch), groupSize, senderIndex: 1 });
  encryptor.encrypt(noise(50, 1));
  expect([saltOf(5, 1), saltOf(6, 1), baseKeyOf(6)].map(coreHolds)).toEqual([false, true, false]);
  encryptor.destroy();
  expect(dirtyBytes()).toEqual([]);
});

test('a flood of forged KIDs leaves the core’s memory as it was, to the byte', async () => {
  const decryptor = receiver();
  decryptor.addEpoch({ epoch: 5, baseKey: baseKeyOf(5), groupSize, senderIndex: 7 });
  for (let sender = 0; sender < 7; sender++) decryptor.decrypt(frameOf(5, sender));
  const flood = (from: number, frames: number) => {
    for (let i = from; i < from + frames; i++)
      expect(decryptor.tryDecrypt(forgery(kidOf(5, i % 7, 1 + i)))).toBe('authentication');
  };
  flood(0, 10);
  const before = coreMemory().slice();
  flood(10, 500);
  const forged = Array.from({ length: 500 }, (_, i) => forgery(kidOf(5, i % 7, 1000 + i)));
  const outcomes = await Promise.all(forged.map((ciphertext) => decryptor.tryDecryptAsync(ciphertext)));
  expect(new Set(outcomes)).toEqual(new Set(['authentication']));
  expect(coreMemory().length).toBe(before.length);
  expect(coreMemory().every((byte, at) => byte === before[at])).toBe(true);
  decryptor.destroy();
  expect(dirtyBytes()).toEqual([]);
});

test('contexts show nothing of their keys', () => {
  const decryptor = receiver();
  decryptor.addEpoch({ epoch: 5, baseKey: baseKeyOf(5), groupSize });
  expect(Reflect.ownKeys(decryptor)).toEqual([]);
  expect(JSON.stringify(decryptor)).toBe('{}');
  decryptor.destroy();
});
