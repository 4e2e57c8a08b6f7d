// What the application supplies: a way to carry bytes between the participants of a room. Nothing is asked of it. It may
// lose, delay, repeat, reorder and change them, show them to anybody, and bring some that nobody has sent.

import { assertObject, type Bytes } from '../../types.ts';

/**
 * Signalling, as an exchange sees it: any WebSocket, data channel, chat room or long poll. The server behind it is not
 * trusted. One exchange has one channel, and takes its `onmessage`.
 */
export interface KeyChannel {
  /**
   * Carries bytes to one participant.
   * @param to his name, as he gave it to his own exchange
   * @returns what is rejected or thrown is told by the event `failed`, and the bytes count as lost
   */
  send(to: string, bytes: Bytes): unknown;
  /** Carries bytes to all others in the room; whether they come back to the sender does not matter. */
  broadcast(bytes: Bytes): unknown;
  /** The exchange sets this. Call it with the bytes of each message that comes. Who sent it, they say. */
  onmessage: ((bytes: Uint8Array) => void) | null;
}

/** Refuses what is no channel. */
export function assertChannel(channel: KeyChannel): void {
  assertObject(channel, 'channel');
  if (typeof channel.send !== 'function' || typeof channel.broadcast !== 'function')
    throw new TypeError('channel must have the methods send and broadcast');
}
