// What comes from one publisher: a handle of our own that Janus sends it on.

import { encryptHandle } from 'sframe-wasm/janus';
import type { SFrameClient } from 'sframe-wasm/webrtc';
import { JanusError, type Plugin } from '../janus/plugin.ts';
import type { Session } from '../janus/session.ts';

/** A feed that has just been published is not there at once: 428, as Janus says. */
const NO_SUCH_FEED = 428;
const TRY_AGAIN_MS = 250;
const TRIES = 60;

/** A publisher, as Janus describes it. */
export interface Publisher {
  readonly id: number;
  /** The name that he says he has. */
  readonly display?: string;
  readonly streams?: readonly { readonly type?: string; readonly simulcast?: boolean }[];
}

/** Of simulcast: which picture Janus sends on, the smallest first. */
export type Substream = 0 | 1 | 2;

export class Feed {
  readonly id: number;
  /** Whom he says he is, and whose frames are opened here: nothing shows that is not of the one who has this name's keys. */
  readonly name: string;
  readonly isSimulcast: boolean;
  readonly #changed: () => void;
  #plugin: Plugin | undefined;
  #isClosed = false;
  #substream: Substream = 2;

  constructor({ id, display = '', streams = [] }: Publisher, changed: () => void) {
    this.id = id;
    this.name = display;
    this.isSimulcast = streams.some(({ simulcast }) => simulcast === true);
    this.#changed = changed;
  }

  get tracks(): MediaStreamTrack[] {
    return this.#transceivers.map(({ receiver }) => receiver.track);
  }

  get substream(): Substream {
    return this.#substream;
  }

  async subscribe(session: Session, room: number, client: SFrameClient): Promise<void> {
    for (let i = 0; !this.#isClosed; i++) {
      try {
        await this.#subscribe(session, room, client);
        break;
      } catch (error) {
        this.#plugin?.detach();
        this.#plugin = undefined;
        if (this.#isClosed) return;
        if (!(error instanceof JanusError && error.code === NO_SUCH_FEED) || i >= TRIES) throw error;
        await new Promise((resolve) => setTimeout(resolve, TRY_AGAIN_MS));
      }
    }
    this.#changed();
  }

  async choose(substream: Substream): Promise<void> {
    this.#substream = substream;
    const mid = this.#transceivers.find(({ receiver }) => receiver.track.kind === 'video')?.mid;
    const streams = [{ mid, substream }];
    await this.#plugin?.request({ request: 'configure', streams }, ({ configured }) => configured === 'ok');
  }

  close(): void {
    this.#isClosed = true;
    this.#plugin?.detach();
    this.#plugin = undefined;
  }

  get #transceivers(): RTCRtpTransceiver[] {
    return this.#plugin?.connection?.getTransceivers() ?? [];
  }

  async #subscribe(session: Session, room: number, client: SFrameClient): Promise<void> {
    const plugin = await session.attach('videoroom');
    if (this.#isClosed) {
      plugin.detach();
      return;
    }
    this.#plugin = plugin;
    // whatever Janus sends here, and whoever it says that it is of, is shown under this name
    encryptHandle(plugin.handle, client, { participant: () => this.name });
    const { jsep } = await plugin.request(
      { request: 'join', ptype: 'subscriber', room, streams: [{ feed: this.id }] },
      ({ videoroom }) => videoroom === 'attached',
    );
    if (jsep === undefined) throw new Error('Janus has offered nothing');
    const answer = await plugin.answer(jsep);
    await plugin.request({ request: 'start' }, ({ started }) => started === 'ok', answer);
  }
}
