// Watches the tracks of a client: whether protected ones leak, have lost their transform, or wait for frames that do not
// come to it.

import { LeakGuard } from './leak-guard.ts';
import type { PageTrack, PageTracks } from './page-tracks.ts';
import type { TrackCounts } from './protocol.ts';
import { countRtp, type RtpCounts } from './rtp-counts.ts';
import { StallGuard } from './stall-guard.ts';

/** How often it is looked whether transforms are still there. */
const STRIP_POLL_MS = 100;
/** How often it is looked whether frames come to those that are new, and for how long they are. */
const STALL_POLL_MS = 250;
const NEW_MS = 5000;

/** What it needs to know, and whom it tells. */
export interface WatchServices {
  /** What the worker has counted, by track. */
  counts(): Promise<readonly TrackCounts[]>;
  /** A protected sender or receiver is without its transform, or leaks. */
  unprotected(entry: PageTrack): void;
}

/** Frames by track, as the worker said last. */
interface Frames {
  readonly written: number;
  /** Those that were dropped, too. */
  readonly all: number;
}

/** The watch over one client's tracks. */
export class TrackWatch {
  readonly #tracks: PageTracks;
  readonly #services: WatchServices;
  readonly #pollMs: number;
  readonly #leaks: LeakGuard = new LeakGuard();
  readonly #stalls: StallGuard = new StallGuard();
  readonly #frames: Map<number, Frames> = new Map();
  readonly #timers: ReturnType<typeof setInterval>[] = [];
  /** Looks that are not over yet. */
  readonly #looking: Set<unknown> = new Set();

  /** @param pollMs how often senders are looked at for leaks; 0: nothing is watched */
  constructor(tracks: PageTracks, services: WatchServices, pollMs: number) {
    this.#tracks = tracks;
    this.#services = services;
    this.#pollMs = pollMs;
    if (pollMs === 0) return;
    this.#every(pollMs, () => this.#lookForLeaks());
    this.#every(STALL_POLL_MS, () => this.#lookForStalls());
    this.#every(STRIP_POLL_MS, () => {
      for (const entry of this.#tracks.findStripped()) this.#services.unprotected(entry);
    });
  }

  /** There is another worker, which counts from 0. */
  workerReplaced(): void {
    this.#frames.clear();
  }

  close(): void {
    for (const timer of this.#timers) clearInterval(timer);
  }

  /** A look that takes longer than its turn is not doubled. */
  #every(ms: number, look: () => Promise<void> | void): void {
    const turn = async () => {
      if (this.#looking.has(look)) return;
      this.#looking.add(look);
      try {
        await look();
      } finally {
        this.#looking.delete(look);
      }
    };
    this.#timers.push(setInterval(turn, ms));
  }

  async #lookForLeaks(): Promise<void> {
    this.#tracks.prune();
    const watched = Array.from(this.#tracks.all).filter(isProtectedSender);
    if (watched.length === 0) return;
    const isCounted = await this.#askFrames();
    await this.#look(watched, (entry, counts) => {
      const { written, all } = this.#framesOf(entry);
      if (this.#leaks.isLeaking(entry.endpoint, counts, written)) this.#services.unprotected(entry);
      else if (isCounted && isConnected(entry)) this.#mend(entry, counts, all);
    });
  }

  async #lookForStalls(): Promise<void> {
    const from = performance.now() - NEW_MS;
    const watched = Array.from(this.#tracks.all).filter(
      (entry) => entry.attachedAt > from && isConnected(entry),
    );
    if (watched.length === 0 || !(await this.#askFrames())) return;
    await this.#look(watched, (entry, counts) => this.#mend(entry, counts, this.#framesOf(entry).all));
  }

  async #look(
    watched: readonly PageTrack[],
    judge: (entry: PageTrack, counts: RtpCounts) => void,
  ): Promise<void> {
    await Promise.all(
      watched.map(async (entry) => {
        const counts = await countRtp(entry.endpoint, this.#pollMs);
        // While they were counted, it may have been given to somebody else.
        const isOurs = this.#tracks.get(entry.binding.track) === entry;
        if (counts !== undefined && isOurs) judge(entry, counts);
      }),
    );
  }

  #mend(entry: PageTrack, counts: RtpCounts, frames: number): void {
    const { endpoint } = entry;
    if (this.#stalls.isStalled(endpoint, counts, frames, performance.now())) this.#tracks.renew(entry);
  }

  #framesOf({ binding }: PageTrack): Frames {
    return this.#frames.get(binding.track) ?? { written: 0, all: 0 };
  }

  /** What a worker that does not answer has written is what it had when it did. Resolves with whether it did. */
  async #askFrames(): Promise<boolean> {
    const asking = this.#services.counts().then(
      (tracks) => {
        for (const { track, frames, dropped } of tracks) {
          const drops = Object.values(dropped).reduce((sum, count) => sum + count, 0);
          this.#frames.set(track, { written: frames, all: frames + drops });
        }
        return true;
      },
      () => false,
    );
    const late = new Promise<boolean>((resolve) => setTimeout(resolve, this.#pollMs, false));
    return Promise.race([asking, late]);
  }
}

function isProtectedSender({ binding }: PageTrack): boolean {
  return binding.role === 'send' && binding.policy === 'protected';
}

function isConnected({ endpoint }: PageTrack): boolean {
  return endpoint.transport?.state === 'connected';
}
