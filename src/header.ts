// The SFrame header (RFC 9605 §4.3) without cryptography and without WebAssembly: for SFUs, monitors and tests.
// The frame path parses in the core (assembly/header.ts); both answer to the same vectors.
//
//   config byte   X K K K Y C C C     X=0: K is the KID        X=1: K+1 bytes of KID follow
//                                     Y=0: C is the CTR        Y=1: C+1 bytes of CTR follow, behind the KID's

import { SFrameError } from './errors.ts';
import { assertBytes, type Bytes, lengthOf, toU64, type U64 } from './types.ts';

/** Bytes that a field needs behind the config byte, from its halves. */
export function fieldLength(high: number, low: number): number {
  if (high !== 0) return 8 - (Math.clz32(high) >>> 3);
  return low < 8 ? 0 : 4 - (Math.clz32(low) >>> 3);
}

/** The bytes of a field that does not fit the config byte, most significant first. */
function fieldBytes(value: bigint): number[] {
  const bytes: number[] = [];
  if (value >= 8n) for (let rest = value; rest > 0n; rest >>= 8n) bytes.unshift(Number(rest & 0xffn));
  return bytes;
}

/** A field's four bits in the config byte. */
function fieldCode(value: bigint, bytes: number[]): number {
  return bytes.length === 0 ? Number(value) : 8 | (bytes.length - 1);
}

/**
 * The SFrame header for a KID and a CTR, in the only form the RFC allows: the shortest (§4.3).
 *
 * @param kid key ID
 * @param ctr counter
 * @returns 1 to 17 bytes
 * @throws TypeError or RangeError naming the argument that is not a {@link U64}
 *
 * @example
 * ```js
 * import { encodeHeader } from 'sframe-wasm';
 *
 * console.log(encodeHeader(0x123, 0x4567n)); // Uint8Array(5) [ 0x99, 0x01, 0x23, 0x45, 0x67 ]
 * ```
 */
export function encodeHeader(kid: U64, ctr: U64): Bytes {
  const k = toU64(kid, 'kid');
  const c = toU64(ctr, 'ctr');
  const kidBytes = fieldBytes(k);
  const ctrBytes = fieldBytes(c);
  return new Uint8Array([(fieldCode(k, kidBytes) << 4) | fieldCode(c, ctrBytes), ...kidBytes, ...ctrBytes]);
}

/**
 * Reads the header at the front of an SFrame ciphertext (§4.3). Nothing in it is authenticated.
 *
 * @param ciphertext at least the header; what follows is not looked at
 * @returns KID, CTR, and the header's length in bytes
 * @throws {@link SFrameError} `syntax` if the header is cut short or not in minimal form
 * @throws TypeError if `ciphertext` is not a Uint8Array
 *
 * @example
 * ```js
 * import { decodeHeader } from 'sframe-wasm';
 *
 * const { kid, ctr, length } = decodeHeader(new Uint8Array([0x99, 0x01, 0x23, 0x45, 0x67, 0xff]));
 * console.log(kid, ctr, length); // 291n 17767n 5
 * ```
 */
export function decodeHeader(ciphertext: Uint8Array): { kid: bigint; ctr: bigint; length: number } {
  assertBytes(ciphertext, 'ciphertext');
  const header = parseHeader(ciphertext);
  if (header === undefined) throw new SFrameError('syntax');
  return header;
}

/** The same without an exception: undefined is `syntax`. */
export function parseHeader(ciphertext: Uint8Array): Header | undefined {
  const config = ciphertext[0];
  if (config === undefined) return undefined;
  const ctrAt = 1 + announcedLength(config >> 4);
  const length = ctrAt + announcedLength(config & 15);
  if (length > lengthOf(ciphertext)) return undefined;
  const kid = readField(config >> 4, ciphertext, 1, ctrAt);
  const ctr = readField(config & 15, ciphertext, ctrAt, length);
  return kid === undefined || ctr === undefined ? undefined : { kid, ctr, length };
}

/** What a header says. */
interface Header {
  kid: bigint;
  ctr: bigint;
  length: number;
}

/** Bytes behind the config byte for a field's four bits in it. */
function announcedLength(code: number): number {
  return code < 8 ? 0 : (code & 7) + 1;
}

/** A field's value; undefined if it has a leading zero, or would fit the config byte. */
function readField(code: number, bytes: Uint8Array, from: number, to: number): bigint | undefined {
  if (code < 8) return BigInt(code);
  let value = 0n;
  for (let i = from; i < to; i++) value = (value << 8n) | BigInt(bytes[i] as number);
  return bytes[from] === 0 || value < 8n ? undefined : value;
}
