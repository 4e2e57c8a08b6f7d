// What a context holds for one (base key, KID): an expanded key, and the state that keeps its use safe: the counter
// of a sender, the replay window of a receiver. The two are different types, so no key is ever both (RFC 9605
// §4.4.1).

import type { KeySource } from './core/derived-key.ts';
import type { CoreKey } from './core/engine.ts';
import { EngineKey } from './engine-key.ts';
import { SFrameError, type SFrameErrorCode } from './errors.ts';
import { fieldLength } from './header.ts';
import type { Context } from './options.ts';
import { type Counter, ReplayWindow } from './replay.ts';
import { assertBytes, type Bytes, highHalf, joinU64, lengthOf, lowHalf } from './types.ts';

/** A base key shorter than this is refused: an absent key must not become a predictable one. */
export const MIN_BASE_KEY_LEN = 16;
/** And a longer one is no key but a mistake. */
export const MAX_BASE_KEY_LEN = 4096;
const MAX_U32 = 0xffffffff;

/** Refuses what cannot be a base key. */
export function assertBaseKey(baseKey: Uint8Array): void {
  const len = assertBytes(baseKey, 'baseKey');
  if (len < MIN_BASE_KEY_LEN || len > MAX_BASE_KEY_LEN)
    throw new RangeError(`baseKey must be from ${MIN_BASE_KEY_LEN} to ${MAX_BASE_KEY_LEN} bytes long`);
}

/** A key for sending. It counts, and never gives a counter back. */
export class SendKey {
  readonly kid: bigint;
  readonly #key: EngineKey;
  readonly #tagLen: number;
  readonly #kidLen: number;
  // The next CTR, in halves.
  #ctrHigh: number;
  #ctrLow: number;
  #admission: Promise<void> | undefined;

  constructor({ engine, suite }: Context, source: KeySource, kid: bigint, ctr: bigint) {
    this.kid = kid;
    this.#key = new EngineKey(engine, suite, kid, source);
    this.#tagLen = suite.Nt;
    this.#kidLen = fieldLength(highHalf(kid), lowHalf(kid));
    this.#ctrHigh = highHalf(ctr);
    this.#ctrLow = lowHalf(ctr);
  }

  /** Tells keys apart; without the core it is known once it was {@link identify}'d. */
  get fingerprint(): string | undefined {
    return this.#key.fingerprint;
  }

  /** The same, where it takes WebCrypto to find out. */
  identify(): Promise<string> {
    return this.#key.identify();
  }

  /** No frame leaves before `admission` has found that this key was not used before. */
  admitAfter(admission: Promise<void>): void {
    this.#admission = admission;
    admission.then(
      () => {
        this.#admission = undefined;
      },
      () => {}, // every frame rejects with it
    );
  }

