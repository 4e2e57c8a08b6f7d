// The vectors of verification, byte by byte, against OpenSSL: the derivations a second time, from their description.

import { createHash, hkdfSync } from 'node:crypto';
import { expect, test } from 'vitest';
import vectors from '../vectors/verification.json' with { type: 'json' };

const suiteIds = new Map([
  ['AES_128_CTR_HMAC_SHA256_80', 1],
  ['AES_128_GCM_SHA256_128', 4],
  ['AES_256_GCM_SHA512_128', 5],
  ['AES_256_CTR_HMAC_SHA512_32', 8],
]);

const bytes = (hex: string): Buffer => Buffer.from(hex, 'hex');
const utf8 = (text: string): Buffer => Buffer.from(text, 'utf8');

/** u16be(length) ‖ field, for each. */
function fields(...all: Buffer[]): Buffer {
  const lengths = all.map((field) => {
    const len = Buffer.alloc(2);
    len.writeUInt16BE(field.length);
    return len;
  });
  return Buffer.concat(all.flatMap((field, i) => [lengths[i]!, field]));
}

/** The big-endian number of some bytes. */
const numberOf = (piece: Buffer): bigint => BigInt(`0x${piece.toString('hex')}`);

test.each(vectors.runs)('$why', (v) => {
  const suite = Buffer.alloc(2);
  suite.writeUInt16BE(suiteIds.get(v.cipherSuite)!);
  for (const [i, p] of v.participants.entries()) {
    const keys = [p.identityKey, p.exchangeKey, p.nonce].map(bytes);
    const part = fields(Buffer.of(1), utf8(v.room), suite, bytes(v.context), utf8(p.id), ...keys);
    expect(part.toString('hex')).toBe(p.part);
    const committed = Buffer.concat([fields(utf8('sframe-wasm verification commitment')), part]);
    expect(createHash('sha256').update(committed).digest('hex')).toBe(p.commitment);
    expect(p.commit).toBe(`0101${p.commitment}`);
    expect(p.reveal).toBe(`0102${p.commitment}${v.participants[1 - i]!.commitment}${p.nonce}`);
  }
  const ordered = [...v.participants].sort((a, b) => Buffer.compare(utf8(a.id), utf8(b.id)));
  const input = Buffer.concat(ordered.map(({ part }) => bytes(part)));
  const info = utf8('sframe-wasm verification string');
  const derived = Buffer.from(hkdfSync('sha256', input, Buffer.alloc(0), info, 14));
  expect(derived.toString('hex')).toBe(v.bytes);
  // as text of bits, which nothing is likely to get wrong in the same way
  const bits = [...derived.subarray(0, 6)].map((byte) => byte.toString(2).padStart(8, '0')).join('');
  const numbers = bits.match(/.{6}/g)!.map((six) => Number.parseInt(six, 2));
  expect(numbers.slice(0, 7)).toEqual(v.emoji);
  const digits = `${numberOf(derived.subarray(6)) % 10n ** 12n}`.padStart(12, '0');
  expect(`${digits.slice(0, 4)} ${digits.slice(4, 8)} ${digits.slice(8)}`).toBe(v.digits);
});

const all = [
  ...vectors.identityFingerprints.map((v) => ({
    label: 'sframe-wasm identity fingerprint',
    value: v.identityKey,
    ...v,
  })),
  ...vectors.epochFingerprints.map((v) => ({
    label: 'sframe-wasm epoch fingerprint',
    value: v.epochAuthenticator,
    ...v,
  })),
];
test.each(all)('$label: $digits', ({ label, value, hash, digits }) => {
  const computed = createHash('sha512')
    .update(Buffer.concat([fields(utf8(label)), bytes(value)]))
    .digest();
  expect(computed.toString('hex')).toBe(hash);
  const groups = Array.from({ length: 12 }, (_, i) =>
    `${numberOf(computed.subarray(5 * i, 5 * i + 5)) % 100000n}`.padStart(5, '0'),
  );
  expect(groups.join(' ')).toBe(digits);
});

test('what the vectors are about', () => {
  expect(vectors.runs).toHaveLength(6);
  const [straight, turned] = vectors.runs;
  expect(turned!.participants.map(({ id }) => id)).toEqual(['bob', 'alice']);
  expect([turned!.emoji, turned!.digits]).toEqual([straight!.emoji, straight!.digits]);
  const orders = vectors.runs.map(({ participants: [a, b] }) => [
    a!.id < b!.id,
    Buffer.compare(utf8(a!.id), utf8(b!.id)) < 0,
  ]);
  expect(orders.filter(([units, code]) => units !== code)).toHaveLength(1);
  expect(vectors.runs.some(({ digits }) => digits.startsWith('000'))).toBe(true);
  expect(vectors.runs.some(({ context }) => context !== '')).toBe(true);
  expect(all.some(({ digits }) => / 0/.test(digits))).toBe(true);
});
