// A short authentication string: 14 bytes as people compare them.
//
//   byte     0 … 5                                     6 … 13
//   bits     0-5 6-11 … 36-41: seven emoji; 42-47: -   u64be mod 10^12: twelve digits
//
// Emoji are unbiased: 2^42 strings. Digits are 10^12 strings (39.9 bits), of which none is more likely than 10^-12 by a
// factor of more than 1 + 2^-24, because 10^12 does not divide 2^64.

import type { Bytes } from '../../types.ts';
import { type VerificationEmoji, verificationEmoji } from './emoji.ts';

/** How many bytes make one. */
export const SAS_LEN = 14;

const EMOJI = 7;
const DIGITS = 12;

/** A short authentication string, in two forms. Show one, the same on both sides: either suffices. */
export interface ShortAuthenticationString {
  /** Seven emoji, 42 bits. Show the names, too, or give them to screen readers. */
  readonly emoji: readonly VerificationEmoji[];
  /** Twelve digits, 39.9 bits, in groups of four: `'0123 4567 8901'`. */
  readonly digits: string;
}

/** The string that 14 bytes stand for. */
export function toShortString(bytes: Bytes): ShortAuthenticationString {
  const view = new DataView(bytes.buffer);
  const bits = view.getBigUint64(0);
  const emoji = Array.from({ length: EMOJI }, (_, i) => {
    const number = Number((bits >> BigInt(58 - 6 * i)) & 63n);
    return verificationEmoji[number] as VerificationEmoji;
  });
  const value = view.getBigUint64(6) % 10n ** BigInt(DIGITS);
  return Object.freeze({
    emoji: Object.freeze(emoji),
    digits: grouped(value.toString().padStart(DIGITS, '0'), 4),
  });
}

/** Digits in groups, with spaces between them. */
export function grouped(digits: string, len: number): string {
  return (digits.match(new RegExp(`.{${len}}`, 'g')) as string[]).join(' ');
}
