// A key in waiting: a copy that is wiped when it is used or superseded, and what makes an encryptor send under it.

import { SFrameError } from '../errors.ts';
import { assertBaseKey } from '../key.ts';
import { type Bytes, copyOf, type Encryptor, type U64 } from '../types.ts';
import type { RotationReason } from './event.ts';

/** An encryptor whose keys can be rotated: any that says under which KID it sends. */
export interface RotatedEncryptor extends Encryptor {
  /** The KID of the key in use. */
  readonly kid?: bigint | undefined;
  /** The next CTR, where it is known. */
  readonly ctr?: bigint;
  /** What activates a staged key, unless {@link KeyRotation.stage} is told otherwise. */
  setEncryptionKey?(baseKey: Uint8Array, kid: U64): void;
}

/** Sets a key of an encryptor. The bytes are gone when it returns. */
export type Activate = (baseKey: Bytes, kid: bigint) => void;

/** One key on its way. */
export class StagedKey {
  readonly kid: bigint;
  /** What it answers. */
  readonly reason: RotationReason | undefined;
  readonly #encryptor: RotatedEncryptor;
  readonly #baseKey: Bytes;
  readonly #activate: Activate;

  /** TypeErrors and RangeErrors name the argument. */
  constructor(
    encryptor: RotatedEncryptor,
    baseKey: Uint8Array,
    kid: bigint,
    activate: Activate | undefined,
    reason: RotationReason | undefined,
  ) {
    assertBaseKey(baseKey);
    if (activate !== undefined && typeof activate !== 'function')
      throw new TypeError('activate must be a function');
    if (activate === undefined && typeof encryptor.setEncryptionKey !== 'function')
      throw new TypeError('activate must be given: the encryptor has no setEncryptionKey');
    this.kid = kid;
    this.reason = reason;
    this.#encryptor = encryptor;
    this.#activate = activate ?? ((bytes) => encryptor.setEncryptionKey?.(bytes, kid));
    this.#baseKey = copyOf(baseKey);
  }

  /** Makes the encryptor send under it. Throws what goes wrong there; wiped in any case. */
  activate(): void {
    const { kid } = this;
    const activate = this.#activate;
    try {
      activate(this.#baseKey, kid);
      // What receivers were told must be what they get.
      if (this.#encryptor.kid !== kid) throw new RangeError('kid must be that of the key that activate sets');
    } finally {
      this.wipe();
    }
  }

  wipe(): void {
    this.#baseKey.fill(0);
  }
}

/** How many KIDs are remembered. */
const MAX_REMEMBERED = 4096;

/** The KIDs that receivers have been told of, so that none gets a second key. */
export class KidMemory {
  /** Oldest first. */
  readonly #kids: Set<bigint> = new Set();

  /** @throws SFrameError `key-reuse` if the KID is known */
  assertNew(kid: bigint): void {
    if (this.#kids.has(kid)) throw new SFrameError('key-reuse', kid, 'this KID was used before');
  }

  /** False: it was known. */
  add(kid: bigint): boolean {
    if (this.#kids.has(kid)) return false;
    this.#kids.add(kid);
    if (this.#kids.size > MAX_REMEMBERED) this.#kids.delete(this.#kids.values().next().value as bigint);
    return true;
  }

  delete(kid: bigint): void {
    this.#kids.delete(kid);
  }

  clear(): void {
    this.#kids.clear();
  }
}
