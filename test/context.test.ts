// SFrameEncryptor and SFrameDecryptor as their users meet them: counters, keys, replay, outputs, sizes, errors.

import { afterEach, describe, expect, test, vi } from 'vitest';
import {
  type CipherSuite,
  cipherSuites,
  decodeHeader,
  maxOverhead,
  SFrameDecryptor,
  SFrameEncryptor,
  SFrameError,
  type SFrameErrorCode,
} from '../src/index.ts';
import { noise } from './lengths.ts';
import { hex, oracleEncrypt } from './oracle.ts';

const cipherSuite = 'AES_128_GCM_SHA256_128';
const names = Object.keys(cipherSuites) as CipherSuite[];
const keyA = noise(16, 1);
const keyB = noise(16, 2);
const frame = noise(100, 3);
const maxU64 = 2n ** 64n - 1n;

function sender(suite: CipherSuite = cipherSuite, kid = 1n, ctr = 0n): SFrameEncryptor {
  const encryptor = new SFrameEncryptor({ cipherSuite: suite });
  encryptor.setEncryptionKey(keyA, kid, { ctr });
  return encryptor;
}

function receiver(
  options: { suite?: CipherSuite; kid?: bigint; replayWindow?: number } = {},
): SFrameDecryptor {
  const { suite = cipherSuite, kid = 1n, replayWindow } = options;
  const decryptor = new SFrameDecryptor({ cipherSuite: suite, replayWindow });
  decryptor.addDecryptionKey(keyA, kid);
  return decryptor;
}

/** A genuine frame of the sender above, with any counter. */
function frameAt(ctr: bigint, kid = 1n, baseKey = keyA, plaintext = frame): Uint8Array {
  const encryptor = new SFrameEncryptor({ cipherSuite });
  encryptor.setEncryptionKey(baseKey, kid, { ctr });
  const ciphertext = encryptor.encrypt(plaintext);
  encryptor.destroy();
  return ciphertext;
}

function failure(call: () => unknown): SFrameError {
  try {
    call();
  } catch (error) {
    if (error instanceof SFrameError) return error;
    throw error;
  }
  throw new Error('did not fail');
}

function codeOf(call: () => unknown): SFrameErrorCode {
  return failure(call).code;
}

describe('counter', () => {
  test('starts at 0, rises by one a frame, and is read before use', () => {
    const encryptor = new SFrameEncryptor({ cipherSuite });
    expect(encryptor.ctr).toBe(0n);
    expect(encryptor.kid).toBeUndefined();
    encryptor.setEncryptionKey(keyA, 5);
    expect(encryptor.kid).toBe(5n);
    for (let i = 0n; i < 300n; i++) {
      expect(encryptor.ctr).toBe(i);
      expect(decodeHeader(encryptor.encrypt(frame))).toMatchObject({ kid: 5n, ctr: i });
    }
  });

  test('starts where it is told', () => {
    for (const ctr of [1n, 7n, 8n, 255n, 2n ** 32n - 1n, 2n ** 32n, 2n ** 53n + 1n, maxU64 - 1n]) {
      const encryptor = sender(cipherSuite, 1n, ctr);
      const ciphertext = encryptor.encrypt(frame);
      expect(decodeHeader(ciphertext).ctr).toBe(ctr);
      expect(encryptor.ctr).toBe(ctr + 1n);
      expect(receiver().decrypt(ciphertext)).toEqual(frame);
    }
  });

  test('carries over 2^32 without a rounded digit', () => {
    const encryptor = sender(cipherSuite, 1n, 2n ** 32n - 2n);
    const decryptor = receiver();
    for (let ctr = 2n ** 32n - 2n; ctr < 2n ** 32n + 3n; ctr++) {
      const ciphertext = encryptor.encrypt(frame);
      expect(decodeHeader(ciphertext).ctr).toBe(ctr);
      expect(decryptor.decrypt(ciphertext)).toEqual(frame);
    }
  });

  test('2^64-1 is never sent', () => {
    const encryptor = sender(cipherSuite, 9n, maxU64 - 1n);
    encryptor.encrypt(frame);
    for (let i = 0; i < 3; i++) {
      expect(failure(() => encryptor.encrypt(frame))).toMatchObject({ code: 'counter-exhausted', kid: 9n });
      expect(encryptor.ctr).toBe(maxU64);
    }
    encryptor.setEncryptionKey(keyB, 9);
    expect(decodeHeader(encryptor.encrypt(frame)).ctr).toBe(0n);
    expect(codeOf(() => sender(cipherSuite, 1n, maxU64).encrypt(frame))).toBe('counter-exhausted');
  });

  test('a frame that cannot be encrypted takes no counter', () => {
    const encryptor = sender();
    const target = new Uint8Array(frame.length + 16).fill(0xee);
    expect(() => encryptor.encryptInto(target, frame)).toThrow(RangeError);
    expect(target.every((byte) => byte === 0xee)).toBe(true);
    expect(encryptor.ctr).toBe(0n);
  });

  test('is taken before encryptAsync returns', async () => {
    const encryptor = sender();
    const plaintext = frame.slice();
    const pending = [encryptor.encryptAsync(plaintext), encryptor.encryptAsync(plaintext)];
    expect(encryptor.ctr).toBe(2n);
    plaintext.fill(0);
    const frames = await Promise.all(pending);
    expect(frames.map((ciphertext) => decodeHeader(ciphertext).ctr)).toEqual([0n, 1n]);
    const decryptor = receiver();
    expect(await decryptor.decryptAsync(frames[1] as Uint8Array)).toEqual(frame);
    expect(await decryptor.decryptAsync(frames[0] as Uint8Array)).toEqual(frame);
  });
});

