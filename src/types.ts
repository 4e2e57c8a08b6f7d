// The types every layer speaks, and the asserts that guard the public edge: TypeError for the wrong kind,
// RangeError for the wrong size, always naming the argument. Success leaves first: these run once a frame.

declare global {
  // A type of the web that the API names, as lib.dom.d.ts declares it, for programs compiled without that.
  interface CryptoKey {}
}

/** An unsigned 64-bit value, 0 to 2^64-1. A `number` must be a safe integer. */
export type U64 = number | bigint;

/** Bytes that own their whole buffer: byteOffset 0, nothing behind them. */
export type Bytes = Uint8Array<ArrayBuffer>;

/** Encrypts frames: what streams and transforms see of an encryption context. */
export interface Encryptor {
  /**
   * Encrypts one frame.
   * @param plaintext the encoded media frame; 0 bytes to `maxFrameLen`
   * @param metadata bytes that are authenticated, not sent: the receiver must have the same
   * @returns the SFrame ciphertext: header, encrypted frame, tag
   */
  encrypt(plaintext: Uint8Array, metadata?: Uint8Array): Bytes;
  /**
   * The same into `target`, which may overlap the inputs.
   * @param target at least header + plaintext + tag long; plaintext + {@link maxOverhead} always suffices
   * @returns how many bytes were written
   */
  encryptInto(target: Uint8Array, plaintext: Uint8Array, metadata?: Uint8Array): number;
  /** As `encrypt`; rejects where that throws. The counter is taken before the call returns. */
  encryptAsync(plaintext: Uint8Array, metadata?: Uint8Array): Promise<Bytes>;
}

/** Decrypts frames: what streams and transforms see of a decryption context. */
export interface Decryptor {
  /**
   * Decrypts one frame.
   * @param ciphertext the SFrame ciphertext: header, encrypted frame, tag
   * @param metadata the same bytes as on the sender's side
   */
  decrypt(ciphertext: Uint8Array, metadata?: Uint8Array): Bytes;
  /**
   * The same into `target`, which may overlap the inputs.
   * @param target at least as long as the plaintext: ciphertext - header - tag
   * @returns how many bytes were written
   */
  decryptInto(target: Uint8Array, ciphertext: Uint8Array, metadata?: Uint8Array): number;
  /** As `decrypt`; rejects where that throws. */
  decryptAsync(ciphertext: Uint8Array, metadata?: Uint8Array): Promise<Bytes>;
}

/** The most that encryption adds to a frame: 17 bytes of header and 16 of tag (RFC 9605 §4.3, §4.5). */
export const maxOverhead = 33;

/** 2^64-1. */
export const maxU64: bigint = 0xffffffffffffffffn;

// What a view is, and how long, is asked of %TypedArray% itself: own or inherited properties of the caller's object may
// say anything, and run anything.
const typedArray = Object.getPrototypeOf(Uint8Array.prototype) as object;
const kindOf = getterOf(Symbol.toStringTag) as (this: unknown) => string | undefined;
const byteLengthOf = getterOf('byteLength') as (this: Uint8Array) => number;
const byteOffsetOf = getterOf('byteOffset') as (this: Uint8Array) => number;
const bufferOf = getterOf('buffer') as (this: Uint8Array) => ArrayBuffer;
const { at, set } = Uint8Array.prototype;

function getterOf(name: PropertyKey): unknown {
  return Object.getOwnPropertyDescriptor(typedArray, name)?.get;
}

/** How many bytes there are. (Not `length`: optimized code of V8 11 keeps that of a view whose buffer is gone.) */
export function lengthOf(bytes: Uint8Array): number {
  return byteLengthOf.call(bytes);
}

/** Bytes `from` to `to` of the same buffer, as a plain Uint8Array. */
export function viewOf(bytes: Uint8Array, from: number, to: number): Bytes {
  return new Uint8Array(bufferOf.call(bytes), byteOffsetOf.call(bytes) + from, to - from);
}

/** Copies all of `source` to the start of `target`, which is long enough. */
export function copyTo(target: Uint8Array, source: Uint8Array): void {
  set.call(target, source);
}

