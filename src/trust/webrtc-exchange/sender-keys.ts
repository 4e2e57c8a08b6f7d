// Sender keys in a call: a KeyRotation says when ours change and for whom they are, the exchange carries them, and the
// client sends under one when all have confirmed it, or at its deadline. Keys of others go straight to the client.

import { sha256 } from '@noble/hashes/sha2.js';
import { fingerprintOf } from '../../core/derived-key.ts';
import { importHkdfKey } from '../../core/subtle.ts';
import { SFrameError } from '../../errors.ts';
import type { RotatedEncryptor } from '../../rotation/staged-key.ts';
import { KeyRotation } from '../../rotation.ts';
import { asText, type Bytes, toU64, type U64 } from '../../types.ts';
import type { ExchangeEvents } from '../exchange/event.ts';
import { later, type Timer } from '../exchange/timer.ts';
import { type Desk, isEnd, type Keying, type SendingExchange } from './desk.ts';
import { type KeyName, ReceivedKeys } from './received-keys.ts';

/** In bytes: no suite is stronger. */
const BASE_KEY_LEN = 32;
/** Those who come or go within so many ms of each other get one key. After a leaver there is a second. */
const GATHER_MS = 100;
/** How often deadlines are looked at, in ms: frames, which would ask, are the worker's. */
const TICK_MS = 250;
/** In ms: when a key that the client has refused is followed by another, at first; then after twice as long, and so on. */
const RETRY_MS = 1000;
const MAX_RETRY_MS = 60_000;
/** How many of our keys are known as ours. */
const MAX_OWN = 256;

/** The client, as a rotation sees it: it changes its keys, and sends no frames through it. */
class ClientEncryptor implements RotatedEncryptor {
  /** There is none at first. To the rotation that is one which must not be used any more. */
  kid = 0n;
  readonly #set: (baseKey: Uint8Array, kid: bigint) => void;

  constructor(set: (baseKey: Uint8Array, kid: bigint) => void) {
    this.#set = set;
  }

  setEncryptionKey(baseKey: Uint8Array, kid: U64): void {
    this.kid = toU64(kid, 'kid');
    this.#set(baseKey, this.kid);
  }

  encrypt(): never {
    throw new TypeError('frames are encrypted in the worker');
  }

  encryptInto(): never {
    return this.encrypt();
  }

  async encryptAsync(): Promise<never> {
    return this.encrypt();
  }
}

/** A client whose keys a `SenderKeyExchange` carries. */
export class SenderKeys implements Keying {
  readonly #desk: Desk;
  readonly #exchange: SendingExchange;
  readonly #rotation: KeyRotation;
  readonly #received: ReceivedKeys = new ReceivedKeys();
  /** Hashes of our keys: others have them, and could give them back as their own. */
  readonly #own: Set<string> = new Set();
  #lastKid = 0n;
  #refused = 0;
  #answer: Timer | undefined;
  #timer: Timer | undefined;