describe('encryption keys', () => {
  test('a key set once is refused for ever, whatever its counter', () => {
    const encryptor = sender();
    encryptor.encrypt(frame);
    expect(codeOf(() => encryptor.setEncryptionKey(keyA, 1n))).toBe('key-reuse');
    expect(encryptor.ctr).toBe(1n);
    encryptor.setEncryptionKey(keyB, 1n);
    expect(failure(() => encryptor.setEncryptionKey(keyA, 1n))).toMatchObject({ code: 'key-reuse', kid: 1n });
    expect(codeOf(() => encryptor.setEncryptionKey(keyA, 1n, { ctr: 1000n }))).toBe('key-reuse');
    // the refused one changed nothing
    const ciphertext = encryptor.encrypt(frame);
    expect(decodeHeader(ciphertext).ctr).toBe(0n);
    const decryptor = new SFrameDecryptor({ cipherSuite });
    decryptor.addDecryptionKey(keyB, 1n);
    expect(decryptor.decrypt(ciphertext)).toEqual(frame);
  });

  test('the same base key under another KID is another key', () => {
    const encryptor = sender();
    encryptor.setEncryptionKey(keyA, 2n);
    expect(encryptor.kid).toBe(2n);
    expect(encryptor.ctr).toBe(0n);
    expect(codeOf(() => encryptor.setEncryptionKey(keyA, 1n))).toBe('key-reuse');
  });

  test('no key: no-key', () => {
    const encryptor = new SFrameEncryptor({ cipherSuite });
    expect(codeOf(() => encryptor.encrypt(frame))).toBe('no-key');
    expect(codeOf(() => encryptor.encryptInto(new Uint8Array(200), frame))).toBe('no-key');
  });

  test.each(names)('%s: KIDs up to 2^64-1', (suite) => {
    for (const kid of [
      0n,
      7n,
      8n,
      255n,
      256n,
      2n ** 32n,
      2n ** 53n - 1n,
      2n ** 53n + 1n,
      2n ** 63n,
      maxU64,
    ]) {
      const ciphertext = sender(suite, kid).encrypt(frame);
      expect(decodeHeader(ciphertext).kid).toBe(kid);
      const decryptor = receiver({ suite, kid });
      decryptor.addDecryptionKey(keyB, kid === 0n ? 1n : kid - 1n);
      expect(decryptor.decrypt(ciphertext)).toEqual(frame);
    }
  });
});

