// The key of a recording, as people write it down: 16 bytes at random, as eight groups of four hexadecimal digits.

import type { Bytes } from 'sframe-wasm';

const KEY_LEN = 16;

/** Each recording has a base key of its own, so its KID can be the same for all. */
export const KID = 0n;

export function drawKey(): Bytes {
  return crypto.getRandomValues(new Uint8Array(KEY_LEN));
}

export function writeKey(key: Bytes): string {
  const digits = Array.from(key, (byte) => byte.toString(16).padStart(2, '0')).join('');
  return digits.match(/.{4}/g)?.join(' ') ?? '';
}

/** undefined: it is none. */
export function readKey(text: string): Bytes | undefined {
  const digits = text.replaceAll(/[\s-]/g, '');
  if (!/^[0-9a-f]{32}$/i.test(digits)) return undefined;
  return Uint8Array.from(digits.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16));
}
