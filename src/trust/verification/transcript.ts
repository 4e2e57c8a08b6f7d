// What each side commits to, and the string that both make of it. The protocol is this library's own.
//
//   part        = fields: version (1 byte), room, cipher suite (u16be), context, id, identity key, exchange key, nonce
//   commitment  = SHA-256(fields: "sframe-wasm verification commitment" ‖ part)
//   SAS         = HKDF-SHA256(IKM = part ‖ part, salt = "", info = "sframe-wasm verification string", 14 bytes)
//
// Each field is u16be(length) ‖ bytes. The part whose id comes first, byte by byte, goes first: there are no roles.

import { hkdf, importHkdfKey, subtleCrypto, unavailable } from '../../core/subtle.ts';
import { prefixed } from '../../names.ts';
import { assertBytes, assertObject, type Bytes, concat, copyOf, viewOf } from '../../types.ts';
import { compare, fieldsOf, readKey, utf8 } from '../fields.ts';
import { VERSION } from './messages.ts';
import { SAS_LEN, type ShortAuthenticationString, toShortString } from './sas.ts';

/** In bytes: an MLS epoch authenticator has 64 at most. */
const MAX_CONTEXT_LEN = 4096;

/** A participant, as those who verify know him. */
export interface VerificationParticipant {
  /** His name in signalling, 1 to 512 bytes of UTF-8, compared byte by byte. One for each device. */
  readonly id: string;
  /** His long-lived public key, which verification is about; 32 to 4096 bytes. */
  readonly identityKey: Uint8Array;
  /** The public key by which keys are exchanged with him now; 32 to 4096 bytes. */
  readonly exchangeKey: Uint8Array;
}

/** The same, checked and copied. */
export interface Party {
  readonly id: string;
  /** UTF-8, without its length. */
  readonly name: Bytes;
  readonly identityKey: Bytes;
  readonly exchangeKey: Bytes;
}

export function readParty(participant: VerificationParticipant, argument: string): Party {
  assertObject(participant, argument);
  const { id, identityKey, exchangeKey } = participant;
  const field = prefixed(id, `${argument}.id`);
  return {
    id,
    name: copyOf(viewOf(field, 2, field.length)),
    identityKey: readKey(identityKey, `${argument}.identityKey`),
    exchangeKey: readKey(exchangeKey, `${argument}.exchangeKey`),
  };
}

/** The fields that both sides have in common. */
export function sharedFields(room: string, suiteId: number, context: Uint8Array | undefined): Bytes {
  const roomField = prefixed(room, 'room');
  if (context !== undefined && assertBytes(context, 'context') > MAX_CONTEXT_LEN)
    throw new RangeError(`context must be at most ${MAX_CONTEXT_LEN} bytes long`);
  const suite = new Uint8Array([suiteId >> 8, suiteId & 0xff]);
  const rest = fieldsOf(suite, context === undefined ? new Uint8Array(0) : copyOf(context));
  return concat(concat(fieldsOf(new Uint8Array([VERSION])), roomField), rest);
}

/** One side's part. */
export function partOf(shared: Bytes, party: Party, nonce: Bytes): Bytes {
  return concat(shared, fieldsOf(party.name, party.identityKey, party.exchangeKey, nonce));
}

/** 32 bytes that bind to a part, and say nothing of it before its nonce is known. */
export async function commitmentTo(part: Bytes): Promise<Bytes> {
  const input = concat(fieldsOf(utf8('sframe-wasm verification commitment')), part);
  return new Uint8Array(await subtleCrypto().digest('SHA-256', input).catch(unavailable));
}

/** The string of two parts, whichever comes first. */
export async function shortStringOf(
  a: { readonly name: Bytes; readonly part: Bytes },
  b: { readonly name: Bytes; readonly part: Bytes },
): Promise<ShortAuthenticationString> {
  const both = compare(a.name, b.name) < 0 ? concat(a.part, b.part) : concat(b.part, a.part);
  const key = await importHkdfKey(both);
  const info = utf8('sframe-wasm verification string');
  return toShortString(await hkdf('SHA-256', key, new Uint8Array(0), info, SAS_LEN));
}
