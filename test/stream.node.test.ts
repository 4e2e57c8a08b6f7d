// What streams cost in memory over time, and streams without WebAssembly, or that nobody has closed.

import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { collect, inUse } from './collector.ts';
import { noise } from './lengths.ts';
import { coreHolds, dirtyBytes } from './spied-core.ts';

const { decodeHeader, preload } = await import('../src/index.ts');
const { SFrameDecryptorStream, SFrameEncryptorStream } = await import('../src/stream.ts');
const { cipherSuite, ctrOf, freshKey, hkdfKey, receiver, sender, through } = await import(
  './stream-frames.ts'
);
const { oracleDerive } = await import('./oracle.ts');

const KIB = 1024;
preload();

test('a hundred thousand frames of garbage leave no memory in use', async () => {
  const bob = await receiver(freshKey(), 1);
  let events = 0;
  bob.stream.addEventListener('error', () => events++);
  const flood = async (frames: number): Promise<void> => {
    for (let i = 0; i < frames; i++) {
      const garbage = noise(60, i);
      garbage[0] = i % 2 ? 0x1f : (garbage[0] as number); // half of them under the KID that has a key
      await bob.lose(garbage);
    }
  };
  await flood(20_000);
  expect(await leastGrowth(() => flood(100_000))).toBeLessThan(16 * KIB);
  const { decrypted, replay, ...dropped } = bob.stream.counts;
  expect([decrypted, replay]).toEqual([0, 0]);
  expect(Object.values(dropped).reduce((sum, count) => sum + count)).toBe(320_000);
  expect(events).toBeLessThanOrEqual(64 + 1 + 64);
  await bob.writer.abort();
}, 120_000);

test('frames without a key, frames with one, and what is no frame leave no memory in use', async () => {
  const stream = new SFrameEncryptorStream({ cipherSuite });
  const writer = stream.writable.getWriter();
  const write = async (): Promise<void> => {
    for (let i = 0; i < 20_000; i++) await writer.write(i % 2 ? i : noise(50, i));
  };
  await write();
  await stream.setEncryptionKey(freshKey(), 1);
  const reader = stream.readable.getReader();
  const reading = (async () => {
    while (!(await reader.read()).done);
  })();
  await write();
  expect(await leastGrowth(write)).toBeLessThan(16 * KIB);
  expect(stream.counts).toEqual({ encrypted: 40_000, dropped: 60_000 });
  await writer.close();
  await reading;
}, 120_000);

/** Bytes that every turn leaves in use: the least of three, because engines compile and cache now and then. */
async function leastGrowth(turn: () => Promise<void>): Promise<number> {
  const growth: number[] = [];
  for (let i = 0; i < 3; i++) {
    const before = await inUse();
    await turn();
    growth.push((await inUse()) - before);
  }
  return Math.min(...growth);
}

test('what is kept of a key is small, and nothing of one that has sent nothing', async () => {
  const keys = 2000;
  const take = async (frames: readonly Uint8Array[]): Promise<void> => {
    for (let i = 0; i < keys; i++) {
      const stream = new SFrameEncryptorStream({ cipherSuite, engine: 'wasm' });
      await stream.setEncryptionKey(freshKey(), i);
      await through(stream, frames);
    }
  };
  const [used, unused] = [() => take([noise(1, 1)]), () => take([])];
  await used();
  const each = (await leastGrowth(used)) / keys;
  expect(each).toBeLessThan(400);
  expect((await leastGrowth(unused)) / keys).toBeLessThan(40);
  expect(dirtyBytes().length).toBe(0);
}, 120_000);

