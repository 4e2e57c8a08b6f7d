// The MLS cipher suite: MLS_128_DHKEMP256_AES128GCM_SHA256_P256, the one that every WebCrypto has (X25519 and Ed25519
// came to browsers late, and warn in Node 20). ts-mls brings HPKE. The rest is this library's own: ts-mls would load a
// version of @noble/curves that may not be there for signatures, and ask WebCrypto for each of the thousands of small
// hashes that an epoch of a large group takes, at ten times their cost.

import { p256 } from '@noble/curves/nist.js';
import { expand, extract } from '@noble/hashes/hkdf.js';
import { hmac } from '@noble/hashes/hmac.js';
import { sha256 } from '@noble/hashes/sha2.js';
import {
  type CiphersuiteImpl,
  type CiphersuiteName,
  getCiphersuiteFromName,
  getCiphersuiteImpl,
} from 'ts-mls';
import { subtleCrypto } from '../../core/subtle.ts';
import { copyOf, isSame } from '../../types.ts';
import { kem } from './kem.ts';

export const SUITE: CiphersuiteName = 'MLS_128_DHKEMP256_AES128GCM_SHA256_P256';

const ECDSA = { name: 'ECDSA', hash: 'SHA-256' };
const P256 = { name: 'ECDSA', namedCurve: 'P-256' };

/** RFC 9420 has ECDSA signatures in DER, and public keys uncompressed. */
const signature: CiphersuiteImpl['signature'] = {
  async sign(signKey, message) {
    return p256.sign(message, signKey, { prehash: true, format: 'der', lowS: false });
  },
  async verify(publicKey, message, der) {
    const subtle = subtleCrypto();
    try {
      const key = await subtle.importKey('raw', copyOf(publicKey), P256, false, ['verify']);
      const compact = p256.Signature.fromBytes(der, 'der').toBytes('compact');
      return await subtle.verify(ECDSA, key, copyOf(compact), copyOf(message));
    } catch {
      return false; // what came is no public key, or no signature
    }
  },
  async keygen() {
    const signKey = p256.utils.randomSecretKey();
    return { signKey, publicKey: p256.getPublicKey(signKey, false) };
  },
};

const hash: CiphersuiteImpl['hash'] = {
  digest: async (data) => sha256(data),
  mac: async (key, data) => hmac(sha256, key, data),
  verifyMac: async (key, mac, data) => isSame(mac, hmac(sha256, key, data)),
};

const kdf: CiphersuiteImpl['kdf'] = {
  extract: async (salt, ikm) => extract(sha256, ikm, salt),
  expand: async (prk, info, len) => expand(sha256, prk, info, len),
  size: 32,
};

/** What ts-mls computes with. */
export async function loadSuite(): Promise<CiphersuiteImpl> {
  // Another name of signatures: that of P-256 would be loaded, and is replaced here in any case.
  const suite = { ...getCiphersuiteFromName(SUITE), signature: 'Ed25519' as const };
  const impl = await getCiphersuiteImpl(suite);
  return { ...impl, hpke: { ...impl.hpke, ...kem }, signature, hash, kdf };
}
