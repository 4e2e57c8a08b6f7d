// The senders and receivers of a client, on the page: which transform each has, and what the worker is to do with its
// frames. Transforms are never taken off, only replaced: without one, Firefox goes on in plaintext.

import { SFrameError } from '../errors.ts';
import { type EncodedStreams, FramePump } from './frame-ports.ts';
import { type Binding, PROTOCOL, type TransformOptions } from './protocol.ts';
import type { WorkerSupervisor } from './supervisor.ts';
import { scriptTransform, type TransformKind } from './support.ts';

/** What of a track the application decides. */
export type TrackRules = Pick<Binding, 'policy' | 'participant' | 'mode' | 'source'>;

/** What of an RTCRtpSender or RTCRtpReceiver is used. */
export type Endpoint = (RTCRtpSender | RTCRtpReceiver) & {
  transform?: unknown;
  createEncodedStreams?: () => EncodedStreams;
};

/** A sender or receiver that has a transform. */
export interface PageTrack {
  readonly endpoint: Endpoint;
  binding: Binding;
  /** The transform in use; without RTCRtpScriptTransform, the pump. */
  transform: unknown;
  /** When it got that, by performance.now(). */
  attachedAt: number;
  /** Whether it has none, and that is known. */
  isStripped: boolean;
}

/** Whose an endpoint is. Of two clients that were given the same one, the later has it. */
const owners: WeakMap<Endpoint, PageTracks> = new WeakMap();

/** Of those without RTCRtpScriptTransform. */
const pumps: WeakMap<Endpoint, FramePump> = new WeakMap();

/** The tracks of one client. */
export class PageTracks {
  readonly #supervisor: WorkerSupervisor;
  readonly #client: string;
  readonly #kind: TransformKind | null;
  readonly #tracks: Map<number, PageTrack> = new Map();
  readonly #numbers: WeakMap<Endpoint, number> = new WeakMap();
  /** What the worker knows endpoints by: the number each had first. */
  readonly #firstNumbers: WeakMap<Endpoint, number> = new WeakMap();
  #next = 1;

  /** @param client its name among the messages */
  constructor(supervisor: WorkerSupervisor, client: string, kind: TransformKind | null) {
    this.#supervisor = supervisor;
    this.#client = client;
    this.#kind = kind;
  }

  get all(): Iterable<PageTrack> {
    return this.#tracks.values();
  }

  get(track: number): PageTrack | undefined {
    return this.#tracks.get(track);
  }

  /**
   * Decides over an endpoint's frames, and sees that they come to the worker. Synchronous.
   * @returns whether its policy is another than before
   * @throws SFrameError `engine-unavailable` if there are no transforms, `worker-failed` if there is no worker
   */
  bind(endpoint: Endpoint, role: Binding['role'], kind: Binding['kind'], rules: TrackRules): boolean {
    if (this.#kind === null)
      throw new SFrameError('engine-unavailable', undefined, 'this browser has no encoded transforms');
    const before = this.#find(endpoint)?.binding.policy;
    const owner = owners.get(endpoint);
    // A transform that let plaintext pass is not told to stop, but replaced: then it has stopped when this returns.
    const isOver = before === 'plaintext' && rules.policy !== 'plaintext';
    if (owner !== undefined && (owner !== this || isOver)) owner.#release(endpoint);
    owners.set(endpoint, this);
    const known = this.#find(endpoint);
    const track = known?.binding.track ?? this.#next++;
    const first = this.#firstNumbers.get(endpoint) ?? track;
    const binding: Binding = { track, endpoint: first, role, kind, codecs: codecsOf(endpoint), ...rules };
    const entry = known ?? { endpoint, binding, transform: undefined, attachedAt: 0, isStripped: false };
    entry.binding = binding;
    this.#numbers.set(endpoint, track);
    this.#firstNumbers.set(endpoint, first);
    this.#tracks.set(track, entry); // first of all: if the rest fails, it is watched all the same
    this.#supervisor.tell('bind', binding);
    this.#attach(entry);
    return before !== binding.policy;
  }

  /** There is another worker. */
  reattach(): void {
    for (const entry of this.#tracks.values()) {
      this.#supervisor.tell('bind', entry.binding);
      entry.transform = undefined;
      try {
        this.#attach(entry);
      } catch {
        // It is stopped; the others go on.
      }
    }
  }

  /** Those whose transform somebody has taken away, each once: then Firefox goes on in plaintext. */
  findStripped(): PageTrack[] {
    const stripped: PageTrack[] = [];
    if (this.#kind !== 'script') return stripped;
    for (const entry of this.#tracks.values()) {
      const isStripped = entry.endpoint.transform === null && entry.binding.policy !== 'plaintext';
      if (isStripped && !entry.isStripped) stripped.push(entry);
      entry.isStripped = isStripped;
    }
    return stripped;
  }

  /** Gives it another transform, whatever it has. */
  renew(entry: PageTrack): void {
    if (this.#kind !== 'script') return;
    entry.transform = undefined;
    try {
      this.#attach(entry);
    } catch {
      // It is stopped.
    }
  }

  /** Negotiation may have changed what payload types mean. */
  refreshCodecs(track: number): void {
    const entry = this.#tracks.get(track);
    if (entry === undefined) return;
    entry.binding = { ...entry.binding, codecs: codecsOf(entry.endpoint) };
    this.#supervisor.tell('bind', entry.binding);
  }

  /** Forgets those whose connection is closed. */
  prune(): void {
    for (const { endpoint } of this.#tracks.values())
      if (endpoint.transport?.state === 'closed') this.#release(endpoint);
  }

  #find(endpoint: Endpoint): PageTrack | undefined {
    const number = this.#numbers.get(endpoint);
    return number === undefined ? undefined : this.#tracks.get(number);
  }

  /** Should it come back it gets another number: the worker may hear of transforms before it hears of this. */
  #release(endpoint: Endpoint): void {
    const track = this.#numbers.get(endpoint);
    if (track === undefined) return;
    this.#numbers.delete(endpoint);
    this.#tracks.delete(track);
    this.#supervisor.tell('unbind', { track });
  }

  #attach(entry: PageTrack): void {
    const { endpoint, binding } = entry;
    if (this.#kind === 'streams') {
      if (entry.transform !== undefined) return;
      const pump = pumpOf(endpoint);
      const port = pump.connect();
      this.#supervisor.tell('port', { track: binding.track, port }, [port]);
      entry.transform = pump;
      return;
    }
    // Somebody may have set another, or null.
    if (entry.transform !== undefined && endpoint.transform === entry.transform) return;
    const options: TransformOptions = { sframe: PROTOCOL, client: this.#client, track: binding.track };
    const transform = scriptTransform(this.#supervisor.worker, options);
    endpoint.transform = transform;
    entry.transform = transform;
    entry.attachedAt = performance.now();
  }
}

function pumpOf(endpoint: Endpoint): FramePump {
  const known = pumps.get(endpoint);
  if (known !== undefined) return known;
  const create = endpoint.createEncodedStreams;
  if (create === undefined)
    throw new SFrameError('engine-unavailable', undefined, 'this browser has no createEncodedStreams');
  const pump = new FramePump(create.call(endpoint));
  pumps.set(endpoint, pump);
  return pump;
}

/** Codecs by payload type, as far as they are negotiated. */
function codecsOf(endpoint: Endpoint): Binding['codecs'] {
  try {
    return endpoint.getParameters().codecs.map(({ payloadType, mimeType }) => ({ payloadType, mimeType }));
  } catch {
    return []; // not yet, or not any more
  }
}
