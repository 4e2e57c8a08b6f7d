// Sliding replay window on CTR (RFC 9605 §9.3, after RFC 3711 §3.3.2): asked before decryption, moved only after
// the tag was right. One window belongs to one key.
//
// `#seen` is a ring of bits, at least `size` of them: CTR's low bits say where. Bits of counters that have not come
// yet are zero, because advancing clears what it passes.

/** Which of the last `size` counters were received. Counters are halves, see types.ts. */
export class ReplayWindow {
  readonly #size: number;
  readonly #seen: Uint32Array;
  /** The highest counter received; `#any` says whether there was one. */
  #high = 0;
  #low = 0;
  #any = false;

  /**
   * @param size frames, 1 to 2^20
   * @param floor counters up to this one are refused from the start
   */
  constructor(size: number, floor?: Readonly<Counter>) {
    this.#size = size;
    this.#seen = new Uint32Array(Math.max(1, 2 ** Math.ceil(Math.log2(size)) / 32));
    if (floor) {
      this.#high = floor.high;
      this.#low = floor.low;
      this.#any = true;
      this.#seen.fill(0xffffffff);
    }
  }

  /** The highest counter received, if any. */
  get highest(): Counter | undefined {
    return this.#any ? { high: this.#high, low: this.#low } : undefined;
  }

  /** How far the counter lies above the highest one. Far away it is rounded, but never across a window. */
  #distance(high: number, low: number): number {
    return (high - this.#high) * 2 ** 32 + (low - this.#low);
  }

  /** Whether a frame with this counter may be decrypted: not seen yet, and not older than the window. */
  accepts(high: number, low: number): boolean {
    if (!this.#any || (high === this.#high && low > this.#low)) return true;
    const distance = this.#distance(high, low);
    if (distance > 0) return true;
    return distance > -this.#size && !this.#has(low);
  }

  /** Records the counter of a frame that was authenticated. It was accepted before. */
  commit(high: number, low: number): void {
    if (this.#any && high === this.#high && low === this.#low + 1)
      this.#low = low; // nothing was passed
    else this.#advance(high, low);
    const bit = this.#bit(low);
    this.#seen[bit >>> 5] = (this.#seen[bit >>> 5] as number) | (1 << (bit & 31));
  }

  /** Makes a counter the highest, if it is: what it passes was not seen. */
  #advance(high: number, low: number): void {
    const distance = this.#any ? this.#distance(high, low) : 1;
    if (distance <= 0) return;
    if (distance >= this.#bits) this.#seen.fill(0);
    else for (let i = 1; i <= distance; i++) this.#clear(this.#low + i);
    this.#high = high;
    this.#low = low;
    this.#any = true;
  }

  get #bits(): number {
    return this.#seen.length * 32;
  }

  /** Where a counter's bit stands: the ring's length divides 2^32, so the lower half tells. */
  #bit(low: number): number {
    return (low & (this.#bits - 1)) >>> 0;
  }

  #has(low: number): boolean {
    const bit = this.#bit(low);
    return (((this.#seen[bit >>> 5] as number) >>> (bit & 31)) & 1) === 1;
  }

  #clear(low: number): void {
    const bit = this.#bit(low);
    this.#seen[bit >>> 5] = (this.#seen[bit >>> 5] as number) & ~(1 << (bit & 31));
  }
}

/** A counter as halves. */
export interface Counter {
  high: number;
  low: number;
}
