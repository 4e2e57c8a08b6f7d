// Sender keys, sealed for each recipient alone, over a server that is not trusted.
//
//   keys   generation (4) | HPKE(key-bundle.ts)     to one: all that he may have and has not confirmed
//   have   generation (4)                           to one: everything up to this has come
//   ask    nothing                                  to one: send again what I have not confirmed
//
// Sealed is for one session of one recipient: HPKE's info holds room, sender and recipient, with their identity keys and
// sessions; its aad the generation. The letter around it is signed.

import { assertBaseKey } from '../../key.ts';
import { KnownTarget } from '../../known-target.ts';
import { type ContextOptions, readOptions } from '../../options.ts';
import { type Bytes, concat, copyOf, toU64, type U64, viewOf } from '../../types.ts';
import { fieldsOf, utf8 } from '../fields.ts';
import { ExchangeEvent, type ExchangeEvents, type ExchangeEventType } from './event.ts';
import { generationBytes, readBundle, type SealedKey, wipeKeys, writeBundle } from './key-bundle.ts';
import { Member } from './member.ts';
import type { ExchangeOptions } from './options.ts';
import type { Endpoint, Peer } from './peers.ts';
import { FIRST_TYPE, Post } from './post.ts';
import { ExchangeKey, POINT_LEN, Seal } from './seal.ts';
import { later, type Timer } from './timer.ts';

/** Options of {@link SenderKeyExchange}. */
export interface SenderKeyExchangeOptions extends ExchangeOptions {
  /** The cipher suite that the keys are for; the same on all sides. */
  readonly cipherSuite: ContextOptions['cipherSuite'];
}

/** Somebody whom keys are sent to. */
export interface ExchangeParticipant {
  readonly participant: string;
  readonly identityKey: Bytes;
}

const KEYS = FIRST_TYPE;
const HAVE = FIRST_TYPE + 1;
const ASK = FIRST_TYPE + 2;
const GENERATION_LEN = 4;
const PAYLOAD_LEN = 2 + POINT_LEN;
const INFO: Bytes = utf8('sframe-wasm sender keys');
const TICK_MS = 500;
/** How often somebody may be asked to send again. */
const ASK_MS = 500;

/**
 * Carries sender keys between participants who have nothing in common but a server that they do not trust: each has an
 * identity key, and the application says whose it lets in.
 *
 * What is published goes to each recipient sealed for his present session, signed by the sender's identity key, and is
 * sent again until he has confirmed it. The server can delay or lose it. It cannot read it, change it, give it to
 * somebody else, or bring it again later.
 *
 * When a key is needed, and who must have it, `KeyRotation` says; docs/exchange.md wires the two. Events come as soon as
 * there is something to tell, also between `start()` and its promise. After `destroy()` all methods throw `destroyed`.
 *
 * @example
 * ```js
 * import { SenderKeyExchange } from 'sframe-wasm/exchange';
 *
 * const channels = new Map(); // in truth signalling
 * const people = new Map();
 * for (const participant of ['alice', 'bob']) {
 *   const pair = await crypto.subtle.generateKey({ name: 'ECDSA', namedCurve: 'P-256' }, false, ['sign', 'verify']);
 *   const publicKey = new Uint8Array(await crypto.subtle.exportKey('raw', pair.publicKey));
 *   people.set(participant, { participant, privateKey: pair.privateKey, publicKey });
 * }
 * const exchanges = [...people.values()].map((identity) => {
 *   const channel = {
 *     send: (to = '', bytes = new Uint8Array()) => channels.get(to).onmessage(bytes),
 *     broadcast: (bytes = new Uint8Array()) => channels.forEach((other) => other === channel || other.onmessage(bytes)),
 *     onmessage: null,
 *   };
 *   channels.set(identity.participant, channel);
 *   return new SenderKeyExchange({
 *     channel,
 *     room: 'standup',
 *     cipherSuite: 'AES_128_GCM_SHA256_128',
 *     identity,
 *     admit: ({ participant, identityKey }) => `${people.get(participant)?.publicKey}` === `${identityKey}`,
 *   });
 * });
 * const [alice, bob] = exchanges;
 * alice?.addEventListener('join', () => alice.publish(crypto.getRandomValues(new Uint8Array(16)), 7));
 * bob?.addEventListener('key', ({ participant, kid, baseKey }) => console.log(participant, kid, baseKey.length)); // alice 7n 16
 * for (const exchange of exchanges) await exchange.start();
 * await new Promise((resolve) => alice?.addEventListener('confirmed', resolve));
 * for (const exchange of exchanges) exchange.destroy();
 * ```
 */
export class SenderKeyExchange extends KnownTarget<ExchangeEventType, ExchangeEvent, ExchangeEvents> {
  readonly #suite: number;
  readonly #post: Post;
  readonly #exchangeKey: ExchangeKey;
  readonly #members: Map<string, Member> = new Map();
  #payload: Bytes | undefined;
  #generation = 0;
  #timer: Timer | undefined;

