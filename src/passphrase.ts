// Room passphrases: how to make one, and how to make a key of one that is slow to guess.
//
//   room_key = PBKDF2-HMAC-SHA256(password = UTF-8 of NFC(passphrase), salt, iterations, 32 bytes)
//   salt     = u16be(length of app) ‖ app ‖ u16be(length of room) ‖ room
//
// app and room are UTF-8, lengths count its bytes: no two pairs of names have the same salt.

import { importHkdfKey, subtleCrypto, unavailable } from './core/subtle.ts';
import { assertText, prefixed } from './names.ts';
import { type Bytes, concat, toInteger } from './types.ts';

const MIN_ITERATIONS = 600_000;
/** More is a mistake, and minutes of work. */
const MAX_ITERATIONS = 100_000_000;
/** In characters. Of strength nothing honest can be said by looking, but a PIN has none. */
const MIN_PASSPHRASE_LEN = 8;
/** In bytes; what is longer is no passphrase but a mistake. */
const MAX_PASSPHRASE_LEN = 1024;

/** Digits and lower-case letters, without 0, o, 1, l, i and u. */
const ALPHABET = '23456789abcdefghjkmnpqrstvwxyz';

/**
 * A passphrase that cannot be guessed: 20 symbols, each any of 30 with the same probability, hence 98.1 bits of
 * entropy. It reads `7kqm-x2hd-9wvr-b3ze-tn4f`: lower case, without 0, o, 1, l, i and u, which are easily mistaken. The
 * hyphens belong to it.
 *
 * Tell it by a way that the server does not see: aloud, by another messenger, or in the part of a link after `#`.
 *
 * @example
 * ```js
 * import { generatePassphrase } from 'sframe-wasm';
 *
 * const passphrase = generatePassphrase();
 * console.log(passphrase.length); // 24
 * ```
 */
export function generatePassphrase(): string {
  const draws = new Uint8Array(64);
  let symbols = '';
  while (symbols.length < 20) {
    // Two of 32 values have no symbol and are drawn again: a remainder would favour some symbols.
    for (const draw of crypto.getRandomValues(draws)) symbols += ALPHABET[draw & 31] ?? '';
  }
  return (symbols.slice(0, 20).match(/.{4}/g) as string[]).join('-');
}

/** room_key, held by WebCrypto and not extractable. TypeErrors and RangeErrors name the argument. */
export async function stretch(
  passphrase: string,
  app: string,
  room: string,
  iterations: number | undefined,
): Promise<CryptoKey> {
  const salt = concat(prefixed(app, 'app'), prefixed(room, 'room'));
  const count = toInteger(iterations, 'iterations', MIN_ITERATIONS, MIN_ITERATIONS, MAX_ITERATIONS);
  const algorithm: Pbkdf2Params = { name: 'PBKDF2', hash: 'SHA-256', salt, iterations: count };
  const bytes = passwordOf(passphrase);
  const password = await importPassword(bytes).finally(() => bytes.fill(0));
  // WebCrypto cannot derive a key to derive from: 32 bytes pass through JavaScript, once.
  const roomKey = new Uint8Array(
    await subtleCrypto().deriveBits(algorithm, password, 256).catch(unavailable),
  );
  return importHkdfKey(roomKey).finally(() => roomKey.fill(0));
}

async function importPassword(bytes: Bytes): Promise<CryptoKey> {
  return subtleCrypto().importKey('raw', bytes, 'PBKDF2', false, ['deriveBits']).catch(unavailable);
}

/** The passphrase as people meant it: one form of what can be typed in several. */
function passwordOf(passphrase: string): Bytes {
  assertText(passphrase, 'passphrase');
  const text = passphrase.normalize('NFC');
  if (Array.from(text).length < MIN_PASSPHRASE_LEN)
    throw new RangeError(`passphrase must be at least ${MIN_PASSPHRASE_LEN} characters long`);
  const bytes = new TextEncoder().encode(text);
  if (bytes.length > MAX_PASSPHRASE_LEN) {
    bytes.fill(0);
    throw new RangeError(`passphrase must be at most ${MAX_PASSPHRASE_LEN} bytes long in UTF-8`);
  }
  return bytes;
}
