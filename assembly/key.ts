// A key slot: what one (base_key, KID) is expanded to (RFC 9605 §4.4.2), and frames under it (§4.4.3, §4.4.4).
//
//   0          12   16     20        24     32                             SLOT_LEN
//   ├──────────┼────┼──────┼─────────┼──────┼────────────────────────────────┤
//   │ salt, Nn │ 0  │suite │ spare   │ KID  │ AEAD key: gcm.ts, ctr-hmac.ts   │
//   └──────────┴────┴──────┴─────────┴──────┴────────────────────────────────┘
//
// sframe_key and sframe_salt are derived here and never leave: a slot is only read by seal and open.
// Timing: suite, KID, CTR and lengths are visible; keys, salt and text are not.

import { and, firstBytes, xor } from './ct';
import { ctrHmacAad, ctrHmacKey, ctrHmacOpen, ctrHmacSeal } from './ctr-hmac';
import { GCM_KEY_LEN, gcmAad, gcmKey, gcmOpen, gcmSeal } from './gcm';
import { readHeader, writeHeader } from './header';
import { expand, extract } from './hkdf';
import { digestLen, hmacKey } from './hmac';
import {
  copyShort,
  DIGEST,
  FRAME_SCRATCH_LEN,
  HASH_SCRATCH_LEN,
  HEADER,
  INFO,
  NONCE,
  OKM,
  PARSED,
  PRK_STATES,
  RECEIVED,
  SCRATCH_LEN,
  storeBe64,
  TAIL_ROOM,
  wipe,
  wipeScratch,
} from './memory';

const SUITE: usize = 16;
const KID: usize = 24;
const AEAD_KEY: usize = 32;
/** GCM's is the longer of the two AEAD keys; rounded up to cache lines. */
export const SLOT_LEN: usize = (AEAD_KEY + GCM_KEY_LEN + 63) & ~63;

// By suite: AES rounds, Nk, Nt, and flags. Row 0 stands for no suite.
const WIDE: u8 = 1; // SHA-512 instead of SHA-256
const GCM: u8 = 2; // GCM instead of CTR and HMAC
// biome-ignore format: one suite a line
const SUITES: usize = memory.data<u8>([
  0, 0, 0, 0,
  10, 48, 10, 0, // AES_128_CTR_HMAC_SHA256_80
  10, 48, 8, 0, // AES_128_CTR_HMAC_SHA256_64
  10, 48, 4, 0, // AES_128_CTR_HMAC_SHA256_32
  10, 16, 16, 2, // AES_128_GCM_SHA256_128
  14, 32, 16, 3, // AES_256_GCM_SHA512_128
  14, 96, 10, 1, // AES_256_CTR_HMAC_SHA512_80
  14, 96, 8, 1, // AES_256_CTR_HMAC_SHA512_64
  14, 96, 4, 1, // AES_256_CTR_HMAC_SHA512_32
]);

function roundsOf(suite: usize): i32 {
  return load<u8>(SUITES + (suite << 2), 0);
}

function keyLenOf(suite: usize): usize {
  return load<u8>(SUITES + (suite << 2), 1);
}

function tagLenOf(suite: usize): usize {
  return load<u8>(SUITES + (suite << 2), 2);
}

function isWide(suite: usize): bool {
  return (load<u8>(SUITES + (suite << 2), 3) & WIDE) != 0;
}

function isGcm(suite: usize): bool {
  return (load<u8>(SUITES + (suite << 2), 3) & GCM) != 0;
}

// Labels, each in front of u64be(KID) ‖ u16be(suite)
const KEY_LABEL_LEN: usize = 22;
const KEY_LABEL: usize = memory.data<u8>([
  0x53, 0x46, 0x72, 0x61, 0x6d, 0x65, 0x20, 0x31, 0x2e, 0x30, 0x20, 0x53, 0x65, 0x63, 0x72, 0x65, 0x74, 0x20,
  0x6b, 0x65, 0x79, 0x20,
]); // "SFrame 1.0 Secret key "
const SALT_LABEL_LEN: usize = 23;
const SALT_LABEL: usize = memory.data<u8>([
  0x53, 0x46, 0x72, 0x61, 0x6d, 0x65, 0x20, 0x31, 0x2e, 0x30, 0x20, 0x53, 0x65, 0x63, 0x72, 0x65, 0x74, 0x20,
  0x73, 0x61, 0x6c, 0x74, 0x20,
]); // "SFrame 1.0 Secret salt "
const ID_LABEL_LEN: usize = 18;
const ID_LABEL: usize = memory.data<u8>([
  0x73, 0x66, 0x72, 0x61, 0x6d, 0x65, 0x2d, 0x77, 0x61, 0x73, 0x6d, 0x20, 0x6b, 0x65, 0x79, 0x20, 0x69, 0x64,
]); // "sframe-wasm key id"

