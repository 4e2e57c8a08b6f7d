// What every exchange is told.

import type { VerificationBook } from '../verification/book.ts';
import type { Admit } from './admission.ts';
import type { KeyChannel } from './channel.ts';
import type { ExchangeIdentity } from './identity.ts';

/** Options that every exchange has. */
export interface ExchangeOptions {
  /** What carries its letters; its `onmessage` is set. */
  readonly channel: KeyChannel;
  /** Names the room or call, 1 to 512 bytes of UTF-8, the same on all sides. */
  readonly room: string;
  /** Who this participant is. */
  readonly identity: ExchangeIdentity;
  /** Says who may be a member. There is no default: a server can invent participants. */
  readonly admit: Admit;
  /** Gives `admit` the status of each identity key, and is told those that were admitted. */
  readonly book?: VerificationBook | undefined;
  /** How many others there may be, 1 to 10000; default 1000. Who comes then is refused. */
  readonly maxParticipants?: number | undefined;
  /** Milliseconds, of a clock that does not run backwards; default `performance.now`. */
  readonly now?: (() => number) | undefined;
}
