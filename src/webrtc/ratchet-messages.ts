// Messages of a sender who ratchets: the key of each step's messages is derived from that step's base key. Only an
// authentic message takes a step, and then the base keys before it are gone.

import type { CipherSuiteParameters } from '../cipher-suite.ts';
import { nextBaseKey } from '../core/engine.ts';
import { SFrameDecryptor } from '../decryptor.ts';
import type { SFrameErrorCode } from '../errors.ts';
import { parseHeader } from '../header.ts';
import { KidLayout } from '../sender-keys/kid-layout.ts';
import { type Bytes, copyOf } from '../types.ts';
import { messageKeyOf } from './message-key.ts';
import type { SessionConfig } from './protocol.ts';

const MAX_FORWARD = 16;
/** Of how many steps of a generation late messages are opened. */
const KEPT_STEPS = 3;

/** The last step of a generation that a message came under, or that was given. */
interface Step {
  readonly kid: bigint;
  readonly baseKey: Bytes;
}

/** Opens the messages of one participant. */
export class RatchetMessages {
  readonly #config: SessionConfig & { readonly ratchetBits: number };
  readonly #suite: CipherSuiteParameters;
  readonly #layout: KidLayout;
  /** Of steps whose messages have come, with their windows. */
  readonly #opener: SFrameDecryptor;
  /** By generation. */
  readonly #steps: Map<bigint, Step> = new Map();
  /** The KIDs in {@link #opener} by generation, latest first. */
  readonly #opened: Map<bigint, bigint[]> = new Map();

  constructor(config: SessionConfig & { readonly ratchetBits: number }, suite: CipherSuiteParameters) {
    this.#config = config;
    this.#suite = suite;
    this.#layout = new KidLayout(config.ratchetBits);
    this.#opener = new SFrameDecryptor(config);
  }

  /** The base key of a generation at a step. */
  add(baseKey: Uint8Array, kid: bigint): void {
    this.#keep({ kid, baseKey: copyOf(baseKey) });
  }

  removeGeneration(generation: bigint): void {
    const step = this.#steps.get(generation);
    step?.baseKey.fill(0);
    this.#steps.delete(generation);
    for (const kid of this.#opened.get(generation) ?? []) this.#opener.removeDecryptionKey(kid);
    this.#opened.delete(generation);
  }

  async tryDecryptAsync(ciphertext: Uint8Array, metadata: Uint8Array): Promise<Bytes | SFrameErrorCode> {
    const header = parseHeader(ciphertext);
    if (header === undefined) return 'syntax';
    const { kid } = header;
    if (this.#opener.hasDecryptionKey(kid)) return this.#opener.tryDecryptAsync(ciphertext, metadata);
    const last = this.#steps.get(this.#layout.generationOf(kid));
    if (last === undefined) return 'key-id';
    const ahead = this.#layout.distance(last.kid, kid);
    if (ahead > (this.#config.maxForward ?? MAX_FORWARD)) return 'ratchet-limit';
    const step = { kid, baseKey: copyOf(last.baseKey) };
    for (let i = 0; i < ahead; i++) {
      const next = nextBaseKey(this.#suite, step.baseKey);
      step.baseKey.fill(0);
      step.baseKey = next;
    }
    const messageKey = await messageKeyOf(this.#suite, kid, step.baseKey);
    if (messageKey === undefined) return 'engine-unavailable';
    const candidate = new SFrameDecryptor(this.#config);
    candidate.addDecryptionKey(messageKey, kid);
    const opened = await candidate.tryDecryptAsync(ciphertext, metadata);
    candidate.destroy();
    let outcome = opened;
    if (typeof opened !== 'string' && this.#steps.get(this.#layout.generationOf(kid)) === last) {
      // Authentic: from now on the step is one of ours. Opened again there, it enters that step's window.
      this.#open(messageKey, kid);
      outcome = await this.#opener.tryDecryptAsync(ciphertext, metadata);
      this.#keep(step);
    } else step.baseKey.fill(0);
    messageKey.fill(0);
    return outcome;
  }

  destroy(): void {
    for (const { baseKey } of this.#steps.values()) baseKey.fill(0);
    this.#steps.clear();
    this.#opener.destroy();
  }

  #open(messageKey: Bytes, kid: bigint): void {
    const generation = this.#layout.generationOf(kid);
    const kids = [kid, ...(this.#opened.get(generation) ?? [])];
    for (const old of kids.splice(KEPT_STEPS)) this.#opener.removeDecryptionKey(old);
    this.#opened.set(generation, kids);
    this.#opener.addDecryptionKey(messageKey, kid);
  }

  #keep(step: Step): void {
    const generation = this.#layout.generationOf(step.kid);
    this.#steps.get(generation)?.baseKey.fill(0);
    this.#steps.set(generation, step);
  }
}
