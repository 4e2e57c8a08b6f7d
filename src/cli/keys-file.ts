// The keys of a recording, as JSON: docs/recordings.md describes it. Applications write it when a call is recorded; names
// are those of SFrameClient.

import { type CipherSuite, cipherSuites } from '../cipher-suite.ts';
import type { Bytes } from '../types.ts';
import { Failure } from './failure.ts';
import { JsonValue } from './json-value.ts';

/** A whole number: a safe integer, or a string, decimal or with 0x. */
type NumberText = string | number;

/** What the file holds. Bytes are base64. */
export interface RecordingKeys {
  readonly version: 1;
  readonly cipherSuite: CipherSuite;
  /** R, for ratchetKeys. */
  readonly ratchetBits?: number;
  readonly participants?: readonly ParticipantKeys[];
  readonly mls?: {
    /** E. */
    readonly epochBits: number;
    readonly epochs: readonly {
      readonly epoch: NumberText;
      readonly baseKey: string;
      readonly groupSize: number;
      /** Leaf indices by participant. */
      readonly members: Readonly<Record<string, number>>;
    }[];
  };
}

/** What one participant sent under. */
export interface ParticipantKeys {
  readonly participant: string;
  /** As `addDecryptionKey` takes them. */
  readonly keys?: readonly { readonly kid: NumberText; readonly baseKey: string }[];
  /** As `addRatchetKey` takes them; of a generation, the earliest first. */
  readonly ratchetKeys?: readonly { readonly kid: NumberText; readonly baseKey: string }[];
  /** If it is there, frames that these blocks do not vouch for are not written. */
  readonly signature?: {
    /** What he calls himself, if that is another name. */
    readonly signer?: string;
    readonly session: string;
    readonly publicKey: string;
    readonly algorithm?: 'Ed25519' | 'ECDSA-P256';
    readonly blocks: readonly string[];
  };
}

/** A base key as it was read, and where it stands in the file. */
export interface ReadKey {
  readonly kid: bigint;
  readonly baseKey: Bytes;
  readonly at: JsonValue;
}

/** An epoch that one participant was a member of. */
export interface ReadEpoch {
  readonly epoch: bigint;
  readonly baseKey: Bytes;
  readonly groupSize: number;
  readonly senderIndex: number;
  readonly at: JsonValue;
}

export interface ReadSignature {
  readonly signer: string;
  readonly session: Bytes;
  readonly publicKey: Bytes;
  readonly algorithm: 'Ed25519' | 'ECDSA-P256' | undefined;
  readonly blocks: readonly Bytes[];
  readonly at: JsonValue;
}

/** All that opens one participant's frames. */
export interface ReadKeys {
  readonly participant: string;
  readonly cipherSuite: CipherSuite;
  readonly keys: readonly ReadKey[];
  readonly ratchetBits: number | undefined;
  readonly ratchetKeys: readonly ReadKey[];
  readonly epochBits: number | undefined;
  readonly epochs: readonly ReadEpoch[];
  readonly signature: ReadSignature | undefined;
}

const MAX_RATCHET_BITS = 63;
const MAX_EPOCH_BITS = 32;
const MAX_GROUP_SIZE = 2 ** 32;

/**
 * Reads the keys of one participant: of the only one, if none is named.
 * @throws Failure saying what is wrong, and where
 */
export function readKeys(json: string, participant: string | undefined): ReadKeys {
  const { version, cipherSuite, ratchetBits, participants, mls } = rootOf(json).members(
    'version',
    'cipherSuite',
    'ratchetBits',
    'participants',
    'mls',
  );
  required(version, 'version').integer(1, 1);
  const suite = required(cipherSuite, 'cipherSuite');
  const suiteName = suite.text();
  if (!Object.hasOwn(cipherSuites, suiteName))
    suite.refuse(`must be one of ${Object.keys(cipherSuites).join(', ')}`);
  const own = (participants?.items() ?? []).map(readParticipant);
  refuseTwice(own, ({ name }) => name, 'participant');
  const group = mls && readGroup(mls);
  const chosen = choose(participant, [...own.map(({ name }) => name), ...(group?.names ?? [])]);
  const found = own.find(({ name }) => name === chosen);
  const read: ReadKeys = {
    participant: chosen,
    cipherSuite: suiteName as CipherSuite,
    keys: found?.keys ?? [],
    ratchetBits: ratchetBits?.integer(1, MAX_RATCHET_BITS),
    ratchetKeys: found?.ratchetKeys ?? [],
    epochBits: group?.epochBits,
    epochs: group?.epochsOf(chosen) ?? [],
    signature: found?.signature,
  };
  refuseTwice(read.keys, ({ kid }) => kid, 'kid');
  if (read.ratchetKeys.length > 0 && read.ratchetBits === undefined)
    throw new Failure('keys: ratchetBits is missing');
  // Those of others are of no use here.
  for (const other of own)
    if (other !== found) for (const { baseKey } of [...other.keys, ...other.ratchetKeys]) baseKey.fill(0);
  return read;
}

