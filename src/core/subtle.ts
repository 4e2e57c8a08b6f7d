// HKDF (RFC 5869) by WebCrypto, for key schemes whose methods are asynchronous anyway. What comes out belongs to the
// caller; what goes in as a key cannot be read again.

import { hasSubtle } from './core/webcrypto.ts';
import { SFrameError } from './errors.ts';
import type { Bytes } from './types.ts';

/** The hash functions of the cipher suites. */
export type Hash = 'SHA-256' | 'SHA-512';

/** SubtleCrypto. @throws SFrameError `engine-unavailable` */
export function subtleCrypto(): SubtleCrypto {
  if (!hasSubtle())
    throw new SFrameError(
      'engine-unavailable',
      undefined,
      'there is no WebCrypto here: it needs a secure context',
    );
  return crypto.subtle;
}

/** WebCrypto refuses what it should do: a policy, or an algorithm it does not have. */
export function unavailable(cause: unknown): never {
  const error = new SFrameError('engine-unavailable', undefined, 'WebCrypto cannot derive this key');
  error.cause = cause;
  throw error;
}

/** A key to derive from, not extractable. It is copied before this returns. */
export async function importHkdfKey(key: Bytes): Promise<CryptoKey> {
  return subtleCrypto().importKey('raw', key, 'HKDF', false, ['deriveBits']).catch(unavailable);
}

/** HKDF-Expand(HKDF-Extract(salt, key), info, len). */
export async function hkdf(
  hash: Hash,
  key: CryptoKey,
  salt: Bytes,
  info: Bytes,
  len: number,
): Promise<Bytes> {
  const algorithm: HkdfParams = { name: 'HKDF', hash, salt, info };
  const bits = subtleCrypto().deriveBits(algorithm, key, 8 * len);
  return new Uint8Array(await bits.catch(unavailable));
}
