// What a group is still to do. Wishes are about the tree as it should be: one is fulfilled when the tree is so, whoever
// committed; until then it stays, and is proposed again after a race that was lost.
//
// The member with the lowest leaf commits. The r-th after him does it when r times the patience has passed: so somebody
// whom the server has cut off, or who is silent, holds nobody up for ever.

import type { KeyPackage } from 'ts-mls';
import { type Bytes, isSame } from '../../types.ts';
import type { Peer } from '../exchange/peers.ts';
import type { Group, Leaf } from './group.ts';

/** Somebody wants to be in. */
export interface Joining {
  readonly peer: Peer;
  readonly keyPackage: KeyPackage;
  readonly attempt: number;
  readonly since: number;
}

/** Somebody has gone, or is to go. */
export interface Leaving {
  readonly session: Bytes;
  /** He is not to come back. */
  readonly isShutOut: boolean;
  readonly since: number;
}

/** What one commit does. */
export interface Plan {
  readonly removed: readonly Leaf[];
  readonly shutOut: readonly Leaf[];
  readonly joining: readonly Joining[];
}

/** All wishes. */
export class Wishes {
  readonly #patience: number;
  readonly #joining: Map<string, Joining> = new Map();
  #leaving: Leaving[] = [];
  /** Of fresh keys: of which epoch, and since when. */
  #rotation: { readonly epoch: bigint; readonly since: number } | undefined;

  /** @param patience in ms, for each member who would commit before us */
  constructor(patience: number) {
    this.#patience = patience;
  }

  get isEmpty(): boolean {
    return this.#joining.size === 0 && this.#leaving.length === 0 && this.#rotation === undefined;
  }

  join(joining: Joining): void {
    const { participant } = joining.peer;
    const since = this.#joining.get(participant)?.since ?? joining.since;
    this.#joining.set(participant, { ...joining, since });
  }

  /** He is in, or does not want to be any more. */
  forget(participant: string): void {
    this.#joining.delete(participant);
  }

  leave(leaving: Leaving): void {
    const known = this.#leaving.find(({ session }) => isSame(session, leaving.session));
    if (known === undefined) this.#leaving.push(leaving);
    else if (leaving.isShutOut && !known.isShutOut)
      this.#leaving = this.#leaving.map((one) => (one === known ? { ...known, isShutOut: true } : one));
  }

  rotate(epoch: bigint, since: number): void {
    this.#rotation ??= { epoch, since };
  }

  /** How many members would commit before us. */
  rankIn(group: Group): number {
    return group.leaves.filter(({ index, session }) => index < group.ownIndex && !this.#isGone(session))
      .length;
  }

  #isGone(session: Bytes): boolean {
    return this.#leaving.some((leaving) => isSame(leaving.session, session));
  }

  /** Forgets what is fulfilled. */
  settle(group: Group): void {
    for (const [participant, { peer, attempt }] of this.#joining) {
      const leaf = group.leafOf(peer.session);
      if (leaf !== undefined && leaf.attempt >= attempt) this.#joining.delete(participant);
    }
    this.#leaving = this.#leaving.filter(({ session }) => group.leafOf(session) !== undefined);
    if (this.#rotation !== undefined && group.epoch > this.#rotation.epoch) this.#rotation = undefined;
  }

  /** What is to be committed by us, now; undefined if that is nothing. */
  plan(group: Group, time: number, isLive: (peer: Peer) => boolean): Plan | undefined {
    this.settle(group);
    for (const [participant, { peer }] of this.#joining) if (!isLive(peer)) this.#joining.delete(participant);
    const joining = [...this.#joining.values()];
    const wait = this.#patience * this.rankIn(group);
    const wishes = [...joining, ...this.#leaving, ...(this.#rotation ? [this.#rotation] : [])];
    if (!wishes.some(({ since }) => time - since >= wait)) return undefined;
    const gone = this.#leaving.map((leaving) => ({ leaving, leaf: group.leafOf(leaving.session) as Leaf }));
    const removed = new Set(gone.map(({ leaf }) => leaf));
    for (const { peer } of joining) {
      // One name has one leaf. Not our own: nobody gets in under our name.
      const old = group.leaves.find(({ participant }) => participant === peer.participant);
      if (old !== undefined) removed.add(old);
    }
    return {
      removed: [...removed],
      shutOut: gone.filter(({ leaving }) => leaving.isShutOut).map(({ leaf }) => leaf),
      joining,
    };
  }
}
