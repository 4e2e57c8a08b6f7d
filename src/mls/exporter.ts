// From an MLS library to the encryptors and decryptors of this one (RFC 9605 §5.2): the base key of an epoch, given to
// receivers at once and to senders when the others have it too (§4.4.1). Knows neither library: all it takes is
// functions.

import type { CipherSuite } from '../cipher-suite.ts';
import { readOptions } from '../options.ts';
import { assertBytes, assertObject, type Bytes, copyTo, toU64, type U64, viewOf } from '../types.ts';

const LABEL = 'SFrame 1.0 Base Key';
/** How long sending goes on in the old epoch, in ms: most commits have reached everybody by then. */
const SWITCH_AFTER = 1000;
/** And how long at most, whatever the others say (§4.4.1). */
const SWITCH_AT_LATEST = 10_000;

/**
 * MLS-Exporter of one epoch (RFC 9420 §8.5): what every MLS library has, with its group or state bound.
 *
 * @param label here always `SFrame 1.0 Base Key`
 * @param context here always empty
 * @param length in bytes: Nk of the SFrame cipher suite, not of the MLS one
 * @returns a new array, which is zeroed after use
 */
export type MlsExporter = (
  label: string,
  context: Uint8Array,
  length: number,
) => Uint8Array | PromiseLike<Uint8Array>;

/** An epoch on its way to encryptors and decryptors. */
export interface ExportedEpoch {
  readonly epoch: bigint;
  /** base_key; zeroed afterwards, so whoever wants to keep it must copy it before he returns. */
  readonly baseKey: Bytes;
  readonly groupSize: number;
  readonly senderIndex: number;
}

/** What takes an epoch for sending: an `MlsEncryptor`. */
export interface EpochSender {
  /** The epoch in use, if any. */
  readonly epoch: bigint | undefined;
  setEpoch(epoch: ExportedEpoch): void;
}

/** What takes an epoch for receiving: an `MlsDecryptor`. */
export interface EpochReceiver {
  addEpoch(epoch: ExportedEpoch & { readonly graceSeconds: number | undefined }): void;
}

/** What {@link enterEpoch} takes. */
export interface EpochEntrance {
  /** The epoch's exporter. */
  readonly exporter: MlsExporter;
  /** The SFrame cipher suite of all these encryptors and decryptors: another has another base key. */
  readonly cipherSuite: CipherSuite;
  /** The epoch's number in MLS, 0 to 2^64-1. */
  readonly epoch: U64;
  /** How many leaves the ratchet tree has, blank ones included. */
  readonly groupSize: number;
  /** Our own leaf index. */
  readonly senderIndex: number;
  /** How long frames of earlier epochs are still taken, in seconds; default 12. If a member was removed, give 3. */
  readonly graceSeconds?: number | undefined;
  /** They get the epoch at once. For one with `expect`: `{ addEpoch: (e) => it.addEpoch({ ...e, expect: 3 }) }`. */
  readonly decryptors: Iterable<EpochReceiver>;
  /** They get it when `ready` says so; those that have none yet, at once. */
  readonly encryptors: Iterable<EpochSender>;
  /**
   * Settles, either way, when the others have the epoch, or need not be waited for any longer. After 10
   * seconds they are not; if a member was removed, one should do. Default: one second.
   */
  readonly ready?: PromiseLike<unknown> | undefined;
}

/**
 * The base key of an epoch: MLS-Exporter("SFrame 1.0 Base Key", "", Nk).
 *
 * @returns base_key, Nk bytes: 16 to 96. Zero it when it is set. What the exporter gave is zeroed. Rejects where others
 * throw:
 * @throws TypeError or RangeError naming the argument; RangeError if the exporter gives another number of bytes
 * @throws what the exporter throws
 *
 * @example
 * ```js
 * import { exportBaseKey } from 'sframe-wasm/mls';
 *
 * // stands for that of an MLS library
 * const baseKey = await exportBaseKey(
 *   (label, context, length) => crypto.getRandomValues(new Uint8Array(length)),
 *   'AES_256_GCM_SHA512_128',
 * );
 * console.log(baseKey.length); // 32
 * ```
 */
