// AES-128 and AES-256 encryption (FIPS 197), bitsliced: eight blocks at a time, no tables.
//
// Eight blocks are turned into eight planes. Plane b holds bit b of every byte: byte p of the plane belongs to
// byte p of the state, and bit i of that byte to block i (the layout of Käsper and Schwabe, CHES 2009).
// State bytes stand row by row (4·row + column), so that ShiftRows is one byte shuffle of each plane and the
// rotations of MixColumns are shuffles of 32-bit lanes. SubBytes is a circuit of 113 gates on the planes.
//
// Timing: the same instructions and addresses for every key and every block; only the number of rounds differs.

import { and, xor } from './ct';
import { BLOCKS, ROUND_KEYS } from './memory';

/** Bytes of one round key as planes, or of eight blocks. */
export const PLANES_LEN: usize = 128;
/** Room for the 15 round keys of AES-256. */
export const AES_KEY_LEN: usize = 15 * PLANES_LEN;

/** Two round keys of zero bytes: what subWord encrypts under. */
const ZERO_KEYS: usize = memory.data(256, 16);

function shl(x: v128, bits: i32): v128 {
  return i64x2.shl(x, bits);
}

function shr(x: v128, bits: i32): v128 {
  return i64x2.shr_u(x, bits);
}

/** From the byte order of FIPS 197 (column by column) to rows, or back: the same transposition. */
export function transposeState(x: v128): v128 {
  return i8x16.swizzle(x, i8x16(0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15));
}

/** Where bits `mask << bits` of `a` and bits `mask` of `b` differ. */
function difference(a: v128, b: v128, bits: i32, mask: v128): v128 {
  return and(xor(shr(a, bits), b), mask);
}

/**
 * Eight blocks at `p` to eight planes, or back: an 8×8 bit transposition for each of the 16 byte positions, by
 * three rounds of swapping across distances of 1, 2 and 4.
 */
export function transposeBits(p: usize): void {
  let q0 = v128.load(p, 0);
  let q1 = v128.load(p, 16);
  let q2 = v128.load(p, 32);
  let q3 = v128.load(p, 48);
  let q4 = v128.load(p, 64);
  let q5 = v128.load(p, 80);
  let q6 = v128.load(p, 96);
  let q7 = v128.load(p, 112);
  let t: v128;
  const odd = i8x16.splat(0x55);
  (t = difference(q0, q1, 1, odd)), (q1 = xor(q1, t)), (q0 = xor(q0, shl(t, 1)));
  (t = difference(q2, q3, 1, odd)), (q3 = xor(q3, t)), (q2 = xor(q2, shl(t, 1)));
  (t = difference(q4, q5, 1, odd)), (q5 = xor(q5, t)), (q4 = xor(q4, shl(t, 1)));
  (t = difference(q6, q7, 1, odd)), (q7 = xor(q7, t)), (q6 = xor(q6, shl(t, 1)));
  const pairs = i8x16.splat(0x33);
  (t = difference(q0, q2, 2, pairs)), (q2 = xor(q2, t)), (q0 = xor(q0, shl(t, 2)));
  (t = difference(q1, q3, 2, pairs)), (q3 = xor(q3, t)), (q1 = xor(q1, shl(t, 2)));
  (t = difference(q4, q6, 2, pairs)), (q6 = xor(q6, t)), (q4 = xor(q4, shl(t, 2)));
  (t = difference(q5, q7, 2, pairs)), (q7 = xor(q7, t)), (q5 = xor(q5, shl(t, 2)));
  const nibbles = i8x16.splat(0x0f);
  (t = difference(q0, q4, 4, nibbles)), (q4 = xor(q4, t)), (q0 = xor(q0, shl(t, 4)));
  (t = difference(q1, q5, 4, nibbles)), (q5 = xor(q5, t)), (q1 = xor(q1, shl(t, 4)));
  (t = difference(q2, q6, 4, nibbles)), (q6 = xor(q6, t)), (q2 = xor(q2, shl(t, 4)));
  (t = difference(q3, q7, 4, nibbles)), (q7 = xor(q7, t)), (q3 = xor(q3, shl(t, 4)));
  v128.store(p, q0, 0);
  v128.store(p, q1, 16);
  v128.store(p, q2, 32);
  v128.store(p, q3, 48);
  v128.store(p, q4, 64);
  v128.store(p, q5, 80);
  v128.store(p, q6, 96);
  v128.store(p, q7, 112);
}

