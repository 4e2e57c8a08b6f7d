// One client's side of the worker: its keys, its tracks, and the answers to its requests. Requests that touch keys are
// done one after the other, in the order of the client's calls, though some take WebCrypto.

import { type CipherSuiteParameters, cipherSuites } from '../cipher-suite.ts';
import { InjectedFrames } from '../codec/injected.ts';
import { preload } from '../core/engine.ts';
import { SFrameError, type SFrameErrorCode } from '../errors.ts';
import { parseHeader } from '../header.ts';
import { type Bytes, highHalf, lengthOf, lowHalf } from '../types.ts';
import { transformerOf } from './frame-ports.ts';
import { Group } from './group.ts';
import { messageMetadata } from './message-key.ts';
import { Participant } from './participant.ts';
import {
  type Binding,
  type Notice,
  type Operation,
  type Operations,
  type SendingEpoch,
  type SessionConfig,
  type SessionCounts,
  wipeSecrets,
} from './protocol.ts';
import { type Keyring, ReceiverOpener } from './receiver-opener.ts';
import { ReplayGuard, ReplayGuards } from './replay-guard.ts';
import { Sending } from './sending.ts';
import { Signatures } from './signatures.ts';
import { Track, type TrackServices, type Transformer } from './track.ts';

/** The name under which own keys stand, for echoes: no participant has it. */
const ECHO = '';
/** Of how many keys it is known which messages have come: more than there are senders. */
const MESSAGE_WINDOWS = 1024;

type Handlers = {
  readonly [O in Exclude<Operation, 'setup'>]: (
    args: Operations[O]['args'],
  ) => Operations[O]['result'] | Promise<Operations[O]['result']>;
};

/** What is answered at once, whatever keys are under way. */
const immediate: ReadonlySet<Operation> = new Set(['bind', 'port', 'unbind', 'counts', 'ping', 'destroy']);

/** One client in the worker. */
export class Session {
  readonly #config: SessionConfig;
  readonly #suite: CipherSuiteParameters;
  readonly #sending: Sending;
  readonly #signatures: Signatures;
  readonly #services: TrackServices;
  readonly #participants: Map<string, Participant> = new Map();
  readonly #echo: Participant;
  #group: Group | undefined;
  #echoGroup: Group | undefined;
  readonly #tracks: Map<number, Track> = new Map();
  readonly #guards: ReplayGuards;
  readonly #messageGuard: ReplayGuard;
  readonly #metadata: Bytes = messageMetadata();
  #turn: Promise<unknown> = Promise.resolve();
  #destroyed = false;

