// GHASH (SP 800-38D §6.4) by nibble tables that live in vectors, several blocks to one reduction.
//
// A block X is a polynomial: byte 0 holds x⁰ (its top bit) to x⁷, byte 15 ends with x¹²⁷. Split X into bytes and
// those into nibbles. For a fixed power P of H, byte k of the product nibble·P is a function of four bits: a
// table of 16 bytes, looked up for 16 nibbles at once by one swizzle. Vector k of a product then holds, at lane
// j, what byte j of X gives to byte j + k of X·P; shifting vector k by k bytes and adding all 16 is the product,
// up to byte 30, which one reduction folds back. Vectors k of up to POWERS blocks add up before the shifting:
//     Y' = (Y + X₁)·Hᵐ + X₂·Hᵐ⁻¹ + … + Xₘ·H
//
// Timing: indices go to swizzle, never to an address; only the number of blocks is visible.

import { and, xor } from './ct';
import { loadBe64, MULTIPLES, storeBe64 } from './memory';

/** Blocks to one reduction. */
const POWERS: usize = 8;
/** Tables of one power: for each k the low and the high nibbles' vector. */
const TABLE_LEN: usize = 512;
/** All tables of a key, H to the POWERS first. */
export const GHASH_KEY_LEN: usize = POWERS * TABLE_LEN;

/** A window of 16 bytes at SHIFTS + 16 - k is the swizzle index that moves bytes up by k, zeros behind. */
const SHIFTS: usize = memory.data<u8>(
  [
    0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0, 1, 2,
    3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80,
    0x80, 0x80, 0x80, 0x80, 0x80, 0x80,
  ],
  16,
);

/** Byte j of the result is byte j - k of `x`: multiplication by x to the 8k, cut at 16 bytes. */
function moveUp(x: v128, k: usize): v128 {
  return i8x16.swizzle(x, v128.load(SHIFTS + 16 - k));
}

/** What moveUp cuts off: byte j of the result is byte j + 16 - k of `x`. */
function moveDown(x: v128, k: usize): v128 {
  return i8x16.swizzle(x, v128.load(SHIFTS + 32 - k));
}

/** Multiplication by x to the `bits` (1 to 7) of a polynomial whose byte 15 is zero. */
function multiplyByPower(x: v128, bits: i32): v128 {
  const within = and(i64x2.shr_u(x, bits), i8x16.splat((0xff >> bits) as i8));
  const across = and(i64x2.shl(moveUp(x, 1), 8 - bits), i8x16.splat((0xff << (8 - bits)) as i8));
  return v128.or(within, across);
}

/** Bit `b` of a nibble weighs H·x to the `exponent - b`: the table of byte `k` of the product. */
function nibbleTable(k: usize, exponent: usize): v128 {
  const byte = MULTIPLES + k + (exponent << 4);
  let t = and(i8x16.splat(load<i8>(byte)), i8x16(0, -1, 0, -1, 0, -1, 0, -1, 0, -1, 0, -1, 0, -1, 0, -1));
  t = xor(
    t,
    and(i8x16.splat(load<i8>(byte - 16)), i8x16(0, 0, -1, -1, 0, 0, -1, -1, 0, 0, -1, -1, 0, 0, -1, -1)),
  );
  t = xor(
    t,
    and(i8x16.splat(load<i8>(byte - 32)), i8x16(0, 0, 0, 0, -1, -1, -1, -1, 0, 0, 0, 0, -1, -1, -1, -1)),
  );
  return xor(
    t,
    and(i8x16.splat(load<i8>(byte - 48)), i8x16(0, 0, 0, 0, 0, 0, 0, 0, -1, -1, -1, -1, -1, -1, -1, -1)),
  );
}

/** The tables of the power at `p` (16 bytes, secret) to `table`. */
function makeTable(p: usize, table: usize): void {
  let high = loadBe64(p);
  let low = loadBe64(p + 8);
  for (let i: usize = 0; i < 8; ++i) {
    storeBe64(MULTIPLES + (i << 4), high);
    storeBe64(MULTIPLES + (i << 4) + 8, low);
    // times x: every coefficient moves one place on, x¹²⁸ becomes x⁷ + x² + x + 1
    const carry: u64 = 0 - (low & 1);
    low = (low >> 1) | (high << 63);
    high = (high >> 1) ^ (carry & 0xe100000000000000);
  }
  for (let k: usize = 0; k < 16; ++k) {
    v128.store(table + (k << 5), nibbleTable(k, 7));
    v128.store(table + (k << 5) + 16, nibbleTable(k, 3));
  }
}

