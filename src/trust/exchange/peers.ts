// The others, as letters have shown them.

import { ReplayWindow } from '../../replay.ts';
import { type Bytes, highHalf, isSame, lowHalf } from '../../types.ts';

/** How many letters one may overtake. Older ones are lost, and asked for again. */
const WINDOW = 1024;

/** One session of one participant: from the making of his exchange to its end. */
export interface Endpoint {
  readonly participant: string;
  readonly identityKey: Bytes;
  readonly session: Bytes;
}

/** Somebody else's. */
export class Peer implements Endpoint {
  readonly participant: string;
  readonly identityKey: Bytes;
  readonly session: Bytes;
  /** What his exchange says of itself in every hello. */
  payload: Bytes;
  /** What our next hello to him has to prove; undefined until he has asked. */
  challenge: Bytes | undefined;
  /** Whether he has said that we are live to him. */
  knowsUs = false;
  /** When a hello of ours went to him last. */
  greetedAt: number | undefined;
  readonly #window: ReplayWindow = new ReplayWindow(WINDOW);

  constructor(participant: string, identityKey: Bytes, session: Bytes, payload: Bytes) {
    this.participant = participant;
    this.identityKey = identityKey;
    this.session = session;
    this.payload = payload;
  }

  /** He asks for a proof. One that he has not asked for before is given without delay. */
  ask(challenge: Bytes): void {
    if (this.challenge !== undefined && isSame(this.challenge, challenge)) return;
    this.challenge = challenge;
    this.knowsUs = false;
    this.greetedAt = undefined;
  }

  /** Whether a letter of this number has come, or is too old to tell. */
  has(number: bigint): boolean {
    return !this.#window.accepts(highHalf(number), lowHalf(number));
  }

  /** Takes the number of a letter, once. The letter is authentic. */
  take(number: bigint): boolean {
    if (this.has(number)) return false;
    this.#window.commit(highHalf(number), lowHalf(number));
    return true;
  }
}

/**
 * Everybody's sessions. A session is live once its owner has proved that he is there now, by a hello that answers our
 * challenge; until then he is a candidate, and what was recorded earlier gets no further than that.
 */
export class Peers {
  readonly #live: Map<string, Peer> = new Map();
  readonly #candidates: Map<string, Peer> = new Map();
  /** How often a participant's session has changed: challenges from before are void. */
  readonly #changes: Map<string, number> = new Map();

  get live(): IterableIterator<Peer> {
    return this.#live.values();
  }

  /** His live session. */
  of(participant: string): Peer | undefined {
    return this.#live.get(participant);
  }

  /** The session of a letter, if it is live. */
  find(participant: string, session: Bytes): Peer | undefined {
    const peer = this.#live.get(participant);
    return peer !== undefined && isSame(peer.session, session) ? peer : undefined;
  }

  /** The session of a hello that is not live: the same object for the same session. */
  candidate(participant: string, identityKey: Bytes, session: Bytes, payload: Bytes): Peer {
    const known = this.#candidates.get(participant);
    if (known !== undefined && isSame(known.session, session)) return known;
    const peer = new Peer(participant, identityKey, session, payload);
    this.#candidates.set(participant, peer);
    return peer;
  }

  changesOf(participant: string): number {
    return this.#changes.get(participant) ?? 0;
  }

  /** Makes a candidate's session the live one. Returns the one it replaces. */
  promote(peer: Peer): Peer | undefined {
    const previous = this.#live.get(peer.participant);
    this.#live.set(peer.participant, peer);
    this.#candidates.delete(peer.participant);
    this.#changes.set(peer.participant, this.changesOf(peer.participant) + 1);
    return previous;
  }

  /** Forgets his sessions; what they have sent is void. Returns the live one. */
  drop(participant: string): Peer | undefined {
    const peer = this.#live.get(participant);
    this.#live.delete(participant);
    this.#candidates.delete(participant);
    this.#changes.set(participant, this.changesOf(participant) + 1);
    return peer;
  }
}
