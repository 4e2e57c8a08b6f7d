// Letters between participants, over a server that is not trusted: who is there, who he is, and that he is there now.
//
//   everybody   hello  ──────────────────────────────►      at the start, then again and again, more and more rarely
//               ◄──────────────  hello, challenge           "prove that this session of yours is not an old one"
//               hello, challenge, proof  ────────────►      live, there
//               ◄──────────────  hello, proof               live, here
//
// A challenge is a MAC, under a key of this object, of name, identity key and session, of how often that has changed, and
// of the minute: it costs no memory, is good for one session and a minute or two, and is void as soon as another session of
// his is live. So nothing that was recorded can take the place of what is there now.

import { hmac } from '@noble/hashes/hmac.js';
import { sha256 } from '@noble/hashes/sha2.js';
import { Clock } from '../../clock.ts';
import { subtleCrypto } from '../../core/subtle.ts';
import { SFrameError } from '../../errors.ts';
import { prefixed } from '../../names.ts';
import { assertBytes, assertObject, type Bytes, concat, isSame, toInteger } from '../../types.ts';
import { fieldsOf, utf8 } from '../fields.ts';
import { Admission } from './admission.ts';
import { assertChannel, type KeyChannel } from './channel.ts';
import type { ExchangeRefusal } from './event.ts';
import { IdentityVerifier, type OwnIdentity, readIdentity } from './identity.ts';
import { Introductions } from './introductions.ts';
import { parseLetter, type ReceivedLetter, TOKEN_LEN } from './letter.ts';
import type { ExchangeOptions } from './options.ts';
import { type Draft, Outbox } from './outbox.ts';
import { type Endpoint, type Peer, Peers } from './peers.ts';
import { Refusals } from './refusals.ts';
import { later, type Timer } from './timer.ts';

/** What an exchange does with its letters. */
export interface PostHandlers {
  /** What every hello of ours says. */
  payload(): Bytes;
  /** Whether a hello of somebody who is not live is answered. */
  isGreeted(candidate: Peer): boolean;
  /** A participant is live, perhaps with another session than before. */
  onLive(peer: Peer, previous: Peer | undefined): void;
  /** He has said good-bye. */
  onGone(peer: Peer): void;
  /** He is there still, in the same session, but has forgotten us. */
  onForgotten?(peer: Peer): void;
  /** He has said hello once more; his payload may have changed. */
  onHello(peer: Peer): void;
  /** A letter of another type, for us or for all. */
  onLetter(peer: Peer, type: number, body: Bytes): Promise<void>;
  onRefused(reason: ExchangeRefusal, participant: string | undefined): void;
  /** The channel, the signing key or the application's answer has failed. What was to be sent is lost. */
  onFailed(error: unknown, participant: string | undefined): void;
}

const HELLO = 1;
const BYE = 2;
/** Types from here on are the exchange's own. */
export const FIRST_TYPE = 16;

/** The participant is live to the sender. */
const KNOWN = 1;
const HELLO_HEAD = 1 + 2 * TOKEN_LEN;
const NO_TOKEN: Bytes = new Uint8Array(TOKEN_LEN);
const NOTHING: Bytes = new Uint8Array(0);

/** Seconds between one hello and the next, to all, and to one who does not say that we are live to him. */
const HELLO_SECONDS: readonly number[] = [1, 2, 4, 8, 16, 32, 60];
/** The same hello is not answered twice within this time: what it costs the server is what it costs us. */
const GREETING_MS = 400;
/** A challenge is good for at least as long, and for less than twice as long. */
const CHALLENGE_MS = 60_000;
/** Letters that wait their turn, and their bytes. More are dropped: they are asked for again. */
const MAX_WAITING = 4096;
const MAX_WAITING_LEN = 2 ** 24;

