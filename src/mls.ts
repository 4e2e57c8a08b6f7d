// MLS keys (RFC 9605 §5.2): one base key an epoch, for all members of a group. What keeps senders apart is the KID, made
// of the epoch, the sender's leaf and a context.

import { Clock } from './clock.ts';
import { FrameDecryptor } from './frame-decryptor.ts';
import { FrameEncryptor, SendKeys } from './frame-encryptor.ts';
import { assertBaseKey } from './key.ts';
import { EpochRing } from './mls/epoch-ring.ts';
import { KidLayout, readEpochBits, readIndex } from './mls/kid-layout.ts';
import { type ContextOptions, type DecryptorOptions, readOptions, readReplayWindow } from './options.ts';
import { assertObject, toInteger, toU64, type U64 } from './types.ts';

/** Options of {@link MlsEncryptor}. */
export interface MlsEncryptorOptions extends ContextOptions {
  /**
   * E: how many low bits of the epoch's number frames carry, 1 to 32; all members must use the same. 2^E epochs can be
   * told apart: 4 suffices where epochs last minutes, 8 nearly everywhere.
   */
  readonly epochBits: number;
  /**
   * Which of this member's encryptors this is, 0 (default) to 2^(64-S-E)-1, where S is the number of bits that group's
   * leaves need. **No two encryptors of one member may have the same**, in all his tabs and workers: they would encrypt
   * different frames under the same keys and counters. 0 makes the shortest frames.
   */
  readonly contextId?: U64 | undefined;
}

/** Where a member stands in an epoch of his group. */
export interface MlsPosition {
  /** The epoch's number in MLS, 0 to 2^64-1. */
  readonly epoch: U64;
  /**
   * How many leaves the ratchet tree has, 1 to 2^32, blank ones included: all indices are below it, and members who
   * left lower ones free do not count. Rounding it up to a power of two changes nothing.
   */
  readonly groupSize: number;
  /** Our own leaf index, 0 to `groupSize` - 1. */
  readonly senderIndex: number;
}

/** What {@link MlsEncryptor.setEpoch} takes. */
export interface MlsSendingEpoch extends MlsPosition {
  /** base_key: MLS-Exporter("SFrame 1.0 Base Key", "", Nk), 16 to 4096 bytes; copied, so zero yours. */
  readonly baseKey: Uint8Array;
  /**
   * Where to count from, default 0. Only after a restart within the epoch: the first CTR that this member cannot have
   * sent in this context.
   */
  readonly ctr?: U64 | undefined;
}

/** Options of {@link MlsDecryptor}. */
export interface MlsDecryptorOptions extends DecryptorOptions {
  /** E: how many low bits of the epoch's number frames carry, 1 to 32; all members must use the same. */
  readonly epochBits: number;
  /**
   * How many contexts of one sender are taken in an epoch, 1 to 65536; default 16. Those that first send an authentic
   * frame keep their places, others are `key-id`.
   */
  readonly maxContexts?: number | undefined;
  /** Milliseconds, of a clock that does not run backwards; default `performance.now`. */
  readonly now?: (() => number) | undefined;
}

/** What {@link MlsDecryptor.addEpoch} takes. */
export interface MlsReceivingEpoch {
  /** The epoch's number in MLS, 0 to 2^64-1. */
  readonly epoch: U64;
  /** base_key: MLS-Exporter("SFrame 1.0 Base Key", "", Nk), 16 to 4096 bytes; copied, so zero yours. */
  readonly baseKey: Uint8Array;
  /** How many leaves the ratchet tree has, see {@link MlsPosition}. */
  readonly groupSize: number;
  /** Our own leaf index: frames that claim to be ours are refused. Leave it out only if we send nothing. */
  readonly senderIndex?: number | undefined;
  /** The only leaf whose frames are taken; default all but our own. */
  readonly expect?: number | undefined;
  /**
   * How long frames of earlier epochs are still taken, in seconds from now, at most 2^31. Default 12: ten in which
   * members may wait with sending under the new epoch, two in which frames may be under way. **If the commit removed a
   * member, he has the keys of those epochs: give 3.**
   */
  readonly graceSeconds?: number | undefined;
}

/** Who sends under a KID. */
export interface MlsSender {
  /** The epoch's number in MLS. */
  readonly epoch: bigint;
  /** The sender's leaf index. */
  readonly senderIndex: number;
  /** Which of his encryptors. */
  readonly contextId: bigint;
}

