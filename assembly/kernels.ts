// The test build: the primitives of the core under explicit keys and nonces, for known answers and second opinions.
// Never shipped. Pointers are the caller's; every message has TAIL_ROOM behind it, an AEAD text HEAD_ROOM + aad
// before it.

import { AES_KEY_LEN, expandKey } from './aes';
import { keyStream, xorKeyStream } from './ctr';
import { ctrHmacAad, ctrHmacKey, ctrHmacOpen, ctrHmacSeal } from './ctr-hmac';
import { GCM_KEY_LEN, gcmAad, gcmKey, gcmOpen, gcmSeal } from './gcm';
import { ghash, makeGhashKey } from './ghash';
import { readHeader, writeHeader } from './header';
import { expand, extract } from './hkdf';
import { digestLen, finish, hmac, hmacKey, start } from './hmac';
import {
  copyShort,
  DIGEST,
  INFO,
  PARSED,
  PRK_STATES,
  RECEIVED,
  SCRATCH_LEN,
  slotsBase,
  wipeScratch,
} from './memory';

export { PARSED, readHeader, slotsBase };

const KEY: usize = memory.data(GCM_KEY_LEN as i32, 64);
const NONCE: usize = memory.data(16, 16);

function nonceAt(p: usize): v128 {
  memory.copy(NONCE, p, 12);
  return v128.load(NONCE);
}

/** AES-CTR in place from block `counter` on; `rounds` is 10 or 14. */
export function ctr(key: usize, rounds: i32, nonce: usize, counter: u32, text: usize, len: usize): void {
  expandKey(key, rounds, KEY);
  keyStream(KEY, rounds, nonceAt(nonce), counter);
  xorKeyStream(KEY, rounds, nonceAt(nonce), counter, 0, text, len);
  wipeScratch(SCRATCH_LEN);
}

/** GHASH over whole blocks; `h` is overwritten by the result. */
export function ghashOf(h: usize, p: usize, blocks: usize): void {
  makeGhashKey(h, KEY + AES_KEY_LEN);
  v128.store(h, ghash(KEY + AES_KEY_LEN, i64x2.splat(0), p, blocks));
  wipeScratch(SCRATCH_LEN);
}

/** AES-GCM in place; the tag of 16 bytes behind the text. */
export function sealGcm(
  key: usize,
  rounds: i32,
  nonce: usize,
  aad: usize,
  aadLen: usize,
  text: usize,
  len: usize,
): void {
  gcmKey(key, rounds, KEY);
  memory.copy(gcmAad(text, aadLen), aad, aadLen);
  gcmSeal(KEY, rounds, nonceAt(nonce), aadLen, text, len);
  copyShort(text + len, DIGEST, 16);
  wipeScratch(SCRATCH_LEN);
}

/** The inverse; false leaves the text as it was. */
export function openGcm(
  key: usize,
  rounds: i32,
  nonce: usize,
  aad: usize,
  aadLen: usize,
  text: usize,
  len: usize,
): bool {
  gcmKey(key, rounds, KEY);
  v128.store(RECEIVED, v128.load(text + len));
  memory.copy(gcmAad(text, aadLen), aad, aadLen);
  const opened = gcmOpen(KEY, rounds, nonceAt(nonce), aadLen, text, len);
  wipeScratch(SCRATCH_LEN);
  return opened;
}

/** AES-CTR + HMAC in place; the tag behind the text. `wide`: AES-256 with SHA-512. */
export function sealCtrHmac(
  key: usize,
  wide: bool,
  tagLen: usize,
  nonce: usize,
  aad: usize,
  aadLen: usize,
  text: usize,
  len: usize,
): void {
  const rounds = 10 + 4 * (wide as i32);
  ctrHmacKey(key, rounds, wide, KEY);
  memory.copy(ctrHmacAad(text, aadLen), aad, aadLen);
  ctrHmacSeal(KEY, rounds, wide, tagLen, nonceAt(nonce), aadLen, text, len);
  copyShort(text + len, DIGEST, tagLen);
  wipeScratch(SCRATCH_LEN);
}

/** The inverse; false leaves the text as it was. */
export function openCtrHmac(
  key: usize,
  wide: bool,
  tagLen: usize,
  nonce: usize,
  aad: usize,
  aadLen: usize,
  text: usize,
  len: usize,
): bool {
  const rounds = 10 + 4 * (wide as i32);
  ctrHmacKey(key, rounds, wide, KEY);
  v128.store(RECEIVED, i64x2.splat(0));
  copyShort(RECEIVED, text + len, tagLen);
  memory.copy(ctrHmacAad(text, aadLen), aad, aadLen);
  const opened = ctrHmacOpen(KEY, rounds, wide, tagLen, nonceAt(nonce), aadLen, text, len);
  wipeScratch(SCRATCH_LEN);
  return opened;
}

/** The digest of `len` bytes at `p` to `out` (64 bytes free). */
export function sha(wide: bool, p: usize, len: usize, out: usize): void {
  start(wide, DIGEST);
  finish(wide, DIGEST, p, len, 0);
  memory.copy(out, DIGEST, digestLen(wide));
  wipeScratch(SCRATCH_LEN);
}

/** HMAC under a key of at most one block. */
export function hmacOf(wide: bool, key: usize, keyLen: usize, p: usize, len: usize, out: usize): void {
  hmacKey(wide, key, keyLen, PRK_STATES);
  hmac(wide, PRK_STATES, p, len, DIGEST);
  memory.copy(out, DIGEST, digestLen(wide));
  wipeScratch(SCRATCH_LEN);
}

export function hkdfExtract(wide: bool, ikm: usize, len: usize, out: usize): void {
  extract(wide, ikm, len, DIGEST, PRK_STATES);
  memory.copy(out, DIGEST, digestLen(wide));
  wipeScratch(SCRATCH_LEN);
}

/** Info is at most 80 bytes; `out` is free up to a multiple of 64. */
export function hkdfExpand(
  wide: bool,
  prk: usize,
  info: usize,
  infoLen: usize,
  out: usize,
  len: usize,
): void {
  hmacKey(wide, prk, digestLen(wide), PRK_STATES);
  memory.copy(INFO, info, infoLen);
  expand(wide, PRK_STATES, infoLen, out, len);
  wipeScratch(SCRATCH_LEN);
}

/** The header of two u64 to `to`; its length. */
export function encodeHeader(to: usize, kid: u64, ctr: u64): usize {
  return writeHeader(to, kid, ctr);
}
