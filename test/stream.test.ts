// Streams of frames: the W3C's shape, and what comes out for what goes in.

import { afterEach, describe, expect, test, vi } from 'vitest';
import {
  type CipherSuite,
  cipherSuites,
  decodeHeader,
  SFrameDecryptor,
  SFrameEncryptor,
} from '../src/index.ts';
import {
  isNativeSFrameSupported,
  SFrameDecryptorStream,
  SFrameEncryptorStream,
  SFrameTransformErrorEvent,
} from '../src/stream.ts';
import { noise } from './lengths.ts';
import {
  cipherSuite,
  failure,
  freshKey,
  hkdfKey,
  Line,
  readAll,
  receiver,
  sender,
  through,
  VideoFrame,
} from './stream-frames.ts';

const names = Object.keys(cipherSuites) as CipherSuite[];
const engines = ['auto', 'wasm', 'webcrypto'] as const;

afterEach(() => vi.unstubAllGlobals());

describe('the W3C’s shape', () => {
  test('constructors take a cipher suite', () => {
    for (const Stream of [SFrameEncryptorStream, SFrameDecryptorStream]) {
      for (const suite of names) expect(new Stream({ cipherSuite: suite })).toBeInstanceOf(Stream);
      expect(Stream.length).toBe(1);
      expect(() => new Stream({ cipherSuite: 'AES' as CipherSuite })).toThrow(TypeError);
      expect(() => new Stream(undefined as never)).toThrow(TypeError);
      expect(() => new Stream({ cipherSuite, engine: 'fast' as 'auto' })).toThrow(/engine/);
    }
    expect(() => new SFrameDecryptorStream({ cipherSuite, replayWindow: -1 })).toThrow(RangeError);
  });

  test('readable and writable are accessors that give the same streams', () => {
    for (const Stream of [SFrameEncryptorStream, SFrameDecryptorStream]) {
      const stream = new Stream({ cipherSuite });
      expect(stream.readable).toBeInstanceOf(ReadableStream);
      expect(stream.writable).toBeInstanceOf(WritableStream);
      expect(stream.readable).toBe(stream.readable);
      expect(stream.writable).toBe(stream.writable);
      expect(Reflect.set(stream, 'readable', 1)).toBe(false);
      expect('readable' in Stream.prototype && 'writable' in Stream.prototype).toBe(true);
    }
  });

  test('methods give promises of nothing, also where they fail', async () => {
    const encryptor = new SFrameEncryptorStream({ cipherSuite });
    const decryptor = new SFrameDecryptorStream({ cipherSuite });
    expect(decryptor).toBeInstanceOf(EventTarget);
    expect(await encryptor.setEncryptionKey(freshKey(), 1)).toBeUndefined();
    expect(await decryptor.addDecryptionKey(freshKey(), 1)).toBeUndefined();
    expect(await decryptor.removeDecryptionKey(1)).toBeUndefined();
    expect(await decryptor.removeDecryptionKey(1)).toBeUndefined();
    await expect(encryptor.setEncryptionKey(undefined as never, 1)).rejects.toThrow(TypeError);
    await expect(decryptor.addDecryptionKey(undefined as never, 1)).rejects.toThrow(TypeError);
    await expect(decryptor.removeDecryptionKey('1' as never)).rejects.toThrow(TypeError);
  });

  test.each([0, 7, 2 ** 53 - 1, 0n, 2n ** 64n - 1n])('key ID %s', async (keyId) => {
    const key = freshKey();
    const [alice, bob] = [await sender(key, keyId), await receiver(key, keyId)];
    const ciphertext = await alice.pass(noise(9, 1));
    expect(decodeHeader(ciphertext).kid).toBe(BigInt(keyId));
    expect(await bob.pass(ciphertext)).toEqual(noise(9, 1));
  });

  test.each([-1, -1n, 2n ** 64n, 2 ** 53, 1.5, Number.NaN])('key ID %s is a RangeError', async (keyId) => {
    const key = await hkdfKey(freshKey());
    const encryptor = new SFrameEncryptorStream({ cipherSuite });
    const decryptor = new SFrameDecryptorStream({ cipherSuite });
    for (const baseKey of [freshKey(), key]) {
      await expect(encryptor.setEncryptionKey(baseKey, keyId)).rejects.toThrow(/^keyId must/);
      expect(await failure(encryptor.setEncryptionKey(baseKey, keyId))).toBe('RangeError');
      expect(await failure(decryptor.addDecryptionKey(baseKey, keyId))).toBe('RangeError');
    }
    expect(await failure(decryptor.removeDecryptionKey(keyId))).toBe('RangeError');
  });

  test('keys of other kinds are TypeErrors or RangeErrors that name them', async () => {
    const aes = await crypto.subtle.generateKey({ name: 'AES-GCM', length: 128 }, false, ['encrypt']);
    const noBits = await crypto.subtle.importKey('raw', freshKey(), 'HKDF', false, ['deriveKey']);
    const encryptor = new SFrameEncryptorStream({ cipherSuite });
    const decryptor = new SFrameDecryptorStream({ cipherSuite });
    for (const bad of [undefined, null, 7, 'key', {}, new ArrayBuffer(16), aes, noBits]) {
      await expect(encryptor.setEncryptionKey(bad as CryptoKey, 1)).rejects.toThrow(/^baseKey must/);
      await expect(decryptor.addDecryptionKey(bad as CryptoKey, 1)).rejects.toThrow(/^baseKey must/);
    }
    expect(await failure(encryptor.setEncryptionKey(noise(15, 1), 1))).toBe('RangeError');
    expect(await failure(decryptor.addDecryptionKey(noise(15, 1), 1))).toBe('RangeError');
  });

  test('onerror is an attribute: a function or null', async () => {
    const { stream, lose } = await receiver(freshKey(), 1);
    const seen: string[] = [];
    expect(stream.onerror).toBeNull();
    stream.onerror = function (event) {
      seen.push(`first ${this === stream} ${event.type}`);
    };
    stream.addEventListener('error', () => seen.push('listener'));
    await lose(noise(40, 1).fill(0x20));
    const second = () => seen.push('second');
    stream.onerror = second;
    expect(stream.onerror).toBe(second);
    await lose(noise(40, 1).fill(0x30));
    stream.onerror = null;
    await lose(noise(40, 1).fill(0x40));
    stream.onerror = 'no function' as never;
    expect(stream.onerror).toBeNull();
    await lose(noise(40, 1).fill(0x50));
    expect(seen).toEqual(['first true error', 'listener', 'second', 'listener', 'listener', 'listener']);
  });

  test('SFrameTransformErrorEvent can be made as the W3C’s', () => {
    const frame = new ArrayBuffer(1);
    const event = new SFrameTransformErrorEvent('error', {
      errorType: 'keyID',
      frame,
      keyID: 7,
      cancelable: true,
    });
    expect(event).toBeInstanceOf(Event);
    expect(event).toMatchObject({ type: 'error', errorType: 'keyID', keyID: 7n, frame, cancelable: true });
    expect(new SFrameTransformErrorEvent('error', { errorType: 'syntax', frame }).keyID).toBeNull();
    const make = (init: unknown) => () => new SFrameTransformErrorEvent('error', init as never);
    expect(make(undefined)).toThrow(TypeError);
    expect(make({ frame })).toThrow(/errorType/);
    expect(make({ errorType: 'replay', frame })).toThrow(/errorType/);
    expect(make({ errorType: 'syntax' })).toThrow(/frame/);
    expect(make({ errorType: 'keyID', frame, keyID: -1n })).toThrow(RangeError);
  });

  test('isNativeSFrameSupported() looks for the W3C’s classes, not for ours', () => {
    expect(isNativeSFrameSupported()).toBe(false);
    vi.stubGlobal('SFrameEncryptorStream', SFrameEncryptorStream);
    vi.stubGlobal('SFrameDecryptorStream', SFrameDecryptorStream);
    expect(isNativeSFrameSupported()).toBe(false);
    vi.stubGlobal('SFrameEncryptorStream', class {});
    expect(isNativeSFrameSupported()).toBe(false);
    vi.stubGlobal('SFrameDecryptorStream', class {});
    expect(isNativeSFrameSupported()).toBe(true);
    vi.unstubAllGlobals();
    vi.stubGlobal('RTCRtpSFrameEncryptor', class {});
    expect(isNativeSFrameSupported()).toBe(false);
    vi.stubGlobal('RTCRtpSFrameDecryptor', class {});
    expect(isNativeSFrameSupported()).toBe(true);
    vi.stubGlobal('RTCRtpSFrameDecryptor', undefined);
    expect(isNativeSFrameSupported()).toBe(false);
  });
});