/**
 * Encrypts the frames of one member of an MLS group, under the base key of one epoch at a time.
 *
 * Receivers need an epoch before frames come under it: see `enterEpoch` of `sframe-wasm/mls`. A member who was restarted
 * must not start again in the epoch he was in: let him commit an update first, or take another `contextId`.
 *
 * @example
 * ```js
 * import { MlsDecryptor, MlsEncryptor } from 'sframe-wasm';
 *
 * const cipherSuite = 'AES_128_GCM_SHA256_128';
 * const baseKey = crypto.getRandomValues(new Uint8Array(16)); // in truth exported from MLS
 * const epoch = { epoch: 14n, baseKey, groupSize: 5 };
 *
 * const alice = new MlsEncryptor({ cipherSuite, epochBits: 8 });
 * const bob = new MlsDecryptor({ cipherSuite, epochBits: 8 });
 * bob.addEpoch({ ...epoch, senderIndex: 3 });
 * alice.setEpoch({ ...epoch, senderIndex: 0 });
 *
 * const ciphertext = alice.encrypt(new Uint8Array([1, 2, 3]));
 * console.log(bob.decrypt(ciphertext)); // Uint8Array(3) [ 1, 2, 3 ]
 * ```
 */
export class MlsEncryptor extends FrameEncryptor {
  readonly #keys: SendKeys;
  readonly #epochBits: number;
  readonly #contextId: bigint;
  #epoch: bigint | undefined;

  /** @throws TypeError or RangeError naming the option */
  constructor(options: MlsEncryptorOptions) {
    const keys = new SendKeys(readOptions(options));
    super(keys);
    this.#keys = keys;
    const { epochBits, contextId } = options;
    this.#epochBits = readEpochBits(epochBits);
    this.#contextId = contextId === undefined ? 0n : toU64(contextId, 'contextId');
  }

  /** The epoch in use; undefined before the first one and after `destroy()`. */
  get epoch(): bigint | undefined {
    return this.#keys.current === undefined ? undefined : this.#epoch;
  }

  /**
   * The KID that frames would have in an epoch (RFC 9605 §5.2). Nothing changes: `KeyRotation` wants to know it.
   *
   * @throws TypeError or RangeError naming the argument
   */
  kidOf(position: MlsPosition): bigint {
    assertObject(position, 'position');
    const { epoch, groupSize, senderIndex } = position;
    return this.#kidOf(toU64(epoch, 'epoch'), groupSize, senderIndex);
  }

  /**
   * Encrypts in this epoch from now on. The key of the previous one is wiped. If this throws, the previous one stays.
   *
   * @throws TypeError or RangeError naming the argument; RangeError for an epoch earlier than the one in use, for a
   * `contextId` that does not fit beside the group's indices, and if there is no memory for another key
   * @throws {@link SFrameError} `key-reuse` if this encryptor has had this base key in this epoch before;
   * `destroyed`; `engine-unavailable`
   */
  setEpoch(epoch: MlsSendingEpoch): void {
    assertObject(epoch, 'epoch');
    // Read first: a getter may do anything. null is refused: what is missing in storage must not become 0.
    const { epoch: number, baseKey, groupSize, senderIndex, ctr: given } = epoch;
    const ctr = given === undefined ? 0n : toU64(given, 'ctr');
    const next = toU64(number, 'epoch');
    const kid = this.#kidOf(next, groupSize, senderIndex);
    this.#keys.assertOpen();
    assertBaseKey(baseKey);
    // Of two exports the later may be ready first. Members who have left since have the earlier key.
    if (this.#epoch !== undefined && next < this.#epoch)
      throw new RangeError(`epoch must not be earlier than ${this.#epoch}`);
    this.#keys.use(baseKey, kid, ctr);
    this.#epoch = next;
  }

  #kidOf(epoch: bigint, groupSize: number, senderIndex: number): bigint {
    return new KidLayout(this.#epochBits, groupSize).kidOf(epoch, senderIndex, this.#contextId);
  }
}

/** Ten for members who wait for confirmations (§4.4.1), as `KeyRotation` does, and two for frames under way. */
const GRACE_SECONDS = 12;

/**
 * Decrypts the frames of all members of an MLS group, or of one.
 *
 * A member's keys are derived when his first frame comes. A forged frame costs one derivation and changes nothing; only
 * an authentic one gives its KID a place, which it keeps, with its window against replay, until the epoch goes. Epochs
 * go by {@link removeEpoch}, some seconds after a later one was added, or when one with the same low bits is added.
 *
 * All members have the same base key: each can send in the name of any other (RFC 9605 §7.2), and can fill
 * `groupSize` × `maxContexts` places of an epoch.
 *
 * @example
 * ```js
 * import { decodeHeader, MlsDecryptor, MlsEncryptor } from 'sframe-wasm';
 *
 * const cipherSuite = 'AES_128_CTR_HMAC_SHA256_80';
 * const decryptor = new MlsDecryptor({ cipherSuite, epochBits: 4 });
 * const encryptor = new MlsEncryptor({ cipherSuite, epochBits: 4, contextId: 2 });
 *
 * for (const epoch of [14, 15]) {
 *   const baseKey = crypto.getRandomValues(new Uint8Array(48)); // in truth exported from MLS
 *   decryptor.addEpoch({ epoch, baseKey, groupSize: 64, senderIndex: 7 });
 *   encryptor.setEpoch({ epoch, baseKey, groupSize: 64, senderIndex: 3 });
 *   const ciphertext = encryptor.encrypt(new Uint8Array(3));
 *   decryptor.decrypt(ciphertext);
 *   console.log(decryptor.senderOf(decodeHeader(ciphertext).kid)?.senderIndex); // 3 3
 * }
 * ```
 */
export class MlsDecryptor extends FrameDecryptor {
  readonly #ring: EpochRing;
  readonly #epochBits: number;

