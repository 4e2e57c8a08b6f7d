// Letters between the people of a room, through a TextRoom of Janus. Janus reads all of them, and may lose or change any:
// those of the exchange are sealed and signed, the others tell it nothing that it could use.

import type { Bytes } from 'sframe-wasm';
import type { KeyChannel } from 'sframe-wasm/exchange';
import type { JanusTextRoom } from 'sframe-wasm/janus';
import type { Letter, Letters } from '../../../call/src/call/relay.ts';

/** What is said in a room beside what the other demo has. */
export type RoomLetter =
  | Letter
  /** Somebody was removed: whoever hears it gives him no keys either. There is none that lets somebody in. */
  | { readonly kind: 'removed'; readonly name: string };

/** First bytes: of the exchange, as they are; or anything else, as JSON. */
const EXCHANGE = 0;
const JSON_LETTER = 1;

export class Mailbox implements Letters {
  /** For the exchange. */
  readonly channel: KeyChannel = {
    send: (to, bytes) => this.#room.send(to, framed(EXCHANGE, bytes)),
    broadcast: (bytes) => this.#room.broadcast(framed(EXCHANGE, bytes)),
    onmessage: null,
  };
  readonly #room: JanusTextRoom;
  readonly #others: () => string[];

  /**
   * @param others who is there, as Janus says
   * @param receive of whom a letter is, its sender says, or the server
   */
  constructor(
    room: JanusTextRoom,
    others: () => string[],
    receive: (from: string, letter: RoomLetter) => void,
  ) {
    this.#room = room;
    this.#others = others;
    room.onmessage = (bytes) => {
      if (bytes[0] === EXCHANGE) this.channel.onmessage?.(bytes.slice(1));
      if (bytes[0] !== JSON_LETTER) return;
      const read = readLetter(bytes.subarray(1));
      if (read !== undefined) receive(read.from, read.letter);
    };
  }

  othersOf(): string[] {
    return this.#others();
  }

  send(from: string, to: string, letter: RoomLetter): void {
    void this.#room.send(to, writeLetter(from, letter)).catch(ignoreLoss);
  }

  broadcast(from: string, letter: RoomLetter): void {
    void this.#room.broadcast(writeLetter(from, letter)).catch(ignoreLoss);
  }
}

/** What is not carried was lost, as letters may be: who needs an answer asks again. */
function ignoreLoss(): void {}

function framed(first: number, bytes: Uint8Array): Bytes {
  const all = new Uint8Array(1 + bytes.length);
  all[0] = first;
  all.set(bytes, 1);
  return all;
}

function writeLetter(from: string, letter: RoomLetter): Bytes {
  const text = JSON.stringify({ from, letter }, (_, value: unknown) => {
    if (value instanceof Uint8Array) return { bytes: Array.from(value) };
    return typeof value === 'bigint' ? `${value}` : value;
  });
  return framed(JSON_LETTER, new TextEncoder().encode(text));
}

/** undefined: it is none. */
function readLetter(bytes: Uint8Array): { from: string; letter: RoomLetter } | undefined {
  try {
    const { from, letter } = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
    const read = typeof from === 'string' && from !== '' ? readKind(letter) : undefined;
    return read && { from, letter: read };
  } catch {
    return undefined;
  }
}

function readKind(letter: Record<string, unknown>): RoomLetter | undefined {
  switch (letter['kind']) {
    case 'comparison':
      return { kind: 'comparison', bytes: readBytes(letter['bytes']) };
    case 'hello':
      return { kind: 'hello' };
    case 'session':
      return { kind: 'session', session: readBytes(letter['session']), kid: readKid(letter['kid']) };
    case 'have':
      return { kind: 'have', kid: readKid(letter['kid']) };
    case 'recording':
      return { kind: 'recording', isOn: letter['isOn'] === true };
    case 'removed':
      return typeof letter['name'] === 'string' ? { kind: 'removed', name: letter['name'] } : undefined;
    default:
      return undefined;
  }
}

function readBytes(value: unknown): Bytes {
  const { bytes } = value as { bytes: number[] };
  return Uint8Array.from(bytes);
}

function readKid(value: unknown): bigint {
  if (typeof value !== 'string') throw new TypeError('a KID is text here');
  return BigInt.asUintN(64, BigInt(value));
}
