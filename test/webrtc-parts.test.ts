// Parts of the worker by themselves: windows, news, meters, limits.

import { describe, expect, test } from 'vitest';
import { cipherSuites, SFrameDecryptor, SFrameEncryptor } from '../src/index.ts';
import { LimitedEncryptor } from '../src/webrtc/limited-encryptor.ts';
import { Meter } from '../src/webrtc/meter.ts';
import { ReceiverOpener } from '../src/webrtc/receiver-opener.ts';
import { ReplayGuard } from '../src/webrtc/replay-guard.ts';
import { TrackNews } from '../src/webrtc/track-news.ts';
import { cipherSuite, randomKey } from './webrtc-fakes.ts';

describe('windows of a receiver', () => {
  test('are of each key', () => {
    const guard = new ReplayGuard(64);
    expect([guard.commit('a', 0, 1), guard.commit('a', 0, 1), guard.commit('b', 0, 1)]).toEqual([
      true,
      false,
      true,
    ]);
    expect([guard.accepts('a', 0, 1), guard.accepts('a', 0, 0), guard.accepts('c', 0, 1)]).toEqual([
      false,
      true,
      true,
    ]);
  });

  test('are as many as there is room for; of the others the highest counter stays', () => {
    const guard = new ReplayGuard(64);
    guard.commit('first', 0, 7);
    guard.commit('second', 1, 7);
    for (let i = 0; i < 100; i++) guard.commit(`key ${i}`, 0, 0);
    expect([6, 7, 8].map((low) => guard.accepts('first', 0, low))).toEqual([false, false, true]);
    expect(guard.accepts('first', 1, 0)).toBe(true);
    expect(guard.accepts('second', 0, 8)).toBe(false);
    expect(guard.commit('first', 0, 7)).toBe(false);
    expect(guard.commit('first', 0, 8)).toBe(true);
  });

  test('stay while they are used', () => {
    const guard = new ReplayGuard(64);
    guard.commit('used', 0, 10);
    for (let i = 0; i < 100; i++) {
      guard.commit(`key ${i}`, 0, 0);
      guard.commit('used', 0, 12 + 2 * i);
    }
    expect(guard.accepts('used', 0, 209), 'late, but not forgotten').toBe(true);
  });

  test('can be left out', () => {
    const guard = new ReplayGuard(0);
    expect([guard.commit('a', 0, 1), guard.commit('a', 0, 1), guard.accepts('a', 0, 1)]).toEqual([
      true,
      true,
      true,
    ]);
  });
});

describe('a receiver', () => {
  const encryptor = new SFrameEncryptor({ cipherSuite });
  const decryptor = new SFrameDecryptor({ cipherSuite, replayWindow: 0 });
  const baseKey = randomKey();
  encryptor.setEncryptionKey(baseKey, 5);
  decryptor.addDecryptionKey(baseKey, 5);
  const opener = (refuses = false) =>
    new ReceiverOpener(
      { find: () => decryptor, refuses: () => refuses, opened: () => true },
      new ReplayGuard(64),
    );

  test('opens one of two equal frames, though both are under way', async () => {
    const one = opener();
    const frame = encryptor.encrypt(new Uint8Array(200_000));
    const both = await Promise.all([one.tryDecryptAsync(frame), one.tryDecryptAsync(frame)]);
    expect(both.filter((opened) => opened === 'replay')).toHaveLength(1);
    expect(one.tryDecrypt(frame)).toBe('replay');
  });

  test('is a decryptor like others', async () => {
    const one = opener();
    const target = new Uint8Array(3);
    expect(one.decrypt(encryptor.encrypt(new Uint8Array([1])))).toEqual(new Uint8Array([1]));
    expect(one.decryptInto(target, encryptor.encrypt(new Uint8Array([2])))).toBe(1);
    expect(target[0]).toBe(2);
    expect(await one.decryptAsync(encryptor.encrypt(new Uint8Array([3])))).toEqual(new Uint8Array([3]));
    expect(() => one.decrypt(new Uint8Array(0))).toThrow(expect.objectContaining({ code: 'syntax' }));
    await expect(opener(true).decryptAsync(encryptor.encrypt(new Uint8Array(1)))).rejects.toMatchObject({
      code: 'key-id',
      kid: 5n,
    });
  });

  test('refuses what was opened under a key that went meanwhile', async () => {
    const frame = encryptor.encrypt(new Uint8Array(200_000));
    const opening = opener().tryDecryptAsync(frame);
    decryptor.addDecryptionKey(randomKey(), 5);
    expect(await opening).toMatch(/key-id|authentication/);
  });
});

describe('news of a track', () => {
  test('come once, and less and less often while it flaps', () => {
    const news = new TrackNews();
    let told = 0;
    for (let now = 0; now < 600_000; now += 100) {
      if (news.fails('authentication', now)) told++;
      if (news.works()) told++;
    }
    expect(told).toBeGreaterThan(4);
    expect(told).toBeLessThan(40);
  });

  test('are of each reason, and soon again after a quiet time', () => {
    const news = new TrackNews();
    expect(news.works()).toBe(false);
    expect([news.fails('a', 0), news.fails('a', 1), news.fails('b', 2)]).toEqual([true, false, true]);
    expect([news.works(), news.works()]).toEqual([true, false]);
    expect(news.fails('a', 500)).toBe(false);
    expect(news.fails('a', 100_000)).toBe(true);
    news.works();
    news.forgive();
    expect(news.fails('a', 100_001), 'something was changed').toBe(true);
  });
});

test('a meter counts, and knows percentiles of the last frames', () => {
  const meter = new Meter();
  expect(meter.counts).toMatchObject({ frames: 0, p50: 0, p99: 0 });
  for (let i = 0; i < 5000; i++) meter.count(10, i / 1000);
  meter.drop('syntax');
  meter.pass(7);
  const { p50, p99, ...counts } = meter.counts;
  expect(counts).toEqual({ frames: 5001, bytes: 50_007, plaintextFrames: 1, dropped: { syntax: 1 } });
  expect([Math.round(p50), Math.round(p99)]).toEqual([4487, 4988]);
});

test('limits hold whatever way frames are encrypted', async () => {
  const said: bigint[] = [];
  const limited = new LimitedEncryptor({ maxFrames: 4 }, cipherSuites[cipherSuite], (kid) => said.push(kid));
  expect(() => limited.encrypt(new Uint8Array(1))).toThrow(expect.objectContaining({ code: 'no-key' }));
  expect([limited.kid, limited.ctr]).toEqual([undefined, 0n]);
  const encryptor = new SFrameEncryptor({ cipherSuite });
  encryptor.setEncryptionKey(randomKey(), 9);
  limited.use(encryptor);
  limited.encrypt(new Uint8Array(1));
  expect(limited.encryptInto(new Uint8Array(40), new Uint8Array(1))).toBeGreaterThan(1);
  await limited.encryptAsync(new Uint8Array(1), new Uint8Array(1));
  expect(said).toEqual([]);
  limited.encrypt(new Uint8Array(1));
  expect(said).toEqual([9n]);
  await expect(limited.encryptAsync(new Uint8Array(1))).rejects.toMatchObject({ code: 'counter-exhausted' });
  encryptor.setEncryptionKey(randomKey(), 10);
  expect(limited.encrypt(new Uint8Array(1)).length).toBeGreaterThan(1);
});
