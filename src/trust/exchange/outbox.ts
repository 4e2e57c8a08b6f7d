// Letters on their way out: numbered when they are asked for, made, signed and handed to the channel one after the other.
// What the channel does with them is not waited for: a server could leave that open for ever.

import { type Bytes, concat } from '../../types.ts';
import type { KeyChannel } from './channel.ts';
import type { OwnIdentity } from './identity.ts';
import { messageOf, writeLetter } from './letter.ts';
import type { Endpoint } from './peers.ts';

/** A letter before it has a number. */
export interface Draft {
  readonly type: number;
  /** Undefined: everybody. */
  readonly to: Endpoint | undefined;
  /** Called when it is its turn; undefined: there is nothing to send any more. */
  readonly make: () => Bytes | Promise<Bytes | undefined>;
}

/** What one session sends. */
export class Outbox {
  readonly #channel: KeyChannel;
  readonly #room: string;
  readonly #self: Endpoint;
  readonly #key: OwnIdentity['key'];
  readonly #onFailed: (error: unknown, participant: string | undefined) => void;
  #number = 0n;
  #last: Promise<void> = Promise.resolve();

  constructor(
    channel: KeyChannel,
    room: string,
    self: Endpoint,
    key: OwnIdentity['key'],
    onFailed: (error: unknown, participant: string | undefined) => void,
  ) {
    this.#channel = channel;
    this.#room = room;
    this.#self = self;
    this.#key = key;
    this.#onFailed = onFailed;
  }

  /** Resolves when it has been handed to the channel, or has failed, which is told. */
  send(draft: Draft): Promise<void> {
    const number = this.#number;
    this.#number += 1n;
    this.#last = this.#last.then(async () => {
      try {
        await this.#write(draft, number);
      } catch (error) {
        this.#onFailed(error, draft.to?.participant);
      }
    });
    return this.#last;
  }

  /** Lets go of the key when all that was asked for is on its way. */
  close(): void {
    void this.#last.then(() => this.#key.destroy());
  }

  async #write({ type, to, make }: Draft, number: bigint): Promise<void> {
    const body = await make();
    if (body === undefined) return;
    const { participant: sender, identityKey, session } = this.#self;
    const { algorithm } = this.#key;
    const about = { type, algorithm, session, number, room: this.#room, sender, identityKey, body };
    const written = writeLetter({ ...about, recipient: to?.participant ?? '', toSession: to?.session });
    const bytes = concat(written, await this.#key.sign(messageOf(written)));
    const carried =
      to === undefined ? this.#channel.broadcast(bytes) : this.#channel.send(to.participant, bytes);
    Promise.resolve(carried).catch((error: unknown) => this.#onFailed(error, to?.participant));
  }
}
