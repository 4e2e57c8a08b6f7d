// A TextRoom of Janus as the channel of a key exchange. Janus reads, keeps and may change all that goes through it; the
// exchange seals and authenticates its letters, and needs nothing else of what carries them.

import { assertText } from '../names.ts';
import type { KeyChannel } from '../trust/exchange/channel.ts';
import { assertBytes, assertObject, type Bytes } from '../types.ts';
import { type JanusHandle, type JanusJsep, listen } from './janus-js.ts';

/** Options of {@link JanusTextRoom}. */
export interface JanusTextRoomOptions {
  /** The room, as it was created. */
  readonly room: number | string;
  /** The name in the room, which must be the one that the exchange has for us. */
  readonly participant: string;
  /** Of the room, if it has one. */
  readonly pin?: string | undefined;
}

/** What begins a text that is a letter: the room may be used for chat as well. */
const PREFIX = 'sframe:';
/** Of a letter's text. Larger ones are dropped. */
const MAX_TEXT_LEN = 2 ** 20;
/** Requests that wait for an answer, and how long, in ms. */
const MAX_PENDING = 1024;
const ANSWER_MS = 10_000;
/** How long a data channel may take to open, in ms: janus.js says nothing where there is no way to Janus. */
const CONNECT_MS = 30_000;

interface Pending {
  readonly settle: (error?: Error) => void;
}

/**
 * The channel of a key exchange through Janus: letters go through a TextRoom, on a data channel.
 *
 * After a connection was lost, `open` it again with a new handle. The exchange stays as it is: call its `start` again, or it says
 * hello only when its turn comes, up to a minute later.
 *
 * @example
 * ```js
 * import { JanusTextRoom } from 'sframe-wasm/janus';
 *
 * const channel = new JanusTextRoom({ room: 1234, participant: 'alice' });
 * // janus.attach({ plugin: 'janus.plugin.textroom', success: (handle) => channel.open(handle) });
 * // const exchange = new SenderKeyExchange({ channel, room: 'standup', identity, admit, ... });
 * // channel.onleave = (participant) => exchange.forget(participant);
 * console.log(channel.isOpen); // false
 * ```
 */
export class JanusTextRoom implements KeyChannel {
  onmessage: ((bytes: Uint8Array) => void) | null = null;
  /**
   * Called with the name of who is not in the room any more, as Janus says. Who closes a page says no good-bye: an exchange
   * is told by its method `forget`, and our keys change. It does no harm where it is not true: he is greeted again.
   */
  onleave: ((participant: string) => void) | null = null;
  readonly #room: number | string;
  readonly #participant: string;
  readonly #pin: string | undefined;
  readonly #pending: Map<string, Pending> = new Map();
  #handle: JanusHandle | undefined;
  #isOpen = false;
  #requests = 0;

  /** @throws TypeError or RangeError naming the option */
  constructor(options: JanusTextRoomOptions) {
    assertObject(options, 'options');
    const { room, participant, pin } = options;
    if (typeof room !== 'string' && !Number.isSafeInteger(room))
      throw new TypeError('room must be an integer or a string');
    assertText(participant, 'participant');
    if (participant === '') throw new RangeError('participant must not be empty');
    if (pin !== undefined) assertText(pin, 'pin');
    this.#room = room;
    this.#participant = participant;
    this.#pin = pin;
  }

  /** Whether letters go through. */
  get isOpen(): boolean {
    return this.#isOpen;
  }

