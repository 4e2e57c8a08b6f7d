// A sender's keys, one after the other: a new one is used when all who were given it have it, or when waiting is over.
// Who does not answer must not keep the others on an old key.

import type { Bytes } from 'sframe-wasm';
import type { SFrameClient } from 'sframe-wasm/webrtc';

/** Bits of a KID that count the ratchet's steps; those above count the keys. */
export const RATCHET_BITS = 8;

/** A KID as people count: which key, and how many steps on. */
export function keyName(kid: bigint): string {
  const step = BigInt.asUintN(RATCHET_BITS, kid);
  const number = (kid >> BigInt(RATCHET_BITS)) + 1n;
  return step === 0n ? `${number}` : `${number}, step ${step}`;
}

const PATIENCE_MS = 1000;

/** Keys that receivers keep, the one in use among them: frames under the last one may still be on their way. */
const KEPT = 2n;

export class Rollout {
  readonly #client: SFrameClient;
  #generation = -1n;
  #waiting: { readonly kid: bigint; readonly names: Set<string>; done: () => void } | undefined;

  constructor(client: SFrameClient) {
    this.#client = client;
  }

  /**
   * Brings a new key into use.
   * @param baseKey zeroed in the end
   * @param recipients who must have it first
   * @param publish gives it to them
   */
  async stage(baseKey: Bytes, recipients: readonly string[], publish: (kid: bigint) => void): Promise<void> {
    this.#generation += 1n;
    const generation = this.#generation;
    const kid = generation << BigInt(RATCHET_BITS);
    try {
      const confirmed = this.#confirmed(kid, recipients);
      publish(kid);
      await confirmed;
      // one that came later has taken its place
      if (generation === this.#generation) await this.#client.setRatchetKey(baseKey, generation);
    } finally {
      baseKey.fill(0);
    }
  }

  /** Somebody has a key that was given to him. */
  confirm(name: string, kid: bigint): void {
    if (this.#waiting?.kid !== kid) return;
    this.#waiting.names.delete(name);
    if (this.#waiting.names.size === 0) this.#waiting.done();
  }

  #confirmed(kid: bigint, recipients: readonly string[]): Promise<void> {
    this.#waiting?.done();
    if (recipients.length === 0) return Promise.resolve();
    return new Promise((resolve) => {
      this.#waiting = { kid, names: new Set(recipients), done: resolve };
      setTimeout(resolve, PATIENCE_MS);
    });
  }
}

/** Takes a key of somebody else's, and lets go of those that are over. */
export async function receiveKey(
  client: SFrameClient,
  from: string,
  baseKey: Bytes,
  kid: bigint,
): Promise<void> {
  await client.addRatchetKey(from, baseKey, kid);
  const generation = kid >> BigInt(RATCHET_BITS);
  if (generation >= KEPT) await client.removeRatchetKey(from, generation - KEPT);
}
