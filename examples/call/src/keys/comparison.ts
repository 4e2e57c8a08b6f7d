// Comparing emoji with the others: one run at a time with each of them, over the same relay that nobody trusts.

import type { Bytes, CipherSuite } from 'sframe-wasm';
import { Verification } from 'sframe-wasm/verification';
import type { Letters } from '../call/relay.ts';
import type { Identity } from './identity.ts';

export interface ComparisonContext {
  readonly name: string;
  readonly room: string;
  readonly cipherSuite: CipherSuite;
  readonly relay: Letters;
  readonly identity: Identity;
  /** The identity key under which somebody gets our keys, while he does. */
  readonly identityOf: (name: string) => Bytes | undefined;
  readonly changed: () => void;
}

export class Comparisons {
  readonly #context: ComparisonContext;
  readonly #runs = new Map<string, Verification>();

  constructor(context: ComparisonContext) {
    this.#context = context;
  }

  /** The run with somebody, if there is one. */
  with(peer: string): Verification | undefined {
    return this.#runs.get(peer);
  }

  /** Whether it was tried so often that guessing would pay. */
  isExhausted(peer: string): boolean {
    return this.#context.identity.book.attemptsLeft(peer) === 0;
  }

  /** Whether this is whom we have compared emoji with, and no other. */
  isVerified(peer: string): boolean {
    const key = this.#context.identityOf(peer);
    return key !== undefined && this.#context.identity.book.isVerified(peer, key);
  }

  /** Somebody has decided. */
  changed(): void {
    this.#context.changed();
  }

  /** Begins anew. */
  async begin(peer: string): Promise<void> {
    const run = this.#create(peer);
    if (run !== undefined) this.#send(peer, await run.start());
  }

  /** Ends the run with somebody, unless it has succeeded. */
  stop(peer: string): void {
    this.#runs.get(peer)?.abort();
    this.#runs.delete(peer);
  }

  async receive(peer: string, message: Bytes): Promise<void> {
    const known = this.#runs.get(peer);
    const isOver = known === undefined || known.state === 'ended' || known.state === 'verified';
    const run = isOver ? this.#create(peer) : known; // the other one has begun
    const answer = await run?.receive(message);
    if (answer !== undefined) this.#send(peer, answer);
    this.#context.changed();
  }

  #create(peer: string): Verification | undefined {
    const { name, room, cipherSuite, identity, identityOf } = this.#context;
    const theirs = identityOf(peer);
    if (theirs === undefined || this.isExhausted(peer)) return undefined;
    // the exchange binds what it uses to the identity key: that one stands for both
    const party = (id: string, key: Bytes) => ({ id, identityKey: key, exchangeKey: key });
    const run = new Verification({
      book: identity.book,
      room,
      cipherSuite,
      own: party(name, identity.publicKey),
      peer: party(peer, theirs),
    });
    this.#runs.set(peer, run);
    return run;
  }

  #send(peer: string, bytes: Bytes): void {
    this.#context.relay.send(this.#context.name, peer, { kind: 'comparison', bytes });
    this.#context.changed();
  }
}
