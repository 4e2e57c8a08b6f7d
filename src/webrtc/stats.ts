// What an application can learn about its frames, in numbers.

import type { CipherSuite } from '../cipher-suite.ts';
import type { PageTrack } from './page-tracks.ts';
import type { KeyAge, SessionCounts, TrackCounts } from './protocol.ts';

/** A sender's or receiver's frames. */
export interface SFrameTrackStats {
  /** Which of the two it is about. */
  readonly sender: RTCRtpSender | undefined;
  readonly receiver: RTCRtpReceiver | undefined;
  /** Of its MediaStreamTrack; empty while it has none. Servers name the tracks of receivers, and may give two one name. */
  readonly trackId: string;
  readonly kind: 'audio' | 'video' | undefined;
  /** Of receivers: whose frames they are. */
  readonly participant: string;
  /** What happens to them. `plaintext` only if the application has said so. */
  readonly policy: 'protected' | 'plaintext' | 'echo';
  /** Frames that came out of the transform, and their bytes before encryption or as received. */
  readonly frames: number;
  readonly bytes: number;
  /** Those of them that came out as they were. */
  readonly plaintextFrames: number;
  /** Frames that did not, by reason: as `status` events have it, and `replay` and `empty`. */
  readonly dropped: Readonly<Record<string, number>>;
  /** What the cryptography of the last 1024 frames took, median and 99th percentile, in µs; as exact as clocks are. */
  readonly cryptoP50: number;
  readonly cryptoP99: number;
}

/** A key, and how long it has been here. */
export interface SFrameKeyStats {
  readonly kid: bigint;
  readonly ageSeconds: number;
}

/** What `SFrameClient.stats` resolves with. */
export interface SFrameStats {
  /** Of all frames and messages, both ways. */
  readonly cipherSuite: CipherSuite;
  /** What does the cryptography of the worker; `webcrypto` where there is no WebAssembly with SIMD. */
  readonly engine: 'wasm' | 'webcrypto';
  /** How often the worker was replaced. */
  readonly workerRestarts: number;
  readonly senders: readonly SFrameTrackStats[];
  readonly receivers: readonly SFrameTrackStats[];
  /** The key frames are sent under, and the counter of the next one. */
  readonly sendingKey: (SFrameKeyStats & { readonly ctr: bigint }) | undefined;
  /** Keys for receiving, by participant. Of a ratchet, the KID of step 0. Those of MLS are nobody's alone: not here. */
  readonly receivingKeys: ReadonlyMap<string, readonly SFrameKeyStats[]>;
  /** Messages, both ways. */
  readonly messages: {
    readonly count: number;
    readonly bytes: number;
    readonly dropped: Readonly<Record<string, number>>;
  };
}

/** What the worker has counted, by the page's senders and receivers. */
export function statsOf(
  cipherSuite: CipherSuite,
  counts: SessionCounts,
  tracks: Iterable<PageTrack>,
  workerRestarts: number,
): SFrameStats {
  const byTrack = new Map(counts.tracks.map((track) => [track.track, track]));
  const all = Array.from(tracks, (entry) => ({ entry, counts: byTrack.get(entry.binding.track) }));
  const of = (role: 'send' | 'receive') =>
    all
      .filter(({ entry }) => entry.binding.role === role)
      .map(({ entry, counts: counted }) => trackStatsOf(entry, counted));
  const { engine, sending, keys, messages } = counts;
  return {
    cipherSuite,
    engine,
    workerRestarts,
    senders: of('send'),
    receivers: of('receive'),
    sendingKey: sending && { ...keyStatsOf(sending), ctr: sending.ctr },
    receivingKeys: new Map(Array.from(keys, ([participant, ages]) => [participant, ages.map(keyStatsOf)])),
    messages: { count: messages.frames, bytes: messages.bytes, dropped: messages.dropped },
  };
}

function keyStatsOf({ kid, seconds }: KeyAge): SFrameKeyStats {
  return { kid, ageSeconds: seconds };
}

function trackStatsOf({ endpoint, binding }: PageTrack, counts: TrackCounts | undefined): SFrameTrackStats {
  const { kind, participant, policy, role } = binding;
  return {
    sender: role === 'send' ? (endpoint as RTCRtpSender) : undefined,
    receiver: role === 'receive' ? (endpoint as RTCRtpReceiver) : undefined,
    trackId: endpoint.track?.id ?? '',
    kind,
    participant,
    policy,
    frames: counts?.frames ?? 0,
    bytes: counts?.bytes ?? 0,
    plaintextFrames: counts?.plaintextFrames ?? 0,
    dropped: counts?.dropped ?? {},
    cryptoP50: counts?.p50 ?? 0,
    cryptoP99: counts?.p99 ?? 0,
  };
}
