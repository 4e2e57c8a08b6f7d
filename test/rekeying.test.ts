// Keys that come in more than one way, and callers whose objects and clocks do what they should not.

import { afterEach, describe, expect, test, vi } from 'vitest';
import {
  MlsDecryptor,
  RatchetDecryptor,
  RatchetEncryptor,
  SFrameDecryptor,
  SFrameEncryptor,
} from '../src/index.ts';
import { noise } from './lengths.ts';
import { hex } from './oracle.ts';

const cipherSuite = 'AES_128_GCM_SHA256_128';
const [keyA, keyB] = [noise(16, 1), noise(16, 2)];

afterEach(() => vi.restoreAllMocks());

function hkdfKey(bytes: Uint8Array<ArrayBuffer>): Promise<CryptoKey> {
  return crypto.subtle.importKey('raw', bytes, 'HKDF', false, ['deriveBits']);
}

function frameOf(key: Uint8Array, ctr = 0n): Uint8Array<ArrayBuffer> {
  const encryptor = new SFrameEncryptor({ cipherSuite });
  encryptor.setEncryptionKey(key, 7, { ctr });
  return encryptor.encrypt(noise(40, 3));
}

async function codeOf(promise: Promise<unknown>): Promise<unknown> {
  return promise.then(
    () => 'opened',
    (error) => error.code ?? error,
  );
}

