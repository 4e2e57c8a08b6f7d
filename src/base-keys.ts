// Base keys that have to stay in JavaScript's memory because the next ones are derived from them (RFC 9605 §5.1): copies
// of our own, zeroed when they have served, or when the collector finds what held them.

import type { CipherSuiteParameters } from './cipher-suite.ts';
import { nextBaseKey } from './core/engine.ts';
import { type Bytes, copyOf } from './types.ts';

/** Those of contexts that were dropped without destroy(). */
let dropped: FinalizationRegistry<Set<Bytes>> | undefined;

/** The base keys of one context. */
export class BaseKeys {
  readonly #suite: CipherSuiteParameters;
  readonly #held: Set<Bytes> = new Set();

  constructor(suite: CipherSuiteParameters) {
    this.#suite = suite;
    dropped ??= new FinalizationRegistry(wipeAll);
    dropped.register(this, this.#held);
  }

  /** Takes a copy of the caller's. */
  copy(baseKey: Uint8Array): Bytes {
    const own = copyOf(baseKey);
    this.#held.add(own);
    return own;
  }

  /** The one that follows; Nh bytes. @throws SFrameError `engine-unavailable` */
  after(baseKey: Bytes): Bytes {
    const next = nextBaseKey(this.#suite, baseKey);
    this.#held.add(next);
    return next;
  }

  wipe(baseKey: Bytes): void {
    baseKey.fill(0);
    this.#held.delete(baseKey);
  }

  /** Wipes all. */
  close(): void {
    wipeAll(this.#held);
  }
}

function wipeAll(held: Set<Bytes>): void {
  for (const baseKey of held) baseKey.fill(0);
  held.clear();
}
