// Bytes as this protocol writes and compares them: fields that say how long they are, so that no two lists of fields
// have the same bytes.

import { assertBytes, type Bytes, copyOf } from '../types.ts';

/** In bytes. No public key is shorter than Ed25519's; post-quantum ones have some thousand. */
const MIN_KEY_LEN = 32;
export const MAX_KEY_LEN = 4096;

/** u16be(length) ‖ field, for each. */
export function fieldsOf(...fields: Uint8Array[]): Bytes {
  const bytes = fields.flatMap((field) => [field.length >> 8, field.length & 0xff, ...field]);
  return new Uint8Array(bytes);
}

/** `count` fields that begin at `from`, copied, and where they end; undefined if that is beyond `to`. */
export function readFields(
  bytes: Bytes,
  from: number,
  to: number,
  count: number,
): { readonly fields: Bytes[]; readonly end: number } | undefined {
  const fields: Bytes[] = [];
  let at = from;
  while (fields.length < count) {
    if (at + 2 > to) return undefined;
    const end = at + 2 + (((bytes[at] as number) << 8) | (bytes[at + 1] as number));
    if (end > to) return undefined;
    fields.push(bytes.slice(at + 2, end));
    at = end;
  }
  return { fields, end: at };
}

/** A public key, copied. */
export function readKey(key: Uint8Array, argument: string): Bytes {
  const len = assertBytes(key, argument);
  if (len < MIN_KEY_LEN || len > MAX_KEY_LEN)
    throw new RangeError(`${argument} must be from ${MIN_KEY_LEN} to ${MAX_KEY_LEN} bytes long`);
  return copyOf(key);
}

export function utf8(text: string): Bytes {
  return new TextEncoder().encode(text);
}

/** The text of UTF-8. @throws TypeError if it is none */
export function textOfUtf8(bytes: Bytes): string {
  return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
}

/** Less than 0 if a comes before b, byte by byte; a beginning comes before the whole. */
export function compare(a: Bytes, b: Bytes): number {
  const at = a.findIndex((byte, i) => byte !== b[i]);
  return at < 0 || at >= b.length ? a.length - b.length : (a[at] as number) - (b[at] as number);
}