describe('without a core', () => {
  const engine = 'webcrypto';

  test('a key that comes again as a CryptoKey goes on with its window', async () => {
    const decryptor = new SFrameDecryptor({ cipherSuite, engine });
    decryptor.addDecryptionKey(keyA, 7);
    expect(await codeOf(decryptor.decryptAsync(frameOf(keyA)))).toBe('opened');
    await decryptor.importDecryptionKey(await hkdfKey(keyA), 7);
    expect(await codeOf(decryptor.decryptAsync(frameOf(keyA)))).toBe('replay');
  });

  test('and with its floor, after another was there', async () => {
    const decryptor = new SFrameDecryptor({ cipherSuite, engine });
    decryptor.addDecryptionKey(keyA, 7);
    expect(await codeOf(decryptor.decryptAsync(frameOf(keyA)))).toBe('opened');
    await decryptor.importDecryptionKey(await hkdfKey(keyB), 7);
    decryptor.addDecryptionKey(keyA, 7);
    expect(await codeOf(decryptor.decryptAsync(frameOf(keyA)))).toBe('replay');
  });

  test('the same key again harms no frame under way', async () => {
    const decryptor = new SFrameDecryptor({ cipherSuite, engine });
    decryptor.addDecryptionKey(keyA, 7);
    expect(await codeOf(decryptor.decryptAsync(frameOf(keyA)))).toBe('opened');
    for (let ctr = 1n; ctr < 20n; ctr++) {
      const opening = decryptor.decryptAsync(frameOf(keyA, ctr));
      decryptor.addDecryptionKey(keyA, 7);
      expect(await codeOf(opening), `${ctr}`).toBe('opened');
    }
    const late = decryptor.decryptAsync(frameOf(keyA, 20n));
    decryptor.addDecryptionKey(keyB, 7);
    expect(await codeOf(late), 'another key does').toBe('key-id');
  });

  test.each(['removed', 'replaced'])('a key that was %s is wiped by destroy(), however soon', async (how) => {
    const salts: Uint8Array[] = [];
    const derive = crypto.subtle.deriveBits.bind(crypto.subtle);
    vi.spyOn(crypto.subtle, 'deriveBits').mockImplementation(async (...call) => {
      const bits = await derive(...(call as Parameters<typeof derive>));
      if (bits.byteLength === 12) salts.push(new Uint8Array(bits));
      return bits;
    });
    for (const suite of [cipherSuite, 'AES_128_CTR_HMAC_SHA256_80'] as const) {
      const decryptor = new SFrameDecryptor({ cipherSuite: suite, engine });
      decryptor.addDecryptionKey(keyA, 7);
      await codeOf(decryptor.decryptAsync(frameOf(keyB)));
      if (how === 'removed') decryptor.removeDecryptionKey(7);
      else decryptor.addDecryptionKey(keyB, 7);
      decryptor.destroy();
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    expect(salts.length).toBeGreaterThanOrEqual(2);
    for (const salt of salts) expect(hex(salt)).toBe('00'.repeat(12));
  });
});

describe('an import that was overtaken has no effect', () => {
  test('by a later key for sending', async () => {
    const encryptor = new SFrameEncryptor({ cipherSuite });
    const importing = encryptor.importEncryptionKey(await hkdfKey(keyA), 1);
    encryptor.setEncryptionKey(keyB, 2);
    await importing;
    expect(encryptor.kid).toBe(2n);
  });

  test('by the removal of its KID, and not by that of another', async () => {
    const decryptor = new SFrameDecryptor({ cipherSuite });
    const key = await hkdfKey(keyA);
    const importing = [decryptor.importDecryptionKey(key, 7), decryptor.importDecryptionKey(key, 8)];
    decryptor.removeDecryptionKey(7);
    await Promise.all(importing);
    expect([decryptor.hasDecryptionKey(7), decryptor.hasDecryptionKey(8)]).toEqual([false, true]);
  });

  test('and one that fails leaves the order of the others', async () => {
    const [slow, bad, quick] = [await hkdfKey(noise(16, 4)), await hkdfKey(keyA), await hkdfKey(keyB)];
    const derive = crypto.subtle.deriveBits.bind(crypto.subtle);
    vi.spyOn(crypto.subtle, 'deriveBits').mockImplementation(async (algorithm, key, length) => {
      if (key === bad) throw new DOMException('no', 'OperationError');
      if (key === slow) await new Promise((resolve) => setTimeout(resolve, 20));
      return derive(algorithm, key, length as number);
    });
    const encryptor = new SFrameEncryptor({ cipherSuite });
    const imports = [slow, bad, quick].map((key, i) => encryptor.importEncryptionKey(key, i + 1));
    expect(await Promise.all(imports.map(codeOf))).toEqual(['opened', 'engine-unavailable', 'opened']);
    expect(encryptor.kid).toBe(3n);
  });
});

test('properties of a key are nobody’s business', () => {
  const key = Object.assign(new Uint8Array(keyA), { fingerprint: 'a', bytes: new Uint8Array(28) });
  const encryptor = new SFrameEncryptor({ cipherSuite });
  encryptor.setEncryptionKey(key, 7);
  expect(hex(encryptor.encrypt(noise(40, 3)))).toBe(hex(frameOf(keyA)));
  key.fingerprint = 'b';
  expect(() => encryptor.setEncryptionKey(key, 7)).toThrow(expect.objectContaining({ code: 'key-reuse' }));
});

describe('a clock that does more than tell the time', () => {
  /** A sender two steps ahead of its receiver. */
  function call(now: () => number) {
    const encryptor = new RatchetEncryptor({ cipherSuite, ratchetBits: 4 });
    encryptor.setEncryptionKey(keyA);
    const decryptor = new RatchetDecryptor({ cipherSuite, ratchetBits: 4, now });
    decryptor.addDecryptionKey(keyA, 0);
    return { encryptor, decryptor };
  }

  test('and puts another frame in the place of one: refused, and nothing opens twice', () => {
    let act = (): void => {};
    const { encryptor, decryptor } = call(() => {
      act();
      return 0;
    });
    encryptor.ratchet();
    const frames = [0, 1, 2].map(() => encryptor.encrypt(noise(40, 3)));
    const [first, second, third] = frames as [Uint8Array, Uint8Array, Uint8Array];
    const buffer = new Uint8Array(second);
    act = () => buffer.set(first);
    expect(() => decryptor.decrypt(buffer)).toThrow(expect.objectContaining({ code: 'syntax' }));
    act = () => {};
    expect(decryptor.decrypt(first).length).toBe(40);
    expect(() => decryptor.decrypt(first)).toThrow(expect.objectContaining({ code: 'replay' }));
    expect(decryptor.decrypt(second).length).toBe(40);
    expect(decryptor.decrypt(third).length).toBe(40);
  });

  test('and fails a frame of its own: errors name their own KIDs', () => {
    let act = (): void => {};
    const { decryptor } = call(() => {
      act();
      return 0;
    });
    act = () => {
      act = () => {};
      expect(() => decryptor.decrypt(frameOf(keyB))).toThrow(expect.objectContaining({ kid: 7n }));
    };
    const encryptor = new SFrameEncryptor({ cipherSuite });
    encryptor.setEncryptionKey(keyB, 51);
    expect(() => decryptor.decrypt(encryptor.encrypt(noise(4, 1)))).toThrow(
      expect.objectContaining({ kid: 51n }),
    );
  });

  test('and destroys, while an epoch is added', () => {
    const decryptor: MlsDecryptor = new MlsDecryptor({
      cipherSuite,
      epochBits: 4,
      now: () => {
        decryptor.destroy();
        return 0;
      },
    });
    const adding = () => decryptor.addEpoch({ epoch: 1, baseKey: keyA, groupSize: 2 });
    expect(adding).toThrow(expect.objectContaining({ code: 'destroyed' }));
  });
});
