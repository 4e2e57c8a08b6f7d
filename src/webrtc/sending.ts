// The sending side of a client, in the worker: one encryption context for all of its senders, so one counter; plain,
// ratcheted or of an MLS group, as the last key set is. Messages have an encryptor of the same kind beside it.

import type { CipherSuiteParameters } from '../cipher-suite.ts';
import { isCryptoKey } from '../core/subtle.ts';
import { SFrameEncryptor } from '../encryptor.ts';
import { SFrameError } from '../errors.ts';
import type { FrameEncryptor, KeyIdentity } from '../frame-encryptor.ts';
import { parseHeader } from '../header.ts';
import { MlsEncryptor } from '../mls.ts';
import { RatchetEncryptor } from '../sender-keys.ts';
import { type Bytes, lengthOf } from '../types.ts';
import { LimitedEncryptor } from './limited-encryptor.ts';
import { messageMetadata, withMessageKey } from './message-key.ts';
import { Meter } from './meter.ts';
import { type KeyMaterial, type SendingEpoch, type SessionConfig, wipeSecrets } from './protocol.ts';

/** Encryptors of one kind: of frames, and of messages. */
interface Pair<E extends { destroy(): void }> {
  readonly media: E;
  readonly messages: E;
}

/** Messages of a ratchet's steps have plain keys, derived from the steps' base keys. */
interface Ratchet {
  readonly media: RatchetEncryptor;
  readonly messages: SFrameEncryptor;
}

/** What a client sends under. */
export class Sending {
  readonly #config: SessionConfig;
  readonly #suite: CipherSuiteParameters;
  /** Of all senders. */
  readonly media: LimitedEncryptor;
  readonly messageMeter: Meter = new Meter();
  readonly #messages: LimitedEncryptor;
  readonly #metadata: Bytes = messageMetadata();
  /** One-way: what this client has sent under, frames and messages. */
  readonly #own: Set<string>;
  #plain: Pair<SFrameEncryptor> | undefined;
  #ratchet: Ratchet | undefined;
  #mls: Pair<MlsEncryptor> | undefined;

  /** @param expiring called when a usage limit is near */
  constructor(config: SessionConfig, suite: CipherSuiteParameters, expiring: (kid: bigint) => void) {
    this.#config = config;
    this.#suite = suite;
    this.#own = new Set(config.own);
    this.media = new LimitedEncryptor(config, suite, expiring);
    this.#messages = new LimitedEncryptor(config, suite, expiring);
    this.#messages.onSealed = (encryptor, message) => this.#noteOwn(encryptor, message);
  }

  /** Whether this client has sent under a key. */
  isOwn(fingerprint: string): boolean {
    return this.#own.has(fingerprint);
  }

  /** A plain key. Frames leave under it when this has resolved. */
  async setKey(baseKey: KeyMaterial, kid: bigint, fingerprint: string): Promise<bigint> {
    this.#plain ??= {
      media: new SFrameEncryptor(this.#config),
      messages: new SFrameEncryptor(this.#config),
    };
    const { media, messages } = this.#plain;
    return withMessageKey(this.#suite, kid, baseKey, async (messageKey) => {
      this.#own.add(fingerprint);
      if (isCryptoKey(baseKey)) await media.importEncryptionKey(baseKey, kid);
      else media.setEncryptionKey(baseKey, kid);
      this.media.use(media);
      if (messageKey !== undefined) messages.setEncryptionKey(messageKey, kid);
      this.#messages.use(messages);
      return kid;
    });
  }

  /** A key that can be ratcheted, at step 0. */
  async setRatchetKey(baseKey: Bytes, generation: bigint, fingerprint: string): Promise<bigint> {
    const { ratchetBits } = this.#config;
    if (ratchetBits === undefined) throw new TypeError('ratchetBits must be given to use ratchet keys');
    this.#ratchet ??= {
      media: new RatchetEncryptor({ ...this.#config, ratchetBits }),
      messages: new SFrameEncryptor(this.#config),
    };
    const { media } = this.#ratchet;
    this.#own.add(fingerprint);
    media.setEncryptionKey(baseKey, generation);
    return (await this.#followRatchet()).kid;
  }

  /** The next step. */
  async ratchet(): Promise<KeyIdentity> {
    this.#ratcheting.ratchet();
    return this.#followRatchet();
  }

  /** The key of the current step, for a joiner. */
  exportKey(): { baseKey: Bytes; kid: bigint } {
    return this.#ratcheting.exportKey();
  }

  /** An MLS epoch. Returns its KID. */
  async setEpoch({ fingerprint, ...epoch }: SendingEpoch): Promise<bigint> {
    const { epochBits, contextId } = this.#config;
    if (epochBits === undefined) throw new TypeError('epochBits must be given to use epochs');
    this.#mls ??= {
      media: new MlsEncryptor({ ...this.#config, epochBits, contextId }),
      messages: new MlsEncryptor({ ...this.#config, epochBits, contextId }),
    };
    const { media, messages } = this.#mls;
    return withMessageKey(this.#suite, epoch.epoch, epoch.baseKey, (messageKey) => {
      this.#own.add(fingerprint);
      media.setEpoch(epoch);
      this.media.use(media);
      if (messageKey !== undefined) messages.setEpoch({ ...epoch, baseKey: messageKey });
      this.#messages.use(messages);
      return media.kid as bigint;
    });
  }

  async encryptMessage(data: Bytes): Promise<Bytes> {
    const started = performance.now();
    if (this.#messages.kid === undefined && this.media.kid !== undefined)
      throw new SFrameError(
        'engine-unavailable',
        undefined,
        'keys of messages need WebCrypto: a secure context',
      );
    const sent = await this.#messages.encryptAsync(data, this.#metadata);
    this.messageMeter.count(lengthOf(data), performance.now() - started);
    return sent;
  }

  destroy(): void {
    for (const pair of [this.#plain, this.#ratchet, this.#mls]) {
      pair?.media.destroy();
      pair?.messages.destroy();
    }
  }

  /** @throws SFrameError `no-key` */
  get #ratcheting(): RatchetEncryptor {
    // Not one that another key has taken the place of: who was to be shut out by that could follow.
    const current = this.media.encryptor;
    if (this.#ratchet === undefined || current !== this.#ratchet.media) throw new SFrameError('no-key');
    return this.#ratchet.media;
  }

  /** Frames and messages leave under the step that the ratchet has reached. */
  async #followRatchet(): Promise<KeyIdentity> {
    const { media, messages } = this.#ratchet as Ratchet;
    const identity = media.keyOf(media.kid as bigint) as KeyIdentity;
    const { kid, fingerprint } = identity;
    this.#own.add(fingerprint);
    this.media.use(media);
    const exported = media.exportKey();
    try {
      await withMessageKey(this.#suite, kid, exported.baseKey, (messageKey) => {
        if (messageKey !== undefined) messages.setEncryptionKey(messageKey, kid);
        this.#messages.use(messages);
      });
    } finally {
      wipeSecrets(exported);
    }
    return identity;
  }

  /** A message has left: should it come back as somebody else's, it is not opened. */
  #noteOwn(encryptor: FrameEncryptor, message: Uint8Array): void {
    const kid = parseHeader(message)?.kid;
    const key = kid === undefined ? undefined : encryptor.keyOf(kid);
    if (key !== undefined) this.#own.add(key.fingerprint);
  }
}
