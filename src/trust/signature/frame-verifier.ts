// Verifying what one participant has sent. Frames are judged when a block speaks of them, which is after they were shown:
// this detects forgery, it does not prevent it. There are no timers: what is due is done on the next call.

import { Clock } from '../../clock.ts';
import { SFrameError } from '../../errors.ts';
import type { FrameDecryptor } from '../../frame-decryptor.ts';
import { parseHeader } from '../../header.ts';
import { KnownTarget } from '../../known-target.ts';
import { ReplayWindow } from '../../replay.ts';
import {
  assertBytes,
  assertObject,
  type Bytes,
  copyTo,
  highHalf,
  lowHalf,
  toBoolean,
  toInteger,
  viewOf,
} from '../../types.ts';
import { readVerifyingKey, type SignatureAlgorithm, type VerifyingKey } from '../signing-keys.ts';
import { type Block, headOf, MAX_BLOCK_LEN, MAX_COUNT, parseBlock } from './block.ts';
import { frameDigest } from './digest.ts';
import { type BlockRefusal, VerifierEvent, type VerifierEventType } from './event.ts';
import { type Judgement, Ledger } from './ledger.ts';

/** Options of {@link FrameVerifier}. */
export interface FrameVerifierOptions {
  /** Decrypts the frames that are verified: it knows their keys. Not one that stands in front of it. */
  readonly decryptor: FrameDecryptor;
  /** The signer's session, as it was announced with his keys. */
  readonly session: Uint8Array;
  /** The signer's name, as he gives it himself. */
  readonly participant: string;
  /**
   * **This participant's** public key, from where identity keys come from, not from who sends the blocks. As bytes for
   * `algorithm`: 32 of Ed25519; 33 or 65 of P-256 (SEC 1). Or a CryptoKey of Ed25519, extractable, or of ECDSA over
   * P-256, with the usage `verify`. Verifying with a CryptoKey is several times as fast, and is done later.
   */
  readonly publicKey: Uint8Array | CryptoKey;
  /** Of a public key as bytes; default `Ed25519`. */
  readonly algorithm?: SignatureAlgorithm | undefined;
  /**
   * How long a frame waits for its block, and a block for its frames, in ms, 100 to 600 000; default 5000. More than
   * the signer's `everyMs` and the way of a block take.
   */
  readonly timeoutMs?: number | undefined;
  /** How many frames wait for blocks at most, and as many digests for frames, 256 to 65 536; default 1024. */
  readonly maxFrames?: number | undefined;
  /**
   * Whether a participant is dropped who stays unsigned, or as whom somebody forges; see {@link FrameVerifier}. Default
   * false.
   */
  readonly require?: boolean | undefined;
  /** Milliseconds, of a clock that does not run backwards; default `performance.now`. */
  readonly now?: (() => number) | undefined;
}

/** What a {@link FrameVerifier} has seen so far. */
export interface VerifierCounts {
  /** Frames that were verified. */
  readonly verified: number;
  /** Frames that no block spoke of in time. */
  readonly unsigned: number;
  /** Frames that were not what the participant has signed. */
  readonly forged: number;
  /** Frames that wait for a block now. */
  readonly waiting: number;
  /** Blocks that were accepted. */
  readonly blocks: number;
  /** Blocks that had been accepted before, or are more than 1024 blocks behind. */
  readonly repeated: number;
  /** Blocks that were refused. */
  readonly refused: number;
}

/** How many blocks behind the latest one a block may come. */
const BLOCK_WINDOW = 1024;
/** Blocks that WebCrypto has at hand. */
const MAX_UNDER_WAY = 32;

