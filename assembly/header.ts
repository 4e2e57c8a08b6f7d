// The SFrame header (RFC 9605 §4.3) on the frame path: 1 to 17 bytes, all of them public.
//
//   config byte   X K K K Y C C C     X=0: K is the KID        X=1: K+1 bytes of KID follow
//                                     Y=0: C is the CTR        Y=1: C+1 bytes of CTR follow, behind the KID's
//
// Only minimal encodings are written and accepted, so decoding is the inverse of encoding.

import { PARSED } from './memory';

/** A field's flag and three bits; its bytes, if it needs any, are written to `to` (big-endian). */
function writeField(to: usize, x: u64): u32 {
  if (x < 8) return x as u32;
  const len = fieldLen(x);
  for (let i: u32 = 0; i < len; ++i) store<u8>(to + i, (x >> ((len - 1 - i) << 3)) as u8);
  return 8 | (len - 1);
}

/** Bytes behind the config byte for the value `x`. */
function fieldLen(x: u64): u32 {
  if (x < 8) return 0;
  return 8 - ((clz(x) as u32) >> 3);
}

/** Writes the header of `kid` and `ctr` to `to` (17 bytes free) and returns its length. */
export function writeHeader(to: usize, kid: u64, ctr: u64): usize {
  const high = writeField(to + 1, kid);
  const kidLen = fieldLen(kid);
  const low = writeField(to + 1 + kidLen, ctr);
  store<u8>(to, (high << 4) | low);
  return 1 + kidLen + fieldLen(ctr);
}

/** Reads a field of four bits `code` whose bytes, if any, stand at `p`, to `to`. False: not the minimal form. */
function readField(code: u32, p: usize, to: usize): bool {
  let x: u64 = code;
  if (code >= 8) {
    x = 0;
    for (let i: u32 = 0; i <= (code & 7); ++i) x = (x << 8) | load<u8>(p + i);
    if (fieldLen(x) != (code & 7) + 1) return false;
  }
  store<u64>(to, x);
  return true;
}

/** Bytes behind the config byte for a field of four bits `code`. */
function announcedLen(code: u32): u32 {
  return (code >> 3) * ((code & 7) + 1);
}

/**
 * Reads the header at `p`, `len` bytes long at most, to PARSED (KID, then CTR) and returns its length;
 * 0 if it is cut short or not minimal.
 */
export function readHeader(p: usize, len: usize): usize {
  if (len == 0) return 0;
  const config: u32 = load<u8>(p);
  const kidLen = announcedLen(config >> 4);
  const headerLen: usize = 1 + kidLen + announcedLen(config & 15);
  if (headerLen > len) return 0;
  if (!readField(config >> 4, p + 1, PARSED)) return 0;
  if (!readField(config & 15, p + 1 + kidLen, PARSED + 8)) return 0;
  return headerLen;
}