const RATCHET_LABEL_LEN: usize = 18;
const RATCHET_LABEL: usize = memory.data<u8>([
  0x53, 0x46, 0x72, 0x61, 0x6d, 0x65, 0x20, 0x31, 0x2e, 0x30, 0x20, 0x52, 0x61, 0x74, 0x63, 0x68, 0x65, 0x74,
]); // "SFrame 1.0 Ratchet"

/** Length of the fingerprint that deriveKey leaves. */
const FINGERPRINT_LEN: usize = 16;

/** `okmLen` bytes to OKM for the label, KID and suite; PRK_STATES is the PRK. */
function expandLabel(label: usize, labelLen: usize, kid: u64, suite: usize, okmLen: usize): void {
  copyShort(INFO, label, labelLen);
  storeBe64(INFO + labelLen, kid);
  store<u16>(INFO + labelLen + 8, bswap(suite as u16));
  expand(isWide(suite), PRK_STATES, labelLen + 10, OKM, okmLen);
}

/**
 * derive_key_salt (§4.4.2): fills `slot` from the base_key of `len` bytes at `baseKey`, which is overwritten by a
 * fingerprint of 16 bytes: HKDF-Expand(PRK, "sframe-wasm key id" ‖ u64be(KID) ‖ u16be(suite), 16). It tells keys
 * apart and nothing else. The rest of base_key is zeroed. TAIL_ROOM bytes are free behind it.
 */
export function deriveKey(slot: usize, suite: usize, kid: u64, baseKey: usize, len: usize): void {
  const wide = isWide(suite);
  const rounds = roundsOf(suite);
  extractBaseKey(wide, baseKey, len);

  store<u32>(slot + SUITE, suite as u32);
  store<u64>(slot + KID, kid);
  expandLabel(SALT_LABEL, SALT_LABEL_LEN, kid, suite, 12);
  copyShort(slot, OKM, 12);
  expandLabel(ID_LABEL, ID_LABEL_LEN, kid, suite, FINGERPRINT_LEN);
  copyShort(baseKey, OKM, FINGERPRINT_LEN);
  expandLabel(KEY_LABEL, KEY_LABEL_LEN, kid, suite, keyLenOf(suite));
  expandAead(slot, suite, OKM);
  wipeScratch(SCRATCH_LEN);
}

/** PRK_STATES from the base_key, which is zeroed; TAIL_ROOM bytes are free behind it. */
function extractBaseKey(wide: bool, baseKey: usize, len: usize): void {
  extract(wide, baseKey, len, DIGEST, PRK_STATES);
  wipe(baseKey, len + TAIL_ROOM);
  hmacKey(wide, DIGEST, digestLen(wide), PRK_STATES);
}

/** The slot's AEAD key from sframe_key at `key`. */
function expandAead(slot: usize, suite: usize, key: usize): void {
  if (isGcm(suite)) gcmKey(key, roundsOf(suite), slot + AEAD_KEY);
  else ctrHmacKey(key, roundsOf(suite), isWide(suite), slot + AEAD_KEY);
}

/** Fills `slot` from sframe_key ‖ sframe_salt at `derived`, Nk and 12 bytes, which are zeroed. */
export function importKey(slot: usize, suite: usize, kid: u64, derived: usize): void {
  const keyLen = keyLenOf(suite);
  store<u32>(slot + SUITE, suite as u32);
  store<u64>(slot + KID, kid);
  copyShort(slot, derived + keyLen, 12);
  expandAead(slot, suite, derived);
  wipe(derived, keyLen + 12);
  wipeScratch(SCRATCH_LEN);
}

/**
 * One ratchet step (§5.1): the base_key of `len` bytes at `baseKey` is overwritten by the next one, whose length, Nh, is
 * returned: HKDF-Expand(HKDF-Extract("", base_key), "SFrame 1.0 Ratchet", Nh). TAIL_ROOM bytes are free behind it.
 */
export function ratchet(suite: usize, baseKey: usize, len: usize): usize {
  const wide = isWide(suite);
  const nextLen = digestLen(wide);
  extractBaseKey(wide, baseKey, len);
  copyShort(INFO, RATCHET_LABEL, RATCHET_LABEL_LEN);
  expand(wide, PRK_STATES, RATCHET_LABEL_LEN, OKM, nextLen);
  copyShort(baseKey, OKM, nextLen);
  wipeScratch(SCRATCH_LEN);
  return nextLen;
}

