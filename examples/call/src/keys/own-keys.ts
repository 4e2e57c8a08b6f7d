// Everybody draws keys of his own, and gives them to the others by an exchange that the server cannot read.

import type { Bytes } from 'sframe-wasm';
import { type KeyChannel, SenderKeyExchange } from 'sframe-wasm/exchange';
import type { Letter } from '../call/relay.ts';
import { untilDestroyed } from '../until-destroyed.ts';
import type { Identity } from './identity.ts';
import { receiveKey } from './rollout.ts';
import { type KeyContext, type KeyScheme, Soon } from './scheme.ts';

const KEY_LEN = 32;

export class OwnKeys implements KeyScheme {
  readonly #context: KeyContext;
  readonly #exchange: SenderKeyExchange;
  readonly #channel: KeyChannel;
  readonly #soon = new Soon(() => this.rotate());
  #isClosed = false;

  constructor(context: KeyContext, { privateKey, publicKey, book }: Identity) {
    const { name, room, cipherSuite, client, relay, rollout, changed } = context;
    this.#context = context;
    this.#channel = {
      send: (to, bytes) => relay.send(name, to, { kind: 'exchange', bytes }),
      broadcast: (bytes) => relay.broadcast(name, { kind: 'exchange', bytes }),
      onmessage: null,
    };
    this.#exchange = new SenderKeyExchange({
      channel: this.#channel,
      room,
      cipherSuite,
      identity: { participant: name, privateKey, publicKey },
      // anybody, and it is shown who has not been verified; but nobody under the name of somebody who was
      admit: ({ status }) => status !== 'lapsed',
      book,
    });
    this.#exchange.addEventListener('join', () => {
      this.#soon.ask(); // who comes shall not read what was said before
      changed();
    });
    this.#exchange.addEventListener('leave', ({ participant }) => {
      untilDestroyed(client.removeParticipant(participant));
      untilDestroyed(this.rotate());
      changed();
    });
    this.#exchange.addEventListener('key', ({ participant, baseKey, kid }) => {
      untilDestroyed(receiveKey(client, participant, baseKey, kid)); // copies it at once
    });
    this.#exchange.addEventListener('confirmed', ({ participant, kid }) => rollout.confirm(participant, kid));
  }

  get recipients(): readonly string[] {
    return this.#exchange.participants.map(({ participant }) => participant);
  }

  /** The identity key that somebody has proved to have. */
  identityOf(name: string): Bytes | undefined {
    return this.#exchange.participants.find(({ participant }) => participant === name)?.identityKey;
  }

  async start(): Promise<void> {
    await this.#exchange.start(); // the first key is drawn when there is somebody to give it to
  }

  async rotate(): Promise<void> {
    if (this.#isClosed) return;
    const baseKey = crypto.getRandomValues(new Uint8Array(KEY_LEN));
    const { recipients } = this;
    await this.#context.rollout.stage(baseKey, recipients, (kid) =>
      this.#exchange.publish(baseKey, kid, recipients),
    );
  }

  receive(_from: string, letter: Letter): void {
    if (letter.kind === 'exchange') this.#channel.onmessage?.(letter.bytes);
  }

  admit(name: string, isAdmitted: boolean): void {
    if (isAdmitted) this.#exchange.allow(name);
    else this.#exchange.remove(name);
  }

  destroy(): void {
    this.#isClosed = true;
    this.#soon.close();
    this.#exchange.destroy();
  }
}
