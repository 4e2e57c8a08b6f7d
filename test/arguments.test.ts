/**
 * The public edge, in Node and in a browser. First the bad-input table: every argument of every public function,
 * constructor and method, with everything it must refuse, by the kind of error and the argument's name, and with
 * nothing changed. Then what must be taken although it looks odd.
 */
import { describe, expect, it } from 'vitest';
import {
  cipherSuites,
  decodeHeader,
  encodeHeader,
  maxOverhead,
  preload,
  SFrameDecryptor,
  SFrameEncryptor,
} from '../src/index.ts';

const cipherSuite = 'AES_128_GCM_SHA256_128';
const { Nt } = cipherSuites[cipherSuite];
const maxFrameLen = 256;

/** `len` bytes that differ from their neighbours. */
const fill = (len: number, start: number) => Uint8Array.from({ length: len }, (_, i) => start + 7 * i);
const baseKey = fill(16, 1);
const plaintext = fill(20, 100);
const metadata = fill(9, 200);

// What a Uint8Array must not be

/** The part of resizable buffers (ES2024) that is used here. */
type Resizable = ArrayBuffer & { resize(len: number): void };
const canResize = 'resize' in ArrayBuffer.prototype;
const resizable = (len: number) =>
  Reflect.construct(ArrayBuffer, [len, { maxByteLength: 2 * len }]) as Resizable;

function detached(len: number): Uint8Array {
  const bytes = new Uint8Array(len);
  structuredClone(bytes, { transfer: [bytes.buffer] });
  return bytes;
}

/** A view whose resizable buffer has shrunk until the view lies outside. */
function shrunk(offset: number, len?: number): Uint8Array {
  const buffer = resizable(64);
  const bytes = new Uint8Array(buffer, offset, len);
  buffer.resize(8);
  return bytes;
}

/** Chromium hides SharedArrayBuffer from pages that are not isolated, but not the buffers of shared memories. */
const shared = new WebAssembly.Memory({ shared: true, initial: 1, maximum: 1 }).buffer;

type Bad = readonly [what: string, value: unknown, error: ErrorConstructor];

const notBytes: readonly Bad[] = [
  ['null', null, TypeError],
  ['a string', 'x'.repeat(64), TypeError],
  ['a number', 64, TypeError],
  ['an array', Array.from(fill(64, 0)), TypeError],
  ['an ArrayBuffer', new ArrayBuffer(64), TypeError],
  ['a DataView', new DataView(new ArrayBuffer(64)), TypeError],
  ['a Uint16Array', new Uint16Array(64), TypeError],
  ['an Int8Array', new Int8Array(64), TypeError],
  ['a Uint8ClampedArray', new Uint8ClampedArray(64), TypeError],
  ['an object with a length', { length: 64, buffer: new ArrayBuffer(64), byteOffset: 0 }, TypeError],
  ['an object tagged Uint8Array', { [Symbol.toStringTag]: 'Uint8Array', length: 64 }, TypeError],
  ['a heir of Uint8Array.prototype', Object.create(Uint8Array.prototype), TypeError],
  [
    'such an heir with a buffer and a length',
    Object.create(Uint8Array.prototype, { buffer: { value: new ArrayBuffer(64) }, length: { value: 64 } }),
    TypeError,
  ],
  ['a proxy of one', new Proxy(new Uint8Array(64), {}), TypeError],
  ['a view of shared memory', new Uint8Array(shared, 0, 64), TypeError],
  ['an empty view of shared memory', new Uint8Array(shared, 0, 0), TypeError],
  ['a detached view', detached(64), TypeError],
  ...(canResize
    ? ([
        ['a view out of bounds', shrunk(16, 32), TypeError],
        ['a length-tracking view out of bounds', shrunk(16), TypeError],
      ] as const)
    : []),
];
const absent: Bad = ['undefined', undefined, TypeError];
const ofLength = (len: number): Bad => [`${len} bytes`, new Uint8Array(len), RangeError];