/** nonce = sframe_salt XOR u96be(CTR) (§4.4.3, erratum 8321), with zeros where the block counter goes. */
function nonceOf(slot: usize, ctr: u64): v128 {
  v128.store(NONCE, i64x2.splat(0));
  storeBe64(NONCE + 4, ctr);
  return xor(v128.load(slot), v128.load(NONCE));
}

/** How much of SCRATCH a frame has used. Arithmetic, so that the binary stays free of `select`. */
function frameScratchLen(gcm: bool): usize {
  return HASH_SCRATCH_LEN - (gcm as usize) * (HASH_SCRATCH_LEN - FRAME_SCRATCH_LEN);
}

/** Lays header ‖ metadata out before the text as the suite's AEAD wants it; the header stands at HEADER. */
function placeAad(gcm: bool, headerLen: usize, metadata: usize, metadataLen: usize, text: usize): void {
  const aadLen = headerLen + metadataLen;
  const aad = gcm ? gcmAad(text, aadLen) : ctrHmacAad(text, aadLen);
  copyShort(aad, HEADER, headerLen);
  if (metadataLen > 0) memory.copy(aad + headerLen, metadata, metadataLen);
}

/**
 * Encrypts the `len` bytes at `text` into a frame that ends Nt bytes behind them, and returns the length of the
 * header, which is written just before them (§4.4.3). HEAD_ROOM + metadataLen bytes are free before the text and
 * TAIL_ROOM behind it; `metadata` lies elsewhere and is kept. CTR comes in halves: a u64 would cost the host a BigInt.
 */
export function seal(
  slot: usize,
  ctrHigh: u32,
  ctrLow: u32,
  metadata: usize,
  metadataLen: usize,
  text: usize,
  len: usize,
): usize {
  const ctr = ((ctrHigh as u64) << 32) | ctrLow;
  const suite: usize = load<u32>(slot + SUITE);
  const rounds = roundsOf(suite);
  const tagLen = tagLenOf(suite);
  const gcm = isGcm(suite);
  const nonce = nonceOf(slot, ctr);
  const headerLen = writeHeader(HEADER, load<u64>(slot + KID), ctr);
  const aadLen = headerLen + metadataLen;
  placeAad(gcm, headerLen, metadata, metadataLen, text);
  if (gcm) gcmSeal(slot + AEAD_KEY, rounds, nonce, aadLen, text, len);
  else ctrHmacSeal(slot + AEAD_KEY, rounds, isWide(suite), tagLen, nonce, aadLen, text, len);
  copyShort(text - headerLen, HEADER, headerLen);
  v128.store(text + len, and(v128.load(DIGEST), firstBytes(tagLen)));
  wipeScratch(frameScratchLen(gcm));
  return headerLen;
}

/** Reads the header of the frame of `len` bytes at `frame` to PARSED; returns its length, 0 if malformed. */
export function parse(frame: usize, len: usize): usize {
  return readHeader(frame, len);
}

/**
 * Decrypts in place the frame of `len` bytes at `frame` that parse has just read, under the slot of its KID
 * (§4.4.4). True: the text stands behind the header, Nt bytes before the end. False: no byte of it was decrypted.
 * Room and metadata as for seal. `len` is at least the header and Nt.
 */
export function open(
  slot: usize,
  headerLen: usize,
  metadata: usize,
  metadataLen: usize,
  frame: usize,
  len: usize,
): bool {
  const suite: usize = load<u32>(slot + SUITE);
  const rounds = roundsOf(suite);
  const tagLen = tagLenOf(suite);
  const gcm = isGcm(suite);
  const nonce = nonceOf(slot, load<u64>(PARSED, 8));
  const text = frame + headerLen;
  const textLen = len - headerLen - tagLen;
  const aadLen = headerLen + metadataLen;
  copyShort(HEADER, frame, headerLen);
  v128.store(RECEIVED, and(v128.load(text + textLen), firstBytes(tagLen)));
  placeAad(gcm, headerLen, metadata, metadataLen, text);
  const opened = gcm
    ? gcmOpen(slot + AEAD_KEY, rounds, nonce, aadLen, text, textLen)
    : ctrHmacOpen(slot + AEAD_KEY, rounds, isWide(suite), tagLen, nonce, aadLen, text, textLen);
  wipeScratch(frameScratchLen(gcm));
  return opened;
}
