// Verification: are these two talking to each other, or each to somebody in between? Both make a short authentication
// string, and the people compare them. The protocol is this library's own; docs/verification.md says why it is safe.
//
//   A                                        B
//   commit  H(part of A)  ───────────►
//                         ◄───────────  commit  H(part of B)
//   reveal  nonce of A    ───────────►         only when the other's commitment is held, on both sides,
//                         ◄───────────  reveal  nonce of B
//   string of both parts                string of both parts

import { Clock } from '../clock.ts';
import { SFrameError } from '../errors.ts';
import { type ContextOptions, readOptions } from '../options.ts';
import { assertBytes, type Bytes, isSame, toInteger } from '../types.ts';
import { VerificationBook } from './verification/book.ts';
import { commitMessage, LEN, type Message, parseMessage, revealMessage } from './verification/messages.ts';
import type { ShortAuthenticationString } from './verification/sas.ts';
import {
  commitmentTo,
  type Party,
  partOf,
  readParty,
  sharedFields,
  shortStringOf,
  type VerificationParticipant,
} from './verification/transcript.ts';

export {
  type IdentityStatus,
  VerificationBook,
  type VerificationBookOptions,
} from './verification/book.ts';
export { type VerificationEmoji, verificationEmoji } from './verification/emoji.ts';
export { epochFingerprint, identityFingerprint } from './verification/fingerprint.ts';
export type { ShortAuthenticationString } from './verification/sas.ts';
export type { VerificationParticipant } from './verification/transcript.ts';

/** Options of {@link Verification}. Both sides must have the same `room`, `cipherSuite` and `context`. */
export interface VerificationOptions {
  /** Counts the attempts, and is told if the user confirms. */
  readonly book: VerificationBook;
  /** Names the room or call, 1 to 512 bytes of UTF-8, compared byte by byte. */
  readonly room: string;
  /** The cipher suite of the call. */
  readonly cipherSuite: ContextOptions['cipherSuite'];
  /** This participant. */
  readonly own: VerificationParticipant;
  /** The other one, with **the keys in use**: those that signalling brought and that frames' keys are sent under. */
  readonly peer: VerificationParticipant;
  /** What else both must have the same: in an MLS group its epoch authenticator. At most 4096 bytes; default none. */
  readonly context?: Uint8Array | undefined;
  /** When it ends if nobody has confirmed, in seconds from its creation; default 600, 1 to 86400. */
  readonly lifeSeconds?: number | undefined;
  /** Milliseconds, of a clock that does not run backwards; default `performance.now`. */
  readonly now?: (() => number) | undefined;
}

/**
 * Where a {@link Verification} is.
 *
 * - `waiting`: for the other's messages
 * - `comparing`: there is a string to show
 * - `verified`: the user has confirmed it
 * - `ended`: without success; `endReason` says why
 */
export type VerificationState = 'waiting' | 'comparing' | 'verified' | 'ended';

/**
 * Why a {@link Verification} has ended.
 *
 * - `mismatch`: what the peer revealed is not what he committed to, or is of other keys, another room, suite or context
 *   than here. Somebody may be in between.
 * - `rejected`: the user says that the strings differ. Somebody is in between.
 * - `aborted`, `expired`: by `abort()`; its time is over
 * - `attempts`: the peer has none left; see `VerificationBook.attemptsLeft`
 */
export type VerificationEnd = 'mismatch' | 'rejected' | 'aborted' | 'expired' | 'attempts';

/**
 * One try to verify one peer: a state machine over bytes, the same on both sides. It may begin on either, or on both at
 * once. The messages may go through any channel, and arrive late, twice and in any order; the one who carries them
 * learns nothing by which he could choose the string.
 *
 * The application sends what {@link start} and {@link receive} give to the peer, and shows {@link sas} when there is one.
 * The people compare: by voice or face to face, never by a channel that the server could write to. Then {@link confirm}
 * or {@link reject}. After any end but success, a new object draws fresh nonces, on both sides.
 *
 * @example
 * ```js
 * import { Verification, VerificationBook } from 'sframe-wasm/verification';
 *
 * const key = () => crypto.getRandomValues(new Uint8Array(32)); // stands for public keys
 * const [a, b] = ['alice', 'bob'].map((id) => ({ id, identityKey: key(), exchangeKey: key() }));
 * const room = 'standup 2026-03-02';
 * const cipherSuite = 'AES_128_GCM_SHA256_128';
 * const book = new VerificationBook();
 * const alice = new Verification({ book, room, cipherSuite, own: a, peer: b });
 * const bob = new Verification({ book: new VerificationBook(), room, cipherSuite, own: b, peer: a });
 *
 * const commit = await alice.start(); // each of these goes to the other by signalling
 * const answer = await bob.receive(commit);
 * const reveal = answer && (await alice.receive(answer));
 * if (reveal) await bob.receive(reveal);
 *
 * console.log(alice.sas?.emoji.map(({ symbol, name }) => `${symbol} ${name}`).join(', ')); // …, …, …, …, …, …, …
 * console.log(alice.sas?.digits === bob.sas?.digits); // true
 * console.log(alice.confirm(), book.isVerified('bob', b.identityKey)); // true true
 * ```
 */