const notU64: readonly Bad[] = [
  ['null', null, TypeError],
  ["'1'", '1', TypeError],
  ['true', true, TypeError],
  ['[1]', [1], TypeError],
  ['a symbol', Symbol('1'), TypeError],
  ['Object(1n)', Object(1n), TypeError],
  ['something with a valueOf', { valueOf: () => 1 }, TypeError],
  ['NaN', Number.NaN, RangeError],
  ['1.5', 1.5, RangeError],
  ['-1', -1, RangeError],
  ['-1n', -1n, RangeError],
  ['2^53', 2 ** 53, RangeError],
  ['2^64', 2 ** 64, RangeError],
  ['2n^64n', 2n ** 64n, RangeError],
  ['Infinity', Number.POSITIVE_INFINITY, RangeError],
  ['-Infinity', Number.NEGATIVE_INFINITY, RangeError],
];

const notInteger: readonly Bad[] = [
  ['null', null, TypeError],
  ["'1'", '1', TypeError],
  ['true', true, TypeError],
  ['1n', 1n, TypeError],
  ['NaN', Number.NaN, RangeError],
  ['1.5', 1.5, RangeError],
  ['-1', -1, RangeError],
  ['2^31', 2 ** 31, RangeError],
  ['Infinity', Number.POSITIVE_INFINITY, RangeError],
];

const notObject: readonly Bad[] = [
  ['null', null, TypeError],
  ['a string', cipherSuite, TypeError],
  ['a number', 7, TypeError],
  ['a bigint', 7n, TypeError],
];

const notSuite: readonly Bad[] = [
  absent,
  ['null', null, TypeError],
  ['its number', 4, TypeError],
  ['an unknown name', 'AES_128_GCM_SHA256', TypeError],
  ['lower case', cipherSuite.toLowerCase(), TypeError],
  ['a property of every object', 'constructor', TypeError],
  ['the name in an array', [cipherSuite], TypeError],
];

const notEngine: readonly Bad[] = [
  ['null', null, TypeError],
  ['an unknown name', 'native', TypeError],
  ['the empty string', '', TypeError],
  ['true', true, TypeError],
];

const emptyModule = new WebAssembly.Module(Uint8Array.of(0, 97, 115, 109, 1, 0, 0, 0));
const notModule: readonly Bad[] = [
  ['null', null, TypeError],
  ['a string', 'core.wasm', TypeError],
  ['bytes', fill(64, 0), TypeError],
  ['an instance', new WebAssembly.Instance(emptyModule), TypeError],
  ['an object tagged WebAssembly.Module', { [Symbol.toStringTag]: 'WebAssembly.Module' }, TypeError],
  ['another module', emptyModule, TypeError],
];

// The scene: a sender who has sent frames 5 and 6, a receiver who has 5

function makeRoom() {
  const encryptor = new SFrameEncryptor({ cipherSuite, maxFrameLen });
  encryptor.setEncryptionKey(baseKey, 7, { ctr: 5 });
  const decryptor = new SFrameDecryptor({ cipherSuite, maxFrameLen });
  decryptor.addDecryptionKey(baseKey, 7);
  const received = encryptor.encrypt(plaintext, metadata);
  decryptor.decrypt(received, metadata);
  const pending = encryptor.encrypt(plaintext, metadata);
  return { encryptor, decryptor, received, pending, target: fill(64, 50) };
}
type Room = ReturnType<typeof makeRoom>;

function expectUnchanged({ encryptor, decryptor, received, pending, target }: Room, what: string): void {
  expect([encryptor.kid, encryptor.ctr], what).toEqual([7n, 7n]);
  expect(target, what).toEqual(fill(64, 50));
  expect([decryptor.hasDecryptionKey(7), decryptor.hasDecryptionKey(1)], what).toEqual([true, false]);
  expect(() => decryptor.decrypt(received, metadata), what).toThrow(
    expect.objectContaining({ code: 'replay' }),
  );
  expect(decryptor.decrypt(pending, metadata), what).toEqual(plaintext);
  const next = encryptor.encrypt(plaintext);
  expect(decodeHeader(next), what).toEqual({ kid: 7n, ctr: 7n, length: 1 });
  expect(decryptor.decrypt(next), what).toEqual(plaintext);
}

