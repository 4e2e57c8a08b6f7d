// What a connection between an exchange and a client tells the application. What either of them tells is not repeated.

/**
 * What `connectExchange` returns dispatches this, with the type `failed`: a key could not be given to the client or to the
 * exchange, or signatures could not be begun, because of `error`. Frames that it concerns are dropped, and nothing is sent
 * that was not to be sent; a key of ours is tried again.
 *
 * @example
 * ```js
 * import { ExchangeConnectionEvent } from 'sframe-wasm/exchange/webrtc';
 *
 * const target = new EventTarget();
 * target.addEventListener('failed', (event) => {
 *   if (event instanceof ExchangeConnectionEvent) console.log(event.participant, `${event.error}`); // bob Error: no memory
 * });
 * target.dispatchEvent(new ExchangeConnectionEvent('failed', { participant: 'bob', error: new Error('no memory') }));
 * ```
 */
export class ExchangeConnectionEvent extends Event {
  /** Whose key it was; empty if it was ours. */
  readonly participant: string;
  /** What was thrown, or what a promise rejected with. */
  readonly error: unknown;

  constructor(type: 'failed', about: { readonly participant?: string | undefined; readonly error: unknown }) {
    super(type);
    this.participant = about.participant ?? '';
    this.error = about.error;
  }
}