export class Verification {
  readonly #book: VerificationBook;
  readonly #clock: Clock;
  readonly #lifeMs: number;
  readonly #shared: Bytes;
  readonly #own: Party;
  readonly #peer: Party;
  readonly #nonce: Bytes;
  readonly #part: Bytes;
  /** Ours, once it is asked for. */
  #commitment: Promise<Bytes> | undefined;
  /** The peer's, which we have answered. */
  #answered: Bytes | undefined;
  #sas: ShortAuthenticationString | undefined;
  #state: VerificationState = 'waiting';
  #endReason: VerificationEnd | undefined;
  /** Messages are taken one after the other. */
  #turn: Promise<unknown> = Promise.resolve();

  /**
   * Draws a nonce and copies the options; sends nothing. The book observes the peer's identity key: if another was
   * verified, that lapses.
   *
   * @throws TypeError or RangeError naming the option; RangeError for `peer` if its id or a key is our own, for that is
   * our own message sent back to us
   * @throws {@link SFrameError} `attempts-exhausted` if the peer has no attempts left: compare fingerprints then
   */
  constructor(options: VerificationOptions) {
    const { suite } = readOptions(options);
    const { book, room, own, peer, context, lifeSeconds, now } = options;
    if (!(book instanceof VerificationBook)) throw new TypeError('book must be a VerificationBook');
    this.#shared = sharedFields(room, suite.id, context);
    this.#own = readParty(own, 'own');
    this.#peer = readParty(peer, 'peer');
    assertAnother(this.#own, this.#peer);
    this.#lifeMs = 1000 * toInteger(lifeSeconds, 'lifeSeconds', 600, 1, 86_400);
    this.#clock = new Clock(now);
    this.#clock.read();
    if (book.attemptsLeft(this.#peer.id) === 0) throw new SFrameError('attempts-exhausted');
    book.observe(this.#peer.id, this.#peer.identityKey);
    this.#book = book;
    this.#nonce = crypto.getRandomValues(new Uint8Array(LEN));
    this.#part = partOf(this.#shared, this.#own, this.#nonce);
  }

  /** Where it is. */
  get state(): VerificationState {
    const isOpen = this.#state === 'waiting' || this.#state === 'comparing';
    if (isOpen && this.#clock.read() >= this.#lifeMs) this.#end('expired');
    return this.#state;
  }

  /** Why it has ended, if it has. */
  get endReason(): VerificationEnd | undefined {
    return this.state === 'ended' ? this.#endReason : undefined;
  }

  /** The string to compare, while comparing and when verified. */
  get sas(): ShortAuthenticationString | undefined {
    return this.state === 'ended' ? undefined : this.#sas;
  }

  /** Who is verified: the peer's id, and a copy of the identity key that he must have. */
  get peer(): { readonly id: string; readonly identityKey: Bytes } {
    return { id: this.#peer.id, identityKey: this.#peer.identityKey.slice() };
  }

  /**
   * Our commitment, to be sent to the peer. The same bytes each time: sent again, they ask for messages that were lost.
   * Not needed on the side that {@link receive}s first.
   *
   * @returns 34 bytes. Rejects where others throw:
   * @throws {@link SFrameError} `destroyed` if it has ended; `engine-unavailable` without WebCrypto
   */
  async start(): Promise<Bytes> {
    const commitment = await this.#committed();
    if (this.state === 'ended')
      throw new SFrameError('destroyed', undefined, 'this verification has ended: make a new one');
    return commitMessage(commitment);
  }

  /**
   * Takes a message of the peer's, which is only ever a reason to answer, to go on or to end: it never throws. What comes
   * twice, late, from elsewhere, or is no message at all changes nothing.
   *
   * @param message whatever has come; copied before the call returns
   * @returns bytes to send to the peer, if any. Rejects where others throw:
   * @throws TypeError if `message` is not a Uint8Array
   * @throws {@link SFrameError} `engine-unavailable` without WebCrypto
   */
  async receive(message: Uint8Array): Promise<Bytes | undefined> {
    assertBytes(message, 'message');
    const parsed = parseMessage(message);
    if (parsed === undefined) return undefined;
    const taken = this.#turn.then(() => this.#take(parsed));
    this.#turn = taken.catch(() => undefined);
    return taken;
  }

  /**
   * The user says that the strings are the same: the peer's identity key is verified in the book.
   * @returns false if it is not comparing, say because its time is over: nothing happens then
   */
  confirm(): boolean {
    if (this.state !== 'comparing') return false;
    this.#book.markVerified(this.#peer.id, this.#peer.identityKey);
    this.#state = 'verified';
    return true;
  }

  /**
   * The user says that the strings differ: ends it, and any earlier verification of the peer lapses.
   * @returns false if it is not comparing: nothing happens then
   */
  reject(): boolean {
    if (this.state !== 'comparing') return false;
    this.#book.lapse(this.#peer.id);
    this.#end('rejected');
    return true;
  }

  /** Ends it, unless it is over. */
  abort(): void {
    if (this.state !== 'verified') this.#end('aborted');
  }

  /** Our commitment. The book knows it before anybody else does, so that no later run answers it. */
  #committed(): Promise<Bytes> {
    this.#commitment ??= commitmentTo(this.#part).then((commitment) => {
      this.#book.noteCommitment(commitment);
      return commitment;
    });
    return this.#commitment;
  }

  async #take({ commitment, reveal }: Message): Promise<Bytes | undefined> {
    const own = await this.#committed();
    // Our own, sent back to us. It is no reason to end: some channels do that to everybody.
    if (isSame(commitment, own)) return undefined;
    if (reveal === undefined) return this.#answer(own, commitment);
    if (!isSame(reveal.answers, own) || this.state !== 'waiting') return undefined;
    const sas = await this.#open(commitment, reveal.nonce);
    if (sas === undefined) {
      this.#end('mismatch');
      return undefined;
    }
    // A reveal alone commits, too, because we have not revealed yet.
    const isFirst = this.#answered === undefined;
    const answer = this.#answer(own, commitment);
    if (answer === undefined) return undefined;
    this.#sas = sas;
    this.#state = 'comparing';
    return isFirst ? answer : undefined;
  }

  /** Our reveal, to the first commitment that comes and to no other: this is what our nonce is given for. */
  #answer(own: Bytes, commitment: Bytes): Bytes | undefined {
    if (this.state === 'ended') return undefined;
    if (this.#answered === undefined) {
      const attempt = this.#book.countAttempt(this.#peer.id, commitment);
      if (attempt === 'exhausted') this.#end('attempts');
      if (attempt !== 'counted') return undefined;
      this.#answered = commitment;
    }
    return isSame(this.#answered, commitment) ? revealMessage(own, commitment, this.#nonce) : undefined;
  }

  /** The string, if the nonce opens the commitment that we hold, and makes of it just what we know of the peer. */
  async #open(commitment: Bytes, nonce: Bytes): Promise<ShortAuthenticationString | undefined> {
    if (this.#answered !== undefined && !isSame(this.#answered, commitment)) return undefined;
    const part = partOf(this.#shared, this.#peer, nonce);
    if (!isSame(await commitmentTo(part), commitment)) return undefined;
    return shortStringOf({ name: this.#own.name, part: this.#part }, { name: this.#peer.name, part });
  }

  #end(reason: VerificationEnd): void {
    if (this.#state === 'ended') return;
    this.#state = 'ended';
    this.#endReason = reason;
    this.#sas = undefined;
  }
}

/** Refuses a peer who is a mirror. */
function assertAnother(own: Party, peer: Party): void {
  if (peer.id === own.id) throw new RangeError('peer.id must be another than own.id');
  for (const name of ['identityKey', 'exchangeKey'] as const)
    if (isSame(peer[name], own[name])) throw new RangeError(`peer.${name} must be another than own.${name}`);
}
