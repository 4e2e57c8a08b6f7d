// Vectors of bits, masks and equality. A mask's bytes are all ones or zero; lengths are public, contents secret.
// Timing: straight-line code, no address and no branch depends on a byte of the operands.

export function xor(a: v128, b: v128): v128 {
  return v128.xor(a, b);
}

export function and(a: v128, b: v128): v128 {
  return v128.and(a, b);
}

/** Ones in the first `len` bytes (0 to 16), zero behind them. */
export function firstBytes(len: usize): v128 {
  return i8x16.lt_u(i8x16(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15), i8x16.splat(len as i8));
}

/** Whether the first `len` bytes (0 to 16) of `a` and `b` agree. Only the verdict leaves the vector unit. */
export function equal(a: v128, b: v128, len: usize): bool {
  return !v128.any_true(and(xor(a, b), firstBytes(len)));
}