/** Refuses what is not a Uint8Array, of whatever realm, over an attached, unshared buffer. Returns its length. */
export function assertBytes(value: Uint8Array, name: string): number {
  // Not instanceof: that would take Object.create(Uint8Array.prototype) for bytes.
  if (kindOf.call(value) !== 'Uint8Array') throw new TypeError(`${name} must be a Uint8Array`);
  const buffer: object = bufferOf.call(value);
  if (!(buffer instanceof ArrayBuffer) && Object.prototype.toString.call(buffer) !== '[object ArrayBuffer]')
    throw new TypeError(`${name} must not be backed by a SharedArrayBuffer`);
  const length = lengthOf(value);
  if (length === 0) assertAttached(value, name);
  return length;
}

/** A detached view, or one whose resizable buffer has shrunk away, says it is empty: only its methods tell. */
function assertAttached(value: Uint8Array, name: string): void {
  try {
    at.call(value, 0);
  } catch {
    throw new TypeError(`${name} must not be detached`);
  }
}

/** Whether two are the same, in a time that does not depend on where they differ. */
export function isSame(a: Uint8Array, b: Uint8Array): boolean {
  let difference = a.length ^ b.length;
  for (let i = 0; i < a.length; i++) difference |= (a[i] as number) ^ (b[i] ?? 0);
  return difference === 0;
}

/** Bytes as a string, a character for each: a member of a Set, or a key of a Map. */
export function asText(bytes: Uint8Array): string {
  return String.fromCharCode(...bytes);
}

/** A copy that nobody else can change. */
export function copyOf(bytes: Uint8Array): Bytes {
  const copy = new Uint8Array(lengthOf(bytes));
  copyTo(copy, bytes);
  return copy;
}

/** Refuses what has no properties to read. */
export function assertObject(value: object, name: string): void {
  if (typeof value !== 'object' || value === null) throw new TypeError(`${name} must be an object`);
}

/** The value if it is a boolean, `fallback` if it is undefined. */
export function toBoolean(value: boolean | undefined, name: string, fallback: boolean): boolean {
  if (value !== undefined && typeof value !== 'boolean') throw new TypeError(`${name} must be a boolean`);
  return value ?? fallback;
}

/** The value as a bigint from 0 to 2^64-1. */
export function toU64(value: U64, name: string): bigint {
  if (typeof value !== 'bigint') {
    if (typeof value !== 'number') throw new TypeError(`${name} must be a number or a bigint`);
    if (!Number.isSafeInteger(value)) throw new RangeError(`${name} must be a safe integer or a bigint`);
  }
  if (value < 0 || value > maxU64) throw new RangeError(`${name} must be from 0 to 2^64-1`);
  return BigInt(value);
}

/** The value if it is an integer from `min` to `max`, `fallback` if it is undefined. */
export function toInteger(
  value: number | undefined,
  name: string,
  fallback: number,
  min: number,
  max: number,
): number {
  if (value === undefined) return fallback;
  if (typeof value !== 'number') throw new TypeError(`${name} must be a number`);
  if (!Number.isInteger(value) || value < min || value > max)
    throw new RangeError(`${name} must be an integer from ${min} to ${max}`);
  return value;
}

// On the frame path a u64 is two halves, `high` and `low`, as unsigned 32-bit numbers: no BigInt per frame.

/** The u64 of two halves. */
export function joinU64(high: number, low: number): bigint {
  return (BigInt(high) << 32n) | BigInt(low);
}

/** The upper half. */
export function highHalf(value: bigint): number {
  return Number(value >> 32n);
}

/** The lower half. */
export function lowHalf(value: bigint): number {
  return Number(value & 0xffffffffn);
}

/** A KID as a key of a Map: a number where that is exact, which most are, so that frames need no BigInt. */
export function nameOfHalves(high: number, low: number): number | bigint {
  return high < 0x200000 ? high * 2 ** 32 + low : joinU64(high, low);
}

/** The same of a whole KID. */
export function nameOf(kid: bigint): number | bigint {
  return nameOfHalves(highHalf(kid), lowHalf(kid));
}

/** a ‖ b, in a buffer of its own. */
export function concat(a: Uint8Array, b: Uint8Array | undefined): Bytes {
  const len = lengthOf(a);
  const both = new Uint8Array(len + (b === undefined ? 0 : lengthOf(b)));
  both.set(a);
  if (b !== undefined) both.set(b, len);
  return both;
}
