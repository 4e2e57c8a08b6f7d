// Replay protection of one receiver (RFC 9605 §9.3): windows belong to (receiver, key), because two receivers of one feed
// each get every frame, and a recording may be played twice. Keys are known by their fingerprints, so one that is removed
// and comes back finds the window it had, whoever's it is said to be then. Receivers come back, too.

import { Floors } from '../floors.ts';
import { ReplayWindow } from '../replay.ts';

/** Of how many keys there are windows at a time: more than a sender has in use. Of older ones the highest CTR stays. */
const MAX_WINDOWS = 32;
/** Of how many receivers that were let go the windows are kept. */
const MAX_LEFT = 256;

/** The windows of one receiver. */
export class ReplayGuard {
  readonly #size: number;
  readonly #maxWindows: number;
  /** By fingerprint, least recently made or used for a new frame first. */
  readonly #windows: Map<string, ReplayWindow> = new Map();
  readonly #floors: Floors = new Floors();
  #last = '';

  /** @param size frames; 0: everything is accepted */
  constructor(size: number, maxWindows: number = MAX_WINDOWS) {
    this.#size = size;
    this.#maxWindows = maxWindows;
  }

  /** Whether a frame may be opened. Nothing moves. */
  accepts(fingerprint: string, high: number, low: number): boolean {
    if (this.#size === 0) return true;
    const window = this.#windows.get(fingerprint);
    if (window !== undefined) return window.accepts(high, low);
    const floor = this.#floors.get(fingerprint);
    return floor === undefined || high > floor.high || (high === floor.high && low > floor.low);
  }

  /** Records an authentic frame, unless another with its CTR was faster: then false. */
  commit(fingerprint: string, high: number, low: number): boolean {
    if (this.#size === 0) return true;
    const window = this.#windowOf(fingerprint);
    if (!window.accepts(high, low)) return false;
    window.commit(high, low);
    return true;
  }

  #windowOf(fingerprint: string): ReplayWindow {
    let window = this.#windows.get(fingerprint);
    if (window !== undefined && fingerprint === this.#last) return window;
    window ??= new ReplayWindow(this.#size, this.#floors.get(fingerprint));
    this.#windows.delete(fingerprint);
    this.#windows.set(fingerprint, window);
    this.#last = fingerprint;
    if (this.#windows.size > this.#maxWindows) this.#evict();
    return window;
  }

  #evict(): void {
    for (const [fingerprint, window] of this.#windows) {
      this.#floors.keep(fingerprint, window.highest);
      this.#windows.delete(fingerprint);
      return;
    }
  }
}

/**
 * The windows of all receivers of a client. One that is let go may come back as another track: from plaintext, or from
 * another client. It opens nothing again then.
 */
export class ReplayGuards {
  readonly #size: number;
  readonly #inUse: Map<number, ReplayGuard> = new Map();
  /** Of those that were let go, the longest first. */
  readonly #left: Map<number, ReplayGuard> = new Map();

  /** @param size as of a {@link ReplayGuard} */
  constructor(size: number) {
    this.#size = size;
  }

  /** A receiver's windows, from when it opens its first frame. */
  take(endpoint: number): ReplayGuard {
    const guard = this.#inUse.get(endpoint) ?? this.#left.get(endpoint) ?? new ReplayGuard(this.#size);
    this.#left.delete(endpoint);
    this.#inUse.set(endpoint, guard);
    return guard;
  }

  /** A receiver is let go. */
  leave(endpoint: number): void {
    const guard = this.#inUse.get(endpoint);
    if (guard === undefined) return;
    this.#inUse.delete(endpoint);
    this.#left.set(endpoint, guard);
    if (this.#left.size > MAX_LEFT) this.#left.delete(this.#left.keys().next().value as number);
  }
}
