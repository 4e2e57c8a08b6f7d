// The keys of an MLS receiver (RFC 9605 §5.2): an epoch's base key opens frames of all members, whose keys are derived
// when their frames come. KIDs may be forged, so a key is derived aside, and only an authentic frame gives it a place.
// Places and windows last as long as their epoch: nothing that is forged can push them out.

import { BaseKeys } from '../base-keys.ts';
import type { Clock } from '../clock.ts';
import { preload } from '../core/engine.ts';
import { hasSubtle, subtleCrypto } from '../core/subtle.ts';
import { SFrameError, type SFrameErrorCode } from '../errors.ts';
import { Floors } from '../floors.ts';
import type { KeyRing } from '../frame-decryptor.ts';
import { ReceiveKey } from '../key.ts';
import type { Context, Engine } from '../options.ts';
import { type Bytes, isSame, joinU64, nameOf, nameOfHalves } from '../types.ts';
import { Candidates, type KeyOrigin } from './candidates.ts';
import type { KidLayout, KidParts } from './kid-layout.ts';

/** An epoch to be added, its arguments checked. */
export interface EpochEntry {
  readonly epoch: bigint;
  /** The caller's: copied. */
  readonly baseKey: Uint8Array;
  readonly layout: KidLayout;
  /** Our own leaf, whose frames are refused. */
  readonly ownIndex: number | undefined;
  /** The only leaf whose frames are taken. */
  readonly expect: number | undefined;
}

/** What bounds a ring. */
export interface RingLimits {
  /** E. */
  readonly epochBits: number;
  readonly replayWindow: number;
  /** How many KIDs of one sender and epoch may have a place. */
  readonly maxContexts: number;
}

/** The same with a copy of its base key. */
interface Secret extends EpochEntry {
  readonly baseKey: Bytes;
}

/** An epoch, and who has proved to have its base key. */
interface Epoch extends Secret, KeyOrigin {
  /** Our copy, wiped when the epoch goes. */
  readonly baseKey: Bytes;
  readonly places: Map<number | bigint, ReceiveKey>;
  /** By sender, how many places his contexts have. */
  readonly contexts: Map<number, number>;
  /** When it goes, because there is a later one. */
  goes: number;
}

const NEVER = Number.POSITIVE_INFINITY;

/** Epochs, and keys of senders by KID. */
export class EpochRing implements KeyRing {
  readonly #context: Context;
  readonly #limits: RingLimits;
  readonly #clock: Clock;
  readonly #epochMask: number;
  /** By their low E bits. */
  readonly #epochs: Map<number, Epoch> = new Map();
  /** Keys in their places, of all epochs. */
  readonly #keys: Map<number | bigint, ReceiveKey> = new Map();
  readonly #floors: Floors = new Floors();
  readonly #candidates: Candidates<Epoch>;
  readonly #baseKeys: BaseKeys;
  /** When the first epoch goes: until then frames need not know the time of those. */
  #firstGoes: number = NEVER;
  /** Whether there were epochs that only WebCrypto can serve. */
  #withoutCore = false;
  #closed = false;

  constructor(context: Context, limits: RingLimits, clock: Clock) {
    this.#context = context;
    this.#limits = limits;
    this.#clock = clock;
    this.#epochMask = 2 ** limits.epochBits - 1;
    this.#baseKeys = new BaseKeys(context.suite);
    this.#candidates = new Candidates(limits.replayWindow, this.#floors);
  }

  get synchronous(): boolean {
    return this.#epochs.size > 0 && !this.#withoutCore;
  }

  find(kidHigh: number, kidLow: number): ReceiveKey | SFrameErrorCode {
    if (this.#firstGoes !== NEVER) this.expire();
    const name = nameOfHalves(kidHigh, kidLow);
    return this.#keys.get(name) ?? this.#findAside(name, kidHigh, kidLow);
  }

  /** A key for a KID that has none in its place: one derivation, unless frames of this KID are being opened. */
  #findAside(name: number | bigint, kidHigh: number, kidLow: number): ReceiveKey | 'key-id' {
    const known = this.#candidates.join(name);
    if (known !== undefined) return known;
    const epoch = this.#epochs.get((kidLow & this.#epochMask) >>> 0);
    if (epoch === undefined) return 'key-id';
    const kid = joinU64(kidHigh, kidLow);
    const { senderIndex } = epoch.layout.partsOf(kid);
    if (senderIndex >= epoch.layout.groupSize || senderIndex === epoch.ownIndex) return 'key-id';
    if (epoch.expect !== undefined && senderIndex !== epoch.expect) return 'key-id';
    if (!this.#hasRoom(epoch, senderIndex)) return 'key-id';
    return this.#candidates.derive(name, epoch, senderIndex, kid);
  }

  #hasRoom({ contexts }: Epoch, senderIndex: number): boolean {
    return (contexts.get(senderIndex) ?? 0) < this.#limits.maxContexts;
  }

  peek(kid: bigint): ReceiveKey | undefined {
    return this.#keys.get(nameOf(kid));
  }

  accept(key: ReceiveKey): boolean {
    const candidate = this.#candidates.take(key);
    if (candidate === undefined) return key.isWanted;
    const { origin: epoch, senderIndex } = candidate;
    if (!this.#hasRoom(epoch, senderIndex)) {
      // Of several contexts on their way at once, others were faster.
      abandon(key);
      return false;
    }
    epoch.contexts.set(senderIndex, (epoch.contexts.get(senderIndex) ?? 0) + 1);
    const kept = this.#withBothEngines(key, epoch);
    const name = nameOf(key.kid);
    epoch.places.set(name, kept);
    this.#keys.set(name, kept);
    return true;
  }

