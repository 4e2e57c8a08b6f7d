// What a receiving stream says of frames that it drops, what it does not say, and that it goes on.

import { afterEach, describe, expect, test, vi } from 'vitest';
import { SFrameEncryptor } from '../src/index.ts';
import {
  SFrameDecryptorStream,
  SFrameEncryptorStream,
  type SFrameTransformErrorEvent,
} from '../src/stream.ts';
import { noise } from './lengths.ts';
import {
  cipherSuite,
  errorsOf,
  freshKey,
  Line,
  receiver,
  sender,
  through,
  VideoFrame,
} from './stream-frames.ts';

let now = 0;
afterEach(() => {
  vi.restoreAllMocks();
  now = 0;
});

/** From now on time is what {@link now} says. */
function holdTime(): void {
  vi.spyOn(performance, 'now').mockImplementation(() => now);
}

/** A frame that nobody can open: a KID below 8, a CTR that no sender reaches. */
const forged = (kid: number, len = 40): Uint8Array<ArrayBuffer> =>
  noise(len, kid)
    .fill((kid << 4) | 15, 0, 1)
    .fill(0x7f, 1, 2);

/** A sender who counts for himself, and a stream that has his key. */
async function call(kid = 1, options: { replayWindow?: number; engine?: 'webcrypto' } = {}) {
  const baseKey = freshKey();
  const encryptor = new SFrameEncryptor({ cipherSuite });
  encryptor.setEncryptionKey(baseKey, kid);
  const bob = await receiver(baseKey, kid, options);
  return { baseKey, encryptor, bob, errors: errorsOf(bob.stream) };
}

describe('a frame that cannot be decrypted', () => {
  test.each([
    ['an unknown KID', forged(2), 'keyID', 2n],
    [
      'an unknown long KID',
      new Uint8Array([0xf0, ...noise(8, 1).fill(0xfe), ...noise(20, 1)]),
      'keyID',
      undefined,
    ],
    ['a wrong tag', forged(1), 'authentication', 1n],
    ['nothing', new Uint8Array(0), 'syntax', null],
    ['a header cut short', new Uint8Array([0xff, 1, 2]), 'syntax', null],
    ['a header not in minimal form', new Uint8Array([0x98, 0, 1, ...noise(40, 1)]), 'syntax', null],
    ['no room for a tag', new Uint8Array([0x10, 1, 2]), 'syntax', null],
  ])(
    '%s: an event of the right type, with the frame as it came; the stream goes on',
    async (_, bytes, errorType, keyID) => {
      for (const engine of [undefined, 'webcrypto'] as const) {
        const { bob, encryptor } = await call(1, engine ? { engine } : {});
        const events: SFrameTransformErrorEvent[] = [];
        bob.stream.onerror = (event) => events.push(event);
        const frame = new VideoFrame(bytes);
        const { data } = frame;
        await bob.lose(frame);
        expect(events.length).toBe(1);
        expect(events[0]).toMatchObject({ type: 'error', errorType, error: undefined });
        if (keyID === undefined) expect(typeof events[0]!.keyID).toBe('bigint');
        else expect(events[0]!.keyID).toBe(keyID);
        expect(events[0]!.frame).toBe(frame);
        expect(frame.data).toBe(data);
        expect(new Uint8Array(data)).toEqual(bytes);
        expect(await bob.pass(encryptor.encrypt(noise(20, 1)))).toEqual(noise(20, 1));
      }
    },
  );

  test('a wrong key, and a frame of another suite', async () => {
    const { bob, encryptor, errors } = await call(1);
    await bob.stream.addDecryptionKey(freshKey(), 1);
    await bob.lose(encryptor.encrypt(noise(30, 1)));
    expect(errors).toEqual(['authentication 1']);
    expect(bob.stream.counts).toEqual({ decrypted: 0, replay: 0, keyID: 0, authentication: 1, syntax: 0 });
  });

  test('one that came before: nothing is said, though it comes five times', async () => {
    const { bob, encryptor, errors } = await call(1);
    for (let i = 0; i < 3; i++) {
      const ciphertext = encryptor.encrypt(noise(20, i));
      expect(await bob.pass(ciphertext)).toEqual(noise(20, i));
      for (let again = 0; again < 4; again++) await bob.lose(ciphertext);
    }
    expect(errors).toEqual([]);
    expect(bob.stream.counts).toMatchObject({ decrypted: 3, replay: 12 });
  });

  test('a listener that aborts the stream does no harm', async () => {
    const { bob } = await call(1);
    let closing: Promise<void> | undefined;
    bob.stream.onerror = () => {
      closing = bob.writer.abort();
    };
    await bob.lose(forged(2)).catch(() => {});
    await closing;
    await expect(bob.stream.addDecryptionKey(freshKey(), 1)).rejects.toMatchObject({ code: 'destroyed' });
  });
});

