// Encryptor streams of one realm and one (suite, base key, KID) are one counter: no nonce comes twice (RFC 9605 §9.1).

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { decodeHeader, SFrameDecryptor } from '../src/index.ts';
import { SFrameEncryptorStream } from '../src/stream.ts';
import { noise } from './lengths.ts';
import {
  cipherSuite,
  ctrOf,
  failure,
  freshKey,
  hkdfKey,
  Line,
  receiver,
  sender,
  through,
} from './stream-frames.ts';

const engines = ['auto', 'wasm', 'webcrypto'] as const;

/** What a stream encrypts after a key was set, as CTRs. */
async function ctrs(line: Line<SFrameEncryptorStream>, frames: number): Promise<bigint[]> {
  const all: bigint[] = [];
  for (let i = 0; i < frames; i++) all.push(ctrOf(await line.pass(noise(20, i))));
  return all;
}

describe.each(engines)('engine %s', (engine) => {
  test('two live streams share it, and one receiver opens what both send', async () => {
    const baseKey = freshKey();
    const [audio, video] = [await sender(baseKey, 9, { engine }), await sender(baseKey, 9, { engine })];
    const bob = await receiver(baseKey, 9);
    const seen: bigint[] = [];
    for (let i = 0; i < 20; i++) {
      const ciphertext = await (i % 3 === 0 ? audio : video).pass(noise(30, i));
      seen.push(ctrOf(ciphertext));
      expect(await bob.pass(ciphertext)).toEqual(noise(30, i));
    }
    expect(seen).toEqual(Array.from({ length: 20 }, (_, i) => BigInt(i)));
  });

  test('a stream goes on where closed, aborted and cancelled ones have stopped', async () => {
    const baseKey = freshKey();
    const [first, second, third] = [
      await sender(baseKey, 9, { engine }),
      await sender(baseKey, 9, { engine }),
      await sender(baseKey, 9, { engine }),
    ];
    expect(await ctrs(first, 3)).toEqual([0n, 1n, 2n]);
    await first.writer.close();
    expect(await ctrs(second, 2)).toEqual([3n, 4n]);
    await second.writer.abort();
    expect(await ctrs(third, 2)).toEqual([5n, 6n]);
    await third.reader.cancel();
    for (let i = 7n; i < 10n; i++) {
      const next = await sender(baseKey, 9, { engine });
      expect(await ctrs(next, 1)).toEqual([i]);
      await next.writer.close();
    }
  });

  test('A, B, A on one stream counts on; so does the same key set again', async () => {
    const [a, b] = [freshKey(), freshKey()];
    const alice = await sender(a, 1, { engine });
    expect(await ctrs(alice, 2)).toEqual([0n, 1n]);
    await alice.stream.setEncryptionKey(a, 1);
    expect(await ctrs(alice, 2)).toEqual([2n, 3n]);
    await alice.stream.setEncryptionKey(b, 1);
    expect(await ctrs(alice, 2)).toEqual([0n, 1n]);
    await alice.stream.setEncryptionKey(await hkdfKey(a), 1);
    expect(await ctrs(alice, 2)).toEqual([4n, 5n]);
  });

  test('it is the same key as bytes and as a CryptoKey', async () => {
    const baseKey = freshKey();
    const bytes = await sender(baseKey, 4, { engine });
    const opaque = await sender(await hkdfKey(baseKey), 4, { engine });
    expect(await ctrs(bytes, 1)).toEqual([0n]);
    expect(await ctrs(opaque, 2)).toEqual([1n, 2n]);
    await Promise.all([bytes.writer.close(), opaque.writer.close()]);
    expect(await ctrs(await sender(await hkdfKey(baseKey), 4, { engine }), 1)).toEqual([3n]);
    expect(await ctrs(await sender(baseKey, 4, { engine }), 1)).toEqual([4n]);
  });

  test('set on many streams at the same time', async () => {
    const baseKey = freshKey();
    const key = await hkdfKey(baseKey);
    const streams = Array.from({ length: 8 }, () => new SFrameEncryptorStream({ cipherSuite, engine }));
    await Promise.all(streams.map((stream, i) => stream.setEncryptionKey(i % 2 ? key : baseKey, 6)));
    const sent = await Promise.all(streams.map((stream) => through(stream, [noise(9, 1), noise(60_000, 2)])));
    const all = sent.flat().map((ciphertext) => Number(ctrOf(ciphertext as Uint8Array)));
    expect(all.sort((a, b) => a - b)).toEqual(Array.from({ length: 16 }, (_, i) => i));
  });
});

