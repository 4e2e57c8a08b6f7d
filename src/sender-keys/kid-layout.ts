// What the bits of a KID mean under sender keys (RFC 9605 §5.1), for a sender whose R is known:
//
//    63                R R-1               0
//   ┌───────────────────┬───────────────────┐
//   │    generation     │    step mod 2^R   │
//   └───────────────────┴───────────────────┘

import { toInteger } from '../types.ts';

/** The KIDs of one sender. */
export class KidLayout {
  /** How many steps there are until a KID comes back, 2^R: exact, as powers of two are. */
  readonly turn: number;
  /** The last generation that there can be. */
  readonly maxGeneration: bigint;
  readonly #ratchetBits: bigint;
  readonly #stepMask: bigint;

  /** @param ratchetBits R: 1 to 63, as the caller gave it */
  constructor(ratchetBits: number) {
    if (ratchetBits === undefined) throw new TypeError('ratchetBits must be a number');
    this.#ratchetBits = BigInt(toInteger(ratchetBits, 'ratchetBits', 0, 1, 63));
    this.#stepMask = (1n << this.#ratchetBits) - 1n;
    this.turn = 2 ** ratchetBits;
    this.maxGeneration = (1n << (64n - this.#ratchetBits)) - 1n;
  }

  kidOf(generation: bigint, step: bigint): bigint {
    return (generation << this.#ratchetBits) | (step & this.#stepMask);
  }

  generationOf(kid: bigint): bigint {
    return kid >> this.#ratchetBits;
  }

  /** The KID some steps later. */
  after(kid: bigint, steps: number): bigint {
    return this.kidOf(this.generationOf(kid), kid + BigInt(steps));
  }

  /** How many steps lead from one KID to another of its generation, modulo 2^R; rounded where nobody counts any more. */
  distance(from: bigint, to: bigint): number {
    return Number((to - from) & this.#stepMask);
  }
}
