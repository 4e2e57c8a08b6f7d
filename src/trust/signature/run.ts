// The frames of one key that are to be signed. They come in nearly the order of their CTRs: a large frame that WebCrypto
// encrypts may be done after small ones that were begun later. Blocks wait for such a frame, but not for ever.
//
//   next                                      one block: next to next + 3 ─── or, once ░ is late, to next + 5,
//    │ █ █ █ █ ░ █                            with zeros in place of ░

import type { KeyIdentity } from '../../frame-encryptor.ts';
import type { Bytes } from '../../types.ts';
import { MAX_COUNT, type SignedRange } from './block.ts';
import { DIGEST_LEN } from './digest.ts';

interface WaitingDigest {
  readonly digest: Bytes;
  readonly at: number;
}

/** A key, and its frames that no block has signed yet. */
export class SigningRun {
  readonly #key: KeyIdentity;
  /** The first CTR that no block has covered. */
  #next: bigint;
  /** By CTR, in the order they came. */
  readonly #waiting: Map<bigint, WaitingDigest> = new Map();

  /** Frames from `next` on can be signed. */
  constructor(key: KeyIdentity, next: bigint) {
    this.#key = key;
    this.#next = next;
  }

  /** Takes a frame, unless one of its CTR was signed, or passed over, or waits already. */
  take(ctr: bigint, digest: Bytes, at: number): boolean {
    if (ctr < this.#next || this.#waiting.has(ctr)) return false;
    this.#waiting.set(ctr, { digest, at });
    return true;
  }

  /** How many frames wait. */
  get size(): number {
    return this.#waiting.size;
  }

  /** When the first of them came. */
  get since(): number | undefined {
    for (const { at } of this.#waiting.values()) return at;
    return undefined;
  }

  /**
   * The next range, if there is one: up to the first CTR that has not come, unless a frame behind it has waited since
   * `patience`.
   */
  cut(sequence: bigint, patience: number): SignedRange | undefined {
    const ctrs = [...this.#waiting.keys()].sort((a, b) => (a < b ? -1 : 1));
    let first = this.#next;
    let end = first;
    for (const ctr of ctrs) {
      const isLate = (this.#waiting.get(ctr) as WaitingDigest).at <= patience;
      if (ctr !== end && !isLate) break;
      if (end === first) first = ctr; // nothing to say of what lies before
      if (ctr - first >= MAX_COUNT) break;
      end = ctr + 1n;
    }
    if (end === this.#next) return undefined;
    this.#next = end;
    const digests = new Uint8Array(Number(end - first) * DIGEST_LEN);
    for (const [ctr, { digest }] of this.#waiting) {
      if (ctr >= end) continue;
      digests.set(digest, Number(ctr - first) * DIGEST_LEN);
      this.#waiting.delete(ctr);
    }
    const { kid, fingerprint } = this.#key;
    return { kid, fingerprint, sequence, firstCtr: first, digests };
  }
}
