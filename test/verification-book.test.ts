// What people see of a verification, and what is remembered of it.

import { afterEach, describe, expect, test, vi } from 'vitest';
import { toShortString } from '../src/trust/verification/sas.ts';
import { partOf, readParty, sharedFields, shortStringOf } from '../src/trust/verification/transcript.ts';
import {
  epochFingerprint,
  identityFingerprint,
  VerificationBook,
  verificationEmoji,
} from '../src/trust/verification.ts';
import vectors from '../vectors/verification.json' with { type: 'json' };
import { noise } from './lengths.ts';
import { hex, unhex } from './oracle.ts';
import { alice, bob, carry, commitmentIn, commitOf, open, pair, revealOf, room } from './verifiers.ts';

afterEach(() => {
  vi.restoreAllMocks();
  vi.unstubAllGlobals();
});

describe('the book', () => {
  test('verifies one key, and lapses for good when another comes', () => {
    const book = new VerificationBook();
    const [key, other] = [noise(32, 1), noise(32, 2)];
    expect([book.observe('bob', key), book.isVerified('bob', key)]).toEqual(['unverified', false]);
    book.markVerified('bob', key);
    expect([book.observe('bob', key.slice()), book.isVerified('bob', key)]).toEqual(['verified', true]);
    for (const asked of [other, key.subarray(0, 31), new Uint8Array([...key, 0])])
      if (asked.length >= 32) expect(book.isVerified('bob', asked)).toBe(false);
    expect(book.isVerified('carol', key)).toBe(false);
    expect(book.isVerified('bob', key), 'asking changes nothing').toBe(true);
    expect(book.observe('bob', other)).toBe('lapsed');
    expect([book.observe('bob', key), book.isVerified('bob', key)]).toEqual(['lapsed', false]);
    expect(book.observe('carol', key)).toBe('unverified');
    book.markVerified('bob', other);
    expect(book.observe('bob', other)).toBe('verified');
    expect([book.forget('bob'), book.forget('bob')]).toEqual([true, false]);
    expect(book.observe('bob', other)).toBe('unverified');
    book.markVerified('bob', key);
    key.fill(0);
    expect(book.isVerified('bob', noise(32, 1)), 'the key was copied').toBe(true);
  });

  test('hears from a verification: of its start with another key, and of strings that differ', async () => {
    const book = new VerificationBook();
    book.markVerified('bob', noise(32, 60));
    open(alice, bob, { book });
    expect(book.observe('bob', bob.identityKey)).toBe('lapsed');
    book.markVerified('bob', bob.identityKey);
    const [a, b] = pair({ book });
    await carry(await a.start(), b, a);
    expect(book.observe('bob', bob.identityKey)).toBe('verified');
    a.reject();
    expect(book.observe('bob', bob.identityKey)).toBe('lapsed');
    // whoever carries messages cannot bring that about
    book.markVerified('bob', bob.identityKey);
    const c = open(alice, bob, { book });
    await c.receive(revealOf(noise(32, 1), commitmentIn(await c.start()), noise(32, 2)));
    expect(c.endReason).toBe('mismatch');
    expect(book.isVerified('bob', bob.identityKey)).toBe(true);
  });

  test('comes back from its bytes', async () => {
    const book = new VerificationBook();
    book.markVerified('bob', noise(32, 1));
    book.markVerified('Zoë \u{1f986}', noise(300, 2));
    book.markVerified('carol', noise(32, 3));
    book.observe('carol', noise(32, 4));
    await open(alice, bob, { book }).receive(await open(bob, alice).start());
    const stored = book.export();
    const again = new VerificationBook({ stored });
    expect(again.export()).toEqual(stored);
    expect(again.isVerified('Zoë \u{1f986}', noise(300, 2))).toBe(true);
    expect(again.observe('carol', noise(32, 3))).toBe('lapsed');
    expect([again.isVerified('bob', noise(32, 1)), again.attemptsLeft('bob')]).toEqual([false, 9]);
    expect([...new VerificationBook().export()]).toEqual([1]);
    const described = new VerificationBook();
    described.markVerified('bob', noise(32, 1));
    expect(hex(described.export())).toBe(
      `010003${hex(new TextEncoder().encode('bob'))}0100000020${hex(noise(32, 1))}`,
    );
  });

  test('takes no damaged bytes', () => {
    const book = new VerificationBook();
    book.markVerified('bob', noise(32, 1));
    book.observe('bob', noise(32, 2));
    book.markVerified('carol', noise(32, 3));
    const stored = book.export();
    const damaged = [
      ...Array.from(stored, (_, len) => stored.slice(0, len)).filter(
        ({ length }) => length !== 1 && length !== 11,
      ),
      new Uint8Array([...stored, 0]),
      new Uint8Array([2, ...stored.subarray(1)]),
      new Uint8Array([...stored, ...stored.subarray(1)]),
      new Uint8Array([1, 0, 1, 0xff, 0, 0, 1, 0, 0]), // no UTF-8
      new Uint8Array([1, 0, 0, 0, 0, 1, 0, 0]), // no name
      new Uint8Array([1, 0, 1, 65, 3, 0, 0, 0, 0]), // no such state
      new Uint8Array([1, 0, 1, 65, 1, 0, 0, 0, 0]), // verified without a key
      new Uint8Array([1, 0, 1, 65, 2, 0, 0, 0, 32, ...noise(32, 1)]), // lapsed with one
      new Uint8Array([1, 0, 1, 65, 1, 0, 0, 0, 31, ...noise(31, 1)]),
    ];
    expect(new VerificationBook({ stored: stored.slice(0, 11) }).observe('bob', noise(32, 1))).toBe('lapsed');
    for (const bytes of damaged) {
      expect(() => new VerificationBook({ stored: bytes }), hex(bytes)).toThrow(RangeError);
      expect(() => new VerificationBook({ stored: bytes })).toThrow(/^stored /);
    }
  });

  test('remembers 1024 commitments, ours and the others', async () => {
    const book = new VerificationBook({ maxAttempts: 1000 });
    const answer = (i: number) => open(alice, bob, { book }).receive(commitOf(noise(32, i)));
    for (let i = 0; i < 600; i++) expect(await answer(i)).toBeDefined();
    expect(await answer(599)).toBeUndefined();
    expect(await answer(100)).toBeUndefined();
    expect(await answer(0)).toBeDefined();
  });
});

