// Finding the way into the best group there is: whom to ask for commits that were missed, whom to ask to be let in, and
// how often. Each is asked in turn, since the first may be cut off.

import { type Bytes, isSame } from '../../types.ts';
import type { Peer } from '../exchange/peers.ts';
import { isBetter, readStanding, type Standing, type ToldStanding } from './standing.ts';

/** After so many questions that led to nothing, we have to join again. */
const MAX_ASKED = 5;
/** Attempts to join come at intervals that double, up to four times the patience. */
const MAX_DOUBLED = 2;
/** How many times the patience we stay away from where we do not want to be. */
const REST = 30;
/** How long commits are taken from a member who was asked for them, in ms. */
const ANSWER_MS = 30_000;

/** Somebody who is in a better state than we. */
interface Found {
  readonly peer: Peer;
  readonly standing: ToldStanding;
}

/** What to do: nothing, ask somebody for commits, or ask to be let in. */
export interface Step {
  readonly ask?: Peer;
  readonly join?: Peer;
  readonly isAgain?: boolean;
}

/** The search of one member. */
export class Search {
  readonly #patience: number;
  readonly #askedAt: WeakMap<Peer, number> = new WeakMap();
  #tried: Set<Peer> = new Set();
  #asked = 0;
  #attempts = 0;
  #mayAskAt = 0;
  #mayJoinAt = 0;

  constructor(patience: number) {
    this.#patience = patience;
  }

  /** We are where we wanted to be: from here on, all begins anew. */
  succeed(): void {
    this.#tried.clear();
    this.#asked = 0;
    this.#attempts = 0;
    this.#mayAskAt = 0;
    this.#mayJoinAt = 0;
  }

  /** A question was of use: the next may be, too. */
  proceed(): void {
    this.#asked = 0;
  }

  /** No commits lead from where we are to where the others are. */
  lose(): void {
    this.#asked = MAX_ASKED;
  }

  /** Where the others are we do not want to be, and will not soon. */
  rest(time: number): void {
    this.lose();
    this.#attempts = MAX_DOUBLED;
    this.#mayJoinAt = time + REST * this.#patience;
  }

  isAnswer(peer: Peer, time: number): boolean {
    const at = this.#askedAt.get(peer);
    return at !== undefined && time - at < ANSWER_MS;
  }

  /** Whether to ask somebody who has just shown that he is ahead. */
  mayAsk(peer: Peer, time: number): boolean {
    if (time < this.#mayAskAt) return false;
    this.#mayAskAt = time + this.#patience / 3;
    this.#askedAt.set(peer, time);
    return true;
  }

  /** Those in the best group, if that is better than ours. */
  best(peers: Iterable<Peer>, own: Standing | undefined): Found[] {
    const better: Found[] = [];
    for (const peer of peers) {
      const standing = readStanding(peer.payload);
      if (standing !== undefined && peer.knowsUs && isBetter(standing, own)) better.push({ peer, standing });
    }
    const [first, ...others] = better;
    if (first === undefined) return [];
    const { id } = others.reduce((a, b) => (isBetter(b.standing, a.standing) ? b : a), first).standing;
    return better.filter(({ standing }) => isSame(standing.id, id));
  }

  /** What to do about it now. @param ownId of our group */
  next(found: readonly Found[], ownId: Bytes | undefined, time: number): Step {
    const [first] = found;
    if (first === undefined) return {};
    const isOurs = ownId !== undefined && isSame(first.standing.id, ownId);
    if (isOurs && this.#asked < MAX_ASKED) {
      if (time < this.#mayAskAt) return {};
      const ask = this.#choose(found);
      this.#asked += 1;
      this.#mayAskAt = time + this.#patience / 3;
      this.#askedAt.set(ask, time);
      return { ask };
    }
    if (time < this.#mayJoinAt) return {};
    this.#mayJoinAt = time + this.#patience * 2 ** Math.min(this.#attempts, MAX_DOUBLED);
    this.#attempts += 1;
    return { join: this.#choose(found), isAgain: this.#attempts > 1 };
  }

  /** Whoever would commit first, of those that were not tried. */
  #choose(found: readonly Found[]): Peer {
    const untried = found.filter(({ peer }) => !this.#tried.has(peer));
    if (untried.length === 0) this.#tried = new Set();
    const [first, ...others] = untried.length > 0 ? untried : found;
    const { peer } = others.reduce((a, b) => (b.standing.rank < a.standing.rank ? b : a), first as Found);
    this.#tried.add(peer);
    return peer;
  }
}