describe('a flood', () => {
  test('is one event for each errorType and KID; all are counted', async () => {
    const { bob, errors } = await call(1);
    for (let i = 0; i < 1000; i++) {
      await bob.lose(forged(1));
      await bob.lose(forged(2));
      await bob.lose(forged(3));
      await bob.lose(new Uint8Array([0xff]));
    }
    expect(errors).toEqual(['authentication 1', 'keyID 2', 'keyID 3', 'syntax null']);
    expect(bob.stream.counts).toEqual({
      decrypted: 0,
      replay: 0,
      keyID: 2000,
      authentication: 1000,
      syntax: 1000,
    });
  });

  test('between genuine frames is an event a second at most', async () => {
    holdTime();
    const { bob, encryptor, errors } = await call(1);
    for (let i = 0; i < 500; i++) {
      await bob.lose(forged(1));
      await bob.lose(forged(2));
      await bob.lose(new Uint8Array([0xff]));
      await bob.pass(encryptor.encrypt(noise(20, i)));
      now += 20;
    }
    // ten seconds; of a KID without frames nothing is news
    expect(errors.filter((error) => error === 'authentication 1').length).toBe(10);
    expect(errors.filter((error) => error === 'syntax null').length).toBe(10);
    expect(errors.filter((error) => error === 'keyID 2').length).toBe(1);
  });

  test('of KIDs that were made up: 64 events', async () => {
    const { bob, encryptor, errors } = await call(1);
    for (let i = 0; i < 1000; i++)
      await bob.lose(new Uint8Array([0x90, 1 + (i >> 8), i & 0xff, ...noise(40, i)]));
    expect(errors.filter((error) => !error.startsWith('keyID'))).toEqual([]);
    expect(errors.length).toBe(64);
    await bob.lose(forged(1));
    expect(errors.at(-1), 'other types are told').toBe('authentication 1');
    expect(await bob.pass(encryptor.encrypt(noise(20, 1)))).toEqual(noise(20, 1));
  });

  test('that is over, and begins anew, is told again', async () => {
    holdTime();
    const { bob, encryptor, errors } = await call(1);
    await bob.lose(forged(1));
    now += 5000;
    await bob.lose(forged(1));
    expect(errors.length, 'it was not over').toBe(1);
    await bob.pass(encryptor.encrypt(noise(20, 1)));
    await bob.lose(forged(1));
    expect(errors).toEqual(['authentication 1', 'authentication 1']);
  });

  test('ends for the KID that is right again, not for others', async () => {
    holdTime();
    const { bob, encryptor, errors } = await call(1);
    await bob.stream.addDecryptionKey(freshKey(), 2);
    await bob.lose(forged(2));
    now += 5000;
    await bob.pass(encryptor.encrypt(noise(20, 1)));
    await bob.lose(forged(2));
    expect(errors).toEqual(['authentication 2']);
  });

  test('after keys have changed all is news', async () => {
    const { bob, errors } = await call(1);
    for (let i = 0; i < 3; i++) await bob.lose(forged(2));
    await bob.stream.addDecryptionKey(freshKey(), 2);
    for (let i = 0; i < 3; i++) await bob.lose(forged(2));
    await bob.stream.removeDecryptionKey(2);
    for (let i = 0; i < 3; i++) await bob.lose(forged(2));
    expect(errors).toEqual(['keyID 2', 'authentication 2', 'keyID 2']);
  });
});

/** What is no frame, or none any more. */
function notFrames(): [what: string, chunk: unknown][] {
  const gone = new Uint8Array(64);
  structuredClone(gone, { transfer: [gone.buffer] });
  const shared = new WebAssembly.Memory({ shared: true, initial: 1, maximum: 1 }).buffer;
  const hostile = () => {
    throw new Error('no');
  };
  const list: [string, unknown][] = [
    ['undefined', undefined],
    ['null', null],
    ['a number', 7],
    ['a bigint', 7n],
    ['a string', 'x'.repeat(64)],
    ['a symbol', Symbol('x')],
    ['a function', hostile],
    ['an array', [1, 2, 3]],
    ['an object', {}],
    ['an object with a view as data', { data: new Uint8Array(64) }],
    ['an object with a string as data', { data: 'x'.repeat(64) }],
    [
      'an object whose data throws',
      {
        get data() {
          return hostile();
        },
      },
    ],
    ['an object tagged ArrayBuffer', { [Symbol.toStringTag]: 'ArrayBuffer', byteLength: 64 }],
    ['one as data', { data: { [Symbol.toStringTag]: 'ArrayBuffer', byteLength: 64 } }],
    [
      'an object whose tag throws',
      {
        get [Symbol.toStringTag]() {
          return hostile();
        },
      },
    ],
    ['a proxy of bytes', new Proxy(new Uint8Array(64), {})],
    ['a detached view', gone],
    ['a detached buffer', gone.buffer],
    ['a frame whose buffer is detached', { data: gone.buffer }],
    ['a view of shared memory', new Uint8Array(shared, 0, 64)],
    ['a DataView of shared memory', new DataView(shared, 0, 64)],
    ['shared memory', shared],
    ['a Promise', Promise.resolve(new Uint8Array(64))],
    ['a Blob', new Blob(['x'.repeat(64)])],
  ];
  if ('resize' in ArrayBuffer.prototype) {
    const buffer = Reflect.construct(ArrayBuffer, [64, { maxByteLength: 128 }]);
    const [view, data] = [new Uint8Array(buffer, 32, 16), new DataView(buffer, 32, 16)];
    buffer.resize(8);
    list.push(['a view out of bounds', view], ['a DataView out of bounds', data]);
  }
  return list;
}

