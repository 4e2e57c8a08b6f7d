// MlsExchange: a group that runs MLS (RFC 9420, by ts-mls) over a server that is not trusted. What it does is in
// protocol.ts; this is what the application sees.

import { KnownTarget } from '../../known-target.ts';
import { type Bytes, toInteger } from '../../types.ts';
import type { ExchangeOptions } from '../exchange/options.ts';
import type { MlsExchangeEvent, MlsExchangeEvents, MlsExchangeEventType, MlsParticipant } from './event.ts';
import { Protocol } from './protocol.ts';

/** Options of {@link MlsExchange}. */
export interface MlsExchangeOptions extends ExchangeOptions {
  /** How long to listen for a group before founding one, in ms, 1 to 600000; default 1500. */
  readonly foundAfterMs?: number | undefined;
  /**
   * How long each member waits for one whose turn it is before, in ms, 1 to 600000; default 3000. It should be more than
   * letters take to come and go.
   */
  readonly patienceMs?: number | undefined;
}

/**
 * Runs an MLS group between participants who have nothing in common but a server that they do not trust: each has an
 * identity key, and the application says whose it lets in. All members have the keys of an epoch in common, and a change
 * of members costs one letter to all: this is for large calls.
 *
 * The server can delay letters or lose them. It cannot read keys, get into the group, put anybody in or out, or keep two
 * halves apart once it lets letters through. Who leaves, is removed, or comes in begins another epoch: the event `epoch`.
 *
 * Use new encryptors and decryptors with each exchange: epochs go forward for as long as it lives, no longer.
 *
 * @example
 * ```js
 * import { MlsDecryptor, MlsEncryptor } from 'sframe-wasm';
 * import { MlsExchange } from 'sframe-wasm/exchange/mls';
 * import { enterEpoch } from 'sframe-wasm/mls';
 *
 * const cipherSuite = 'AES_128_GCM_SHA256_128';
 * const room = new Map(); // stands for a server, and for the way to it
 * const join = async (name = '') => {
 *   const keys = await crypto.subtle.generateKey({ name: 'ECDSA', namedCurve: 'P-256' }, false, ['sign', 'verify']);
 *   const publicKey = new Uint8Array(await crypto.subtle.exportKey('raw', keys.publicKey));
 *   const channel = {
 *     send: (to = '', bytes = new Uint8Array()) => room.get(to)?.onmessage?.(bytes),
 *     broadcast: (bytes = new Uint8Array()) => room.forEach((other) => other === channel || other.onmessage?.(bytes)),
 *     onmessage: null,
 *   };
 *   room.set(name, channel);
 *   const exchange = new MlsExchange({
 *     channel,
 *     room: 'standup',
 *     identity: { participant: name, privateKey: keys.privateKey, publicKey },
 *     admit: ({ participant }) => ['alice', 'bob'].includes(participant), // compare identity keys, in truth
 *     foundAfterMs: 200,
 *   });
 *   const camera = new MlsEncryptor({ cipherSuite, epochBits: 8 });
 *   const others = new MlsDecryptor({ cipherSuite, epochBits: 8 });
 *   const both = new Promise((resolve) =>
 *     exchange.addEventListener('epoch', async ({ entrance, participants }) => {
 *       const ready = Promise.resolve(); // or leave it out, and a second is waited
 *       await enterEpoch({ ...entrance, cipherSuite, encryptors: [camera], decryptors: [others], ready });
 *       if (participants.length === 2) resolve(undefined);
 *     }),
 *   );
 *   await exchange.start();
 *   return { exchange, camera, others, both };
 * };
 *
 * const waiting = setInterval(() => {}, 1000); // as an open socket keeps a program waiting
 * const alice = await join('alice');
 * const bob = await join('bob');
 * await Promise.all([alice.both, bob.both]);
 * console.log(bob.others.decrypt(alice.camera.encrypt(new Uint8Array([1, 2, 3])))); // Uint8Array(3) [ 1, 2, 3 ]
 * alice.exchange.destroy();
 * bob.exchange.destroy();
 * clearInterval(waiting);
 * ```
 */
export class MlsExchange extends KnownTarget<MlsExchangeEventType, MlsExchangeEvent, MlsExchangeEvents> {
  readonly #protocol: Protocol;

  /** @throws TypeError or RangeError naming the option */
  constructor(options: MlsExchangeOptions) {
    super();
    const { foundAfterMs, patienceMs } = options;
    const times = {
      foundAfter: toInteger(foundAfterMs, 'foundAfterMs', 1500, 1, 600_000),
      patience: toInteger(patienceMs, 'patienceMs', 3000, 1, 600_000),
    };
    this.#protocol = new Protocol(options, times, (event) => this.dispatchEvent(event));
  }

  /** The members of the group, by the ratchet tree, ourselves among them. Show this list, and no other. */
  get participants(): MlsParticipant[] {
    return this.#protocol.group?.participants ?? [];
  }

  /** The epoch that the group is in; undefined while we are in none. */
  get epoch(): bigint | undefined {
    return this.#protocol.group?.epoch;
  }

  /** What all members have in common, and nobody else: for `epochFingerprint` of `sframe-wasm/verification`. */
  get epochAuthenticator(): Bytes | undefined {
    return this.#protocol.group?.authenticator;
  }

  /** Who has a leaf now: the owner of the frames under it. Give `senderIndex` as `expect` to a decryptor of his own. */
  participantOf(senderIndex: number): MlsParticipant | undefined {
    return this.participants.find((one) => one.senderIndex === senderIndex);
  }

  /**
   * Enters the room: looks for the group, and founds one if there is none.
   * @throws {@link SFrameError} `destroyed`, `engine-unavailable`
   */
  async start(): Promise<void> {
    await this.#protocol.start();
  }

  /**
   * Puts a participant out, for all: his letters are not read any more, and as soon as the commit is there, nothing is
   * encrypted for him. Nobody who was in the group then lets him in again with this identity key, until {@link allow}.
   * **Every member may do that to every other**: who may, your application has to decide.
   * @returns false if nobody of that name was there
   * @throws {@link SFrameError} `destroyed`
   */
  remove(participant: string): boolean {
    this.#protocol.post.assertOpen();
    return this.#protocol.remove(participant, true);
  }

  /**
   * Takes a removal back, here: `admit` is asked again when he calls. All members have to do so, or they will not be in
   * one group with him.
   * @throws {@link SFrameError} `destroyed`
   */
  allow(participant: string): boolean {
    this.#protocol.post.assertOpen();
    return this.#protocol.post.admission.allow(participant);
  }

  /**
   * A participant has gone without a word: takes him out of the group, for all. If he is there after all, he comes back
   * by himself.
   * @returns false if nobody of that name was there
   * @throws {@link SFrameError} `destroyed`
   */
  forget(participant: string): boolean {
    this.#protocol.post.assertOpen();
    return this.#protocol.remove(participant, false);
  }

  /**
   * Asks for another epoch, with fresh secrets: now and again, so that a key that has leaked is of no use for long.
   * @returns false while we are in no group
   * @throws {@link SFrameError} `destroyed`
   */
  rotate(): boolean {
    this.#protocol.post.assertOpen();
    return this.#protocol.rotate();
  }

  /** Says good-bye, wipes all secrets, and lets go of the channel. Further calls throw `destroyed`, except this one. */
  destroy(): void {
    this.#protocol.close();
  }
}
