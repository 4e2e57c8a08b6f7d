// Counter mode (SP 800-38A §6.5) with a 12-byte nonce and 32-bit block counters, eight blocks to a pass.
// Timing: as the cipher; the length and the counter are visible, and which of two ways they lead to.

import { cipherPlanes, transposeBits, transposeState } from './aes';
import { keyStreamInRun, prepareRun, wipeRun } from './counter-run';
import { and, firstBytes, xor } from './ct';
import { BLOCKS } from './memory';

/** From this length on it pays to share rounds between counters (counter-run.ts); passes then start at multiples of 8. */
const RUN_MIN_LEN: usize = 768;

/** Where a text's first pass should start, so that the block of counter `first` (0 to 7) is in it. */
export function firstPass(first: u32, len: usize): u32 {
  return len < RUN_MIN_LEN ? first : 0;
}

/** Key stream for counters `counter` … `counter + 7` to BLOCKS. `nonce`: 12 bytes, then four that are ignored. */
export function keyStream(planes: usize, rounds: i32, nonce: v128, counter: u32): void {
  for (let i = 0; i < 8; ++i) {
    const block = i32x4.replace_lane(nonce, 3, bswap(counter + i));
    v128.store(BLOCKS + ((i as usize) << 4), transposeState(block));
  }
  transposeBits(BLOCKS);
  cipherPlanes(planes, rounds);
  transposeBits(BLOCKS);
}

/**
 * Counter mode in place on `len` bytes at `text`. The key stream's first eight blocks, from `counter` on, stand
 * at BLOCKS already (keyStream), and `used` bytes of them are spent. Nothing behind the text is changed.
 */
export function xorKeyStream(
  planes: usize,
  rounds: i32,
  nonce: v128,
  counter: u32,
  used: usize,
  text: usize,
  len: usize,
): void {
  const runs = len >= RUN_MIN_LEN && (counter & 7) == 0;
  let prepared = ~counter; // for no counter of the first run
  let from = BLOCKS + used;
  while (true) {
    while (from < BLOCKS + 128) {
      if (len < 16) {
        // Read-modify-write of bytes behind the text: they are put back as they were.
        v128.store(text, xor(v128.load(text), and(v128.load(from), firstBytes(len))));
        if (runs) wipeRun();
        return;
      }
      v128.store(text, xor(v128.load(text), v128.load(from)));
      text += 16;
      from += 16;
      len -= 16;
    }
    counter += 8;
    if (runs) {
      prepareRun(planes, nonce, counter, prepared);
      keyStreamInRun(planes, rounds, counter);
      prepared = counter;
    } else {
      keyStream(planes, rounds, nonce, counter);
    }
    from = BLOCKS;
  }
}
