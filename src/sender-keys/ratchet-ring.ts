// Following a ratchet (RFC 9605 §5.1). A frame's KID says how far its sender has come:
//
//        kept, in case they are late          taken, if a frame proves it
//   ────┬────────── maxPast ──────────┬────┬───────── maxForward ─────────┬────▶ steps
//                                 current step
//
// The step comes from a header that anybody can write. So the keys ahead are derived aside, the frame is opened, and
// only then the chain moves. Base keys derived for forged frames are kept until it does, maxForward at most.

import { BaseKeys } from '../base-keys.ts';
import type { Clock } from '../clock.ts';
import { SFrameError, type SFrameErrorCode } from '../errors.ts';
import { Floors } from '../floors.ts';
import type { KeyRing } from '../frame-decryptor.ts';
import { assertBaseKey, ReceiveKey } from '../key.ts';
import { KeyTable } from '../key-table.ts';
import type { Context } from '../options.ts';
import { type Bytes, isSame, joinU64 } from '../types.ts';
import { Chain } from './chain.ts';
import type { KidLayout } from './kid-layout.ts';
import type { RatchetLimits } from './limits.ts';

/** How long the keys of past steps stay, in ms: media that comes later than that is of no use. */
const PAST_MS = 10_000;

/** The key of a step that its sender has left. */
interface PastKey {
  readonly chain: Chain;
  readonly key: ReceiveKey;
  /** Time of the frame that proved it. */
  readonly leftAt: number;
}

/** A key that only a header speaks for. */
interface Candidate {
  readonly chain: Chain;
  readonly steps: number;
  readonly key: ReceiveKey;
}

/** The keys of one sender. */
export class RatchetRing implements KeyRing {
  readonly #context: Context;
  /** For candidates: the core opens their frames on the spot, and forged ones cost WebCrypto nothing. */
  readonly #aside: Context;
  readonly #layout: KidLayout;
  readonly #limits: RatchetLimits;
  readonly #replayWindow: number;
  readonly #clock: Clock;
  /** When the clock was read last. */
  #time = 0;
  readonly #baseKeys: BaseKeys;
  /** By generation. */
  readonly #chains: Map<bigint, Chain> = new Map();
  /** Keys of current and past steps, by KID. */
  readonly #keys: KeyTable = new KeyTable();
  /** Past keys in the order in which they were left. */
  #past: PastKey[] = [];
  readonly #floors: Floors = new Floors();
  /** Between find and accept or reject nothing else happens, so there is one at most. */
  #candidate: Candidate | undefined;
  #closed = false;

  constructor(
    context: Context,
    layout: KidLayout,
    limits: RatchetLimits,
    replayWindow: number,
    clock: Clock,
  ) {
    this.#context = context;
    this.#aside = { ...context, engine: 'wasm' };
    this.#layout = layout;
    this.#limits = limits;
    this.#replayWindow = replayWindow;
    this.#clock = clock;
    this.#baseKeys = new BaseKeys(context.suite);
  }

  get synchronous(): boolean {
    return this.#chains.size > 0;
  }

