// SubtleCrypto, where there is one, and HKDF (RFC 5869) by it. What comes out belongs to the caller; what goes in as a
// key cannot be read again.

import { SFrameError } from '../errors.ts';
import type { Bytes } from '../types.ts';

/** The hash functions of the cipher suites. */
export type Hash = 'SHA-256' | 'SHA-512';

/** Whether there is a WebCrypto at all: pages without a secure context have none. */
export function hasSubtle(): boolean {
  return globalThis.crypto?.subtle !== undefined;
}

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
  if (cause instanceof SFrameError) throw cause;
  const error = new SFrameError('engine-unavailable', undefined, 'WebCrypto cannot hold this key');
  error.cause = cause;
  throw error;
}

/** Whether a value is a CryptoKey, of whatever realm. */
export function isCryptoKey(value: unknown): value is CryptoKey {
  return Object.prototype.toString.call(value) === '[object CryptoKey]';
}

/** Refuses what is not an HKDF key that may derive bits. */
export function assertHkdfKey(value: CryptoKey, name: string): void {
  if (!isCryptoKey(value) || value.algorithm?.name !== 'HKDF')
    throw new TypeError(`${name} must be a CryptoKey of the algorithm HKDF`);
  if (!value.usages.includes('deriveBits')) throw new TypeError(`${name} must have the usage deriveBits`);
}

/** A key to derive from, not extractable. It is copied before this returns. */
export async function importHkdfKey(key: Bytes, ...more: readonly 'deriveKey'[]): Promise<CryptoKey> {
  const usages: KeyUsage[] = ['deriveBits', ...more];
  return subtleCrypto().importKey('raw', key, 'HKDF', false, usages).catch(unavailable);
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