describe('decryption keys', () => {
  test('are found by KID, added, removed and replaced', () => {
    const decryptor = new SFrameDecryptor({ cipherSuite });
    expect(decryptor.hasDecryptionKey(1)).toBe(false);
    expect(decryptor.removeDecryptionKey(1)).toBe(false);
    expect(failure(() => decryptor.decrypt(frameAt(0n)))).toMatchObject({ code: 'key-id', kid: 1n });
    decryptor.addDecryptionKey(keyA, 1);
    decryptor.addDecryptionKey(keyB, 2n);
    expect(decryptor.hasDecryptionKey(1n)).toBe(true);
    expect(decryptor.decrypt(frameAt(0n))).toEqual(frame);
    expect(decryptor.decrypt(frameAt(0n, 2n, keyB))).toEqual(frame);
    decryptor.addDecryptionKey(keyB, 1);
    expect(codeOf(() => decryptor.decrypt(frameAt(1n)))).toBe('authentication');
    expect(decryptor.decrypt(frameAt(0n, 1n, keyB))).toEqual(frame);
    expect(decryptor.removeDecryptionKey(1n)).toBe(true);
    expect(decryptor.hasDecryptionKey(1)).toBe(false);
    expect(codeOf(() => decryptor.decrypt(frameAt(2n, 1n, keyB)))).toBe('key-id');
  });

  test('KIDs that differ beyond 2^53 are different', () => {
    const decryptor = new SFrameDecryptor({ cipherSuite });
    decryptor.addDecryptionKey(keyA, 2n ** 63n);
    expect(decryptor.hasDecryptionKey(2n ** 63n + 1n)).toBe(false);
    expect(failure(() => decryptor.decrypt(frameAt(0n, 2n ** 63n + 1n)))).toMatchObject({
      code: 'key-id',
      kid: 2n ** 63n + 1n,
    });
  });
});

describe('replay', () => {
  test('a frame opens once', () => {
    const decryptor = receiver();
    const ciphertext = frameAt(7n);
    decryptor.decrypt(ciphertext);
    for (let i = 0; i < 3; i++)
      expect(failure(() => decryptor.decrypt(ciphertext))).toMatchObject({ code: 'replay', kid: 1n });
  });

  test('1024 frames by default', () => {
    const decryptor = receiver();
    decryptor.decrypt(frameAt(5000n));
    expect(codeOf(() => decryptor.decrypt(frameAt(5000n - 1024n)))).toBe('replay');
    expect(decryptor.decrypt(frameAt(5000n - 1023n))).toEqual(frame);
    expect(codeOf(() => decryptor.decrypt(frameAt(5000n - 1023n)))).toBe('replay');
    expect(decryptor.decrypt(frameAt(4999n))).toEqual(frame);
  });

  test('0 turns it off', () => {
    const decryptor = receiver({ replayWindow: 0 });
    const ciphertext = frameAt(9000n);
    for (let i = 0; i < 3; i++) expect(decryptor.decrypt(ciphertext)).toEqual(frame);
    expect(decryptor.decrypt(frameAt(0n))).toEqual(frame);
  });

  test('forged frames move nothing', () => {
    const decryptor = receiver({ replayWindow: 16 });
    decryptor.decrypt(frameAt(10n));
    const forged = frameAt(1_000_000n);
    forged[forged.length - 1] = (forged.at(-1) as number) ^ 1;
    for (let i = 0; i < 5; i++) expect(codeOf(() => decryptor.decrypt(forged))).toBe('authentication');
    expect(decryptor.decrypt(frameAt(9n))).toEqual(frame);
    expect(decryptor.decrypt(frameAt(11n))).toEqual(frame);
  });

  test('each key has a window of its own', () => {
    const decryptor = receiver();
    decryptor.addDecryptionKey(keyB, 2n);
    decryptor.decrypt(frameAt(50_000n));
    expect(decryptor.decrypt(frameAt(0n, 2n, keyB))).toEqual(frame);
  });

  test('adding a known key again never reopens its window', () => {
    const decryptor = receiver();
    const seen = frameAt(20n);
    decryptor.decrypt(seen);
    decryptor.addDecryptionKey(keyA, 1n);
    expect(codeOf(() => decryptor.decrypt(seen))).toBe('replay');
    // still the same window: what was open before is open now
    expect(decryptor.decrypt(frameAt(19n))).toEqual(frame);
  });

  test.each([
    ['removed', (decryptor: SFrameDecryptor) => decryptor.removeDecryptionKey(1n)],
    ['replaced', (decryptor: SFrameDecryptor) => decryptor.addDecryptionKey(keyB, 1n)],
  ])('a key that was %s and comes back starts above its highest frame', (_how, leave) => {
    const decryptor = receiver();
    decryptor.decrypt(frameAt(20n));
    for (let round = 0; round < 3; round++) {
      leave(decryptor);
      decryptor.addDecryptionKey(keyA, 1n);
      expect(codeOf(() => decryptor.decrypt(frameAt(19n)))).toBe('replay');
      expect(codeOf(() => decryptor.decrypt(frameAt(20n)))).toBe('replay');
    }
    expect(decryptor.decrypt(frameAt(21n))).toEqual(frame);
    leave(decryptor);
    decryptor.addDecryptionKey(keyA, 1n);
    expect(codeOf(() => decryptor.decrypt(frameAt(21n)))).toBe('replay');
  });

  test('the memory of removed keys is bounded', () => {
    const decryptor = new SFrameDecryptor({ cipherSuite });
    for (let kid = 0n; kid < 4200n; kid++) {
      decryptor.addDecryptionKey(keyA, kid);
      decryptor.decrypt(frameAt(5n, kid));
      decryptor.removeDecryptionKey(kid);
    }
    // the newest 4096 are remembered, those before are not
    decryptor.addDecryptionKey(keyA, 4199n);
    decryptor.addDecryptionKey(keyA, 104n);
    decryptor.addDecryptionKey(keyA, 103n);
    expect(codeOf(() => decryptor.decrypt(frameAt(5n, 4199n)))).toBe('replay');
    expect(codeOf(() => decryptor.decrypt(frameAt(5n, 104n)))).toBe('replay');
    expect(decryptor.decrypt(frameAt(5n, 103n))).toEqual(frame);
  });
});