/** Signs and sends letters, and receives those of admitted participants. */
export class Post {
  readonly identity: OwnIdentity;
  readonly self: Endpoint;
  readonly room: string;
  readonly admission: Admission;
  readonly peers: Peers = new Peers();
  readonly clock: Clock;
  readonly #channel: KeyChannel;
  readonly #handlers: PostHandlers;
  readonly #outbox: Outbox;
  readonly #secret: Bytes = crypto.getRandomValues(new Uint8Array(32));
  readonly #verifier: IdentityVerifier = new IdentityVerifier();
  readonly #refusals: Refusals = new Refusals();
  readonly #introductions: Introductions = new Introductions();
  readonly #take: (bytes: Uint8Array) => void = (bytes) => this.#receive(bytes);
  #waiting = 0;
  #waitingLen = 0;
  #inbox: Promise<void> = Promise.resolve();
  #timer: Timer | undefined;
  #greetingTimer: Timer | undefined;
  #hellos = 0;
  #closed = false;

  /**
   * TypeErrors and RangeErrors name the option.
   * @throws SFrameError `engine-unavailable`
   */
  constructor(options: ExchangeOptions, handlers: PostHandlers) {
    assertObject(options, 'options');
    const { channel, room, identity, admit, book, maxParticipants, now } = options;
    assertChannel(channel);
    prefixed(room, 'room');
    this.room = room;
    this.identity = readIdentity(identity);
    const { participant, publicKey: identityKey, key } = this.identity;
    const session = crypto.getRandomValues(new Uint8Array(TOKEN_LEN));
    this.self = { participant, identityKey, session };
    const most = toInteger(maxParticipants, 'maxParticipants', 1000, 1, 10_000);
    this.admission = new Admission(admit, book, most);
    this.clock = new Clock(now);
    subtleCrypto();
    this.#channel = channel;
    this.#handlers = handlers;
    this.#outbox = new Outbox(channel, room, this.self, key, handlers.onFailed);
    channel.onmessage = this.#take;
  }

  get isClosed(): boolean {
    return this.#closed;
  }

