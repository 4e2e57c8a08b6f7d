// What a context holds for one (base key, KID): an expanded key, and the state that keeps its use safe: the counter
// of a sender, the replay window of a receiver. The two are different types, so no key is ever both (RFC 9605
// §4.4.1).

import type { CipherSuiteParameters } from './cipher-suite.ts';
import { CoreKey } from './core/engine.ts';
import { SFrameError } from './errors.ts';
import { fieldLength } from './header.ts';
import { type Counter, ReplayWindow } from './replay.ts';
import { assertBytes, type Bytes, highHalf, joinU64, lowHalf } from './types.ts';

/** A base key shorter than this is refused: an absent key must not become a predictable one. */
const MIN_BASE_KEY_LEN = 16;
const MAX_U32 = 0xffffffff;

/** Refuses what cannot be a base key. */
export function assertBaseKey(baseKey: Uint8Array): void {
  assertBytes(baseKey, 'baseKey');
  if (baseKey.length < MIN_BASE_KEY_LEN)
    throw new RangeError(`baseKey must be at least ${MIN_BASE_KEY_LEN} bytes long`);
}

/** A key for sending. It counts, and never gives a counter back. */
export class SendKey {
  readonly kid: bigint;
  readonly #key: CoreKey;
  readonly #tagLen: number;
  readonly #kidLen: number;
  // The next CTR, in halves.
  #ctrHigh: number;
  #ctrLow: number;

  constructor(suite: CipherSuiteParameters, baseKey: Uint8Array, kid: bigint, ctr: bigint) {
    this.kid = kid;
    this.#key = new CoreKey(suite, kid, baseKey);
    this.#tagLen = suite.Nt;
    this.#kidLen = fieldLength(highHalf(kid), lowHalf(kid));
    this.#ctrHigh = highHalf(ctr);
    this.#ctrLow = lowHalf(ctr);
  }

  get fingerprint(): string {
    return this.#key.fingerprint;
  }

  /** The next CTR to be sent; 2^64-1 when there is none left. */
  get ctr(): bigint {
    return joinU64(this.#ctrHigh, this.#ctrLow);
  }

  /** What the next frame's ciphertext adds to its plaintext. */
  get overhead(): number {
    return 1 + this.#kidLen + fieldLength(this.#ctrHigh, this.#ctrLow) + this.#tagLen;
  }

  /** Encrypts under the next CTR, which is taken once nothing can fail any more. */
  seal(plaintext: Uint8Array, metadata: Uint8Array | undefined, target?: Uint8Array): Bytes | number {
    const high = this.#ctrHigh;
    const low = this.#ctrLow;
    if (low === MAX_U32 && high === MAX_U32) throw new SFrameError('counter-exhausted', this.kid);
    this.#key.reserve(plaintext, metadata);
    if (low === MAX_U32) this.#ctrHigh = high + 1;
    this.#ctrLow = (low + 1) >>> 0;
    return this.#key.seal(high, low, plaintext, metadata, target);
  }

  close(): void {
    this.#key.close();
  }
}

/** A key for receiving, with its replay window. */
export class ReceiveKey {
  readonly #key: CoreKey;
  #window: ReplayWindow | undefined;

  constructor(suite: CipherSuiteParameters, baseKey: Uint8Array, kid: bigint) {
    this.#key = new CoreKey(suite, kid, baseKey);
  }

  get fingerprint(): string {
    return this.#key.fingerprint;
  }

  /** The highest CTR authenticated, if a window was opened and a frame came. */
  get highest(): Counter | undefined {
    return this.#window?.highest;
  }

  /** Starts replay protection: a window of `size` frames, nothing at or below `floor`. Size 0: none. */
  openWindow(size: number, floor: Counter | undefined): void {
    this.#window = size > 0 ? new ReplayWindow(size, floor) : undefined;
  }

  /** Decrypts the frame just read, whose CTR is given in halves. Only an authentic frame moves the window. */
  open(
    ctrHigh: number,
    ctrLow: number,
    metadata: Uint8Array | undefined,
    target?: Uint8Array,
  ): Bytes | number | 'replay' | 'authentication' {
    if (this.#window?.accepts(ctrHigh, ctrLow) === false) return 'replay';
    const opened = this.#key.open(metadata, target);
    if (opened === undefined) return 'authentication';
    this.#window?.commit(ctrHigh, ctrLow);
    return opened;
  }

  close(): void {
    this.#key.close();
  }
}
