/**
 * The oracle: RFC 9605 a second time, slow and obvious, to judge the WebAssembly core by.
 *
 * Written from the specifications alone, in a style opposite to the core's: bytes and bigints, one block at a
 * time, every constant computed from its definition, nothing remembered between calls. It has no dependencies
 * and can be read by itself. § is a section of the document named in the heading above it.
 *
 * Timing: none claimed. Branches and addresses depend on secrets: for tests only.
 */

type Bytes = Uint8Array<ArrayBuffer>;

// Bytes and integers

export const hex = (bytes: Uint8Array): string =>
  Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');

export function unhex(text: string): Bytes {
  if (!/^([0-9a-f]{2})*$/i.test(text)) throw new TypeError(`not hexadecimal: ${text}`);
  return Uint8Array.from(text.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16));
}

/** `len` bytes, byte i = (mul * i + add) mod 256: how the vectors file fills inputs given by length only. */
export const pattern = (mul: number, add: number, len: number): Bytes =>
  Uint8Array.from({ length: len }, (_, i) => (mul * i + add) % 256);

const ascii = (text: string): Bytes => Uint8Array.from(text, (character) => character.charCodeAt(0));
const concat = (...parts: Uint8Array[]): Bytes => Uint8Array.from(parts.flatMap((part) => Array.from(part)));

/** As long as the shorter of the two: a keystream's last block is cut. */
const xor = (a: Uint8Array, b: Uint8Array): Bytes =>
  Uint8Array.from({ length: Math.min(a.length, b.length) }, (_, i) => a[i]! ^ b[i]!);

const toInteger = (bytes: Uint8Array): bigint => bytes.reduce((sum, byte) => 256n * sum + BigInt(byte), 0n);

/** Unsigned big-endian in exactly `length` bytes. */
function toBytes(value: bigint | number, length: number): Bytes {
  const integer = BigInt(value);
  if (integer >> BigInt(8 * length) !== 0n) throw new RangeError(`${value} does not fit ${length} bytes`);
  return Uint8Array.from({ length }, (_, i) => Number((integer >> BigInt(8 * (length - 1 - i))) & 0xffn));
}

const zeroPad = (bytes: Uint8Array, multiple: number): Bytes =>
  concat(bytes, new Uint8Array((multiple - (bytes.length % multiple)) % multiple));

// AES (FIPS 197)

/** Product in GF(2^8) modulo x^8 + x^4 + x^3 + x + 1 (§4.2). */
function multiplyBytes(a: number, b: number): number {
  let product = 0;
  for (let bit = 7; bit >= 0; bit--) {
    product <<= 1;
    if (product & 0x100) product ^= 0x11b;
    if ((b >> bit) & 1) product ^= a;
  }
  return product;
}

/** §5.1.1: the inverse in GF(2^8), with 0 for 0, then the affine map over GF(2). */
function substitute(byte: number): number {
  let inverse = 0;
  for (let candidate = 1; candidate < 256; candidate++) {
    if (multiplyBytes(byte, candidate) === 1) inverse = candidate;
  }
  const bit = (i: number) => (inverse >> (i % 8)) & 1;
  const affine = (i: number) => bit(i) ^ bit(i + 4) ^ bit(i + 5) ^ bit(i + 6) ^ bit(i + 7);
  return [0, 1, 2, 3, 4, 5, 6, 7].reduce((result, i) => result ^ (affine(i) << i), 0x63);
}

const sBox = Array.from({ length: 256 }, (_, byte) => substitute(byte));

const subBytes = (bytes: Bytes): Bytes => bytes.map((byte) => sBox[byte]!);

/** Byte r + 4c of a block is row r, column c of the state. Row r turns r columns to the left. */
const shiftRows = (state: Bytes): Bytes => state.map((_, i) => state[(i + 4 * (i % 4)) % 16]!);

