// Who records at the moment, and what has been recorded.

import type { Layer } from './call/layers.ts';
import type { Member } from './call/member.ts';
import { type Recorded, Recording } from './media/recording.ts';

/** What was recorded, and at whose screen. */
export type Finished = Recorded & { readonly by: string };

export class Recordings {
  readonly #running = new Map<string, Recording>();
  readonly finished: Finished[] = [];

  /** Records what somebody gets of the others. */
  start(member: Member, layer: Layer): void {
    const streams = Array.from(member.views, ([of, { audio }]) => {
      const tracks = [member.pictureOf(of, layer), audio].filter((track) => track !== undefined);
      return [of, new MediaStream(tracks)] as const;
    });
    this.#running.set(member.name, new Recording(new Map(streams)));
  }

  async stop(by: string): Promise<void> {
    const recording = this.#running.get(by);
    if (recording === undefined) return;
    this.#running.delete(by);
    for (const recorded of await recording.stop()) this.finished.push({ ...recorded, by });
  }

  async stopAll(): Promise<void> {
    for (const by of [...this.#running.keys()]) await this.stop(by);
  }
}
