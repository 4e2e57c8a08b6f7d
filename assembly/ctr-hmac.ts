// AES-CTR with HMAC (RFC 9605 §4.5.1), in place on a frame in the window.
//
//   head room                                     text          tail room
//   ──────┬──────────┬─────────┬────┬───────┬────┬─────────────┬───────────────┐
//         │ len(aad) │ len(ct) │ Nt │ nonce │aad │ ciphertext  │ hash padding  │
//   ──────┴────8─────┴────8────┴─8──┴───12──┴────┴─────────────┴───────────────┘
//         └──────────────── auth_data, one contiguous message ─────────────────┘
//
// The key is enc_key (Nka bytes) ‖ auth_key (Nh bytes); HMAC's pad states are computed once per key.
// Timing: lengths are visible, and whether a tag was right; nothing else.

import { AES_KEY_LEN, expandKey } from './aes';
import { equal } from './ct';
import { keyStream, xorKeyStream } from './ctr';
import { digestLen, hmac, hmacKey } from './hmac';
import { DIGEST, RECEIVED, storeBe64 } from './memory';

// A key is round keys (AES_KEY_LEN), then the two HMAC states (64 each).

/** Lengths and nonce, before the aad. */
const PREFIX_LEN: usize = 36;
/** Data starts at counter 0: there is no J₀ here. */
const FIRST_COUNTER: u32 = 0;

/** `key` (Nk bytes: 16 + 32 or 32 + 64; secret) to `to`, AES_KEY_LEN + 128 bytes. */
export function ctrHmacKey(key: usize, rounds: i32, wide: bool, to: usize): void {
  expandKey(key, rounds, to);
  const keyLen = ((rounds - 6) as usize) << 2;
  hmacKey(wide, key + keyLen, digestLen(wide), to + AES_KEY_LEN);
}

/** Start of the aad for a text at `text`: it ends where the text begins. */
export function ctrHmacAad(text: usize, aadLen: usize): usize {
  return text - aadLen;
}

/** HMAC over auth_data to DIGEST. The aad stands where ctrHmacAad said. */
function authenticate(
  key: usize,
  wide: bool,
  tagLen: usize,
  nonce: v128,
  aadLen: usize,
  text: usize,
  len: usize,
): void {
  const message = text - aadLen - PREFIX_LEN;
  storeBe64(message, aadLen as u64);
  storeBe64(message + 8, len as u64);
  storeBe64(message + 16, tagLen as u64);
  store<u64>(message + 24, i64x2.extract_lane(nonce, 0));
  store<u32>(message + 32, i32x4.extract_lane(nonce, 2));
  hmac(wide, key + AES_KEY_LEN, message, PREFIX_LEN + aadLen + len, DIGEST);
}

/** Encrypts `len` bytes at `text` in place; the tag is the first `tagLen` bytes of DIGEST. */
export function ctrHmacSeal(
  key: usize,
  rounds: i32,
  wide: bool,
  tagLen: usize,
  nonce: v128,
  aadLen: usize,
  text: usize,
  len: usize,
): void {
  keyStream(key, rounds, nonce, FIRST_COUNTER);
  xorKeyStream(key, rounds, nonce, FIRST_COUNTER, 0, text, len);
  authenticate(key, wide, tagLen, nonce, aadLen, text, len);
}

/** Decrypts `len` bytes at `text` in place if the tag at RECEIVED is theirs; otherwise returns false and leaves them. */
export function ctrHmacOpen(
  key: usize,
  rounds: i32,
  wide: bool,
  tagLen: usize,
  nonce: v128,
  aadLen: usize,
  text: usize,
  len: usize,
): bool {
  authenticate(key, wide, tagLen, nonce, aadLen, text, len);
  if (!equal(v128.load(DIGEST), v128.load(RECEIVED), tagLen)) return false;
  keyStream(key, rounds, nonce, FIRST_COUNTER);
  xorKeyStream(key, rounds, nonce, FIRST_COUNTER, 0, text, len);
  return true;
}
