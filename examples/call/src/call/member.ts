// Somebody in the call: his client, his keys, and what comes to him of the others.

import type { Bytes, CipherSuite } from 'sframe-wasm';
import { SFrameClient } from 'sframe-wasm/webrtc';
import { Comparisons } from '../keys/comparison.ts';
import type { Identity } from '../keys/identity.ts';
import { OwnKeys } from '../keys/own-keys.ts';
import { PassphraseKeys } from '../keys/passphrase.ts';
import { RATCHET_BITS, Rollout } from '../keys/rollout.ts';
import type { KeyScheme } from '../keys/scheme.ts';
import { type Lock, lockOfPerson, lockOfView, type TrackFacts } from '../status/lock.ts';
import { Watch } from '../status/watch.ts';
import { untilDestroyed } from '../until-destroyed.ts';
import type { Layer } from './layers.ts';
import type { Receiving } from './link.ts';
import type { Letter, Relay } from './relay.ts';

export interface MemberOptions {
  readonly name: string;
  readonly room: string;
  readonly cipherSuite: CipherSuite;
  readonly relay: Relay;
  readonly identity: Identity;
  /** What he has typed; undefined: he has keys of his own. */
  readonly passphrase: string | undefined;
  readonly changed: () => void;
}

/** What comes from one of the others. */
export interface View {
  readonly audio: MediaStreamTrack | undefined;
  readonly video: ReadonlyMap<Layer, MediaStreamTrack>;
}

interface Incoming {
  audio: MediaStreamTrack | undefined;
  readonly video: Map<Layer, MediaStreamTrack>;
}

export class Member implements Receiving {
  readonly name: string;
  readonly client: SFrameClient;
  readonly watch: Watch;
  readonly comparisons: Comparisons;
  readonly #options: MemberOptions;
  readonly #rollout: Rollout;
  readonly #incoming = new Map<string, Incoming>();
  #passphrase: string | undefined;
  #keys: KeyScheme | undefined;
  /** Who has said that he records. */
  readonly recordedBy = new Set<string>();

  constructor(options: MemberOptions) {
    const { name, room, cipherSuite, relay, identity, changed } = options;
    this.name = name;
    this.#options = options;
    this.#passphrase = options.passphrase;
    this.client = new SFrameClient({
      cipherSuite,
      ratchetBits: RATCHET_BITS,
      keysNeeded: (reason) => {
        untilDestroyed(reason === 'worker' ? this.enter() : this.rotate());
      },
    });
    this.watch = new Watch(this.client, changed);
    this.#rollout = new Rollout(this.client);
    const identityOf = (peer: string) => this.identityOf(peer);
    this.comparisons = new Comparisons({ name, room, cipherSuite, relay, identity, identityOf, changed });
    relay.join(name, (from, letter) => this.#receive(from, letter));
  }

  /** Whom his keys go to. */
  get recipients(): readonly string[] {
    return [...(this.#keys?.recipients ?? [])].sort();
  }

  /** What he gets, by whom it is from. */
  get views(): ReadonlyMap<string, View> {
    return this.#incoming;
  }

  /** The lock at what he gets of somebody. */
  lockOf(from: string): Lock {
    const isVerified = this.#keys instanceof OwnKeys ? this.comparisons.isVerified(from) : undefined;
    return lockOfView(this.factsOf(from), isVerified);
  }

  /** His own lock. */
  get lock(): Lock {
    const views = [...this.#incoming.keys()].map((from) => this.lockOf(from));
    return lockOfPerson(this.watch.sent, views);
  }

  /** What is known of somebody's tracks. */
  factsOf(from: string): TrackFacts[] {
    const { audio, video } = this.#incoming.get(from) ?? {};
    const tracks = [...(video?.values() ?? []), ...(audio === undefined ? [] : [audio])];
    return this.watch.received(tracks);
  }

  /** The identity key under which somebody gets his keys. */
  identityOf(peer: string): Bytes | undefined {
    return this.#keys instanceof OwnKeys ? this.#keys.identityOf(peer) : undefined;
  }

  /** What to show of somebody: the layer that is asked for, or the other one while that does not come. */
  pictureOf(from: string, layer: Layer): MediaStreamTrack | undefined {
    const video = this.#incoming.get(from)?.video;
    const wanted = video?.get(layer);
    const flows = (track: MediaStreamTrack) =>
      this.watch.received([track]).some(({ isFlowing, isPlain }) => isFlowing || isPlain);
    if (wanted !== undefined && flows(wanted)) return wanted;
    return [...(video?.values() ?? [])].find(flows) ?? wanted;
  }

  take(from: string, track: MediaStreamTrack, layer: Layer): void {
    const incoming = this.#incoming.get(from) ?? { audio: undefined, video: new Map() };
    if (track.kind === 'audio') incoming.audio = track;
    else incoming.video.set(layer, track);
    this.#incoming.set(from, incoming);
    this.#options.changed();
  }

  /** Nothing more comes from somebody. */
  drop(from: string): void {
    this.#incoming.delete(from);
    this.recordedBy.delete(from);
  }

  /** Tells the others that he is there, and gives them keys; again after his worker has died, or with another passphrase. */
  async enter(passphrase: string | undefined = this.#passphrase): Promise<void> {
    this.#passphrase = passphrase;
    if (this.#keys !== undefined) this.#forgetKeys(this.#keys);
    this.#keys = this.#createKeys(passphrase);
    await this.#keys.start();
  }

  async rotate(): Promise<void> {
    await this.#keys?.rotate();
  }

  async ratchet(): Promise<void> {
    await this.client.ratchet();
  }

  /** Shuts somebody out, or lets him in again. */
  admit(name: string, isAdmitted: boolean): void {
    this.#keys?.admit(name, isAdmitted);
  }

  close(): void {
    this.#options.relay.leave(this.name);
    this.#keys?.destroy();
    this.watch.close();
    this.client.destroy();
  }

  /** What was agreed on so far holds no more; what the client is told later comes after this. */
  #forgetKeys(keys: KeyScheme): void {
    keys.destroy();
    for (const other of this.#options.relay.othersOf(this.name))
      untilDestroyed(this.client.removeParticipant(other));
  }

  #createKeys(passphrase: string | undefined): KeyScheme {
    const { name, room, cipherSuite, relay, identity, changed } = this.#options;
    const { client } = this;
    const context = { name, room, cipherSuite, client, relay, rollout: this.#rollout, changed };
    return passphrase === undefined
      ? new OwnKeys(context, identity)
      : new PassphraseKeys(context, passphrase);
  }

  #receive(from: string, letter: Letter): void {
    if (letter.kind === 'comparison') untilDestroyed(this.comparisons.receive(from, letter.bytes));
    else if (letter.kind === 'recording') {
      if (letter.isOn) this.recordedBy.add(from);
      else this.recordedBy.delete(from);
      this.#options.changed();
    } else this.#keys?.receive(from, letter);
  }
}
