// derive_key_salt (RFC 9605 §4.4.2) by WebCrypto, for base keys that are CryptoKeys.

import type { CipherSuiteParameters } from '../cipher-suite.ts';
import { type Bytes, concat } from '../types.ts';
import { hkdf } from './subtle.ts';

/** What a (base key, KID) is expanded to. */
export interface DerivedKey {
  /** sframe_key ‖ sframe_salt: Nk and Nn bytes. */
  readonly bytes: Bytes;
  /** The same 16 one-way bytes that the core gives for this key; see deriveKey in assembly/key.ts. */
  readonly fingerprint: string;
}

/** Where a key comes from: a base key, or what was derived from one. */
export type KeySource = Uint8Array | DerivedKey;

/** Whether it was derived already. */
export function isDerived(source: KeySource): source is DerivedKey {
  return !ArrayBuffer.isView(source); // a caller's bytes may have any properties
}

/** label ‖ u64be(KID) ‖ u16be(suite) */
export function infoOf(label: string, { id }: CipherSuiteParameters, kid: bigint): Bytes {
  const tail = new DataView(new ArrayBuffer(10));
  tail.setBigUint64(0, kid);
  tail.setUint16(8, id);
  return concat(new TextEncoder().encode(label), new Uint8Array(tail.buffer));
}

/** HKDF under one of SFrame's labels. */
export function expandLabel(
  suite: CipherSuiteParameters,
  kid: bigint,
  baseKey: CryptoKey,
  label: string,
  len: number,
): Promise<Bytes> {
  return hkdf(suite.hash, baseKey, new Uint8Array(0), infoOf(label, suite, kid), len);
}

/** The same 16 bytes as characters. */
export async function fingerprintOf(
  suite: CipherSuiteParameters,
  kid: bigint,
  baseKey: CryptoKey,
): Promise<string> {
  return String.fromCharCode(...(await expandLabel(suite, kid, baseKey, 'sframe-wasm key id', 16)));
}

/** Derives all of a key. Its bytes are the caller's to wipe. */
export async function deriveKey(
  suite: CipherSuiteParameters,
  kid: bigint,
  baseKey: CryptoKey,
): Promise<DerivedKey> {
  const fingerprint = await fingerprintOf(suite, kid, baseKey);
  const salt = await expandLabel(suite, kid, baseKey, 'SFrame 1.0 Secret salt ', suite.Nn);
  const key = await expandLabel(suite, kid, baseKey, 'SFrame 1.0 Secret key ', suite.Nk);
  const bytes = concat(key, salt);
  key.fill(0);
  salt.fill(0);
  return { bytes, fingerprint };
}

/** Derivations under way: they may end in any order, and take effect in that of their calls. */
export class Imports {
  #last: Promise<unknown> = Promise.resolve();
  /** Those that have not taken effect, by KID. */
  readonly #underWay: Set<{ readonly kid: bigint }> = new Set();

  /** Gives a key to `use` after those before it, unless it is cancelled, and wipes it. */
  add(kid: bigint, deriving: Promise<DerivedKey>, use: (derived: DerivedKey) => void): Promise<void> {
    const ticket = { kid };
    this.#underWay.add(ticket);
    const turn = Promise.all([deriving, this.#last])
      .then(([derived]) => {
        try {
          if (this.#underWay.has(ticket)) use(derived);
        } finally {
          derived.bytes.fill(0);
        }
      })
      .finally(() => this.#underWay.delete(ticket));
    this.#last = Promise.allSettled([turn, this.#last]);
    return turn;
  }

  /** Something later was said of a KID, or of all: what is under way has no effect. */
  cancel(kid?: bigint): void {
    for (const ticket of this.#underWay)
      if (kid === undefined || ticket.kid === kid) this.#underWay.delete(ticket);
  }
}