/** What a call throws, or rejects with: only asynchronous methods do that, and they do nothing else. */
async function errorOf(method: string, call: () => unknown): Promise<unknown> {
  let returned: unknown;
  try {
    returned = call();
  } catch (error) {
    expect(method, 'throws at once').not.toMatch(/Async$/);
    return error;
  }
  return Promise.resolve(returned).then(
    () => undefined,
    (error: unknown) => error,
  );
}

// The table. `as never`: the types refuse these values, too.

type Call = (room: Room, value: never) => unknown;
type Row = readonly [method: string, argument: string, bad: readonly Bad[], call: Call];

const badText = [absent, ...notBytes, ofLength(maxFrameLen + 1)];
const badFrame = [absent, ...notBytes, ofLength(maxFrameLen + maxOverhead + 1)];
const badMetadata = [...notBytes, ofLength(maxFrameLen + maxOverhead + 1)];
const badTarget = [absent, ...notBytes];
const badBaseKey = [absent, ...notBytes, ofLength(0), ofLength(15)];
const hkdfKey = await crypto.subtle.importKey('raw', fill(16, 1), 'HKDF', false, ['deriveBits']);
const notHkdfKey: readonly Bad[] = [absent, ...notBytes, ['bytes', fill(16, 1), TypeError]];
const badKid = [absent, ...notU64];
/** Lengths, for a target cut from the room's. A frame of `plaintext` is 1 + 20 + 16 bytes long. */
const shortOf = (len: number): Bad[] => [len - 1, 1, 0].map((short) => [`${short} bytes`, short, RangeError]);

const contextRows = (name: string, Class: typeof SFrameEncryptor | typeof SFrameDecryptor): Row[] => [
  [name, 'options', [absent, ...notObject], (_, options) => new Class(options)],
  [name, 'cipherSuite', notSuite, (_, value) => new Class({ cipherSuite: value })],
  [name, 'engine', notEngine, (_, engine) => new Class({ cipherSuite, engine })],
  [
    name,
    'maxFrameLen',
    [...notInteger, ['0', 0, RangeError], ['2^30 + 1', 2 ** 30 + 1, RangeError]],
    (_, value) => new Class({ cipherSuite, maxFrameLen: value }),
  ],
];