test('other engines and limits make no other counter', async () => {
  const baseKey = freshKey();
  const seen: bigint[] = [];
  for (const maxFrameLen of [100, 2 ** 24])
    for (const engine of engines)
      seen.push(...(await ctrs(await sender(baseKey, 1, { engine, maxFrameLen }), 1)));
  expect(seen).toEqual([0n, 1n, 2n, 3n, 4n, 5n]);
});

test('other KIDs, base keys and suites do', async () => {
  const baseKey = freshKey();
  for (const line of [
    await sender(baseKey, 1),
    await sender(baseKey, 2),
    await sender(freshKey(), 1),
    await sender(baseKey, 1, { cipherSuite: 'AES_128_CTR_HMAC_SHA256_80' }),
    await sender(baseKey, 1, { cipherSuite: 'AES_128_CTR_HMAC_SHA256_64' }),
  ])
    expect(await ctrs(line, 2)).toEqual([0n, 1n]);
});

test('each stream has its own longest frame, whoever had the key first', async () => {
  const baseKey = freshKey();
  const [small, large] = [await sender(baseKey, 1, { maxFrameLen: 100 }), await sender(baseKey, 1)];
  expect((await large.pass(noise(101, 1))).length).toBe(118);
  await small.lose(noise(101, 1));
  expect(small.stream.counts).toEqual({ encrypted: 0, dropped: 1 });
  expect(ctrOf(await small.pass(noise(100, 1)))).toBe(1n);
});

test('a stream that fails to take a key, or is closed meanwhile, leaves the counter to others', async () => {
  const baseKey = freshKey();
  const key = await hkdfKey(baseKey);
  const alice = await sender(baseKey, 1);
  const other = new SFrameEncryptorStream({ cipherSuite });
  const setting = failure(other.setEncryptionKey(key, 1));
  await other.writable.abort();
  expect(await setting).toBe('destroyed');
  expect(await ctrs(alice, 2)).toEqual([0n, 1n]);
});

/** Whether a frame was encrypted under a base key. */
function opens(baseKey: Uint8Array, ciphertext: Uint8Array): boolean {
  const decryptor = new SFrameDecryptor({ cipherSuite });
  decryptor.addDecryptionKey(baseKey, decodeHeader(ciphertext).kid);
  const opened = decryptor.tryDecrypt(ciphertext);
  decryptor.destroy();
  return typeof opened !== 'string';
}

/** One thing that happens to one of three streams. */
const step = fc.record({
  stream: fc.nat(2),
  what: fc.constantFrom('send', 'send', 'send large', 'key', 'opaque key', 'close'),
  key: fc.nat(1),
  kid: fc.nat(1),
});

test('whatever streams do, no (base key, KID, CTR) occurs twice, and none is left out', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 40 }), async (steps) => {
      const keys = [freshKey(), freshKey()];
      const opaque = await Promise.all(keys.map(hkdfKey));
      const make = (i: number) => new Line(new SFrameEncryptorStream({ cipherSuite, engine: engines[i]! }));
      const lines = [make(0), make(1), make(2)];
      const sent: Uint8Array[] = [];
      const work: Promise<unknown>[] = [];
      const collect = async ({ reader }: Line): Promise<void> => {
        for (let next = await reader.read(); !next.done; next = await reader.read()) sent.push(next.value);
      };
      for (const line of lines) work.push(collect(line));
      for (const { stream, what, key, kid } of steps) {
        const { writer, stream: target } = lines[stream]!;
        if (what === 'send') work.push(writer.write(noise(20, kid)));
        else if (what === 'send large') work.push(writer.write(noise(70_000, kid)));
        else if (what === 'key') work.push(target.setEncryptionKey(keys[key]!, kid));
        else if (what === 'opaque key') work.push(target.setEncryptionKey(opaque[key]!, kid).catch(() => {}));
        else {
          work.push(writer.close());
          lines[stream] = make(stream);
          work.push(collect(lines[stream]!));
        }
        if (kid === 1) await Promise.resolve();
      }
      for (const { writer } of lines) work.push(writer.close());
      await Promise.allSettled(work);
      const uses = new Map<string, number[]>();
      for (const ciphertext of sent) {
        const { kid, ctr } = decodeHeader(ciphertext);
        const opened = keys.findIndex((baseKey) => opens(baseKey, ciphertext));
        const name = `${opened} ${kid}`;
        uses.set(name, [...(uses.get(name) ?? []), Number(ctr)]);
      }
      for (const [name, ctrs] of uses) {
        expect(name).toMatch(/^[01] [01]$/);
        expect(ctrs.sort((a, b) => a - b)).toEqual(Array.from(ctrs, (_, i) => i));
      }
    }),
    { numRuns: 30 },
  );
});