  /** The next CTR to be sent; 2^64-1 when there is none left. */
  get ctr(): bigint {
    return joinU64(this.#ctrHigh, this.#ctrLow);
  }

  /** What the next frame's ciphertext adds to its plaintext. */
  get overhead(): number {
    return 1 + this.#kidLen + fieldLength(this.#ctrHigh, this.#ctrLow) + this.#tagLen;
  }

  /** Encrypts under the next CTR, which is taken before the work, and after all that can be refused. */
  seal(plaintext: Uint8Array, metadata: Uint8Array | undefined, target?: Uint8Array): Bytes | number {
    const { core } = this.#key;
    core.reserve(lengthOf(plaintext), metadata === undefined ? 0 : lengthOf(metadata));
    // From here to #advance nothing may run that could come back here.
    this.#assertCounterLeft();
    const high = this.#ctrHigh;
    const low = this.#ctrLow;
    this.#advance();
    return core.seal(high, low, plaintext, metadata, target);
  }

  /** The same through whichever engine is faster. CTR is taken, and the plaintext read, before this returns. */
  sealAsync(plaintext: Uint8Array, metadata: Uint8Array | undefined): Bytes | Promise<Bytes> {
    if (!this.#key.prefersSubtle('seal', lengthOf(plaintext))) return this.seal(plaintext, metadata) as Bytes;
    this.#assertCounterLeft();
    const high = this.#ctrHigh;
    const low = this.#ctrLow;
    this.#advance();
    if (this.#admission === undefined) return this.#key.sealSubtle(high, low, plaintext, metadata);
    const [ownText, ownMetadata] = [new Uint8Array(plaintext), new Uint8Array(metadata ?? [])];
    return this.#admission.then(() => this.#key.sealSubtle(high, low, ownText, ownMetadata));
  }

  close(): void {
    this.#key.close();
  }

  #assertCounterLeft(): void {
    if (this.#ctrLow === MAX_U32 && this.#ctrHigh === MAX_U32)
      throw new SFrameError('counter-exhausted', this.kid);
  }

  #advance(): void {
    if (this.#ctrLow === MAX_U32) this.#ctrHigh++;
    this.#ctrLow = (this.#ctrLow + 1) >>> 0;
  }
}

/** A key for receiving, with its replay window. */
export class ReceiveKey {
  readonly kid: bigint;
  readonly #key: EngineKey;
  /** The same without a detour: in a large room every object on a frame's way is far from the processor. */
  readonly #core: CoreKey | undefined;
  #window: ReplayWindow | undefined;
  #wanted = true;
  /** The object that goes on with this key's window. */
  #successor: ReceiveKey | undefined;
  #settlement: Promise<void> | undefined;

  constructor({ engine, suite }: Context, source: KeySource, kid: bigint) {
    this.kid = kid;
    this.#key = new EngineKey(engine, suite, kid, source);
    this.#core = this.#key.hasCore ? this.#key.core : undefined;
  }

  /** Tells keys apart; without the core it is known once it was {@link identify}'d. */
  get fingerprint(): string | undefined {
    return this.#key.fingerprint;
  }

  /** The same, where it takes WebCrypto to find out. */
  identify(): Promise<string> {
    return this.#key.identify();
  }

  /** Whether the core has it, so that frames can be opened at once. */
  get isSynchronous(): boolean {
    return this.#core !== undefined;
  }

  /** The highest CTR authenticated, if a window was opened and a frame came. */
  get highest(): Counter | undefined {
    return this.#window?.highest;
  }

  /** Starts replay protection: a window of `size` frames, nothing at or below `floor`. Size 0: none. */
  openWindow(size: number, floor: Counter | undefined): void {
    this.#window = size > 0 ? new ReplayWindow(size, floor) : undefined;
  }

  /** Goes on with the window of an earlier object of the same key. */
  succeed(predecessor: ReceiveKey): void {
    this.#window = predecessor.#window;
    predecessor.#successor = this;
  }

  /** Whether frames under this key, or its successor, may still be handed out. */
  get isWanted(): boolean {
    return this.#wanted && this.#successor?.isWanted !== false;
  }

  /** Whether both are the same key with the same window. */
  isSameAs(other: ReceiveKey | undefined): boolean {
    return this === other || this.#successor?.isSameAs(other) === true;
  }

  /** The key is removed or replaced: what is under way must not be handed out. */
  abandon(): void {
    this.#wanted = false;
  }

  /** No frame is opened before `settlement` has found out which window is this key's. */
  settleAfter(settlement: Promise<void>): void {
    this.#settlement = settlement;
    settlement.then(
      () => {
        this.#settlement = undefined;
      },
      () => {},
    );
  }

  /** Decrypts the frame that readFrame has just read. Only an authentic frame moves the window. */
  open(ctrHigh: number, ctrLow: number, target?: Uint8Array): Bytes | number | SFrameErrorCode {
    if (this.#settlement !== undefined) return 'engine-unavailable'; // it has no window yet
    const core = this.#core ?? this.#key.core;
    const window = this.#window;
    if (window?.accepts(ctrHigh, ctrLow) === false) return 'replay';
    const opened = core.open(target);
    if (opened === undefined) return 'authentication';
    window?.commit(ctrHigh, ctrLow);
    return opened;
  }

  /** Whether openAsync should open a frame with `len` bytes of text; else open. */
  prefersAsync(len: number): boolean {
    return this.#settlement !== undefined || this.#key.prefersSubtle('open', len);
  }

  /**
   * Decrypts through WebCrypto, without moving the window: that is {@link commit}'s, when it is known that the key is
   * still wanted. undefined: it is not authentic. The frame is read before this returns.
   */
  openAsync(
    header: { readonly length: number; readonly ctr: bigint },
    ciphertext: Uint8Array,
    metadata: Uint8Array | undefined,
  ): Promise<Bytes | SFrameErrorCode | undefined> | SFrameErrorCode {
    const parsed = { length: header.length, ctrHigh: highHalf(header.ctr), ctrLow: lowHalf(header.ctr) };
    if (this.#settlement === undefined) return this.#openSubtle(parsed, ciphertext, metadata);
    const [ownFrame, ownMetadata] = [new Uint8Array(ciphertext), new Uint8Array(metadata ?? [])];
    return this.#settlement.then<Bytes | SFrameErrorCode | undefined>(() =>
      this.#openSubtle(parsed, ownFrame, ownMetadata),
    );
  }

  #openSubtle(
    header: { readonly length: number; readonly ctrHigh: number; readonly ctrLow: number },
    ciphertext: Uint8Array,
    metadata: Uint8Array | undefined,
  ): Promise<Bytes | undefined> | SFrameErrorCode {
    if (this.#window?.accepts(header.ctrHigh, header.ctrLow) === false) return 'replay';
    return this.#key.openSubtle(header, ciphertext, metadata);
  }

  /** Records an authentic frame, unless another with its CTR was faster: then false. */
  commit(ctr: bigint): boolean {
    const window = this.#window;
    const [high, low] = [highHalf(ctr), lowHalf(ctr)];
    if (window?.accepts(high, low) === false) return false;
    window?.commit(high, low);
    return true;
  }

  close(): void {
    this.#key.close();
  }
}
