// What the parts of a connection have in common: the client, and where to tell what has happened.

import { SFrameError } from '../../errors.ts';
import type { SFrameClient } from '../../webrtc/client.ts';
import type { SenderKeyExchange } from '../exchange/sender-key-exchange.ts';
import type { MlsExchange } from '../mls-exchange/mls-exchange.ts';
import type { ConnectionSettings } from './options.ts';

/** What is used of a `SenderKeyExchange`. */
export type SendingExchange = Pick<
  SenderKeyExchange,
  'addEventListener' | 'participants' | 'publish' | 'request' | 'forget'
>;

/** What is used of an `MlsExchange`. */
export type GroupExchange = Pick<MlsExchange, 'addEventListener' | 'epoch' | 'rotate'>;

/** An exchange that can be connected with a client: a `SenderKeyExchange`, an `MlsExchange`, or what behaves like one. */
export type CallExchange = SendingExchange | GroupExchange;

/** One connection, as its parts see it. */
export interface Desk {
  readonly client: SFrameClient;
  readonly settings: ConnectionSettings;
  /** Aborted at the end: for listeners. */
  readonly open: AbortSignal;
  /** Tells if it fails. @param participant whose key it is; undefined: ours */
  watch(work: Promise<unknown>, participant?: string): void;
  /** The client sends under a key of this connection, and its present worker has it. */
  sending(): void;
  /** Somebody is there, with this identity key; perhaps he was before. */
  joined(participant: string, identityKey: Uint8Array<ArrayBuffer>): void;
  /** He is not any more: the client opens nothing of his. */
  left(participant: string): void;
  /** Ends the connection. */
  close(): void;
}

/** Whether the worker is gone, of which the client tells itself, or the client, or the exchange. */
export function isEnd(error: unknown): boolean {
  return error instanceof SFrameError && (error.code === 'worker-failed' || error.code === 'destroyed');
}

/** What one kind of exchange does with the client's keys. */
export interface Keying {
  /** The client's worker is another, and has no keys. */
  restore(): void;
  /** Asks for fresh keys, in good time. */
  renew(): void;
  /** A participant's frames came under a key that is not here. */
  missing(participant: string): void;
  /** Whether a participant may be sending under a key with this KID and fingerprint. */
  hasKey(participant: string, kid: bigint, fingerprint: string): Promise<boolean>;
  /** Wipes all keys that are here. */
  destroy(): void;
}
