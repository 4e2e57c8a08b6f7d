// Stands for the server. It carries letters between people, keeps none, and has no keys: what is sealed stays sealed.
// Media goes from each person to each other over a connection of its own, as a server would forward it.

import type { Bytes } from 'sframe-wasm';

/** What people send to one another beside media. All of it a server may read, lose or repeat. */
export type Letter =
  /** Of the key exchange: signed, and sealed where it holds keys. */
  | { readonly kind: 'exchange'; readonly bytes: Bytes }
  /** Of a comparison of emoji. */
  | { readonly kind: 'comparison'; readonly bytes: Bytes }
  /** With a passphrase: somebody is here, and needs to hear of keys. */
  | { readonly kind: 'hello' }
  /** With a passphrase: under what one sends from now on. Not secret. */
  | { readonly kind: 'session'; readonly session: Bytes; readonly kid: bigint }
  /** With a passphrase: that has arrived. */
  | { readonly kind: 'have'; readonly kid: bigint }
  /** Somebody records what he sees and hears, or has stopped. */
  | { readonly kind: 'recording'; readonly isOn: boolean };

/** What keys and comparisons need of whatever carries letters. */
export type Letters = Pick<Relay, 'send' | 'broadcast' | 'othersOf'>;

type Receive = (from: string, letter: Letter) => void;

export class Relay {
  readonly #members = new Map<string, Receive>();
  /** How many letters it has carried. */
  letters = 0;

  join(name: string, receive: Receive): void {
    this.#members.set(name, receive);
  }

  leave(name: string): void {
    this.#members.delete(name);
  }

  /** Everybody else who is in the room. */
  othersOf(name: string): string[] {
    return [...this.#members.keys()].filter((other) => other !== name);
  }

  send(from: string, to: string, letter: Letter): void {
    // who has left meanwhile gets nothing
    setTimeout(() => this.#members.get(to)?.(from, letter));
    this.letters++;
  }

  broadcast(from: string, letter: Letter): void {
    for (const to of this.othersOf(from)) this.send(from, to, letter);
  }
}
