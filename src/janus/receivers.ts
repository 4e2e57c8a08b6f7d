// Whose media a connection's receivers open. The server says which stream comes on which mid; the application, whose that
// stream is; and keys, whether it is true: frames of anybody else do not open there.

import type { SFrameClient } from '../webrtc/client.ts';
import type { TrackOptions } from '../webrtc/client-options.ts';
import type { JanusMessage, JanusStream } from './janus-js.ts';

/** What is used of a client. */
export type CallClient = Pick<SFrameClient, 'encrypt' | 'decrypt' | 'decryptEcho'>;

/** Whose a stream is, and how its frames are encrypted where it is not as the client's options say. */
export interface ParticipantTrack extends TrackOptions {
  readonly participant: string;
}

/** Says whose a stream is; undefined: of nobody whose frames are to be opened. */
export type WhoseStream = (stream: JanusStream) => string | ParticipantTrack | undefined;

/** Connections with more streams than a server can reasonably have. */
const MAX_STREAMS = 4096;

/** The receivers of one handle. */
export class Receivers {
  readonly #client: CallClient;
  readonly #whose: WhoseStream;
  /** A name that no participant has: what has to be bound, and is nobody's, is bound to it, and opens nothing. */
  readonly #nobody: string = `nobody ${crypto.getRandomValues(new Uint32Array(4)).join('-')}`;
  readonly #streams: Map<string, JanusStream> = new Map();
  readonly #bound: WeakMap<RTCRtpReceiver, ParticipantTrack> = new WeakMap();

  constructor(client: CallClient, whose: WhoseStream) {
    this.#client = client;
    this.#whose = whose;
  }

  /** Notes which streams come on which mids. Returns whether a message told of any. */
  note({ streams }: JanusMessage): boolean {
    if (!Array.isArray(streams)) return false;
    let isNews = false;
    for (const stream of streams.slice(0, MAX_STREAMS)) {
      const mid = stream?.mid;
      if (typeof mid !== 'string' || (!this.#streams.has(mid) && this.#streams.size >= MAX_STREAMS)) continue;
      this.#streams.set(mid, stream);
      isNews = true;
    }
    return isNews;
  }

  /** There is a new connection: nothing is known of it. */
  forget(): void {
    this.#streams.clear();
  }

  /** Binds a receiver to whom its stream is of, if it is not bound so. */
  bind(transceiver: RTCRtpTransceiver): void {
    const { mid, receiver } = transceiver;
    const track = this.#trackOf(mid, receiver.track.kind) ?? { participant: this.#nobody };
    const { participant, mode, source } = track;
    const before = this.#bound.get(receiver);
    if (before?.participant === participant && before.mode === mode && before.source === source) return;
    this.#client.decrypt(receiver, participant, { mode, source });
    this.#bound.set(receiver, { participant, mode, source });
  }

  /** Who is bound to it. */
  participantOf(receiver: RTCRtpReceiver): string | undefined {
    const participant = this.#bound.get(receiver)?.participant;
    return participant === this.#nobody ? undefined : participant;
  }

  #trackOf(mid: string | null, type: string): ParticipantTrack | undefined {
    const stream = this.#streams.get(mid ?? '') ?? { mid: mid ?? '', type };
    const whose = this.#whose(stream);
    const track = typeof whose === 'string' ? { participant: whose } : whose;
    return track?.participant === '' ? undefined : track;
  }
}
