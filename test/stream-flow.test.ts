// Order, backpressure, and the ends of a stream: whichever way it ends, its keys are gone.

import { afterEach, describe, expect, test, vi } from 'vitest';
import { noise } from './lengths.ts';
import { coreHolds, dirtyBytes } from './spied-core.ts';

const { preload, SFrameEncryptor } = await import('../src/index.ts');
const { SFrameDecryptorStream, SFrameEncryptorStream } = await import('../src/stream.ts');
const { cipherSuite, ctrOf, failure, freshKey, hkdfKey, Line, readAll, receiver, sender } = await import(
  './stream-frames.ts'
);
const { oracleDerive } = await import('./oracle.ts');

const engines = ['auto', 'wasm', 'webcrypto'] as const;
const GCM = 4;

preload();
afterEach(() => vi.restoreAllMocks());

/** Some microtasks and tasks later. */
const settle = () => new Promise((resolve) => setTimeout(resolve, 5));

describe.each(engines)('engine %s', (engine) => {
  test('small and large frames come out in the order in which they went in', async () => {
    const baseKey = freshKey();
    const frames = Array.from({ length: 60 }, (_, i) => noise(i % 3 === 0 ? 100_000 : i, i));
    const encryptor = new SFrameEncryptorStream({ cipherSuite, engine });
    await encryptor.setEncryptionKey(baseKey, 1);
    const decryptor = new SFrameDecryptorStream({ cipherSuite, engine, replayWindow: 1 });
    await decryptor.addDecryptionKey(baseKey, 1);
    const [writer, last] = [encryptor.writable.getWriter(), encryptor.readable.pipeTo(decryptor.writable)];
    const writing = frames.map((frame) => writer.write(frame)); // all at once
    writing.push(writer.close());
    const out = (await readAll(decryptor)) as Uint8Array[];
    await Promise.all([...writing, last]);
    expect(out.map(({ length }) => length)).toEqual(frames.map(({ length }) => length));
    expect(out.every((frame, i) => frame[0] === frames[i]![0])).toBe(true);
  });

  test('what a slow reader has not asked for is not encrypted', async () => {
    const baseKey = freshKey();
    const { stream, writer, reader } = await sender(baseKey, 1, { engine });
    const writing = Array.from({ length: 50 }, (_, i) => writer.write(noise(20_000, i)));
    await settle();
    expect(stream.counts.encrypted).toBe(1);
    for (let i = 0; i < 10; i++) expect(ctrOf((await reader.read()).value)).toBe(BigInt(i));
    await settle();
    expect(stream.counts.encrypted).toBe(11);
    expect(writer.desiredSize).toBeLessThanOrEqual(0);
    await Promise.all([reader.cancel(), ...writing.map(failure)]);
  });
});

test('backpressure goes up the pipe', async () => {
  let pulled = 0;
  const source = new ReadableStream(
    { pull: (controller) => controller.enqueue(noise(10, ++pulled)) },
    { highWaterMark: 0 },
  );
  const { stream } = await makeUnlocked(freshKey());
  const reader = source.pipeThrough(stream).getReader();
  await settle();
  expect(pulled).toBeLessThanOrEqual(3);
  for (let i = 0; i < 100; i++) await reader.read();
  await settle();
  expect(pulled).toBeLessThanOrEqual(103);
  await reader.cancel();
});

test('frames that are dropped need no reader', async () => {
  const stream = new SFrameDecryptorStream({ cipherSuite });
  const writer = stream.writable.getWriter();
  for (let i = 0; i < 100; i++) await writer.write(noise(40, 1));
  expect(stream.counts.keyID).toBe(100);
});

async function makeUnlocked(baseKey: Uint8Array) {
  const stream = new SFrameEncryptorStream({ cipherSuite });
  await stream.setEncryptionKey(baseKey, 1);
  return { stream };
}

/** How a stream ends. */
const ends: [name: string, end: (line: InstanceType<typeof Line>) => Promise<unknown>][] = [
  ['closed', ({ writer }) => writer.close()],
  ['aborted', ({ writer }) => writer.abort(new RangeError('over'))],
  ['cancelled', ({ reader }) => reader.cancel(new RangeError('over'))],
];