describe('outputs', () => {
  test.each(names)('%s: every output owns its whole buffer', (suite) => {
    const encryptor = sender(suite);
    const decryptor = receiver({ suite });
    for (const len of [0, 1, 16, 63, 64, 65, 500, 5000]) {
      const plaintext = noise(len, len);
      const ciphertext = encryptor.encrypt(plaintext);
      expect(ciphertext.byteOffset).toBe(0);
      expect(ciphertext.buffer.byteLength).toBe(ciphertext.length);
      const opened = decryptor.decrypt(ciphertext);
      expect(opened.byteOffset).toBe(0);
      expect(opened.buffer.byteLength).toBe(len);
      expect(opened).toEqual(plaintext);
      // and may be transferred
      structuredClone(opened, { transfer: [opened.buffer] });
    }
    expect(decryptor.decrypt(encryptor.encrypt(frame))).toEqual(frame);
  });

  test.each(names)('%s: into targets exactly long enough, with nothing written behind', (suite) => {
    const encryptor = sender(suite);
    const decryptor = receiver({ suite });
    const { Nt } = cipherSuites[suite];
    for (const len of [0, 1, 15, 16, 17, 100, 1200]) {
      const plaintext = noise(len, len);
      const written = len + 2 + Nt - (encryptor.ctr < 8n ? 1 : 0);
      const target = new Uint8Array(written + 8).fill(0xee);
      expect(encryptor.encryptInto(target.subarray(0, written), plaintext)).toBe(written);
      expect(target.subarray(written).every((byte) => byte === 0xee)).toBe(true);
      const opened = new Uint8Array(len + 8).fill(0xee);
      expect(decryptor.decryptInto(opened.subarray(0, len), target.subarray(0, written))).toBe(len);
      expect(opened.subarray(0, len)).toEqual(plaintext);
      expect(opened.subarray(len).every((byte) => byte === 0xee)).toBe(true);
    }
  });

  test('maxOverhead is enough for the longest header and tag, and reached', () => {
    const encryptor = sender(cipherSuite, maxU64, maxU64 - 1n);
    expect(encryptor.encryptInto(new Uint8Array(frame.length + maxOverhead), frame)).toBe(
      frame.length + maxOverhead,
    );
  });

  test('a target too short changes nothing', () => {
    const decryptor = receiver();
    const ciphertext = frameAt(3n);
    const target = new Uint8Array(frame.length - 1).fill(0xee);
    expect(() => decryptor.decryptInto(target, ciphertext)).toThrow(RangeError);
    expect(target.every((byte) => byte === 0xee)).toBe(true);
    expect(decryptor.decrypt(ciphertext)).toEqual(frame);
  });

  test('a refused frame leaves the target as it was', () => {
    const decryptor = receiver();
    const ciphertext = frameAt(3n);
    ciphertext[10] = (ciphertext[10] as number) ^ 1;
    const target = new Uint8Array(200).fill(0xee);
    expect(codeOf(() => decryptor.decryptInto(target, ciphertext))).toBe('authentication');
    expect(target.every((byte) => byte === 0xee)).toBe(true);
  });

  test('inputs are never changed', () => {
    const plaintext = frame.slice();
    const metadata = noise(30, 9);
    const kept = metadata.slice();
    const ciphertext = sender().encrypt(plaintext, metadata);
    const sent = ciphertext.slice();
    receiver().decrypt(ciphertext, metadata);
    expect(plaintext).toEqual(frame);
    expect(metadata).toEqual(kept);
    expect(ciphertext).toEqual(sent);
  });
});

