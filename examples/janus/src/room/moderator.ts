// What only the one may do who has opened a room: he has drawn its secret, and keeps it in his tab.

import { JanusError, type Plugin } from '../janus/plugin.ts';
import type { RoomOptions } from './call.ts';

/** What rooms here have. Who says that his media is not encrypted is refused; whether it is, keys tell. */
const roomOptions = {
  publishers: 20,
  bitrate: 1_500_000,
  audiocodec: 'opus',
  videocodec: 'vp8,vp9,av1,h264',
  require_e2ee: true,
  lock_record: true,
};

/** Of VideoRoom, and of TextRoom. */
const alreadyThere = new Set([427, 418]);

export class Moderator {
  readonly #options: RoomOptions;
  readonly #videoRoom: Plugin;
  readonly #textRoom: Plugin;

  constructor(options: RoomOptions, videoRoom: Plugin, textRoom: Plugin) {
    this.#options = options;
    this.#videoRoom = videoRoom;
    this.#textRoom = textRoom;
  }

  get hasSecret(): boolean {
    return this.#secret !== undefined;
  }

  /** Opens the room, if nobody has. */
  async openRoom(): Promise<void> {
    const { number: room, room: description } = this.#options;
    const secret = crypto.randomUUID();
    const isNew = await create(this.#videoRoom, { ...roomOptions, room, description, secret });
    if (isNew) sessionStorage.setItem(this.#name, secret);
    if (this.hasSecret) await create(this.#textRoom, { room, description, secret: this.#secret });
    else await this.#textRoomOpens();
  }

  async record(isOn: boolean): Promise<void> {
    const secret = this.#secret;
    if (secret === undefined) throw new Error('only who has opened the room may record it');
    const { number: room } = this.#options;
    await this.#videoRoom.ask({ request: 'enable_recording', room, secret, record: isOn });
  }

  /** Throws somebody out of the room, if it is ours. */
  async kick(id: number, username: string): Promise<void> {
    const secret = this.#secret;
    if (secret === undefined) return;
    const { number: room } = this.#options;
    await this.#videoRoom.ask({ request: 'kick', room, secret, id });
    await this.#textRoom.ask({ request: 'kick', room, secret, username }).catch((error: unknown) => {
      if (!(error instanceof JanusError)) throw error; // he has gone there already
    });
  }

  /** Whoever has opened the one is about to open the other. */
  async #textRoomOpens(): Promise<void> {
    for (const end = performance.now() + OPEN_MS; performance.now() < end; ) {
      const { exists } = await this.#textRoom.ask({ request: 'exists', room: this.#options.number });
      if (exists === true) return;
      await new Promise((resolve) => setTimeout(resolve, 200));
    }
    throw new Error('the room has no TextRoom to carry letters');
  }

  get #name(): string {
    return `sframe-wasm demo room ${this.#options.number}`;
  }

  get #secret(): string | undefined {
    return sessionStorage.getItem(this.#name) ?? undefined;
  }
}

/** How long the TextRoom may take. */
const OPEN_MS = 10_000;

/** Whether it was not there before. */
async function create(plugin: Plugin, options: object): Promise<boolean> {
  try {
    await plugin.ask({ request: 'create', permanent: false, ...options });
    return true;
  } catch (error) {
    if (error instanceof JanusError && alreadyThere.has(error.code)) return false;
    throw error;
  }
}
