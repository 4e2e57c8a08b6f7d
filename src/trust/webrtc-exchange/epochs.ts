// MLS epochs in a call: the client opens frames of a new one at once, and sends in it when the others have it, too
// (`enterEpoch`). No key is kept here: the exchange exports those of the last two epochs again.

import { fingerprintOf } from '../../core/derived-key.ts';
import { importHkdfKey } from '../../core/subtle.ts';
import { type ExportedEpoch, enterEpoch, exportBaseKey } from '../../mls/exporter.ts';
import type { MlsEntrance, MlsExchangeEvents } from '../mls-exchange/event.ts';
import type { Desk, GroupExchange, Keying } from './desk.ts';

/** An epoch that the group is in, or was. */
interface Epoch {
  readonly entrance: MlsEntrance;
  /** Leaf indices of the others, by name; without those who have left since. */
  readonly members: Map<string, number>;
}

/** The one in which we are, and the one before, of which frames may be under way. */
const MAX_EPOCHS = 2;

/** A client whose keys come from an `MlsExchange`. */
export class Epochs implements Keying {
  readonly #desk: Desk;
  readonly #exchange: GroupExchange;
  /** The latest last. */
  #epochs: Epoch[] = [];
  /** Commits that have lost against others of the same epoch. */
  readonly #lost: WeakSet<Epoch> = new WeakSet();
  /** What the client sends in. */
  #sending: Epoch | undefined;

  constructor(desk: Desk, exchange: GroupExchange) {
    this.#desk = desk;
    this.#exchange = exchange;
    const on = { signal: desk.open };
    exchange.addEventListener('leave', ({ participant }) => this.#leave(participant), on);
    exchange.addEventListener('epoch', (event) => this.#enter(event), on);
    exchange.addEventListener('removed', () => this.#onRemoved(), on);
    if (exchange.epoch !== undefined) this.renew(); // of the present one nobody has told us
  }

  restore(): void {
    this.#sending = undefined;
    void this.#takeAll(this.#epochs);
  }

  renew(): void {
    try {
      this.#exchange.rotate();
    } catch (error) {
      this.#desk.watch(Promise.reject(error));
    }
  }

  /** Whoever has missed an epoch, the exchange finds. */
  missing(): void {}

  async hasKey(_participant: string, kid: bigint, fingerprint: string): Promise<boolean> {
    const { cipherSuite, suite } = this.#desk.settings;
    for (const { entrance } of this.#epochs) {
      const baseKey = await exportBaseKey(entrance.exporter, cipherSuite).catch(() => undefined);
      if (baseKey === undefined) continue; // it is over
      const imported = importHkdfKey(baseKey);
      baseKey.fill(0);
      if (fingerprint === (await fingerprintOf(suite, kid, await imported))) return true;
    }
    return false;
  }

  destroy(): void {
    this.#epochs = [];
  }

  #leave(participant: string): void {
    for (const { members } of this.#epochs) members.delete(participant);
    this.#desk.left(participant);
  }

  #enter({ entrance, participants }: MlsExchangeEvents['epoch']): void {
    const others = participants.filter(({ senderIndex }) => senderIndex !== entrance.senderIndex);
    for (const { participant, identityKey } of others) this.#desk.joined(participant, identityKey);
    const members = new Map(others.map(({ participant, senderIndex }) => [participant, senderIndex]));
    const epoch: Epoch = { entrance, members };
    const isBefore = (one: Epoch) => one.entrance.epoch < entrance.epoch;
    for (const one of this.#epochs) if (!isBefore(one)) this.#lost.add(one);
    this.#epochs = [...this.#epochs.filter(isBefore), epoch].slice(-MAX_EPOCHS);
    void this.#take(epoch, true);
  }

  /** In their order. */
  async #takeAll(epochs: readonly Epoch[]): Promise<void> {
    for (const epoch of epochs) await this.#take(epoch, epoch === epochs.at(-1));
  }

  /** Gives an epoch to the client. @param isSent whether it is for sending, too */
  async #take(epoch: Epoch, isSent: boolean): Promise<void> {
    const { client, settings, watch } = this.#desk;
    const { entrance, members } = epoch;
    const receiver = {
      addEpoch: (exported: ExportedEpoch) =>
        watch(client.addEpoch({ ...exported, members: Object.fromEntries(members) })),
    };
    const sending = () => this.#sending?.entrance.epoch;
    const sender = {
      get epoch() {
        return sending();
      },
      setEpoch: (exported: ExportedEpoch) => this.#send(epoch, exported),
    };
    try {
      await enterEpoch({
        ...entrance,
        cipherSuite: settings.cipherSuite,
        decryptors: [receiver],
        encryptors: isSent ? [sender] : [],
      });
    } catch (error) {
      this.#onFailed(epoch, error);
    }
  }

  #send(epoch: Epoch, exported: ExportedEpoch): void {
    if (this.#lost.has(epoch) || this.#sending === epoch || this.#desk.open.aborted) return;
    this.#sending = epoch;
    const set = this.#desk.client.setEpoch(exported);
    this.#desk.watch(set);
    set.then(
      () => this.#desk.sending(),
      () => {},
    );
  }

  /** It could not be exported. */
  #onFailed({ entrance }: Epoch, error: unknown): void {
    const { epoch } = this.#exchange;
    if (epoch !== undefined && epoch !== entrance.epoch) return; // it is over, and a later one there
    this.#desk.watch(Promise.reject(error));
    if (epoch === undefined || this.#desk.open.aborted) return; // the exchange was destroyed
    this.#stopSending();
    this.renew();
  }

  /** Who was removed may have the keys of the epoch that we are in: sends under a key that nobody has. */
  #stopSending(): void {
    this.#sending = undefined;
    const baseKey = crypto.getRandomValues(new Uint8Array(32));
    this.#desk.watch(this.#desk.client.setEncryptionKey(baseKey));
    baseKey.fill(0);
  }

  #onRemoved(): void {
    const { client, watch } = this.#desk;
    this.#stopSending();
    for (const { entrance, members } of this.#epochs) {
      for (const participant of members.keys()) this.#desk.left(participant);
      watch(client.removeEpoch(entrance.epoch));
    }
    this.#desk.close();
  }
}
