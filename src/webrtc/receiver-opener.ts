// Opens the frames of one receiver with the keys of its participant: the header says which, the receiver's own windows say
// whether the frame came before, and no frame is opened that this client has sent itself.

import type { FrameOpener } from '../codec/frame.ts';
import { SFrameError, type SFrameErrorCode } from '../errors.ts';
import type { FrameDecryptor } from '../frame-decryptor.ts';
import { parseHeader } from '../header.ts';
import { assertTarget } from '../options.ts';
import { type Bytes, copyTo, highHalf, lowHalf } from '../types.ts';
import type { ReplayGuard } from './replay-guard.ts';

/** Where a receiver's keys are. */
export interface Keyring {
  /** What opens frames of a KID; undefined if nothing of this participant's does. */
  find(kid: bigint): FrameDecryptor | undefined;
  /** Whether frames under a key must not be opened: it is what this client sends under. */
  refuses(fingerprint: string): boolean;
  /** A frame was authentic. Returns whether it may be handed out. */
  opened(ciphertext: Uint8Array, metadata: Uint8Array | undefined, decryptor: FrameDecryptor): boolean;
}

/**
 * Why a frame is not handed out that opened, but that signatures refuse. No code of the API: tracks count it and tell it
 * as they do those.
 */
const UNVERIFIED = 'unverified' as SFrameErrorCode;

/** A frame that may be opened. */
interface Attempt {
  readonly decryptor: FrameDecryptor;
  readonly kid: bigint;
  readonly high: number;
  readonly low: number;
  /** Of its key, unless that is derived only for this frame. */
  readonly fingerprint: string | undefined;
}

/** One receiver's. */
export class ReceiverOpener implements FrameOpener {
  readonly #keyring: Keyring;
  readonly #guard: () => ReplayGuard;
  /** Of the last frame, if it had a header. */
  #kid: bigint | undefined;

  /** @param guard the receiver's windows, or where they are to be had when a frame comes */
  constructor(keyring: Keyring, guard: ReplayGuard | (() => ReplayGuard)) {
    this.#keyring = keyring;
    this.#guard = typeof guard === 'function' ? guard : () => guard;
  }

  /** The KID of the last frame, if it had a header. It may be forged. */
  get kid(): bigint | undefined {
    return this.#kid;
  }

  tryDecrypt(ciphertext: Uint8Array, metadata?: Uint8Array): Bytes | SFrameErrorCode {
    const attempt = this.#attempt(ciphertext);
    if (typeof attempt === 'string') return attempt;
    return this.#finish(attempt, attempt.decryptor.tryDecrypt(ciphertext, metadata), ciphertext, metadata);
  }

  async tryDecryptAsync(ciphertext: Uint8Array, metadata?: Uint8Array): Promise<Bytes | SFrameErrorCode> {
    const attempt = this.#attempt(ciphertext);
    if (typeof attempt === 'string') return attempt;
    const opened = await attempt.decryptor.tryDecryptAsync(ciphertext, metadata);
    return this.#finish(attempt, opened, ciphertext, metadata);
  }

  decrypt(ciphertext: Uint8Array, metadata?: Uint8Array): Bytes {
    return this.#orThrow(this.tryDecrypt(ciphertext, metadata));
  }

  decryptInto(target: Uint8Array, ciphertext: Uint8Array, metadata?: Uint8Array): number {
    const opened = this.decrypt(ciphertext, metadata);
    assertTarget(target, opened.length);
    copyTo(target, opened);
    return opened.length;
  }

  async decryptAsync(ciphertext: Uint8Array, metadata?: Uint8Array): Promise<Bytes> {
    return this.#orThrow(await this.tryDecryptAsync(ciphertext, metadata));
  }

  #attempt(ciphertext: Uint8Array): Attempt | SFrameErrorCode {
    this.#kid = undefined;
    const header = parseHeader(ciphertext);
    if (header === undefined) return 'syntax';
    const { kid, ctr } = header;
    this.#kid = kid;
    const decryptor = this.#keyring.find(kid);
    if (decryptor === undefined) return 'key-id';
    const [high, low] = [highHalf(ctr), lowHalf(ctr)];
    const fingerprint = decryptor.fingerprintOf(kid);
    if (fingerprint !== undefined) {
      if (this.#keyring.refuses(fingerprint)) return 'key-id';
      if (!this.#guard().accepts(fingerprint, high, low)) return 'replay';
    }
    return { decryptor, kid, high, low, fingerprint };
  }

  /** What may be handed out of an attempt; then its frame is recorded. */
  #finish(
    attempt: Attempt,
    opened: Bytes | SFrameErrorCode,
    ciphertext: Uint8Array,
    metadata: Uint8Array | undefined,
  ): Bytes | SFrameErrorCode {
    if (typeof opened === 'string') return opened;
    const refusal = this.#refusalOf(attempt);
    if (refusal === undefined && this.#keyring.opened(ciphertext, metadata, attempt.decryptor)) return opened;
    opened.fill(0);
    return refusal ?? UNVERIFIED;
  }

  #refusalOf({ decryptor, kid, high, low, fingerprint: before }: Attempt): SFrameErrorCode | undefined {
    if (this.#keyring.find(kid) !== decryptor) return 'key-id'; // its participant has gone meanwhile
    // A key that was derived for this frame is known only now; another may have been replaced meanwhile.
    const fingerprint = decryptor.fingerprintOf(kid);
    if (fingerprint === undefined || (before !== undefined && before !== fingerprint)) return 'key-id';
    if (this.#keyring.refuses(fingerprint)) return 'key-id';
    return this.#guard().commit(fingerprint, high, low) ? undefined : 'replay';
  }

  #orThrow(opened: Bytes | SFrameErrorCode): Bytes {
    if (typeof opened === 'string')
      throw new SFrameError(opened === UNVERIFIED ? 'authentication' : opened, this.#kid);
    return opened;
  }
}
