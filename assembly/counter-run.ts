// Two rounds shared by counters: in counter mode 256 successive blocks differ in one byte of their input, the last.
//
// After round 1 they differ in one column, after round 2 in one byte of each column before it is mixed. So of 256
// blocks only 256 + 4·256 bytes need the S-box where 256·32 would, and what is left of both rounds is linear:
//
//     t(c) = S(c + k)                    the byte at row 3, column 3, which ShiftRows moves to column 0
//     u_r(c) = K_r + m·t(c)              column 0 after round 1; m = 1, 1, 3, 2 for rows r = 0 … 3
//     s_r(c) = S(u_r(c))                 moved by ShiftRows to column -r
//     state(c) = C + MixColumns(s(c))    after round 2, without its round key
//
// S is the S-box without its constant, as everywhere here (aes.ts). Everything stands in planes: a lane is a byte
// position, its eight bits are eight counters. Timing: as the cipher; only the counter is visible.

import {
  cipherPlanes,
  fillPlanes,
  nextRow,
  nextRowButOne,
  PLANES_LEN,
  substitutePlanes,
  transposeBits,
  transposeState,
} from './aes';
import { and, xor } from './ct';
import { BLOCKS, RUN, RUN_LEN, wipeShort } from './memory';

/** C of the run. */
const C: usize = RUN;
/** K of the run: row r of every column is K_r. */
const K: usize = RUN + 128;
/** t for 128 counters: lane p is counters 8p … 8p + 7 of them. */
const T: usize = RUN + 256;
/** s for 32 counters: lane SUBSTITUTED[4r + g] is row r of counters 8g … 8g + 7 of them. */
const S: usize = RUN + 384;

/**
 * Where substitutePlanes puts lane q: SUBSTITUTED[q]. As a vector also the lanes to fill so that what comes out is
 * in order: lane q is given what belongs to SUBSTITUTED[q].
 */
function substituted(): v128 {
  return i8x16(0, 4, 8, 12, 13, 1, 5, 9, 10, 14, 2, 6, 7, 11, 15, 3);
}

/** The state in each of eight equal blocks of planes: the inverse of fillPlanes. */
function bytesOf(planes: usize): v128 {
  let bytes = i8x16.splat(0);
  for (let bit = 0; bit < 8; ++bit) {
    const bitMask: i32 = 1 << bit;
    bytes = xor(bytes, and(v128.load(planes + ((bit as usize) << 4)), i8x16.splat(bitMask as i8)));
  }
  return bytes;
}

/** SubBytes and ShiftRows on one state, row by row. */
function substituteState(x: v128): v128 {
  fillPlanes(BLOCKS, x);
  substitutePlanes();
  return transposeState(bytesOf(BLOCKS));
}

/** MixColumns on one state, row by row. */
function mixColumns(x: v128): v128 {
  const next = nextRow(x);
  const sum = xor(x, next);
  const reduction = and(i8x16.lt_s(sum, i8x16.splat(0)), i8x16.splat(0x1b));
  return xor(xor(i8x16.add(sum, sum), reduction), xor(next, nextRowButOne(sum)));
}

/**
 * to = constants + one·x + two·2x, where x is the lanes of `from` that `select` names, and `one` and `two` are masks
 * of lanes. Doubling moves bit 7 into bits 0, 1, 3 and 4, and the others up.
 */
function combine(to: usize, constants: usize, from: usize, select: v128, one: v128, two: v128): void {
  const x0 = i8x16.swizzle(v128.load(from, 0), select);
  const x1 = i8x16.swizzle(v128.load(from, 16), select);
  const x2 = i8x16.swizzle(v128.load(from, 32), select);
  const x3 = i8x16.swizzle(v128.load(from, 48), select);
  const x4 = i8x16.swizzle(v128.load(from, 64), select);
  const x5 = i8x16.swizzle(v128.load(from, 80), select);
  const x6 = i8x16.swizzle(v128.load(from, 96), select);
  const x7 = i8x16.swizzle(v128.load(from, 112), select);
  v128.store(to, xor(v128.load(constants, 0), xor(and(x0, one), and(x7, two))), 0);
  v128.store(to, xor(v128.load(constants, 16), xor(and(x1, one), and(xor(x0, x7), two))), 16);
  v128.store(to, xor(v128.load(constants, 32), xor(and(x2, one), and(x1, two))), 32);
  v128.store(to, xor(v128.load(constants, 48), xor(and(x3, one), and(xor(x2, x7), two))), 48);
  v128.store(to, xor(v128.load(constants, 64), xor(and(x4, one), and(xor(x3, x7), two))), 64);
  v128.store(to, xor(v128.load(constants, 80), xor(and(x5, one), and(x4, two))), 80);
  v128.store(to, xor(v128.load(constants, 96), xor(and(x6, one), and(x5, two))), 96);
  v128.store(to, xor(v128.load(constants, 112), xor(and(x7, one), and(x6, two))), 112);
}

