// Signing what one has sent: digests of whole frames, a signature over many at a time. Frames themselves stay as RFC 9605
// has them. There are no timers: what is due is done on the next frame.

import { Clock } from '../../clock.ts';
import { SFrameError } from '../../errors.ts';
import type { FrameEncryptor, KeyIdentity } from '../../frame-encryptor.ts';
import { parseHeader } from '../../header.ts';
import { KnownTarget } from '../../known-target.ts';
import { assertBytes, assertObject, type Bytes, concat, toInteger } from '../../types.ts';
import { readSigningKey, type SignatureAlgorithm, type SigningKey } from '../signing-keys.ts';
import { bodyOf, headOf, MAX_COUNT, messageOf } from './block.ts';
import { frameDigest } from './digest.ts';
import { SignerEvent, type SignerEventType } from './event.ts';
import { SigningRun } from './run.ts';

/** Options of {@link FrameSigner}. */
export interface FrameSignerOptions {
  /** Encrypts the frames that are signed: it knows their keys. Not one that stands in front of it, like `KeyRotation`. */
  readonly encryptor: FrameEncryptor;
  /**
   * 16 to 255 bytes, **other ones for each signer**: draw 16 random bytes and announce them with the first key, or use
   * those of `RoomKey.sendingKey()`. Blocks of another session are refused, and blocks count from 0 in each.
   */
  readonly session: Uint8Array;
  /** Who signs: 1 to 512 bytes of UTF-8, compared byte by byte. */
  readonly participant: string;
  /**
   * The participant's private key: 32 bytes, copied, for `algorithm`; or a CryptoKey of Ed25519 or ECDSA over P-256
   * with the usage `sign`. Signing with a CryptoKey goes on while frames do, and is faster.
   */
  readonly privateKey: Uint8Array | CryptoKey;
  /** Of a private key as bytes; default `Ed25519`. */
  readonly algorithm?: SignatureAlgorithm | undefined;
  /** A block after so many frames, 1 to 256; default 50. */
  readonly everyFrames?: number | undefined;
  /** A block when a frame has waited so long, in ms, 1 to 60 000; default 1000. */
  readonly everyMs?: number | undefined;
  /** Milliseconds, of a clock that does not run backwards; default `performance.now`. */
  readonly now?: (() => number) | undefined;
}

/** Of how many keys frames may still come: a key changes while WebCrypto encrypts under the old one. */
const MAX_RUNS = 4;

/**
 * Signs the frames of one participant, so that no other member can pass off his as theirs. For all tracks of one
 * encryptor, one signer.
 *
 * {@link sign} is given every frame after it was encrypted. Now and then there is a `block` event: send its bytes to
 * everybody who gets the frames, by any channel. A block is due after `everyFrames` frames, when one has waited for
 * `everyMs`, and when the key changes; {@link flush} makes one now. What may be lost, late, doubled or out of order on
 * its way: all of it; see `FrameVerifier`.
 *
 * This is an extension of this library, not part of RFC 9605. What members sign, anybody can prove they have sent.
 *
 * @example
 * ```js
 * import { SFrameDecryptor, SFrameEncryptor } from 'sframe-wasm';
 * import { FrameSigner, FrameVerifier } from 'sframe-wasm/signature';
 *
 * const cipherSuite = 'AES_128_GCM_SHA256_128';
 * const identity = await crypto.subtle.generateKey({ name: 'ECDSA', namedCurve: 'P-256' }, false, ['sign', 'verify']);
 * const { privateKey, publicKey } = identity;
 * const baseKey = crypto.getRandomValues(new Uint8Array(16));
 * const alice = { participant: 'alice', session: crypto.getRandomValues(new Uint8Array(16)) };
 *
 * const encryptor = new SFrameEncryptor({ cipherSuite });
 * encryptor.setEncryptionKey(baseKey, 1);
 * const signer = new FrameSigner({ ...alice, encryptor, privateKey });
 * const decryptor = new SFrameDecryptor({ cipherSuite }); // at another member's
 * decryptor.addDecryptionKey(baseKey, 1);
 * const verifier = new FrameVerifier({ ...alice, decryptor, publicKey });
 *
 * verifier.addEventListener('verified', ({ participant, ctrs }) => console.log(participant, ctrs)); // alice [ 0n ]
 * signer.addEventListener('block', ({ block }) => block && verifier.addBlock(block)); // in truth sent
 *
 * const ciphertext = encryptor.encrypt(new Uint8Array(100));
 * signer.sign(ciphertext);
 * decryptor.decrypt(ciphertext);
 * console.log(verifier.add(ciphertext)); // true
 * await signer.flush();
 * ```
 */
export class FrameSigner extends KnownTarget<SignerEventType, SignerEvent> {
  readonly #encryptor: FrameEncryptor;
  readonly #key: SigningKey;
  readonly #head: Bytes;
  readonly #everyFrames: number;
  readonly #everyMs: number;
  readonly #clock: Clock;
  /** By key, the latest last. */
  readonly #runs: Map<string, SigningRun> = new Map();
  #current: SigningRun | undefined;
  #sequence = 0n;
  /** Blocks that WebCrypto has at hand leave in their order. */
  #out: Promise<void> = Promise.resolve();
  #destroyed = false;

