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
  /** What his exchange says of itself in every hello; empty until one has come. */
  payload: Bytes = new Uint8Array(0);
  /** What our next hello to him has to prove; undefined until he has asked. */
  challenge: Bytes | undefined;
  /** Whether he has said that we are live to him. */
  knowsUs = false;
  /** When a hello of ours went to him last. */
  greetedAt: number | undefined;
  /** How many went to him since he was live, and does not say so of us. */
  greetings = 0;
  /** Of his last hello to us alone. */
  #lastHello: bigint | undefined;
  readonly #window: ReplayWindow = new ReplayWindow(WINDOW);

  constructor(participant: string, identityKey: Bytes, session: Bytes) {
    this.participant = participant;
    this.identityKey = identityKey;
    this.session = session;
  }

  /**
   * He says hello to us alone: whether we are live to him, and what we are to prove. What he has not asked for before is
   * given without delay. Of letters that have overtaken each other, the last one written counts.
   * @returns whether he has forgotten us
   */
  hear(number: bigint, knowsUs: boolean, challenge: Bytes): boolean {
    if (this.#lastHello !== undefined && number < this.#lastHello) return false;
    this.#lastHello = number;
    const hasForgotten = this.knowsUs && !knowsUs;
    this.knowsUs = knowsUs;
    if (this.challenge === undefined || !isSame(this.challenge, challenge)) {
      this.challenge = challenge;
      this.greetedAt = undefined;
    }
    return hasForgotten;
  }

  /** Nothing is known of him any more, but which letters have come. */
  reset(): void {
    this.knowsUs = false;
    this.greetedAt = undefined;
    this.greetings = 0;
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

/** How many sessions of one participant may be about to prove themselves: recorded ones must not push out the present one. */
const MAX_CANDIDATES = 4;

/**
 * Everybody's sessions. A session is live once its owner has proved that he is there now, by a hello that answers our
 * challenge; until then he is a candidate, and what was recorded earlier gets no further than that. A session belongs to
 * one name and one identity key.
 */
export class Peers {
  readonly #live: Map<string, Peer> = new Map();
  /** The latest last. A session that was forgotten is there again, with the numbers of its letters. */
  readonly #candidates: Map<string, Peer[]> = new Map();
  /** How often a participant's session has changed: challenges from before are void. */
  readonly #changes: Map<string, number> = new Map();

  get live(): IterableIterator<Peer> {
    return this.#live.values();
  }

  /** His live session. */
  of(participant: string): Peer | undefined {
    return this.#live.get(participant);
  }

  /** This session, if it is live. */
  find(endpoint: Endpoint): Peer | undefined {
    const peer = this.#live.get(endpoint.participant);
    return peer !== undefined && isOf(peer, endpoint) ? peer : undefined;
  }

  /** The session of a hello that is not live: the same object for the same session. */
  candidate(endpoint: Endpoint): Peer {
    const { participant, identityKey, session } = endpoint;
    const known = this.#candidates.get(participant) ?? [];
    const peer = known.find((each) => isOf(each, endpoint)) ?? new Peer(participant, identityKey, session);
    this.#keep(peer);
    return peer;
  }

  #keep(peer: Peer): void {
    const others = this.#candidates.get(peer.participant)?.filter((each) => each !== peer) ?? [];
    this.#candidates.set(peer.participant, [...others, peer].slice(-MAX_CANDIDATES));
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

  /** Forgets his sessions, but for what letters they have sent. Returns the live one. */
  drop(participant: string): Peer | undefined {
    const peer = this.#live.get(participant);
    this.#live.delete(participant);
    this.#candidates.delete(participant);
    this.#changes.set(participant, this.changesOf(participant) + 1);
    if (peer !== undefined) {
      peer.reset();
      this.#keep(peer);
    }
    return peer;
  }
}

function isOf(peer: Peer, { identityKey, session }: Endpoint): boolean {
  return isSame(peer.session, session) && isSame(peer.identityKey, identityKey);
}
