// The vectors of room passphrases, byte by byte, against OpenSSL.

import { hkdfSync, pbkdf2Sync } from 'node:crypto';
import { expect, test } from 'vitest';
import vectors from '../vectors/passphrase.json' with { type: 'json' };
import { unhex } from './oracle.ts';

const utf8 = (text: string): Buffer => Buffer.from(text, 'utf8');

/** u16be(length) ‖ UTF-8 */
function prefixed(text: string): Buffer {
  const len = Buffer.alloc(2);
  len.writeUInt16BE(utf8(text).length);
  return Buffer.concat([len, utf8(text)]);
}

test.each(vectors.rooms)('$why', (v) => {
  const password = utf8(v.passphrase.normalize('NFC'));
  expect(password.toString('hex')).toBe(v.password);
  const salt = Buffer.concat([prefixed(v.app), prefixed(v.room)]);
  expect(salt.toString('hex')).toBe(v.salt);
  const roomKey = pbkdf2Sync(password, salt, v.iterations, 32, 'sha256');
  expect(roomKey.toString('hex')).toBe(v.roomKey);
  expect(v.iterations).toBeGreaterThanOrEqual(600_000);
  for (const { participant, session, info, baseKey } of v.baseKeys) {
    const own = Buffer.concat([utf8('sframe-wasm participant key'), prefixed(participant)]);
    expect(own.toString('hex')).toBe(info);
    const derived = Buffer.from(hkdfSync('sha256', roomKey, unhex(session), own, 32));
    expect(derived.toString('hex')).toBe(baseKey);
  }
});

test('what the vectors are about', () => {
  expect(vectors.rooms).toHaveLength(3);
  expect(vectors.rooms.flatMap(({ baseKeys }) => baseKeys)).toHaveLength(6);
  const composed = vectors.rooms.filter(({ passphrase }) => passphrase.normalize('NFC') !== passphrase);
  expect(composed).toHaveLength(1);
  const exact = vectors.rooms.filter(({ room }) => room.normalize('NFC') !== room);
  expect(exact).toHaveLength(1);
});
