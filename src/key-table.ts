// Keys for receiving, by KID. The one found last is at hand: most decryptors serve one sender.

import type { ReceiveKey } from './key.ts';
import { nameOf, nameOfHalves } from './types.ts';

/** Keys by KID. */
export class KeyTable {
  readonly #keys: Map<number | bigint, ReceiveKey> = new Map();
  /** The key found last, and its KID in halves. Gone when keys change. */
  #recent: ReceiveKey | undefined;
  #recentHigh = 0;
  #recentLow = 0;

  get size(): number {
    return this.#keys.size;
  }

  /** The key of a KID in halves, as frames have it: no BigInt is made. */
  find(kidHigh: number, kidLow: number): ReceiveKey | undefined {
    if (this.#recent !== undefined && kidLow === this.#recentLow && kidHigh === this.#recentHigh)
      return this.#recent;
    const key = this.#keys.get(nameOfHalves(kidHigh, kidLow));
    if (key === undefined) return undefined;
    this.#recent = key;
    this.#recentHigh = kidHigh;
    this.#recentLow = kidLow;
    return key;
  }

  get(kid: bigint): ReceiveKey | undefined {
    return this.#keys.get(nameOf(kid));
  }

  /** Puts a key in the place of its KID. */
  set(key: ReceiveKey): void {
    this.#recent = undefined;
    this.#keys.set(nameOf(key.kid), key);
  }

  delete(kid: bigint): void {
    this.#recent = undefined;
    this.#keys.delete(nameOf(kid));
  }

  /** Wipes all keys. */
  close(): void {
    this.#recent = undefined;
    for (const key of this.#keys.values()) key.close();
    this.#keys.clear();
  }
}
