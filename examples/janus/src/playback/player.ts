// A recording that is played back: opened with the key that was typed, or not at all.

import type { Bytes } from 'sframe-wasm';
import { encryptHandle } from 'sframe-wasm/janus';
import { SFrameClient } from 'sframe-wasm/webrtc';
import { sum } from '../../../call/src/status/rates.ts';
import { Watch } from '../../../call/src/status/watch.ts';
import type { Plugin } from '../janus/plugin.ts';
import type { Session } from '../janus/session.ts';
import { KID } from './key.ts';
import { cipherSuite } from './recorder.ts';

/** Whose the frames of a recording are: of whoever had its key. */
const RECORDED = 'recorded';

/** A recording, as Janus lists it. */
export interface Listed {
  readonly id: number;
  readonly name: string;
  readonly date?: string;
}

export class Player {
  readonly client = new SFrameClient({ cipherSuite });
  readonly watch: Watch;
  isOver = false;
  readonly #changed: () => void;
  #plugin: Plugin | undefined;

  /** Frames so far: a connection that is over has none any more. */
  readonly counts = { opened: 0, refused: 0 };

  constructor(changed: () => void) {
    this.#changed = changed;
    this.watch = new Watch(this.client, () => {
      this.#count();
      changed();
    });
  }

  get tracks(): MediaStreamTrack[] {
    const transceivers = this.#plugin?.connection?.getTransceivers() ?? [];
    return transceivers.map(({ receiver }) => receiver.track);
  }

  async start(session: Session, id: number, baseKey: Bytes): Promise<void> {
    await this.client.addDecryptionKey(RECORDED, baseKey, KID);
    const plugin = await session.attach('recordplay');
    this.#plugin = plugin;
    encryptHandle(plugin.handle, this.client, { participant: () => RECORDED });
    plugin.onmessage = ({ result }) => {
      if (result?.status === 'stopped' || result === 'done') this.#end();
    };
    plugin.ongone = () => this.#end();
    const { jsep } = await plugin.request(
      { request: 'play', id },
      ({ result }) => result?.status === 'preparing',
    );
    if (jsep === undefined) throw new Error('Janus has offered nothing');
    const answer = await plugin.answer(jsep);
    await plugin.request({ request: 'start' }, ({ result }) => result?.status === 'playing', answer);
    this.#changed();
  }

  close(): void {
    this.#plugin?.detach();
    this.watch.close();
    this.client.destroy();
  }

  #count(): void {
    const receivers = this.watch.stats?.receivers ?? [];
    const opened = sum(receivers, ({ frames }) => frames);
    const refused = sum(receivers, ({ dropped }) => dropped['authentication'] ?? 0);
    this.counts.opened = Math.max(this.counts.opened, opened);
    this.counts.refused = Math.max(this.counts.refused, refused);
  }

  #end(): void {
    this.isOver = true;
    this.#changed();
  }
}

/** What Janus has recorded, the last first. */
export async function listRecordings(session: Session): Promise<Listed[]> {
  const plugin = await session.attach('recordplay');
  try {
    await plugin.ask({ request: 'update' });
    const { list = [] } = await plugin.ask({ request: 'list' });
    return [...(list as Listed[])].sort((a, b) => `${b.date}`.localeCompare(`${a.date}`));
  } finally {
    plugin.detach();
  }
}
