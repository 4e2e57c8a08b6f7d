// One epoch of an MLS group, as ts-mls keeps it. Nothing here changes: a commit leads to another `Group`, and until that
// one is taken, this one is as good as before. So what does not open costs a try, and a lost race one step back.

import { sha256 } from '@noble/hashes/sha2.js';
import {
  type ClientState,
  createCommit,
  createGroup,
  decodeMlsMessage,
  defaultKeyPackageEqualityConfig,
  defaultKeyRetentionConfig,
  defaultLifetimeConfig,
  defaultPaddingConfig,
  emptyPskIndex,
  encodeMlsMessage,
  joinGroup,
  type KeyPackage,
  mlsExporter,
  type PrivateMessage,
  type Proposal,
  processPrivateMessage,
  type Welcome,
} from 'ts-mls';
import { SFrameError } from '../../errors.ts';
import { type Bytes, concat, copyOf, isSame } from '../../types.ts';
import { utf8 } from '../fields.ts';
import { isSoundTree, type Kit, proposalsOf } from './check.ts';
import { type LeafName, parseCredential } from './credential.ts';
import type { MlsParticipant } from './event.ts';
import type { OwnPackage } from './key-packages.ts';
import { MARK_LEN, type Standing } from './standing.ts';

/** A member's leaf. */
export interface Leaf extends LeafName {
  readonly index: number;
}

/** What a commit does. */
export interface Change {
  /** Leaves that go. */
  readonly removed: readonly number[];
  /** Those among them whose owners are not to come back. */
  readonly shutOut: readonly number[];
  readonly added: readonly KeyPackage[];
}

/** What came of a commit of somebody else. */
export interface Applied {
  /** undefined: it has removed us. */
  readonly group: Group | undefined;
  readonly shutOut: readonly number[];
}

const MARK_LABEL: Bytes = utf8('sframe-wasm mls mark');

/** The bytes of a commit, without a look at what is sealed; undefined if they are none. */
export function readCommit(bytes: Bytes): PrivateMessage | undefined {
  try {
    const message = decodeMlsMessage(bytes, 0)?.[0];
    if (message?.wireformat !== 'mls_private_message') return undefined;
    return message.privateMessage.contentType === 'commit' ? message.privateMessage : undefined;
  } catch {
    return undefined;
  }
}

/** An epoch. */
export class Group implements Standing {
  readonly leaves: readonly Leaf[];
  readonly committer: number;
  readonly mark: Bytes;
  readonly #kit: Kit;
  readonly #state: ClientState;
  #isWiped = false;

  /** What an epoch before left behind is of no use: letters of former epochs are not read. */
  private constructor(kit: Kit, state: ClientState, leaves: readonly Leaf[], committer: number) {
    this.#kit = kit;
    this.#state = { ...state, historicalReceiverData: new Map() };
    this.leaves = leaves;
    this.committer = committer;
    this.mark = sha256(concat(MARK_LABEL, state.keySchedule.epochAuthenticator)).slice(0, MARK_LEN);
  }

  /** A group of one. */
  static async found(kit: Kit, own: OwnPackage): Promise<Group> {
    const { publicPackage, privatePackage } = own;
    const id = crypto.getRandomValues(new Uint8Array(MARK_LEN));
    const state = await createGroup(id, publicPackage, privatePackage, [], kit.impl, configOf(kit));
    return new Group(kit, state, leavesOf(state) as Leaf[], 0);
  }

  /** The group that a welcome leads to; undefined if it is not for this key package, or not in order. */
  static async join(kit: Kit, own: OwnPackage, welcome: Bytes, sender: Bytes): Promise<Group | undefined> {
    try {
      const message = decodeMlsMessage(welcome, 0)?.[0];
      if (message?.wireformat !== 'mls_welcome') return undefined;
      const { publicPackage, privatePackage } = own;
      const config = configOf(kit);
      const state = await joinGroup(
        message.welcome,
        publicPackage,
        privatePackage,
        emptyPskIndex,
        kit.impl,
        undefined,
        undefined,
        config,
      );
      const leaves = leavesOf(state);
      const committer = leaves?.find(({ session }) => isSame(session, sender));
      if (leaves === undefined || committer === undefined) return undefined;
      if (state.groupContext.groupId.length !== MARK_LEN) return undefined;
      return new Group(kit, state, leaves, committer.index);
    } catch {
      return undefined; // whatever is wrong with it: ts-mls throws
    }
  }

  get id(): Bytes {
    return this.#state.groupContext.groupId as Bytes;
  }

  get epoch(): bigint {
    return this.#state.groupContext.epoch;
  }

