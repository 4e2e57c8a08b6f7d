// Signing and verifying bytes, by keys as bytes (@noble/curves, at once) or as CryptoKeys (WebCrypto, later).
//
// Ed25519 is RFC 8032's, strictly: encodings are canonical, S is below the group order, and public keys are of the
// prime-order group, so none of small order. ZIP 215 would accept more. ECDSA is over P-256 with SHA-256, r ‖ s, and s
// must be in the lower half: the other half would be a second signature that anybody could make of the first.

import { ed25519 } from '@noble/curves/ed25519.js';
import { p256 } from '@noble/curves/nist.js';
import { isCryptoKey, subtleCrypto } from '../core/subtle.ts';
import { assertBytes, type Bytes, copyOf, lengthOf } from '../types.ts';

/** How blocks are signed: Ed25519 (RFC 8032), or ECDSA over P-256 with SHA-256 (FIPS 186-5). */
export type SignatureAlgorithm = 'Ed25519' | 'ECDSA-P256';

/** The algorithms' numbers in a block. */
const numbers: Readonly<Record<SignatureAlgorithm, number>> = { Ed25519: 1, 'ECDSA-P256': 2 };

/** Signs messages. */
export interface SigningKey {
  /** Its algorithm's number in a block. */
  readonly algorithm: number;
  sign(message: Bytes): Bytes | Promise<Bytes>;
  /** Wipes the key, if it is here. */
  destroy(): void;
}

/** Verifies signatures of SIGNATURE_LEN bytes. */
export interface VerifyingKey {
  readonly algorithm: number;
  verify(signature: Bytes, message: Bytes): boolean | Promise<boolean>;
}

/** TypeErrors and RangeErrors name the argument. */
export function readSigningKey(
  privateKey: Uint8Array | CryptoKey,
  algorithm: SignatureAlgorithm | undefined,
): SigningKey {
  if (isCryptoKey(privateKey))
    return new SubtleSigningKey(privateKey, algorithmOf(privateKey, 'private', algorithm));
  return new OwnSigningKey(privateKey, knownAlgorithm(algorithm));
}

/** TypeErrors and RangeErrors name the argument. */
export function readVerifyingKey(
  publicKey: Uint8Array | CryptoKey,
  algorithm: SignatureAlgorithm | undefined,
): VerifyingKey {
  if (isCryptoKey(publicKey))
    return new SubtleVerifyingKey(publicKey, algorithmOf(publicKey, 'public', algorithm));
  return new OwnVerifyingKey(publicKey, knownAlgorithm(algorithm));
}

/** A private key as bytes. What is computed of it is out of reach: JavaScript's numbers cannot be wiped. */
class OwnSigningKey implements SigningKey {
  readonly algorithm: number;
  readonly #key: Bytes;
  readonly #sign: (message: Bytes, key: Bytes) => Uint8Array;

