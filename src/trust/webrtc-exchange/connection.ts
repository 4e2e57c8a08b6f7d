// An exchange and a client, connected: what the one has to say about keys, the other does.

import { SFrameError } from '../../errors.ts';
import { KnownTarget } from '../../known-target.ts';
import { assertObject } from '../../types.ts';
import type { SFrameClient } from '../../webrtc/client.ts';
import type { SFrameClientEvent } from '../../webrtc/event.ts';
import type { CallExchange, Desk, Keying } from './desk.ts';
import { Epochs } from './epochs.ts';
import { ExchangeConnectionEvent } from './event.ts';
import { type ExchangeConnectionOptions, readConnectionOptions } from './options.ts';
import { SenderKeys } from './sender-keys.ts';
import { Signatures } from './signatures.ts';

/** Clients and exchanges that are connected: each with one other. */
const connected: WeakSet<object> = new WeakSet();

/** What `connectExchange` returns. It dispatches `failed`; what the client and the exchange tell, they tell themselves. */
export class ExchangeConnection extends KnownTarget<'failed', ExchangeConnectionEvent> {
  readonly #ends: readonly object[];
  readonly #open: AbortController = new AbortController();
  readonly #keying: Keying;
  readonly #signatures: Signatures;

  /** @internal */
  constructor(client: SFrameClient, exchange: CallExchange, options: ExchangeConnectionOptions) {
    super();
    assertConnectable(client, exchange);
    const settings = readConnectionOptions(options);
    const { signal } = options;
    signal?.throwIfAborted();
    const desk: Desk = {
      client,
      settings,
      open: this.#open.signal,
      watch: (work, participant) => void work.catch((error) => this.#fail(error, participant)),
      sending: () => {
        if (!this.#open.signal.aborted) this.#signatures.sending();
      },
      joined: (participant, identityKey) => this.#signatures.join(participant, identityKey),
      left: (participant) => {
        this.#signatures.leave(participant);
        desk.watch(client.removeParticipant(participant), participant);
      },
      close: () => this.destroy(),
    };
    this.#ends = [client, exchange];
    for (const end of this.#ends) connected.add(end);
    this.#signatures = new Signatures(desk, (...key) => this.#keying.hasKey(...key));
    const on = { signal: this.#open.signal };
    client.addEventListener('keys-needed', ({ reason }) => this.#onKeysNeeded(reason), on);
    client.addEventListener('status', (event) => this.#onStatus(event), on);
    signal?.addEventListener('abort', () => this.destroy(), on);
    try {
      this.#keying = 'publish' in exchange ? new SenderKeys(desk, exchange) : new Epochs(desk, exchange);
    } catch (error) {
      this.destroy(); // the exchange was, most likely
      throw error;
    }
  }

  /**
   * Fresh keys, now and again, so that one that has leaked is of no use for long: with sender keys ours, with MLS
   * everybody's. They change by themselves when somebody comes or goes, and when a usage limit is near.
   *
   * @throws {@link SFrameError} `destroyed`
   */
  renew(): void {
    this.#assertOpen();
    this.#keying.renew();
  }

  /**
   * Takes a block of somebody's signatures: what a `signature-block` event of his client gave, however it came. Blocks
   * say themselves whose they are. What is none, or of nobody who is here, changes nothing.
   *
   * @param block copied
   * @throws TypeError if `block` is not a Uint8Array
   * @throws {@link SFrameError} `destroyed`
   */
  addSignatureBlock(block: Uint8Array): void {
    this.#assertOpen();
    this.#signatures.add(block);
  }

  /**
   * Lets go of both, and wipes what keys it has. The client stays as it is, with the keys that it has: destroy it, or
   * connect it with another exchange. Further calls throw `destroyed`, except this one.
   */
  destroy(): void {
    if (this.#open.signal.aborted) return;
    this.#open.abort();
    this.#keying?.destroy();
    this.#signatures.destroy();
    for (const end of this.#ends) connected.delete(end);
  }

  #assertOpen(): void {
    if (this.#open.signal.aborted) throw new SFrameError('destroyed');
  }

  #onKeysNeeded(reason: string): void {
    if (reason === 'worker') {
      this.#signatures.restart();
      this.#keying.restore();
    } else this.#keying.renew();
  }

  #onStatus({ reason, participant }: SFrameClientEvent): void {
    if (reason === 'key-id' && participant !== '') this.#keying.missing(participant);
  }

  #fail(error: unknown, participant: string | undefined): void {
    if (this.#open.signal.aborted) return;
    const code = error instanceof SFrameError ? error.code : undefined;
    if (code === 'worker-failed') return; // the client tells of it, and asks for keys if there is another
    this.dispatchEvent(new ExchangeConnectionEvent('failed', { participant, error }));
    if (code === 'destroyed') this.destroy(); // the client was, or the exchange
  }
}

/**
 * Connects an exchange with the client of a call, for as long as that lasts. Neither has keys of its own to be given:
 *
 * - What participants send under, the client opens, at the receivers bound to their names in the exchange; until their
 *   keys have come it drops their frames. Old keys go when they are not needed any more, those of a worker that has died
 *   are given to the next.
 * - What we send under is drawn here, given to those who are there, and used when all have it: 10 seconds later at most, or
 *   1 when somebody has left. Who comes gets later keys only, who leaves or is removed none from then on.
 * - With MLS, each epoch is opened at once, and sent in a second later.
 * - Frames are signed and verified by identity keys, if that is asked for.
 *
 * Connect them before the exchange is started: whom it knows already is met anew, which takes up to a minute. Set no keys
 * of the client yourself. A client and an exchange have one connection.
 *
 * @param client with the option `epochBits`, if the exchange is an `MlsExchange`
 * @param exchange a `SenderKeyExchange`, or an `MlsExchange`
 * @throws TypeError or RangeError naming the argument or option; the reason of `signal`, if it is aborted
 *
 * @example
 * ```js
 * import { SenderKeyExchange } from 'sframe-wasm/exchange';
 * import { connectExchange } from 'sframe-wasm/exchange/webrtc';
 * import { SFrameClient } from 'sframe-wasm/webrtc';
 *
 * const cipherSuite = 'AES_128_GCM_SHA256_128';
 * const pair = await crypto.subtle.generateKey({ name: 'ECDSA', namedCurve: 'P-256' }, false, ['sign', 'verify']);
 * const publicKey = new Uint8Array(await crypto.subtle.exportKey('raw', pair.publicKey));
 * const exchange = new SenderKeyExchange({
 *   channel: { send: () => {}, broadcast: () => {}, onmessage: null }, // in truth signalling
 *   room: 'standup',
 *   cipherSuite,
 *   identity: { participant: 'alice', privateKey: pair.privateKey, publicKey },
 *   admit: ({ status }) => status === 'verified',
 * });
 * if (SFrameClient.support().transform !== null) {
 *   const client = new SFrameClient({ cipherSuite });
 *   const connection = connectExchange(client, exchange, { cipherSuite });
 *   connection.addEventListener('failed', ({ participant, error }) => console.log(participant, error));
 *   await exchange.start(); // and client.decrypt(receiver, participant), by the names of the exchange
 * }
 * console.log(exchange.participants.length); // 0
 * exchange.destroy();
 * ```
 */
export function connectExchange(
  client: SFrameClient,
  exchange: CallExchange,
  options: ExchangeConnectionOptions,
): ExchangeConnection {
  return new ExchangeConnection(client, exchange, options);
}

/** Refuses what is no client, no exchange, or has a connection already. */
function assertConnectable(client: SFrameClient, exchange: CallExchange): void {
  assertObject(client, 'client');
  assertObject(exchange, 'exchange');
  if (typeof client.setEncryptionKey !== 'function') throw new TypeError('client must be an SFrameClient');
  if (!('publish' in exchange || 'rotate' in exchange))
    throw new TypeError('exchange must be a SenderKeyExchange or an MlsExchange');
  for (const [name, end] of Object.entries({ client, exchange }))
    if (connected.has(end)) throw new TypeError(`${name} must not be connected already`);
}
