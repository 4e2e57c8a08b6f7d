// What works behind a client on the page: its worker, its tracks, its sending keys, and what becomes of what the worker says.

import { SFrameError } from '../errors.ts';
import { assertObject } from '../types.ts';
import { type ClientSettings, readTrackOptions, type TrackOptions } from './client-options.ts';
import type { KeysNeededReason, SFrameClientEventInit, SFrameClientEventType } from './event.ts';
import { type Endpoint, type PageTrack, PageTracks } from './page-tracks.ts';
import type { Notice, Operation, Operations, TrackPolicy, Transfer } from './protocol.ts';
import { SendingKeys } from './sending-keys.ts';
import { type SFrameStats, statsOf } from './stats.ts';
import { WorkerSupervisor } from './supervisor.ts';
import { TrackWatch } from './track-watch.ts';
import { UsedKeys } from './used-keys.ts';

/** What is to be told to the application. */
type Tell = (type: SFrameClientEventType, about: SFrameClientEventInit) => void;

/** One client's machinery. */
export class PageSession {
  readonly #settings: ClientSettings;
  readonly #tell: Tell;
  readonly #supervisor: WorkerSupervisor;
  readonly #tracks: PageTracks;
  readonly #sending: SendingKeys;
  readonly #watch: TrackWatch;
  /** Whose frames must be signed, and how: the next worker has to know as well. */
  readonly #verifying: Map<string, Operations['verifyFrames']['args']> = new Map();
  #destroyed = false;

  constructor(settings: ClientSettings, tell: Tell) {
    this.#settings = settings;
    this.#tell = (type, about) => {
      if (!this.#destroyed) tell(type, about);
    };
    const { suite, config, worker, heartbeatMs, leakPollMs } = settings;
    const name = crypto.getRandomValues(new Uint32Array(4)).join('-');
    this.#sending = new SendingKeys(suite, config, () => this.#supervisor, new UsedKeys(settings.storage));
    const plan = {
      worker,
      beatMs: heartbeatMs,
      config: (restarts: number) => ({
        ...config,
        lock: `sframe-wasm ${name} ${restarts}`,
        contextId: config.contextId + BigInt(restarts),
        own: [...this.#sending.own],
      }),
    };
    this.#supervisor = new WorkerSupervisor(plan, name, {
      notice: (notice) => this.#heed(notice),
      replaced: () => this.#workerReplaced(),
      failed: (error) => this.#tell('worker-failed', { error }),
    });
    this.#tracks = new PageTracks(this.#supervisor, name, settings.transform);
    const services = {
      counts: async () => (await this.#supervisor.request('counts', undefined)).tracks,
      unprotected: (entry: PageTrack) => this.#protect(entry),
    };
    this.#watch = new TrackWatch(this.#tracks, services, leakPollMs);
  }

  /** What sending keys go through. @throws SFrameError `destroyed` */
  get sending(): SendingKeys {
    this.#assertOpen();
    return this.#sending;
  }

  /** @throws SFrameError `destroyed` */
  request<O extends Operation>(
    op: O,
    args: Operations[O]['args'],
    transfer?: Transfer[],
  ): Promise<Operations[O]['result']> {
    this.#assertOpen();
    return this.#supervisor.request(op, args, transfer);
  }

  /** Frames of a participant are verified from now on, by whichever worker there is. */
  async verifyFrames(args: Operations['verifyFrames']['args']): Promise<void> {
    await this.request('verifyFrames', args);
    this.#verifying.set(args.participant, args);
  }

  /** Decides over a sender. @throws as SFrameClient.encrypt */
  bindSender(target: RTCRtpSender | RTCRtpTransceiver, policy: TrackPolicy, options: TrackOptions): void {
    const [sender, receiver] = 'sender' in target ? [target.sender, target.receiver] : [target, undefined];
    this.#bind(sender, 'send', sender.track ?? receiver?.track, { policy, participant: '' }, options);
  }

  /** Decides over a receiver. @throws as SFrameClient.encrypt */
  bindReceiver(
    target: RTCRtpReceiver | RTCRtpTransceiver,
    policy: TrackPolicy,
    participant: string,
    options: TrackOptions,
  ): void {
    const receiver = 'receiver' in target ? target.receiver : target;
    this.#bind(receiver, 'receive', receiver.track, { policy, participant }, options);
  }