  /**
   * Connects a new handle of the TextRoom plugin, and joins the room.
   *
   * @throws TypeError if it is of another plugin; rejects with what Janus says, or if it says nothing for 30 seconds
   */
  async open(handle: JanusHandle): Promise<void> {
    assertObject(handle, 'handle');
    if (handle.getPlugin?.() !== 'janus.plugin.textroom')
      throw new TypeError('handle must be of janus.plugin.textroom');
    this.#lose('another handle has taken its place');
    this.#handle = handle;
    listen(handle, 'ondata', (data) => {
      if (this.#handle === handle) this.#receive(data);
    });
    listen(handle, 'oncleanup', () => {
      if (this.#handle === handle) this.#lose('the connection was lost');
    });
    await connected(handle);
    if (this.#handle !== handle) throw new Error('another handle has taken its place');
    const [room, pin, username] = [this.#room, this.#pin, this.#participant];
    await this.#request({ textroom: 'join', room, pin, username });
    this.#isOpen = true;
  }

  /**
   * Leaves the room. The handle is the application's, to be detached. An exchange that was destroyed just before has said
   * good-bye by then, or it does not matter: others are told by {@link onleave}.
   */
  async close(): Promise<void> {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    await this.#request({ textroom: 'leave', room: this.#room });
    this.#lose('it was closed');
  }

  /** As {@link KeyChannel} says; rejects if Janus does not take it. */
  async send(to: string, bytes: Bytes): Promise<void> {
    assertText(to, 'to');
    return this.#post(bytes, to);
  }

  /** As {@link KeyChannel} says; rejects if Janus does not take it. */
  async broadcast(bytes: Bytes): Promise<void> {
    return this.#post(bytes);
  }

  async #post(bytes: Bytes, to?: string): Promise<void> {
    assertBytes(bytes, 'bytes');
    if (!this.#isOpen) throw new Error('the TextRoom is not open');
    return this.#request({ textroom: 'message', room: this.#room, to, text: PREFIX + toBase64(bytes) });
  }

  #request(request: object): Promise<void> {
    return new Promise((resolve, reject) => {
      const handle = this.#handle;
      if (handle === undefined) throw new Error('the TextRoom has no handle');
      if (this.#pending.size >= MAX_PENDING) throw new Error('the TextRoom does not answer');
      const transaction = `sframe-${this.#requests++}`;
      const timer = setTimeout(() => settle(new Error('the TextRoom did not answer')), ANSWER_MS);
      const settle = (error?: Error) => {
        clearTimeout(timer);
        this.#pending.delete(transaction);
        if (error === undefined) resolve();
        else reject(error);
      };
      this.#pending.set(transaction, { settle });
      handle.data({
        text: JSON.stringify({ ...request, transaction }),
        error: (error) => settle(new Error(error)),
      });
    });
  }

  #receive(data: unknown): void {
    if (typeof data !== 'string' || data.length > MAX_TEXT_LEN) return;
    const message = parse(data);
    const pending = this.#pending.get(`${message['transaction']}`);
    if (message['textroom'] === 'success') pending?.settle();
    if (message['textroom'] === 'error') pending?.settle(new Error(`TextRoom: ${message['error']}`));
    if (message['room'] !== this.#room) return;
    const { text, username } = message;
    const isGone = message['textroom'] === 'leave' || message['textroom'] === 'kicked';
    if (isGone && typeof username === 'string') this.onleave?.(username);
    if (message['textroom'] !== 'message') return;
    if (typeof text !== 'string' || !text.startsWith(PREFIX)) return;
    const bytes = fromBase64(text.slice(PREFIX.length));
    if (bytes !== undefined) this.onmessage?.(bytes);
  }

  #lose(why: string): void {
    this.#isOpen = false;
    this.#handle = undefined;
    for (const { settle } of [...this.#pending.values()]) settle(new Error(`the TextRoom is closed: ${why}`));
  }
}

/** Has Janus offer a data channel, and answers; resolves when it is open. */
function connected(handle: JanusHandle): Promise<void> {
  return new Promise((resolve, reject) => {
    const fail = (error: unknown) => {
      clearTimeout(timer);
      reject(error instanceof Error ? error : new Error(`${error}`));
    };
    const timer = setTimeout(() => fail('the TextRoom did not connect'), CONNECT_MS);
    listen(handle, 'ondataopen', () => {
      clearTimeout(timer);
      resolve();
    });
    listen(handle, 'oncleanup', () => fail('the connection was lost'));
    listen(handle, 'onmessage', (message, jsep) => {
      if (message['error'] !== undefined) fail(`TextRoom: ${message['error']}`);
      if (jsep === undefined || jsep === null) return;
      const success = (answer: JanusJsep | null) => {
        if (answer) handle.send({ message: { request: 'ack' }, jsep: answer, error: fail });
      };
      handle.createAnswer({ jsep, tracks: [{ type: 'data' }], success, error: fail });
    });
    handle.send({ message: { request: 'setup' }, error: fail });
  });
}

function parse(text: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
  } catch {
    return {};
  }
}

function toBase64(bytes: Bytes): string {
  let text = '';
  for (const byte of bytes) text += String.fromCharCode(byte);
  return btoa(text);
}

/** undefined: it is none. */
function fromBase64(text: string): Bytes | undefined {
  try {
    return Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
  } catch {
    return undefined;
  }
}
