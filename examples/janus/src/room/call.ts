// Somebody in a VideoRoom: publishes, watches all others, and has keys that Janus does not.

import type { CipherSuite } from 'sframe-wasm';
import { encryptHandle, type JanusMessage, JanusTextRoom } from 'sframe-wasm/janus';
import type { Codec } from '../../../call/src/call/codecs.ts';
import { Comparisons } from '../../../call/src/keys/comparison.ts';
import type { Identity } from '../../../call/src/keys/identity.ts';
import { PassphraseKeys } from '../../../call/src/keys/passphrase.ts';
import { RATCHET_BITS, Rollout } from '../../../call/src/keys/rollout.ts';
import type { KeyScheme } from '../../../call/src/keys/scheme.ts';
import { Watch } from '../../../call/src/status/watch.ts';
import { untilDestroyed } from '../../../call/src/until-destroyed.ts';
import type { Plugin } from '../janus/plugin.ts';
import type { Session } from '../janus/session.ts';
import type { Media } from '../ui/media.ts';
import { ExchangeKeys } from './exchange-keys.ts';
import { Feed, type Publisher } from './feed.ts';
import { KeepingClient } from './kept-keys.ts';
import { Mailbox, type RoomLetter } from './mailbox.ts';
import { Moderator } from './moderator.ts';

const cipherSuite: CipherSuite = 'AES_128_GCM_SHA256_128';

export interface RoomOptions {
  readonly name: string;
  readonly room: string;
  /** Its number in Janus. */
  readonly number: number;
  /** undefined: everybody has keys of his own. */
  readonly passphrase: string | undefined;
  readonly codec: Codec;
  readonly isSimulcast: boolean;
}

export interface RoomHandlers {
  readonly changed: () => void;
  readonly say: (text: string) => void;
  /** Janus has put us out of the room. */
  readonly removed: () => void;
}

export class RoomCall {
  readonly options: RoomOptions;
  readonly client: KeepingClient;
  readonly watch: Watch;
  readonly comparisons: Comparisons;
  readonly feeds = new Map<number, Feed>();
  /** Who has said that he has Janus record. */
  readonly recordedBy = new Set<string>();
  /** Who gets no keys any more. */
  readonly removed = new Set<string>();
  readonly #identity: Identity;
  readonly #handlers: RoomHandlers;
  readonly #text: JanusTextRoom;
  readonly #mailbox: Mailbox;
  readonly #rollout: Rollout;
  #keys: KeyScheme | undefined;
  #session: Session | undefined;
  #moderator: Moderator | undefined;
  #publisher: Plugin | undefined;

