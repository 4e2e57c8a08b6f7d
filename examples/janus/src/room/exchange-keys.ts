// Everybody has keys of his own, which the exchange carries through Janus sealed, and which its connection with the client
// draws, gives and changes by itself.

import type { Bytes } from 'sframe-wasm';
import { type KeyChannel, SenderKeyExchange } from 'sframe-wasm/exchange';
import { connectExchange, type ExchangeConnection } from 'sframe-wasm/exchange/webrtc';
import type { Identity } from '../../../call/src/keys/identity.ts';
import type { KeyContext, KeyScheme } from '../../../call/src/keys/scheme.ts';

export class ExchangeKeys implements KeyScheme {
  readonly #exchange: SenderKeyExchange;
  readonly #connection: ExchangeConnection;

  /** @param failed is told whose keys could not be given */
  constructor(
    context: Pick<KeyContext, 'name' | 'room' | 'cipherSuite' | 'client' | 'changed'>,
    channel: KeyChannel,
    { privateKey, publicKey, book }: Identity,
    failed: (participant: string | undefined) => void,
  ) {
    const { name, room, cipherSuite, client, changed } = context;
    this.#exchange = new SenderKeyExchange({
      channel,
      room,
      cipherSuite,
      identity: { participant: name, privateKey, publicKey },
      // anybody, and it is shown who has not been verified; but nobody under the name of somebody who was
      admit: ({ status }) => status !== 'lapsed',
      book,
    });
    this.#connection = connectExchange(client, this.#exchange, { cipherSuite });
    this.#connection.addEventListener('failed', ({ participant }) => failed(participant));
    for (const type of ['join', 'leave'] as const) this.#exchange.addEventListener(type, changed);
  }

  get recipients(): readonly string[] {
    return this.#exchange.participants.map(({ participant }) => participant);
  }

  /** The identity key that somebody has proved to have. */
  identityOf(name: string): Bytes | undefined {
    return this.#exchange.participants.find(({ participant }) => participant === name)?.identityKey;
  }

  async start(): Promise<void> {
    await this.#exchange.start();
  }

  async rotate(): Promise<void> {
    this.#connection.renew();
  }

  receive(): void {} // letters of the exchange go to its channel

  admit(name: string, isAdmitted: boolean): void {
    if (isAdmitted) this.#exchange.allow(name);
    else this.#exchange.remove(name);
  }

  /** Janus says that he has gone, which is no more than that: if he has not, he comes back by himself. */
  forget(name: string): void {
    this.#exchange.forget(name);
  }

  destroy(): void {
    this.#connection.destroy();
    this.#exchange.destroy();
  }
}