function mixColumns(state: Bytes): Bytes {
  return state.map((_, i) => {
    const row = i % 4;
    const cell = (down: number) => state[i - row + ((row + down) % 4)]!;
    return multiplyBytes(2, cell(0)) ^ multiplyBytes(3, cell(1)) ^ cell(2) ^ cell(3);
  });
}

/** KeyExpansion (§5.2): one 16-byte round key for each round and one before the first. */
function expandKey(key: Uint8Array): Bytes[] {
  if (key.length !== 16 && key.length !== 32) throw new RangeError('an AES key has 16 or 32 bytes');
  const Nk = key.length / 4;
  const rounds = Nk + 6;
  const words = Array.from({ length: Nk }, (_, i) => Uint8Array.from(key.subarray(4 * i, 4 * i + 4)));
  let roundConstant = 1;
  for (let i = Nk; i < 4 * (rounds + 1); i++) {
    let word = words[i - 1]!;
    if (i % Nk === 0) {
      word = subBytes(concat(word.subarray(1), word.subarray(0, 1)));
      word[0]! ^= roundConstant;
      roundConstant = multiplyBytes(roundConstant, 2);
    } else if (Nk > 6 && i % Nk === 4) {
      word = subBytes(word);
    }
    words.push(xor(words[i - Nk]!, word));
  }
  return Array.from({ length: rounds + 1 }, (_, round) => concat(...words.slice(4 * round, 4 * round + 4)));
}

/** Cipher (§5.1): the last round leaves out MixColumns. */
export function aesEncryptBlock(key: Uint8Array, block: Uint8Array): Bytes {
  if (block.length !== 16) throw new RangeError('an AES block has 16 bytes');
  const roundKeys = expandKey(key);
  const lastRound = roundKeys.length - 1;
  let state = xor(block, roundKeys[0]!);
  for (let round = 1; round <= lastRound; round++) {
    const shifted = shiftRows(subBytes(state));
    state = xor(round < lastRound ? mixColumns(shifted) : shifted, roundKeys[round]!);
  }
  return state;
}

/** CTR mode (SP 800-38A §6.5). The last 4 bytes count, big-endian, and wrap without touching the rest. */
export function aesCtr(key: Uint8Array, initialBlock: Uint8Array, data: Uint8Array): Bytes {
  const prefix = initialBlock.subarray(0, -4);
  const start = toInteger(initialBlock.subarray(-4));
  const keystream: Bytes[] = [];
  for (let at = 0; at < data.length; at += 16) {
    const counter = toBytes((start + BigInt(at / 16)) % 2n ** 32n, 4);
    keystream.push(aesEncryptBlock(key, concat(prefix, counter)));
  }
  return xor(data, concat(...keystream));
}

// GCM (SP 800-38D)

/** X • Y (§6.3). The standard's bit 0 is the leftmost: the most significant bit of the integer. */
function multiplyBlocks(x: bigint, y: bigint): bigint {
  const R = 0xe1n << 120n;
  let z = 0n;
  let v = y;
  for (let i = 0n; i < 128n; i++) {
    if ((x >> (127n - i)) & 1n) z ^= v;
    v = v & 1n ? (v >> 1n) ^ R : v >> 1n;
  }
  return z;
}

/** GHASH (§6.4) of whole blocks under the hash subkey `h`. */
export function ghash(h: Uint8Array, blocks: Uint8Array): Bytes {
  let y = 0n;
  for (let at = 0; at < blocks.length; at += 16) {
    y = multiplyBlocks(y ^ toInteger(blocks.subarray(at, at + 16)), toInteger(h));
  }
  return toBytes(y, 16);
}

/** §7.1 without step 3. Lengths are in bits. Counter block 1 masks the tag, so data starts with block 2. */
function gcmTag(key: Uint8Array, nonce: Uint8Array, aad: Uint8Array, ciphertext: Uint8Array): Bytes {
  const h = aesEncryptBlock(key, new Uint8Array(16));
  const lengths = concat(toBytes(8 * aad.length, 8), toBytes(8 * ciphertext.length, 8));
  const s = ghash(h, concat(zeroPad(aad, 16), zeroPad(ciphertext, 16), lengths));
  return aesCtr(key, concat(nonce, toBytes(1, 4)), s);
}

