// Views whose own or inherited properties lie, or run code: the library asks %TypedArray% itself, so that they change
// nothing.

import { describe, expect, test } from 'vitest';
import { decodeHeader, encodeHeader, SFrameDecryptor, SFrameEncryptor } from '../src/index.ts';
import { noise } from './lengths.ts';

const cipherSuite = 'AES_128_CTR_HMAC_SHA256_80';
const key = noise(16, 1);
const frame = noise(64, 2);
const metadata = noise(32, 3);

function contexts(): { encryptor: SFrameEncryptor; decryptor: SFrameDecryptor } {
  const encryptor = new SFrameEncryptor({ cipherSuite });
  const decryptor = new SFrameDecryptor({ cipherSuite });
  encryptor.setEncryptionKey(key, 1);
  decryptor.addDecryptionKey(key, 1);
  return { encryptor, decryptor };
}

/** The same bytes, with a property that answers whatever it is told to. */
function lying(bytes: Uint8Array, name: string, answer: () => unknown): Uint8Array<ArrayBuffer> {
  const view = new Uint8Array(bytes);
  Object.defineProperty(view, name, { get: answer });
  return view;
}

const properties = [
  'length',
  'byteLength',
  'byteOffset',
  'buffer',
  'at',
  'set',
  'subarray',
  'slice',
  'constructor',
];

describe.each(properties)('own %s', (name) => {
  test.each([
    ['0', () => 0],
    ['-1', () => -1],
    ['48000', () => 48_000],
    ['2^31', () => 2 ** 31],
    ['undefined', () => undefined],
    [
      'a function that throws',
      () => () => {
        throw new Error('called');
      },
    ],
  ])('%s', (_what, answer) => {
    const { encryptor, decryptor } = contexts();
    const other = contexts();
    const expected = other.encryptor.encrypt(frame, metadata);
    const ciphertext = encryptor.encrypt(lying(frame, name, answer), lying(metadata, name, answer));
    expect(ciphertext).toEqual(expected);
    expect(decryptor.decrypt(lying(ciphertext, name, answer), lying(metadata, name, answer))).toEqual(frame);
    const target = lying(new Uint8Array(200), name, answer);
    expect(encryptor.encryptInto(target, frame)).toBe(frame.length + 11);
    expect(decryptor.decryptInto(target, lying(encryptor.encrypt(frame), name, answer))).toBe(frame.length);
    encryptor.setEncryptionKey(lying(noise(16, 9), name, answer), 2);
    // the other contexts, whose slots stand beside, are as they were
    expect(other.decryptor.decrypt(expected, metadata)).toEqual(frame);
    const header = new Uint8Array([...encodeHeader(0x123, 0x4567), 0]);
    expect(decodeHeader(lying(header, name, answer))).toEqual({ kid: 0x123n, ctr: 0x4567n, length: 5 });
    for (const context of [encryptor, decryptor, other.encryptor, other.decryptor]) context.destroy();
  });

  test('that calls back in takes no counter twice', async () => {
    for (const encrypt of ['encrypt', 'encryptAsync'] as const) {
      const { encryptor } = contexts();
      const frames: Uint8Array[] = [];
      let depth = 0;
      const view = lying(frame, name, () => {
        if (depth++ < 20) frames.push(encryptor.encrypt(frame));
        return frame.length;
      });
      frames.push(await encryptor[encrypt](view));
      const ctrs = frames.map((ciphertext) => decodeHeader(ciphertext).ctr);
      expect(new Set(ctrs).size).toBe(ctrs.length);
    }
  });
});

test('subclasses with constructors and species of their own', () => {
  class Frame extends Uint8Array {
    static get [Symbol.species](): Uint8ArrayConstructor {
      throw new Error('asked');
    }
  }
  const { encryptor, decryptor } = contexts();
  const own = new Frame(frame);
  const ciphertext = new Frame(encryptor.encrypt(own));
  const opened = decryptor.decrypt(ciphertext);
  expect(opened).toEqual(frame);
  expect(Object.getPrototypeOf(opened)).toBe(Uint8Array.prototype);
  expect(decodeHeader(new Frame([0x99, 1, 0x23, 0x45, 0x67]))).toEqual({
    kid: 0x123n,
    ctr: 0x4567n,
    length: 5,
  });
});

test('options that run code cannot slip a short key or a destroyed context past the checks', () => {
  const { encryptor } = contexts();
  const options = {
    get ctr(): number {
      encryptor.destroy();
      return 5;
    },
  };
  expect(() => encryptor.setEncryptionKey(noise(16, 5), 3, options)).toThrow(
    expect.objectContaining({ code: 'destroyed' }),
  );
  if (!('resizable' in ArrayBuffer.prototype)) return;
  const Resizable = ArrayBuffer as unknown as new (
    len: number,
    options: object,
  ) => ArrayBuffer & { resize(n: number): void };
  const buffer = new Resizable(16, { maxByteLength: 16 });
  const shrinking = {
    get ctr(): number {
      buffer.resize(0);
      return 5;
    },
  };
  const fresh = contexts().encryptor;
  expect(() => fresh.setEncryptionKey(new Uint8Array(buffer), 3, shrinking)).toThrow(/baseKey/);
  expect(fresh.kid).toBe(1n);
});