/** ShiftRows: row r moves r places to the left. */
function shiftRows(x: v128): v128 {
  return i8x16.swizzle(x, i8x16(0, 1, 2, 3, 5, 6, 7, 4, 10, 11, 8, 9, 15, 12, 13, 14));
}

/** Each row becomes the next one: a[r + 1] stands where a[r] stood. */
export function nextRow(x: v128): v128 {
  return v128.shuffle<u32>(x, x, 1, 2, 3, 0);
}

/** Each row becomes the next but one. */
export function nextRowButOne(x: v128): v128 {
  return v128.shuffle<u32>(x, x, 2, 3, 0, 1);
}

/**
 * The cipher on planes at BLOCKS, in place; state bytes enter row by row and leave column by column.
 * `keys` are planes from expandKey; `rounds` is 10 or 14 (or 1: see subWord).
 *
 * The S-box is the circuit of Boyar and Peralta ("A small depth-16 circuit for the AES S-box", 2012; input x0
 * is bit 7) without its four negations: those make up the constant 0x63, which MixColumns maps to itself and
 * which expandKey has added to every round key but the first.
 */
export function cipherPlanes(keys: usize, rounds: i32): void {
  let q0 = xor(v128.load(BLOCKS, 0), v128.load(keys, 0));
  let q1 = xor(v128.load(BLOCKS, 16), v128.load(keys, 16));
  let q2 = xor(v128.load(BLOCKS, 32), v128.load(keys, 32));
  let q3 = xor(v128.load(BLOCKS, 48), v128.load(keys, 48));
  let q4 = xor(v128.load(BLOCKS, 64), v128.load(keys, 64));
  let q5 = xor(v128.load(BLOCKS, 80), v128.load(keys, 80));
  let q6 = xor(v128.load(BLOCKS, 96), v128.load(keys, 96));
  let q7 = xor(v128.load(BLOCKS, 112), v128.load(keys, 112));

  while (true) {
    keys += PLANES_LEN;
    --rounds;

    // SubBytes: top linear layer (x0 … x7 of the paper are q7 … q0)
    const y14 = xor(q4, q2);
    const y13 = xor(q7, q1);
    const y9 = xor(q7, q4);
    const y8 = xor(q7, q2);
    const t0 = xor(q6, q5);
    const y1 = xor(t0, q0);
    const y4 = xor(y1, q4);
    const y12 = xor(y13, y14);
    const y2 = xor(y1, q7);
    const y5 = xor(y1, q1);
    const y3 = xor(y5, y8);
    const t1 = xor(q3, y12);
    const y15 = xor(t1, q2);
    const y20 = xor(t1, q6);
    const y6 = xor(y15, q0);
    const y10 = xor(y15, t0);
    const y11 = xor(y20, y9);
    const y7 = xor(q0, y11);
    const y17 = xor(y10, y11);
    const y19 = xor(y10, y8);
    const y16 = xor(t0, y11);
    const y21 = xor(y13, y16);
    const y18 = xor(q7, y16);

    // inversion in GF(2⁸) as a tower of GF(2⁴)
    const t2 = and(y12, y15);
    const t3 = and(y3, y6);
    const t4 = xor(t3, t2);
    const t5 = and(y4, q0);
    const t6 = xor(t5, t2);
    const t7 = and(y13, y16);
    const t8 = and(y5, y1);
    const t9 = xor(t8, t7);
    const t10 = and(y2, y7);
    const t11 = xor(t10, t7);
    const t12 = and(y9, y11);
    const t13 = and(y14, y17);
    const t14 = xor(t13, t12);
    const t15 = and(y8, y10);
    const t16 = xor(t15, t12);
    const t17 = xor(t4, t14);
    const t18 = xor(t6, t16);
    const t19 = xor(t9, t14);
    const t20 = xor(t11, t16);
    const t21 = xor(t17, y20);
    const t22 = xor(t18, y19);
    const t23 = xor(t19, y21);
    const t24 = xor(t20, y18);
    const t25 = xor(t21, t22);
    const t26 = and(t21, t23);
    const t27 = xor(t24, t26);
    const t28 = and(t25, t27);
    const t29 = xor(t28, t22);
    const t30 = xor(t23, t24);
    const t31 = xor(t22, t26);
    const t32 = and(t31, t30);
    const t33 = xor(t32, t24);
    const t34 = xor(t23, t33);
    const t35 = xor(t27, t33);
    const t36 = and(t24, t35);
    const t37 = xor(t36, t34);
    const t38 = xor(t27, t36);
    const t39 = and(t29, t38);
    const t40 = xor(t25, t39);
    const t41 = xor(t40, t37);
    const t42 = xor(t29, t33);
    const t43 = xor(t29, t40);
    const t44 = xor(t33, t37);
    const t45 = xor(t42, t41);
    const z0 = and(t44, y15);
    const z1 = and(t37, y6);
    const z2 = and(t33, q0);
    const z3 = and(t43, y16);
    const z4 = and(t40, y1);
    const z5 = and(t29, y7);
    const z6 = and(t42, y11);
    const z7 = and(t45, y17);
    const z8 = and(t41, y10);
    const z9 = and(t44, y12);
    const z10 = and(t37, y3);
    const z11 = and(t33, y4);
    const z12 = and(t43, y13);
    const z13 = and(t40, y5);
    const z14 = and(t29, y2);
    const z15 = and(t42, y9);
    const z16 = and(t45, y14);
    const z17 = and(t41, y8);

    // bottom linear layer
    const t46 = xor(z15, z16);
    const t47 = xor(z10, z11);
    const t48 = xor(z5, z13);
    const t49 = xor(z9, z10);
    const t50 = xor(z2, z12);
    const t51 = xor(z2, z5);
    const t52 = xor(z7, z8);
    const t53 = xor(z0, z3);
    const t54 = xor(z6, z7);
    const t55 = xor(z16, z17);
    const t56 = xor(z12, t48);
    const t57 = xor(t50, t53);
    const t58 = xor(z4, t46);
    const t59 = xor(z3, t54);
    const t60 = xor(t46, t57);
    const t61 = xor(z14, t57);
    const t62 = xor(t52, t58);
    const t63 = xor(t49, t58);
    const t64 = xor(z4, t59);
    const t65 = xor(t61, t62);
    const t66 = xor(z1, t63);
    const t67 = xor(t64, t65);
    q7 = xor(t59, t63);
    q4 = xor(t53, t66);
    q3 = xor(t51, t66);
    q2 = xor(t47, t65);
    q1 = xor(t56, t62);
    q0 = xor(t48, t60);
    q6 = xor(t64, q4);
    q5 = xor(t55, t67);

    if (rounds == 0) break;

    // ShiftRows
    q0 = shiftRows(q0);
    q1 = shiftRows(q1);
    q2 = shiftRows(q2);
    q3 = shiftRows(q3);
    q4 = shiftRows(q4);
    q5 = shiftRows(q5);
    q6 = shiftRows(q6);
    q7 = shiftRows(q7);

    // MixColumns: 2·(a[r] + a[r+1]) + a[r+1] + (a[r+2] + a[r+3]); doubling moves s₇ into bits 0, 1, 3 and 4
    const n0 = nextRow(q0);
    const n1 = nextRow(q1);
    const n2 = nextRow(q2);
    const n3 = nextRow(q3);
    const n4 = nextRow(q4);
    const n5 = nextRow(q5);
    const n6 = nextRow(q6);
    const n7 = nextRow(q7);
    const s0 = xor(q0, n0);
    const s1 = xor(q1, n1);
    const s2 = xor(q2, n2);
    const s3 = xor(q3, n3);
    const s4 = xor(q4, n4);
    const s5 = xor(q5, n5);
    const s6 = xor(q6, n6);
    const s7 = xor(q7, n7);

    // and AddRoundKey
    q0 = xor(xor(xor(s7, n0), nextRowButOne(s0)), v128.load(keys, 0));
    q1 = xor(xor(xor(xor(s0, s7), n1), nextRowButOne(s1)), v128.load(keys, 16));
    q2 = xor(xor(xor(s1, n2), nextRowButOne(s2)), v128.load(keys, 32));
    q3 = xor(xor(xor(xor(s2, s7), n3), nextRowButOne(s3)), v128.load(keys, 48));
    q4 = xor(xor(xor(xor(s3, s7), n4), nextRowButOne(s4)), v128.load(keys, 64));
    q5 = xor(xor(xor(s4, n5), nextRowButOne(s5)), v128.load(keys, 80));
    q6 = xor(xor(xor(s5, n6), nextRowButOne(s6)), v128.load(keys, 96));
    q7 = xor(xor(xor(s6, n7), nextRowButOne(s7)), v128.load(keys, 112));
  }

  // The last round has no MixColumns. ShiftRows and the way back to columns are left to lastShuffle.
  v128.store(BLOCKS, lastShuffle(q0, keys, 0), 0);
  v128.store(BLOCKS, lastShuffle(q1, keys, 16), 16);
  v128.store(BLOCKS, lastShuffle(q2, keys, 32), 32);
  v128.store(BLOCKS, lastShuffle(q3, keys, 48), 48);
  v128.store(BLOCKS, lastShuffle(q4, keys, 64), 64);
  v128.store(BLOCKS, lastShuffle(q5, keys, 80), 80);
  v128.store(BLOCKS, lastShuffle(q6, keys, 96), 96);
  v128.store(BLOCKS, lastShuffle(q7, keys, 112), 112);
}

