// Keys derived for frames that only a header speaks for, until one of them is authentic. Each costs a derivation and
// leaves nothing behind.

import type { Floors } from '../floors.ts';
import { ReceiveKey } from '../key.ts';
import type { Context } from '../options.ts';
import { type Bytes, nameOf } from '../types.ts';

/** What keys are derived from. */
export interface KeyOrigin {
  readonly baseKey: Bytes;
  /** With one engine: where both are, WebCrypto would go on with each key when its frame has long been refused. */
  readonly aside: Context;
}

/** A key under which no frame was authentic yet. */
export interface Candidate<Origin> {
  readonly key: ReceiveKey;
  readonly origin: Origin;
  readonly senderIndex: number;
  /** Whether its window never saw a frame. */
  isFresh: boolean;
  /** Frames that are being opened under it: they share it, so of equal ones one opens. */
  frames: number;
}

/** Candidates by KID. */
export class Candidates<Origin extends KeyOrigin> {
  readonly #replayWindow: number;
  readonly #floors: Floors;
  readonly #candidates: Map<number | bigint, Candidate<Origin>> = new Map();
  /** A closed key whose window never saw a frame. */
  #spare: ReceiveKey | undefined;

  constructor(replayWindow: number, floors: Floors) {
    this.#replayWindow = replayWindow;
    this.#floors = floors;
  }

  /** The key that other frames of a KID are being opened under, if any. */
  join(name: number | bigint): ReceiveKey | undefined {
    const candidate = this.#candidates.get(name);
    if (candidate === undefined) return undefined;
    candidate.frames++;
    return candidate.key;
  }

  /** Derives the key of a KID that has none. @throws RangeError if there is no memory for it */
  derive(name: number | bigint, origin: Origin, senderIndex: number, kid: bigint): ReceiveKey {
    const key = new ReceiveKey(origin.aside, origin.baseKey, kid);
    const { fingerprint } = key;
    const candidate = { key, origin, senderIndex, isFresh: false, frames: 1 };
    if (fingerprint === undefined) {
      key.settleAfter(this.#identify(candidate));
    } else {
      try {
        this.#openWindow(candidate, fingerprint);
      } catch (error) {
        key.close(); // no memory for a window: nothing has changed
        throw error;
      }
    }
    this.#candidates.set(name, candidate);
    return key;
  }

  /** What only WebCrypto can tell. Floors are there before an origin can come back, so this may take a while. */
  async #identify(candidate: Candidate<Origin>): Promise<void> {
    this.#openWindow(candidate, await candidate.key.identify());
  }

  /** Large windows take longer to make than keys: that of a candidate who came to nothing serves the next one. */
  #openWindow(candidate: Candidate<Origin>, fingerprint: string): void {
    const floor = this.#floors.get(fingerprint);
    candidate.isFresh = floor === undefined;
    if (this.#spare === undefined || floor !== undefined) {
      candidate.key.openWindow(this.#replayWindow, floor);
      return;
    }
    candidate.key.succeed(this.#spare);
    this.#spare = undefined;
  }

  /** Takes out the candidate whose key this is; undefined: it is no candidate's. */
  take(key: ReceiveKey): Candidate<Origin> | undefined {
    if (this.#candidates.size === 0) return undefined;
    const name = nameOf(key.kid);
    const candidate = this.#candidates.get(name);
    if (candidate?.key !== key) return undefined;
    this.#candidates.delete(name);
    return candidate;
  }

  /** A frame was not authentic. With the last one under it, a candidate goes. */
  reject(key: ReceiveKey): void {
    if (this.#candidates.size === 0) return;
    const name = nameOf(key.kid);
    const candidate = this.#candidates.get(name);
    if (candidate?.key !== key || --candidate.frames > 0) return;
    this.#candidates.delete(name);
    key.close();
    if (candidate.isFresh) this.#spare = key;
  }

  /** An origin goes: so do its candidates, and frames under way must not be handed out. */
  drop(origin: Origin): void {
    for (const [name, candidate] of this.#candidates) {
      if (candidate.origin !== origin) continue;
      this.#candidates.delete(name);
      candidate.key.abandon();
      candidate.key.close();
    }
  }
}
