// Sending keys on their way through the page: copied, known by their fingerprints, refused if frames were ever sent under
// them, and given to the worker in the order of the calls. None stays here.

import type { CipherSuiteParameters } from '../cipher-suite.ts';
import { fingerprintOf } from '../core/derived-key.ts';
import { assertHkdfKey, importHkdfKey, isCryptoKey } from '../core/subtle.ts';
import { SFrameError } from '../errors.ts';
import { KidLayout as MlsLayout } from '../mls/kid-layout.ts';
import { KidLayout as RatchetLayout } from '../sender-keys/kid-layout.ts';
import { assertBytes, type Bytes, copyOf, toU64, type U64 } from '../types.ts';
import { type ClientConfig, type KeyMaterial, type Transfer, wipeSecrets } from './protocol.ts';
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

/**
 * Gives a copy of a key to the worker, after which it is not here any more. If that comes to nothing, because there is no
 * worker or the call was wrong in another way, the copy is zeroed.
 */
export async function handOver<K extends KeyMaterial, T>(key: K, give: (key: K) => Promise<T>): Promise<T> {
  try {
    return await give(key);
  } finally {
    wipeSecrets({ baseKey: key });
  }
}

/** What goes to the worker for good. */
export function transferOf(baseKey: KeyMaterial): Transfer[] {
  return ArrayBuffer.isView(baseKey) ? [baseKey.buffer] : [];
}

/**
 * A KID that nobody else in the session has, so that two senders may share a base key: 48 bits, at random. One that comes
 * twice harms nobody but under the same base key. Then it is refused as any other: here, if it is our own, and by the
 * worker, if it is that of a participant whose key is there.
 */
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
    return handOver(copyKey(given), async (baseKey) => {
      const isDrawn = givenKid === undefined;
      const kid = isDrawn ? randomKid() : toU64(givenKid, 'kid');
      const request = (fingerprint: string) =>
        this.#supervisor().request('setKey', { baseKey, kid, fingerprint }, transferOf(baseKey));
      return this.#inTurn(() => this.#take(baseKey, kid, isDrawn, request));
    });
  }

  async setRatchetKey(given: Uint8Array, givenGeneration: U64 | undefined): Promise<bigint> {
    return handOver(copyBytes(given), async (baseKey) => {
      const layout = new RatchetLayout(this.#config.ratchetBits as number);
      const generation =
        givenGeneration === undefined ? this.#lastGeneration + 1n : toU64(givenGeneration, 'generation');
      if (generation > layout.maxGeneration)
        throw new RangeError(`generation must be at most ${layout.maxGeneration}`);
      if (generation > this.#lastGeneration) this.#lastGeneration = generation;
      const request = (fingerprint: string) =>
        this.#supervisor().request('setRatchetKey', { baseKey, generation, fingerprint }, [baseKey.buffer]);
      return this.#inTurn(() => this.#take(baseKey, layout.kidOf(generation, 0n), false, request));
    });
  }

  /** Other members can derive the step's key, too, and name it: as another kind of key it would count from 0 again. */
  ratchet(): Promise<bigint> {
    return this.#inTurn(async () => {
      const { kid, fingerprint } = await this.#supervisor().request('ratchet', undefined);
      this.#used.note(fingerprint);
      this.own.push(fingerprint);
      return kid;
    });
  }

  exportKey(): Promise<{ baseKey: Bytes; kid: bigint }> {
    return this.#inTurn(() => this.#supervisor().request('exportKey', undefined));
  }

  async setEpoch(given: SFrameSendingEpoch): Promise<bigint> {
    const { groupSize, senderIndex } = given;
    return handOver(copyBytes(given.baseKey), async (baseKey) => {
      const epoch = toU64(given.epoch, 'epoch');
      const layout = new MlsLayout(this.#config.epochBits as number, groupSize);
      return this.#inTurn(async () => {
        const supervisor = this.#supervisor();
        const { restarts } = supervisor;
        const kid = layout.kidOf(epoch, senderIndex, this.#config.contextId + BigInt(restarts));
        return this.#take(baseKey, kid, false, (fingerprint) => {
          // Another worker has another context.
          if (supervisor.restarts !== restarts) throw new SFrameError('worker-failed');
          const args = { epoch, baseKey, groupSize, senderIndex, fingerprint };
          return supervisor.request('setEpoch', args, [baseKey.buffer]);
        });
      });
    });
  }

  #inTurn<T>(act: () => Promise<T>): Promise<T> {
    const done = this.#order.then(act);
    this.#order = done.catch(() => {});
    return done;
  }

  /** Notes a key as used, before any worker has it, and as our own, and asks the worker to send under it. */
  async #take(
    baseKey: KeyMaterial,
    kid: bigint,
    isDrawn: boolean,
    request: (fingerprint: string) => Promise<bigint>,
  ): Promise<bigint> {
    const key = isCryptoKey(baseKey) ? baseKey : await importHkdfKey(baseKey);
    const fingerprint = await fingerprintOf(this.#suite, kid, key);
    this.#used.take(fingerprint, kid, isDrawn);
    this.own.push(fingerprint);
    try {
      return await request(fingerprint);
    } catch (error) {
      // The worker has not taken it: nothing has left under it, and frames under it may be somebody's.
      if ((error as SFrameError).code === 'key-reuse') this.own.splice(this.own.lastIndexOf(fingerprint), 1);
      throw error;
    }
  }
}
