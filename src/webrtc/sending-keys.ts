// Sending keys on their way through the page: copied, known by their fingerprints, refused if frames were ever sent under
// them, and given to the worker in the order of the calls. None stays here.

import type { CipherSuiteParameters } from '../cipher-suite.ts';
import { fingerprintOf } from '../core/derived-key.ts';
import { assertHkdfKey, importHkdfKey, isCryptoKey } from '../core/subtle.ts';
import { SFrameError } from '../errors.ts';
import { KidLayout as MlsLayout } from '../mls/kid-layout.ts';
import { KidLayout as RatchetLayout } from '../sender-keys/kid-layout.ts';
import { assertBytes, type Bytes, copyOf, toU64, type U64 } from '../types.ts';
import type { ClientConfig, KeyMaterial, Transfer } from './protocol.ts';
import type { WorkerSupervisor } from './supervisor.ts';
import type { UsedKeys } from './used-keys.ts';

const [MIN_BASE_KEY_LEN, MAX_BASE_KEY_LEN] = [16, 4096];

/** An MLS epoch as the application gives it. */
export interface SFrameSendingEpoch {
  /** The epoch's number in MLS, 0 to 2^64-1. */
  readonly epoch: U64;
  /** base_key: MLS-Exporter("SFrame 1.0 Base Key", "", Nk), 16 to 4096 bytes; copied, so zero yours. */
  readonly baseKey: Uint8Array;
  /** How many leaves the ratchet tree has. */
  readonly groupSize: number;
  /** Our own leaf index. */
  readonly senderIndex: number;
}

/** A base key, checked and copied: what was given may change before the worker has it. */
export function copyKey(baseKey: Uint8Array | CryptoKey): KeyMaterial {
  if (!isCryptoKey(baseKey)) return copyBytes(baseKey);
  assertHkdfKey(baseKey, 'baseKey');
  return baseKey;
}

/** The same of bytes. */
export function copyBytes(baseKey: Uint8Array): Bytes {
  const len = assertBytes(baseKey, 'baseKey');
  if (len < MIN_BASE_KEY_LEN || len > MAX_BASE_KEY_LEN)
    throw new RangeError(`baseKey must be from ${MIN_BASE_KEY_LEN} to ${MAX_BASE_KEY_LEN} bytes long`);
  return copyOf(baseKey);
}

/** What goes to the worker for good. */
export function transferOf(baseKey: KeyMaterial): Transfer[] {
  return ArrayBuffer.isView(baseKey) ? [baseKey.buffer] : [];
}

/** A KID that nobody else in the session has, so that two senders may share a base key: 48 bits, at random. */
function randomKid(): bigint {
  return (crypto.getRandomValues(new BigUint64Array(1))[0] as bigint) >> 16n;
}

/** The sending keys of one client. */
export class SendingKeys {
  readonly #suite: CipherSuiteParameters;
  readonly #config: ClientConfig;
  readonly #supervisor: () => WorkerSupervisor;
  readonly #used: UsedKeys;
  /** Fingerprints of all this client has sent under: for workers to come, which must not open such frames. */
  readonly own: string[] = [];
  #order: Promise<unknown> = Promise.resolve();
  #lastGeneration = -1n;

  constructor(
    suite: CipherSuiteParameters,
    config: ClientConfig,
    supervisor: () => WorkerSupervisor,
    used: UsedKeys,
  ) {
    this.#suite = suite;
    this.#config = config;
    this.#supervisor = supervisor;
    this.#used = used;
  }

  async setKey(given: Uint8Array | CryptoKey, givenKid: U64 | undefined): Promise<bigint> {
    const baseKey = copyKey(given);
    const kid = givenKid === undefined ? randomKid() : toU64(givenKid, 'kid');
    return this.#inTurn(async () => {
      const fingerprint = await this.#take(baseKey, kid);
      return this.#supervisor().request('setKey', { baseKey, kid, fingerprint }, transferOf(baseKey));
    });
  }

  async setRatchetKey(given: Uint8Array, givenGeneration: U64 | undefined): Promise<bigint> {
    const baseKey = copyBytes(given);
    const layout = new RatchetLayout(this.#config.ratchetBits as number);
    const generation =
      givenGeneration === undefined ? this.#lastGeneration + 1n : toU64(givenGeneration, 'generation');
    if (generation > layout.maxGeneration)
      throw new RangeError(`generation must be at most ${layout.maxGeneration}`);
    if (generation > this.#lastGeneration) this.#lastGeneration = generation;
    return this.#inTurn(async () => {
      const fingerprint = await this.#take(baseKey, layout.kidOf(generation, 0n));
      return this.#supervisor().request('setRatchetKey', { baseKey, generation, fingerprint }, [
        baseKey.buffer,
      ]);
    });
  }

  ratchet(): Promise<bigint> {
    return this.#inTurn(() => this.#supervisor().request('ratchet', undefined));
  }

  /** What the application gets it can also give: as another kind of key it would count from 0 again. */
  exportKey(): Promise<{ baseKey: Bytes; kid: bigint }> {
    return this.#inTurn(async () => {
      const exported = await this.#supervisor().request('exportKey', undefined);
      this.#used.note(await this.#fingerprintOf(exported.baseKey, exported.kid));
      return exported;
    });
  }

  async setEpoch(given: SFrameSendingEpoch): Promise<bigint> {
    const { groupSize, senderIndex } = given;
    const baseKey = copyBytes(given.baseKey);
    const epoch = toU64(given.epoch, 'epoch');
    const layout = new MlsLayout(this.#config.epochBits as number, groupSize);
    return this.#inTurn(async () => {
      const supervisor = this.#supervisor();
      const { restarts } = supervisor;
      const kid = layout.kidOf(epoch, senderIndex, this.#config.contextId + BigInt(restarts));
      const fingerprint = await this.#take(baseKey, kid);
      // Another worker has another context.
      if (supervisor.restarts !== restarts) throw new SFrameError('worker-failed');
      const args = { epoch, baseKey, groupSize, senderIndex, fingerprint };
      return supervisor.request('setEpoch', args, [baseKey.buffer]);
    });
  }

  #inTurn<T>(act: () => Promise<T>): Promise<T> {
    const done = this.#order.then(act);
    this.#order = done.catch(() => {});
    return done;
  }

  /** Notes a key as used, before any worker has it. */
  async #take(baseKey: KeyMaterial, kid: bigint): Promise<string> {
    const fingerprint = await this.#fingerprintOf(baseKey, kid);
    try {
      this.#used.take(fingerprint, kid);
    } catch (error) {
      if (ArrayBuffer.isView(baseKey)) baseKey.fill(0);
      throw error;
    }
    this.own.push(fingerprint);
    return fingerprint;
  }

  async #fingerprintOf(baseKey: KeyMaterial, kid: bigint): Promise<string> {
    return fingerprintOf(this.#suite, kid, isCryptoKey(baseKey) ? baseKey : await importHkdfKey(baseKey));
  }
}