  assertOpen(): void {
    if (this.#closed) throw new SFrameError('destroyed');
  }

  /** Says hello to all, now and again and again. */
  start(): void {
    this.#hellos = 0;
    clearTimeout(this.#timer);
    this.#sayHello();
  }

  /** Says good-bye to all, and is silent from then on. */
  close(): void {
    if (this.#closed) return;
    void this.broadcast(BYE, NOTHING);
    this.#closed = true;
    this.admission.close();
    // It may be another exchange's by now.
    if (this.#channel.onmessage === this.#take) this.#channel.onmessage = null;
    clearTimeout(this.#timer);
    clearTimeout(this.#greetingTimer);
    this.#outbox.close();
    this.#secret.fill(0);
  }

  /** Signs a letter and sends it to one participant. Letters leave in the order of these calls. */
  send(peer: Peer, type: number, body: Bytes): Promise<void> {
    return this.#post(type, peer, () => body);
  }

  /** The same for a body that is made when it is its turn; undefined if there is nothing to send any more. */
  sendMade(peer: Peer, type: number, make: () => Promise<Bytes | undefined>): Promise<void> {
    return this.#post(type, peer, make);
  }

  /** Signs a letter and sends it to all. */
  broadcast(type: number, body: Bytes): Promise<void> {
    return this.#post(type, undefined, () => body);
  }

  #post(type: number, to: Peer | undefined, make: Draft['make']): Promise<void> {
    return this.#closed ? Promise.resolve() : this.#outbox.send({ type, to, make });
  }

  /** Greets somebody, unless that was done a moment ago. */
  greet(peer: Peer): void {
    const time = this.clock.read();
    if (peer.greetedAt !== undefined && time - peer.greetedAt < GREETING_MS) return;
    this.#hello(peer, time);
  }

  /**
   * Makes a session the live one that is known to be there by other means than a challenge: a group has taken it in. Its
   * owner is admitted.
   */
  vouch(endpoint: Endpoint): Peer {
    const live = this.peers.find(endpoint);
    if (live !== undefined) return live;
    const peer = this.peers.candidate(endpoint);
    peer.knowsUs = true; // as he vouches for us: unless he asks for a proof
    this.peers.promote(peer);
    return peer;
  }

  #sayHello(): void {
    void this.broadcast(HELLO, this.#helloBody(0, NO_TOKEN, NO_TOKEN));
    const seconds = secondsAfter(this.#hellos);
    this.#hellos += 1;
    this.#timer = later(1000 * seconds, () => this.#sayHello());
  }

  #hello(peer: Peer, time: number): void {
    peer.greetedAt = time;
    const isLive = this.peers.of(peer.participant) === peer;
    const challenge = this.#challengeTo(peer, time);
    const body = this.#helloBody(isLive ? KNOWN : 0, challenge, peer.challenge ?? NO_TOKEN);
    void this.send(peer, HELLO, body);
    if (isLive && !peer.knowsUs) this.#greetAgain();
  }

  /** Half a handshake is finished by the one who knows that it is half: the other may have nothing to say. */
  #greetAgain(): void {
    if (this.#greetingTimer !== undefined || this.#closed) return;
    this.#greetingTimer = later(500, () => {
      this.#greetingTimer = undefined;
      const time = this.clock.read();
      for (const peer of this.peers.live) {
        if (peer.knowsUs) continue;
        if (time - (peer.greetedAt ?? 0) >= 1000 * secondsAfter(peer.greetings)) {
          peer.greetings += 1;
          this.#hello(peer, time);
        }
        this.#greetAgain();
      }
    });
  }

  #helloBody(flags: number, challenge: Bytes, proof: Bytes): Bytes {
    const head = new Uint8Array([flags, ...challenge, ...proof]);
    return concat(head, this.#handlers.payload());
  }

  #challengeTo({ participant, identityKey, session }: Peer, time: number): Bytes {
    const state = utf8(`${this.peers.changesOf(participant)} ${Math.floor(time / CHALLENGE_MS)}`);
    const mac = hmac(sha256, this.#secret, fieldsOf(utf8(participant), identityKey, session, state));
    return new Uint8Array(mac.subarray(0, TOKEN_LEN));
  }

  #isProof(proof: Bytes, peer: Peer): boolean {
    const time = this.clock.read();
    return [time, time - CHALLENGE_MS].some((at) => isSame(proof, this.#challengeTo(peer, at)));
  }

  #receive(bytes: Uint8Array): void {
    if (this.#closed) return;
    const len = assertBytes(bytes, 'bytes');
    if (this.#waiting >= MAX_WAITING || this.#waitingLen >= MAX_WAITING_LEN) {
      this.#refuse('busy', '');
      return;
    }
    const letter = parseLetter(bytes);
    if (letter === undefined) {
      this.#refuse('syntax', '');
      return;
    }
    this.#waiting += 1;
    this.#waitingLen += len;
    this.#inbox = this.#inbox.then(async () => {
      this.#waiting -= 1;
      this.#waitingLen -= len;
      try {
        if (!this.#closed) await this.#open(letter);
      } catch (error) {
        this.#handlers.onFailed(error, letter.sender);
      }
    });
  }

  async #open(letter: ReceivedLetter): Promise<void> {
    const { sender, identityKey, recipient, toSession, room, session } = letter;
    if (room !== this.room) return this.#refuse('context', '');
    if (toSession !== undefined) {
      if (recipient !== this.self.participant || !isSame(toSession, this.self.session)) return;
    }
    if (sender === this.self.participant) {
      // Our own come back from servers that send to all, those of earlier sessions from others.
      if (!isSame(identityKey, this.self.identityKey)) this.#refuse('own-name', sender);
      return;
    }
    if (this.admission.isRemoved(identityKey)) return;
    // Not looked at any further: whose name is in use has one key.
    if (!this.#isFree(sender, identityKey)) return this.#refuse('identity', sender);
    const live = this.peers.find({ participant: sender, identityKey, session });
    if (live === undefined && letter.type !== HELLO) return; // an old session, or one that is about to say hello
    if (live?.has(letter.number)) return; // what has come before costs no signature
    const known = this.admission.keyOf(sender);
    const isKnown = known !== undefined && isSame(known, identityKey);
    if (!isKnown && !this.#introductions.isNew(letter, this.clock.read())) return;
    const { algorithm, signature, message } = letter;
    if (!(await this.#verifier.isSignedBy(identityKey, algorithm, signature, message)))
      return this.#refuse('signature', sender);
    if (this.#closed) return;
    if (isKnown) await this.#deliver(letter);
    else void this.#introduce(letter);
  }

  /** Whether nobody is there under this name with another key. */
  #isFree(participant: string, identityKey: Bytes): boolean {
    const peer = this.peers.of(participant);
    return peer === undefined || isSame(peer.identityKey, identityKey);
  }

  /** Somebody new. The application may take its time. */
  async #introduce(letter: ReceivedLetter): Promise<void> {
    const { sender, identityKey } = letter;
    try {
      const isFree = (): boolean => this.#isFree(sender, identityKey);
      const isAdmitted = await this.admission.ask(sender, identityKey, isFree);
      if (this.#closed || isAdmitted === undefined) return;
      if (isAdmitted) return await this.#deliver(letter);
      this.#introductions.note(letter, this.clock.read());
      if (!this.admission.isRemoved(identityKey)) this.#refuse('not-admitted', sender);
    } catch (error) {
      this.#handlers.onFailed(error, sender);
    }
  }

  async #deliver(letter: ReceivedLetter): Promise<void> {
    const { sender, identityKey, session, type, number, body, recipient } = letter;
    const endpoint = { participant: sender, identityKey, session };
    const live = this.peers.find(endpoint);
    if (type === HELLO) {
      if (body.length < HELLO_HEAD) this.#refuse('syntax', sender);
      else this.#welcome(letter, live ?? this.peers.candidate(endpoint), live !== undefined);
      return;
    }
    if (!live?.take(number)) return;
    this.#refusals.settle(sender);
    if (recipient !== '') live.knowsUs = true; // else he would not write to us
    if (type === BYE) {
      this.admission.forget(sender);
      this.peers.drop(sender);
      this.#handlers.onGone(live);
    } else await this.#handlers.onLetter(live, type, body);
  }

  #welcome({ body, toSession, number }: ReceivedLetter, peer: Peer, isLive: boolean): void {
    if (!peer.take(number)) return;
    peer.payload = body.slice(HELLO_HEAD);
    let hasForgotten = false;
    let isProved = false;
    if (toSession !== undefined) {
      const knowsUs = ((body[0] as number) & KNOWN) !== 0;
      hasForgotten = peer.hear(number, knowsUs, body.slice(1, 1 + TOKEN_LEN));
      isProved = this.#isProof(body.slice(1 + TOKEN_LEN, HELLO_HEAD), peer);
    }
    if (isLive) {
      if (!peer.knowsUs) this.greet(peer);
      if (hasForgotten) this.#handlers.onForgotten?.(peer);
      this.#handlers.onHello(peer);
    } else if (isProved) {
      const previous = this.peers.promote(peer);
      this.#refusals.settle(peer.participant);
      this.#hello(peer, this.clock.read());
      this.#handlers.onLive(peer, previous);
    } else if (this.#handlers.isGreeted(peer)) this.greet(peer);
  }

  /** Tells a refusal once, until a letter of the participant's is accepted. */
  #refuse(reason: ExchangeRefusal, participant: string): void {
    const isMember = this.peers.of(participant) !== undefined;
    if (this.#refusals.isNews(reason, participant, isMember)) this.#handlers.onRefused(reason, participant);
  }
}

function secondsAfter(hellos: number): number {
  return HELLO_SECONDS[Math.min(hellos, HELLO_SECONDS.length - 1)] as number;
}