  /** How many leaves the tree has, blank ones included. */
  get size(): number {
    return (this.#state.ratchetTree.length + 1) / 2;
  }

  get ownIndex(): number {
    return this.#state.privatePath.leafIndex;
  }

  get authenticator(): Bytes {
    return copyOf(this.#state.keySchedule.epochAuthenticator);
  }

  get participants(): MlsParticipant[] {
    return this.leaves.map(({ participant, identityKey, index }) => ({
      participant,
      identityKey: copyOf(identityKey),
      senderIndex: index,
    }));
  }

  leafOf(session: Bytes): Leaf | undefined {
    return this.leaves.find((leaf) => isSame(leaf.session, session));
  }

  /**
   * MLS-Exporter of this epoch.
   * @throws SFrameError `destroyed` when the epoch is long over
   */
  async export(label: string, context: Uint8Array, length: number): Promise<Uint8Array> {
    if (this.#isWiped) throw new SFrameError('destroyed');
    return mlsExporter(this.#state.keySchedule.exporterSecret, label, context, length, this.#kit.impl);
  }

  /** Commits; what it leads to, what all others get, and what those get who were added, in their order. */
  async commit({
    removed,
    shutOut,
    added,
  }: Change): Promise<{ group: Group; commit: Bytes; welcomes: Bytes[] }> {
    const proposals: Proposal[] = [
      ...removed.map((index) => ({ proposalType: 'remove' as const, remove: { removed: index } })),
      ...added.map((keyPackage) => ({ proposalType: 'add' as const, add: { keyPackage } })),
    ];
    const { newState, commit, welcome } = await createCommit(
      { state: this.#state, cipherSuite: this.#kit.impl },
      {
        extraProposals: proposals,
        ratchetTreeExtension: true,
        authenticatedData: writeIndices(shutOut),
      },
    );
    const leaves = leavesOf(newState);
    if (leaves === undefined) throw new TypeError('a key package has no name');
    return {
      group: new Group(this.#kit, newState, leaves, this.ownIndex),
      commit: copyOf(encodeMlsMessage(commit)),
      welcomes: welcome === undefined ? [] : welcome.secrets.map((_, i) => writeWelcome(welcome, i)),
    };
  }

  /** What a commit by the leaf `by` leads to; undefined if it is not in order. */
  async apply(by: number, message: PrivateMessage): Promise<Applied | undefined> {
    try {
      const proposals = await proposalsOf(this.#state, message, by, this.#kit);
      if (proposals === undefined) return undefined;
      const removed = proposals.flatMap((one) => (one.proposalType === 'remove' ? [removedBy(one)] : []));
      const shutOut = readIndices(message.authenticatedData).filter((index) => removed.includes(index));
      // Looked at here: ts-mls does not see it if somebody gets our leaf by the same commit.
      if (removed.includes(this.ownIndex)) return { group: undefined, shutOut };
      const result = await processPrivateMessage(this.#state, message, emptyPskIndex, this.#kit.impl);
      if (result.kind !== 'newState') return undefined;
      const { newState } = result;
      const leaves = leavesOf(newState);
      // Nobody becomes somebody else by a commit of his own.
      if (leaves === undefined || !isSameName(this.leaves, leaves, by)) return undefined;
      if (!isSoundTree(newState.ratchetTree)) return undefined;
      return { group: new Group(this.#kit, newState, leaves, by), shutOut };
    } catch {
      return undefined; // whatever is wrong with it: ts-mls throws
    }
  }

  /** Wipes its secrets, except those that others have in common with it. */
  wipe(...kept: (Group | undefined)[]): void {
    this.#isWiped = true;
    const shared = new Set(kept.flatMap((group) => (group === undefined ? [] : secretsOf(group.#state))));
    for (const secret of secretsOf(this.#state)) if (!shared.has(secret)) secret.fill(0);
  }
}

function configOf({ verifier }: Kit): ClientState['clientConfig'] {
  return {
    keyRetentionConfig: defaultKeyRetentionConfig,
    lifetimeConfig: defaultLifetimeConfig,
    keyPackageEqualityConfig: defaultKeyPackageEqualityConfig,
    paddingConfig: defaultPaddingConfig,
    authService: verifier,
  };
}

/** For one newcomer: what is sealed for the others is of no use to him. */
function writeWelcome(welcome: Welcome, at: number): Bytes {
  const secrets = welcome.secrets.slice(at, at + 1);
  return copyOf(
    encodeMlsMessage({ version: 'mls10', wireformat: 'mls_welcome', welcome: { ...welcome, secrets } }),
  );
}

/** Everybody, by index; undefined if a leaf has no name, or two have the same. */
function leavesOf({ ratchetTree }: ClientState): Leaf[] | undefined {
  const leaves: Leaf[] = [];
  const names = new Set<string>();
  for (const [at, node] of ratchetTree.entries()) {
    if (node?.nodeType !== 'leaf') continue;
    const name = parseCredential(node.leaf.credential);
    if (name === undefined || names.has(name.participant)) return undefined;
    names.add(name.participant);
    const { participant, identityKey, session, attempt } = name;
    leaves.push({ index: at / 2, participant, identityKey, session, attempt });
  }
  return leaves;
}

function isSameName(before: readonly Leaf[], after: readonly Leaf[], index: number): boolean {
  const [a, b] = [before, after].map((leaves) => leaves.find((leaf) => leaf.index === index));
  if (a === undefined || b === undefined) return false;
  return a.participant === b.participant && isSame(a.session, b.session) && a.attempt === b.attempt;
}

function removedBy(proposal: Proposal): number {
  return proposal.proposalType === 'remove'
    ? (proposal as { remove: { removed: number } }).remove.removed
    : -1;
}

/** u32be, for each. */
function writeIndices(indices: readonly number[]): Bytes {
  const bytes = new Uint8Array(4 * indices.length);
  const view = new DataView(bytes.buffer);
  for (const [i, index] of indices.entries()) view.setUint32(4 * i, index);
  return bytes;
}

function readIndices(bytes: Uint8Array): number[] {
  const view = new DataView(copyOf(bytes).buffer);
  return Array.from({ length: Math.floor(bytes.length / 4) }, (_, i) => view.getUint32(4 * i));
}

/** What an epoch is made of that nobody else may have. */
function secretsOf({ keySchedule, secretTree, privatePath, signaturePrivateKey }: ClientState): Uint8Array[] {
  const ratchets = secretTree.flatMap(({ handshake, application }) => [handshake, application]);
  return [
    ...Object.values(keySchedule as unknown as Record<string, Uint8Array>),
    ...ratchets.flatMap(({ secret, unusedGenerations }) => [secret, ...Object.values(unusedGenerations)]),
    ...Object.values(privatePath.privateKeys),
    signaturePrivateKey,
  ];
}
