// Old keys of a sender: how long they stay with a receiver, and what makes them go.

import { beforeEach, describe, expect, test } from 'vitest';
import { KeyRetirement, SFrameDecryptor, SFrameEncryptor } from '../src/index.ts';
import { cipherSuite, clock, codeOf, frame, keyOf, now, numbers, reset, wait } from './call.ts';

beforeEach(reset);

describe('KeyRetirement', () => {
  /** A receiver with the keys of some KIDs, and frames under any. */
  function receiver(kids: number[], options = {}) {
    const decryptor = new SFrameDecryptor({ cipherSuite });
    const retirement = new KeyRetirement(decryptor, { now, ...options });
    for (const kid of kids) retirement.addDecryptionKey(keyOf(kid), kid);
    const encryptors = new Map<number, SFrameEncryptor>();
    const frameUnder = (kid: number): Uint8Array<ArrayBuffer> => {
      const encryptor = encryptors.get(kid) ?? new SFrameEncryptor({ cipherSuite });
      if (!encryptors.has(kid)) encryptor.setEncryptionKey(keyOf(kid), kid);
      encryptors.set(kid, encryptor);
      return encryptor.encrypt(frame);
    };
    const held = () => numbers(0, 10).filter((kid) => decryptor.hasDecryptionKey(kid));
    return { decryptor, retirement, frameUnder, held };
  }

  test('a key goes two seconds after a frame has opened under the next', () => {
    const { retirement, frameUnder, held } = receiver([1, 2]);
    retirement.decrypt(frameUnder(1));
    wait(60_000);
    retirement.decrypt(frameUnder(1));
    expect(held()).toEqual([1, 2]);
    const late = frameUnder(1);
    const later = frameUnder(1);
    retirement.decrypt(frameUnder(2));
    wait(1999);
    expect(retirement.decrypt(late)).toEqual(frame);
    expect(held()).toEqual([1, 2]);
    wait(1);
    expect(codeOf(() => retirement.decrypt(later))).toBe('key-id');
    expect(held()).toEqual([2]);
    expect(retirement.decrypt(frameUnder(2))).toEqual(frame);
  });

  test('or as many as are configured; by tick, where no frames come', () => {
    const { retirement, frameUnder, held } = receiver([1, 2], { graceSeconds: 30 });
    retirement.decrypt(frameUnder(2));
    wait(29_999);
    retirement.tick();
    expect(held()).toEqual([1, 2]);
    wait(1);
    retirement.tick();
    expect(held()).toEqual([2]);
  });

  test('forged frames retire nothing, nor do replayed ones, nor frames under old keys', () => {
    const { retirement, frameUnder, held } = receiver([1, 2, 3]);
    const forged = frameUnder(3);
    forged[forged.length - 1]! ^= 1;
    expect(codeOf(() => retirement.decrypt(forged))).toBe('authentication');
    wait(5000);
    retirement.tick();
    expect(held()).toEqual([1, 2, 3]);
    const seen = frameUnder(2);
    retirement.decrypt(seen);
    wait(1000);
    retirement.decrypt(frameUnder(1)); // late
    expect(codeOf(() => retirement.decrypt(seen))).toBe('replay');
    wait(1000);
    retirement.tick();
    expect(held()).toEqual([2, 3]);
  });

  test('a key that is skipped goes with those before it', () => {
    const { retirement, frameUnder, held } = receiver([1, 2, 3, 4]);
    retirement.decrypt(frameUnder(1));
    retirement.decrypt(frameUnder(3));
    wait(2000);
    retirement.decrypt(frameUnder(3));
    expect(held()).toEqual([3, 4]);
  });

  test('each key has its own two seconds', () => {
    const { retirement, frameUnder, held } = receiver([1, 2, 3]);
    retirement.decrypt(frameUnder(2));
    wait(1000);
    retirement.decrypt(frameUnder(3));
    wait(1000);
    retirement.tick();
    expect(held()).toEqual([2, 3]);
    wait(1000);
    retirement.tick();
    expect(held()).toEqual([3]);
  });

  test('signalling may say it first: the sender of a removed member may be silent', () => {
    const { retirement, frameUnder, held } = receiver([1]);
    retirement.decrypt(frameUnder(1));
    expect(retirement.retireBefore(2)).toBe(false); // it has overtaken the key
    retirement.addDecryptionKey(keyOf(2), 2);
    expect(retirement.retireBefore(2)).toBe(true);
    expect(retirement.retireBefore(1)).toBe(false);
    wait(1500);
    expect(retirement.retireBefore(2)).toBe(true); // again: the old key has no more time
    wait(500);
    retirement.tick();
    expect(held()).toEqual([2]);
  });

  test('a key that comes twice goes all the same', () => {
    const { retirement, frameUnder, held } = receiver([1, 2]);
    retirement.decrypt(frameUnder(2));
    retirement.addDecryptionKey(keyOf(1), 1);
    wait(2000);
    retirement.tick();
    expect(held()).toEqual([2]);
  });

  test('keys may be removed by hand', () => {
    const { retirement, frameUnder, held } = receiver([1, 2, 3]);
    expect(retirement.removeDecryptionKey(2n)).toBe(true);
    expect(retirement.removeDecryptionKey(2)).toBe(false);
    retirement.decrypt(frameUnder(3));
    expect(retirement.removeDecryptionKey(3)).toBe(true);
    wait(2000);
    retirement.tick();
    expect(held()).toEqual([]);
    retirement.addDecryptionKey(keyOf(4), 4);
    expect(retirement.decrypt(frameUnder(4))).toEqual(frame);
  });

  test('decrypts in all three ways, in place, and asynchronously', async () => {
    const { retirement, frameUnder, held } = receiver([1, 2, 3, 4]);
    const inPlace = frameUnder(2);
    expect(retirement.decryptInto(inPlace, inPlace)).toBe(frame.length);
    expect(inPlace.subarray(0, frame.length)).toEqual(frame);
    wait(2000);
    const ciphertext = frameUnder(3);
    const opening = retirement.decryptAsync(ciphertext);
    ciphertext.fill(0);
    expect(await opening).toEqual(frame);
    expect(held()).toEqual([2, 3, 4]);
    wait(2000);
    const forged = frameUnder(4);
    forged[forged.length - 1]! ^= 1;
    await expect(retirement.decryptAsync(forged)).rejects.toMatchObject({ code: 'authentication' });
    expect(held()).toEqual([3, 4]);
    wait(2000);
    retirement.tick();
    expect(held()).toEqual([3, 4]);
  });

  test('a clock set back keeps a key no longer than it jumped over', () => {
    const { retirement, frameUnder, held } = receiver([1, 2]);
    retirement.decrypt(frameUnder(2));
    clock.time -= 3_600_000;
    retirement.tick();
    wait(2000);
    retirement.tick();
    expect(held()).toEqual([2]);
  });

  test('arguments are checked', () => {
    const { retirement, decryptor } = receiver([1, 2]);
    for (const value of [undefined, null, {}, 5])
      expect(() => new KeyRetirement(value as never)).toThrow(/^decryptor must be/);
    expect(() => new KeyRetirement(decryptor, null as never)).toThrow(/^options must be/);
    expect(() => new KeyRetirement(decryptor, { graceSeconds: -1 })).toThrow(/^graceSeconds must be/);
    expect(() => new KeyRetirement(decryptor, { now: 5 as never })).toThrow(/^now must be/);
    expect(() => retirement.retireBefore('1' as never)).toThrow(/^kid must be/);
    expect(() => retirement.addDecryptionKey(new Uint8Array(5), 3)).toThrow(/^baseKey must be/);
    expect(retirement.retireBefore(3)).toBe(false);
    expect(() => retirement.decrypt('x' as never)).toThrow(/^ciphertext must be/);
    expect(codeOf(() => retirement.decrypt(new Uint8Array(0)))).toBe('syntax');
    expect(new KeyRetirement(decryptor)).toBeInstanceOf(KeyRetirement);
    decryptor.destroy();
    expect(codeOf(() => retirement.decrypt(new Uint8Array(40)))).toBe('destroyed');
  });
});
