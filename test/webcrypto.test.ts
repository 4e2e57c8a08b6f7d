// The second engine: the same frames, the same promises, and what can happen while a frame is under way.

import { afterEach, describe, expect, test, vi } from 'vitest';
import {
  type CipherSuite,
  cipherSuites,
  decodeHeader,
  SFrameDecryptor,
  SFrameEncryptor,
} from '../src/index.ts';
import vectors from '../vectors/sframe-vectors.json' with { type: 'json' };
import { edgeLengths, noise } from './lengths.ts';
import { hex, oracleEncrypt, unhex } from './oracle.ts';

const cipherSuite = 'AES_128_GCM_SHA256_128';
const names = Object.keys(cipherSuites) as CipherSuite[];
const keyA = noise(16, 1);
const keyB = noise(16, 2);
const metadata = noise(20, 3);
const engine = 'webcrypto';
const big = noise(100_000, 4);

afterEach(() => vi.restoreAllMocks());

function sender(suite: CipherSuite = cipherSuite, key = keyA, ctr = 0n): SFrameEncryptor {
  const encryptor = new SFrameEncryptor({ cipherSuite: suite, engine });
  encryptor.setEncryptionKey(key, 5n, { ctr });
  return encryptor;
}

function receiver(suite: CipherSuite = cipherSuite, replayWindow = 1024): SFrameDecryptor {
  const decryptor = new SFrameDecryptor({ cipherSuite: suite, engine, replayWindow });
  decryptor.addDecryptionKey(keyA, 5n);
  return decryptor;
}

/** A genuine frame, by the other engine. */
function frameAt(ctr: bigint, key = keyA, plaintext = noise(50, 1)): Uint8Array<ArrayBuffer> {
  const encryptor = new SFrameEncryptor({ cipherSuite, engine: 'wasm' });
  encryptor.setEncryptionKey(key, 5n, { ctr });
  return encryptor.encrypt(plaintext);
}

/** How a promise ends: the error's code, or 'opened'. */
async function outcome(promise: Promise<unknown>): Promise<string> {
  try {
    await promise;
    return 'opened';
  } catch (error) {
    return (error as { code?: string }).code ?? String(error);
  }
}

describe('the same frames', () => {
  test.each(vectors.sframe)('vector of suite $suiteName', async (v) => {
    const suite = v.suiteName as CipherSuite;
    const encryptor = new SFrameEncryptor({ cipherSuite: suite, engine });
    encryptor.setEncryptionKey(unhex(v.baseKey), BigInt(v.kid), { ctr: BigInt(v.ctr) });
    expect(hex(await encryptor.encryptAsync(unhex(v.pt), unhex(v.metadata)))).toBe(v.ct);
    const decryptor = new SFrameDecryptor({ cipherSuite: suite, engine });
    decryptor.addDecryptionKey(unhex(v.baseKey), BigInt(v.kid));
    expect(hex(await decryptor.decryptAsync(unhex(v.ct), unhex(v.metadata)))).toBe(v.pt);
  });

  test.each(names)('%s: as the core makes, at every length, both ways', async (suite) => {
    const core = new SFrameEncryptor({ cipherSuite: suite, engine: 'wasm' });
    core.setEncryptionKey(keyA, 5n);
    const subtle = sender(suite);
    const [toCore, toSubtle] = [new SFrameDecryptor({ cipherSuite: suite, engine: 'wasm' }), receiver(suite)];
    toCore.addDecryptionKey(keyA, 5n);
    for (const len of edgeLengths.filter((_, i) => i % 5 === 0)) {
      const plaintext = noise(len, len);
      const [a, b] = [core.encrypt(plaintext, metadata), await subtle.encryptAsync(plaintext, metadata)];
      expect(hex(b), `${len}`).toBe(hex(a));
      expect(b.byteOffset).toBe(0);
      expect(b.buffer.byteLength).toBe(b.length);
      expect(hex(toCore.decrypt(b, metadata))).toBe(hex(plaintext));
      const opened = await toSubtle.decryptAsync(a, metadata);
      expect(hex(opened)).toBe(hex(plaintext));
      expect(opened.buffer.byteLength).toBe(len);
    }
  });

  test('CTR beyond 2^32 and to the last', async () => {
    for (const ctr of [2n ** 32n - 1n, 2n ** 32n, 2n ** 53n + 1n, 2n ** 64n - 2n]) {
      const encryptor = sender(cipherSuite, keyA, ctr);
      const ciphertext = await encryptor.encryptAsync(big.subarray(0, 30));
      expect(hex(ciphertext)).toBe(hex(frameAt(ctr, keyA, big.slice(0, 30))));
      expect(await receiver().decryptAsync(ciphertext)).toEqual(big.subarray(0, 30));
      expect(encryptor.ctr).toBe(ctr + 1n);
    }
    const last = sender(cipherSuite, keyA, 2n ** 64n - 1n);
    expect(await outcome(last.encryptAsync(metadata))).toBe('counter-exhausted');
    const { ciphertext } = oracleEncrypt({
      suite: 4,
      kid: 5n,
      ctr: 2n ** 64n - 1n,
      baseKey: keyA,
      metadata: new Uint8Array(0),
      plaintext: metadata,
    });
    expect(await receiver().decryptAsync(ciphertext)).toEqual(metadata);
  });
});

