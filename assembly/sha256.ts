// SHA-256 (FIPS 180-4) on whole blocks of 64 bytes. Padding is hmac.ts's: both hashes share it.
//
// Timing: addition, rotation and logic on words; only the number of blocks is visible.

import { loadBe32, SCHEDULE } from './memory';

/** Fractional parts of the cube roots of the first 64 primes (§4.2.2). */
const K: usize = memory.data<u32>(
  [
    0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
    0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
    0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
    0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
    0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
    0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
    0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
    0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2,
  ],
  16,
);

/** Fractional parts of the square roots of the first eight primes (§5.3.3). */
const START: usize = memory.data<u32>(
  [0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19],
  16,
);

function sigma0(x: u32): u32 {
  return rotr(x, 7) ^ rotr(x, 18) ^ (x >> 3);
}

function sigma1(x: u32): u32 {
  return rotr(x, 17) ^ rotr(x, 19) ^ (x >> 10);
}

/** T₁ without h, for the round whose word stands `at` bytes behind `t`. */
function first(e: u32, f: u32, g: u32, t: usize, at: usize): u32 {
  const choice = g ^ (e & (f ^ g));
  return (
    (rotr(e, 6) ^ rotr(e, 11) ^ rotr(e, 25)) + choice + load<u32>(K + t + at) + load<u32>(SCHEDULE + t + at)
  );
}

/** T₂. */
function second(a: u32, b: u32, c: u32): u32 {
  const majority = (a & b) | (c & (a | b));
  return (rotr(a, 2) ^ rotr(a, 13) ^ rotr(a, 22)) + majority;
}

/** The initial hash value to `state` (32 bytes, words in machine order). */
export function sha256Start(state: usize): void {
  memory.copy(state, START, 32);
}

/** Absorbs `blocks` blocks at `p`. */
export function sha256Blocks(state: usize, p: usize, blocks: usize): void {
  for (; blocks > 0; --blocks, p += 64) {
    for (let t: usize = 0; t < 64; t += 4) store<u32>(SCHEDULE + t, loadBe32(p + t));
    for (let t: usize = 64; t < 256; t += 4) {
      const w = SCHEDULE + t;
      const recent = sigma1(load<u32>(w - 8)) + load<u32>(w - 28);
      store<u32>(w, recent + sigma0(load<u32>(w - 60)) + load<u32>(w - 64));
    }
    let a = load<u32>(state, 0);
    let b = load<u32>(state, 4);
    let c = load<u32>(state, 8);
    let d = load<u32>(state, 12);
    let e = load<u32>(state, 16);
    let f = load<u32>(state, 20);
    let g = load<u32>(state, 24);
    let h = load<u32>(state, 28);
    // Eight rounds to a turn: instead of moving a to b, b to c and so on, the names move.
    for (let t: usize = 0; t < 256; t += 32) {
      (h += first(e, f, g, t, 0)), (d += h), (h += second(a, b, c));
      (g += first(d, e, f, t, 4)), (c += g), (g += second(h, a, b));
      (f += first(c, d, e, t, 8)), (b += f), (f += second(g, h, a));
      (e += first(b, c, d, t, 12)), (a += e), (e += second(f, g, h));
      (d += first(a, b, c, t, 16)), (h += d), (d += second(e, f, g));
      (c += first(h, a, b, t, 20)), (g += c), (c += second(d, e, f));
      (b += first(g, h, a, t, 24)), (f += b), (b += second(c, d, e));
      (a += first(f, g, h, t, 28)), (e += a), (a += second(b, c, d));
    }
    store<u32>(state, load<u32>(state, 0) + a, 0);
    store<u32>(state, load<u32>(state, 4) + b, 4);
    store<u32>(state, load<u32>(state, 8) + c, 8);
    store<u32>(state, load<u32>(state, 12) + d, 12);
    store<u32>(state, load<u32>(state, 16) + e, 16);
    store<u32>(state, load<u32>(state, 20) + f, 20);
    store<u32>(state, load<u32>(state, 24) + g, 24);
    store<u32>(state, load<u32>(state, 28) + h, 28);
  }
}