/** Zeroes all keys. Of the text that they came from, JavaScript has no such thing. */
export function wipeKeys({ keys, ratchetKeys, epochs }: ReadKeys): void {
  for (const { baseKey } of [...keys, ...ratchetKeys, ...epochs]) baseKey.fill(0);
}

function rootOf(json: string): JsonValue {
  try {
    return new JsonValue(JSON.parse(json), '');
  } catch {
    // Its message would quote what stands there.
    throw new Failure('keys: the file is not JSON');
  }
}

function required(value: JsonValue | undefined, path: string): JsonValue {
  if (value === undefined) throw new Failure(`keys: ${path} is missing`);
  return value;
}

/** One KID, epoch or participant has one key: which of two is the right one nobody could say. */
function refuseTwice<T extends { readonly at: JsonValue }>(
  all: readonly T[],
  nameOf: (one: T) => unknown,
  what: string,
): void {
  const seen = new Set<unknown>();
  for (const one of all) {
    const name = nameOf(one);
    if (seen.has(name)) one.at.refuse(`has a ${what} that is there twice`);
    seen.add(name);
  }
}

/** Required members of an object. */
function membersOf<N extends string>(
  value: JsonValue,
  ...names: readonly N[]
): { readonly [M in N]: JsonValue } {
  const members = value.members(...names);
  for (const name of names) if (members[name] === undefined) value.refuse(`has no ${name}`);
  return members as { readonly [M in N]: JsonValue };
}

function readKey(at: JsonValue): ReadKey {
  const { kid, baseKey } = membersOf(at, 'kid', 'baseKey');
  return { kid: kid.u64(), baseKey: baseKey.bytes(), at };
}

function readParticipant(at: JsonValue) {
  const { participant, keys, ratchetKeys, signature } = at.members(
    'participant',
    'keys',
    'ratchetKeys',
    'signature',
  );
  if (participant === undefined) at.refuse('has no participant');
  const name = participant.text();
  return {
    name,
    at,
    keys: (keys?.items() ?? []).map(readKey),
    ratchetKeys: (ratchetKeys?.items() ?? []).map(readKey),
    signature: signature && readSignature(signature, name),
  };
}

function readSignature(at: JsonValue, participant: string): ReadSignature {
  const { signer, session, publicKey, algorithm, blocks } = at.members(
    'signer',
    'session',
    'publicKey',
    'algorithm',
    'blocks',
  );
  const name = algorithm?.text();
  if (name !== undefined && name !== 'Ed25519' && name !== 'ECDSA-P256')
    algorithm?.refuse('must be Ed25519 or ECDSA-P256');
  return {
    signer: signer?.text() ?? participant,
    session: (session ?? at.refuse('has no session')).bytes(),
    publicKey: (publicKey ?? at.refuse('has no publicKey')).bytes(),
    algorithm: name as ReadSignature['algorithm'],
    blocks: (blocks ?? at.refuse('has no blocks')).items().map((block) => block.bytes()),
    at,
  };
}

function readGroup(at: JsonValue) {
  const { epochBits, epochs } = membersOf(at, 'epochBits', 'epochs');
  const read = epochs.items().map((entry) => {
    const { epoch, baseKey, groupSize, members } = membersOf(
      entry,
      'epoch',
      'baseKey',
      'groupSize',
      'members',
    );
    const size = groupSize.integer(1, MAX_GROUP_SIZE);
    const leaves = new Map(members.entries().map(([name, leaf]) => [name, leaf.integer(0, size - 1)]));
    return { epoch: epoch.u64(), baseKey: baseKey.bytes(), groupSize: size, leaves, at: entry };
  });
  refuseTwice(read, ({ epoch }) => epoch, 'epoch');
  return {
    epochBits: epochBits.integer(1, MAX_EPOCH_BITS),
    names: read.flatMap(({ leaves }) => [...leaves.keys()]),
    epochsOf: (participant: string): ReadEpoch[] =>
      read.flatMap(({ leaves, ...epoch }) => {
        const senderIndex = leaves.get(participant);
        if (senderIndex !== undefined) return [{ ...epoch, senderIndex }];
        epoch.baseKey.fill(0);
        return [];
      }),
  };
}

function choose(wanted: string | undefined, names: readonly string[]): string {
  const all = [...new Set(names)];
  if (wanted !== undefined) {
    if (!all.includes(wanted)) throw new Failure('keys: there are none of this --participant');
    return wanted;
  }
  const [only] = all;
  if (only === undefined) throw new Failure('keys: there is no participant');
  if (all.length > 1)
    throw new Failure('keys: there are several participants; say which one by --participant');
  return only;
}
