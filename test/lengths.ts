// Lengths at which block ciphers, hashes and eight-block passes can go wrong.

/** 0 to 130, powers of two with their neighbours, and the edges of blocks, passes and runs of counters. */
export const edgeLengths: readonly number[] = [
  ...new Set([
    ...Array.from({ length: 131 }, (_, i) => i),
    ...around(2, 4, 8, 16, 32, 64, 128, 256, 512, 1024, 2048, 4096, 8192, 16384, 32768, 65536),
    // passes: 112 bytes share the first one in GCM, 128 in each later one
    ...around(...[1, 2, 3, 8, 16, 31, 32, 33].map((passes) => 112 + 128 * (passes - 1))),
    // GHASH: 8 and 16 blocks to a reduction; with aad and lengths, one or two blocks earlier
    ...around(...[6, 7, 8, 14, 15, 16, 22, 23, 24].map((blocks) => 16 * blocks)),
    // 256 counters: where one byte of the counter carries into the next
    ...around(...[253, 254, 255, 256, 257, 511, 512].map((blocks) => 16 * blocks)),
  ]),
].sort((a, b) => a - b);

function around(...values: number[]): number[] {
  return values.flatMap((value) => [value - 1, value, value + 1]);
}

/** Bytes that look random and are the same in every run (xorshift32). */
export function noise(len: number, seed: number): Uint8Array<ArrayBuffer> {
  let x = (seed * 0x9e3779b1) >>> 0 || 1;
  return Uint8Array.from({ length: len }, () => {
    x ^= x << 13;
    x ^= x >>> 17;
    x ^= x << 5;
    return x & 0xff;
  });
}
