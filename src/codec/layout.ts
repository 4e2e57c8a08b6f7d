// How a frame lies on the wire when a codec's packetizer still reads it: which bytes stay clear, and what stands behind
// them. Clear bytes are authenticated as metadata (RFC 9605 §9.4), and the receiver finds where they end from the bytes
// alone.
//
//   frame ─ split ─▶ clear, text ─ encrypt text, with clear as metadata ─▶ ciphertext ─ join ─▶ sent
//   sent ─ parse ─▶ clear, ciphertext ─ decrypt, with clear as metadata ─▶ text ─ restore ─▶ frame
//
// A layout holds no state and no key. Any frame can be split; one that does not have the form it should is encrypted
// whole, behind clear bytes that no encoder writes.

import { type Bytes, copyOf, lengthOf, viewOf } from '../types.ts';

/** One codec's rule. Inputs are plain views and never changed; all but views named so own their buffer. */
export interface Layout {
  /** What of a frame stays clear, as the receiver will have it, and what is to be encrypted. */
  split(frame: Uint8Array): Split;
  /** What is sent. */
  join(clear: Bytes, ciphertext: Bytes): Bytes;
  /** The same two out of what was received; undefined if no sender makes that. Nothing in it is authenticated. */
  parse(sent: Uint8Array): Parsed | undefined;
  /** The frame for the decoder, once the text has been authenticated together with the clear part. */
  restore(clear: Bytes, text: Bytes): Bytes;
}

export interface Split {
  readonly clear: Bytes;
  /** A view of the frame. */
  readonly text: Bytes;
}

export interface Parsed {
  readonly clear: Bytes;
  /** May be a view of what was received. */
  readonly ciphertext: Bytes;
}

/** All of it. */
export function wholeOf(bytes: Uint8Array): Bytes {
  return viewOf(bytes, 0, lengthOf(bytes));
}

/** The first `len` bytes, copied. */
export function startOf(bytes: Uint8Array, len: number): Bytes {
  return copyOf(viewOf(bytes, 0, len));
}

/** What follows them. */
export function restOf(bytes: Uint8Array, len: number): Bytes {
  return viewOf(bytes, len, lengthOf(bytes));
}