/**
 * Verifies the frames of one participant against the blocks of his `FrameSigner`, and says by events which frames were
 * `verified`, which stay `unsigned`, and which are `forged`: made by another member, who has the same key.
 *
 * {@link add} is given every frame after it was decrypted, {@link addBlock} every block that comes. Frames and blocks
 * may be lost, late, doubled and out of order. At most `maxFrames` frames wait, and as many digests; frames wait for
 * `timeoutMs`.
 *
 * A verdict comes up to a second or so after the frame was shown: **this detects, it does not prevent**. With
 * `require`, a participant is dropped when a frame is found forged, or when one is found unsigned and none was verified
 * for `timeoutMs`. Then `add` gives false, until a block verifies a frame and none was forged for `timeoutMs`. Who wants
 * to see signed frames only, as a recorder may, keeps frames until `verified`.
 *
 * @example
 * ```js
 * import { SFrameDecryptor, SFrameEncryptor } from 'sframe-wasm';
 * import { FrameSigner, FrameVerifier } from 'sframe-wasm/signature';
 *
 * const cipherSuite = 'AES_128_GCM_SHA256_128';
 * const { privateKey, publicKey } = await crypto.subtle.generateKey(
 *   { name: 'ECDSA', namedCurve: 'P-256' }, false, ['sign', 'verify']);
 * const baseKey = crypto.getRandomValues(new Uint8Array(16));
 * const encryptors = ['alice', 'mallory'].map(() => {
 *   const encryptor = new SFrameEncryptor({ cipherSuite });
 *   encryptor.setEncryptionKey(baseKey, 1); // Mallory has Alice's key: he must, to hear her
 *   return encryptor;
 * });
 * const alice = { participant: 'alice', session: crypto.getRandomValues(new Uint8Array(16)) };
 * const signer = new FrameSigner({ ...alice, encryptor: encryptors[0], privateKey });
 *
 * const decryptor = new SFrameDecryptor({ cipherSuite });
 * decryptor.addDecryptionKey(baseKey, 1);
 * const verifier = new FrameVerifier({ ...alice, decryptor, publicKey });
 * const forged = new Promise((resolve) => verifier.addEventListener('forged', resolve));
 * signer.addEventListener('block', ({ block }) => block && verifier.addBlock(block));
 *
 * const [genuine, forgery] = encryptors.map((encryptor, i) => encryptor.encrypt(new Uint8Array([i])));
 * signer.sign(genuine);
 * console.log(decryptor.decrypt(forgery)); // Uint8Array(1) [ 1 ]
 * verifier.add(forgery);
 * await signer.flush();
 * const { participant, ctrs } = await forged;
 * console.log(participant, ctrs); // alice [ 0n ]
 * ```
 */
export class FrameVerifier extends KnownTarget<VerifierEventType, VerifierEvent> {
  readonly #decryptor: FrameDecryptor;
  readonly #participant: string;
  readonly #key: VerifyingKey;
  /** How the participant's blocks begin. */
  readonly #head: Uint8Array;
  readonly #clock: Clock;
  readonly #timeoutMs: number;
  readonly #require: boolean;
  readonly #ledger: Ledger;
  readonly #sequences: ReplayWindow = new ReplayWindow(BLOCK_WINDOW);
  #underWay = 0;
  readonly #counts = { verified: 0, unsigned: 0, forged: 0, blocks: 0, repeated: 0, refused: 0 };
  /** Since when nothing was verified: the last time that something was, or when the first frame came. */
  #provenAt = Number.POSITIVE_INFINITY;
  /** When a frame was found forged last. */
  #forgedAt = Number.NEGATIVE_INFINITY;
  #isDropped = false;
  /** Whether `block-refused` was said since a block was accepted. */
  #saidRefused = false;
  #destroyed = false;

  /** @throws TypeError or RangeError naming the option */
  constructor(options: FrameVerifierOptions) {
    super();
    assertObject(options, 'options');
    const { decryptor, session, participant, publicKey, algorithm, require, now } = options;
    assertDecryptor(decryptor);
    this.#decryptor = decryptor;
    this.#require = toBoolean(require, 'require', false);
    this.#timeoutMs = toInteger(options.timeoutMs, 'timeoutMs', 5000, 100, 600_000);
    const maxFrames = toInteger(options.maxFrames, 'maxFrames', 1024, MAX_COUNT, 65_536);
    this.#ledger = new Ledger(maxFrames, this.#timeoutMs);
    this.#clock = new Clock(now);
    this.#key = readVerifyingKey(publicKey, algorithm);
    this.#head = headOf(this.#key.algorithm, session, participant, decryptor.suiteId);
    this.#participant = participant;
  }

