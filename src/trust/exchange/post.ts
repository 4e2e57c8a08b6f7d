// Letters between participants, over a server that is not trusted: who is there, who he is, and that he is there now.
//
//   everybody   hello  ──────────────────────────────►      at the start, then again and again, more and more rarely
//               ◄──────────────  hello, challenge           "prove that this session of yours is not an old one"
//               hello, challenge, proof  ────────────►      live, there
//               ◄──────────────  hello, proof               live, here
//
// A challenge is a MAC, under a key of this object, of the participant, his session, and how often that has changed: it
// costs no memory, is good for one session, and is void as soon as another session of his is live. So nothing that was
// recorded can take the place of what is there now.

import { hmac } from '@noble/hashes/hmac.js';
import { sha256 } from '@noble/hashes/sha2.js';
import { Clock } from '../../clock.ts';
import { SFrameError } from '../../errors.ts';
import { prefixed } from '../../names.ts';
import { assertBytes, assertObject, type Bytes, concat, isSame, toInteger } from '../../types.ts';
import { fieldsOf, utf8 } from '../fields.ts';
import type { VerificationBook } from '../verification/book.ts';
import { Admission, type Admit } from './admission.ts';
import { assertChannel, type KeyChannel } from './channel.ts';
import type { ExchangeRefusal } from './event.ts';
import { type ExchangeIdentity, IdentityVerifier, type OwnIdentity, readIdentity } from './identity.ts';
import { messageOf, parseLetter, type ReceivedLetter, TOKEN_LEN, writeLetter } from './letter.ts';
import { type Endpoint, type Peer, Peers } from './peers.ts';

/** Options that every exchange has. */
export interface ExchangeOptions {
  /** What carries its letters; its `onmessage` is set. */
  readonly channel: KeyChannel;
  /** Names the room or call, 1 to 512 bytes of UTF-8, the same on all sides. */
  readonly room: string;
  /** Who this participant is. */
  readonly identity: ExchangeIdentity;
  /** Says who may be a member. There is no default: a server can invent participants. */
  readonly admit: Admit;
  /** Gives `admit` the status of each identity key, and is told those that were admitted. */
  readonly book?: VerificationBook | undefined;
  /** How many others there may be, 1 to 10000; default 1000. Who comes then is refused. */
  readonly maxParticipants?: number | undefined;
  /** Milliseconds, of a clock that does not run backwards; default `performance.now`. */
  readonly now?: (() => number) | undefined;
}

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