describe.each(engines)('engine %s', (engine) => {
  test.each(names)('%s: frames are those of SFrameEncryptor, and come back', async (suite) => {
    const baseKey = freshKey();
    const usual = new SFrameEncryptor({ cipherSuite: suite });
    usual.setEncryptionKey(baseKey, 0x123n);
    const options = { cipherSuite: suite, engine };
    const alice = await sender(baseKey, 0x123n, options);
    const bob = await receiver(await hkdfKey(baseKey), 0x123n, options);
    for (const len of [0, 1, 100, 12_000]) {
      const ciphertext = await alice.pass(noise(len, len));
      expect(ciphertext).toEqual(usual.encrypt(noise(len, len)));
      expect(await bob.pass(ciphertext)).toEqual(noise(len, len));
    }
    expect(alice.stream.counts).toEqual({ encrypted: 4, dropped: 0 });
    expect(bob.stream.counts).toEqual({ decrypted: 4, replay: 0, keyID: 0, authentication: 0, syntax: 0 });
  });
});

describe('what comes out', () => {
  test('of an encoded frame: the same object with other data', async () => {
    const baseKey = freshKey();
    const [alice, bob] = [await sender(baseKey, 1), await receiver(baseKey, 1)];
    for (const len of [0, 1000, 60_000]) {
      const frame = new VideoFrame(noise(len, len));
      expect(await alice.pass(frame)).toBe(frame);
      expect(frame.data.byteLength).toBe(len + 1 + 16);
      expect(frame.getMetadata().mimeType).toBe('video/VP8');
      expect(await bob.pass(frame)).toBe(frame);
      expect(new Uint8Array(frame.data)).toEqual(noise(len, len));
    }
    const plain = { data: noise(10, 1).buffer };
    expect(await alice.pass(plain)).toBe(plain);
    expect(plain.data.byteLength).toBe(27);
  });

  test('of an ArrayBuffer an ArrayBuffer, of any view a Uint8Array; what went in stays as it is', async () => {
    const baseKey = freshKey();
    const [alice, bob] = [await sender(baseKey, 1), await receiver(baseKey, 1)];
    const text = noise(64, 1);
    const buffer = text.slice().buffer;
    const encrypted: unknown = await alice.pass(buffer);
    expect(encrypted).toBeInstanceOf(ArrayBuffer);
    const decrypted: unknown = await bob.pass(encrypted);
    expect(decrypted).toBeInstanceOf(ArrayBuffer);
    expect(new Uint8Array(decrypted as ArrayBuffer)).toEqual(text);
    const views = [
      new Uint8Array(buffer, 8, 16),
      new DataView(buffer, 8, 16),
      new Uint8ClampedArray(buffer, 8, 16),
      new Int8Array(buffer, 8, 16),
      new Uint16Array(buffer, 8, 8),
      new Float64Array(buffer, 8, 2),
    ];
    for (const view of views) {
      const ciphertext = await alice.pass(view);
      expect(Object.getPrototypeOf(ciphertext)).toBe(Uint8Array.prototype);
      expect(ciphertext.byteOffset).toBe(0);
      expect(ciphertext.buffer.byteLength).toBe(ciphertext.length);
      expect(await bob.pass(new DataView(ciphertext.buffer))).toEqual(text.subarray(8, 24));
    }
    expect(new Uint8Array(buffer)).toEqual(text);
  });

  test('pipeThrough, as with any other transform stream', async () => {
    const baseKey = freshKey();
    const encryptor = new SFrameEncryptorStream({ cipherSuite });
    const decryptor = new SFrameDecryptorStream({ cipherSuite });
    await encryptor.setEncryptionKey(baseKey, 1);
    await decryptor.addDecryptionKey(baseKey, 1);
    const frames = Array.from({ length: 200 }, (_, i) => noise(i, i));
    const source = new ReadableStream({
      start: (controller) => {
        for (const frame of frames) controller.enqueue(frame);
        controller.close();
      },
    });
    source.pipeThrough(encryptor).pipeTo(decryptor.writable);
    expect(await readAll(decryptor)).toEqual(frames);
  });
});