/** ShiftRows, the last AddRoundKey, and rows back to columns. */
function lastShuffle(x: v128, keys: usize, plane: usize): v128 {
  return transposeState(xor(shiftRows(x), v128.load(keys + plane)));
}

/** The S-box on each byte of `w`: one round under a zero key, on a state whose columns all equal `w`. */
function subWord(w: u32): u32 {
  v128.store(BLOCKS, transposeState(i32x4.splat(w)));
  transposeBits(BLOCKS);
  substitutePlanes();
  transposeBits(BLOCKS);
  return load<u32>(BLOCKS) ^ 0x63636363;
}

/**
 * Key expansion (FIPS 197 §5.2) into planes.
 * `key` has 16 or 32 bytes (secret), `rounds` is 10 or 14, AES_KEY_LEN bytes are free at `planes`.
 */
export function expandKey(key: usize, rounds: i32, planes: usize): void {
  const keyWords: i32 = rounds - 6;
  const words: i32 = 4 * (rounds + 1);
  memory.copy(ROUND_KEYS, key, (keyWords as usize) << 2);
  let roundConstant: u32 = 1;
  let phase: i32 = 0; // i mod keyWords
  for (let i = keyWords; i < words; ++i) {
    const w = ROUND_KEYS + ((i as usize) << 2);
    let t = load<u32>(w - 4);
    if (phase == 0) {
      t = subWord(rotr(t, 8)) ^ roundConstant;
      roundConstant = (roundConstant << 1) ^ ((roundConstant >> 7) * 0x11b);
    } else if (phase == 4 && keyWords == 8) {
      t = subWord(t);
    }
    store<u32>(w, load<u32>(w - ((keyWords as usize) << 2)) ^ t);
    if (++phase == keyWords) phase = 0;
  }
  let sboxConstant = i8x16.splat(0);
  for (let round = 0; round <= rounds; ++round) {
    fillPlanes(planes, xor(transposeState(v128.load(ROUND_KEYS + ((round as usize) << 4))), sboxConstant));
    planes += PLANES_LEN;
    sboxConstant = i8x16.splat(0x63);
  }
}

/** Planes of eight blocks that are all the same: `bytes`, row by row. */
export function fillPlanes(planes: usize, bytes: v128): void {
  for (let bit = 0; bit < 8; ++bit) {
    const bitMask: i32 = 1 << bit;
    const weight = i8x16.splat(bitMask as i8);
    v128.store(planes + ((bit as usize) << 4), i8x16.eq(and(bytes, weight), weight));
  }
}

/** The S-box without its constant, and ShiftRows, on eight states at BLOCKS: planes row by row to column by column. */
export function substitutePlanes(): void {
  cipherPlanes(ZERO_KEYS, 1);
}
