// Which (base key, KID) frames were sent under, in this page and before it was loaded again. Workers come and go, and
// their counters with them: a key that an earlier worker may have used must never count from 0 again (RFC 9605 §9.1).
// What is kept are one-way fingerprints.

import { SFrameError } from '../errors.ts';

/** Where fingerprints outlive the page: what of a `Storage` is used. */
export interface KeyStorage {
  getItem(name: string): string | null;
  setItem(name: string, value: string): void;
}

const NAME = 'sframe-wasm used keys';
/** How many are stored; those of this page are all kept in memory. */
const MAX_STORED = 1024;

/** Of all clients of this realm. Never forgotten: there is no age at which repeating a nonce would be safe. */
const used: Set<string> = new Set();

/** What one client asks before it sends. */
export class UsedKeys {
  readonly #storage: KeyStorage | undefined;

  /** @param storage undefined: nothing outlives the page */
  constructor(storage: KeyStorage | undefined) {
    this.#storage = storage;
  }

  /**
   * A key goes to a worker: noted before it does.
   * @throws SFrameError `key-reuse`
   */
  take(fingerprint: string, kid: bigint): void {
    const stored = this.#stored();
    if (used.has(fingerprint) || stored.includes(btoa(fingerprint)))
      throw new SFrameError(
        'key-reuse',
        kid,
        'this base key and KID were sent under before, perhaps before a reload',
      );
    used.add(fingerprint);
    this.#store([...stored, btoa(fingerprint)].slice(-MAX_STORED));
  }

  /** Frames were sent under a key that did not come from the page. */
  note(fingerprint: string): void {
    if (used.has(fingerprint)) return;
    used.add(fingerprint);
    this.#store([...this.#stored(), btoa(fingerprint)].slice(-MAX_STORED));
  }

  #stored(): string[] {
    try {
      return this.#storage?.getItem(NAME)?.split(' ') ?? [];
    } catch {
      return []; // storage is forbidden here
    }
  }

  #store(fingerprints: readonly string[]): void {
    try {
      this.#storage?.setItem(NAME, fingerprints.join(' '));
    } catch {
      // forbidden, or full: this page still knows
    }
  }
}

/** The storage of the tab, where there is one that may be used. */
export function sessionKeyStorage(): KeyStorage | undefined {
  try {
    return (globalThis as { sessionStorage?: KeyStorage }).sessionStorage;
  } catch {
    return undefined;
  }
}