describe('keys', () => {
  test('no key yet: nothing leaves, and nothing is kept for later', async () => {
    const alice = new Line(new SFrameEncryptorStream({ cipherSuite }));
    const told: unknown[] = [];
    alice.stream.addEventListener('frame-dropped', ({ error, frame }) => told.push([error, frame]));
    const frames = Array.from({ length: 10 }, (_, i) => new VideoFrame(noise(50, i)));
    for (const frame of frames) await alice.lose(frame);
    expect(told).toEqual([[expect.objectContaining({ name: 'SFrameError', code: 'no-key' }), frames[0]]]);
    expect(alice.stream.counts).toEqual({ encrypted: 0, dropped: 10 });
    const baseKey = freshKey();
    await alice.stream.setEncryptionKey(baseKey, 3);
    const ciphertext = await alice.pass(noise(50, 99));
    const decryptor = new SFrameDecryptor({ cipherSuite });
    decryptor.addDecryptionKey(baseKey, 3);
    expect(decryptor.decrypt(ciphertext), 'not one of those from before').toEqual(noise(50, 99));
    expect(new Uint8Array(frames[0]!.data), 'as they came').toEqual(noise(50, 0));
  });

  test('a CryptoKey that is being imported is no key yet', async () => {
    const key = await hkdfKey(freshKey());
    const alice = new Line(new SFrameEncryptorStream({ cipherSuite }));
    const setting = alice.stream.setEncryptionKey(key, 1);
    await alice.lose(noise(10, 1));
    await setting;
    expect(alice.stream.counts.dropped).toBe(1);
    expect((await alice.pass(noise(10, 1))).length).toBe(27);
  });

  test('of several calls the last one counts, also when bytes overtake a CryptoKey', async () => {
    const alice = new Line(new SFrameEncryptorStream({ cipherSuite }));
    const [first, second, third] = [await hkdfKey(freshKey()), await hkdfKey(freshKey()), freshKey()];
    await Promise.all([alice.stream.setEncryptionKey(first, 1), alice.stream.setEncryptionKey(second, 2)]);
    expect((await alice.pass(noise(10, 1)))[0]).toBe(0x20);
    const overtaken = alice.stream.setEncryptionKey(first, 1);
    await Promise.all([overtaken, alice.stream.setEncryptionKey(third, 3)]);
    expect((await alice.pass(noise(10, 1)))[0]).toBe(0x30);
  });

  test('a call that fails leaves the key that there was', async () => {
    const alice = await sender(freshKey(), 5);
    await failure(alice.stream.setEncryptionKey(noise(3, 1), 6));
    await failure(alice.stream.setEncryptionKey(freshKey(), -6));
    expect((await alice.pass(noise(10, 1)))[0]).toBe(0x50);
  });

  test('are copied: the caller may zero his', async () => {
    for (const engine of engines) {
      const baseKey = freshKey();
      const [forAlice, forBob] = [baseKey.slice(), baseKey.slice()];
      const encryptor = new SFrameEncryptorStream({ cipherSuite, engine });
      const decryptor = new SFrameDecryptorStream({ cipherSuite, engine });
      const setting = [encryptor.setEncryptionKey(forAlice, 1), decryptor.addDecryptionKey(forBob, 1)];
      forAlice.fill(0);
      forBob.fill(0);
      await Promise.all(setting);
      const usual = new SFrameEncryptor({ cipherSuite });
      usual.setEncryptionKey(baseKey, 1);
      const [ciphertext] = await through(encryptor, [noise(10, 1)]);
      expect(ciphertext).toEqual(usual.encrypt(noise(10, 1)));
      expect(await through(decryptor, [ciphertext])).toEqual([noise(10, 1)]);
    }
  });

  test('one that changes while a large frame is under way costs no frame', async () => {
    for (const engine of engines) {
      const [old, next] = [freshKey(), freshKey()];
      const alice = await sender(old, 1, { engine });
      const reading = [alice.reader.read(), alice.reader.read()];
      const first = alice.writer.write(noise(500_000, 1));
      const second = alice.stream.setEncryptionKey(next, 2).then(() => alice.writer.write(noise(500_000, 2)));
      await Promise.all([first, second]);
      const headers = await Promise.all(reading.map(async (chunk) => (await chunk).value[0]));
      expect(headers, engine).toEqual([0x10, 0x20]);
      expect(alice.stream.counts.dropped).toBe(0);
    }
  });

  test('one that is removed while a large frame is under way: the frame does not come out', async () => {
    const baseKey = freshKey();
    const alice = await sender(baseKey, 1);
    const ciphertext = await alice.pass(noise(500_000, 1));
    const bob = await receiver(baseKey, 1, { engine: 'webcrypto' });
    const types: unknown[] = [];
    bob.stream.onerror = ({ errorType, keyID }) => types.push([errorType, keyID]);
    await Promise.resolve(); // the stream has started
    const writing = bob.writer.write(ciphertext);
    await Promise.resolve();
    await bob.stream.removeDecryptionKey(1);
    await writing;
    expect(bob.stream.counts.decrypted).toBe(0);
    expect(types).toEqual([['keyID', 1n]]);
  });
});