  /**
   * @throws TypeError or RangeError naming the option
   * @throws {@link SFrameError} `engine-unavailable` without WebCrypto
   */
  constructor(options: SenderKeyExchangeOptions) {
    super();
    this.#suite = readOptions(options).suite.id;
    this.#post = new Post(options, {
      payload: () => this.#payload as Bytes,
      isGreeted: () => this.#payload !== undefined,
      onLive: (peer, previous) => this.#onLive(peer, previous),
      onGone: (peer) => this.#leave(peer.participant),
      onForgotten: (peer) => this.#onLive(peer, peer),
      onHello: () => {},
      onLetter: (peer, type, body) => this.#onLetter(peer, type, body),
      onRefused: (reason, participant) => this.#tell('refused', { reason, participant }),
      onFailed: (error, participant) => this.#tell('failed', { error, participant }),
    });
    this.#exchangeKey = new ExchangeKey();
  }

  /** Those who are there and admitted: whom keys go to. Show this list, and no other. */
  get participants(): ExchangeParticipant[] {
    return [...this.#members.values()].map(({ peer: { participant, identityKey } }) => ({
      participant,
      identityKey: copyOf(identityKey),
    }));
  }

  /**
   * Enters the room: says hello to everybody, now and again.
   * @throws {@link SFrameError} `destroyed`, `engine-unavailable`
   */
  async start(): Promise<void> {
    this.#post.assertOpen();
    const publicKey = await this.#exchangeKey.publicKey();
    this.#post.assertOpen();
    this.#payload = concat(new Uint8Array([this.#suite >> 8, this.#suite & 0xff]), publicKey);
    this.#post.start();
  }

  /**
   * Gives a sender key of ours to participants, and goes on until they have confirmed it: the event `confirmed`.
   *
   * @param baseKey base_key; copied, and the copies zeroed as soon as they are confirmed
   * @param kid its KID
   * @param recipients whom to give it to: what `KeyRotation.stage` returns. Default all {@link participants}. Who is not
   * there any more gets nothing.
   * @throws TypeError or RangeError naming the argument
   * @throws {@link SFrameError} `destroyed`
   */
  publish(baseKey: Uint8Array, kid: U64, recipients?: Iterable<string>): void {
    this.#post.assertOpen();
    assertBaseKey(baseKey);
    const id = toU64(kid, 'kid');
    if (typeof recipients === 'string') throw new TypeError('recipients must be a list of names');
    const names = new Set(recipients ?? this.#members.keys());
    this.#generation += 1;
    const key: SealedKey = { generation: this.#generation, kid: id, baseKey: copyOf(baseKey) };
    for (const name of names) {
      const member = this.#members.get(name);
      if (member === undefined) continue;
      member.add(key);
      this.#send(member);
    }
    wipeKeys([key]);
  }

  /**
   * Asks a participant for keys of his that may have been lost; for when his frames have a KID without a key. He sends
   * them again by himself as well, though more and more rarely.
   * @returns false if he is not there
   * @throws {@link SFrameError} `destroyed`
   */
  request(participant: string): boolean {
    this.#post.assertOpen();
    const member = this.#members.get(participant);
    if (member === undefined) return false;
    const time = this.#post.clock.read();
    if (time - member.hasAskedAt < ASK_MS) return true;
    member.hasAskedAt = time;
    void this.#post.send(member.peer, ASK, new Uint8Array(0));
    return true;
  }

  /**
   * Shuts a participant out: he gets no further keys from us, however often he comes back with this identity key, until
   * {@link allow}. It does not say so to others: who decides that somebody has to go tells everybody.
   * @returns false if nobody of that name was there
   */
  remove(participant: string): boolean {
    this.#post.assertOpen();
    this.#post.admission.remove(participant);
    return this.#leave(participant);
  }

  /** Takes a removal back: `admit` is asked again when he calls. */
  allow(participant: string): boolean {
    this.#post.assertOpen();
    return this.#post.admission.allow(participant);
  }

  /**
   * A participant has gone without a word: his session ends. If he comes back, `admit` is asked again.
   * @returns false if nobody of that name was there
   */
  forget(participant: string): boolean {
    this.#post.assertOpen();
    this.#post.admission.forget(participant);
    return this.#leave(participant);
  }

  /** Says good-bye, wipes all keys, and lets go of the channel. Further calls throw `destroyed`, except this one. */
  destroy(): void {
    this.#post.close();
    clearTimeout(this.#timer);
    for (const member of this.#members.values()) member.close();
    this.#members.clear();
  }

  #onLive(peer: Peer, previous: Peer | undefined): void {
    if (previous !== undefined) this.#leave(peer.participant, peer);
    // A listener may have shut him out.
    if (this.#post.isClosed || this.#post.peers.of(peer.participant) !== peer) return;
    const { payload, participant, identityKey } = peer;
    const suite = ((payload[0] as number) << 8) | (payload[1] as number);
    if (payload.length !== PAYLOAD_LEN || suite !== this.#suite) {
      this.#tell('refused', { reason: payload.length === PAYLOAD_LEN ? 'context' : 'syntax', participant });
      return;
    }
    const seal = new Seal(viewOf(payload, 2, PAYLOAD_LEN));
    this.#members.set(participant, new Member(peer, seal));
    this.#tell('join', { participant, identityKey: copyOf(identityKey) });
  }

  /** @param successor his next session, if he has one already */
  #leave(participant: string, successor?: Peer): boolean {
    const member = this.#members.get(participant);
    if (successor === undefined) this.#post.peers.drop(participant);
    if (member === undefined) return false;
    member.close();
    this.#members.delete(participant);
    this.#tell('leave', { participant });
    return true;
  }

  #memberOf(peer: Peer): Member | undefined {
    const member = this.#members.get(peer.participant);
    return member?.peer === peer ? member : undefined;
  }

  async #onLetter(peer: Peer, type: number, body: Bytes): Promise<void> {
    const member = this.#memberOf(peer);
    if (member === undefined) return;
    if (type === ASK) return this.#again(member);
    if ((type !== KEYS && type !== HAVE) || body.length < GENERATION_LEN) return;
    const generation = new DataView(body.buffer, body.byteOffset).getUint32(0);
    if (type === HAVE) return this.#onHave(member, generation);
    await this.#onKeys(member, generation, body.subarray(GENERATION_LEN));
  }

  async #onKeys(member: Member, generation: number, sealed: Bytes): Promise<void> {
    const { peer } = member;
    const { participant } = peer;
    if (generation > member.received) {
      const info = this.#info(peer, this.#post.self);
      const plaintext = await this.#exchangeKey.open(
        viewOf(sealed, 0, sealed.length),
        info,
        generationBytes(generation),
      );
      const keys = plaintext && readBundle(plaintext, this.#suite);
      plaintext?.fill(0);
      if (keys === undefined) return this.#tell('refused', { reason: 'seal', participant });
      try {
        for (const key of keys) {
          if (this.#memberOf(peer) !== member) return; // a listener has removed him
          if (key.generation <= member.received || key.generation > generation) continue;
          member.received = key.generation;
          this.#tell('key', { participant, ...key });
        }
      } finally {
        wipeKeys(keys);
      }
    }
    if (this.#memberOf(peer) === member)
      void this.#post.send(peer, HAVE, generationBytes(Math.min(generation, member.received)));
  }

  #onHave(member: Member, generation: number): void {
    const { participant } = member.peer;
    for (const kid of member.confirm(generation)) this.#tell('confirmed', { participant, kid });
  }

  #again(member: Member): void {
    const time = this.#post.clock.read();
    if (time - member.askedAt < ASK_MS || member.pending.length === 0) return;
    member.askedAt = time;
    member.hurry();
    this.#send(member);
  }

  /** Sends what is pending, as it will be when it is its turn. */
  #send(member: Member): void {
    if (member.isSending) return;
    member.isSending = true;
    let last = 0;
    const make = (): Promise<Bytes | undefined> => {
      last = member.pending.at(-1)?.generation ?? 0;
      return this.#sealFor(member);
    };
    void this.#post.sendMade(member.peer, KEYS, make).then(() => {
      member.isSending = false;
      member.restAt(this.#post.clock.read());
      // What was published meanwhile is not in it.
      if ((member.pending.at(-1)?.generation ?? 0) > last) this.#send(member);
      else this.#schedule();
    });
  }

  async #sealFor(member: Member): Promise<Bytes | undefined> {
    const { pending, peer, seal } = member;
    const last = pending.at(-1);
    if (last === undefined) return undefined; // confirmed or wiped meanwhile
    const aad = generationBytes(last.generation);
    const bundle = writeBundle(this.#suite, pending);
    try {
      return concat(aad, await seal.seal(bundle, this.#info(this.#post.self, peer), aad));
    } finally {
      bundle.fill(0);
    }
  }

  /** What a sealed bundle is bound to. */
  #info(sender: Endpoint, recipient: Endpoint): Bytes {
    const about = ({ participant, identityKey, session }: Endpoint) => [
      utf8(participant),
      identityKey,
      session,
    ];
    return fieldsOf(INFO, utf8(this.#post.room), ...about(sender), ...about(recipient));
  }

  #schedule(): void {
    if (this.#timer !== undefined || this.#post.isClosed) return;
    this.#timer = later(TICK_MS, () => {
      this.#timer = undefined;
      const time = this.#post.clock.read();
      let isAnythingLeft = false;
      for (const member of this.#members.values()) {
        if (member.isDue(time)) this.#send(member);
        isAnythingLeft ||= member.pending.length > 0;
      }
      if (isAnythingLeft) this.#schedule();
    });
  }

  #tell(type: ExchangeEventType, about: ConstructorParameters<typeof ExchangeEvent>[1]): void {
    if (!this.#post.isClosed) this.dispatchEvent(new ExchangeEvent(type, about));
  }
}
