// One generation as its receivers know it (RFC 9605 §5.1): the base key of the current step, those that can be derived
// from it, and none before it.

import type { BaseKeys } from '../base-keys.ts';
import { type Bytes, isSame } from '../types.ts';
import type { KidLayout } from './kid-layout.ts';

/** How many steps a base key may lie behind the current one and still be recognized as an old one. */
const MAX_LOOK_BACK = 1024;

/** The base keys of one generation. */
export class Chain {
  readonly #layout: KidLayout;
  readonly #baseKeys: BaseKeys;
  #kid: bigint;
  #baseKey: Bytes;
  /** Those of the steps after it, as far as anybody has asked. */
  readonly #ahead: Bytes[] = [];

  /** @param baseKey one of `baseKeys`; it is the chain's from now on */
  constructor(layout: KidLayout, baseKeys: BaseKeys, kid: bigint, baseKey: Bytes) {
    this.#layout = layout;
    this.#baseKeys = baseKeys;
    this.#kid = kid;
    this.#baseKey = baseKey;
  }

  /** KID of the current step. */
  get kid(): bigint {
    return this.#kid;
  }

  get generation(): bigint {
    return this.#layout.generationOf(this.#kid);
  }

  /** How many steps a KID of this generation lies ahead of the current one, modulo 2^R. */
  distanceTo(kid: bigint): number {
    return this.#layout.distance(this.#kid, kid);
  }

  /** How many steps a KID of this generation lies behind the current one, modulo 2^R. */
  distanceFrom(kid: bigint): number {
    return this.#layout.distance(kid, this.#kid);
  }

  /** The KID some steps ahead. */
  kidAhead(steps: number): bigint {
    return this.#layout.after(this.#kid, steps);
  }

  /** The base key some steps ahead. Derived once: it is kept until the chain moves past it. */
  baseKeyAhead(steps: number): Bytes {
    const ahead = this.#ahead;
    while (ahead.length < steps) ahead.push(this.#baseKeys.after(ahead.at(-1) ?? this.#baseKey));
    return ahead[steps - 1] as Bytes;
  }

  /** Moves on to a step whose base key was derived, and wipes those before it. */
  advance(steps: number): void {
    const passed = [this.#baseKey, ...this.#ahead.splice(0, steps)];
    this.#baseKey = passed.pop() as Bytes;
    this.#kid = this.kidAhead(steps);
    for (const baseKey of passed) this.#baseKeys.wipe(baseKey);
  }

  /** Whether a base key, announced under this KID, is one that the chain has left behind. */
  hasPassed(baseKey: Bytes, kid: bigint): boolean {
    const distance = this.distanceFrom(kid);
    if (distance > MAX_LOOK_BACK) return false;
    // With few bits of step it may be whole turns older than its KID says.
    const last = this.#layout.turn > MAX_LOOK_BACK ? distance : MAX_LOOK_BACK;
    let at = this.#baseKeys.copy(baseKey);
    try {
      for (let steps = 1; steps <= last; steps++) {
        const next = this.#baseKeys.after(at);
        this.#baseKeys.wipe(at);
        at = next;
        if (isSame(at, this.#baseKey)) return true;
      }
      return false;
    } finally {
      this.#baseKeys.wipe(at);
    }
  }

  close(): void {
    for (const baseKey of [this.#baseKey, ...this.#ahead]) this.#baseKeys.wipe(baseKey);
  }
}
