// Those who have said hello and are not live: newcomers, and members of other groups. Who has heard of whom since when
// says whose turn it is to answer, so that not everybody greets everybody; and whether it is time to found a group.

import { type Bytes, isSame } from '../../types.ts';
import type { Peer } from '../exchange/peers.ts';
import { compare } from '../fields.ts';
import type { Group } from './group.ts';
import { isBetter, readStanding, writeStanding } from './standing.ts';
import type { Wishes } from './wishes.ts';

/** How long things take, in ms. */
export interface Times {
  readonly foundAfter: number;
  readonly patience: number;
}

interface Sighting {
  readonly peer: Peer;
  readonly since: number;
  isGreeted: boolean;
}

const NOTHING: Bytes = new Uint8Array(0);

/** By name: admission bounds how many there are. */
export class Lobby {
  readonly #times: Times;
  readonly #wishes: Wishes;
  readonly #sightings: Map<string, Sighting> = new Map();

  constructor(times: Times, wishes: Wishes) {
    this.#times = times;
    this.#wishes = wishes;
  }

  /** What our hellos say. */
  payloadOf(group: Group | undefined): Bytes {
    return group === undefined ? NOTHING : writeStanding(group, this.#wishes.rankIn(group));
  }

  /** Somebody has said hello. Returns whether he is to be greeted now. */
  isDue(peer: Peer, group: Group | undefined, time: number): boolean {
    const known = this.#sightings.get(peer.participant);
    const isKnown = known !== undefined && isSame(known.peer.session, peer.session);
    const sighting = isKnown ? known : { peer, since: time, isGreeted: false };
    this.#sightings.set(peer.participant, sighting);
    sighting.isGreeted = this.#isTurn(sighting, group, time);
    return sighting.isGreeted;
  }

  /** Those whose time it is by now; once each. After that, it takes another hello of theirs. */
  due(group: Group | undefined, time: number): Peer[] {
    const due = [...this.#sightings.values()].filter(
      (sighting) => !sighting.isGreeted && this.#isTurn(sighting, group, time),
    );
    for (const sighting of due) sighting.isGreeted = true;
    return due.map(({ peer }) => peer);
  }

  /** Of two groups those greet each other who commit; after a while, those who would commit next. */
  #isTurn({ peer, since }: Sighting, group: Group | undefined, time: number): boolean {
    const his = readStanding(peer.payload);
    const waited = time - since;
    if (his !== undefined && isBetter(his, group)) return waited >= this.#times.patience * his.rank;
    if (group === undefined || !isBetter(group, his)) return false;
    return waited >= this.#times.patience * this.#wishes.rankIn(group);
  }

  forget(participant: string): void {
    this.#sightings.delete(participant);
  }

  /** Whether anybody waits. */
  get isWaiting(): boolean {
    return [...this.#sightings.values()].some(({ isGreeted }) => !isGreeted);
  }

  /**
   * Whether to found a group, after so many ms. Who hears of one waits longer; but not for ever, for those in it may be
   * gone. Of several who have heard of none, the one with the least session is the first.
   */
  isTimeToFound(waited: number, isGroup: boolean, session: Bytes): boolean {
    const { foundAfter, patience } = this.#times;
    const peers = [...this.#sightings.values()].map(({ peer }) => peer);
    if (isGroup || peers.some(({ payload }) => readStanding(payload) !== undefined))
      return waited >= foundAfter + 3 * patience;
    if (peers.some((peer) => compare(peer.session, session) < 0)) return waited >= 2 * foundAfter + patience;
    return waited >= foundAfter;
  }
}
