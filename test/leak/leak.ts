// The positive control of the trace test (AssemblyScript): each function leaks its secret in one way that the
// test must notice. Never shipped.

const TABLE: usize = memory.data<u8>(
  [99, 124, 119, 123, 242, 107, 111, 197, 48, 1, 103, 43, 254, 215, 171, 118],
  16,
);
const SECRET: usize = memory.data(64, 16);

export function secret(): usize {
  return SECRET;
}

/** A table look-up: the address depends on the secret. */
export function table(): u32 {
  let sum: u32 = 0;
  for (let i: usize = 0; i < 16; ++i) sum ^= load<u8>(TABLE + (load<u8>(SECRET + i) & 15));
  return sum;
}

/** A branch that touches no memory in either arm. */
export function choice(): u32 {
  let x = load<u32>(SECRET);
  if (x & 1) {
    x = rotl(x, 5) * 0x9e3779b1;
    x ^= x >> 7;
    x = rotl(x, 9) * 0x85ebca6b;
  } else {
    x = (x >> 3) ^ 0x55555555;
    x = rotl(x, 11) - 0x12345;
  }
  return x;
}

/** A branch. */
export function branch(): u32 {
  let sum: u32 = 0;
  for (let i: usize = 0; i < 16; ++i) {
    if (load<u8>(SECRET + i) > 7) {
      sum = rotl(sum, 3) + 1;
      store<u32>(SECRET + 32, sum);
    }
  }
  return sum;
}

/** A comparison that stops at the first difference. */
export function early(): bool {
  for (let i: usize = 0; i < 16; ++i) if (load<u8>(SECRET + i) != load<u8>(SECRET + 16 + i)) return false;
  return true;
}

/** A vector load from a secret place. */
export function vector(): void {
  const row = ((load<u8>(SECRET) & 1) as usize) << 4;
  v128.store(SECRET + 32, v128.load(SECRET + row));
}

/** A bulk copy of secret length. */
export function bulk(): void {
  memory.copy(SECRET + 32, SECRET, load<u8>(SECRET) & 15);
}

/** No leak: the trace must not depend on the secret, or the test would cry wolf. */
export function clean(): u32 {
  let differs: u32 = 0;
  for (let i: usize = 0; i < 16; ++i) differs |= load<u8>(SECRET + i) ^ load<u8>(SECRET + 16 + i);
  return (differs - 1) >> 31;
}
