// The keys of one participant: those of his frames, whose replay windows are the receivers', and those of his messages,
// which have windows of their own.

import type { CipherSuiteParameters } from '../cipher-suite.ts';
import { isCryptoKey } from '../core/subtle.ts';
import { SFrameDecryptor } from '../decryptor.ts';
import type { FrameDecryptor } from '../frame-decryptor.ts';
import { RatchetDecryptor } from '../sender-keys.ts';
import type { Bytes } from '../types.ts';
import { messageKeyOf } from './message-key.ts';
import type { KeyAge, KeyMaterial, SessionConfig } from './protocol.ts';
import { RatchetMessages } from './ratchet-messages.ts';

/** Whom frames come from. */
export class Participant {
  readonly #config: SessionConfig;
  readonly #suite: CipherSuiteParameters;
  #plain: SFrameDecryptor | undefined;
  #ratchet: RatchetDecryptor | undefined;
  #messages: SFrameDecryptor | undefined;
  #ratchetMessages: RatchetMessages | undefined;
  /** When keys were added, by KID. */
  readonly #since: Map<bigint, number> = new Map();

  constructor(config: SessionConfig, suite: CipherSuiteParameters) {
    this.#config = config;
    this.#suite = suite;
  }

  /** What opens frames of a KID: its own key, else the ratchet. */
  find(kid: bigint): FrameDecryptor | undefined {
    return this.#plain?.hasDecryptionKey(kid) ? this.#plain : this.#ratchet;
  }

  /** What opens messages of a KID. */
  findMessages(kid: bigint): SFrameDecryptor | RatchetMessages | undefined {
    return this.#messages?.hasDecryptionKey(kid) ? this.#messages : this.#ratchetMessages;
  }

  async addKey(baseKey: KeyMaterial, kid: bigint): Promise<void> {
    this.#plain ??= new SFrameDecryptor({ ...this.#config, replayWindow: 0 });
    if (isCryptoKey(baseKey)) await this.#plain.importDecryptionKey(baseKey, kid);
    else this.#plain.addDecryptionKey(baseKey, kid);
    if (!this.#since.has(kid)) this.#since.set(kid, performance.now());
    const messageKey = await messageKeyOf(this.#suite, kid, baseKey);
    if (messageKey === undefined) return;
    this.#messages ??= new SFrameDecryptor(this.#config);
    this.#messages.addDecryptionKey(messageKey, kid);
    messageKey.fill(0);
  }

  removeKey(kid: bigint): boolean {
    this.#since.delete(kid);
    this.#messages?.removeDecryptionKey(kid);
    return this.#plain?.removeDecryptionKey(kid) ?? false;
  }

  addRatchetKey(baseKey: Bytes, kid: bigint): void {
    const { ratchetBits } = this.#config;
    if (ratchetBits === undefined) throw new TypeError('ratchetBits must be given to use ratchet keys');
    this.#ratchet ??= new RatchetDecryptor({ ...this.#config, ratchetBits, replayWindow: 0 });
    this.#ratchet.addDecryptionKey(baseKey, kid);
    this.#ratchetMessages ??= new RatchetMessages({ ...this.#config, ratchetBits }, this.#suite);
    this.#ratchetMessages.add(baseKey, kid);
    const first = kid - BigInt.asUintN(ratchetBits, kid);
    if (!this.#since.has(first)) this.#since.set(first, performance.now());
  }

  removeGeneration(generation: bigint): boolean {
    this.#since.delete(generation << BigInt(this.#config.ratchetBits ?? 0));
    this.#ratchetMessages?.removeGeneration(generation);
    return this.#ratchet?.removeGeneration(generation) ?? false;
  }

  /** Of ratchets, by the KID of a generation's step 0. */
  get ages(): KeyAge[] {
    const now = performance.now();
    return Array.from(this.#since, ([kid, since]) => ({ kid, seconds: (now - since) / 1000 }));
  }

  destroy(): void {
    this.#plain?.destroy();
    this.#ratchet?.destroy();
    this.#messages?.destroy();
    this.#ratchetMessages?.destroy();
    this.#since.clear();
  }
}
