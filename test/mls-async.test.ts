// MLS keys where frames are asynchronous, and where there is no core: things happen while frames are under way.

import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { cipherSuites, MlsDecryptor, MlsEncryptor } from '../src/index.ts';
import { noise } from './lengths.ts';
import {
  add,
  baseKeyOf,
  clock,
  epochBits,
  forgery,
  frame,
  frameOf,
  kidOf,
  names,
  outcome,
  outcomeAsync,
  receiver,
  sender,
} from './mls-members.ts';
import { hex } from './oracle.ts';

beforeEach(() => {
  clock.ms = 0;
});
afterEach(() => vi.restoreAllMocks());

describe.each(['webcrypto', 'auto'] as const)('engine %s, asynchronous', (engine) => {
  test.each(names)('%s: opens what the core made, each frame once', async (suite) => {
    const baseKey = noise(cipherSuites[suite].Nk, 5);
    const given = { epoch: 9, baseKey, groupSize: 5 };
    const decryptor = new MlsDecryptor({ cipherSuite: suite, epochBits, engine });
    decryptor.addEpoch({ ...given, senderIndex: 0 });
    for (const senderIndex of [1, 2, 3]) {
      const encryptor = new MlsEncryptor({ cipherSuite: suite, epochBits });
      encryptor.setEpoch({ ...given, senderIndex });
      for (const len of [0, 100, 50_000]) {
        const plaintext = noise(len, len + 1);
        const ciphertext = encryptor.encrypt(plaintext, frame);
        const open = () => decryptor.decryptAsync(ciphertext, frame);
        const outcomes = await Promise.allSettled([open(), open()]);
        const [opened] = outcomes.flatMap((each) => (each.status === 'fulfilled' ? [each.value] : []));
        const [refused] = outcomes.flatMap((each) => (each.status === 'rejected' ? [each.reason] : []));
        expect(opened !== undefined && hex(opened) === hex(plaintext)).toBe(true);
        expect(refused).toMatchObject({ code: 'replay' });
      }
    }
    expect(await outcomeAsync(decryptor, forgery(1n << 8n))).toBe('key-id');
  });

  test('sends what the core sends', async () => {
    const encryptor = sender(5, 1, { engine, contextId: 2 });
    expect(hex(await encryptor.encryptAsync(frame))).toBe(hex(frameOf(5, 1, 0n, { contextId: 2 })));
  });
});

