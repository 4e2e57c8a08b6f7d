// Messages of a sender who ratchets: the key of each step's messages is derived from that step's base key. Only an
// authentic message takes a step, and then the base keys before it are gone.
//
// Messages are followed as far as frames are (see sender-keys/limits.ts), and as far back: maxForward + maxPast is
// less than 2^R, so that no KID can be of two steps. With R = 1 that leaves one step ahead, and none back.

import { BaseKeys } from '../base-keys.ts';
import type { CipherSuiteParameters } from '../cipher-suite.ts';
import { nextBaseKey } from '../core/engine.ts';
import { SFrameDecryptor } from '../decryptor.ts';
import type { SFrameErrorCode } from '../errors.ts';
import { parseHeader } from '../header.ts';
import { Chain } from '../sender-keys/chain.ts';
import { KidLayout } from '../sender-keys/kid-layout.ts';
import { type RatchetLimits, readLimits } from '../sender-keys/limits.ts';
import { type Bytes, isSame } from '../types.ts';
import { withMessageKey } from './message-key.ts';
import type { SessionConfig } from './protocol.ts';

/** Opens the messages of one participant. */
export class RatchetMessages {
  readonly #suite: CipherSuiteParameters;
  readonly #layout: KidLayout;
  readonly #limits: RatchetLimits;
  readonly #baseKeys: BaseKeys;
  /** By generation. */
  readonly #chains: Map<bigint, Chain> = new Map();
  /** Of current and past steps, with their windows. */
  readonly #opener: SFrameDecryptor;
  /** The KIDs in {@link #opener}, by generation. */
  readonly #kids: Map<bigint, Set<bigint>> = new Map();
  /** For steps ahead: keys that may come to nothing are not given to two engines. */
  readonly #aside: ConstructorParameters<typeof SFrameDecryptor>[0];

  /** @throws as `RatchetDecryptor`, if the limits are not in order */
  constructor(config: SessionConfig & { readonly ratchetBits: number }, suite: CipherSuiteParameters) {
    this.#suite = suite;
    this.#layout = new KidLayout(config.ratchetBits);
    this.#limits = readLimits(config, this.#layout);
    this.#baseKeys = new BaseKeys(suite);
    this.#opener = new SFrameDecryptor(config);
    this.#aside = { ...config, engine: 'wasm' };
  }

  /**
   * The base key of a generation at a step. One that the generation has, has passed or comes to is no news; any other
   * replaces it.
   * @returns whether the generation has another key now
   */
  async add(baseKey: Bytes, kid: bigint): Promise<boolean> {
    const generation = this.#layout.generationOf(kid);
    const known = this.#chains.get(generation);
    if (known !== undefined) {
      if (this.#leadsTo(known, baseKey, kid)) {
        await withMessageKey(this.#suite, kid, baseKey, (messageKey) =>
          this.#enter(known, known.distanceTo(kid), messageKey),
        );
        return false;
      }
      if (known.hasPassed(baseKey, kid)) return false;
      this.removeGeneration(generation);
    }
    const chain = new Chain(this.#layout, this.#baseKeys, kid, this.#baseKeys.copy(baseKey));
    try {
      await withMessageKey(this.#suite, kid, baseKey, (messageKey) => this.#enter(chain, 0, messageKey));
    } catch (error) {
      chain.close();
      throw error;
    }
    this.#chains.set(generation, chain);
    return true;
  }

  removeGeneration(generation: bigint): void {
    this.#chains.get(generation)?.close();
    this.#chains.delete(generation);
    for (const kid of this.#kids.get(generation) ?? []) this.#opener.removeDecryptionKey(kid);
    this.#kids.delete(generation);
  }

  async tryDecryptAsync(ciphertext: Uint8Array, metadata: Uint8Array): Promise<Bytes | SFrameErrorCode> {
    const header = parseHeader(ciphertext);
    if (header === undefined) return 'syntax';
    const { kid } = header;
    if (this.#opener.hasDecryptionKey(kid)) return this.#opener.tryDecryptAsync(ciphertext, metadata);
    const chain = this.#chains.get(this.#layout.generationOf(kid));
    if (chain === undefined) return 'key-id';
    const steps = chain.distanceTo(kid);
    if (steps > this.#limits.maxForward) return 'ratchet-limit';
    if (steps === 0) return 'engine-unavailable'; // its key was given, and there was no WebCrypto to derive that of messages
    return withMessageKey(this.#suite, kid, chain.baseKeyAhead(steps), async (messageKey) => {
      if (messageKey === undefined) return 'engine-unavailable';
      const refusal = await this.#tryAside(messageKey, kid, ciphertext, metadata);
      if (refusal !== undefined) return refusal;
      if (this.#chains.get(chain.generation) !== chain) return 'key-id'; // it has gone meanwhile
      // Authentic: from now on the step is one of ours. Opened again there, it enters that step's window.
      this.#enter(chain, steps, messageKey);
      return this.#opener.tryDecryptAsync(ciphertext, metadata);
    });
  }

  /** What tells the key of a message just opened from any other. */
  fingerprintOf(kid: bigint): string | undefined {
    return this.#opener.fingerprintOf(kid);
  }

  destroy(): void {
    this.#chains.clear();
    this.#kids.clear();
    this.#baseKeys.close();
    this.#opener.destroy();
  }

  /** Whether a chain stands at this base key, or comes to it. */
  #leadsTo(chain: Chain, baseKey: Bytes, kid: bigint): boolean {
    const steps = chain.distanceTo(kid);
    if (steps > 0) return steps <= this.#limits.maxForward && isSame(chain.baseKeyAhead(steps), baseKey);
    const next = nextBaseKey(this.#suite, baseKey);
    try {
      return isSame(chain.baseKeyAhead(1), next); // the chain does not show where it stands
    } finally {
      next.fill(0);
    }
  }

  /** Why a message of a step that may be none is not opened. undefined: it is authentic. */
  async #tryAside(
    messageKey: Bytes,
    kid: bigint,
    ciphertext: Uint8Array,
    metadata: Uint8Array,
  ): Promise<SFrameErrorCode | undefined> {
    const candidate = new SFrameDecryptor(this.#aside);
    try {
      candidate.addDecryptionKey(messageKey, kid);
      const opened = await candidate.tryDecryptAsync(ciphertext, metadata);
      if (typeof opened === 'string') return opened;
      opened.fill(0);
      return undefined;
    } finally {
      candidate.destroy();
    }
  }

  /** Takes a chain some steps on. What lies too far behind it then is not opened any more. */
  #enter(chain: Chain, steps: number, messageKey: Bytes | undefined): void {
    const kid = chain.kidAhead(steps);
    const { generation } = chain;
    const kids = this.#kids.get(generation) ?? new Set();
    if (messageKey !== undefined) {
      this.#opener.addDecryptionKey(messageKey, kid);
      kids.add(kid);
      this.#kids.set(generation, kids);
    }
    if (steps > 0) chain.advance(steps);
    for (const old of kids) {
      if (chain.distanceFrom(old) <= this.#limits.maxPast) continue;
      this.#opener.removeDecryptionKey(old);
      kids.delete(old);
    }
  }
}