/** Seconds between one hello to all and the next: soon at first, so that lost ones are made up for. */
const HELLO_SECONDS: readonly number[] = [1, 2, 4, 8, 16, 32, 60];
/** The same hello is not answered twice within this time: what it costs the server is what it costs us. */
const GREETING_MS = 400;
/** Letters that wait their turn. More are dropped: they are asked for again. */
const MAX_WAITING = 4096;
/** Names of whom refusals are told: names can be invented. */
const MAX_REFUSED = 4096;

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
  readonly #secret: Bytes = crypto.getRandomValues(new Uint8Array(32));
  readonly #verifier: IdentityVerifier = new IdentityVerifier();
  readonly #refusals: Map<string, Set<ExchangeRefusal>> = new Map();
  #number = 0n;
  #waiting = 0;
  #inbox: Promise<void> = Promise.resolve();
  #outbox: Promise<void> = Promise.resolve();
  #timer: ReturnType<typeof setTimeout> | undefined;
  #hellos = 0;
  #closed = false;

  /** TypeErrors and RangeErrors name the option. */
  constructor(options: ExchangeOptions, handlers: PostHandlers) {
    assertObject(options, 'options');
    const { channel, room, identity, admit, book, maxParticipants, now } = options;
    assertChannel(channel);
    prefixed(room, 'room');
    this.room = room;
    this.identity = readIdentity(identity);
    const { participant, publicKey: identityKey } = this.identity;
    const session = crypto.getRandomValues(new Uint8Array(TOKEN_LEN));
    this.self = { participant, identityKey, session };
    this.admission = new Admission(
      admit,
      book,
      toInteger(maxParticipants, 'maxParticipants', 1000, 1, 10_000),
    );
    this.clock = new Clock(now);
    this.#channel = channel;
    this.#handlers = handlers;
    channel.onmessage = (bytes) => this.#receive(bytes);
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
    void this.broadcast(BYE, new Uint8Array(0));
    this.#closed = true;
    this.#channel.onmessage = null;
    clearTimeout(this.#timer);
    void this.#outbox.then(() => this.identity.key.destroy());
    this.#secret.fill(0);
  }

  /** Signs a letter and sends it to one participant. Letters leave in the order of these calls. */
  send(peer: Peer, type: number, body: Bytes): Promise<void> {
    return this.#post(type, peer.participant, () => body);
  }

  /** The same for a body that is made when it is its turn; undefined if there is nothing to send any more. */
  sendMade(peer: Peer, type: number, make: () => Promise<Bytes | undefined>): Promise<void> {
    return this.#post(type, peer.participant, make);
  }

  /** Signs a letter and sends it to all. */
  broadcast(type: number, body: Bytes): Promise<void> {
    return this.#post(type, '', () => body);
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
  vouch({ participant, identityKey, session }: Endpoint): Peer {
    const live = this.peers.find(participant, session);
    if (live !== undefined) return live;
    const peer = this.peers.candidate(participant, identityKey, session, new Uint8Array(0));
    peer.knowsUs = true; // as he vouches for us: unless he asks for a proof
    this.peers.promote(peer);
    return peer;
  }

  /** Forgets a participant's sessions. */
  drop(participant: string): Peer | undefined {
    return this.peers.drop(participant);
  }

  #sayHello(): void {
    void this.broadcast(HELLO, this.#helloBody(0, NO_TOKEN, NO_TOKEN));
    const seconds = HELLO_SECONDS[Math.min(this.#hellos, HELLO_SECONDS.length - 1)] as number;
    this.#hellos += 1;
    this.#timer = setTimeout(() => this.#sayHello(), 1000 * seconds);
    // Node waits for timers: a call that has ended otherwise must not be held open by this one.
    (this.#timer as { unref?: () => void }).unref?.();
  }

  #hello(peer: Peer, time: number): void {
    peer.greetedAt = time;
    const isLive = this.peers.of(peer.participant) === peer;
    const body = this.#helloBody(isLive ? KNOWN : 0, this.#challengeTo(peer), peer.challenge ?? NO_TOKEN);
    void this.send(peer, HELLO, body);
  }

  #helloBody(flags: number, challenge: Bytes, proof: Bytes): Bytes {
    const head = new Uint8Array([flags, ...challenge, ...proof]);
    return concat(head, this.#handlers.payload());
  }

  #challengeTo({ participant, session }: Peer): Bytes {
    const changes = utf8(String(this.peers.changesOf(participant)));
    const mac = hmac(sha256, this.#secret, fieldsOf(utf8(participant), session, changes));
    return new Uint8Array(mac.subarray(0, TOKEN_LEN));
  }

  #post(type: number, recipient: string, make: () => Bytes | Promise<Bytes | undefined>): Promise<void> {
    if (this.#closed) return Promise.resolve();
    const number = this.#number;
    this.#number += 1n;
    const sent = this.#outbox.then(async () => {
      try {
        const body = await make();
        if (body === undefined) return;
        const { key } = this.identity;
        const { participant: sender, identityKey, session } = this.self;
        const about = { type, algorithm: key.algorithm, session, number, room: this.room };
        const written = writeLetter({ ...about, sender, identityKey, recipient, body });
        const bytes = concat(written, await key.sign(messageOf(written)));
        if (recipient === '') await this.#channel.broadcast(bytes);
        else await this.#channel.send(recipient, bytes);
      } catch (error) {
        this.#handlers.onFailed(error, recipient === '' ? undefined : recipient);
      }
    });
    this.#outbox = sent;
    return sent;
  }

  #receive(bytes: Uint8Array): void {
    if (this.#closed) return;
    assertBytes(bytes, 'bytes');
    if (this.#waiting >= MAX_WAITING) {
      this.#refuse('busy', undefined);
      return;
    }
    const letter = parseLetter(bytes);
    if (letter === undefined) {
      this.#refuse('syntax', undefined);
      return;
    }
    this.#waiting += 1;
    this.#inbox = this.#inbox.then(async () => {
      this.#waiting -= 1;
      try {
        if (!this.#closed) await this.#open(letter);
      } catch (error) {
        this.#handlers.onFailed(error, letter.sender);
      }
    });
  }

  async #open(letter: ReceivedLetter): Promise<void> {
    const { sender, identityKey, recipient, room, session } = letter;
    if (room !== this.room) return this.#refuse('context', undefined);
    if (recipient !== '' && recipient !== this.self.participant) return;
    if (sender === this.self.participant) {
      // Our own come back from servers that send to all.
      if (!isSame(session, this.self.session)) this.#refuse('own-name', sender);
      return;
    }
    if (this.admission.isRemoved(sender, identityKey)) return;
    const known = this.admission.keyOf(sender);
    const isKnown = known !== undefined && isSame(known, identityKey);
    // Not looked at any further: whose name is in use has one key.
    if (!isKnown && this.peers.of(sender) !== undefined) return this.#refuse('identity', sender);
    const live = this.peers.find(sender, session);
    if (live === undefined && letter.type !== HELLO) return; // an old session, or one that is about to say hello
    if (live?.has(letter.number)) return; // what has come before costs no signature
    const { algorithm, signature, message } = letter;
    if (!(await this.#verifier.isSignedBy(identityKey, algorithm, signature, message)))
      return this.#refuse('signature', sender);
    if (this.#closed) return;
    if (isKnown) await this.#deliver(letter);
    else void this.#introduce(letter);
  }

  /** Somebody new. The application may take its time. */
  async #introduce(letter: ReceivedLetter): Promise<void> {
    const { sender, identityKey } = letter;
    try {
      const isAdmitted = await this.admission.ask(sender, identityKey);
      if (this.#closed || isAdmitted === undefined) return;
      if (isAdmitted) await this.#deliver(letter);
      else this.#refuse('not-admitted', sender);
    } catch (error) {
      this.#handlers.onFailed(error, sender);
    }
  }

  async #deliver(letter: ReceivedLetter): Promise<void> {
    const { sender, session, type, number, body } = letter;
    const live = this.peers.find(sender, session);
    if (type === HELLO) return this.#welcome(letter, live);
    if (!live?.take(number)) return;
    this.#forgive(sender);
    if (type === BYE) {
      this.admission.forget(sender);
      this.drop(sender);
      this.#handlers.onGone(live);
    } else await this.#handlers.onLetter(live, type, body);
  }

  #welcome(
    { sender, identityKey, session, body, recipient, number }: ReceivedLetter,
    live: Peer | undefined,
  ): void {
    if (body.length < HELLO_HEAD) {
      this.#refuse('syntax', sender);
      return;
    }
    const payload = body.slice(HELLO_HEAD);
    const isForUs = recipient !== '';
    const peer = live ?? this.peers.candidate(sender, identityKey, session, payload);
    if (!peer.take(number)) return;
    peer.payload = payload;
    let isNew = false;
    if (isForUs) {
      peer.ask(body.slice(1, 1 + TOKEN_LEN));
      const proof = body.slice(1 + TOKEN_LEN, HELLO_HEAD);
      isNew = live === undefined && isSame(proof, this.#challengeTo(peer));
      if (((body[0] as number) & KNOWN) !== 0) peer.knowsUs = true;
    }
    if (isNew) {
      const previous = this.peers.promote(peer);
      this.#forgive(sender);
      this.#hello(peer, this.clock.read());
      this.#handlers.onLive(peer, previous);
    } else if (live === undefined) this.#answer(peer);
    else {
      if (!peer.knowsUs) this.greet(peer);
      this.#handlers.onHello(peer);
    }
  }

  #answer(candidate: Peer): void {
    if (this.#handlers.isGreeted(candidate)) this.greet(candidate);
  }

  /** Tells a refusal once, until a letter of the participant's is accepted. */
  #refuse(reason: ExchangeRefusal, participant: string | undefined): void {
    const name = participant ?? '';
    const told = this.#refusals.get(name) ?? new Set();
    if (told.has(reason) || this.#refusals.size >= MAX_REFUSED) return;
    this.#refusals.set(name, told.add(reason));
    this.#handlers.onRefused(reason, participant);
  }

  #forgive(participant: string): void {
    this.#refusals.delete(participant);
  }
}