describe('under way, with WebCrypto alone', () => {
  const engine = 'webcrypto';

  test('the first frames of a sender, several times each and between forged ones: each opens once', async () => {
    const decryptor = receiver(5, { engine, replayWindow: 64 });
    const genuine = Array.from({ length: 8 }, (_, i) => frameOf(5, 1, BigInt(i)));
    const forged = Array.from({ length: 8 }, (_, i) => forgery(kidOf(5, 1), BigInt(100 + i)));
    const all = [...genuine, ...forged, ...genuine, ...forged, ...genuine];
    const outcomes = await Promise.all(all.map((ciphertext) => outcomeAsync(decryptor, ciphertext)));
    const counts = new Map<string, number>();
    for (const each of outcomes) counts.set(each, (counts.get(each) ?? 0) + 1);
    expect(Object.fromEntries(counts)).toEqual({ opened: 8, replay: 16, authentication: 16 });
    expect(await outcomeAsync(decryptor, frameOf(5, 1, 99n))).toBe('opened');
  });

  test('forged frames that fail first take no place from the genuine ones behind them', async () => {
    const decryptor = receiver(5, { engine });
    const forged = forgery(kidOf(5, 1), 100n);
    const genuine = frameOf(5, 1, 7n);
    const opening = [forged, genuine, forged].map((ciphertext) => outcomeAsync(decryptor, ciphertext));
    expect(await Promise.all(opening)).toEqual(['authentication', 'opened', 'authentication']);
    expect(await outcomeAsync(decryptor, frameOf(5, 2, 7n)), 'windows are each sender’s').toBe('opened');
    expect(await outcomeAsync(decryptor, genuine)).toBe('replay');
  });

  test('forged frames take no place, whoever they claim to be', async () => {
    const decryptor = receiver(5, { engine, maxContexts: 1 });
    const forged = Array.from({ length: 20 }, (_, i) => forgery(kidOf(5, i % 4, BigInt(i))));
    const outcomes = Promise.all(forged.map((ciphertext) => outcomeAsync(decryptor, ciphertext)));
    const genuine = outcomeAsync(decryptor, frameOf(5, 1, 0n, { contextId: 77 }));
    expect(new Set(await outcomes)).toEqual(new Set(['authentication']));
    expect(await genuine).toBe('opened');
    expect(await outcomeAsync(decryptor, frameOf(5, 1, 0n, { contextId: 78 }))).toBe('key-id');
  });

  test('of two contexts at once, where one may stay, one opens', async () => {
    const decryptor = receiver(5, { engine, maxContexts: 1 });
    const frames = [1, 2].map((contextId) => frameOf(5, 1, 0n, { contextId }));
    const outcomes = await Promise.all(frames.map((ciphertext) => outcomeAsync(decryptor, ciphertext)));
    expect(outcomes.sort()).toEqual(['key-id', 'opened']);
  });

  test('a forged frame costs one derivation at most, and none while its KID is at work', async () => {
    const imports = vi.spyOn(crypto.subtle, 'importKey');
    const decryptor = receiver(5, { engine });
    for (let i = 0; i < 5; i++)
      expect(await outcomeAsync(decryptor, forgery(kidOf(5, 1, BigInt(i))))).toBe('authentication');
    const hkdf = () => imports.mock.calls.filter(([, , algorithm]) => algorithm === 'HKDF').length;
    expect(hkdf()).toBe(5);
    const forged = Array.from({ length: 10 }, (_, i) => forgery(kidOf(5, 1), BigInt(i)));
    await Promise.all(forged.map((ciphertext) => outcomeAsync(decryptor, ciphertext)));
    expect(hkdf()).toBe(6);
    for (let i = 0; i < 4; i++) await outcomeAsync(decryptor, forgery(kidOf(6, i)));
    expect(hkdf(), 'nor where there is no epoch').toBe(6);
  });

  describe.each([
    ['a sender’s first frame', false],
    ['a sender who is known', true],
  ])('%s', (_what, known) => {
    async function warm(options: Parameters<typeof receiver>[1] = {}): Promise<MlsDecryptor> {
      const decryptor = receiver(5, { engine, ...options });
      if (known) expect(await outcomeAsync(decryptor, frameOf(5, 1, 3n))).toBe('opened');
      return decryptor;
    }

    test.each([
      ['removed', (decryptor: MlsDecryptor) => decryptor.removeEpoch(5), 'key-id'],
      ['rolled over', (decryptor: MlsDecryptor) => add(decryptor, 21), 'key-id'],
      ['over', (decryptor: MlsDecryptor) => add(decryptor, 6, { graceSeconds: 0 }), 'key-id'],
      ['replaced', (decryptor: MlsDecryptor) => add(decryptor, 5, { baseKey: baseKeyOf(5, 1) }), 'key-id'],
      ['wiped with all else', (decryptor: MlsDecryptor) => decryptor.destroy(), 'destroyed'],
    ] as const)('while its epoch is %s', async (_how, leave, code) => {
      const decryptor = await warm();
      const opening = [7n, 8n, 7n].map((ctr) => outcomeAsync(decryptor, frameOf(5, 1, ctr)));
      leave(decryptor);
      expect(await Promise.all(opening)).toEqual([code, code, code]);
    });

    test('while its epoch is removed and comes back: it is not opened, and opens then', async () => {
      const decryptor = await warm();
      const opening = outcomeAsync(decryptor, frameOf(5, 1, 7n));
      decryptor.removeEpoch(5);
      add(decryptor, 5);
      const again = outcomeAsync(decryptor, frameOf(5, 1, 7n));
      expect([await opening, await again]).toEqual(['key-id', 'opened']);
      expect(await outcomeAsync(decryptor, frameOf(5, 1, 2n))).toBe(known ? 'replay' : 'opened');
    });

    test('the caller may change what he gave', async () => {
      const decryptor = await warm();
      const ciphertext = frameOf(5, 1, 7n);
      const opening = decryptor.decryptAsync(ciphertext);
      ciphertext.fill(0);
      expect(await opening).toEqual(frame);
    });
  });

  test('windows stay closed when an epoch comes back', async () => {
    const decryptor = receiver(5, { engine });
    expect(await outcomeAsync(decryptor, frameOf(5, 1, 20n))).toBe('opened');
    for (let round = 0; round < 3; round++) {
      decryptor.removeEpoch(5);
      add(decryptor, 5);
      expect(await outcomeAsync(decryptor, frameOf(5, 1, 20n))).toBe('replay');
      expect(await outcomeAsync(decryptor, frameOf(5, 1, 19n))).toBe('replay');
    }
    expect(await outcomeAsync(decryptor, frameOf(5, 1, 21n))).toBe('opened');
  });

  test('and frames wait until it is known how far the key was used', async () => {
    const decryptor = receiver(5, { engine });
    expect(await outcomeAsync(decryptor, frameOf(5, 1, 20n))).toBe('opened');
    decryptor.removeEpoch(5);
    add(decryptor, 5);
    const { subtle } = crypto;
    const deriveBits = subtle.deriveBits.bind(subtle);
    vi.spyOn(subtle, 'deriveBits').mockImplementation(async (algorithm, ...rest) => {
      const info = new TextDecoder().decode((algorithm as HkdfParams).info);
      if (info.startsWith('sframe-wasm key id')) await new Promise((resolve) => setTimeout(resolve, 30));
      return deriveBits(algorithm, ...rest);
    });
    expect(await outcomeAsync(decryptor, frameOf(5, 1, 20n))).toBe('replay');
    expect(await outcomeAsync(decryptor, frameOf(5, 1, 21n))).toBe('opened');
  });

  test('the synchronous methods say that there is no core', () => {
    expect(outcome(receiver(5, { engine }), frameOf(5, 1))).toBe('engine-unavailable');
  });
});

test('auto: WebCrypto hears of a sender only when a frame of his was authentic', async () => {
  const imports = vi.spyOn(crypto.subtle, 'importKey');
  const decryptor = receiver(5);
  const large = noise(50_000, 7);
  for (let i = 0; i < 5; i++) {
    const forged = forgery(kidOf(5, 1, BigInt(i)), 0n, large);
    expect(await outcomeAsync(decryptor, forged)).toBe('authentication');
    expect(outcome(decryptor, forged)).toBe('authentication');
  }
  expect(imports).not.toHaveBeenCalled();
  const decrypts = vi.spyOn(crypto.subtle, 'decrypt');
  for (let ctr = 0n; ctr < 50n && decrypts.mock.calls.length === 0; ctr++) {
    const genuine = frameOf(5, 1, ctr, { plaintext: large });
    expect(hex(await decryptor.decryptAsync(genuine))).toBe(hex(large));
    expect(outcome(decryptor, genuine)).toBe('replay');
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  expect(decrypts).toHaveBeenCalled();
});
