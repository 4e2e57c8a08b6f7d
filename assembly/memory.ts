// The map of linear memory, wiping, and big-endian access. All sizes are bytes.
//
//   0 ─────────┬─────────┬───────────────────────────┬──────────────────────────────────────────┐
//   constants  │ SCRATCH │ key slots, SLOT_LEN each  │ I/O window                               │
//   ───────────┴─────────┴───────────────────────────┴──────────────────────────────────────────┘
//
// The host owns everything after SCRATCH: it grows the memory, hands out slots and places frames in the
// window. Nothing here allocates. A frame in the window needs HEAD_ROOM + metadata before its text, where the
// kernels lay out what is authenticated, and TAIL_ROOM behind it, for tag and padding (see gcm.ts, ctr-hmac.ts).

/** Free bytes before a frame, besides the length of its metadata. */
export const HEAD_ROOM: usize = 64;
/** Free bytes behind a frame's text: SHA-512 padding is at most 144 long. */
export const TAIL_ROOM: usize = 160;

// SCRATCH: secret while a kernel runs, zero between calls. It is wiped from its start, so what every frame uses comes
// first, then what hashing uses, then what only keys use.
const SCRATCH: usize = memory.data(2192, 64);
/** 128: eight blocks of AES state or key stream. */
export const BLOCKS: usize = SCRATCH;
/** 16: a nonce in the making. */
export const NONCE: usize = SCRATCH + 128;
/** 32: the header of the frame at hand. */
export const HEADER: usize = SCRATCH + 144;
/** 16: a tag as received, zeros behind it. */
export const RECEIVED: usize = SCRATCH + 176;
/** 64: a running hash; afterwards its digest, or a tag. */
export const DIGEST: usize = SCRATCH + 192;
/** What AES-GCM leaves of a frame. */
export const FRAME_SCRATCH_LEN: usize = 256;
/** 640: the message schedule of SHA-256 or SHA-512. */
export const SCHEDULE: usize = SCRATCH + 256;
/** 384: HMAC's key block, and its outer message, with padding. */
export const PAD: usize = SCRATCH + 896;
/** What AES-CTR with HMAC leaves of a frame. */
export const HASH_SCRATCH_LEN: usize = 1280;
/** 64 + 64: the PRK as HMAC states, after the inner and the outer pad. */
export const PRK_STATES: usize = SCRATCH + 1280;
/** 64 + 208: T(i-1) ends at INFO; info and the counter byte follow, then padding. */
export const INFO: usize = SCRATCH + 1472;
/** 128: HKDF output. */
export const OKM: usize = SCRATCH + 1680;
/** 128: H·x⁰ … H·x⁷ while GHASH tables are made. */
export const MULTIPLES: usize = SCRATCH + 1808;
/** 256: AES round keys as words. */
export const ROUND_KEYS: usize = SCRATCH + 1936;
/** What deriving a key leaves. */
export const SCRATCH_LEN: usize = 2192;

/** What counters of one run share (counter-run.ts); wiped there. */
export const RUN_LEN: usize = 512;
export const RUN: usize = memory.data(RUN_LEN as i32, 64);
/** 16: KID and CTR of the last header parsed, little-endian u64 each. Public. */
export const PARSED: usize = memory.data(16, 16);

/** Where the first key slot begins. */
export function slotsBase(): usize {
  return (__heap_base + 63) & ~63;
}

/** Zeroes `len` bytes at `p`. */
export function wipe(p: usize, len: usize): void {
  memory.fill(p, 0, len);
}

/** Zeroes from `p` to `end`, and up to 15 bytes more. For short runs, where a bulk fill costs more than it fills. */
export function wipeShort(p: usize, end: usize): void {
  for (; p < end; p += 16) v128.store(p, i64x2.splat(0));
}

/** Zeroes the first `len` bytes of SCRATCH, a multiple of 16. Ends every exported call that touched a secret. */
export function wipeScratch(len: usize): void {
  wipeShort(SCRATCH, SCRATCH + len);
}

/** Copies 64 bytes: a hash state, or the longest digest. */
export function copy64(to: usize, from: usize): void {
  v128.store(to, v128.load(from, 0), 0);
  v128.store(to, v128.load(from, 16), 16);
  v128.store(to, v128.load(from, 32), 32);
  v128.store(to, v128.load(from, 48), 48);
}

/** Copies a few bytes, one at a time, forwards. For headers and tags, where a bulk copy costs more than it moves. */
export function copyShort(to: usize, from: usize, len: usize): void {
  for (let i: usize = 0; i < len; ++i) store<u8>(to + i, load<u8>(from + i));
}

export function loadBe32(p: usize): u32 {
  return bswap(load<u32>(p));
}

export function loadBe64(p: usize): u64 {
  return bswap(load<u64>(p));
}

export function storeBe32(p: usize, x: u32): void {
  store<u32>(p, bswap(x));
}

export function storeBe64(p: usize, x: u64): void {
  store<u64>(p, bswap(x));
}
