// Sender keys that have come, for as long as they may be in use: a worker that takes the place of another needs them again.
// Pure state: times come from outside, in milliseconds.
//
//      key 1 comes        key 2 comes                 12 s later
//   ───────┼──────────────────┼───────────────────────────┼─────────▶ time
//          key 1              both                        key 2

import { type Bytes, copyOf } from '../../types.ts';

/** Ten seconds in which the sender may wait for others (`KeyRotation`), two for frames under way. */
const GRACE_MS = 12_000;
/** The same after somebody has left: everybody changes keys within a second. He has the old ones, and could send under them. */
const URGENT_GRACE_MS = 3000;
/** So long after that, a new key is taken for an answer to it. */
const ANSWER_MS = 2000;
/** As many as the exchange lets wait for one recipient. */
const MAX_KEYS = 8;

/** A key that came, and when it goes. */
interface ReceivedKey {
  readonly baseKey: Bytes;
  goesAt: number;
}

/** Whose key. */
export interface KeyName {
  readonly participant: string;
  readonly kid: bigint;
}

/** The keys of all others. */
export class ReceivedKeys {
  /** By participant and KID, each one's latest last. */
  readonly #keys: Map<string, Map<bigint, ReceivedKey>> = new Map();
  #leftAt = Number.NEGATIVE_INFINITY;

  /** A key has come; copied. Those before it have their time. Names those that are too many, which are wiped. */
  add(participant: string, kid: bigint, baseKey: Bytes, time: number): KeyName[] {
    const keys = this.#keys.get(participant) ?? new Map<bigint, ReceivedKey>();
    this.#keys.set(participant, keys);
    keys.get(kid)?.baseKey.fill(0);
    keys.delete(kid);
    const grace = time - this.#leftAt < ANSWER_MS ? URGENT_GRACE_MS : GRACE_MS;
    for (const key of keys.values()) key.goesAt = Math.min(key.goesAt, time + grace);
    keys.set(kid, { baseKey: copyOf(baseKey), goesAt: Number.POSITIVE_INFINITY });
    const [oldest] = keys.keys();
    return keys.size > MAX_KEYS ? [this.#wipe(keys, participant, oldest as bigint)] : [];
  }

  get(participant: string, kid: bigint): Bytes | undefined {
    return this.#keys.get(participant)?.get(kid)?.baseKey;
  }

  /** All of them, in the order they came. */
  *all(): Generator<KeyName & { readonly baseKey: Bytes }> {
    for (const [participant, keys] of this.#keys)
      for (const [kid, { baseKey }] of keys) yield { participant, kid, baseKey };
  }

  /** Somebody has left. His own are wiped, and those that others no longer use go soon. */
  leave(participant: string, time: number): void {
    for (const { baseKey } of this.#keys.get(participant)?.values() ?? []) baseKey.fill(0);
    this.#keys.delete(participant);
    this.#leftAt = time;
    for (const keys of this.#keys.values())
      for (const key of keys.values())
        if (key.goesAt !== Number.POSITIVE_INFINITY)
          key.goesAt = Math.min(key.goesAt, time + URGENT_GRACE_MS);
  }

  /** Wipes those whose time is over, and names them. */
  expire(time: number): KeyName[] {
    const gone: KeyName[] = [];
    for (const [participant, keys] of this.#keys)
      for (const [kid, { goesAt }] of keys) if (time >= goesAt) gone.push(this.#wipe(keys, participant, kid));
    return gone;
  }

  #wipe(keys: Map<bigint, ReceivedKey>, participant: string, kid: bigint): KeyName {
    keys.get(kid)?.baseKey.fill(0);
    keys.delete(kid);
    return { participant, kid };
  }

  /** Wipes all. */
  clear(): void {
    for (const { baseKey } of this.all()) baseKey.fill(0);
    this.#keys.clear();
  }
}