  /** A key that was proved may be given to WebCrypto, too, for large frames: a second derivation, but only one. */
  #withBothEngines(key: ReceiveKey, { aside, baseKey }: Epoch): ReceiveKey {
    if (this.#context.engine !== 'auto' || aside.engine !== 'wasm' || !hasSubtle()) return key;
    let both: ReceiveKey;
    try {
      both = new ReceiveKey(this.#context, baseKey, key.kid);
    } catch {
      return key; // no memory for another: one engine does
    }
    both.succeed(key);
    key.close();
    return both;
  }

  reject(key: ReceiveKey): void {
    this.#candidates.reject(key);
  }

  close(): void {
    this.#closed = true;
    for (const epoch of this.#epochs.values()) this.#drop(epoch);
    this.#floors.clear();
  }

  /** @throws SFrameError `destroyed` */
  assertOpen(): void {
    if (this.#closed) throw new SFrameError('destroyed');
  }

  /** The time, by a clock of the caller's. */
  get time(): number {
    return this.#clock.read();
  }

  /**
   * Adds an epoch instead of any with the same low bits. It is `time` now; earlier ones go after `grace` ms, and so does
   * this if it is not the latest.
   * @throws RangeError if a later epoch has the same low bits
   * @throws SFrameError `engine-unavailable`
   */
  add(entry: EpochEntry, time: number, grace: number): void {
    this.#dropOver(time);
    const low = this.#lowBitsOf(entry.epoch);
    const known = this.#epochs.get(low);
    if (known !== undefined && known.epoch > entry.epoch)
      throw new RangeError(`epoch must not be earlier than ${known.epoch}, which has its low bits`);
    const aside = { ...this.#context, engine: engineAside(this.#context.engine) };
    const baseKey = this.#baseKeys.copy(entry.baseKey);
    if (known !== undefined && isSameEpoch(known, { ...entry, baseKey })) {
      this.#baseKeys.wipe(baseKey);
    } else {
      if (known !== undefined) this.#drop(known);
      const added = { ...entry, baseKey, aside, places: new Map(), contexts: new Map(), goes: NEVER };
      this.#epochs.set(low, added);
      if (aside.engine === 'webcrypto') this.#withoutCore = true;
    }
    this.#date(time + grace);
    this.#dropOver(time);
  }

  /** All epochs but the latest go, at `time` if not before. */
  #date(time: number): void {
    const epochs = [...this.#epochs.values()];
    const latest = epochs.reduce((last, next) => (next.epoch > last.epoch ? next : last));
    for (const epoch of epochs) epoch.goes = epoch === latest ? NEVER : Math.min(epoch.goes, time);
  }

  /** Wipes an epoch. False: there was none. */
  remove(epoch: bigint): boolean {
    this.expire();
    const known = this.#find(epoch);
    if (known === undefined) return false;
    this.#drop(known);
    this.#settleTime();
    return true;
  }

  has(epoch: bigint): boolean {
    this.expire();
    return this.#find(epoch) !== undefined;
  }

  #find(epoch: bigint): Epoch | undefined {
    const known = this.#epochs.get(this.#lowBitsOf(epoch));
    return known?.epoch === epoch ? known : undefined;
  }

  /** Whose KID it is, if it is of an epoch and of a leaf. */
  ownerOf(kid: bigint): (KidParts & { readonly epoch: bigint }) | undefined {
    this.expire();
    const known = this.#epochs.get(this.#lowBitsOf(kid));
    if (known === undefined) return undefined;
    const parts = known.layout.partsOf(kid);
    return parts.senderIndex < known.layout.groupSize ? { epoch: known.epoch, ...parts } : undefined;
  }

  /** Wipes the epochs whose time is over. */
  expire(): void {
    if (this.#firstGoes === NEVER) return;
    const { time } = this;
    if (time >= this.#firstGoes) this.#dropOver(time);
  }

  #dropOver(time: number): void {
    for (const epoch of this.#epochs.values()) if (epoch.goes <= time) this.#drop(epoch);
    this.#settleTime();
  }

  #settleTime(): void {
    this.#firstGoes = NEVER;
    for (const { goes } of this.#epochs.values()) this.#firstGoes = Math.min(this.#firstGoes, goes);
  }

  #lowBitsOf(value: bigint): number {
    return Number(BigInt.asUintN(this.#limits.epochBits, value));
  }

  /** Wipes an epoch and all that was derived in it, and remembers how far keys were used. */
  #drop(epoch: Epoch): void {
    this.#epochs.delete(this.#lowBitsOf(epoch.epoch));
    for (const [name, key] of epoch.places) {
      this.#floors.keep(key.fingerprint as string, key.highest);
      this.#keys.delete(name);
      abandon(key);
    }
    this.#candidates.drop(epoch);
    this.#baseKeys.wipe(epoch.baseKey);
  }
}

/** Wipes a key. What is under way must not be handed out. */
function abandon(key: ReceiveKey): void {
  key.abandon();
  key.close();
}

/** Whether nothing would change. */
function isSameEpoch(a: Secret, b: Secret): boolean {
  if (a.epoch !== b.epoch || a.layout.groupSize !== b.layout.groupSize) return false;
  return a.ownIndex === b.ownIndex && a.expect === b.expect && isSame(a.baseKey, b.baseKey);
}

/**
 * The one engine that derives keys which may come to nothing: the core, where it runs.
 * @throws SFrameError `engine-unavailable`
 */
function engineAside(engine: Engine): Engine {
  if (engine !== 'webcrypto') {
    try {
      preload();
      return 'wasm';
    } catch (error) {
      if (engine === 'wasm' || !hasSubtle()) throw error;
    }
  }
  subtleCrypto();
  return 'webcrypto';
}