const rows: readonly Row[] = [
  ['encodeHeader', 'kid', badKid, (_, kid) => encodeHeader(kid, 1)],
  ['encodeHeader', 'ctr', badKid, (_, ctr) => encodeHeader(1, ctr)],
  ['decodeHeader', 'ciphertext', [absent, ...notBytes], (_, bytes) => decodeHeader(bytes)],
  ['preload', 'module', notModule, (_, module) => preload(module)],
  ...contextRows('SFrameEncryptor', SFrameEncryptor),
  ...contextRows('SFrameDecryptor', SFrameDecryptor),
  [
    'SFrameDecryptor',
    'replayWindow',
    [...notInteger, ['2^20 + 1', 2 ** 20 + 1, RangeError]],
    (_, replayWindow) => new SFrameDecryptor({ cipherSuite, replayWindow }),
  ],

  ['setEncryptionKey', 'baseKey', badBaseKey, (room, key) => room.encryptor.setEncryptionKey(key, 1)],
  ['setEncryptionKey', 'kid', badKid, (room, kid) => room.encryptor.setEncryptionKey(fill(16, 9), kid)],
  ['setEncryptionKey', 'options', notObject, (room, o) => room.encryptor.setEncryptionKey(baseKey, 1, o)],
  ['setEncryptionKey', 'ctr', notU64, (room, ctr) => room.encryptor.setEncryptionKey(baseKey, 1, { ctr })],

  ['importEncryptionKey', 'baseKey', notHkdfKey, (room, key) => room.encryptor.importEncryptionKey(key, 1)],
  ['importEncryptionKey', 'kid', badKid, (room, kid) => room.encryptor.importEncryptionKey(hkdfKey, kid)],

  ['encrypt', 'plaintext', badText, (room, text) => room.encryptor.encrypt(text)],
  ['encrypt', 'metadata', badMetadata, (room, extra) => room.encryptor.encrypt(plaintext, extra)],
  ['encryptInto', 'target', badTarget, (room, target) => room.encryptor.encryptInto(target, plaintext)],
  [
    'encryptInto',
    'target',
    shortOf(1 + plaintext.length + Nt),
    (room, len) => room.encryptor.encryptInto(room.target.subarray(0, len), plaintext, metadata),
  ],
  ['encryptInto', 'plaintext', badText, (room, text) => room.encryptor.encryptInto(room.target, text)],
  [
    'encryptInto',
    'metadata',
    badMetadata,
    (room, extra) => room.encryptor.encryptInto(room.target, plaintext, extra),
  ],
  ['encryptAsync', 'plaintext', badText, (room, text) => room.encryptor.encryptAsync(text)],
  ['encryptAsync', 'metadata', badMetadata, (room, extra) => room.encryptor.encryptAsync(plaintext, extra)],

  ['addDecryptionKey', 'baseKey', badBaseKey, (room, key) => room.decryptor.addDecryptionKey(key, 1)],
  // For a known KID, too: the key it has must stay.
  ['addDecryptionKey', 'baseKey', badBaseKey, (room, key) => room.decryptor.addDecryptionKey(key, 7)],
  ['addDecryptionKey', 'kid', badKid, (room, kid) => room.decryptor.addDecryptionKey(fill(16, 9), kid)],
  ['importDecryptionKey', 'baseKey', notHkdfKey, (room, key) => room.decryptor.importDecryptionKey(key, 1)],
  ['importDecryptionKey', 'kid', badKid, (room, kid) => room.decryptor.importDecryptionKey(hkdfKey, kid)],
  ['removeDecryptionKey', 'kid', badKid, (room, kid) => room.decryptor.removeDecryptionKey(kid)],
  ['hasDecryptionKey', 'kid', badKid, (room, kid) => room.decryptor.hasDecryptionKey(kid)],

  ['decrypt', 'ciphertext', badFrame, (room, frame) => room.decryptor.decrypt(frame)],
  ['decrypt', 'metadata', badMetadata, (room, extra) => room.decryptor.decrypt(room.pending, extra)],
  [
    'decryptInto',
    'target',
    badTarget,
    (room, target) => room.decryptor.decryptInto(target, room.pending, metadata),
  ],
  [
    'decryptInto',
    'target',
    shortOf(plaintext.length),
    (room, len) => room.decryptor.decryptInto(room.target.subarray(0, len), room.pending, metadata),
  ],
  ['decryptInto', 'ciphertext', badFrame, (room, frame) => room.decryptor.decryptInto(room.target, frame)],
  [
    'decryptInto',
    'metadata',
    badMetadata,
    (room, extra) => room.decryptor.decryptInto(room.target, room.pending, extra),
  ],
  ['decryptAsync', 'ciphertext', badFrame, (room, frame) => room.decryptor.decryptAsync(frame)],
  [
    'decryptAsync',
    'metadata',
    badMetadata,
    (room, extra) => room.decryptor.decryptAsync(room.pending, extra),
  ],
];