  constructor(config: SessionConfig, tell: (notice: Notice) => void) {
    this.#config = config;
    this.#suite = cipherSuites[config.cipherSuite];
    this.#sending = new Sending(config, this.#suite, (kid) => tell({ type: 'expiring', kid }));
    this.#echo = new Participant(config, this.#suite);
    this.#guards = new ReplayGuards(config.replayWindow);
    this.#messageGuard = new ReplayGuard(config.replayWindow, MESSAGE_WINDOWS);
    this.#signatures = new Signatures(config, tell);
    this.#sending.media.onSealed = (...frame) => this.#signatures.sealed(...frame);
    this.#services = {
      encryptor: this.#sending.media,
      hasCore: config.engine !== 'webcrypto' && hasCore(config.engine === 'wasm'),
      audioOnly: this.#suite.Nt < 8 && !config.allowShortTags,
      injected: new InjectedFrames(config.injectedFrames),
      tell,
    };
  }

  get engine(): 'wasm' | 'webcrypto' {
    return this.#services.hasCore ? 'wasm' : 'webcrypto';
  }

  /** A transform has come for a track, before or after the track was bound. */
  attach(track: number, transformer: Transformer): void {
    this.#trackOf(track).attach(transformer);
  }

  /** Does what a request asks. */
  handle<O extends Exclude<Operation, 'setup'>>(
    op: O,
    args: Operations[O]['args'],
  ): Promise<Operations[O]['result']> {
    const act = async () => {
      try {
        if (op !== 'destroy') this.#assertOpen();
        return await this.#handlers[op](args);
      } finally {
        wipeSecrets(args);
      }
    };
    if (immediate.has(op)) return act();
    const done = this.#turn.then(act);
    this.#turn = done.catch(() => {});
    return done;
  }

  /** Wipes all keys. Frames that still come are dropped. */
  destroy(): void {
    this.#destroyed = true;
    for (const track of this.#tracks.values()) track.close();
    for (const participant of this.#participants.values()) participant.destroy();
    for (const holder of [this.#echo, this.#group, this.#echoGroup, this.#sending, this.#signatures])
      holder?.destroy();
    this.#participants.clear();
  }

  /** What echoes may still be under: the keys that this client sends under, and sent under before. */
  readonly #echoKids: bigint[] = [];
  readonly #echoGenerations: bigint[] = [];

  readonly #handlers: Handlers = {
    bind: (binding) => this.#trackOf(binding.track).bind(binding) as undefined,
    port: ({ track, port }) => this.attach(track, transformerOf(port)) as undefined,
    unbind: ({ track }) => {
      const known = this.#tracks.get(track);
      known?.close();
      if (known?.binding !== undefined) this.#guards.leave(known.binding.endpoint);
      this.#tracks.delete(track);
      return undefined;
    },
    setKey: async ({ baseKey, kid, fingerprint }) => {
      this.#assertNobodysKey(kid, fingerprint);
      const set = await this.#sending.setKey(baseKey, kid, fingerprint);
      await this.#echo.addKey(baseKey, kid);
      for (const old of outOf(this.#echoKids, kid)) this.#echo.removeKey(old);
      return this.#sendingChanged(set);
    },
    setRatchetKey: async ({ baseKey, generation, fingerprint }) => {
      this.#assertNobodysKey(generation << BigInt(this.#config.ratchetBits ?? 0), fingerprint);
      const kid = await this.#sending.setRatchetKey(baseKey, generation, fingerprint);
      await this.#echo.addRatchetKey(baseKey, kid);
      for (const old of outOf(this.#echoGenerations, generation)) this.#echo.removeGeneration(old);
      return this.#sendingChanged(kid);
    },
    ratchet: async () => {
      const { kid, fingerprint } = await this.#sending.ratchet();
      return { kid: this.#sendingChanged(kid), fingerprint };
    },
    exportKey: () => this.#sending.exportKey(),
    setEpoch: async (epoch) => {
      const kid = await this.#sending.setEpoch(epoch);
      await this.#echoEpoch(epoch);
      return this.#sendingChanged(kid);
    },
    addKey: async ({ participant, baseKey, kid }) => {
      await this.#participantOf(participant).addKey(baseKey, kid);
      return this.#receivingChanged(participant);
    },
    removeKey: ({ participant, kid }) => this.#participants.get(participant)?.removeKey(kid) ?? false,
    removeParticipant: ({ participant }) => {
      this.#participants.get(participant)?.destroy();
      this.#participants.delete(participant);
      this.#group?.forget(participant); // whether his frames must be signed is not forgotten
      return undefined;
    },
    addRatchetKey: async ({ participant, baseKey, kid }) => {
      await this.#participantOf(participant).addRatchetKey(baseKey, kid);
      return this.#receivingChanged(participant);
    },
    removeGeneration: ({ participant, generation }) =>
      this.#participants.get(participant)?.removeGeneration(generation) ?? false,
    addEpoch: async (epoch) => {
      this.#group ??= new Group(this.#config, this.#suite);
      await this.#group.addEpoch(epoch);
      return this.#receivingChanged();
    },
    removeEpoch: ({ epoch }) => {
      this.#echoGroup?.removeEpoch(epoch);
      return this.#group?.removeEpoch(epoch) ?? false;
    },
    encryptMessage: ({ data }) => this.#sending.encryptMessage(data),
    decryptMessage: ({ participant, data }) => this.#decryptMessage(participant, data),
    signFrames: (options) => this.#signatures.signFrames(options, this.#sending.media.encryptor) as undefined,
    verifyFrames: (options) => this.#signatures.verifyFrames(options) as undefined,
    addBlock: ({ participant, block }) => this.#signatures.addBlock(participant, block) as undefined,
    counts: () => this.#counts(),
    ping: () => undefined,
    destroy: () => this.destroy() as undefined,
  };

  #trackOf(number: number): Track {
    const known = this.#tracks.get(number);
    if (known !== undefined) return known;
    // Whose keys it may use is asked for each frame: receivers are bound anew to other participants.
    const binding = () => track.binding;
    const keyring: Keyring = {
      find: (kid) => {
        const { policy, participant = ECHO } = binding() ?? {};
        if (policy === 'echo') return this.#echoGroup?.find(ECHO, kid) ?? this.#echo.find(kid);
        const keys = this.#participants.get(participant)?.find(kid);
        return keys ?? this.#group?.find(participant, kid);
      },
      refuses: (fingerprint) => binding()?.policy !== 'echo' && this.#sending.isOwn(fingerprint),
      opened: (...frame) => this.#signatures.opened(binding()?.participant ?? ECHO, ...frame),
    };
    // A transform may be here before it is known whose frames come; then, that does not change.
    let guard: ReplayGuard | undefined;
    const guardOf = () => {
      guard ??= this.#guards.take((binding() as Binding).endpoint);
      return guard;
    };
    const track = new Track(this.#services, new ReceiverOpener(keyring, guardOf));
    this.#tracks.set(number, track);
    return track;
  }

  #participantOf(name: string): Participant {
    let participant = this.#participants.get(name);
    participant ??= new Participant(this.#config, this.#suite);
    this.#participants.set(name, participant);
    return participant;
  }

  /**
   * Two who send under one key would both count from 0. It takes an application that gives out one KID to all, or chance.
   * @throws SFrameError `key-reuse`
   */
  #assertNobodysKey(kid: bigint, fingerprint: string): void {
    for (const participant of this.#participants.values())
      if (participant.has(kid, fingerprint))
        throw new SFrameError('key-reuse', kid, 'a participant sends under this base key and KID');
  }

  /** @throws SFrameError `destroyed` */
  #assertOpen(): void {
    if (this.#destroyed) throw new SFrameError('destroyed');
  }

  /** Frames leave under another key. */
  #sendingChanged(kid: bigint): bigint {
    for (const track of this.#tracks.values()) if (track.binding?.role === 'send') track.keysChanged();
    return kid;
  }

  /** Frames of a participant, or of anybody, may open that did not. */
  #receivingChanged(participant?: string): undefined {
    for (const track of this.#tracks.values())
      if (
        track.binding?.role === 'receive' &&
        (participant ?? track.binding.participant) === track.binding.participant
      )
        track.keysChanged();
  }

  /** An echo is what a server sends back of our own frames. */
  async #echoEpoch({ epoch, baseKey, groupSize, senderIndex }: SendingEpoch): Promise<void> {
    this.#assertOpen();
    this.#echoGroup ??= new Group(this.#config, this.#suite);
    const members = new Map([[ECHO, senderIndex]]);
    await this.#echoGroup.addEpoch({
      epoch,
      baseKey,
      groupSize,
      members,
      senderIndex: undefined,
      graceSeconds: undefined,
    });
  }

  async #decryptMessage(participant: string, data: Bytes): Promise<Bytes> {
    const started = performance.now();
    const meter = this.#sending.messageMeter;
    const header = parseHeader(data);
    const opened =
      header === undefined ? 'syntax' : await this.#openMessage(participant, data, header.kid, header.ctr);
    if (typeof opened !== 'string') {
      meter.count(lengthOf(opened), performance.now() - started);
      return opened;
    }
    meter.drop(opened);
    throw new SFrameError(opened, header?.kid);
  }

  /**
   * Opens a message, once. While its key is here, that key's window sees to it, which nobody can make us forget by using
   * many keys. Keys go with their participants, and may come back, as another's even: of that the guard knows, by key.
   */
  async #openMessage(
    participant: string,
    data: Bytes,
    kid: bigint,
    ctr: bigint,
  ): Promise<Bytes | SFrameErrorCode> {
    const keys = this.#participants.get(participant);
    const media = keys?.find(kid)?.fingerprintOf(kid);
    if (media !== undefined && this.#sending.isOwn(media)) return 'key-id';
    const decryptor = keys?.findMessages(kid) ?? this.#group?.findMessages(participant, kid);
    if (decryptor === undefined) return 'key-id';
    const opened = await decryptor.tryDecryptAsync(data, this.#metadata);
    if (typeof opened === 'string') return opened;
    const fingerprint = decryptor.fingerprintOf(kid);
    const isOwn = fingerprint === undefined || this.#sending.isOwn(fingerprint);
    if (!isOwn && this.#messageGuard.commit(fingerprint, highHalf(ctr), lowHalf(ctr))) return opened;
    opened.fill(0);
    return isOwn ? 'key-id' : 'replay';
  }

  #counts(): SessionCounts {
    const { kid, ctr, since } = this.#sending.media;
    const seconds = (performance.now() - since) / 1000;
    return {
      engine: this.engine,
      tracks: Array.from(this.#tracks, ([track, { counts }]) => ({ track, ...counts })),
      sending: kid === undefined ? undefined : { kid, ctr, seconds },
      keys: new Map(Array.from(this.#participants, ([name, { ages }]) => [name, ages])),
      messages: this.#sending.messageMeter.counts,
    };
  }
}

/** Whether the core runs here. @param isRequired then it throws if not */
function hasCore(isRequired: boolean): boolean {
  try {
    preload();
    return true;
  } catch (error) {
    if (isRequired) throw error;
    return false;
  }
}

/** Adds what is new to a list of two; returns what is out of it. */
function outOf(list: bigint[], latest: bigint): bigint[] {
  if (!list.includes(latest)) list.push(latest);
  return list.splice(0, list.length - 2);
}
