// The two messages of a verification.
//
//   commit   01 01 | commitment (32)                                                        34 bytes
//   reveal   01 02 | commitment (32) | commitment answered (32) | nonce (32)                98 bytes
//
// The first byte is the version, the second the type. A reveal names both commitments: its sender's, so that it says all
// by itself if the commit is lost or late, and the one it answers, so that it counts in one run only.

import { type Bytes, copyOf, lengthOf, viewOf } from '../../types.ts';

/** Of the protocol: in each message, and in what is committed to. */
export const VERSION = 1;
/** Of commitments and nonces. */
export const LEN = 32;

const COMMIT = 1;
const REVEAL = 2;
const HEAD = 2;

/** A message of the right form. Nothing is said of its truth. */
export interface Message {
  /** The sender's. */
  readonly commitment: Bytes;
  /** Of a reveal. */
  readonly reveal: { readonly answers: Bytes; readonly nonce: Bytes } | undefined;
}

export function commitMessage(commitment: Bytes): Bytes {
  return new Uint8Array([VERSION, COMMIT, ...commitment]);
}

export function revealMessage(commitment: Bytes, answers: Bytes, nonce: Bytes): Bytes {
  return new Uint8Array([VERSION, REVEAL, ...commitment, ...answers, ...nonce]);
}

/** What a message says, copied; undefined if it is none of this protocol's. */
export function parseMessage(message: Uint8Array): Message | undefined {
  const len = lengthOf(message);
  const [version, type] = viewOf(message, 0, Math.min(len, HEAD));
  const piece = (i: number) => copyOf(viewOf(message, HEAD + i * LEN, HEAD + (i + 1) * LEN));
  if (version !== VERSION) return undefined;
  if (type === COMMIT && len === HEAD + LEN) return { commitment: piece(0), reveal: undefined };
  if (type === REVEAL && len === HEAD + 3 * LEN)
    return { commitment: piece(0), reveal: { answers: piece(1), nonce: piece(2) } };
  return undefined;
}
