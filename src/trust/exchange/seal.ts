// Sealing for one session of one recipient: HPKE (RFC 9180), base mode, by @hpke/core. The suite is DHKEM(P-256,
// HKDF-SHA256), HKDF-SHA256, AES-256-GCM: what every WebCrypto has. Who sealed it, the letter's signature says.

import { Aes256Gcm, CipherSuite, DhkemP256HkdfSha256, HkdfSha256 } from '@hpke/core';
import { type Bytes, concat, viewOf } from '../../types.ts';

/** An uncompressed point of P-256: of exchange keys, and of what is encapsulated. */
export const POINT_LEN = 65;

/** Opens what was sealed to its public half. The private one never leaves this object, and is not extractable. */
export class ExchangeKey {
  readonly #suite: CipherSuite = suiteOf();
  readonly #keys: Promise<CryptoKeyPair>;

  constructor() {
    // WebCrypto's own: @hpke/core would make extractable ones.
    this.#keys = crypto.subtle.generateKey({ name: 'ECDH', namedCurve: 'P-256' }, false, ['deriveBits']);
    this.#keys.catch(() => {}); // told by those who wait for it
  }

  /** The public half. */
  async publicKey(): Promise<Bytes> {
    return new Uint8Array(await crypto.subtle.exportKey('raw', (await this.#keys).publicKey));
  }

  /** What was sealed; undefined if it was not sealed for this key, with this information. */
  async open(sealed: Bytes, info: Bytes, aad: Bytes): Promise<Bytes | undefined> {
    if (sealed.length < POINT_LEN) return undefined;
    const enc = viewOf(sealed, 0, POINT_LEN);
    const ciphertext = viewOf(sealed, POINT_LEN, sealed.length);
    const recipientKey = await this.#keys;
    try {
      return new Uint8Array(await this.#suite.open({ recipientKey, enc, info }, ciphertext, aad));
    } catch {
      return undefined; // a point that is none, or a tag that is wrong: all the same here
    }
  }
}

/** Seals for one recipient. */
export class Seal {
  readonly #suite: CipherSuite = suiteOf();
  readonly #key: Promise<CryptoKey>;

  /** @param publicKey rejected later, if it is none */
  constructor(publicKey: Bytes) {
    this.#key = this.#suite.kem.deserializePublicKey(publicKey);
    this.#key.catch(() => {}); // told by those who seal
  }

  async seal(plaintext: Bytes, info: Bytes, aad: Bytes): Promise<Bytes> {
    const recipientPublicKey = await this.#key;
    const { enc, ct } = await this.#suite.seal({ recipientPublicKey, info }, plaintext, aad);
    return concat(new Uint8Array(enc), new Uint8Array(ct));
  }
}

function suiteOf(): CipherSuite {
  return new CipherSuite({
    kem: new DhkemP256HkdfSha256(),
    kdf: new HkdfSha256(),
    aead: new Aes256Gcm(),
  });
}
