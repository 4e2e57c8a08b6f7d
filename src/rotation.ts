// When to change keys while sending (RFC 9605 §4.4.1, §7.3): an encryptor in front of an encryptor. It asks for keys,
// gives receivers time to have them, and switches; it never sends under a key that must not be used any longer.
//
// It has no timers: what is due is done on the next frame, and a deadline matters to frames only.

import type { CipherSuite } from './cipher-suite.ts';
import { Clock } from './clock.ts';
import { SFrameError } from './errors.ts';
import { KnownTarget } from './known-target.ts';
import { readOptions } from './options.ts';
import { isUrgent, KeyDemand, type RotationTriggers } from './rotation/demand.ts';
import { RotationEvent, type RotationEventType, type RotationReason } from './rotation/event.ts';
import { KeyInUse } from './rotation/key-in-use.ts';
import { assertParticipant, Rollout } from './rotation/rollout.ts';
import { KidMemory, type RotatedEncryptor, StagedKey } from './rotation/staged-key.ts';
import { KeyUsage, type UsageLimits } from './rotation/usage.ts';
import { assertBytes, type Bytes, type Encryptor, toInteger, toU64, type U64 } from './types.ts';

/** Options of {@link KeyRotation}. */
export interface KeyRotationOptions extends RotationTriggers, UsageLimits {
  /** The encryptor's cipher suite: the block limit depends on it. */
  readonly cipherSuite: CipherSuite;
  /** How long a routine switch waits for members who do not confirm, in seconds; default 10, at most 2^31. */
  readonly rolloutSeconds?: number | undefined;
  /** Milliseconds, of a clock that does not run backwards; default `performance.now`. */
  readonly now?: (() => number) | undefined;
}

/**
 * Changes the keys of one sender: stands in front of his encryptor, for all his tracks, and encrypts through it.
 *
 * It asks for a key by the event `key-needed`; the application makes one and {@link stage}s it, which says whom to send
 * it to. Frames go on under the old key until all members have confirmed the new one, or until a deadline passes,
 * whatever they say: 10 seconds after it was staged; 1 second after a member has left or the key has leaked. If there
 * is no new key by then, frames are refused with `no-key`. A key that was given to somebody who has left before it was
 * used is never used.
 *
 * Keys may also be staged unasked. Set keys through it only: under any other KID of the encryptor no frame leaves. After
 * `destroy()` all methods throw `destroyed`.
 *
 * @example
 * ```js
 * import { KeyRotation, SFrameDecryptor, SFrameEncryptor } from 'sframe-wasm';
 *
 * const cipherSuite = 'AES_128_GCM_SHA256_128';
 * const rotation = new KeyRotation(new SFrameEncryptor({ cipherSuite }), { cipherSuite, everySeconds: 3600 });
 * const bob = new SFrameDecryptor({ cipherSuite });
 * rotation.join('bob');
 *
 * let kid = 0;
 * rotation.addEventListener('key-needed', ({ reason }) => {
 *   const baseKey = crypto.getRandomValues(new Uint8Array(16));
 *   const recipients = rotation.stage(baseKey, ++kid); // before anybody has the key
 *   console.log(reason, recipients.join()); // start bob leak bob
 *   bob.addDecryptionKey(baseKey, kid); // in truth sent, to the recipients alone
 * });
 *
 * console.log(bob.decrypt(rotation.encrypt(new Uint8Array(3))).length); // 3
 * rotation.reportLeak();
 * rotation.confirm('bob', 2); // when his answer comes
 * console.log(rotation.kid); // 2n
 * ```
 */
export class KeyRotation extends KnownTarget<RotationEventType, RotationEvent> implements Encryptor {
  readonly #encryptor: RotatedEncryptor;
  readonly #clock: Clock;
  readonly #key: KeyInUse;
  readonly #demand: KeyDemand;
  readonly #rollout: Rollout;
  readonly #kids: KidMemory = new KidMemory();
  /** Whether `key-expiring` was said of the key in use. */
  #saidExpiring = false;
  #destroyed = false;

