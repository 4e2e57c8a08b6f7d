// Everybody has typed the same passphrase: each makes a key of it for himself, and says in which session. Whoever typed
// another one makes other keys, which open nothing.

import { type Bytes, RoomKey } from 'sframe-wasm';
import type { Letter } from '../call/relay.ts';
import { untilDestroyed } from '../until-destroyed.ts';
import { receiveKey } from './rollout.ts';
import { type KeyContext, type KeyScheme, Soon } from './scheme.ts';

const APP = 'sframe-wasm.example';

export class PassphraseKeys implements KeyScheme {
  readonly #context: KeyContext;
  readonly #passphrase: string;
  readonly #soon = new Soon(() => this.rotate());
  /** What comes before it is there waits for it. Rejects if the passphrase is none. */
  #room: Promise<RoomKey> | undefined;
  #isClosed = false;

  constructor(context: KeyContext, passphrase: string) {
    this.#context = context;
    this.#passphrase = passphrase;
  }

  get recipients(): readonly string[] {
    return []; // whoever knows the passphrase: nobody can tell who that is
  }

  async start(): Promise<void> {
    const { name, room, relay } = this.#context;
    const options = { passphrase: this.#passphrase, app: APP, room, participant: name };
    this.#room = RoomKey.fromPassphrase(options);
    await this.#room;
    if (this.#isClosed) return;
    relay.broadcast(name, { kind: 'hello' });
    await this.rotate();
  }

  async rotate(): Promise<void> {
    const { name, relay, rollout } = this.#context;
    const room = await this.#room;
    if (this.#isClosed || room === undefined) return;
    const { baseKey, session } = await room.sendingKey();
    await rollout.stage(baseKey, relay.othersOf(name), (kid) =>
      relay.broadcast(name, { kind: 'session', session, kid }),
    );
  }

  receive(from: string, letter: Letter): void {
    // who has come needs to hear of keys, and shall not read what was said before
    if (letter.kind === 'hello') this.#soon.ask();
    if (letter.kind === 'have') this.#context.rollout.confirm(from, letter.kid);
    if (letter.kind === 'session') untilDestroyed(this.#take(from, letter.session, letter.kid));
  }

  admit(): void {} // there is no list to take anybody off

  destroy(): void {
    this.#isClosed = true;
    this.#soon.close();
    this.#room?.then(
      (room) => room.destroy(),
      () => {}, // there is none
    );
  }

  async #take(from: string, session: Bytes, kid: bigint): Promise<void> {
    const { name, client, relay } = this.#context;
    const room = await this.#room?.catch(() => undefined);
    if (room === undefined || this.#isClosed) return;
    const baseKey = await room.receivingKey(from, session).catch(ignoreNonsense);
    if (baseKey === undefined) return;
    await receiveKey(client, from, baseKey, kid);
    baseKey.fill(0);
    relay.send(name, from, { kind: 'have', kid });
  }
}

/** Names and sessions come from the network: what is none is nobody's fault here. */
function ignoreNonsense(error: unknown): undefined {
  if (!(error instanceof TypeError || error instanceof RangeError)) throw error;
}