describe('the bad-input table', () => {
  it.each(rows)('%s refuses a bad %s', async (method, argument, bad, call) => {
    const wrong: string[] = [];
    for (const [what, value, kind] of bad) {
      const room = makeRoom();
      const error = await errorOf(method, () => call(room, value as never));
      const named = error instanceof kind && new RegExp(`\\b${argument}\\b`).test(error.message);
      if (!named) wrong.push(`${what}: ${error ?? 'was taken'}`);
      expectUnchanged(room, what);
    }
    expect(wrong).toEqual([]);
  });

  // V8 11 (Node 20): once code is hot and has seen views of resizable buffers, a detached view's `length` is its old
  // one there; `byteLength` is 0.
  it('refuses a detached view from optimized code, too', () => {
    const [plain, gone] = [fill(64, 0), detached(64)];
    const views = canResize
      ? [plain, new Uint8Array(resizable(64)), new Uint8Array(resizable(64), 8)]
      : [plain];
    const message = 'ciphertext must not be detached';
    for (let i = 0; i < 200_000; i++) {
      decodeHeader(views[i % views.length]!);
      if (i % 1000 === 0) expect(() => decodeHeader(gone), `call ${i}`).toThrow(new TypeError(message));
    }
  });

  it('has every public method', () => {
    const methods = [SFrameEncryptor, SFrameDecryptor].flatMap((Class) => {
      const [own, shared] = [Class.prototype, Object.getPrototypeOf(Class.prototype)];
      const properties = Object.entries({
        ...Object.getOwnPropertyDescriptors(shared),
        ...Object.getOwnPropertyDescriptors(own),
      });
      return properties.flatMap(([name, { value }]) => (typeof value === 'function' ? [name] : []));
    });
    const withoutArguments = ['constructor', 'constructor', 'destroy', 'destroy'];
    const internal = ['fingerprintOf', 'keyOf', 'tryDecrypt', 'tryDecryptAsync'];
    const inTable = new Set(rows.map(([method]) => method).filter((method) => methods.includes(method)));
    expect([...inTable, ...withoutArguments, ...internal].sort()).toEqual(methods.sort());
  });

  it('leaves an encryptor without a key without one', () => {
    for (const [key, kid, options] of [
      [fill(15, 0), 7, undefined],
      [baseKey, 1.5, undefined],
      [baseKey, 7, { ctr: -1 }],
    ] as const) {
      const encryptor = new SFrameEncryptor({ cipherSuite });
      expect(() => encryptor.setEncryptionKey(key, kid, options)).toThrow(RangeError);
      expect([encryptor.kid, encryptor.ctr]).toEqual([undefined, 0n]);
      encryptor.setEncryptionKey(baseKey, 7);
      expect([encryptor.kid, encryptor.ctr]).toEqual([7n, 0n]);
    }
  });
});

/** The Uint8Array of another realm: a frame of the page, or a context of Node. */
function otherRealm(): Uint8ArrayConstructor {
  if (typeof document === 'undefined') {
    const { runInNewContext } = process.getBuiltinModule('node:vm');
    return runInNewContext('Uint8Array') as Uint8ArrayConstructor;
  }
  const frame = document.body.appendChild(document.createElement('iframe'));
  return (frame.contentWindow as unknown as typeof globalThis).Uint8Array;
}

/** The same bytes in other clothes. */
const wrappings: Record<string, (bytes: Uint8Array) => Uint8Array> = {
  'a view with an offset'(bytes) {
    const room = fill(bytes.length + 11, 3);
    room.set(bytes, 5);
    return room.subarray(5, 5 + bytes.length);
  },
  'a Uint8Array of another realm': (bytes) => new (otherRealm())(bytes),
  'an heir of Uint8Array': (bytes) => new (class Heir extends Uint8Array {})(bytes),
  ...(typeof Buffer === 'undefined'
    ? {}
    : {
        'a slice of a Buffer': (bytes) => Buffer.from([9, 9, 9, ...bytes, 9]).subarray(3, 3 + bytes.length),
      }),
  ...(canResize
    ? {
        'a view of a resizable buffer'(bytes) {
          const view = new Uint8Array(resizable(bytes.length + 4), 2, bytes.length);
          view.set(bytes);
          return view;
        },
        'a length-tracking view'(bytes) {
          const buffer = resizable(bytes.length + 20);
          const view = new Uint8Array(buffer, 2);
          buffer.resize(bytes.length + 20);
          buffer.resize(bytes.length + 2);
          view.set(bytes);
          return view;
        },
      }
    : {}),
};