  constructor(options: RoomOptions, identity: Identity, handlers: RoomHandlers) {
    const { name, room, number, passphrase } = options;
    const { changed } = handlers;
    this.options = options;
    this.#identity = identity;
    this.#handlers = handlers;
    this.client = new KeepingClient(name, {
      cipherSuite,
      storage: null, // base keys are fresh each time, in both schemes
      ...(passphrase === undefined ? {} : { ratchetBits: RATCHET_BITS }),
      keysNeeded: (reason) => {
        if (passphrase !== undefined) untilDestroyed(reason === 'worker' ? this.#enter() : this.rotate());
      },
    });
    this.watch = new Watch(this.client, changed);
    this.#rollout = new Rollout(this.client);
    this.#text = new JanusTextRoom({ room: number, participant: name });
    const receive = (from: string, letter: RoomLetter) => this.#receive(from, letter);
    this.#mailbox = new Mailbox(this.#text, () => this.others, receive);
    const identityOf = (peer: string) =>
      this.#keys instanceof ExchangeKeys ? this.#keys.identityOf(peer) : undefined;
    const relay = this.#mailbox;
    this.comparisons = new Comparisons({ name, room, cipherSuite, relay, identity, identityOf, changed });
  }

  /** Whom keys go to. */
  get recipients(): readonly string[] {
    return [...(this.#keys?.recipients ?? [])].sort();
  }

  /** Who else is there, as Janus says. */
  get others(): string[] {
    return [...new Set(Array.from(this.feeds.values(), ({ name }) => name))];
  }

  get isModerator(): boolean {
    return this.#moderator?.hasSecret ?? false;
  }

  get isRecording(): boolean {
    return this.recordedBy.has(this.options.name);
  }

  /** Whether emoji were compared with somebody; undefined where there is nothing to compare. */
  isVerified(name: string): boolean | undefined {
    return this.#keys instanceof ExchangeKeys ? this.comparisons.isVerified(name) : undefined;
  }

  /** How many publishers say that they are called so: more than one, and somebody lies. */
  claimsOf(name: string): number {
    const claims = [...this.feeds.values()].filter((feed) => feed.name === name).length;
    return name === this.options.name ? claims + 1 : claims;
  }

  /** Comes into the room; again after Janus has forgotten us. */
  async join(session: Session, media: Media): Promise<void> {
    const { name, number } = this.options;
    this.#session = session;
    this.#dropFeeds();
    const publisher = await session.attach('videoroom');
    const text = await session.attach('textroom');
    this.#publisher = publisher;
    const moderator = new Moderator(this.options, publisher, text);
    this.#moderator = moderator;
    await moderator.openRoom();
    await this.#text.open(text.handle);
    encryptHandle(publisher.handle, this.client);
    publisher.onmessage = (message) => this.#hear(session, message);
    await publisher.request(
      { request: 'join', ptype: 'publisher', room: number, display: name },
      ({ videoroom }) => videoroom === 'joined',
    );
    if (this.#keys === undefined) await this.#enter();
    else await this.#greetAgain();
    await this.#publish(publisher, media);
    this.#handlers.changed();
  }

  async rotate(): Promise<void> {
    await this.#keys?.rotate();
  }

  /** Puts somebody out: he gets no keys any more, and Janus throws him out, if the room is ours. */
  async remove(feed: Feed): Promise<void> {
    const name = feed.name;
    this.#shutOut(name);
    this.#mailbox.broadcast(this.options.name, { kind: 'removed', name });
    await this.#moderator?.kick(feed.id, name);
  }

  /** Gives somebody keys again. Each decides that for himself: the server could have made a letter about it. */
  letIn(name: string): void {
    this.removed.delete(name);
    this.#keys?.admit(name, true);
    this.#handlers.changed();
  }

  /** Has Janus record the room, and tells everybody, before it does. */
  async record(isOn: boolean): Promise<void> {
    const { name } = this.options;
    const letter = { kind: 'recording', isOn } as const;
    if (isOn) this.#mailbox.broadcast(name, letter);
    this.client.kept.isRecording ||= isOn;
    try {
      await this.#moderator?.record(isOn);
    } catch (error) {
      if (isOn) this.#mailbox.broadcast(name, { ...letter, isOn: false });
      throw error;
    }
    if (isOn) this.recordedBy.add(name);
    else this.recordedBy.delete(name);
    if (!isOn) this.#mailbox.broadcast(name, letter);
    this.#handlers.changed();
  }

  /** What is sent is a clone of the voice's track, which has a switch of its own. */
  mute(isMuted: boolean): void {
    for (const { track } of this.#publisher?.connection?.getSenders() ?? [])
      if (track?.kind === 'audio') track.enabled = !isMuted;
  }

  /** What opens recordings of this room, for `npx sframe-wasm mjr`. */
  exportKeys(): string {
    return this.client.kept.toJson(cipherSuite, RATCHET_BITS);
  }

  async close(): Promise<void> {
    if (this.isRecording) await this.record(false).catch(() => {}); // nobody would be there who could
    this.#keys?.destroy();
    this.#dropFeeds();
    this.watch.close();
    this.client.destroy();
  }

  #dropFeeds(): void {
    for (const feed of this.feeds.values()) feed.close();
    this.feeds.clear();
  }

  /** Keys from nothing: at first, and after the worker has died. */
  async #enter(): Promise<void> {
    const { name, room, passphrase } = this.options;
    this.#keys?.destroy();
    const { client } = this;
    const { changed, say } = this.#handlers;
    const context = {
      name,
      room,
      cipherSuite,
      client,
      relay: this.#mailbox,
      rollout: this.#rollout,
      changed,
    };
    const failed = (participant: string | undefined) =>
      say(`Keys of ${participant ?? 'ours'} did not get through.`);
    this.#keys =
      passphrase === undefined
        ? new ExchangeKeys(context, this.#mailbox.channel, this.#identity, failed)
        : new PassphraseKeys(context, passphrase);
    await this.#keys.start();
  }

  /** The others may have come while Janus was not there. */
  async #greetAgain(): Promise<void> {
    if (this.#keys instanceof ExchangeKeys) return this.#keys.start();
    this.#mailbox.broadcast(this.options.name, { kind: 'hello' });
    await this.rotate();
  }

  async #publish(publisher: Plugin, { picture, voice }: Media): Promise<void> {
    const { codec, isSimulcast } = this.options;
    const jsep = await publisher.offer([
      { type: 'audio', capture: voice.track, recv: false },
      { type: 'video', capture: picture.track, recv: false, simulcast: isSimulcast },
    ]);
    const request = { request: 'publish', audiocodec: 'opus', videocodec: codec.toLowerCase() };
    const { jsep: answer } = await publisher.request(request, ({ configured }) => configured === 'ok', jsep);
    if (answer === undefined) throw new Error('Janus has not answered the offer');
    await publisher.accept(answer);
  }

  #hear(session: Session, message: JanusMessage): void {
    if (session !== this.#session) return;
    const { publishers = [], leaving, unpublished, kicked, reason } = message;
    for (const publisher of publishers as Publisher[]) this.#watch(session, publisher);
    if (leaving === 'ok' && reason === 'kicked') this.#handlers.removed();
    for (const id of [leaving, unpublished, kicked]) if (typeof id === 'number') this.#unwatch(id);
  }

  #watch(session: Session, publisher: Publisher): void {
    if (this.feeds.has(publisher.id) || !publisher.display) return;
    const feed = new Feed(publisher, this.#handlers.changed);
    this.feeds.set(feed.id, feed);
    this.#handlers.say(`${feed.name} has come.`);
    if (this.isRecording) this.#mailbox.send(this.options.name, feed.name, { kind: 'recording', isOn: true });
    feed.subscribe(session, this.options.number, this.client).catch((error: unknown) => {
      if (this.feeds.get(feed.id) === feed)
        this.#handlers.say(
          `${feed.name} cannot be watched: ${error instanceof Error ? error.message : error}`,
        );
    });
    this.#handlers.changed();
  }

  #unwatch(id: number): void {
    const feed = this.feeds.get(id);
    if (feed === undefined) return;
    feed.close();
    this.feeds.delete(id);
    const name = feed.name;
    if (this.#keys instanceof ExchangeKeys && this.claimsOf(name) === 0) this.#keys.forget(name);
    this.#handlers.say(`${name} has gone.`);
    this.#handlers.changed();
  }

  #shutOut(name: string): void {
    this.removed.add(name);
    this.#keys?.admit(name, false);
    this.#handlers.changed();
  }

  #receive(from: string, letter: RoomLetter): void {
    const { name } = this.options;
    if (from === name) return;
    const { changed, say } = this.#handlers;
    if (letter.kind === 'comparison') untilDestroyed(this.comparisons.receive(from, letter.bytes));
    else if (letter.kind === 'recording') {
      if (letter.isOn === this.recordedBy.has(from)) return;
      if (letter.isOn) this.recordedBy.add(from);
      else this.recordedBy.delete(from);
      say(letter.isOn ? `${from} has Janus record this room.` : `${from} has ended the recording.`);
      changed();
    } else if (letter.kind === 'removed') {
      if (letter.name === name || this.removed.has(letter.name)) return;
      this.#shutOut(letter.name);
      say(`${from} has removed ${letter.name}, who gets no keys from here either.`);
    } else this.#keys?.receive(from, letter);
  }
}