describe('auto', () => {
  test.each(names)('%s: small frames by the core, large ones by WebCrypto, all alike', async (suite) => {
    const encryptor = new SFrameEncryptor({ cipherSuite: suite });
    const decryptor = new SFrameDecryptor({ cipherSuite: suite });
    const wasm = new SFrameEncryptor({ cipherSuite: suite, engine: 'wasm' });
    for (const context of [encryptor, wasm]) context.setEncryptionKey(keyA, 5n);
    decryptor.addDecryptionKey(keyA, 5n);
    const encrypts = vi.spyOn(crypto.subtle, 'encrypt');
    const decrypts = vi.spyOn(crypto.subtle, 'decrypt');

    const small = await encryptor.encryptAsync(big.subarray(0, 3000), metadata);
    expect(hex(small)).toBe(hex(wasm.encrypt(big.subarray(0, 3000), metadata)));
    expect(await decryptor.decryptAsync(small, metadata)).toEqual(big.slice(0, 3000));
    expect(encrypts).not.toHaveBeenCalled();
    expect(decrypts).not.toHaveBeenCalled();

    // the first large frame finds nothing derived yet and goes through the core
    for (let i = 0; i < 50 && decrypts.mock.calls.length === 0; i++) {
      const ciphertext = await encryptor.encryptAsync(big, metadata);
      expect(hex(ciphertext)).toBe(hex(wasm.encrypt(big, metadata)));
      expect(hex(await decryptor.decryptAsync(ciphertext, metadata))).toBe(hex(big));
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    expect(encrypts).toHaveBeenCalled();
    expect(decrypts).toHaveBeenCalled();
    // both engines draw from one counter and fill one window
    expect(decodeHeader(encryptor.encrypt(big)).ctr).toBe(wasm.ctr);
    const ciphertext = await encryptor.encryptAsync(big);
    await decryptor.decryptAsync(ciphertext);
    expect(() => decryptor.decrypt(ciphertext)).toThrow(expect.objectContaining({ code: 'replay' }));
  });

  test('wasm never asks WebCrypto for anything', async () => {
    const imports = vi.spyOn(crypto.subtle, 'importKey');
    const encryptor = new SFrameEncryptor({ cipherSuite, engine: 'wasm' });
    encryptor.setEncryptionKey(keyA, 5n);
    await encryptor.encryptAsync(big);
    expect(imports).not.toHaveBeenCalled();
  });
});

describe('keys in WebCrypto', () => {
  test.each(names)('%s: are never extractable, and what crossed JavaScript is zeroed', async (suite) => {
    const imports = vi.spyOn(crypto.subtle, 'importKey');
    const derived = vi.spyOn(crypto.subtle, 'deriveKey');
    const encryptor = sender(suite);
    await encryptor.encryptAsync(metadata);
    const calls = imports.mock.calls as unknown as [string, Uint8Array, unknown, boolean][];
    expect(calls.length).toBe(suite.includes('GCM') ? 1 : 3);
    for (const [, , , extractable] of calls) expect(extractable).toBe(false);
    for (const call of derived.mock.calls) expect(call[3]).toBe(false);
    // the base key is the caller's; what was derived is ours
    for (const [, bytes] of calls.slice(1)) expect(bytes.every((byte) => byte === 0)).toBe(true);
    expect(keyA).toEqual(noise(16, 1));
  });

  test('the synchronous methods say that they cannot', () => {
    const encryptor = sender();
    const decryptor = receiver();
    for (const call of [
      () => encryptor.encrypt(metadata),
      () => encryptor.encryptInto(new Uint8Array(100), metadata),
      () => decryptor.decrypt(frameAt(0n)),
      () => decryptor.decryptInto(new Uint8Array(100), frameAt(0n)),
    ])
      expect(call).toThrow(expect.objectContaining({ code: 'engine-unavailable' }));
    expect(encryptor.ctr).toBe(0n);
  });

  test('a key set again is refused before a frame leaves: A, B, A', async () => {
    const encryptor = sender();
    await encryptor.encryptAsync(metadata);
    encryptor.setEncryptionKey(keyB, 5n);
    await encryptor.encryptAsync(metadata);
    encryptor.setEncryptionKey(keyA, 5n, { ctr: 100n });
    const seals = vi.spyOn(crypto.subtle, 'encrypt');
    expect(await outcome(encryptor.encryptAsync(metadata))).toBe('key-reuse');
    expect(await outcome(encryptor.encryptAsync(metadata))).toBe('key-reuse');
    expect(seals).not.toHaveBeenCalled();
    encryptor.setEncryptionKey(keyA, 6n);
    expect(await outcome(encryptor.encryptAsync(metadata))).toBe('opened');
    // and at once, without a frame between
    const hasty = sender();
    hasty.setEncryptionKey(keyA, 5n);
    expect(await outcome(hasty.encryptAsync(metadata))).toBe('key-reuse');
  });

  test('frames under way when the key changes arrive under the old one', async () => {
    const encryptor = sender();
    const under = encryptor.encryptAsync(metadata);
    encryptor.setEncryptionKey(keyB, 6n);
    expect(await receiver().decryptAsync(await under)).toEqual(metadata);
  });

  test('a known key keeps its window; one that comes back starts above its highest frame', async () => {
    const decryptor = receiver();
    await decryptor.decryptAsync(frameAt(20n));
    decryptor.addDecryptionKey(keyA, 5n);
    expect(await outcome(decryptor.decryptAsync(frameAt(20n)))).toBe('replay');
    expect(await outcome(decryptor.decryptAsync(frameAt(19n)))).toBe('opened');
    expect(decryptor.removeDecryptionKey(5n)).toBe(true);
    expect(decryptor.hasDecryptionKey(5n)).toBe(false);
    expect(await outcome(decryptor.decryptAsync(frameAt(21n)))).toBe('key-id');
    decryptor.addDecryptionKey(keyA, 5n);
    expect(await outcome(decryptor.decryptAsync(frameAt(18n)))).toBe('replay');
    expect(await outcome(decryptor.decryptAsync(frameAt(21n)))).toBe('opened');
    // replaced and back again
    decryptor.addDecryptionKey(keyB, 5n);
    expect(await outcome(decryptor.decryptAsync(frameAt(0n, keyB)))).toBe('opened');
    decryptor.addDecryptionKey(keyA, 5n);
    expect(await outcome(decryptor.decryptAsync(frameAt(21n)))).toBe('replay');
    expect(await outcome(decryptor.decryptAsync(frameAt(22n)))).toBe('opened');
  });
});

describe.each([
  ['a new key', false],
  ['a key in use', true],
])('under way, with %s', (_what, warm) => {
  async function warmReceiver(suite: CipherSuite = cipherSuite): Promise<SFrameDecryptor> {
    const decryptor = receiver(suite);
    const encryptor = sender(suite, keyA, 2000n);
    if (warm) await decryptor.decryptAsync(await encryptor.encryptAsync(metadata));
    return decryptor;
  }

  async function warmSender(suite: CipherSuite = cipherSuite): Promise<SFrameEncryptor> {
    const encryptor = sender(suite);
    if (warm) await encryptor.encryptAsync(metadata);
    return encryptor;
  }

  test.each(names)('%s: the caller may change what he gave', async (suite) => {
    const encryptor = await warmSender(suite);
    const [plaintext, own] = [big.slice(), metadata.slice()];
    const sealing = encryptor.encryptAsync(plaintext, own);
    plaintext.fill(0);
    own.fill(0);
    const ciphertext = await sealing;
    const decryptor = receiver(suite);
    if (warm) await decryptor.decryptAsync(await encryptor.encryptAsync(metadata));
    const [given, ownToo] = [ciphertext.slice(), metadata.slice()];
    const opening = decryptor.decryptAsync(given, ownToo);
    given.fill(0);
    ownToo.fill(0);
    expect(hex(await opening)).toBe(hex(big));
  });

  test('the counter is taken before the call returns', async () => {
    const encryptor = await warmSender();
    const first = encryptor.ctr;
    const pending = Array.from({ length: 5 }, () => encryptor.encryptAsync(metadata));
    expect(encryptor.ctr).toBe(first + 5n);
    const ctrs = (await Promise.all(pending)).map((ciphertext) => decodeHeader(ciphertext).ctr);
    expect(ctrs).toEqual([0n, 1n, 2n, 3n, 4n].map((i) => first + i));
  });

  test('of duplicates one opens', async () => {
    const decryptor = await warmReceiver();
    const ciphertext = frameAt(1500n);
    const outcomes = await Promise.all(
      Array.from({ length: 8 }, () => outcome(decryptor.decryptAsync(ciphertext))),
    );
    expect(outcomes.sort()).toEqual(['opened', ...Array(7).fill('replay')]);
  });

  test('forged frames move nothing', async () => {
    const decryptor = await warmReceiver();
    const forged = frameAt(1_000_000n);
    forged[20] = (forged[20] as number) ^ 1;
    expect(await outcome(decryptor.decryptAsync(forged))).toBe('authentication');
    expect(await outcome(decryptor.decryptAsync(frameAt(1999n)))).toBe('opened');
  });

  test('a key removed ends its frames in key-id, a key replaced too, destroy() in destroyed', async () => {
    for (const [leave, code] of [
      [(decryptor: SFrameDecryptor) => decryptor.removeDecryptionKey(5n), 'key-id'],
      [(decryptor: SFrameDecryptor) => decryptor.addDecryptionKey(keyB, 5n), 'key-id'],
      [(decryptor: SFrameDecryptor) => decryptor.destroy(), 'destroyed'],
    ] as const) {
      const decryptor = await warmReceiver();
      const opening = outcome(decryptor.decryptAsync(frameAt(2100n)));
      leave(decryptor);
      expect(await opening).toBe(code);
    }
    const encryptor = await warmSender();
    const sealing = outcome(encryptor.encryptAsync(big));
    encryptor.destroy();
    expect(await sealing).toBe('destroyed');
  });

  test('bad frames reject as they throw elsewhere', async () => {
    const decryptor = await warmReceiver();
    expect(await outcome(decryptor.decryptAsync(new Uint8Array(0)))).toBe('syntax');
    expect(await outcome(decryptor.decryptAsync(frameAt(3000n).subarray(0, 17)))).toBe('syntax');
    const other = new SFrameEncryptor({ cipherSuite });
    other.setEncryptionKey(keyA, 99n);
    await expect(decryptor.decryptAsync(other.encrypt(metadata))).rejects.toMatchObject({
      code: 'key-id',
      kid: 99n,
    });
    expect(await outcome(decryptor.decryptAsync(frameAt(3000n), metadata))).toBe('authentication');
    expect(await outcome(decryptor.decryptAsync(frameAt(3000n)))).toBe('opened');
  });

  test('views over resizable buffers are taken', async () => {
    if (!('resizable' in ArrayBuffer.prototype)) return;
    const Resizable = ArrayBuffer as unknown as new (len: number, options: object) => ArrayBuffer;
    const view = new Uint8Array(new Resizable(50, { maxByteLength: 100 }));
    const ciphertext = await (await warmSender()).encryptAsync(view);
    const received = new Uint8Array(new Resizable(ciphertext.length, { maxByteLength: 200 }));
    received.set(ciphertext);
    expect(await receiver().decryptAsync(received)).toEqual(new Uint8Array(50));
  });
});

test('where WebCrypto fails, frames fail and say so', async () => {
  vi.spyOn(crypto.subtle, 'importKey').mockRejectedValue(new DOMException('no', 'NotSupportedError'));
  const encryptor = sender();
  await expect(encryptor.encryptAsync(metadata)).rejects.toMatchObject({ code: 'engine-unavailable' });
});

test('for streams, refusals are codes: a flood of forged frames builds no exceptions', async () => {
  for (const decryptor of [receiver(), new SFrameDecryptor({ cipherSuite })]) {
    decryptor.addDecryptionKey(keyA, 5n);
    const forged = frameAt(1n);
    forged[20] = (forged[20] as number) ^ 1;
    expect(await decryptor.tryDecryptAsync(new Uint8Array(0))).toBe('syntax');
    expect(await decryptor.tryDecryptAsync(new Uint8Array(40).fill(0xff))).toBe('key-id');
    expect(await decryptor.tryDecryptAsync(forged)).toBe('authentication');
    expect(await decryptor.tryDecryptAsync(frameAt(1n))).toEqual(noise(50, 1));
    expect(await decryptor.tryDecryptAsync(frameAt(1n))).toBe('replay');
    decryptor.destroy();
    expect(await decryptor.tryDecryptAsync(frameAt(2n))).toBe('destroyed');
  }
});