/** Cuts the tag off and returns what is left, if the tag is the one computed over it. */
function verified(sealed: Uint8Array, tagLen: number, computeTag: (ct: Bytes) => Bytes): Bytes {
  const ct = concat(sealed.subarray(0, Math.max(0, sealed.length - tagLen)));
  const tag = sealed.subarray(ct.length);
  if (hex(tag) !== hex(computeTag(ct))) throw new OracleError('authentication', 'wrong tag');
  return ct;
}

/** AES-GCM with a 12-byte nonce: ciphertext, then the 16-byte tag. */
export function gcmSeal(key: Uint8Array, nonce: Uint8Array, aad: Uint8Array, plaintext: Uint8Array): Bytes {
  const ciphertext = aesCtr(key, concat(nonce, toBytes(2, 4)), plaintext);
  return concat(ciphertext, gcmTag(key, nonce, aad, ciphertext));
}

/** The inverse of `gcmSeal`. Throws `authentication`. */
export function gcmOpen(key: Uint8Array, nonce: Uint8Array, aad: Uint8Array, sealed: Uint8Array): Bytes {
  const ciphertext = verified(sealed, 16, (ct) => gcmTag(key, nonce, aad, ct));
  return aesCtr(key, concat(nonce, toBytes(2, 4)), ciphertext);
}

// SHA-256 and SHA-512 (FIPS 180-4): one algorithm, two word lengths

/** The first `bits` bits of the fractional parts of the square (2) or cube (3) roots of the first primes. */
function rootsOfPrimes(degree: 2n | 3n, count: number, bits: bigint): bigint[] {
  const primes: bigint[] = [];
  for (let n = 2n; primes.length < count; n++) if (primes.every((p) => n % p !== 0n)) primes.push(n);
  return primes.map((prime) => {
    // floor(root(prime) * 2^bits), bit by bit, without its whole part.
    let root = 0n;
    for (let bit = 1n << (bits + 8n); bit > 0n; bit >>= 1n) {
      if ((root + bit) ** degree <= prime << (degree * bits)) root += bit;
    }
    return root % 2n ** bits;
  });
}

/** §4.2.2, §4.2.3: K. §5.3.3, §5.3.5: H0. */
const sha2Family = {
  sha256: { wordLen: 4, K: rootsOfPrimes(3n, 64, 32n), H0: rootsOfPrimes(2n, 8, 32n) },
  sha512: { wordLen: 8, K: rootsOfPrimes(3n, 80, 64n), H0: rootsOfPrimes(2n, 8, 64n) },
};
/** §4.1.2, §4.1.3: a Σ is three rotations, a σ two rotations and a shift. */
const sha2Functions = {
  sha256: { Sigma0: [2n, 13n, 22n], Sigma1: [6n, 11n, 25n], sigma0: [7n, 18n, 3n], sigma1: [17n, 19n, 10n] },
  sha512: { Sigma0: [28n, 34n, 39n], Sigma1: [14n, 18n, 41n], sigma0: [1n, 8n, 7n], sigma1: [19n, 61n, 6n] },
};
export type OracleHash = keyof typeof sha2Family;

