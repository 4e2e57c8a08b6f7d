// The IANA "SFrame Cipher Suites" registry: 1 to 5 from RFC 9605 §8.1, 6 to 8 from draft-barnes-sframe-iana-256.

/** The IANA name of a cipher suite: the same strings as the W3C's `SFrameCipherSuite`. */
export type CipherSuite =
  | 'AES_128_CTR_HMAC_SHA256_80'
  | 'AES_128_CTR_HMAC_SHA256_64'
  | 'AES_128_CTR_HMAC_SHA256_32'
  | 'AES_128_GCM_SHA256_128'
  | 'AES_256_GCM_SHA512_128'
  | 'AES_256_CTR_HMAC_SHA512_80'
  | 'AES_256_CTR_HMAC_SHA512_64'
  | 'AES_256_CTR_HMAC_SHA512_32';

/** What a suite is made of; lengths in bytes (RFC 9605 §4.5). */
export interface CipherSuiteParameters {
  /** The number in the IANA registry. */
  readonly id: number;
  /** The hash of HKDF, the ratchet and HMAC. */
  readonly hash: 'SHA-256' | 'SHA-512';
  /** Length of the hash's output. */
  readonly Nh: number;
  /** Length of the encryption part of the key, in the CTR suites. */
  readonly Nka?: number;
  /** Length of sframe_key. */
  readonly Nk: number;
  /** Length of the nonce. */
  readonly Nn: number;
  /** Length of the authentication tag. */
  readonly Nt: number;
}

function ctr128(id: number, Nt: number): CipherSuiteParameters {
  return Object.freeze({ id, hash: 'SHA-256', Nh: 32, Nka: 16, Nk: 48, Nn: 12, Nt });
}

function ctr256(id: number, Nt: number): CipherSuiteParameters {
  return Object.freeze({ id, hash: 'SHA-512', Nh: 64, Nka: 32, Nk: 96, Nn: 12, Nt });
}

/**
 * The eight cipher suites by name. Tags of 32 bits (`…_32`) are for audio at most: see RFC 9605 §7.5.
 *
 * @example
 * ```js
 * import { cipherSuites } from 'sframe-wasm';
 *
 * console.log(cipherSuites.AES_128_GCM_SHA256_128.Nt); // 16
 * ```
 */
export const cipherSuites: Readonly<Record<CipherSuite, CipherSuiteParameters>> =
  /* @__PURE__ */ Object.freeze({
    AES_128_CTR_HMAC_SHA256_80: /* @__PURE__ */ ctr128(1, 10),
    AES_128_CTR_HMAC_SHA256_64: /* @__PURE__ */ ctr128(2, 8),
    AES_128_CTR_HMAC_SHA256_32: /* @__PURE__ */ ctr128(3, 4),
    AES_128_GCM_SHA256_128: /* @__PURE__ */ Object.freeze({
      id: 4,
      hash: 'SHA-256',
      Nh: 32,
      Nk: 16,
      Nn: 12,
      Nt: 16,
    }),
    AES_256_GCM_SHA512_128: /* @__PURE__ */ Object.freeze({
      id: 5,
      hash: 'SHA-512',
      Nh: 64,
      Nk: 32,
      Nn: 12,
      Nt: 16,
    }),
    AES_256_CTR_HMAC_SHA512_80: /* @__PURE__ */ ctr256(6, 10),
    AES_256_CTR_HMAC_SHA512_64: /* @__PURE__ */ ctr256(7, 8),
    AES_256_CTR_HMAC_SHA512_32: /* @__PURE__ */ ctr256(8, 4),
  });
