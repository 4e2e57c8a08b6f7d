// SHA-256 (FIPS 180-4) on whole blocks of 64 bytes. Padding is hmac.ts's: both hashes share it.
//
// The message schedule is made four words at a time in vectors, with the round constants added already; the rounds
// themselves depend on each other word by word.
//
// Timing: addition, rotation and logic on words; only the number of blocks is visible.

import { xor } from './ct';
import { SCHEDULE } from './memory';

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

/** Four big-endian words. */
function loadWords(p: usize): v128 {
  return i8x16.swizzle(v128.load(p), i8x16(3, 2, 1, 0, 7, 6, 5, 4, 11, 10, 9, 8, 15, 14, 13, 12));
}

function rotateRight(x: v128, bits: i32): v128 {
  return v128.or(i32x4.shr_u(x, bits), i32x4.shl(x, 32 - bits));
}

function sigma0(x: v128): v128 {
  return xor(xor(rotateRight(x, 7), rotateRight(x, 18)), i32x4.shr_u(x, 3));
}

function sigma1(x: v128): v128 {
  return xor(xor(rotateRight(x, 17), rotateRight(x, 19)), i32x4.shr_u(x, 10));
}

/** W + K for all 64 rounds of the block at `p` to SCHEDULE. */
function makeSchedule(p: usize): void {
  const zero = i32x4.splat(0);
  let w0 = loadWords(p);
  let w1 = loadWords(p + 16);
  let w2 = loadWords(p + 32);
  let w3 = loadWords(p + 48);
  for (let t: usize = 0; t < 192; t += 16) {
    v128.store(SCHEDULE + t, i32x4.add(w0, v128.load(K + t)));
    // W[t] = σ₁(W[t-2]) + W[t-7] + σ₀(W[t-15]) + W[t-16], where the upper two words need the lower two
    const w15 = v128.shuffle<u32>(w0, w1, 1, 2, 3, 4);
    const w7 = v128.shuffle<u32>(w2, w3, 1, 2, 3, 4);
    let next = i32x4.add(i32x4.add(w0, w7), sigma0(w15));
    next = i32x4.add(next, sigma1(v128.shuffle<u32>(w3, zero, 2, 3, 4, 5)));
    next = i32x4.add(next, sigma1(v128.shuffle<u32>(zero, next, 2, 3, 4, 5)));
    w0 = w1;
    w1 = w2;
    w2 = w3;
    w3 = next;
  }
  v128.store(SCHEDULE, i32x4.add(w0, v128.load(K, 192)), 192);
  v128.store(SCHEDULE, i32x4.add(w1, v128.load(K, 208)), 208);
  v128.store(SCHEDULE, i32x4.add(w2, v128.load(K, 224)), 224);
  v128.store(SCHEDULE, i32x4.add(w3, v128.load(K, 240)), 240);
}

/** T₁ without h, for the round whose W + K stands at `w`. */
function first(e: u32, f: u32, g: u32, w: usize): u32 {
  const choice = g ^ (e & (f ^ g));
  return (rotr(e, 6) ^ rotr(e, 11) ^ rotr(e, 25)) + choice + load<u32>(w);
}

/** T₂. The majority of a, b, c is b where a and b or b and c agree: `turns` is (a ^ b) & (b ^ c). */
function second(a: u32, b: u32, turns: u32): u32 {
  return (rotr(a, 2) ^ rotr(a, 13) ^ rotr(a, 22)) + (b ^ turns);
}

/** The initial hash value to `state` (32 bytes, words in machine order). */
export function sha256Start(state: usize): void {
  v128.store(state, v128.load(START));
  v128.store(state, v128.load(START, 16), 16);
}

/** Absorbs `blocks` blocks at `p`. */
export function sha256Blocks(state: usize, p: usize, blocks: usize): void {
  for (; blocks > 0; --blocks, p += 64) {
    makeSchedule(p);
    let a = load<u32>(state, 0);
    let b = load<u32>(state, 4);
    let c = load<u32>(state, 8);
    let d = load<u32>(state, 12);
    let e = load<u32>(state, 16);
    let f = load<u32>(state, 20);
    let g = load<u32>(state, 24);
    let h = load<u32>(state, 28);
    let x: u32;
    let y: u32 = b ^ c;
    // Eight rounds to a turn: instead of moving a to b, b to c and so on, the names move. What is a ^ b in one round
    // is b ^ c in the next.
    for (let w = SCHEDULE; w < SCHEDULE + 256; w += 32) {
      (h += first(e, f, g, w)), (d += h), (x = a ^ b), (h += second(a, b, x & y));
      (g += first(d, e, f, w + 4)), (c += g), (y = h ^ a), (g += second(h, a, x & y));
      (f += first(c, d, e, w + 8)), (b += f), (x = g ^ h), (f += second(g, h, x & y));
      (e += first(b, c, d, w + 12)), (a += e), (y = f ^ g), (e += second(f, g, x & y));
      (d += first(a, b, c, w + 16)), (h += d), (x = e ^ f), (d += second(e, f, x & y));
      (c += first(h, a, b, w + 20)), (g += c), (y = d ^ e), (c += second(d, e, x & y));
      (b += first(g, h, a, w + 24)), (f += b), (x = c ^ d), (b += second(c, d, x & y));
      (a += first(f, g, h, w + 28)), (e += a), (y = b ^ c), (a += second(b, c, x & y));
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