function copyPlanes(to: usize, from: usize): void {
  for (let i: usize = 0; i < PLANES_LEN; i += 16) v128.store(to + i, v128.load(from + i));
}

/** C and K: what all 256 counters have in common. */
function makeConstants(planes: usize, nonce: v128, counter: u32): void {
  const block = i32x4.replace_lane(nonce, 3, bswap(counter & ~255));
  let x = substituteState(xor(transposeState(block), bytesOf(planes)));
  // without t, at row 3 and column 0
  x = and(x, i8x16(-1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, 0, -1, -1, -1));
  x = xor(mixColumns(x), bytesOf(planes + PLANES_LEN));
  fillPlanes(K, i8x16.swizzle(x, i8x16(0, 0, 0, 0, 4, 4, 4, 4, 8, 8, 8, 8, 12, 12, 12, 12)));
  x = substituteState(x);
  // without s_r, at row r and column -r
  x = and(x, i8x16(0, -1, -1, -1, -1, -1, -1, 0, -1, -1, 0, -1, -1, 0, -1, -1));
  fillPlanes(C, mixColumns(x));
}

/** T for the half of the run that `counter` is in. */
function makeT(planes: usize, counter: u32): void {
  // Bits 3 to 6 of a counter are its lane, bit 7 is the half, bits 0 to 2 the place within the lane.
  const half = i8x16.splat((counter & 128) as i8);
  const key = i8x16.swizzle(bytesOf(planes), i8x16.splat(15));
  fillPlanes(BLOCKS, xor(xor(i16x8.shl(substituted(), 3), half), key));
  v128.store(BLOCKS, xor(v128.load(BLOCKS, 0), i8x16.splat(0xaa as i8)), 0);
  v128.store(BLOCKS, xor(v128.load(BLOCKS, 16), i8x16.splat(0xcc as i8)), 16);
  v128.store(BLOCKS, xor(v128.load(BLOCKS, 32), i8x16.splat(0xf0 as i8)), 32);
  substitutePlanes();
  copyPlanes(T, BLOCKS);
}

/** S for the 32 counters that `counter` is in. */
function makeS(counter: u32): void {
  // column g of every row is lane 4·(counter / 32) + g of T
  const select = i32x4.splat(0x03020100 + ((counter >> 5) & 3) * 0x04040404);
  combine(
    BLOCKS,
    K,
    T,
    select,
    i8x16(-1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, 0, 0, 0, 0),
    i8x16(0, 0, 0, 0, 0, 0, 0, 0, -1, -1, -1, -1, -1, -1, -1, -1),
  );
  substitutePlanes();
  copyPlanes(S, BLOCKS);
}

/** Makes what `counter` needs and `prepared`, the counter before, did not. */
export function prepareRun(planes: usize, nonce: v128, counter: u32, prepared: u32): void {
  const changed = counter ^ prepared;
  if (changed >> 8) makeConstants(planes, nonce, counter);
  if (changed >> 7) makeT(planes, counter);
  if (changed >> 5) makeS(counter);
}

/** As keyStream, for a multiple of 8 that prepareRun has prepared. */
export function keyStreamInRun(planes: usize, rounds: i32, counter: u32): void {
  // Column j of every row is s of row -j: lanes SUBSTITUTED[g, 12 + g, 8 + g, 4 + g] are 0, 7, 10, 13, plus 4g.
  const group = i8x16.splat(((counter >> 1) & 12) as i8);
  const select = and(i8x16.add(i32x4.splat(0x0d0a0700), group), i8x16.splat(15));
  combine(
    BLOCKS,
    C,
    S,
    select,
    // s_r has a share of 2, 3, 1, 1 in rows r, r - 1, r - 2, r - 3
    i8x16(0, -1, -1, -1, -1, -1, -1, 0, -1, -1, 0, -1, -1, 0, -1, -1),
    i8x16(-1, 0, 0, -1, 0, 0, -1, -1, 0, -1, -1, 0, -1, -1, 0, 0),
  );
  cipherPlanes(planes + 2 * PLANES_LEN, rounds - 2);
  transposeBits(BLOCKS);
}

/** Zeroes what a run leaves. */
export function wipeRun(): void {
  wipeShort(RUN, RUN + RUN_LEN);
}
