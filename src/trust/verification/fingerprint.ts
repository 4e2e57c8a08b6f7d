// Long fingerprints: 60 digits that stand for a value by themselves, for good, with no protocol run.
//
//   hash     = SHA-512(u16be(length of label) ‖ label ‖ value)
//   group i  = (bytes 5·i … 5·i + 4 of hash, big-endian) mod 100000, as five digits; i from 0 to 11
//
// 10^60 values: 199 bits. A group is biased by at most 2^-23, because 10^5 does not divide 2^40. Nothing is hashed again
// and again to make search slow: that is for short values.

import { subtleCrypto, unavailable } from '../../core/subtle.ts';
import { assertBytes, copyOf } from '../../types.ts';
import { fieldsOf, readKey, utf8 } from '../fields.ts';
import { grouped } from './sas.ts';

const GROUPS = 12;

/**
 * The fingerprint of an identity key: 60 digits in 12 groups of 5. Each participant has one, the same for everybody: to
 * be printed on a card, put on a page, or read out over a telephone. Whoever compares somebody's with what is shown here
 * then calls `VerificationBook.markVerified`.
 *
 * @param identityKey the public key, 32 to 4096 bytes, as given to `Verification`
 * @returns 71 characters. Rejects where others throw:
 * @throws TypeError or RangeError naming the argument
 * @throws {@link SFrameError} `engine-unavailable` without WebCrypto: pages need a secure context
 *
 * @example
 * ```js
 * import { identityFingerprint } from 'sframe-wasm/verification';
 *
 * console.log(await identityFingerprint(new Uint8Array(32))); // 46812 … 65316
 * ```
 */
export async function identityFingerprint(identityKey: Uint8Array): Promise<string> {
  return fingerprint('sframe-wasm identity fingerprint', readKey(identityKey, 'identityKey'));
}

/**
 * The fingerprint of an MLS epoch: 60 digits in 12 groups of 5, from its epoch authenticator (RFC 9420 §8.7). Whoever
 * has the same digits is in the same group with the same members, keys and credentials; they change with every commit.
 *
 * There are no emoji of it, on purpose. Nobody commits to an epoch before he sees the other: who sits in two groups
 * between the two halves of a call can make epochs until a short string is the same in both, after 2^21 commits on his
 * own computer. To compare few characters, run a `Verification` with the authenticator as its `context`.
 *
 * @param epochAuthenticator as the MLS library gives it, 32 to 64 bytes
 * @returns 71 characters. Rejects where others throw:
 * @throws TypeError or RangeError naming the argument
 * @throws {@link SFrameError} `engine-unavailable` without WebCrypto: pages need a secure context
 *
 * @example
 * ```js
 * import { epochFingerprint } from 'sframe-wasm/verification';
 *
 * const epochAuthenticator = crypto.getRandomValues(new Uint8Array(32)); // stands for that of an MLS library
 * const digits = await epochFingerprint(epochAuthenticator);
 * console.log(digits.split(' ').length); // 12
 * ```
 */
export async function epochFingerprint(epochAuthenticator: Uint8Array): Promise<string> {
  const len = assertBytes(epochAuthenticator, 'epochAuthenticator');
  if (len < 32 || len > 64) throw new RangeError('epochAuthenticator must be from 32 to 64 bytes long');
  return fingerprint('sframe-wasm epoch fingerprint', copyOf(epochAuthenticator));
}

async function fingerprint(label: string, value: Uint8Array<ArrayBuffer>): Promise<string> {
  const input = new Uint8Array([...fieldsOf(utf8(label)), ...value]);
  const hash = new DataView(await subtleCrypto().digest('SHA-512', input).catch(unavailable));
  let digits = '';
  for (let i = 0; i < GROUPS; i++) {
    const number = hash.getUint8(5 * i) * 2 ** 32 + hash.getUint32(5 * i + 1);
    digits += `${number % 100_000}`.padStart(5, '0');
  }
  return grouped(digits, 5);
}