  /** @throws TypeError or RangeError naming the option */
  constructor(options: MlsDecryptorOptions) {
    const context = readOptions(options);
    const epochBits = readEpochBits(options.epochBits);
    const limits = {
      epochBits,
      replayWindow: readReplayWindow(options),
      maxContexts: toInteger(options.maxContexts, 'maxContexts', 16, 1, 2 ** 16),
    };
    const ring = new EpochRing(context, limits, new Clock(options.now));
    super(context, ring);
    this.#ring = ring;
    this.#epochBits = epochBits;
  }

  /**
   * Takes frames of this epoch from now on, and of earlier ones for `graceSeconds` more. An epoch whose number has the
   * same low bits as an earlier one takes its place at once.
   *
   * The same again changes nothing: windows against replay stay. The same number with another key, say of a commit that
   * lost against another, replaces it. An epoch that was removed and comes back with the same key opens nothing at or
   * below the highest counter of each sender (of the last 4096 senders and epochs that went). If this throws, nothing
   * has changed.
   *
   * @throws TypeError or RangeError naming the argument; RangeError if there is a later epoch with the same low bits
   * @throws {@link SFrameError} `destroyed`, `engine-unavailable`
   */
  addEpoch(epoch: MlsReceivingEpoch): void {
    assertObject(epoch, 'epoch');
    const { epoch: number, baseKey, groupSize, senderIndex, expect, graceSeconds } = epoch;
    this.#ring.assertOpen();
    // A clock is the caller's, and may do anything: what it does to the key is seen after it.
    const { time } = this.#ring;
    this.#ring.assertOpen();
    assertBaseKey(baseKey);
    const layout = new KidLayout(this.#epochBits, groupSize);
    const index = (value: number | undefined, name: string) =>
      value === undefined ? undefined : readIndex(value, name, layout);
    const entry = {
      epoch: toU64(number, 'epoch'),
      baseKey,
      layout,
      ownIndex: index(senderIndex, 'senderIndex'),
      expect: index(expect, 'expect'),
    };
    if (expect !== undefined && expect === senderIndex)
      throw new RangeError('expect must be another than senderIndex: frames of our own are refused');
    const grace = toInteger(graceSeconds, 'graceSeconds', GRACE_SECONDS, 0, 2 ** 31);
    this.#ring.add(entry, time, 1000 * grace);
  }

  /**
   * Wipes an epoch, and all keys derived in it.
   * @returns whether there was one
   * @throws TypeError or RangeError if `epoch` is not a {@link U64}
   * @throws {@link SFrameError} `destroyed`
   */
  removeEpoch(epoch: U64): boolean {
    this.#ring.assertOpen();
    return this.#ring.remove(toU64(epoch, 'epoch'));
  }

  /**
   * Whether frames of an epoch are taken. Epochs whose time is over are wiped by this, as by every frame: ask, if no
   * frames come.
   * @throws TypeError or RangeError if `epoch` is not a {@link U64}
   * @throws {@link SFrameError} `destroyed`
   */
  hasEpoch(epoch: U64): boolean {
    this.#ring.assertOpen();
    return this.#ring.has(toU64(epoch, 'epoch'));
  }

  /**
   * Whose KID it is. Ask before or after decrypting: only a frame that opens was sent by a member, and which one is
   * no more than his word.
   * @returns undefined if it is of no epoch that is here, or of no leaf
   * @throws TypeError or RangeError if `kid` is not a {@link U64}
   * @throws {@link SFrameError} `destroyed`
   */
  senderOf(kid: U64): MlsSender | undefined {
    this.#ring.assertOpen();
    return this.#ring.ownerOf(toU64(kid, 'kid'));
  }
}
