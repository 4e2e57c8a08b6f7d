// The bytes of a message between participants: a letter, signed by its sender's identity key.
//
//   version 01 | type | algorithm | session (16) | number (8) | recipient's session (16)   43 bytes
//   room | sender | identity key | recipient                 each u16be(length) ‖ bytes; no recipient: for all
//   body                                                     all that is left
//   signature (64)                                           of "sframe-wasm letter" ‖ all above
//
// `session` is drawn by each exchange object, `number` counts its letters. A letter to one names the session that it is
// for, so that the next one of the same recipient does not take it for its own; a letter to all has zeros there.

import { MAX_NAME_LEN } from '../../names.ts';
import { assertBytes, type Bytes, concat, copyOf, viewOf } from '../../types.ts';
import { fieldsOf, MAX_KEY_LEN, readFields, textOfUtf8, utf8 } from '../fields.ts';

/** Of sessions, challenges and proofs, see post.ts. */
export const TOKEN_LEN = 16;
export const SIGNATURE_LEN = 64;
/** A welcome to a group of a thousand has some hundred kilobytes. */
export const MAX_LETTER_LEN: number = 2 ** 20;

const VERSION = 1;
const TO_SESSION = 3 + TOKEN_LEN + 8;
const FIXED_LEN = TO_SESSION + TOKEN_LEN;
const LABEL: Bytes = utf8('sframe-wasm letter');

/** What a letter says before it is signed. */
export interface Letter {
  readonly type: number;
  readonly algorithm: number;
  readonly session: Bytes;
  readonly number: bigint;
  readonly room: string;
  readonly sender: string;
  readonly identityKey: Bytes;
  /** The empty string is everybody. */
  readonly recipient: string;
  /** The recipient's; undefined for everybody. */
  readonly toSession?: Bytes | undefined;
  readonly body: Bytes;
}

/** A letter that came. Nothing is said of its truth until its signature is verified. */
export interface ReceivedLetter extends Letter {
  /** What was signed. */
  readonly message: Bytes;
  readonly signature: Bytes;
}

/** All but the signature. */
export function writeLetter(letter: Letter): Bytes {
  const fixed = new Uint8Array(FIXED_LEN);
  fixed.set([VERSION, letter.type, letter.algorithm]);
  fixed.set(letter.session, 3);
  new DataView(fixed.buffer).setBigUint64(3 + TOKEN_LEN, letter.number);
  if (letter.toSession !== undefined) fixed.set(letter.toSession, TO_SESSION);
  const names = fieldsOf(utf8(letter.room), utf8(letter.sender), letter.identityKey, utf8(letter.recipient));
  return concat(concat(fixed, names), letter.body);
}

/** What is signed of it. */
export function messageOf(written: Bytes): Bytes {
  return concat(LABEL, written);
}

/** What the bytes say, copied; undefined if they are no letter. */
export function parseLetter(bytes: Uint8Array): ReceivedLetter | undefined {
  const len = assertBytes(bytes, 'bytes');
  if (len > MAX_LETTER_LEN || len < FIXED_LEN + SIGNATURE_LEN) return undefined;
  const own = copyOf(bytes);
  const end = len - SIGNATURE_LEN;
  const [version, type, algorithm] = own;
  if (version !== VERSION) return undefined;
  const read = readFields(own, FIXED_LEN, end, 4);
  if (read === undefined) return undefined;
  const [room, sender, identityKey, recipient] = read.fields as [Bytes, Bytes, Bytes, Bytes];
  if (room.length > MAX_NAME_LEN || recipient.length > MAX_NAME_LEN || identityKey.length > MAX_KEY_LEN)
    return undefined;
  if (sender.length === 0 || sender.length > MAX_NAME_LEN) return undefined;
  try {
    return {
      type: type as number,
      algorithm: algorithm as number,
      session: own.slice(3, 3 + TOKEN_LEN),
      number: new DataView(own.buffer).getBigUint64(3 + TOKEN_LEN),
      room: textOfUtf8(room),
      sender: textOfUtf8(sender),
      identityKey,
      recipient: textOfUtf8(recipient),
      toSession: recipient.length === 0 ? undefined : own.slice(TO_SESSION, FIXED_LEN),
      body: own.slice(read.end, end),
      message: messageOf(viewOf(own, 0, end)),
      signature: own.slice(end),
    };
  } catch {
    return undefined; // a name that is no UTF-8
  }
}