  constructor(privateKey: Uint8Array, algorithm: SignatureAlgorithm) {
    if (assertBytes(privateKey, 'privateKey') !== 32)
      throw new RangeError('privateKey must be 32 bytes long');
    this.#key = copyOf(privateKey);
    this.algorithm = numbers[algorithm];
    this.#sign = algorithm === 'Ed25519' ? ed25519.sign : signEcdsa;
    if (algorithm === 'ECDSA-P256' && !p256.utils.isValidSecretKey(this.#key))
      throw new RangeError('privateKey must be from 1 to the order of P-256 - 1');
  }

  sign(message: Bytes): Bytes {
    return new Uint8Array(this.#sign(message, this.#key));
  }

  destroy(): void {
    this.#key.fill(0);
  }
}

/** A public key as bytes. */
class OwnVerifyingKey implements VerifyingKey {
  readonly algorithm: number;
  readonly #key: Bytes;
  readonly #verify: (signature: Bytes, message: Bytes, key: Bytes) => boolean;

  constructor(publicKey: Uint8Array, algorithm: SignatureAlgorithm) {
    assertBytes(publicKey, 'publicKey');
    this.algorithm = numbers[algorithm];
    this.#verify = algorithm === 'Ed25519' ? verifyEd25519 : verifyEcdsa;
    this.#key = algorithm === 'Ed25519' ? strictKey(publicKey) : pointOfP256(publicKey);
  }

  verify(signature: Bytes, message: Bytes): boolean {
    return this.#verify(signature, message, this.#key);
  }
}

/** A private key that WebCrypto has. */
class SubtleSigningKey implements SigningKey {
  readonly algorithm: number;
  readonly #key: CryptoKey;
  readonly #name: SignatureAlgorithm;

  constructor(key: CryptoKey, name: SignatureAlgorithm) {
    this.algorithm = numbers[name];
    this.#key = key;
    this.#name = name;
  }

  async sign(message: Bytes): Promise<Bytes> {
    const signature = new Uint8Array(await subtleCrypto().sign(subtleName(this.#name), this.#key, message));
    return this.#name === 'Ed25519' ? signature : lowered(signature);
  }

  destroy(): void {}
}

/** A public key that WebCrypto has. WebCrypto is not strict about Ed25519's, so it is looked at before its first use. */
class SubtleVerifyingKey implements VerifyingKey {
  readonly algorithm: number;
  readonly #key: CryptoKey;
  readonly #name: SignatureAlgorithm;
  #isStrict: Promise<boolean> | undefined;

  constructor(key: CryptoKey, name: SignatureAlgorithm) {
    if (name === 'Ed25519' && !key.extractable)
      throw new TypeError('publicKey must be extractable: it is checked before it is used');
    this.algorithm = numbers[name];
    this.#key = key;
    this.#name = name;
  }

  async verify(signature: Bytes, message: Bytes): Promise<boolean> {
    if (this.#name === 'Ed25519') {
      this.#isStrict ??= isStrict(this.#key);
      if (!(await this.#isStrict)) return false;
    } else if (isHigh(signature)) return false;
    return subtleCrypto().verify(subtleName(this.#name), this.#key, signature, message);
  }
}

async function isStrict(key: CryptoKey): Promise<boolean> {
  const raw = new Uint8Array(await subtleCrypto().exportKey('raw', key));
  return isPrimeOrderPoint(raw);
}

function isPrimeOrderPoint(key: Bytes): boolean {
  try {
    const point = ed25519.Point.fromBytes(key, false);
    return !point.isSmallOrder() && point.isTorsionFree();
  } catch {
    return false; // not canonical, or not on the curve
  }
}

/** A copy of a public key of Ed25519 that nobody can have by accident or for mischief. */
function strictKey(publicKey: Uint8Array): Bytes {
  if (lengthOf(publicKey) !== 32) throw new RangeError('publicKey must be 32 bytes long');
  const key = copyOf(publicKey);
  if (!isPrimeOrderPoint(key))
    throw new RangeError('publicKey must be a canonical point of the prime-order group of Ed25519');
  return key;
}

/** A public key of P-256, compressed or not, as it need not be decompressed again. */
function pointOfP256(publicKey: Uint8Array): Bytes {
  const len = lengthOf(publicKey);
  if (len !== 33 && len !== 65) throw new RangeError('publicKey must be 33 or 65 bytes long');
  try {
    return new Uint8Array(p256.Point.fromBytes(copyOf(publicKey)).toBytes(false));
  } catch {
    throw new RangeError('publicKey must be a point of P-256');
  }
}

function signEcdsa(message: Bytes, key: Bytes): Uint8Array {
  return p256.sign(message, key, { lowS: true, prehash: true });
}

function verifyEd25519(signature: Bytes, message: Bytes, key: Bytes): boolean {
  return ed25519.verify(signature, message, key, { zip215: false });
}

function verifyEcdsa(signature: Bytes, message: Bytes, key: Bytes): boolean {
  return p256.verify(signature, message, key, { lowS: true, prehash: true });
}

/** Whether s is in the upper half; true, too, of what is no signature at all. */
function isHigh(signature: Bytes): boolean {
  try {
    return p256.Signature.fromBytes(signature, 'compact').hasHighS();
  } catch {
    return true;
  }
}

/** The one of the two signatures whose s is in the lower half. WebCrypto makes either. */
function lowered(signature: Bytes): Bytes {
  const { r, s } = p256.Signature.fromBytes(signature, 'compact');
  if (!isHigh(signature)) return signature;
  return new Uint8Array(new p256.Signature(r, p256.Point.Fn.neg(s)).toBytes('compact'));
}

function subtleName(name: SignatureAlgorithm): Algorithm | EcdsaParams {
  return name === 'Ed25519' ? { name } : { name: 'ECDSA', hash: 'SHA-256' };
}

function knownAlgorithm(algorithm: SignatureAlgorithm = 'Ed25519'): SignatureAlgorithm {
  if (typeof algorithm !== 'string' || !Object.hasOwn(numbers, algorithm))
    throw new TypeError("algorithm must be 'Ed25519' or 'ECDSA-P256'");
  return algorithm;
}

/** What a CryptoKey is for. TypeErrors name the argument. */
function algorithmOf(
  key: CryptoKey,
  type: 'private' | 'public',
  wanted: SignatureAlgorithm | undefined,
): SignatureAlgorithm {
  const argument = `${type}Key`;
  const usage = type === 'private' ? 'sign' : 'verify';
  const { name, namedCurve } = key.algorithm as EcKeyAlgorithm;
  const isEcdsa = name === 'ECDSA' && namedCurve === 'P-256';
  if (key.type !== type || !(isEcdsa || name === 'Ed25519'))
    throw new TypeError(`${argument} must be a ${type} key of Ed25519, or of ECDSA over P-256`);
  if (!key.usages.includes(usage)) throw new TypeError(`${argument} must have the usage ${usage}`);
  const found = isEcdsa ? 'ECDSA-P256' : 'Ed25519';
  if (wanted !== undefined && knownAlgorithm(wanted) !== found)
    throw new TypeError(`algorithm must be that of ${argument}, ${found}`);
  return found;
}