  /**
   * @param encryptor encrypts the frames. It stays the caller's, who destroys it. A key that it has already is taken
   * over as the one in use.
   * @throws TypeError or RangeError naming the argument or option
   */
  constructor(encryptor: RotatedEncryptor, options: KeyRotationOptions) {
    super();
    if (typeof encryptor?.encrypt !== 'function') throw new TypeError('encryptor must be an Encryptor');
    const { suite } = readOptions(options);
    this.#encryptor = encryptor;
    this.#clock = new Clock(options.now);
    this.#demand = new KeyDemand(options);
    this.#rollout = new Rollout(1000 * toInteger(options.rolloutSeconds, 'rolloutSeconds', 10, 1, 2 ** 31));
    this.#key = new KeyInUse(encryptor, new KeyUsage(options, suite));
    if (this.kid === undefined) return;
    this.#rollout.succeed();
    this.#begin(this.kid, this.#clock.read());
  }

  /** The KID in use: what frames leave under, if they may leave. */
  get kid(): bigint | undefined {
    return this.#key.kid;
  }

  /** The KID of the staged key: what frames will leave under next. */
  get stagedKid(): bigint | undefined {
    return this.#rollout.staged?.kid;
  }

  /**
   * Puts a new key in waiting, instead of any other there, which is never used then. **Before the key is given to
   * anybody**: who leaves after this call is known not to have a key that will be used. While there is no key that
   * may be used, it is activated at once.
   *
   * @param baseKey base_key, 16 to 4096 bytes; copied, and the copy wiped as soon as it is used or superseded
   * @param kid its KID, other than any before. With `activate` it need only differ from the one in use and the one
   * staged, because epochs come round again.
   * @param activate sets the key, synchronously, without calling this object; afterwards `encryptor.kid` must be `kid`.
   * Default `encryptor.setEncryptionKey(baseKey, kid)`. For a `RatchetEncryptor`, `(baseKey) =>
   * encryptor.setEncryptionKey(baseKey, generation)`, where the KID is `BigInt(generation) << BigInt(ratchetBits)`; for an
   * `MlsEncryptor`, `(baseKey) => encryptor.setEpoch({ ...position, baseKey })`, where it is `encryptor.kidOf(position)`.
   * @returns the participants who must be given the key, and are waited for: all members
   * @throws TypeError or RangeError naming the argument
   * @throws {@link SFrameError} `key-reuse` if the KID is not new, `destroyed`
   * @throws what the activation throws, if it is activated at once; nothing is staged then
   */
  stage(
    baseKey: Uint8Array,
    kid: U64,
    activate?: (baseKey: Uint8Array<ArrayBuffer>, kid: bigint) => void,
  ): string[] {
    this.#assertUsable();
    const id = toU64(kid, 'kid');
    const time = this.#clock.read();
    const reason = this.#demand.open ?? this.#rollout.staged?.reason;
    // One KID must not have two keys. Encryptors with KIDs of their own making know when one may come again.
    if (activate === undefined) this.#kids.assertNew(id);
    if (id === this.#encryptor.kid || id === this.stagedKid)
      throw new SFrameError('key-reuse', id, 'this KID is in use');
    const staged = new StagedKey(this.#encryptor, baseKey, id, activate, reason);
    const isNew = this.#kids.add(id);
    const recipients = this.#rollout.stage(staged, time);
    this.#demand.close();
    if (!this.#rollout.isDue(time)) return recipients;
    const failure = this.#switch(time);
    if (failure === undefined) return recipients;
    if (isNew) this.#kids.delete(id); // nobody has been told of it
    throw failure.error;
  }

  /**
   * Changes at once to a key that receivers find by themselves: `step(() => encryptor.ratchet())`. That answers what was
   * asked for, but not a leaver or a leak.
   *
   * @param activate sets the key, synchronously, without calling this object; afterwards `encryptor.kid` must be another
   * @throws TypeError if `activate` is not a function; what it throws
   * @throws {@link SFrameError} `no-key`, `destroyed`
   */
  step(activate: () => void): void {
    this.#assertUsable();
    if (typeof activate !== 'function') throw new TypeError('activate must be a function');
    const previousKid = this.kid;
    if (previousKid === undefined) throw new SFrameError('no-key');
    const time = this.#clock.read();
    const failure = this.#key.change(activate);
    if (failure?.isLost) this.#rollout.fail(true);
    if (failure !== undefined) throw failure.error;
    this.#demand.satisfy();
    this.#begin(this.kid as bigint, time);
    this.#tell('switched', { kid: this.kid, previousKid });
  }

  /**
   * A participant has come: he is to be given keys, and waited for. Asks for a new key, unless `onJoin` is false or there
   * is none in use yet. With `onJoin` false, he needs the key in use from you, and the staged one.
   * @returns false if he is a member already: nothing happens then
   */
  join(participant: string): boolean {
    this.#assertUsable();
    assertParticipant(participant);
    const time = this.#clock.read();
    if (!this.#rollout.join(participant)) return false;
    if (this.#demand.onJoin && this.#hasKey) {
      const asked = this.#rollout.drop();
      this.#ask(isUrgent(asked) ? asked : 'join', time); // a leaver is not forgotten over a joiner
    }
    this.#settle(time);
    return true;
  }

  /**
   * A participant has gone: he is not waited for. Unless `onLeave` is false, asks for a new key, and the one in use ends
   * within a second.
   * @returns false if he is no member: nothing happens then
   */
  leave(participant: string): boolean {
    this.#assertUsable();
    assertParticipant(participant);
    const time = this.#clock.read();
    if (!this.#rollout.leave(participant)) return false;
    if (this.#demand.onLeave) this.#withdraw('leave', time);
    this.#settle(time);
    return true;
  }

  /** Somebody knows the key in use who must not: asks for a new one, and the key ends within a second. */
  reportLeak(): void {
    this.#assertUsable();
    const time = this.#clock.read();
    this.#withdraw('leak', time);
    this.#settle(time);
  }

  /**
   * A participant has said that he has the key of a KID. Of others than members, and of other KIDs than the staged one,
   * this means nothing.
   * @throws TypeError or RangeError naming the argument
   */
  confirm(participant: string, kid: U64): void {
    this.#assertUsable();
    assertParticipant(participant);
    this.#rollout.confirm(participant, toU64(kid, 'kid'));
    this.#settle(this.#clock.read());
  }

  /** Does what is due, for a sender who sends no frames. Nothing depends on it: frames do the same. */
  tick(): void {
    this.#assertUsable();
    this.#advance();
  }

  /**
   * Encrypts one frame, under the new key if it is time for it; as the encryptor does.
   *
   * @throws {@link SFrameError} what the encryptor throws; `no-key` too while the key in use must not be used any longer
   * and no other is staged; `counter-exhausted` at the usage limit, before a counter is taken; `destroyed`
   */
  encrypt(plaintext: Uint8Array, metadata?: Uint8Array): Bytes {
    const blocks = this.#admit(plaintext, metadata);
    const ciphertext = this.#encryptor.encrypt(plaintext, metadata);
    this.#key.usage.count(blocks);
    return ciphertext;
  }

  /** The same into `target`; see {@link encrypt}. */
  encryptInto(target: Uint8Array, plaintext: Uint8Array, metadata?: Uint8Array): number {
    const blocks = this.#admit(plaintext, metadata);
    const written = this.#encryptor.encryptInto(target, plaintext, metadata);
    this.#key.usage.count(blocks);
    return written;
  }

  /** As {@link encrypt}; rejects where that throws. Key and counter are taken before the call returns. */
  async encryptAsync(plaintext: Uint8Array, metadata?: Uint8Array): Promise<Bytes> {
    const blocks = this.#admit(plaintext, metadata);
    const ciphertext = this.#encryptor.encryptAsync(plaintext, metadata);
    this.#key.usage.count(blocks);
    return ciphertext;
  }

  /** Wipes the staged key. Further calls throw `destroyed`, except this one. The encryptor stays as it is. */
  destroy(): void {
    this.#destroyed = true;
    this.#rollout.destroy();
    this.#kids.clear();
  }

  #assertUsable(): void {
    if (this.#destroyed) throw new SFrameError('destroyed');
    // A key half changed must neither send nor be superseded.
    if (this.#key.isChanging) throw new TypeError('activate must not call the rotation');
  }

  /** Checks that a frame may leave, after what is due has been done. Returns its blocks. */
  #admit(plaintext: Uint8Array, metadata: Uint8Array | undefined): number {
    const plaintextLen = assertBytes(plaintext, 'plaintext');
    const metadataLen = metadata === undefined ? 0 : assertBytes(metadata, 'metadata');
    this.#assertUsable();
    const time = this.#advance();
    if (this.kid === undefined) this.#ask('start', time);
    this.#assertSending(time);
    let blocks = this.#key.usage.blocksOf(plaintextLen, metadataLen);
    if (this.#key.usage.admits(blocks)) return blocks;
    // Better a key that some do not have yet than no frame for anybody.
    this.#sayExpiring(time);
    if (this.stagedKid === undefined) this.#ask('limit', time);
    else this.#switchOrTell(time);
    this.#assertSending(time);
    blocks = this.#key.usage.blocksOf(plaintextLen, metadataLen);
    if (!this.#key.usage.admits(blocks)) throw new SFrameError('counter-exhausted', this.kid);
    return blocks;
  }

  /** Checks that frames may leave. Listeners have run: they may have done anything. */
  #assertSending(time: number): void {
    this.#assertUsable();
    if (this.#key.dropForeign()) this.#rollout.fail(true);
    if (this.kid === undefined) throw new SFrameError('no-key');
    if (this.#rollout.isOver(time))
      throw new SFrameError('no-key', this.kid, 'the key has ended, and no other is staged');
  }

  /** Does what is due now. Returns when that is. */
  #advance(): number {
    const time = this.#clock.read();
    if (this.#key.dropForeign()) this.#rollout.fail(true);
    if (this.kid !== undefined) {
      if (this.#key.usage.isExpiring) this.#sayExpiring(time);
      const due = this.stagedKid === undefined ? this.#demand.due(this.#key.usage.frames, time) : undefined;
      if (due !== undefined) this.#ask(due, time);
    }
    this.#settle(time);
    return time;
  }

  #sayExpiring(time: number): void {
    if (this.#saidExpiring) return;
    this.#saidExpiring = true;
    this.#tell('key-expiring', { kid: this.kid });
    if (this.stagedKid === undefined) this.#ask('limit', time);
  }

  /** Whether somebody may have a key. The one in use may be lost while another is staged. */
  get #hasKey(): boolean {
    return this.kid !== undefined || this.stagedKid !== undefined;
  }

  /** The keys are known to somebody who must not have them. */
  #withdraw(reason: 'leave' | 'leak', time: number): void {
    if (!this.#hasKey) return;
    this.#rollout.withdraw(time);
    this.#ask(reason, time);
  }

  #ask(reason: RotationReason, time: number): void {
    if (this.#demand.raise(reason, this.#key.usage.frames, time)) this.#tellNeed();
  }

  #tellNeed(): void {
    const reason = this.#demand.open;
    if (reason !== undefined) this.#tell('key-needed', { reason, kid: this.kid });
  }

  #settle(time: number): void {
    if (this.#rollout.isDue(time)) this.#switchOrTell(time);
  }

  #switchOrTell(time: number): void {
    const kid = this.stagedKid;
    const failure = this.#switch(time);
    if (failure === undefined) return;
    this.#tell('switch-failed', { kid, error: failure.error });
    this.#tellNeed();
  }

  #switch(time: number): { readonly error: unknown } | undefined {
    const staged = this.#rollout.take();
    const previousKid = this.kid;
    const failure = this.#key.change(() => staged.activate());
    if (failure === undefined) {
      this.#rollout.succeed();
      this.#begin(staged.kid, time);
      this.#tell('switched', { kid: staged.kid, previousKid });
    } else {
      this.#rollout.fail(failure.isLost);
      this.#demand.reopen(staged.reason);
    }
    return failure;
  }

  /** There is a new key in use. */
  #begin(kid: bigint, time: number): void {
    this.#kids.add(kid);
    this.#saidExpiring = false;
    this.#demand.restart(this.#key.usage.frames, time);
  }

  #tell(type: RotationEventType, about: ConstructorParameters<typeof RotationEvent>[1]): void {
    if (!this.#destroyed) this.dispatchEvent(new RotationEvent(type, about));
  }
}
