// The keys of one participant: those of his frames, whose replay windows are the receivers', and those of his messages,
// which have windows of their own for as long as they are here.

import type { CipherSuiteParameters } from '../cipher-suite.ts';
import { fingerprintOf } from '../core/derived-key.ts';
import { importHkdfKey, isCryptoKey } from '../core/subtle.ts';
import { SFrameDecryptor } from '../decryptor.ts';
import { SFrameError } from '../errors.ts';
import type { FrameDecryptor } from '../frame-decryptor.ts';
import { RatchetDecryptor } from '../sender-keys.ts';
import type { Bytes } from '../types.ts';
import { withMessageKey } from './message-key.ts';
import type { KeyAge, KeyMaterial, SessionConfig } from './protocol.ts';
import { RatchetMessages } from './ratchet-messages.ts';

/** A key that was added. */
interface AddedKey {
  /** Empty of ratchets, which go from key to key. */
  readonly fingerprint: string;
  /** By performance.now(). */
  readonly at: number;
}

/** Whom frames come from. */
export class Participant {
  readonly #config: SessionConfig;
  readonly #suite: CipherSuiteParameters;
  #plain: SFrameDecryptor | undefined;
  #ratchet: RatchetDecryptor | undefined;
  #messages: SFrameDecryptor | undefined;
  #ratchetMessages: RatchetMessages | undefined;
  /** By KID; of ratchets, by that of a generation's step 0. */
  readonly #added: Map<bigint, AddedKey> = new Map();
  #destroyed = false;

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

  /** Whether his frames are under this key. */
  has(kid: bigint, fingerprint: string): boolean {
    return (
      this.#added.get(kid)?.fingerprint === fingerprint || this.find(kid)?.fingerprintOf(kid) === fingerprint
    );
  }

  async addKey(baseKey: KeyMaterial, kid: bigint): Promise<void> {
    this.#assertOpen();
    this.#plain ??= new SFrameDecryptor({ ...this.#config, replayWindow: 0 });
    if (isCryptoKey(baseKey)) await this.#plain.importDecryptionKey(baseKey, kid);
    else this.#plain.addDecryptionKey(baseKey, kid);
    const known = this.#plain.fingerprintOf(kid); // without the core it is not known yet
    const fingerprint = known ?? (await fingerprintOf(this.#suite, kid, await asCryptoKey(baseKey)));
    if (this.#added.get(kid)?.fingerprint !== fingerprint) this.#note(kid, fingerprint);
    await withMessageKey(this.#suite, kid, baseKey, (messageKey) => {
      this.#assertOpen();
      if (messageKey === undefined) return;
      this.#messages ??= new SFrameDecryptor(this.#config);
      this.#messages.addDecryptionKey(messageKey, kid);
    });
  }

  removeKey(kid: bigint): boolean {
    this.#added.delete(kid);
    this.#messages?.removeDecryptionKey(kid);
    return this.#plain?.removeDecryptionKey(kid) ?? false;
  }

  async addRatchetKey(baseKey: Bytes, kid: bigint): Promise<void> {
    this.#assertOpen();
    const { ratchetBits } = this.#config;
    if (ratchetBits === undefined) throw new TypeError('ratchetBits must be given to use ratchet keys');
    this.#ratchet ??= new RatchetDecryptor({ ...this.#config, ratchetBits, replayWindow: 0 });
    this.#ratchet.addDecryptionKey(baseKey, kid);
    this.#ratchetMessages ??= new RatchetMessages({ ...this.#config, ratchetBits }, this.#suite);
    const isAnother = await this.#ratchetMessages.add(baseKey, kid);
    const first = kid - BigInt.asUintN(ratchetBits, kid);
    if (isAnother || !this.#added.has(first)) this.#note(first, '');
  }

  removeGeneration(generation: bigint): boolean {
    this.#added.delete(generation << BigInt(this.#config.ratchetBits ?? 0));
    this.#ratchetMessages?.removeGeneration(generation);
    return this.#ratchet?.removeGeneration(generation) ?? false;
  }

  /** Of ratchets, by the KID of a generation's step 0. */
  get ages(): KeyAge[] {
    const now = performance.now();
    return Array.from(this.#added, ([kid, { at }]) => ({ kid, seconds: (now - at) / 1000 }));
  }

  /** Wipes all keys. What is being added is not. */
  destroy(): void {
    this.#destroyed = true;
    this.#plain?.destroy();
    this.#ratchet?.destroy();
    this.#messages?.destroy();
    this.#ratchetMessages?.destroy();
    this.#added.clear();
  }

  #note(kid: bigint, fingerprint: string): void {
    this.#added.set(kid, { fingerprint, at: performance.now() });
  }

  /** @throws SFrameError `destroyed`: what is added to it now, nobody would wipe */
  #assertOpen(): void {
    if (this.#destroyed) throw new SFrameError('destroyed');
  }
}

async function asCryptoKey(baseKey: KeyMaterial): Promise<CryptoKey> {
  return isCryptoKey(baseKey) ? baseKey : importHkdfKey(baseKey);
}