describe.each(notFrames())('%s', (_, chunk) => {
  test('is dropped by a sender, who says so and goes on', async () => {
    const alice = await sender(freshKey(), 1);
    const events: { error: Error; frame: unknown }[] = [];
    alice.stream.addEventListener('frame-dropped', ({ error, frame }) => events.push({ error, frame }));
    for (let i = 0; i < 3; i++) await alice.lose(chunk);
    expect(events.length).toBe(1);
    expect(events[0]!.error).toBeInstanceOf(TypeError);
    expect(events[0]!.error.message).toMatch(/^a chunk must be an encoded frame/);
    expect(Object.is(events[0]!.frame, chunk)).toBe(true);
    expect(alice.stream.counts).toEqual({ encrypted: 0, dropped: 3 });
    expect((await alice.pass(noise(10, 1)))[0], 'no counter was taken').toBe(0x10);
  });

  test('is dropped by a receiver, who says so and goes on', async () => {
    const { bob, encryptor } = await call(1);
    const events: SFrameTransformErrorEvent[] = [];
    bob.stream.onerror = (event) => events.push(event);
    for (let i = 0; i < 3; i++) await bob.lose(chunk);
    expect(events.length).toBe(1);
    expect(events[0]).toMatchObject({ errorType: 'syntax', keyID: null });
    expect(events[0]!.error).toBeInstanceOf(TypeError);
    expect(bob.stream.counts.syntax).toBe(3);
    expect(await bob.pass(encryptor.encrypt(noise(20, 1)))).toEqual(noise(20, 1));
  });
});

describe('a frame that does not take other data', () => {
  const stubborn: [what: string, make: () => { readonly data: ArrayBuffer }][] = [
    ['is frozen', () => Object.freeze({ data: noise(50, 1).buffer })],
    [
      'has no setter',
      () => ({
        get data() {
          return noise(50, 1).buffer;
        },
      }),
    ],
    [
      'has a setter that does nothing',
      () => ({
        get data() {
          return noise(50, 1).buffer;
        },
        set data(_) {},
      }),
    ],
    [
      'has a setter that throws',
      () => ({
        get data() {
          return noise(50, 1).buffer;
        },
        set data(_) {
          throw null;
        },
      }),
    ],
  ];

  test.each(stubborn)('because it %s, does not leave', async (_, make) => {
    const alice = await sender(freshKey(), 1);
    const errors: Error[] = [];
    alice.stream.addEventListener('frame-dropped', ({ error }) => errors.push(error));
    await alice.lose(make());
    expect(errors).toEqual([expect.objectContaining({ message: "the frame's data cannot be replaced" })]);
    expect((await alice.pass(noise(10, 1)))[0], 'its counter is gone').toBe(0x11);
  });
});

test('a frame longer than maxFrameLen is dropped at both ends', async () => {
  const encryptor = new SFrameEncryptorStream({ cipherSuite, maxFrameLen: 50 });
  await encryptor.setEncryptionKey(freshKey(), 1);
  const told: string[] = [];
  encryptor.addEventListener('frame-dropped', ({ error }) => told.push(`${error}`));
  expect((await through(encryptor, [noise(51, 1), noise(51, 2), noise(50, 1)])).length).toBe(1);
  expect(told).toEqual(['RangeError: a frame must be at most 50 bytes long']);
  const decryptor = new SFrameDecryptorStream({ cipherSuite, maxFrameLen: 50 });
  const errors = errorsOf(decryptor);
  expect(await through(decryptor, [forged(1, 84)])).toEqual([]);
  expect(errors).toEqual(['syntax null']);
});

test('a sender says it again when frames have left, and a second has passed', async () => {
  holdTime();
  const alice = new Line(new SFrameEncryptorStream({ cipherSuite }));
  const told: string[] = [];
  alice.stream.addEventListener('frame-dropped', ({ error }) => told.push(error.name));
  await alice.lose(noise(10, 1));
  await alice.stream.setEncryptionKey(freshKey(), 1);
  for (const step of [0, 500, 500, 2000]) {
    now += step;
    await alice.lose('no frame');
    await alice.pass(noise(10, 1));
  }
  expect(told).toEqual(['SFrameError', 'TypeError', 'TypeError']);
});
