// HMAC (RFC 2104) over SHA-256 or SHA-512, and the padding of both hashes.
//
// A message is one contiguous range with room behind it: padding is written in place, so nothing is buffered.
// A key is two hash states, after the inner and after the outer pad: a MAC costs no key set-up.
// `wide` chooses the family: false SHA-256 (blocks of 64, digest 32), true SHA-512 (blocks of 128, digest 64).
//
// Timing: as the hashes; only lengths and the family are visible.

import { copy64, PAD, storeBe64, wipeShort } from './memory';
import { sha256Blocks, sha256Start } from './sha256';
import { sha512Blocks, sha512Start } from './sha512';

export function blockLen(wide: bool): usize {
  return (64 as usize) << (wide as usize);
}

/** Nh of the suite: 32 or 64. */
export function digestLen(wide: bool): usize {
  return (32 as usize) << (wide as usize);
}

export function start(wide: bool, state: usize): void {
  if (wide) sha512Start(state);
  else sha256Start(state);
}

function absorb(wide: bool, state: usize, p: usize, blocks: usize): void {
  if (wide) sha512Blocks(state, p, blocks);
  else sha256Blocks(state, p, blocks);
}

/**
 * Absorbs the last `len` bytes, at `p`, and turns `state` into the digest. `before` bytes, whole blocks, were
 * absorbed earlier. Overwrites up to a block and 16 bytes behind the message.
 */
export function finish(wide: bool, state: usize, p: usize, len: usize, before: usize): void {
  const block = blockLen(wide);
  const lengthLen = block >> 3; // the length field: 8 or 16 bytes
  const padded = (len + 1 + lengthLen + block - 1) & ~(block - 1);
  wipeShort(p + len, p + padded);
  store<u8>(p + len, 0x80);
  storeBe64(p + padded - 8, ((before + len) as u64) << 3);
  absorb(wide, state, p, padded >> (6 + (wide as usize)));
  // Words in machine order to bytes. SHA-256 has two words in each u64: swap them back.
  const swap = ((wide as u64) ^ 1) << 5;
  for (let i: usize = 0; i < 64; i += 8) store<u64>(state + i, rotr(bswap(load<u64>(state + i)), swap));
}

/** States after the pads for the key of `len` bytes (at most a block) at `key`: inner at `states`, outer 64 on. */
export function hmacKey(wide: bool, key: usize, len: usize, states: usize): void {
  for (let outer: usize = 0; outer < 2; ++outer) {
    const state = states + (outer << 6);
    const pad = (0x36 + outer * (0x5c - 0x36)) as u8;
    memory.fill(PAD, pad, blockLen(wide));
    for (let i: usize = 0; i < len; ++i) store<u8>(PAD + i, load<u8>(key + i) ^ pad);
    start(wide, state);
    absorb(wide, state, PAD, 1);
  }
}

/** HMAC of `len` bytes at `p` to `out` (64 bytes free; the first digestLen count). Pads behind the message. */
export function hmac(wide: bool, states: usize, p: usize, len: usize, out: usize): void {
  const block = blockLen(wide);
  const digest = digestLen(wide);
  copy64(out, states);
  finish(wide, out, p, len, block);
  copy64(PAD, out);
  copy64(out, states + 64);
  finish(wide, out, PAD, digest, block);
}