function sha2(hash: OracleHash, message: Uint8Array): Bytes {
  const { wordLen, K, H0 } = sha2Family[hash];
  const { Sigma0, Sigma1, sigma0, sigma1 } = sha2Functions[hash];
  const wordBits = BigInt(8 * wordLen);
  const modulus = 2n ** wordBits;
  const rotate = (x: bigint, n: bigint) => (x >> n) | ((x << (wordBits - n)) % modulus);
  const Sigma = (x: bigint, [a, b, c]: bigint[]) => rotate(x, a!) ^ rotate(x, b!) ^ rotate(x, c!);
  const sigma = (x: bigint, [a, b, c]: bigint[]) => rotate(x, a!) ^ rotate(x, b!) ^ (x >> c!);

  // §5.1: a one bit, zeros, and the length in bits in the last two words of a block.
  const blockLen = 16 * wordLen;
  const room = zeroPad(concat(message, Uint8Array.of(0x80), new Uint8Array(2 * wordLen)), blockLen);
  const padded = concat(room.subarray(0, -2 * wordLen), toBytes(8 * message.length, 2 * wordLen));

  // §6.2.2, §6.4.2
  let H = H0;
  for (let at = 0; at < padded.length; at += blockLen) {
    const W: bigint[] = [];
    for (let t = 0; t < 16; t++) W[t] = toInteger(padded.subarray(at + t * wordLen).subarray(0, wordLen));
    for (let t = 16; t < K.length; t++) {
      W[t] = (sigma(W[t - 2]!, sigma1) + W[t - 7]! + sigma(W[t - 15]!, sigma0) + W[t - 16]!) % modulus;
    }
    let [a, b, c, d, e, f, g, h] = H as [bigint, bigint, bigint, bigint, bigint, bigint, bigint, bigint];
    for (let t = 0; t < K.length; t++) {
      const choice = (e & f) ^ ((modulus - 1n - e) & g);
      const majority = (a & b) ^ (a & c) ^ (b & c);
      const T1 = h + Sigma(e, Sigma1) + choice + K[t]! + W[t]!;
      const T2 = Sigma(a, Sigma0) + majority;
      [a, b, c, d, e, f, g, h] = [(T1 + T2) % modulus, a, b, c, (d + T1) % modulus, e, f, g];
    }
    H = [a, b, c, d, e, f, g, h].map((word, i) => (H[i]! + word) % modulus);
  }
  return concat(...H.map((word) => toBytes(word, wordLen)));
}

export const sha256 = (message: Uint8Array): Bytes => sha2('sha256', message);
export const sha512 = (message: Uint8Array): Bytes => sha2('sha512', message);

// HMAC (RFC 2104) and HKDF (RFC 5869)

export function hmac(hash: OracleHash, key: Uint8Array, message: Uint8Array): Bytes {
  const blockLen = 16 * sha2Family[hash].wordLen;
  const shortKey = key.length > blockLen ? sha2(hash, key) : key;
  const block = concat(shortKey, new Uint8Array(blockLen - shortKey.length));
  const mask = (value: number) => block.map((byte) => byte ^ value);
  return sha2(hash, concat(mask(0x5c), sha2(hash, concat(mask(0x36), message))));
}

export const hkdfExtract = (hash: OracleHash, salt: Uint8Array, ikm: Uint8Array): Bytes =>
  hmac(hash, salt, ikm);

export function hkdfExpand(hash: OracleHash, prk: Uint8Array, info: Uint8Array, length: number): Bytes {
  const T: Bytes[] = [];
  while (concat(...T).length < length) {
    T.push(hmac(hash, prk, concat(T.at(-1) ?? concat(), info, toBytes(T.length + 1, 1))));
  }
  return concat(...T).slice(0, length);
}

// RFC 9605

