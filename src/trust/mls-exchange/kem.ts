// Keys of DHKEM(P-256, HKDF-SHA256) (RFC 9180 §7.1), for ts-mls. @hpke/core imports private keys without their public
// halves, and asks WebCrypto for those: Firefox has no answer, and @hpke/core then guesses a sign, wrongly every other
// time. Here the public half is computed, and imported along.

import { p256 } from '@noble/curves/nist.js';
import { expand, extract } from '@noble/hashes/hkdf.js';
import { sha256 } from '@noble/hashes/sha2.js';
import type { CiphersuiteImpl } from 'ts-mls';
import { subtleCrypto } from '../../core/subtle.ts';
import { type Bytes, concat } from '../../types.ts';
import { utf8 } from '../fields.ts';

type Hpke = CiphersuiteImpl['hpke'];
type PrivateKey = Awaited<ReturnType<Hpke['importPrivateKey']>>;
type PublicKey = Awaited<ReturnType<Hpke['importPublicKey']>>;

const ECDH = { name: 'ECDH', namedCurve: 'P-256' };
const KEY_LEN = 32;
/** "HPKE-v1" ‖ suite_id, which is "KEM" ‖ u16be(0x0010). */
const LABEL: Bytes = concat(utf8('HPKE-v1KEM'), new Uint8Array([0, 16]));

/** What takes the place of ts-mls's. */
export const kem: Pick<Hpke, 'importPrivateKey' | 'exportPrivateKey' | 'deriveKeyPair'> = {
  importPrivateKey: async (key) => (await importPair(key)).privateKey,

  async exportPrivateKey(key) {
    const { d } = await subtleCrypto().exportKey('jwk', key);
    return Uint8Array.from(atob(fromUrl(d as string)), (character) => character.charCodeAt(0));
  },

  /** DeriveKeyPair (§7.1.3). */
  async deriveKeyPair(ikm) {
    const prk = extract(sha256, concat(concat(LABEL, utf8('dkp_prk')), ikm), new Uint8Array(0));
    for (let counter = 0; counter < 256; counter++) {
      const info = concat(concat(new Uint8Array([0, KEY_LEN]), LABEL), utf8('candidate'));
      const candidate = expand(sha256, prk, concat(info, new Uint8Array([counter])), KEY_LEN);
      if (p256.utils.isValidSecretKey(candidate)) {
        const pair = await importPair(candidate);
        candidate.fill(0);
        return pair;
      }
    }
    throw new RangeError('no key can be derived'); // of 2^8192 one
  },
};

async function importPair(key: Uint8Array): Promise<{ privateKey: PrivateKey; publicKey: PublicKey }> {
  const subtle = subtleCrypto();
  const point = p256.getPublicKey(key, false);
  const [x, y, d] = [point.subarray(1, 33), point.subarray(33), key].map(toUrl) as [string, string, string];
  const jwk = { kty: 'EC', crv: 'P-256', x, y };
  const privateKey = await subtle.importKey('jwk', { ...jwk, d }, ECDH, true, ['deriveBits']);
  const publicKey = await subtle.importKey('jwk', jwk, ECDH, true, []);
  return { privateKey: privateKey as PrivateKey, publicKey: publicKey as PublicKey };
}

/** base64url (RFC 4648 §5), without padding. */
function toUrl(bytes: Uint8Array): string {
  const text = btoa(String.fromCharCode(...bytes));
  return text.replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '');
}

function fromUrl(text: string): string {
  return text.replaceAll('-', '+').replaceAll('_', '/');
}