describe('the strings', () => {
  test('64 emoji: one code point each, drawn in colour, with names of their own', () => {
    expect(verificationEmoji).toHaveLength(64);
    expect(new Set(verificationEmoji.map(({ symbol }) => symbol)).size).toBe(64);
    expect(new Set(verificationEmoji.map(({ name }) => name)).size).toBe(64);
    expect(new Set(verificationEmoji.map(({ name }) => name.slice(0, 3))).size).toBeGreaterThan(56);
    for (const { symbol, name } of verificationEmoji) {
      expect(symbol).toMatch(/^\p{Emoji_Presentation}$/u);
      expect(name).toMatch(/^[a-z]+( [a-z]+)?$/);
    }
    expect(Object.isFrozen(verificationEmoji) && verificationEmoji.every(Object.isFrozen)).toBe(true);
  });

  test('each bit has its place', () => {
    const numbers = (bytes: Uint8Array<ArrayBuffer>) =>
      toShortString(bytes).emoji.map((emoji) => verificationEmoji.indexOf(emoji));
    const zeros = numbers(new Uint8Array(14));
    expect(zeros).toEqual([0, 0, 0, 0, 0, 0, 0]);
    for (let bit = 0; bit < 112; bit++) {
      const bytes = new Uint8Array(14);
      bytes[bit >> 3] = 0x80 >> (bit & 7);
      const expected = zeros.map((_, i) => (i === Math.floor(bit / 6) && bit < 42 ? 32 >> (bit % 6) : 0));
      expect(numbers(bytes), `bit ${bit}`).toEqual(expected);
      const value = bit < 48 ? 0n : (1n << BigInt(111 - bit)) % 1_000_000_000_000n;
      expect(BigInt(toShortString(bytes).digits.replaceAll(' ', '')), `bit ${bit}`).toBe(value);
    }
    expect(toShortString(new Uint8Array(14)).digits).toBe('0000 0000 0000');
    expect(toShortString(new Uint8Array(14).fill(255)).digits).toBe('0737 0955 1615');
    const sas = toShortString(noise(14, 1));
    expect(Object.isFrozen(sas) && Object.isFrozen(sas.emoji)).toBe(true);
  });

  test('are roughly uniform', async () => {
    const shared = sharedFields(room, 4, undefined);
    const [a, b] = [readParty(alice, 'a'), readParty(bob, 'b')];
    const part = partOf(shared, a, noise(32, 1));
    const emoji = new Map<string, number>();
    const digits = new Map<string, number>();
    const count = (bins: Map<string, number>, bin: string) => bins.set(bin, (bins.get(bin) ?? 0) + 1);
    for (let i = 0; i < 2000; i++) {
      const sas = await shortStringOf({ ...a, part }, { ...b, part: partOf(shared, b, noise(32, i)) });
      for (const [at, { name }] of sas.emoji.entries()) count(emoji, `${at} ${name}`);
      for (const [at, digit] of [...sas.digits.replaceAll(' ', '')].entries())
        count(digits, `${at} ${digit}`);
    }
    /** Chi-squared, in standard deviations from what is expected. */
    const unevenness = (bins: Map<string, number>, places: number, values: number) => {
      const expected = 2000 / values;
      const each = [...bins.values()].map((n) => (n - expected) ** 2 / expected);
      const sum = each.reduce((total, one) => total + one, (places * values - bins.size) * expected);
      const freedom = places * (values - 1);
      return Math.abs(sum - freedom) / Math.sqrt(2 * freedom);
    };
    expect(unevenness(emoji, 7, 64)).toBeLessThan(4);
    expect(unevenness(digits, 12, 10)).toBeLessThan(4);
  });
});

