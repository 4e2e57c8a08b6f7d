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

// SCRATCH, secret while a kernel runs and zero between calls (wipeScratch), PARSED apart:
const SCRATCH: usize = memory.data(1536, 64);
/** 128: eight blocks of AES state or key stream. */
export const BLOCKS: usize = SCRATCH;
/** 128: H·x⁰ … H·x⁷ while GHASH tables are made. */
export const MULTIPLES: usize = SCRATCH + 128;
/** 256: AES round keys as words. */
export const ROUND_KEYS: usize = SCRATCH + 256;
/** 16: the nonce and a zero counter. */
export const NONCE: usize = SCRATCH + 512;
/** 32: the header of the frame at hand. */
export const HEADER: usize = SCRATCH + 528;
/** 16: a tag as received, zero-padded. */
export const RECEIVED: usize = SCRATCH + 560;
/** 64: a running hash; afterwards its digest, a tag or a PRK's first block. */
export const DIGEST: usize = SCRATCH + 576;
/** 64 + 64: HMAC states after the inner and the outer pad. */
export const PRK_STATES: usize = SCRATCH + 640;
/** 256: HKDF message: T(i-1) ends at INFO, info and the counter byte follow, then padding. */
const MESSAGE: usize = SCRATCH + 768;
export const INFO: usize = MESSAGE + 64;
/** 128: HKDF output. */
export const OKM: usize = SCRATCH + 1024;
/** 384: HMAC key block and the outer message in their turn, each with padding. */
export const PAD: usize = SCRATCH + 1152;
const SCRATCH_LEN: usize = 1536;

/** 640: the message schedule of SHA-256 or SHA-512. */
export const SCHEDULE: usize = memory.data(640, 64);
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

/** Zeroes what kernels leave behind. Ends every exported call that touched a secret. */
export function wipeScratch(): void {
  wipe(SCRATCH, SCRATCH_LEN);
  wipe(SCHEDULE, 640);
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
