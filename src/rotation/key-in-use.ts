// The key that frames leave under: which it is, what it has encrypted, and how another takes its place.

import type { RotatedEncryptor } from './staged-key.ts';
import type { KeyUsage } from './usage.ts';

/** Why a key could not be changed, and whether the one before is gone, too. */
interface Failure {
  readonly error: unknown;
  readonly isLost: boolean;
}

/** One encryptor's key. */
export class KeyInUse {
  readonly usage: KeyUsage;
  readonly #encryptor: RotatedEncryptor;
  #kid: bigint | undefined;
  #isChanging = false;

  /** A key that the encryptor has already is taken over. */
  constructor(encryptor: RotatedEncryptor, usage: KeyUsage) {
    this.usage = usage;
    this.#encryptor = encryptor;
    if (encryptor.kid !== undefined) this.#begin(encryptor.kid);
  }

  /** Its KID; undefined while there is none. */
  get kid(): bigint | undefined {
    return this.#kid;
  }

  /** Whether it is just being changed: then nothing is to be sent, or decided. */
  get isChanging(): boolean {
    return this.#isChanging;
  }

  /** Whether the encryptor has another key than was set here: then there is none any more. */
  dropForeign(): boolean {
    const { kid } = this.#encryptor;
    if (kid === this.#kid || kid === undefined) return false;
    this.#kid = undefined;
    return true;
  }

  /** Lets `activate` set another key. If it throws the old one stays in use, unless the encryptor has lost it. */
  change(activate: () => void): Failure | undefined {
    const before = this.#encryptor.kid;
    this.#isChanging = true;
    try {
      activate();
      const { kid } = this.#encryptor;
      if (kid === before || kid === undefined) throw new RangeError('activate must set another key');
      this.#begin(kid);
      return undefined;
    } catch (error) {
      const isLost = this.#encryptor.kid !== before;
      if (isLost) this.#kid = undefined;
      return { error, isLost };
    } finally {
      this.#isChanging = false;
    }
  }

  #begin(kid: bigint): void {
    this.#kid = kid;
    this.usage.begin(kid, this.#encryptor.ctr ?? 0n);
  }
}
