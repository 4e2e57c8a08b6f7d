// The name on a leaf of the ratchet tree. MLS signs with a key of the leaf's own, because the identity key need not be
// extractable; and the identity key signs whose that is.
//
//   algorithm (1) | session (16) | attempt (4) | participant, identity key     each u16be(length) ‖ bytes
//   signature (64) of u16be(length) ‖ field: "sframe-wasm mls leaf", room, all above, public key of the leaf
//
// `attempt` counts the key packages of a session: one that was held back is older than the leaf that is there.

import type { Credential } from 'ts-mls';
import { type Bytes, concat, copyOf, viewOf } from '../../types.ts';
import { IdentityVerifier, type OwnIdentity } from '../exchange/identity.ts';
import { SIGNATURE_LEN, TOKEN_LEN } from '../exchange/letter.ts';
import { fieldsOf, readFields, textOfUtf8, utf8 } from '../fields.ts';

/** Who a leaf is. */
export interface LeafName {
  readonly participant: string;
  readonly identityKey: Bytes;
  readonly session: Bytes;
  readonly attempt: number;
}

interface ParsedName extends LeafName {
  readonly algorithm: number;
  /** All but the signature. */
  readonly told: Bytes;
  readonly signature: Bytes;
}

const LABEL: Bytes = utf8('sframe-wasm mls leaf');
const HEAD_LEN = 1 + TOKEN_LEN + 4;
/** How many good ones are remembered: they come again with each commit of their owners. */
const MAX_KNOWN = 2048;

/** Names a leaf of ours. */
export async function makeCredential(
  room: string,
  identity: OwnIdentity,
  session: Bytes,
  attempt: number,
  leafKey: Uint8Array,
): Promise<Credential> {
  const head = new Uint8Array(HEAD_LEN);
  head[0] = identity.key.algorithm;
  head.set(session, 1);
  new DataView(head.buffer).setUint32(1 + TOKEN_LEN, attempt);
  const told = concat(head, fieldsOf(utf8(identity.participant), identity.publicKey));
  const signature = await identity.key.sign(statement(room, told, leafKey));
  return { credentialType: 'basic', identity: concat(told, signature) };
}

function statement(room: string, told: Bytes, leafKey: Uint8Array): Bytes {
  return fieldsOf(LABEL, utf8(room), told, leafKey);
}

/** What a credential says, copied; undefined if it is none of ours. Whether it is true, {@link LeafVerifier} knows. */
export function parseCredential(credential: Credential): ParsedName | undefined {
  if (credential.credentialType !== 'basic') return undefined;
  const bytes = copyOf(credential.identity);
  const end = bytes.length - SIGNATURE_LEN;
  if (end < HEAD_LEN) return undefined;
  const read = readFields(bytes, HEAD_LEN, end, 2);
  if (read === undefined || read.end !== end) return undefined;
  const [participant, identityKey] = read.fields as [Bytes, Bytes];
  try {
    return {
      algorithm: bytes[0] as number,
      session: bytes.slice(1, 1 + TOKEN_LEN),
      attempt: new DataView(bytes.buffer).getUint32(1 + TOKEN_LEN),
      participant: textOfUtf8(participant),
      identityKey,
      told: viewOf(bytes, 0, end),
      signature: bytes.slice(end),
    };
  } catch {
    return undefined; // a name that is no UTF-8
  }
}

/** What ts-mls asks about each leaf that comes. */
export class LeafVerifier {
  readonly #room: string;
  readonly #identities: IdentityVerifier = new IdentityVerifier();
  readonly #known: Set<string> = new Set();

  constructor(room: string) {
    this.#room = room;
  }

  /** Whether the identity key that the leaf names has signed so, for this room. */
  async validateCredential(credential: Credential, leafKey: Uint8Array): Promise<boolean> {
    const name = parseCredential(credential);
    if (name === undefined) return false;
    const message = statement(this.#room, name.told, leafKey);
    const known = String.fromCharCode(...message, ...name.signature);
    if (this.#known.has(known)) return true;
    const { identityKey, algorithm, signature } = name;
    if (!(await this.#identities.isSignedBy(identityKey, algorithm, signature, message))) return false;
    if (this.#known.size >= MAX_KNOWN) this.#known.clear();
    this.#known.add(known);
    return true;
  }
}
