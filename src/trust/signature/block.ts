// A signed block, byte by byte: which frames a participant has sent under one key. It travels beside the media and changes
// no byte of a frame. The format is this library's own, not RFC 9605's; docs/signatures.md describes it, too.
//
//   version 1 · algorithm 1 · session 2 + n · participant 2 + n · suite 2        head: the same in all blocks of a signer
//   KID 8 · fingerprint of the key 16 · sequence 8 · first CTR 8 · count 2       u64be, bytes, u64be, u64be, u16be
//   digests 32 · count                                                           of CTR, CTR + 1, …; zeros: none is named
//   signature 64                                                                 of "sframe-wasm signed frames" ‖ all above

import { prefixed } from '../../names.ts';
import { assertBytes, type Bytes, concat, copyTo, maxU64, viewOf } from '../../types.ts';
import { DIGEST_LEN } from './digest.ts';

const VERSION = 1;
const DOMAIN = 'sframe-wasm signed frames';

/** The most frames in a block: with it a block stays below 9 KB, which any channel carries as one message. */
export const MAX_COUNT = 256;
/** Both algorithms' signatures. */
export const SIGNATURE_LEN = 64;
/** A session is there to be fresh, so it takes as many bytes as a random one needs. */
const MIN_SESSION_LEN = 16;
const MAX_SESSION_LEN = 255;
const FINGERPRINT_LEN = 16;
/** From KID to count. */
const FIELDS_LEN = 8 + FINGERPRINT_LEN + 8 + 8 + 2;
/** No block is longer. */
export const MAX_BLOCK_LEN: number =
  2 + 2 + MAX_SESSION_LEN + 2 + 512 + 2 + FIELDS_LEN + MAX_COUNT * DIGEST_LEN + SIGNATURE_LEN;

/** The frames that a block speaks of. */
export interface SignedRange {
  readonly kid: bigint;
  /** 16 characters, see FrameEncryptor. */
  readonly fingerprint: string;
  /** Counts a signer's blocks, from 0. */
  readonly sequence: bigint;
  readonly firstCtr: bigint;
  /** DIGEST_LEN bytes for each CTR. */
  readonly digests: Bytes;
}

/** A block that has the form of one; nothing is verified. */
export interface Block extends SignedRange {
  readonly head: Bytes;
  /** What is signed. */
  readonly message: Bytes;
  readonly signature: Bytes;
}

/** Who signs what, as all his blocks begin. TypeErrors and RangeErrors name the argument. */
export function headOf(algorithm: number, session: Uint8Array, participant: string, suite: number): Bytes {
  const sessionLen = assertBytes(session, 'session');
  if (sessionLen < MIN_SESSION_LEN || sessionLen > MAX_SESSION_LEN)
    throw new RangeError(`session must be from ${MIN_SESSION_LEN} to ${MAX_SESSION_LEN} bytes long`);
  const name = prefixed(participant, 'participant');
  const head = new Uint8Array(4 + sessionLen + name.length + 2);
  head.set([VERSION, algorithm, 0, sessionLen]);
  copyTo(head.subarray(4), session);
  head.set(name, 4 + sessionLen);
  head.set([suite >> 8, suite & 0xff], 4 + sessionLen + name.length);
  return head;
}

/** A block but for its signature. */
export function bodyOf(head: Bytes, range: SignedRange): Bytes {
  const { kid, fingerprint, sequence, firstCtr, digests } = range;
  const body = new Uint8Array(head.length + FIELDS_LEN + digests.length);
  const view = new DataView(body.buffer, head.length);
  body.set(head);
  view.setBigUint64(0, kid);
  for (let i = 0; i < FINGERPRINT_LEN; i++) view.setUint8(8 + i, fingerprint.charCodeAt(i));
  view.setBigUint64(24, sequence);
  view.setBigUint64(32, firstCtr);
  view.setUint16(40, digests.length / DIGEST_LEN);
  body.set(digests, head.length + FIELDS_LEN);
  return body;
}

/** What is signed: no other protocol's message begins so. */
export function messageOf(body: Uint8Array): Bytes {
  return concat(new TextEncoder().encode(DOMAIN), body);
}

/** Takes a block apart; undefined: it is none. The parts are views of it. */
export function parseBlock(block: Bytes): Block | undefined {
  const len = block.length;
  const view = new DataView(block.buffer, block.byteOffset, len);
  if (len < 4 || block[0] !== VERSION) return undefined;
  const participantAt = 4 + view.getUint16(2);
  if (participantAt + 2 > len) return undefined;
  const headLen = participantAt + 2 + view.getUint16(participantAt) + 2;
  const digestsAt = headLen + FIELDS_LEN;
  if (digestsAt > len) return undefined;
  const count = view.getUint16(digestsAt - 2);
  const signatureAt = digestsAt + count * DIGEST_LEN;
  if (count < 1 || count > MAX_COUNT || signatureAt + SIGNATURE_LEN !== len) return undefined;
  const firstCtr = view.getBigUint64(headLen + 32);
  if (firstCtr > maxU64 - BigInt(count - 1)) return undefined;
  return {
    head: viewOf(block, 0, headLen),
    kid: view.getBigUint64(headLen),
    fingerprint: String.fromCharCode(...block.subarray(headLen + 8, headLen + 8 + FINGERPRINT_LEN)),
    sequence: view.getBigUint64(headLen + 24),
    firstCtr,
    digests: viewOf(block, digestsAt, signatureAt),
    message: messageOf(block.subarray(0, signatureAt)),
    signature: viewOf(block, signatureAt, len),
  };
}
