// The receiving side of an MLS group, in the worker: one base key an epoch for all, and which leaf is which participant.

import type { CipherSuiteParameters } from '../cipher-suite.ts';
import type { FrameDecryptor } from '../frame-decryptor.ts';
import { MlsDecryptor } from '../mls.ts';
import { withMessageKey } from './message-key.ts';
import type { ReceivingEpoch, SessionConfig } from './protocol.ts';

/** The epochs of a group. */
export class Group {
  readonly #suite: CipherSuiteParameters;
  readonly #media: MlsDecryptor;
  readonly #messages: MlsDecryptor;
  /** Leaf indices by participant, by epoch. */
  readonly #members: Map<bigint, ReadonlyMap<string, number>> = new Map();

  constructor(config: SessionConfig, suite: CipherSuiteParameters) {
    const { epochBits } = config;
    if (epochBits === undefined) throw new TypeError('epochBits must be given to use epochs');
    this.#suite = suite;
    this.#media = new MlsDecryptor({ ...config, epochBits, replayWindow: 0 });
    this.#messages = new MlsDecryptor({ ...config, epochBits });
  }

  /** What opens frames of a KID, if it is this participant's leaf in an epoch that is here. */
  find(participant: string, kid: bigint): FrameDecryptor | undefined {
    return this.#isOf(participant, kid) ? this.#media : undefined;
  }

  findMessages(participant: string, kid: bigint): MlsDecryptor | undefined {
    return this.#isOf(participant, kid) ? this.#messages : undefined;
  }

  async addEpoch({ members, ...epoch }: ReceivingEpoch): Promise<void> {
    await withMessageKey(this.#suite, epoch.epoch, epoch.baseKey, (messageKey) => {
      this.#media.addEpoch(epoch);
      if (messageKey !== undefined) this.#messages.addEpoch({ ...epoch, baseKey: messageKey });
      for (const earlier of this.#members.keys())
        if (!this.#media.hasEpoch(earlier)) this.#members.delete(earlier);
      this.#members.set(epoch.epoch, members);
    });
  }

  removeEpoch(epoch: bigint): boolean {
    this.#members.delete(epoch);
    this.#messages.removeEpoch(epoch);
    return this.#media.removeEpoch(epoch);
  }

  /** A participant's frames are not wanted any more, in any epoch that is here. */
  forget(participant: string): void {
    for (const [epoch, members] of this.#members) {
      const others = new Map(members);
      if (others.delete(participant)) this.#members.set(epoch, others);
    }
  }

  destroy(): void {
    this.#media.destroy();
    this.#messages.destroy();
    this.#members.clear();
  }

  #isOf(participant: string, kid: bigint): boolean {
    const owner = this.#media.senderOf(kid);
    return owner !== undefined && this.#members.get(owner.epoch)?.get(participant) === owner.senderIndex;
  }
}
