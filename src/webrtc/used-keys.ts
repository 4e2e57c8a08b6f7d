// Which (base key, KID) frames were sent under, in this page and before it was loaded again. Workers come and go, and
// their counters with them: a key that an earlier worker may have used must never count from 0 again (RFC 9605 §9.1).
// What is kept are one-way fingerprints.
//
// Where they cannot be kept, in a sandboxed frame say, or not be read, nobody could tell after a reload. A KID drawn at
// random needs no memory. Any other is refused there: a ratchet's and a group's KIDs are the same after every reload. An
// application whose base keys are fresh each time says so, by `storage: null`.

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

  /** @param storage undefined: nothing outlives the page, and the application has said so */
  constructor(storage: KeyStorage | undefined) {
    this.#storage = storage;
  }

  /**
   * A key goes to a worker: noted before it does.
   * @param isDrawn whether its KID was drawn at random for it
   * @throws SFrameError `key-reuse`
   */
  take(fingerprint: string, kid: bigint, isDrawn: boolean): void {
    const stored = this.#stored();
    if (used.has(fingerprint) || stored?.includes(btoa(fingerprint)))
      throw new SFrameError(
        'key-reuse',
        kid,
        'this base key and KID were sent under before, perhaps before a reload',
      );
    if (!this.#store(stored, fingerprint) && !isDrawn)
      throw new SFrameError(
        'key-reuse',
        kid,
        'storage cannot be used, so nobody would know this base key and KID after a reload: leave kid out, or ' +
          'give the option storage: null and base keys that are always fresh',
      );
    used.add(fingerprint);
  }

  /** Frames are sent under a key already that did not come from the page. */
  note(fingerprint: string): void {
    if (used.has(fingerprint)) return;
    used.add(fingerprint);
    this.#store(this.#stored(), fingerprint);
  }

  /** undefined: it cannot be known. */
  #stored(): string[] | undefined {
    try {
      return this.#storage?.getItem(NAME)?.split(' ') ?? [];
    } catch {
      return undefined; // forbidden here
    }
  }

  /** Returns whether it is known after a reload, or need not be. */
  #store(stored: readonly string[] | undefined, fingerprint: string): boolean {
    if (stored === undefined) return false;
    try {
      this.#storage?.setItem(NAME, [...stored, btoa(fingerprint)].slice(-MAX_STORED).join(' '));
      return true;
    } catch {
      return false; // forbidden, or full
    }
  }
}

/** What stands where a page's storage may not be used: that is not the same as to do without. */
const forbidden: KeyStorage = { getItem: refuse, setItem: refuse };

function refuse(): never {
  throw new Error('storage is forbidden here');
}

/** The storage of the tab; where it may not be used, one that throws. undefined: this is no page, and never reloaded. */
export function sessionKeyStorage(): KeyStorage | undefined {
  try {
    const { sessionStorage } = globalThis as { sessionStorage?: KeyStorage | null };
    return sessionStorage === null ? forbidden : sessionStorage; // null is what web views say
  } catch {
    return forbidden;
  }
}