export async function exportBaseKey(exporter: MlsExporter, cipherSuite: CipherSuite): Promise<Bytes> {
  if (typeof exporter !== 'function') throw new TypeError('exporter must be a function');
  const { suite } = readOptions({ cipherSuite });
  const exported = await exporter(LABEL, new Uint8Array(0), suite.Nk);
  const len = assertBytes(exported, "exporter's result");
  const baseKey = new Uint8Array(len);
  copyTo(baseKey, exported);
  viewOf(exported, 0, len).fill(0);
  if (len === suite.Nk) return baseKey;
  baseKey.fill(0);
  throw new RangeError(`exporter's result must be ${suite.Nk} bytes long`);
}

/**
 * Takes encryptors and decryptors into an epoch, to be called after each commit that was applied and after a welcome:
 * exports the base key, gives it to decryptors, waits until the others have it, gives it to encryptors, and wipes it.
 * Calls may overlap: an encryptor that is in a later epoch by then stays there.
 *
 * If this rejects because the export failed, encryptors go on in the old epoch. After a removal, stop sending then.
 *
 * @returns when sending is in the epoch. Everyone is tried even if one throws; then rejects with the first error:
 * @throws TypeError or RangeError naming the argument; what the exporter, `addEpoch` and `setEpoch` throw
 *
 * @example
 * ```js
 * import { MlsDecryptor, MlsEncryptor } from 'sframe-wasm';
 * import { enterEpoch } from 'sframe-wasm/mls';
 *
 * const cipherSuite = 'AES_128_GCM_SHA256_128';
 * const camera = new MlsEncryptor({ cipherSuite, epochBits: 8 });
 * const others = new MlsDecryptor({ cipherSuite, epochBits: 8 });
 *
 * await enterEpoch({
 *   exporter: async (label, context, length) => new Uint8Array(length), // stands for that of an MLS library
 *   cipherSuite,
 *   epoch: 7n, // as the group's state has it
 *   groupSize: 4,
 *   senderIndex: 1,
 *   decryptors: [others],
 *   encryptors: [camera],
 * });
 * console.log(camera.epoch, others.hasEpoch(7n)); // 7n true
 * ```
 */
export async function enterEpoch(entrance: EpochEntrance): Promise<void> {
  assertObject(entrance, 'entrance');
  const { exporter, cipherSuite, groupSize, senderIndex, graceSeconds, ready } = entrance;
  // Heard at once: it may settle, either way, before anybody waits for it.
  const others = ready === undefined ? undefined : settled(ready);
  const number = toU64(entrance.epoch, 'epoch');
  const receivers = [...entrance.decryptors];
  const senders = [...entrance.encryptors];
  const failures: { readonly error: unknown }[] = [];
  // One that fails must not keep the others in an epoch whose keys somebody has who has left.
  const attempt = (step: () => void): void => {
    try {
      step();
    } catch (error) {
      failures.push({ error });
    }
  };
  const baseKey = await exportBaseKey(exporter, cipherSuite);
  try {
    const epoch = { epoch: number, baseKey, groupSize, senderIndex };
    for (const receiver of receivers) attempt(() => receiver.addEpoch({ ...epoch, graceSeconds }));
    const sending = senders.filter((sender) => sender.epoch !== undefined);
    for (const sender of senders) if (sender.epoch === undefined) attempt(() => sender.setEpoch(epoch));
    if (sending.length > 0) await (others === undefined ? delay(SWITCH_AFTER) : atLatest(others));
    for (const sender of sending) {
      const current = sender.epoch;
      // None now: it was destroyed meanwhile.
      if (current !== undefined && current <= number) attempt(() => sender.setEpoch(epoch));
    }
  } finally {
    baseKey.fill(0);
  }
  if (failures[0] !== undefined) throw failures[0].error;
}

/** The same, but for the deadline. */
async function atLatest(others: Promise<void>): Promise<void> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const deadline = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, SWITCH_AT_LATEST);
  });
  await Promise.race([others, deadline]);
  clearTimeout(timer);
}

function delay(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

async function settled(promise: PromiseLike<unknown>): Promise<void> {
  try {
    await promise;
  } catch {
    // The deadline has passed all the same.
  }
}