  find(kidHigh: number, kidLow: number): ReceiveKey | SFrameErrorCode {
    if (this.#past.length > 0) this.#expire();
    return this.#keys.find(kidHigh, kidLow) ?? this.#findAhead(joinU64(kidHigh, kidLow));
  }

  peek(kid: bigint): ReceiveKey | undefined {
    return this.#keys.get(kid);
  }

  accept(key: ReceiveKey): boolean {
    const candidate = this.#candidate;
    if (candidate?.key === key) {
      this.#candidate = undefined;
      const { chain, steps } = candidate;
      this.#advance(chain, steps, this.#lasting(key, chain.baseKeyAhead(steps)));
    }
    return key.isWanted;
  }

  reject(key: ReceiveKey): void {
    if (this.#candidate?.key !== key) return;
    this.#candidate = undefined;
    key.close();
  }

  close(): void {
    this.#closed = true;
    this.#keys.close();
    this.#past = [];
    this.#chains.clear();
    this.#baseKeys.close();
    this.#floors.clear();
  }

  /** @throws SFrameError `destroyed` */
  assertOpen(): void {
    if (this.#closed) throw new SFrameError('destroyed');
  }

  /** @throws RangeError if there is no memory for another key, or its window */
  add(baseKey: Uint8Array, kid: bigint): void {
    this.#expire();
    this.assertOpen(); // whatever the clock's function has done, to the key too
    assertBaseKey(baseKey);
    const own = this.#baseKeys.copy(baseKey);
    let key: ReceiveKey | undefined;
    let isTaken = false;
    try {
      key = this.#newKey(this.#context, own, kid);
      isTaken = this.#enter(key, own);
    } finally {
      if (!isTaken) {
        key?.close();
        this.#baseKeys.wipe(own);
      }
    }
  }

  /** Wipes a generation. False: there is none. */
  remove(generation: bigint): boolean {
    const chain = this.#chains.get(generation);
    if (chain === undefined) return false;
    this.#drop(chain);
    return true;
  }

  /** Gives an added key its place. False: it is known or old, and nothing has changed. */
  #enter(key: ReceiveKey, baseKey: Bytes): boolean {
    const { kid } = key;
    const chain = this.#chains.get(this.#layout.generationOf(kid));
    if (chain !== undefined) {
      if (this.peek(kid)?.fingerprint === key.fingerprint) return false;
      const steps = chain.distanceTo(kid);
      if (this.#reaches(steps) && isSame(chain.baseKeyAhead(steps), baseKey)) {
        this.#baseKeys.wipe(baseKey); // the chain has it
        this.#advance(chain, steps, key);
        return true;
      }
      if (chain.hasPassed(baseKey, kid)) return false;
      this.#drop(chain);
    }
    const own = new Chain(this.#layout, this.#baseKeys, kid, baseKey);
    this.#chains.set(own.generation, own);
    this.#keys.set(key);
    return true;
  }

  /** Whether a step is one that frames can lead to. */
  #reaches(steps: number): boolean {
    return steps > 0 && steps <= this.#limits.maxForward;
  }

  /** The key of a KID that none has here. */
  #findAhead(kid: bigint): ReceiveKey | SFrameErrorCode {
    this.#expire(); // accept needs the time, and must not ask a function that may do anything
    const chain = this.#chains.get(this.#layout.generationOf(kid));
    if (chain === undefined) return 'key-id';
    const steps = chain.distanceTo(kid);
    if (!this.#reaches(steps)) return 'ratchet-limit';
    const key = this.#newKey(this.#aside, chain.baseKeyAhead(steps), kid);
    this.#candidate = { chain, steps, key };
    return key;
  }

  /** Moves a chain to the step of a key. */
  #advance(chain: Chain, steps: number, key: ReceiveKey): void {
    const { maxPast } = this.#limits;
    const left = this.peek(chain.kid) as ReceiveKey;
    this.#past.push({ chain, key: left, leftAt: this.#time });
    // Frames of steps that were skipped may be late, too.
    for (let skipped = Math.max(1, steps - maxPast); skipped < steps; skipped++)
      this.#keepSkipped(chain, skipped);
    this.#keys.set(key);
    chain.advance(steps);
    this.#retirePast((past) => past.chain === chain && chain.distanceFrom(past.key.kid) > maxPast);
  }

  /** Keeps the key of a step that no frame has come from so far. */
  #keepSkipped(chain: Chain, steps: number): void {
    try {
      const key = this.#newKey(this.#context, chain.baseKeyAhead(steps), chain.kidAhead(steps));
      this.#past.push({ chain, key, leftAt: this.#time });
      this.#keys.set(key);
    } catch (error) {
      if (!(error instanceof RangeError)) throw error; // no memory: the frame at hand matters more
    }
  }

  /** A candidate's key as one that was added would be: large frames may go to WebCrypto. */
  #lasting(key: ReceiveKey, baseKey: Bytes): ReceiveKey {
    if (this.#context.engine === 'wasm') return key;
    let lasting: ReceiveKey;
    try {
      lasting = new ReceiveKey(this.#context, baseKey, key.kid);
    } catch (error) {
      if (!(error instanceof RangeError)) throw error;
      return key; // no memory: it serves as it is
    }
    lasting.succeed(key);
    key.close();
    return lasting;
  }

  /** A key with a window. @throws RangeError if there is no memory for either */
  #newKey(context: Context, baseKey: Bytes, kid: bigint): ReceiveKey {
    const key = new ReceiveKey(context, baseKey, kid);
    try {
      key.openWindow(this.#replayWindow, this.#floors.get(key.fingerprint as string));
    } catch (error) {
      key.close();
      throw error;
    }
    return key;
  }

  /** Reads the clock, and retires what is too old. */
  #expire(): void {
    const time = this.#clock.read();
    this.#time = time;
    const oldest = this.#past[0];
    if (oldest === undefined || time - oldest.leftAt < PAST_MS) return;
    this.#retirePast(({ leftAt }) => time - leftAt >= PAST_MS);
  }

  #drop(chain: Chain): void {
    this.#retire(this.peek(chain.kid) as ReceiveKey);
    this.#retirePast((past) => past.chain === chain);
    this.#chains.delete(chain.generation);
    chain.close();
  }

  #retirePast(isDue: (past: PastKey) => boolean): void {
    const due = this.#past.filter(isDue);
    this.#past = this.#past.filter((past) => !isDue(past));
    for (const { key } of due) this.#retire(key);
  }

  /** Wipes a key, and remembers how far it was used. */
  #retire(key: ReceiveKey): void {
    this.#floors.keep(key.fingerprint as string, key.highest);
    key.abandon();
    key.close();
    this.#keys.delete(key.kid);
  }
}
