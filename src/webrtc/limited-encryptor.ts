// What all senders of a client encrypt through: one encryptor, whatever kind its keys are of, one counter, and limits of
// what one key may encrypt.

import type { CipherSuiteParameters } from '../cipher-suite.ts';
import { SFrameError } from '../errors.ts';
import type { FrameEncryptor } from '../frame-encryptor.ts';
import { KeyUsage, type UsageLimits } from '../rotation/usage.ts';
import { type Bytes, type Encryptor, lengthOf, viewOf } from '../types.ts';

/** An encryptor that stops at the limits of its key, and says before when they are near. */
export class LimitedEncryptor implements Encryptor {
  readonly #usage: KeyUsage;
  readonly #expiring: (kid: bigint) => void;
  #encryptor: FrameEncryptor | undefined;
  /** Of the key that usage is counted for. */
  #kid: bigint | undefined;
  #since = 0;
  #saidExpiring = false;

  /** Called with every frame that leaves. */
  onSealed: ((encryptor: FrameEncryptor, ciphertext: Uint8Array, metadata?: Uint8Array) => void) | undefined;

  /** @param expiring called once a key */
  constructor(limits: UsageLimits, suite: CipherSuiteParameters, expiring: (kid: bigint) => void) {
    this.#usage = new KeyUsage(limits, suite);
    this.#expiring = expiring;
  }

  /** What frames leave under; undefined: nothing leaves. */
  get kid(): bigint | undefined {
    return this.#encryptor?.kid;
  }

  /** What encrypts now. */
  get encryptor(): FrameEncryptor | undefined {
    return this.#encryptor;
  }

  /** The next CTR. */
  get ctr(): bigint {
    return this.#encryptor?.ctr ?? 0n;
  }

  /** When the key was set, by performance.now(). */
  get since(): number {
    return this.#since;
  }

  /** Frames leave through this one from now on. It has just got a key. */
  use(encryptor: FrameEncryptor): void {
    this.#encryptor = encryptor;
    this.#begin();
  }

  encrypt(plaintext: Uint8Array, metadata?: Uint8Array): Bytes {
    const encryptor = this.#admit(plaintext, metadata);
    const ciphertext = encryptor.encrypt(plaintext, metadata);
    this.onSealed?.(encryptor, ciphertext, metadata);
    return ciphertext;
  }

  encryptInto(target: Uint8Array, plaintext: Uint8Array, metadata?: Uint8Array): number {
    const encryptor = this.#admit(plaintext, metadata);
    const written = encryptor.encryptInto(target, plaintext, metadata);
    this.onSealed?.(encryptor, viewOf(target, 0, written), metadata);
    return written;
  }

  async encryptAsync(plaintext: Uint8Array, metadata?: Uint8Array): Promise<Bytes> {
    const encryptor = this.#admit(plaintext, metadata);
    const ciphertext = await encryptor.encryptAsync(plaintext, metadata);
    this.onSealed?.(encryptor, ciphertext, metadata);
    return ciphertext;
  }

  #begin(): void {
    this.#kid = this.kid;
    this.#since = performance.now();
    this.#saidExpiring = false;
    if (this.#kid !== undefined) this.#usage.begin(this.#kid, 0n);
  }

  /** What encrypts the frame, which counts as encrypted: to count one too many does no harm. */
  #admit(plaintext: Uint8Array, metadata: Uint8Array | undefined): FrameEncryptor {
    const encryptor = this.#encryptor;
    if (encryptor?.kid === undefined) throw new SFrameError('no-key');
    if (encryptor.kid !== this.#kid) this.#begin();
    const metadataLen = metadata === undefined ? 0 : lengthOf(metadata);
    const blocks = this.#usage.blocksOf(lengthOf(plaintext), metadataLen);
    if (!this.#usage.admits(blocks)) throw new SFrameError('counter-exhausted', encryptor.kid);
    this.#usage.count(blocks);
    if (this.#usage.isExpiring && !this.#saidExpiring) {
      this.#saidExpiring = true;
      this.#expiring(encryptor.kid);
    }
    return encryptor;
  }
}