test('a stream that nobody holds or has closed is wiped; its counter is not forgotten', async () => {
  const baseKey = freshKey();
  const salt = oracleDerive(4, 5n, baseKey).salt;
  const use = async (): Promise<void> => {
    const [alice, bob] = [await sender(baseKey, 5), await receiver(baseKey, 5)];
    for (let i = 0; i < 3; i++) await bob.pass(await alice.pass(noise(20, i)));
  };
  await use();
  expect(coreHolds(salt)).toBe(true);
  for (let i = 0; i < 200 && coreHolds(salt); i++) await collect();
  expect(coreHolds(salt)).toBe(false);
  const [ciphertext] = await through(await encryptorOf(baseKey, 5), [noise(20, 1)]);
  expect(ctrOf(ciphertext as Uint8Array)).toBe(3n);
});

test('a stream that was closed is not counted out again when it is collected: the key may be another’s by then', async () => {
  const baseKey = freshKey();
  const line = await sender(baseKey, 6);
  for (let i = 0; i < 20; i++) await through(await encryptorOf(baseKey, 6), [noise(20, i)]);
  for (let i = 0; i < 20; i++) await collect();
  expect(ctrOf(await line.pass(noise(20, 1)))).toBe(20n);
});

async function encryptorOf(baseKey: Uint8Array | CryptoKey, kid: number) {
  const stream = new SFrameEncryptorStream({ cipherSuite });
  await stream.setEncryptionKey(baseKey, kid);
  return stream;
}

describe('without WebAssembly', () => {
  beforeEach(() => {
    vi.resetModules(); // the core that runs is another's
    vi.stubGlobal('WebAssembly', undefined);
  });
  afterEach(() => {
    vi.unstubAllGlobals();
  });

  test('streams work, and share their counters', async () => {
    const { SFrameDecryptorStream: Receiver, SFrameEncryptorStream: Sender } = await import(
      '../src/stream.ts'
    );
    const baseKey = freshKey();
    const streams = [new Sender({ cipherSuite }), new Sender({ cipherSuite }), new Sender({ cipherSuite })];
    const opaque = await hkdfKey(baseKey);
    await Promise.all(streams.map((stream, i) => stream.setEncryptionKey(i === 1 ? opaque : baseKey, 1)));
    const sent = (
      await Promise.all(streams.map((stream) => through(stream, [noise(9, 1), noise(9, 2)])))
    ).flat();
    const ctrs = sent.map((ciphertext) => Number(decodeHeader(ciphertext as Uint8Array).ctr));
    expect(ctrs.sort()).toEqual([0, 1, 2, 3, 4, 5]);
    const decryptor = new Receiver({ cipherSuite });
    await decryptor.addDecryptionKey(baseKey, 1);
    expect((await through(decryptor, sent)).length).toBe(6);
  });

  test("engine 'wasm' says so when a key is set", async () => {
    const { SFrameDecryptorStream: Receiver, SFrameEncryptorStream: Sender } = await import(
      '../src/stream.ts'
    );
    const [encryptor, decryptor] = [
      new Sender({ cipherSuite, engine: 'wasm' }),
      new Receiver({ cipherSuite, engine: 'wasm' }),
    ];
    const unavailable = { code: 'engine-unavailable' };
    for (const key of [freshKey(), await hkdfKey(freshKey())]) {
      await expect(encryptor.setEncryptionKey(key, 1)).rejects.toMatchObject(unavailable);
      await expect(decryptor.addDecryptionKey(key, 1)).rejects.toMatchObject(unavailable);
    }
    expect(await through(encryptor, [noise(9, 1)])).toEqual([]);
    expect(await through(decryptor, [noise(9, 1)])).toEqual([]);
  });
});

test('importing touches nothing: server-side rendering may', async () => {
  vi.resetModules();
  const globals = Reflect.ownKeys(globalThis);
  const names = [
    'ReadableStream',
    'WritableStream',
    'FinalizationRegistry',
    'performance',
    'crypto',
  ] as const;
  for (const name of names) vi.stubGlobal(name, undefined);
  const { isNativeSFrameSupported } = await import('../src/stream.ts');
  expect(isNativeSFrameSupported()).toBe(false);
  vi.unstubAllGlobals();
  expect(Reflect.ownKeys(globalThis)).toEqual(globals);
  expect(typeof SFrameDecryptorStream).toBe('function');
});