  /** @throws TypeError if a method needs an option that was not given */
  need(option: 'ratchetBits' | 'epochBits'): void {
    if (this.#settings.config[option] === undefined)
      throw new TypeError(`${option} must be given in the options of the client`);
  }

  /** Whether the suite's tags are good for audio only. */
  get isShort(): boolean {
    return this.#settings.suite.Nt < 8 && !this.#settings.allowShortTags;
  }

  async stats(): Promise<SFrameStats> {
    const counts = await this.request('counts', undefined);
    const { cipherSuite } = this.#settings.config;
    return statsOf(cipherSuite, counts, this.#tracks.all, this.#supervisor.restarts);
  }

  destroy(): void {
    if (this.#destroyed) return;
    this.#destroyed = true;
    this.#watch.close();
    this.#supervisor.close();
  }

  #assertOpen(): void {
    if (this.#destroyed) throw new SFrameError('destroyed');
  }

  #bind(
    endpoint: Endpoint,
    role: 'send' | 'receive',
    track: MediaStreamTrack | null | undefined,
    whose: { readonly policy: TrackPolicy; readonly participant: string },
    options: TrackOptions,
  ): void {
    this.#assertOpen();
    assertObject(options, 'options');
    const { mode = 'codec', source } = readTrackOptions(options, this.#settings.track);
    const kind = track?.kind as 'audio' | 'video' | undefined;
    if (this.isShort && kind === 'video' && whose.policy !== 'plaintext')
      throw new TypeError('cipherSuite must have tags longer than 32 bits for video');
    const isNews = this.#tracks.bind(endpoint, role, kind, { ...whose, mode, source });
    if (isNews && whose.policy === 'plaintext') this.#tell('plaintext', aboutOf(endpoint, role));
  }

  #heed(notice: Notice): void {
    if (notice.type === 'expiring') {
      this.#tell('key-expiring', { kid: notice.kid });
      this.#askForKeys('limit');
      return;
    }
    if (notice.type === 'block') {
      this.#tell('signature-block', { block: notice.block });
      return;
    }
    if (notice.type === 'verdict') {
      const { participant, reason, kid } = notice;
      this.#tell('status', { participant, reason, kid });
      return;
    }
    if (notice.type === 'codecs') {
      this.#tracks.refreshCodecs(notice.track);
      return;
    }
    const entry = this.#tracks.get(notice.track);
    if (entry === undefined) return;
    const { role, participant } = entry.binding;
    const about = { ...aboutOf(entry.endpoint, role), kid: notice.kid };
    if (notice.type === 'active') this.#tell('active', { ...about, participant });
    else this.#tell('status', { ...about, participant: notice.participant, reason: notice.reason });
  }

  #workerReplaced(): void {
    this.#watch.workerReplaced();
    for (const args of this.#verifying.values()) this.#supervisor.tell('verifyFrames', args);
    this.#tracks.reattach();
    this.#askForKeys('worker');
  }

  #askForKeys(reason: KeysNeededReason): void {
    this.#tell('keys-needed', { reason });
    if (!this.#destroyed) this.#settings.keysNeeded?.(reason);
  }

  /** Something is not protected. A sender's track is the application's: it is taken off, not stopped. */
  #protect(entry: PageTrack): void {
    // While it was looked at, it may have been named as plaintext.
    if (this.#destroyed || entry.binding.policy === 'plaintext') return;
    const { endpoint, binding } = entry;
    const about = aboutOf(endpoint, binding.role);
    // It rejects only where a sender has stopped.
    if (binding.role === 'send') (endpoint as RTCRtpSender).replaceTrack(null).catch(() => {});
    this.#tracks.renew(entry);
    this.#tell('unprotected', { ...about, participant: binding.participant });
  }
}

/** Which sender or receiver an event is about. */
function aboutOf(endpoint: Endpoint, role: 'send' | 'receive'): SFrameClientEventInit {
  const { track } = endpoint;
  return role === 'send'
    ? { sender: endpoint as RTCRtpSender, track }
    : { receiver: endpoint as RTCRtpReceiver, track };
}
