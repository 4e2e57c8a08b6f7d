// What a key exchange tells the application. Events are dispatched synchronously, when all is done that there was to do.

import type { Bytes } from '../../types.ts';

/**
 * The events of a `SenderKeyExchange`.
 *
 * - `join`: `participant` is there, and admitted: give him keys. He was not there before, or comes with a new session,
 *   after a `leave`.
 * - `leave`: he has said good-bye, was removed or forgotten, or his session has ended
 * - `key`: a sender key of his has come: `kid`, `baseKey`, `generation`
 * - `confirmed`: he has what was published under `kid`
 * - `refused`: something came that means nothing, because of `reason`. Once, until a letter of that participant's is
 *   accepted.
 * - `failed`: the channel, `admit` or the signing key threw `error`. What was to be sent counts as lost.
 */
export type ExchangeEventType = 'join' | 'leave' | 'key' | 'confirmed' | 'refused' | 'failed';

/**
 * Why something was refused.
 *
 * - `syntax`: it is no letter of this protocol, or was cut
 * - `context`: it is of another room, or another cipher suite
 * - `not-admitted`: `admit` did not want this participant
 * - `identity`: the participant is here already, with another identity key. Somebody pretends to be him.
 * - `own-name`: somebody uses our name
 * - `signature`: it was changed, or somebody else signed it
 * - `seal`: what was sealed does not open
 * - `busy`: more letters wait than is reasonable
 */
export type ExchangeRefusal =
  | 'syntax'
  | 'context'
  | 'not-admitted'
  | 'identity'
  | 'own-name'
  | 'signature'
  | 'seal'
  | 'busy';

/**
 * What a `SenderKeyExchange` dispatches.
 *
 * @example
 * ```js
 * import { ExchangeEvent } from 'sframe-wasm/exchange';
 *
 * const target = new EventTarget();
 * target.addEventListener('refused', (event) => {
 *   if (event instanceof ExchangeEvent) console.log(event.participant, event.reason); // bob identity
 * });
 * target.dispatchEvent(new ExchangeEvent('refused', { participant: 'bob', reason: 'identity' }));
 * ```
 */
export class ExchangeEvent extends Event {
  /** Whom it is about. Of `refused`, the name that was given; empty where there is none, and where it is all. */
  readonly participant: string;
  /** Of `join`. */
  readonly identityKey: Bytes | undefined;
  /** Of `key` and `confirmed`. */
  readonly kid: bigint | undefined;
  /** Of `key`: base_key. It is zeroed when the listeners have returned: add it at once, as contexts copy it. */
  readonly baseKey: Bytes | undefined;
  /** Of `key`: which of his keys this is, counted from 1; only later ones follow. */
  readonly generation: number | undefined;
  /** Of `refused`. */
  readonly reason: ExchangeRefusal | undefined;
  /** Of `failed`. */
  readonly error: unknown;

  constructor(
    type: ExchangeEventType,
    about: {
      readonly participant?: string | undefined;
      readonly identityKey?: Bytes | undefined;
      readonly kid?: bigint | undefined;
      readonly baseKey?: Bytes | undefined;
      readonly generation?: number | undefined;
      readonly reason?: ExchangeRefusal | undefined;
      readonly error?: unknown;
    },
  ) {
    super(type);
    this.participant = about.participant ?? '';
    this.identityKey = about.identityKey;
    this.kid = about.kid;
    this.baseKey = about.baseKey;
    this.generation = about.generation;
    this.reason = about.reason;
    this.error = about.error;
  }
}

/** What the types of event have for certain. */
export interface ExchangeEvents extends Record<ExchangeEventType, ExchangeEvent> {
  join: ExchangeEvent & { readonly identityKey: Bytes };
  key: ExchangeEvent & { readonly kid: bigint; readonly baseKey: Bytes; readonly generation: number };
  confirmed: ExchangeEvent & { readonly kid: bigint };
  refused: ExchangeEvent & { readonly reason: ExchangeRefusal };
}