describe('sizes', () => {
  test.each(names)('%s: plaintexts of 16 MB and metadata of 64 KB', (suite) => {
    const encryptor = sender(suite);
    const decryptor = receiver({ suite });
    const plaintext = new Uint8Array(2 ** 24);
    for (let i = 0; i < plaintext.length; i += 4093) plaintext[i] = i;
    const metadata = noise(65536, 5);
    const ciphertext = encryptor.encrypt(plaintext, metadata);
    const opened = decryptor.decrypt(ciphertext, metadata);
    expect(opened.length).toBe(plaintext.length);
    expect(same(opened, plaintext)).toBe(true);
    expect(
      codeOf(() => decryptor.decrypt(encryptor.encrypt(plaintext, metadata), metadata.subarray(1))),
    ).toBe('authentication');
    encryptor.destroy();
    decryptor.destroy();
  });

  test('metadata of 64 KB is that of the oracle', () => {
    const metadata = noise(65537, 5);
    const plaintext = noise(20, 6);
    const { ciphertext } = oracleEncrypt({ suite: 1, kid: 1n, ctr: 0n, baseKey: keyA, metadata, plaintext });
    expect(hex(sender('AES_128_CTR_HMAC_SHA256_80').encrypt(plaintext, metadata))).toBe(hex(ciphertext));
  }, 60_000);

  test('maxFrameLen bounds what is taken', () => {
    const encryptor = new SFrameEncryptor({ cipherSuite, maxFrameLen: 1000 });
    encryptor.setEncryptionKey(keyA, 1);
    expect(() => encryptor.encrypt(new Uint8Array(1001))).toThrow(RangeError);
    expect(() => encryptor.encrypt(frame, new Uint8Array(1001))).toThrow(RangeError);
    expect(encryptor.ctr).toBe(0n);
    const ciphertext = encryptor.encrypt(new Uint8Array(1000));
    const decryptor = new SFrameDecryptor({ cipherSuite, maxFrameLen: 1000 });
    decryptor.addDecryptionKey(keyA, 1);
    expect(decryptor.decrypt(ciphertext).length).toBe(1000);
    expect(() => decryptor.decrypt(new Uint8Array(1034))).toThrow(/^ciphertext must be at most 1033/);
    // streams see a bad frame like any other
    expect(decryptor.tryDecrypt(new Uint8Array(1034))).toBe('syntax');
    expect(() => decryptor.decrypt(ciphertext, new Uint8Array(1001))).toThrow(RangeError);
    expect(() => sender().encrypt(new Uint8Array(2 ** 24 + 1))).toThrow(RangeError);
  });

  test('4096 keys and a frame of 16 MB at once', () => {
    const decryptor = new SFrameDecryptor({ cipherSuite });
    for (let kid = 0n; kid < 4096n; kid++) decryptor.addDecryptionKey(noise(16, Number(kid)), kid);
    const big = new Uint8Array(2 ** 24).fill(7);
    for (const kid of [0n, 1n, 2048n, 4095n]) {
      const opened = decryptor.decrypt(frameAt(1n, kid, noise(16, Number(kid)), big));
      expect(same(opened, big)).toBe(true);
    }
    decryptor.destroy();
  });
});