describe.each(ends)('a stream that is %s', (name, end) => {
  test('has wiped its keys, and takes no others', async () => {
    const baseKey = freshKey();
    const salt = oracleDerive(GCM, 1n, baseKey).salt;
    const [alice, bob] = [await sender(baseKey, 1), await receiver(baseKey, 1)];
    expect(await bob.pass(await alice.pass(noise(100, 1)))).toEqual(noise(100, 1));
    expect(coreHolds(salt)).toBe(true);
    await end(alice);
    await end(bob);
    expect(coreHolds(salt)).toBe(false);
    expect(dirtyBytes().length).toBe(0);
    for (const key of [freshKey(), await hkdfKey(freshKey())]) {
      expect(await failure(alice.stream.setEncryptionKey(key, 1))).toBe('destroyed');
      expect(await failure(bob.stream.addDecryptionKey(key, 1))).toBe('destroyed');
    }
    expect(await failure(bob.stream.removeDecryptionKey(1))).toBe('destroyed');
    expect(dirtyBytes().length).toBe(0);
    // Node 20 fails an assertion of its own when a closed stream is written to.
    if (name !== 'closed') expect(await failure(alice.writer.write(noise(10, 1)))).toBe('RangeError');
    if (name === 'closed') expect(await alice.reader.read()).toEqual({ done: true, value: undefined });
    if (name === 'aborted') expect(await failure(alice.reader.read())).toBe('RangeError');
  });

  test('keeps the key for the others that share it', async () => {
    const baseKey = freshKey();
    const salt = oracleDerive(GCM, 1n, baseKey).salt;
    const [alice, other] = [await sender(baseKey, 1), await sender(baseKey, 1)];
    await alice.pass(noise(10, 1));
    await end(alice);
    expect(coreHolds(salt)).toBe(true);
    expect(ctrOf(await other.pass(noise(10, 1)))).toBe(1n);
    await end(other);
    expect(coreHolds(salt)).toBe(false);
    expect(dirtyBytes().length).toBe(0);
  });

  test('while a key is being imported: it is not kept', async () => {
    const key = await hkdfKey(freshKey());
    const alice = new Line(new SFrameEncryptorStream({ cipherSuite }));
    const bob = new Line(new SFrameDecryptorStream({ cipherSuite }));
    const importing = [alice.stream.setEncryptionKey(key, 1), bob.stream.addDecryptionKey(key, 1)];
    const codes = Promise.all(importing.map(failure));
    await Promise.all([end(alice), end(bob)]);
    expect(await codes).toEqual(['destroyed', 'destroyed']);
    expect(dirtyBytes().length).toBe(0);
  });
});

describe('an abort', () => {
  test.each([sender, receiver])('does not wait for a reader: the keys go at once (%o)', async (make) => {
    const baseKey = freshKey();
    const salt = oracleDerive(GCM, 1n, baseKey).salt;
    const chunks = [1, 2, 3].map((i) => sealed(baseKey, noise(20, i), i));
    const line = await make(baseKey, 1);
    const writing = chunks.map((chunk) => failure(line.writer.write(chunk))); // nobody reads
    await settle();
    expect(coreHolds(salt)).toBe(true);
    const aborting = line.writer.abort(new RangeError('over'));
    expect(coreHolds(salt)).toBe(false);
    await aborting;
    expect(await Promise.all(writing)).toEqual(['none', 'none', 'RangeError']);
    expect(await failure(line.reader.read())).toBe('RangeError');
    expect(dirtyBytes().length).toBe(0);
  });

  for (const engine of engines)
    test.each([sender, receiver])(
      `while a large frame is under way in engine ${engine} (%o)`,
      async (make) => {
        const baseKey = freshKey();
        const large = sealed(baseKey, noise(300_000, 1), 0);
        const line = await make(baseKey, 1, { engine });
        const reading = failure(line.reader.read());
        await settle();
        const writing = failure(line.writer.write(large));
        await Promise.resolve();
        const aborting = line.writer.abort(new RangeError('over'));
        await aborting;
        expect(await writing, 'its write').toBe('none');
        expect(await reading, 'it does not come out').toBe('RangeError');
        expect(dirtyBytes().length).toBe(0);
      },
    );
});

test('nothing is said of what has waited when the stream ended', async () => {
  const bob = await receiver(freshKey(), 1);
  const errors: string[] = [];
  bob.stream.addEventListener('error', ({ errorType }) => errors.push(errorType));
  const baseKey = freshKey();
  await bob.stream.addDecryptionKey(baseKey, 1);
  const writing = [bob.writer.write(sealed(baseKey, noise(9, 1), 1)), bob.writer.write('no frame')];
  await settle();
  await bob.writer.abort();
  await Promise.allSettled(writing);
  expect(errors).toEqual([]);
});

/** A frame of somebody who counts for himself. */
function sealed(baseKey: Uint8Array, plaintext: Uint8Array, ctr: number): Uint8Array {
  const encryptor = new SFrameEncryptor({ cipherSuite });
  encryptor.setEncryptionKey(baseKey, 1, { ctr });
  const ciphertext = encryptor.encrypt(plaintext);
  encryptor.destroy();
  return ciphertext;
}