describe('fingerprints', () => {
  test.each(vectors.identityFingerprints)('of an identity key: $digits', async ({ identityKey, digits }) => {
    expect(await identityFingerprint(unhex(identityKey))).toBe(digits);
    expect(digits).toMatch(/^\d{5}( \d{5}){11}$/);
  });

  test.each(vectors.epochFingerprints)('of an epoch: $digits', async ({ epochAuthenticator, digits }) => {
    expect(await epochFingerprint(unhex(epochAuthenticator))).toBe(digits);
    expect(await identityFingerprint(unhex(epochAuthenticator)), 'not of a key').not.toBe(digits);
  });

  test('of something that changes meanwhile, or is neither', async () => {
    const key = noise(32, 1);
    const computing = identityFingerprint(key);
    key.fill(0);
    expect(await computing).toBe(await identityFingerprint(noise(32, 1)));
    for (const [make, argument, longest] of [
      [identityFingerprint, 'identityKey', 4096],
      [epochFingerprint, 'epochAuthenticator', 64],
    ] as const) {
      for (const value of [undefined, null, 'key', new ArrayBuffer(32)]) {
        await expect(make(value as unknown as Uint8Array)).rejects.toThrow(TypeError);
        await expect(make(value as unknown as Uint8Array)).rejects.toThrow(new RegExp(`^${argument} `));
      }
      for (const len of [0, 31, longest + 1])
        await expect(make(new Uint8Array(len))).rejects.toThrow(new RegExp(`^${argument} `));
      expect(await make(new Uint8Array(longest))).toHaveLength(71);
    }
  });
});