/** §4.5 and the IANA registry. The GCM suites do not divide their key and have no Nka: 0 here. */
export const oracleSuites = [
  { id: 1, name: 'AES_128_CTR_HMAC_SHA256_80', hash: 'sha256', Nh: 32, Nka: 16, Nk: 48, Nn: 12, Nt: 10 },
  { id: 2, name: 'AES_128_CTR_HMAC_SHA256_64', hash: 'sha256', Nh: 32, Nka: 16, Nk: 48, Nn: 12, Nt: 8 },
  { id: 3, name: 'AES_128_CTR_HMAC_SHA256_32', hash: 'sha256', Nh: 32, Nka: 16, Nk: 48, Nn: 12, Nt: 4 },
  { id: 4, name: 'AES_128_GCM_SHA256_128', hash: 'sha256', Nh: 32, Nka: 0, Nk: 16, Nn: 12, Nt: 16 },
  { id: 5, name: 'AES_256_GCM_SHA512_128', hash: 'sha512', Nh: 64, Nka: 0, Nk: 32, Nn: 12, Nt: 16 },
  { id: 6, name: 'AES_256_CTR_HMAC_SHA512_80', hash: 'sha512', Nh: 64, Nka: 32, Nk: 96, Nn: 12, Nt: 10 },
  { id: 7, name: 'AES_256_CTR_HMAC_SHA512_64', hash: 'sha512', Nh: 64, Nka: 32, Nk: 96, Nn: 12, Nt: 8 },
  { id: 8, name: 'AES_256_CTR_HMAC_SHA512_32', hash: 'sha512', Nh: 64, Nka: 32, Nk: 96, Nn: 12, Nt: 4 },
] as const;
export type OracleSuite = (typeof oracleSuites)[number];

function suiteOf(id: number): OracleSuite {
  const suite = oracleSuites.find((candidate) => candidate.id === id);
  if (!suite) throw new RangeError(`no cipher suite ${id}`);
  return suite;
}

/** A refused frame: `syntax` for its header, `authentication` for anything after it. */
export class OracleError extends Error {
  readonly code: 'syntax' | 'authentication';
  constructor(code: 'syntax' | 'authentication', message: string) {
    super(message);
    this.code = code;
  }
}

/** §4.3: a number below 8 is its half of the config byte; any other follows it in as few bytes as will do. */
function encodeField(value: bigint): [nibble: number, bytes: Bytes] {
  if (value >= 0n && value < 8n) return [Number(value), concat()];
  let length = 1;
  while (length < 8 && value >> BigInt(8 * length) !== 0n) length++;
  return [8 + length - 1, toBytes(value, length)];
}

export function oracleEncodeHeader(kid: bigint, ctr: bigint): Bytes {
  const [high, kidBytes] = encodeField(kid);
  const [low, ctrBytes] = encodeField(ctr);
  return concat(Uint8Array.of(16 * high + low), kidBytes, ctrBytes);
}

/** Reads the header `bytes` start with. Throws `syntax` when it is cut short or not in its shortest form. */
export function oracleDecodeHeader(bytes: Uint8Array): { kid: bigint; ctr: bigint; length: number } {
  const config = bytes[0];
  if (config === undefined) throw new OracleError('syntax', 'no header');
  let length = 1;
  const decodeField = (nibble: number): bigint => {
    if (nibble < 8) return BigInt(nibble);
    const field = bytes.subarray(length, length + nibble - 7);
    if (field.length < nibble - 7) throw new OracleError('syntax', 'header cut short');
    if (field[0] === 0) throw new OracleError('syntax', 'leading zero byte');
    if (toInteger(field) < 8n) throw new OracleError('syntax', 'a value below 8 in extended form');
    length += field.length;
    return toInteger(field);
  };
  const kid = decodeField(config >> 4);
  const ctr = decodeField(config & 15);
  return { kid, ctr, length };
}

/** compute_tag of §4.5.1. Lengths are in bytes; Nt keeps apart the suites that differ in nothing else. */
function ctrHmacTag(suite: OracleSuite, key: Uint8Array, nonce: Uint8Array, aad: Uint8Array, ct: Uint8Array) {
  const lengths = concat(toBytes(aad.length, 8), toBytes(ct.length, 8), toBytes(suite.Nt, 8));
  return hmac(suite.hash, key.subarray(suite.Nka), concat(lengths, nonce, aad, ct)).slice(0, suite.Nt);
}

/** AEAD.Encrypt of a suite: ciphertext, then the tag. */
export function oracleSeal(id: number, key: Uint8Array, nonce: Uint8Array, aad: Uint8Array, pt: Uint8Array) {
  const suite = suiteOf(id);
  if (suite.Nka === 0) return gcmSeal(key, nonce, aad, pt);
  const ct = aesCtr(key.subarray(0, suite.Nka), concat(nonce, toBytes(0, 4)), pt);
  return concat(ct, ctrHmacTag(suite, key, nonce, aad, ct));
}