/** Tables for the hash key at `h` (16 bytes, secret; overwritten) to `tables`, GHASH_KEY_LEN bytes. */
export function makeGhashKey(h: usize, tables: usize): void {
  const first = tables + GHASH_KEY_LEN - TABLE_LEN;
  makeTable(h, first);
  for (let table = first - TABLE_LEN; table >= tables; table -= TABLE_LEN) {
    v128.store(h, ghash(tables, v128.load(h), ZERO_BLOCK, 1));
    makeTable(h, table);
  }
}
const ZERO_BLOCK: usize = memory.data(16, 16);

/** GHASH from the state `y` over `blocks` whole blocks at `p`. */
export function ghash(tables: usize, y: v128, p: usize, blocks: usize): v128 {
  const nibble = i8x16.splat(0x0f);
  while (blocks > 0) {
    let table = tables;
    let end = p + (POWERS << 4);
    if (blocks < POWERS) {
      table += (POWERS - blocks) * TABLE_LEN;
      end = p + (blocks << 4);
    }
    let low = i8x16.splat(0); // bytes 0 to 15 of the sum
    let high = i8x16.splat(0); // bytes 16 to 30
    // Vectors 0 to 7, then 8 to 15: as many sums as stay in registers.
    for (let half: usize = 0; half < 16; half += 8) {
      let a0 = i8x16.splat(0);
      let a1 = a0;
      let a2 = a0;
      let a3 = a0;
      let a4 = a0;
      let a5 = a0;
      let a6 = a0;
      let a7 = a0;
      let t = table + (half << 5);
      let q = p;
      let first = y; // joins the first block only
      while (q < end) {
        const x = xor(first, v128.load(q));
        const lo = and(x, nibble);
        const hi = and(i64x2.shr_u(x, 4), nibble);
        a0 = xor(a0, xor(i8x16.swizzle(v128.load(t, 0), lo), i8x16.swizzle(v128.load(t, 16), hi)));
        a1 = xor(a1, xor(i8x16.swizzle(v128.load(t, 32), lo), i8x16.swizzle(v128.load(t, 48), hi)));
        a2 = xor(a2, xor(i8x16.swizzle(v128.load(t, 64), lo), i8x16.swizzle(v128.load(t, 80), hi)));
        a3 = xor(a3, xor(i8x16.swizzle(v128.load(t, 96), lo), i8x16.swizzle(v128.load(t, 112), hi)));
        a4 = xor(a4, xor(i8x16.swizzle(v128.load(t, 128), lo), i8x16.swizzle(v128.load(t, 144), hi)));
        a5 = xor(a5, xor(i8x16.swizzle(v128.load(t, 160), lo), i8x16.swizzle(v128.load(t, 176), hi)));
        a6 = xor(a6, xor(i8x16.swizzle(v128.load(t, 192), lo), i8x16.swizzle(v128.load(t, 208), hi)));
        a7 = xor(a7, xor(i8x16.swizzle(v128.load(t, 224), lo), i8x16.swizzle(v128.load(t, 240), hi)));
        first = i8x16.splat(0);
        t += TABLE_LEN;
        q += 16;
      }
      low = xor(low, xor(moveUp(a0, half), moveUp(a1, half + 1)));
      low = xor(low, xor(moveUp(a2, half + 2), moveUp(a3, half + 3)));
      low = xor(low, xor(moveUp(a4, half + 4), moveUp(a5, half + 5)));
      low = xor(low, xor(moveUp(a6, half + 6), moveUp(a7, half + 7)));
      high = xor(high, xor(moveDown(a0, half), moveDown(a1, half + 1)));
      high = xor(high, xor(moveDown(a2, half + 2), moveDown(a3, half + 3)));
      high = xor(high, xor(moveDown(a4, half + 4), moveDown(a5, half + 5)));
      high = xor(high, xor(moveDown(a6, half + 6), moveDown(a7, half + 7)));
    }
    // x¹²⁸ = x⁷ + x² + x + 1; byte 15 of `high` is zero, so nothing is carried a second time
    y = xor(
      xor(low, high),
      xor(xor(multiplyByPower(high, 1), multiplyByPower(high, 2)), multiplyByPower(high, 7)),
    );
    blocks -= (end - p) >> 4;
    p = end;
  }
  return y;
}
