// AES-GCM (SP 800-38D) with 96-bit nonces and 128-bit tags, in place on a frame in the window.
//
//   head room                      text                     tail room
//   ──────┬───────────────────────┬────────────────────────┬────────────────┬───────────┐
//         │ aad, zeros to 16      │ ciphertext             │ zeros to 16    │ lengths   │
//   ──────┴───────────────────────┴────────────────────────┴────────────────┴───────────┘
//         └──────────────── one contiguous run for GHASH ───────────────────────────────┘
//
// One pass of eight blocks makes both the tag's mask, E(J₀), and the key stream of the first 112 bytes.
// Timing: lengths are visible, and whether a tag was right; nothing else.

import { AES_KEY_LEN, expandKey } from './aes';
import { equal, xor } from './ct';
import { firstPass, keyStream, xorKeyStream } from './ctr';
import { GHASH_KEY_LEN, ghash, makeGhashKey } from './ghash';
import { BLOCKS, DIGEST, RECEIVED, storeBe64 } from './memory';

/** Round keys, then GHASH tables. */
export const GCM_KEY_LEN: usize = AES_KEY_LEN + GHASH_KEY_LEN;
/** Counter of J₀, whose key stream masks the tag; data starts one block later. */
const TAG_COUNTER: u32 = 1;

/** `key` (16 bytes for 10 rounds, 32 for 14; secret) to `to`, GCM_KEY_LEN bytes. */
export function gcmKey(key: usize, rounds: i32, to: usize): void {
  expandKey(key, rounds, to);
  keyStream(to, rounds, i64x2.splat(0), 0);
  v128.store(DIGEST, v128.load(BLOCKS)); // H = E(0)
  makeGhashKey(DIGEST, to + AES_KEY_LEN);
}

/** Start of the aad for a text at `text`: it ends, zero-padded, where the text begins. */
export function gcmAad(text: usize, aadLen: usize): usize {
  v128.store(text - 16, i64x2.splat(0));
  return text - ((aadLen + 15) & ~15);
}

/** The tag, under its mask. The aad stands where gcmAad said. */
function tagOf(key: usize, aadLen: usize, text: usize, len: usize, mask: v128): v128 {
  const from = text - ((aadLen + 15) & ~15);
  const lengths = text + ((len + 15) & ~15);
  v128.store(text + len, i64x2.splat(0));
  storeBe64(lengths, (aadLen as u64) << 3);
  storeBe64(lengths + 8, (len as u64) << 3);
  return xor(mask, ghash(key + AES_KEY_LEN, i64x2.splat(0), from, (lengths + 16 - from) >> 4));
}

/** Encrypts `len` bytes at `text` in place and writes the 16-byte tag to DIGEST. */
export function gcmSeal(key: usize, rounds: i32, nonce: v128, aadLen: usize, text: usize, len: usize): void {
  const counter = firstPass(TAG_COUNTER, len);
  const before = ((TAG_COUNTER - counter) as usize) << 4; // of the tag's mask, in the first pass
  keyStream(key, rounds, nonce, counter);
  const mask = v128.load(BLOCKS + before);
  xorKeyStream(key, rounds, nonce, counter, before + 16, text, len);
  v128.store(DIGEST, tagOf(key, aadLen, text, len, mask));
}

/** Decrypts `len` bytes at `text` in place if the tag at RECEIVED is theirs; otherwise returns false and leaves them. */
export function gcmOpen(key: usize, rounds: i32, nonce: v128, aadLen: usize, text: usize, len: usize): bool {
  const counter = firstPass(TAG_COUNTER, len);
  const before = ((TAG_COUNTER - counter) as usize) << 4;
  keyStream(key, rounds, nonce, counter);
  if (!equal(tagOf(key, aadLen, text, len, v128.load(BLOCKS + before)), v128.load(RECEIVED), 16))
    return false;
  xorKeyStream(key, rounds, nonce, counter, before + 16, text, len);
  return true;
}
