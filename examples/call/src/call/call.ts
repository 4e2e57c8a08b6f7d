// The whole call: who is in it, and a connection from each to each other.

import type { CipherSuite } from 'sframe-wasm';
import type { Identity } from '../keys/identity.ts';
import type { Picture } from '../media/picture.ts';
import type { Voice } from '../media/voice.ts';
import type { Codec } from './codecs.ts';
import { Link, type Receiving, type Sending } from './link.ts';
import { Member } from './member.ts';
import type { Protection } from './protection.ts';
import { Relay } from './relay.ts';

/** Who takes part, whatever call it is. */
export interface Participant {
  readonly name: string;
  readonly identity: Identity;
  readonly picture: Picture;
  readonly voice: Voice;
}

export interface CallOptions {
  /** What each has typed; undefined: everybody has keys of his own. */
  readonly passphrases: ReadonlyMap<string, string> | undefined;
  readonly codec: Codec;
  readonly cipherSuite: CipherSuite;
  readonly isSimulcast: boolean;
  readonly protection: Protection;
}

/** In ms: frames that are on their way when something is switched off. */
const IN_FLIGHT_MS = 200;

export class Call {
  readonly #options: CallOptions;
  readonly #changed: () => void;
  readonly #room = `call ${crypto.randomUUID()}`;
  readonly #senders = new Map<string, Sending>();
  readonly #links = new Set<Link>();
  readonly relay = new Relay();
  readonly members = new Map<string, Member>();
  #codec: Codec;
  #protection: Protection;

  constructor(options: CallOptions, changed: () => void) {
    this.#options = options;
    this.#changed = changed;
    this.#codec = options.codec;
    this.#protection = options.protection;
  }

  get protection(): Protection {
    return this.#protection;
  }

  /** Everybody enters, and is connected with everybody. */
  async start(people: readonly Participant[]): Promise<void> {
    for (const { name, identity, picture, voice } of people) {
      const { client } = this.#createMember(name, identity);
      this.#senders.set(name, { name, client, video: picture.track, audio: voice.track });
    }
    const everybody = [...this.members.values()];
    await Promise.all([
      ...everybody.map((member) => member.enter()),
      ...everybody.map((member) => this.#connect(member)),
    ]);
  }

  /** Somebody who only receives. */
  async join(name: string, identity: Identity): Promise<void> {
    const member = this.#createMember(name, identity);
    await Promise.all([member.enter(), this.#connect(member)]);
  }

  /** He goes, and gets no later key. */
  leave(name: string): void {
    const member = this.members.get(name);
    if (member === undefined) return;
    for (const link of this.#links) {
      if (link.to !== member) continue;
      link.close();
      this.#links.delete(link);
    }
    this.members.delete(name);
    member.close();
    this.#changed();
  }

  /** What comes of one sender, to somebody who is no member: the server itself. */
  async tap(name: string, to: Receiving): Promise<void> {
    const from = this.#senders.get(name);
    if (from !== undefined) await this.#link(from, to);
  }

  /** Everybody sends under another key, which those get who are there. */
  async rotate(): Promise<void> {
    await Promise.all(Array.from(this.members.values(), (member) => member.rotate()));
  }

  /** Everybody's key moves one step on, without a message. */
  async ratchet(): Promise<void> {
    await Promise.all(Array.from(this.members.values(), (member) => member.ratchet()));
  }

  /** Everybody else shuts somebody out, or lets him in again. */
  admit(name: string, isAdmitted: boolean): void {
    for (const member of this.members.values()) if (member.name !== name) member.admit(name, isAdmitted);
  }

  async setCodec(codec: Codec): Promise<void> {
    this.#codec = codec;
    await Promise.all(Array.from(this.#links, (link) => link.setCodec(codec)));
  }

  /** Never so that plaintext is taken for encrypted frames, or decoded without having been opened. */
  async setProtection(protection: Protection): Promise<void> {
    const isStricter = protection === 'everything' || this.#protection === 'nothing';
    this.#protection = protection;
    const [first, second] = isStricter
      ? (['protectReceivers', 'protectSenders'] as const)
      : (['protectSenders', 'protectReceivers'] as const);
    for (const link of this.#links) link[first](protection);
    await new Promise((resolve) => setTimeout(resolve, isStricter ? 0 : IN_FLIGHT_MS));
    for (const link of this.#links) link[second](this.#protection);
  }

  /** Somebody has another microphone. */
  async replaceAudio(name: string, track: MediaStreamTrack): Promise<void> {
    const sender = this.#senders.get(name);
    if (sender === undefined) return;
    this.#senders.set(name, { ...sender, audio: track }); // for those who join later
    const links = [...this.#links].filter(({ from }) => from.name === name);
    await Promise.all(links.map((link) => link.replaceAudio(track)));
  }

  end(): void {
    for (const link of this.#links) link.close();
    for (const member of this.members.values()) member.close();
    this.#links.clear();
    this.members.clear();
  }

  #createMember(name: string, identity: Identity): Member {
    const { cipherSuite, passphrases } = this.#options;
    const passphrase = passphrases?.get(name);
    const options = { name, room: this.#room, cipherSuite, relay: this.relay, identity, passphrase };
    const member = new Member({ ...options, changed: this.#changed });
    this.members.set(name, member);
    return member;
  }

  /** Everybody sends to somebody. */
  async #connect(to: Member): Promise<void> {
    const others = [...this.#senders.values()].filter(({ name }) => name !== to.name);
    await Promise.all(others.map((from) => this.#link(from, to)));
  }

  async #link(from: Sending, to: Receiving): Promise<void> {
    const { isSimulcast } = this.#options;
    const link = new Link(from, to, { codec: this.#codec, isSimulcast, protection: this.#protection });
    this.#links.add(link);
    await link.negotiate();
  }
}