describe('memory', () => {
  afterEach(() => vi.restoreAllMocks());

  function exhaust(): void {
    vi.spyOn(WebAssembly.Memory.prototype, 'grow').mockImplementation(() => {
      throw new RangeError('WebAssembly.Memory.grow(): Unable to grow instance memory');
    });
  }

  test('exhausted by a frame: a RangeError, and nothing has changed', () => {
    const options = { cipherSuite, maxFrameLen: 2 ** 28 } as const;
    const encryptor = new SFrameEncryptor(options);
    encryptor.setEncryptionKey(keyA, 1);
    const decryptor = new SFrameDecryptor(options);
    decryptor.addDecryptionKey(keyA, 1);
    const huge = new Uint8Array(2 ** 26);
    exhaust();
    expect(() => encryptor.encrypt(huge)).toThrow(/^out of memory/);
    expect(() => encryptor.encrypt(huge)).toThrow(RangeError);
    expect(() => encryptor.encrypt(frame, huge)).toThrow(/^out of memory/);
    expect(() => encryptor.encryptInto(new Uint8Array(200), frame, huge)).toThrow(/^out of memory/);
    expect(encryptor.ctr).toBe(0n);
    expect(() => decryptor.decrypt(huge)).toThrow(RangeError);
    const ciphertext = encryptor.encrypt(frame);
    expect(decryptor.decrypt(ciphertext)).toEqual(frame);
    vi.restoreAllMocks();
    expect(decryptor.decrypt(encryptor.encrypt(huge)).length).toBe(huge.length);
  });

  test('exhausted by keys: a RangeError, and the keys there are go on', () => {
    const encryptor = sender();
    const decryptor = receiver();
    const before = encryptor.encrypt(frame);
    exhaust();
    let added = 0n;
    const addAll = (): void => {
      for (let kid = 100n; ; kid++) {
        decryptor.addDecryptionKey(keyA, kid);
        added++;
      }
    };
    expect(addAll).toThrow(RangeError);
    expect(decryptor.hasDecryptionKey(100n + added)).toBe(false);
    expect(() => encryptor.setEncryptionKey(keyB, 2)).toThrow(RangeError);
    expect(encryptor.kid).toBe(1n);
    expect(decryptor.decrypt(before)).toEqual(frame);
    expect(decryptor.decrypt(encryptor.encrypt(frame))).toEqual(frame);
    vi.restoreAllMocks();
    encryptor.setEncryptionKey(keyB, 2);
    decryptor.addDecryptionKey(keyB, 2);
    expect(decryptor.decrypt(encryptor.encrypt(frame))).toEqual(frame);
    decryptor.destroy();
  });
});

test('a replay window that finds no memory changes nothing', () => {
  const decryptor = receiver();
  const seen = frameAt(20n);
  decryptor.decrypt(seen);
  const RealArray = globalThis.Uint32Array;
  globalThis.Uint32Array = class extends RealArray {
    constructor() {
      super(0);
      throw new RangeError('Array buffer allocation failed');
    }
  } as unknown as Uint32ArrayConstructor;
  try {
    expect(() => decryptor.addDecryptionKey(keyB, 1n)).toThrow(RangeError);
    expect(() => decryptor.addDecryptionKey(keyB, 2n)).toThrow(RangeError);
  } finally {
    globalThis.Uint32Array = RealArray;
  }
  expect(decryptor.hasDecryptionKey(2n)).toBe(false);
  expect(codeOf(() => decryptor.decrypt(seen))).toBe('replay');
  expect(decryptor.decrypt(frameAt(21n))).toEqual(frame);
  decryptor.addDecryptionKey(keyB, 2n);
  expect(decryptor.decrypt(frameAt(0n, 2n, keyB))).toEqual(frame);
});

