// What a client says and counts, brought together by track. Events come at once; numbers are asked for every second.

import type { SFrameClient, SFrameStats, SFrameTrackStats } from 'sframe-wasm/webrtc';
import type { TrackFacts } from './lock.ts';
import { noRates, type Rates, ratesBetween, sum, type Totals, totalsOf } from './rates.ts';

const POLL_MS = 1000;
/** For how long a frame says that frames flow. */
const FLOW_MS = 2500;

/** How many frames of a track there were, and when they last grew in number. */
interface Growth {
  protected: number;
  plain: number;
  flowedAt: number;
  plainAt: number;
}

/** What of a track's numbers is used. */
type Counted = Pick<SFrameTrackStats, 'kind' | 'policy' | 'frames' | 'plaintextFrames'>;

/** What all senders of a kind have sent together: connections come and go. */
function sentByKind(stats: SFrameStats | undefined): Counted[] {
  return (['audio', 'video'] as const).flatMap((kind) => {
    const senders = stats?.senders.filter((sender) => sender.kind === kind) ?? [];
    if (senders.length === 0) return [];
    const isClear = senders.some(({ policy }) => policy === 'plaintext');
    return {
      kind,
      policy: isClear ? 'plaintext' : 'protected',
      frames: sum(senders, ({ frames }) => frames),
      plaintextFrames: sum(senders, ({ plaintextFrames }) => plaintextFrames),
    };
  });
}

export class Watch {
  readonly #client: SFrameClient;
  readonly #changed: () => void;
  readonly #timer: ReturnType<typeof setInterval>;
  /** Reasons of `status` events, until one says `recovered`. */
  readonly #troubles = new Map<RTCRtpReceiver | RTCRtpSender, string>();
  /** By what is sent, and by receivers. */
  readonly #growths = new Map<unknown, Growth>();
  #last: Totals | undefined;
  #isPolling = false;
  stats: SFrameStats | undefined;
  rates: Rates = noRates;
  /** What must be said aloud: something was not protected for a moment, or has failed for good. */
  alarm: string | undefined;

  constructor(client: SFrameClient, changed: () => void) {
    this.#client = client;
    this.#changed = changed;
    this.#timer = setInterval(() => void this.#poll(true), POLL_MS);
    client.addEventListener('status', ({ sender, receiver, reason }) => {
      const end = receiver ?? sender;
      if (end === undefined) return; // of signatures
      if (reason === 'recovered') this.#troubles.delete(end);
      else this.#troubles.set(end, reason);
      void this.#poll();
    });
    client.addEventListener('active', ({ sender, receiver }) => {
      const end = receiver ?? sender;
      if (end !== undefined) this.#troubles.delete(end);
      void this.#poll();
    });
    client.addEventListener('plaintext', () => void this.#poll());
    client.addEventListener('unprotected', ({ sender, track }) => {
      this.#raise('Something was about to go without encryption, and was stopped. It is encrypted again.');
      // it has a transform again, and may have its track back
      sender
        ?.replaceTrack(track)
        .catch(() => this.#raise('Something was stopped, and does not start again.'));
    });
    client.addEventListener('worker-failed', () =>
      this.#raise('Encryption has failed in this browser. Nothing is sent or received any more.'),
    );
  }

  /** What is sent: sound and pictures, to all. */
  get sent(): TrackFacts[] {
    return sentByKind(this.stats).map((track) => this.#factsOf(track, `sent ${track.kind}`, undefined));
  }

  /** What comes in these tracks. */
  received(tracks: readonly MediaStreamTrack[]): TrackFacts[] {
    return tracks.flatMap((track) => {
      // not by its ID: that is the server's to choose
      const counted = this.stats?.receivers.find(({ receiver }) => receiver?.track === track);
      if (counted?.receiver === undefined) return [];
      const { receiver } = counted;
      return [this.#factsOf(counted, receiver, this.#troubles.get(receiver))];
    });
  }

  /** The alarm was seen. */
  dismiss(): void {
    this.alarm = undefined;
    this.#changed();
  }

  close(): void {
    clearInterval(this.#timer);
  }

  #raise(alarm: string): void {
    this.alarm = alarm;
    this.#changed();
  }

  #factsOf(track: Counted, name: unknown, trouble: string | undefined): TrackFacts {
    const { flowedAt, plainAt } = this.#growths.get(name) ?? { flowedAt: -FLOW_MS, plainAt: -FLOW_MS };
    const now = performance.now();
    return {
      kind: track.kind ?? 'video',
      policy: track.policy,
      isFlowing: now - flowedAt < FLOW_MS,
      isPlain: now - plainAt < FLOW_MS,
      trouble,
    };
  }

  async #poll(isTick = false): Promise<void> {
    if (this.#isPolling) return;
    this.#isPolling = true;
    try {
      this.stats = await this.#client.stats();
    } catch {
      return; // the client is destroyed, or its worker is being replaced
    } finally {
      this.#isPolling = false;
    }
    const now = performance.now();
    for (const track of sentByKind(this.stats)) this.#grow(`sent ${track.kind}`, track, now);
    for (const track of this.stats.receivers) this.#grow(track.receiver, track, now);
    if (isTick) {
      const totals = totalsOf(this.stats, now);
      if (this.#last !== undefined) this.rates = ratesBetween(this.#last, totals);
      this.#last = totals;
    }
    this.#changed();
  }

  #grow(name: unknown, { frames, plaintextFrames }: Counted, now: number): void {
    const before = this.#growths.get(name);
    const protectedFrames = frames - plaintextFrames;
    this.#growths.set(name, {
      protected: protectedFrames,
      plain: plaintextFrames,
      flowedAt: protectedFrames > (before?.protected ?? 0) ? now : (before?.flowedAt ?? -FLOW_MS),
      plainAt: plaintextFrames > (before?.plain ?? 0) ? now : (before?.plainAt ?? -FLOW_MS),
    });
  }
}