  /** Whether frames are not to be shown: only with `require`. */
  get isDropped(): boolean {
    return this.#isDropped;
  }

  /** How many frames and blocks there were, as of now. */
  get counts(): VerifierCounts {
    return { ...this.#counts, waiting: this.#ledger.waiting };
  }

  /**
   * Takes a frame that was just decrypted. Each will be told of once, by one of the events `verified`, `unsigned` and
   * `forged`; of copies of a frame, one.
   *
   * @param ciphertext what the decryptor was given, after emulation prevention was undone
   * @param metadata as it was given to the decryptor
   * @param decryptor the one that has decrypted it, if the participant's tracks have one each; default that of the
   * options
   * @returns false if the frame is not to be shown: its block was faster and says that it is forged; or, with `require`,
   * the participant is dropped
   * @throws TypeError naming the argument
   * @throws RangeError if `ciphertext` cannot have been decrypted
   * @throws {@link SFrameError} `destroyed`
   */
  add(ciphertext: Uint8Array, metadata?: Uint8Array, decryptor: FrameDecryptor = this.#decryptor): boolean {
    assertBytes(ciphertext, 'ciphertext');
    if (metadata !== undefined) assertBytes(metadata, 'metadata');
    if (decryptor !== this.#decryptor) assertDecryptor(decryptor);
    this.#assertUsable();
    const header = parseHeader(ciphertext);
    if (header === undefined) throw new RangeError('ciphertext must be an SFrame ciphertext');
    const fingerprint = decryptor.fingerprintOf(header.kid);
    const time = this.#advance();
    if (this.#provenAt > time) this.#provenAt = time;
    let isGenuine = true;
    // Its key may have been removed since it was decrypted.
    if (fingerprint === undefined) this.#ledger.judge('unsigned', header.kid, header.ctr);
    else {
      const digest = frameDigest(ciphertext, metadata);
      isGenuine = this.#ledger.addFrame(header.kid, fingerprint, header.ctr, digest, time);
    }
    this.#ledger.expire(time);
    this.#publish(time);
    return isGenuine && !this.#isDropped;
  }

  /**
   * Takes a block, or whatever has come in its place: that is counted, and told of once, and never throws. With a public
   * key as bytes its signature is verified before this returns, which takes some milliseconds.
   *
   * @param block copied
   * @throws TypeError if `block` is not a Uint8Array
   * @throws {@link SFrameError} `destroyed`
   */
  addBlock(block: Uint8Array): void {
    const len = assertBytes(block, 'block');
    this.#assertUsable();
    const time = this.#advance();
    const own = new Uint8Array(Math.min(len, MAX_BLOCK_LEN + 1)); // what is longer is no block anyway
    copyTo(own, viewOf(block, 0, own.length));
    const parsed = this.#parse(own);
    if (typeof parsed === 'string') this.#refuse(parsed);
    else if (!this.#isRepeated(parsed)) this.#verify(parsed, time);
  }

  /** Judges what has waited long enough, for a participant from whom nothing comes just now. */
  tick(): void {
    this.#assertUsable();
    const time = this.#advance();
    this.#ledger.expire(time);
    this.#publish(time);
  }

  /** Forgets what waits, without a verdict. Further calls throw `destroyed`, except this one. The decryptor stays. */
  destroy(): void {
    this.#destroyed = true;
    this.#ledger.clear();
  }

  #assertUsable(): void {
    if (this.#destroyed) throw new SFrameError('destroyed');
  }

  /** Reads the clock, which may do anything. */
  #advance(): number {
    const time = this.#clock.read();
    this.#assertUsable();
    return time;
  }

  /** A block of this participant, or why it is none. */
  #parse(bytes: Bytes): Block | BlockRefusal {
    const block = parseBlock(bytes);
    if (block === undefined) return 'syntax';
    const isOurs =
      block.head.length === this.#head.length && block.head.every((byte, i) => byte === this.#head[i]);
    return isOurs ? block : 'context';
  }

  /** Counts a block that was accepted before, which is no news. */
  #isRepeated({ sequence }: Block): boolean {
    if (this.#sequences.accepts(highHalf(sequence), lowHalf(sequence))) return false;
    this.#counts.repeated++;
    return true;
  }

  #verify(block: Block, time: number): void {
    const isFull = this.#underWay >= MAX_UNDER_WAY;
    const verified = isFull ? 'busy' : this.#key.verify(block.signature, block.message);
    if (verified === 'busy') this.#refuse(verified);
    else if (verified instanceof Promise) this.#acceptLater(block, verified, time);
    else this.#accept(block, verified, time);
  }

  #acceptLater(block: Block, verified: Promise<boolean>, time: number): void {
    this.#underWay++;
    const settle = (isGenuine: boolean) => {
      this.#underWay--;
      if (!this.#destroyed) this.#accept(block, isGenuine, time);
    };
    verified.then(settle, () => settle(false)); // a key that WebCrypto cannot use verifies nothing
  }

  #accept(block: Block, isGenuine: boolean, time: number): void {
    if (isGenuine && this.#isRepeated(block)) return; // a copy of it was faster in WebCrypto
    const reason = isGenuine ? (this.#ledger.addBlock(block, time) ? undefined : 'range') : 'signature';
    if (reason !== undefined) {
      this.#refuse(reason);
      return;
    }
    this.#sequences.commit(highHalf(block.sequence), lowHalf(block.sequence));
    this.#counts.blocks++;
    this.#saidRefused = false;
    // Only now: frames whose block has waited with them, in a page that was asleep, are verified.
    this.#ledger.expire(time);
    this.#publish(time);
  }

  #refuse(reason: BlockRefusal): void {
    this.#counts.refused++;
    if (this.#saidRefused) return;
    this.#saidRefused = true;
    this.#tell('block-refused', { reason });
  }

  /** Counts and tells what was judged, and what follows from it. */
  #publish(time: number): void {
    const judgements = this.#ledger.take();
    for (const { verdict, ctrs } of judgements) this.#counts[verdict] += ctrs.length;
    const news = this.#require ? this.#reconsider(judgements, time) : undefined;
    for (const { verdict, kid, ctrs } of judgements) this.#tell(verdict, { kid, ctrs });
    if (news !== undefined) this.#tell(news, {});
  }

  /** Whether the participant is dropped now, or no longer. */
  #reconsider(judgements: readonly Judgement[], time: number): 'dropped' | 'restored' | undefined {
    const isAny = (verdict: Judgement['verdict']) => judgements.some((judged) => judged.verdict === verdict);
    const wasDropped = this.#isDropped;
    const hasPassed = (at: number) => time - at >= this.#timeoutMs;
    if (isAny('verified')) {
      this.#provenAt = time;
      if (hasPassed(this.#forgedAt)) this.#isDropped = false;
    }
    if (isAny('forged')) {
      this.#forgedAt = time;
      this.#isDropped = true;
    }
    if (isAny('unsigned') && hasPassed(this.#provenAt)) this.#isDropped = true;
    if (wasDropped === this.#isDropped) return undefined;
    return wasDropped ? 'restored' : 'dropped';
  }

  #tell(
    type: VerifierEventType,
    about: Omit<ConstructorParameters<typeof VerifierEvent>[1], 'participant'>,
  ): void {
    if (!this.#destroyed)
      this.dispatchEvent(new VerifierEvent(type, { ...about, participant: this.#participant }));
  }
}

function assertDecryptor(decryptor: FrameDecryptor): void {
  if (typeof decryptor?.fingerprintOf !== 'function')
    throw new TypeError('decryptor must be a decryptor of this package');
}
