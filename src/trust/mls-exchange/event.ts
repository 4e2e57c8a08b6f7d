// What a group exchange tells the application. Events are dispatched synchronously, when all is done that there was to do.

import type { MlsExporter } from '../../mls/exporter.ts';
import type { Bytes } from '../../types.ts';
import type { ExchangeRefusal } from '../exchange/event.ts';

/**
 * The events of an `MlsExchange`.
 *
 * - `epoch`: the group is in another epoch: give `entrance` to `enterEpoch` of `sframe-wasm/mls`
 * - `join`: `participant` is in the group now; before its `epoch`
 * - `leave`: he is not any more; before its `epoch`
 * - `removed`: we were shut out. All is wiped, and the exchange destroyed.
 * - `refused`: something came that means nothing, because of `reason`. `not-admitted`: the group has taken somebody in
 *   whom `admit` does not want, and we do not follow it there.
 * - `failed`: the channel, `admit`, the signing key or MLS threw `error`. What was to be sent counts as lost.
 */
export type MlsExchangeEventType = 'epoch' | 'join' | 'leave' | 'removed' | 'refused' | 'failed';

/** A member of the group, as the ratchet tree has him: not as the server says. */
export interface MlsParticipant {
  readonly participant: string;
  readonly identityKey: Bytes;
  /** His leaf: what `expect` of an `MlsDecryptor` takes. It is another if he comes back. */
  readonly senderIndex: number;
}

/** What `enterEpoch` wants to know of an epoch. Spread it, and add cipher suite, encryptors and decryptors. */
export interface MlsEntrance {
  /** The epoch's exporter, to be called before the epoch after the next. */
  readonly exporter: MlsExporter;
  readonly epoch: bigint;
  readonly groupSize: number;
  readonly senderIndex: number;
  /** 3 if a leaf was removed. */
  readonly graceSeconds: number | undefined;
}

/**
 * What an `MlsExchange` dispatches.
 *
 * @example
 * ```js
 * import { MlsExchangeEvent } from 'sframe-wasm/exchange/mls';
 *
 * const target = new EventTarget();
 * target.addEventListener('refused', (event) => {
 *   if (event instanceof MlsExchangeEvent) console.log(event.participant, event.reason); // mallory not-admitted
 * });
 * target.dispatchEvent(new MlsExchangeEvent('refused', { participant: 'mallory', reason: 'not-admitted' }));
 * ```
 */
export class MlsExchangeEvent extends Event {
  /** Of `epoch`. */
  readonly entrance: MlsEntrance | undefined;
  /** Of `epoch`: everybody who is in, we too. */
  readonly participants: readonly MlsParticipant[] | undefined;
  /** Of `epoch`: whether a leaf was removed. Its owner has the keys of the epochs before: stop sending under them. */
  readonly isRemoval: boolean | undefined;
  /** Whom it is about. Of `refused`, the name that was given; empty where there is none, and where it is all. */
  readonly participant: string;
  /** Of `join`. */
  readonly identityKey: Bytes | undefined;
  /** Of `refused`. */
  readonly reason: ExchangeRefusal | undefined;
  /** Of `failed`. */
  readonly error: unknown;

  constructor(
    type: MlsExchangeEventType,
    about: {
      readonly entrance?: MlsEntrance | undefined;
      readonly participants?: readonly MlsParticipant[] | undefined;
      readonly isRemoval?: boolean | undefined;
      readonly participant?: string | undefined;
      readonly identityKey?: Bytes | undefined;
      readonly reason?: ExchangeRefusal | undefined;
      readonly error?: unknown;
    },
  ) {
    super(type);
    this.entrance = about.entrance;
    this.participants = about.participants;
    this.isRemoval = about.isRemoval;
    this.participant = about.participant ?? '';
    this.identityKey = about.identityKey;
    this.reason = about.reason;
    this.error = about.error;
  }
}

/** What the types of event have for certain. */
export interface MlsExchangeEvents extends Record<MlsExchangeEventType, MlsExchangeEvent> {
  epoch: MlsExchangeEvent & {
    readonly entrance: MlsEntrance;
    readonly participants: readonly MlsParticipant[];
    readonly isRemoval: boolean;
  };
  join: MlsExchangeEvent & { readonly identityKey: Bytes };
  refused: MlsExchangeEvent & { readonly reason: ExchangeRefusal };
}
