// A signalling server between exchanges, as good or as bad as a test wants it. It sees and keeps every byte.

import type { KeyChannel } from '../src/trust/exchange.ts';
import type { Bytes } from '../src/types.ts';

/** Something on its way. */
export interface Mail {
  readonly from: string;
  readonly to: string;
  readonly bytes: Bytes;
}

/** What a server does with mail: what it returns is delivered, in that order, now. */
export type Conduct = (mail: Mail, server: Server) => Mail[];

export const honest: Conduct = (mail) => [mail];

/** Everybody's channel. Mail to all is delivered to each of the others. */
export class Server {
  /** All that ever came. */
  readonly seen: Mail[] = [];
  /** Letters that senders have handed over, a broadcast as one; and deliveries. */
  sent = 0;
  delivered = 0;
  bytes = 0;
  conduct: Conduct;
  readonly #channels: Map<string, KeyChannel> = new Map();

  constructor(conduct: Conduct = honest) {
    this.conduct = conduct;
  }

  /** A participant's connection; another under the same name takes its place. */
  connect(name: string): KeyChannel {
    const take = (to: string, bytes: Bytes): void => {
      this.sent += 1;
      this.bytes += bytes.length;
      const recipients = to === '' ? [...this.#channels.keys()].filter((other) => other !== name) : [to];
      for (const recipient of recipients) this.#take({ from: name, to: recipient, bytes: bytes.slice() });
    };
    const channel: KeyChannel = {
      send: take,
      broadcast: (bytes) => take('', bytes),
      onmessage: null,
    };
    this.#channels.set(name, channel);
    return channel;
  }

  disconnect(name: string): void {
    this.#channels.delete(name);
  }

  /** Delivers something, whoever wrote it. */
  inject({ to, bytes }: Pick<Mail, 'to' | 'bytes'>): void {
    this.delivered += 1;
    const channel = this.#channels.get(to);
    queueMicrotask(() => channel?.onmessage?.(bytes.slice()));
  }

  #take(mail: Mail): void {
    this.seen.push(mail);
    for (const out of this.conduct(mail, this)) this.inject(out);
  }
}