  /** @throws TypeError or RangeError naming the option */
  constructor(options: FrameSignerOptions) {
    super();
    assertObject(options, 'options');
    const { encryptor, session, participant, privateKey, algorithm, everyFrames, everyMs, now } = options;
    if (typeof encryptor?.keyOf !== 'function')
      throw new TypeError('encryptor must be an encryptor of this package');
    this.#encryptor = encryptor;
    this.#everyFrames = toInteger(everyFrames, 'everyFrames', 50, 1, MAX_COUNT);
    this.#everyMs = toInteger(everyMs, 'everyMs', 1000, 1, 60_000);
    this.#clock = new Clock(now);
    this.#key = readSigningKey(privateKey, algorithm);
    try {
      this.#head = headOf(this.#key.algorithm, session, participant, encryptor.suiteId);
    } catch (error) {
      this.#key.destroy(); // it is a copy
      throw error;
    }
    const inUse = encryptor.kid === undefined ? undefined : encryptor.keyOf(encryptor.kid);
    if (inUse === undefined) return;
    this.#current = new SigningRun(inUse, encryptor.ctr);
    this.#runs.set(inUse.fingerprint, this.#current);
  }

  /**
   * Takes a frame, to be signed with others. If a block is due and the private key is here as bytes, it is signed before
   * this returns, which takes about a millisecond.
   *
   * @param ciphertext what the encryptor gave, before emulation prevention. Frames may come in another order than that of
   * their counters: a block waits for those that are missing, up to `everyMs`.
   * @param metadata as it was given to the encryptor
   * @returns false if this frame was not taken, and will stay unsigned: one with its counter was signed already, or it
   * comes too late
   * @throws TypeError naming the argument
   * @throws RangeError if `ciphertext` is not a frame of this encryptor under one of its last four keys
   * @throws {@link SFrameError} `destroyed`
   */
  sign(ciphertext: Uint8Array, metadata?: Uint8Array): boolean {
    assertBytes(ciphertext, 'ciphertext');
    if (metadata !== undefined) assertBytes(metadata, 'metadata');
    this.#assertUsable();
    const header = parseHeader(ciphertext);
    const key = header && this.#encryptor.keyOf(header.kid);
    if (header === undefined || key === undefined)
      throw new RangeError('ciphertext must be a frame of this encryptor');
    const digest = frameDigest(ciphertext, metadata);
    const time = this.#advance();
    const isTaken = this.#runOf(key, time).take(header.ctr, digest, time);
    this.#closeDue(time);
    return isTaken;
  }

  /**
   * Makes blocks of what waits: after a key frame of video, when a track is muted, at the end. Frames whose counters lie
   * behind one that is missing go on waiting for it.
   *
   * @returns when all blocks so far have left: at once, unless the private key is a CryptoKey. Rejects where others
   * throw.
   * @throws {@link SFrameError} `destroyed`
   */
  async flush(): Promise<void> {
    this.#assertUsable();
    const time = this.#advance();
    for (const run of [...this.#runs.values()]) this.#close(run, time - this.#everyMs);
    await this.#out;
  }

  /** Makes the blocks that are due, for a participant who sends no frames just now. */
  tick(): void {
    this.#assertUsable();
    this.#closeDue(this.#advance());
  }

  /**
   * Wipes the copy of the private key. What waits is not signed: {@link flush} first, and wait for it. Further calls
   * throw `destroyed`, except this one. The encryptor stays as it is.
   */
  destroy(): void {
    this.#destroyed = true;
    this.#key.destroy();
    this.#runs.clear();
    this.#current = undefined;
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

  /** The frames of a key. A key that was not the last one closes the block of that. */
  #runOf(key: KeyIdentity, time: number): SigningRun {
    const { fingerprint } = key;
    const run = this.#runs.get(fingerprint) ?? new SigningRun(key, key.firstCtr);
    if (run === this.#current) return run;
    const previous = this.#current;
    this.#current = run;
    this.#runs.delete(fingerprint);
    this.#runs.set(fingerprint, run);
    if (previous !== undefined) this.#close(previous, time - this.#everyMs);
    for (const [name, old] of this.#runs) {
      if (this.#runs.size <= MAX_RUNS) break;
      this.#runs.delete(name);
      this.#close(old, time);
    }
    return run;
  }

  #closeDue(time: number): void {
    for (const run of [...this.#runs.values()]) {
      const { size, since } = run;
      const isLate = since !== undefined && time - since >= this.#everyMs;
      // So many can only wait for one that never comes.
      if (size >= MAX_COUNT) this.#close(run, time);
      else if (isLate || size >= this.#everyFrames) this.#close(run, time - this.#everyMs);
    }
  }

  /** Signs what can be signed: frames that came before `patience` do not wait for others. */
  #close(run: SigningRun, patience: number): void {
    while (!this.#destroyed) {
      const range = run.cut(this.#sequence, patience);
      if (range === undefined) return;
      this.#sequence++;
      const body = bodyOf(this.#head, range);
      const signature = this.#key.sign(messageOf(body));
      if (signature instanceof Promise) this.#sendLater(body, signature);
      else this.#tell('block', { block: concat(body, signature) });
    }
  }

  #sendLater(body: Bytes, signature: Promise<Bytes>): void {
    this.#out = Promise.allSettled([signature, this.#out]).then(([signed]) => {
      if (signed.status === 'fulfilled') this.#tell('block', { block: concat(body, signed.value) });
      else this.#tell('signing-failed', { error: signed.reason });
    });
  }

  #tell(type: SignerEventType, about: ConstructorParameters<typeof SignerEvent>[1]): void {
    if (!this.#destroyed) this.dispatchEvent(new SignerEvent(type, about));
  }
}