  constructor(desk: Desk, exchange: SendingExchange) {
    this.#desk = desk;
    this.#exchange = exchange;
    const { cipherSuite } = desk.settings;
    const encryptor = new ClientEncryptor((baseKey, kid) => this.#use(baseKey, kid));
    this.#rotation = new KeyRotation(encryptor, { cipherSuite });
    this.#rotation.addEventListener('key-needed', ({ reason }) => {
      // While there is none to send under, nobody is waited for.
      if (reason === 'leak') this.#stage();
      else this.#answer ??= later(GATHER_MS, () => this.#stage());
    });
    // Keys that came before nobody has kept. Whoever sent them gives others, to somebody who has forgotten him.
    for (const { participant } of exchange.participants) exchange.forget(participant);
    const on = { signal: desk.open };
    exchange.addEventListener('join', (event) => this.#join(event), on);
    exchange.addEventListener('leave', (event) => this.#leave(event.participant), on);
    exchange.addEventListener('key', (event) => this.#add(event), on);
    exchange.addEventListener('confirmed', (event) => this.#confirm(event), on);
    this.#rotation.reportLeak();
    this.#tick();
  }

  restore(): void {
    for (const { participant, kid, baseKey } of this.#received.all()) this.#give(participant, kid, baseKey);
    // What was sent under is not sent under again.
    this.#rotation.reportLeak();
  }

  renew(): void {
    if (this.#rotation.stagedKid === undefined && this.#answer === undefined) this.#stage();
  }

  missing(participant: string): void {
    this.#attempt(() => this.#exchange.request(participant));
  }

  async hasKey(participant: string, kid: bigint, fingerprint: string): Promise<boolean> {
    const baseKey = this.#received.get(participant, kid);
    if (baseKey === undefined) return false;
    const { suite } = this.#desk.settings;
    return fingerprint === (await fingerprintOf(suite, kid, await importHkdfKey(baseKey)));
  }

  destroy(): void {
    clearTimeout(this.#answer);
    clearTimeout(this.#timer);
    this.#rotation.destroy();
    this.#received.clear();
  }

  // Others

  #join({ participant, identityKey }: ExchangeEvents['join']): void {
    this.#desk.joined(participant, identityKey);
    this.#rotation.join(participant);
  }

  #leave(participant: string): void {
    this.#received.leave(participant, performance.now());
    this.#desk.left(participant);
    this.#rotation.leave(participant);
  }

  #confirm({ participant, kid }: ExchangeEvents['confirmed']): void {
    this.#rotation.confirm(participant, kid);
  }

  #add({ participant, kid, baseKey }: ExchangeEvents['key']): void {
    if (this.#own.has(asText(sha256(baseKey)))) {
      const error = new SFrameError('key-reuse', kid, 'a participant has given our own key for his');
      this.#desk.watch(Promise.reject(error), participant);
      return;
    }
    const gone = this.#received.add(participant, kid, baseKey, performance.now());
    this.#give(participant, kid, baseKey);
    this.#remove(gone);
  }

  #give(participant: string, kid: bigint, baseKey: Bytes): void {
    this.#desk.watch(this.#desk.client.addDecryptionKey(participant, baseKey, kid), participant);
  }

  #remove(gone: readonly KeyName[]): void {
    for (const { participant, kid } of gone)
      this.#desk.watch(this.#desk.client.removeDecryptionKey(participant, kid), participant);
  }

  // We

  /** Makes a key, puts it in waiting, and only then gives it to those who are there. */
  #stage(): void {
    clearTimeout(this.#answer);
    this.#answer = undefined;
    const baseKey = crypto.getRandomValues(new Uint8Array(BASE_KEY_LEN));
    const kid = ++this.#lastKid;
    this.#own.add(asText(sha256(baseKey)));
    for (const oldest of this.#own) if (this.#own.size > MAX_OWN) this.#own.delete(oldest);
    this.#attempt(() => this.#exchange.publish(baseKey, kid, this.#rotation.stage(baseKey, kid)));
    baseKey.fill(0);
  }

  /** The client copies the key before it returns. */
  #use(baseKey: Uint8Array, kid: bigint): void {
    const { client } = this.#desk;
    const used = client.setEncryptionKey(baseKey, kid);
    this.#desk.watch(used);
    used.then(
      () => {
        this.#refused = 0;
        this.#desk.sending();
      },
      (error) => {
        // The old one may be known to somebody who has left. (Without a worker it is gone, and nothing is sent.)
        if (isEnd(error)) return;
        later(Math.min(RETRY_MS * 2 ** this.#refused, MAX_RETRY_MS), () => this.#retry(kid));
        this.#refused += 1;
      },
    );
  }

  #retry(kid: bigint): void {
    if (!this.#desk.open.aborted && this.#rotation.kid === kid) this.#rotation.reportLeak();
  }

  #tick(): void {
    this.#timer = later(TICK_MS, () => {
      this.#rotation.tick();
      this.#remove(this.#received.expire(performance.now()));
      if (!this.#desk.open.aborted) this.#tick();
    });
  }

  /** The exchange may have been destroyed. */
  #attempt(act: () => unknown): void {
    try {
      act();
    } catch (error) {
      this.#desk.watch(Promise.reject(error));
    }
  }
}