/** AEAD.Decrypt of a suite. Throws `authentication`. */
export function oracleOpen(id: number, key: Uint8Array, nonce: Uint8Array, aad: Uint8Array, ct: Uint8Array) {
  const suite = suiteOf(id);
  if (suite.Nka === 0) return gcmOpen(key, nonce, aad, ct);
  const inner = verified(ct, suite.Nt, (inner) => ctrHmacTag(suite, key, nonce, aad, inner));
  return aesCtr(key.subarray(0, suite.Nka), concat(nonce, toBytes(0, 4)), inner);
}

/** Key derivation (§4.4.2), every intermediate value with it. */
export function oracleDerive(id: number, kid: bigint, baseKey: Uint8Array) {
  const { hash, Nk, Nn } = suiteOf(id);
  const keyLabel = concat(ascii('SFrame 1.0 Secret key '), toBytes(kid, 8), toBytes(id, 2));
  const saltLabel = concat(ascii('SFrame 1.0 Secret salt '), toBytes(kid, 8), toBytes(id, 2));
  const secret = hkdfExtract(hash, concat(), baseKey);
  const key = hkdfExpand(hash, secret, keyLabel, Nk);
  const salt = hkdfExpand(hash, secret, saltLabel, Nn);
  return { keyLabel, saltLabel, secret, key, salt };
}

type Context = { suite: number; baseKey: Uint8Array; metadata: Uint8Array };

/** Encryption (§4.4.3). The result's `ciphertext` is the whole SFrame ciphertext, header included. */
export function oracleEncrypt(o: Context & { kid: bigint; ctr: bigint; plaintext: Uint8Array }) {
  const derived = oracleDerive(o.suite, o.kid, o.baseKey);
  const nonce = xor(derived.salt, toBytes(o.ctr, derived.salt.length));
  const header = oracleEncodeHeader(o.kid, o.ctr);
  const aad = concat(header, o.metadata);
  const ciphertext = concat(header, oracleSeal(o.suite, derived.key, nonce, aad, o.plaintext));
  return { ...derived, nonce, aad, header, ciphertext };
}

/** Decryption (§4.4.4) under `baseKey`, whatever KID the frame names. Throws `syntax`, `authentication`. */
export function oracleDecrypt(o: Context & { ciphertext: Uint8Array }) {
  const { kid, ctr, length } = oracleDecodeHeader(o.ciphertext);
  const derived = oracleDerive(o.suite, kid, o.baseKey);
  const nonce = xor(derived.salt, toBytes(ctr, derived.salt.length));
  const header = concat(o.ciphertext.subarray(0, length));
  const aad = concat(header, o.metadata);
  const plaintext = oracleOpen(o.suite, derived.key, nonce, aad, o.ciphertext.subarray(length));
  return { ...derived, nonce, aad, header, kid, ctr, plaintext };
}

/** One ratchet step (§5.1): base_key[i] to base_key[i + 1], Nh bytes. */
export function oracleRatchet(hash: OracleHash, baseKey: Uint8Array): Bytes {
  const Nh = 8 * sha2Family[hash].wordLen;
  return hkdfExpand(hash, hkdfExtract(hash, concat(), baseKey), ascii('SFrame 1.0 Ratchet'), Nh);
}

/** §9.3: each CTR once, and none that is `size` or more behind the highest. Size 0 accepts everything. */
export class OracleReplayWindow {
  readonly size: number;
  readonly seen = new Set<bigint>();
  highest = -1n;

  constructor(size: number) {
    this.size = size;
  }

  accept(ctr: bigint): boolean {
    if (this.size === 0) return true;
    if (this.seen.has(ctr) || ctr <= this.highest - BigInt(this.size)) return false;
    this.seen.add(ctr);
    if (ctr > this.highest) this.highest = ctr;
    return true;
  }
}