/** An encryptor and a decryptor with the same key, ready for the first frame. */
function pair() {
  const encryptor = new SFrameEncryptor({ cipherSuite });
  encryptor.setEncryptionKey(baseKey, 7);
  const decryptor = new SFrameDecryptor({ cipherSuite });
  decryptor.addDecryptionKey(baseKey, 7);
  return { encryptor, decryptor };
}

function expectOwned(bytes: Uint8Array): void {
  expect([bytes.byteOffset, bytes.buffer.byteLength]).toEqual([0, bytes.length]);
  expect(Object.getPrototypeOf(bytes)).toBe(Uint8Array.prototype);
}

describe('taken as well', () => {
  const frame = pair().encryptor.encrypt(plaintext, metadata);

  it.each(Object.entries(wrappings))('%s', async (_, wrap) => {
    const key = wrap(baseKey);
    const text = wrap(plaintext);
    const extra = wrap(metadata);
    const ciphertext = wrap(frame);
    const make = () => {
      const encryptor = new SFrameEncryptor({ cipherSuite });
      encryptor.setEncryptionKey(key, 7);
      const decryptor = new SFrameDecryptor({ cipherSuite });
      decryptor.addDecryptionKey(key, 7);
      return { encryptor, decryptor };
    };
    const sealed = make().encryptor.encrypt(text, extra);
    expect(sealed).toEqual(frame);
    expectOwned(sealed);
    expect(await make().encryptor.encryptAsync(text, extra)).toEqual(frame);
    const opened = make().decryptor.decrypt(ciphertext, extra);
    expect(opened).toEqual(plaintext);
    expectOwned(opened);
    expect(await make().decryptor.decryptAsync(ciphertext, extra)).toEqual(plaintext);
    expect(decodeHeader(ciphertext)).toEqual({ kid: 7n, ctr: 0n, length: 1 });

    const sealedInto = wrap(new Uint8Array(frame.length));
    expect(make().encryptor.encryptInto(sealedInto, text, extra)).toBe(frame.length);
    expect(Uint8Array.from(sealedInto)).toEqual(frame);
    const openedInto = wrap(new Uint8Array(plaintext.length));
    expect(make().decryptor.decryptInto(openedInto, ciphertext, extra)).toBe(plaintext.length);
    expect(Uint8Array.from(openedInto)).toEqual(plaintext);

    const inputs = [key, text, extra, ciphertext].map((bytes) => Uint8Array.from(bytes));
    expect(inputs, 'inputs as they were').toEqual([baseKey, plaintext, metadata, frame]);
  });

  it('numbers and bigints from 0 to 2^64-1', () => {
    for (const [value, exact] of [
      [0, 0n],
      [-0, 0n],
      [7, 7n],
      [8, 8n],
      [2 ** 32, 2n ** 32n],
      [Number.MAX_SAFE_INTEGER, 2n ** 53n - 1n],
      [2n ** 53n + 1n, 2n ** 53n + 1n],
      [2n ** 64n - 2n, 2n ** 64n - 2n],
      [2n ** 64n - 1n, 2n ** 64n - 1n],
    ] as const) {
      expect(decodeHeader(encodeHeader(value, value))).toMatchObject({ kid: exact, ctr: exact });
      const encryptor = new SFrameEncryptor({ cipherSuite });
      encryptor.setEncryptionKey(baseKey, value, { ctr: value });
      expect([encryptor.kid, encryptor.ctr]).toEqual([exact, exact]);
      const decryptor = new SFrameDecryptor({ cipherSuite });
      decryptor.addDecryptionKey(baseKey, value);
      expect(decryptor.hasDecryptionKey(exact)).toBe(true);
      if (exact === 2n ** 64n - 1n) {
        expect(() => encryptor.encrypt(plaintext)).toThrow(
          expect.objectContaining({ code: 'counter-exhausted' }),
        );
      } else {
        expect(decryptor.decrypt(encryptor.encrypt(plaintext))).toEqual(plaintext);
        expect(encryptor.ctr).toBe(exact + 1n);
      }
      expect(decryptor.removeDecryptionKey(value)).toBe(true);
      expect(decryptor.hasDecryptionKey(exact)).toBe(false);
    }
  });

  it('an empty plaintext, and empty metadata for none', () => {
    const empty = new Uint8Array(0);
    const [none, nothing] = [pair(), pair()];
    const ciphertext = none.encryptor.encrypt(empty);
    expect(ciphertext).toHaveLength(1 + Nt);
    expect(nothing.encryptor.encrypt(empty, empty)).toEqual(ciphertext);
    expect(none.decryptor.decrypt(ciphertext, empty)).toEqual(empty);
    expect(nothing.decryptor.decryptInto(empty, ciphertext)).toBe(0);
  });

  it('the ends of every range', () => {
    for (const len of [1, 2 ** 30]) new SFrameEncryptor({ cipherSuite, maxFrameLen: len });
    for (const size of [0, 1, 2 ** 20]) new SFrameDecryptor({ cipherSuite, replayWindow: size });
    for (const engine of ['auto', 'wasm', undefined] as const) new SFrameEncryptor({ cipherSuite, engine });
    new SFrameDecryptor({ cipherSuite, maxFrameLen: undefined, replayWindow: undefined });
    new SFrameEncryptor({ cipherSuite }).setEncryptionKey(baseKey, 1, { ctr: undefined });
    const { encryptor, decryptor } = makeRoom();
    const [text, extra] = [fill(maxFrameLen, 1), fill(maxFrameLen, 2)];
    expect(decryptor.decrypt(encryptor.encrypt(text, extra), extra)).toEqual(text);
  });

  it('a target that is just long enough, or longer: the rest stays', () => {
    for (const spare of [0, 1, 30]) {
      const { encryptor, decryptor } = pair();
      const sealed = fill(frame.length + spare, 50);
      expect(encryptor.encryptInto(sealed, plaintext, metadata)).toBe(frame.length);
      expect(sealed).toEqual(
        Uint8Array.of(...frame, ...fill(frame.length + spare, 50).subarray(frame.length)),
      );
      const opened = fill(plaintext.length + spare, 50);
      expect(decryptor.decryptInto(opened, frame, metadata)).toBe(plaintext.length);
      const rest = fill(plaintext.length + spare, 50).subarray(plaintext.length);
      expect(opened).toEqual(Uint8Array.of(...plaintext, ...rest));
    }
  });

  it('a target that overlaps the inputs, in every direction', () => {
    const at = 64;
    for (let shift = -at; shift <= at; shift++) {
      // The input stands still at 64, the target moves over it; the metadata has its place in the target's middle.
      const memory = fill(256, 0);
      const within = (offset: number, len: number) => memory.subarray(offset, offset + len);
      const text = within(at, plaintext.length);
      const extra = within(at + shift + 10, metadata.length);
      const expected = pair().encryptor.encrypt(Uint8Array.from(text), Uint8Array.from(extra));
      const [textWas, extraWas, before] = [text, extra, memory].map((bytes) => Uint8Array.from(bytes));
      const len = pair().encryptor.encryptInto(memory.subarray(at + shift), text, extra);
      expect(within(at + shift, len), `encryptInto ${shift}`).toEqual(expected);
      expect(memory.subarray(0, at + shift)).toEqual(before!.subarray(0, at + shift));
      expect(memory.subarray(at + shift + len)).toEqual(before!.subarray(at + shift + len));

      memory.set(expected, at);
      const ciphertext = within(at, len);
      const opened = pair().decryptor.decryptInto(memory.subarray(at + shift), ciphertext, extraWas);
      expect(within(at + shift, opened), `decryptInto ${shift}`).toEqual(textWas);
    }
  });
});