test('the last CTR of another implementation opens, though it is never sent here', () => {
  const { ciphertext } = oracleEncrypt({
    suite: 4,
    kid: 1n,
    ctr: maxU64,
    baseKey: keyA,
    metadata: new Uint8Array(0),
    plaintext: frame,
  });
  const decryptor = receiver();
  expect(decryptor.decrypt(ciphertext)).toEqual(frame);
  expect(codeOf(() => decryptor.decrypt(ciphertext))).toBe('replay');
});

describe('destroy', () => {
  test('ends a context, once and for all', async () => {
    const encryptor = sender();
    const decryptor = receiver();
    const ciphertext = encryptor.encrypt(frame);
    for (let i = 0; i < 2; i++) {
      encryptor.destroy();
      decryptor.destroy();
    }
    const target = new Uint8Array(200);
    for (const call of [
      () => encryptor.encrypt(frame),
      () => encryptor.encryptInto(target, frame),
      () => encryptor.setEncryptionKey(keyB, 2),
      () => decryptor.decrypt(ciphertext),
      () => decryptor.decryptInto(target, ciphertext),
      () => decryptor.addDecryptionKey(keyA, 1),
      () => decryptor.removeDecryptionKey(1),
      () => decryptor.hasDecryptionKey(1),
    ])
      expect(codeOf(call)).toBe('destroyed');
    await expect(encryptor.encryptAsync(frame)).rejects.toMatchObject({ code: 'destroyed' });
    await expect(decryptor.decryptAsync(ciphertext)).rejects.toMatchObject({ code: 'destroyed' });
    expect(encryptor.kid).toBeUndefined();
    // an application that stores the counter on its way out must not store 0
    expect(encryptor.ctr).toBe(1n);
  });

  test('leaves other contexts alone', () => {
    const gone = receiver();
    const decryptor = receiver();
    gone.destroy();
    // its slot is taken again
    const other = receiver();
    other.addDecryptionKey(keyB, 3n);
    expect(decryptor.decrypt(frameAt(0n))).toEqual(frame);
  });
});

describe('errors', () => {
  test('have a name, a code, and never a byte of anything', () => {
    const error = failure(() => receiver().decrypt(new Uint8Array(0)));
    expect(error).toBeInstanceOf(Error);
    expect(error).toMatchObject({ name: 'SFrameError', code: 'syntax', kid: undefined });
    expect(error.message).toBe('not an SFrame ciphertext');
  });

  test('too short for header and tag is syntax, whatever the KID', () => {
    const ciphertext = frameAt(1n);
    const decryptor = receiver();
    for (let len = 0; len < 1 + 16; len++) {
      expect(codeOf(() => decryptor.decrypt(ciphertext.subarray(0, len)))).toBe('syntax');
      expect(codeOf(() => decryptor.decryptInto(new Uint8Array(0), ciphertext.subarray(0, len)))).toBe(
        'syntax',
      );
    }
    expect(decryptor.decrypt(ciphertext)).toEqual(frame);
  });

  test('other suite, other key, other metadata: authentication', () => {
    const decryptor = receiver({ suite: 'AES_256_GCM_SHA512_128' });
    expect(codeOf(() => decryptor.decrypt(frameAt(0n)))).toBe('authentication');
    const ciphertext = sender().encrypt(frame, new Uint8Array([1]));
    for (const metadata of [undefined, new Uint8Array(0), new Uint8Array([2]), new Uint8Array([1, 0])])
      expect(codeOf(() => receiver().decrypt(ciphertext, metadata))).toBe('authentication');
  });
});

/** Equality of long arrays, where `toEqual` takes seconds. */
function same(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, i) => byte === b[i]);
}
