// What is looked at before ts-mls sees it. It validates what a commit adds side by side, and where two of those are bad,
// one of its promises is rejected that nobody waits for: Node would end the process. So a member could end all others.

import type { CiphersuiteImpl, ClientState, KeyPackage, LeafNode, PrivateMessage, Proposal } from 'ts-mls';
import { verifyKeyPackage } from 'ts-mls/keyPackage.js';
import { verifyLeafNodeSignatureKeyPackage } from 'ts-mls/leafNode.js';
import { unprotectPrivateMessage } from 'ts-mls/messageProtection.js';
import { isSame } from '../../types.ts';
import type { LeafVerifier } from './credential.ts';
import { SUITE } from './suite.ts';

/** What an epoch is computed with. */
export interface Kit {
  readonly impl: CiphersuiteImpl;
  readonly verifier: LeafVerifier;
}

/** Whether ts-mls would take it. */
export async function isGoodKeyPackage(keyPackage: KeyPackage, { impl, verifier }: Kit): Promise<boolean> {
  const { version, cipherSuite, initKey, leafNode, extensions } = keyPackage;
  if (version !== 'mls10' || cipherSuite !== SUITE || extensions.length > 0) return false;
  if (leafNode.leafNodeSource !== 'key_package' || !isPlain(leafNode)) return false;
  const now = BigInt(Math.floor(Date.now() / 1000));
  if (now < leafNode.lifetime.notBefore || now > leafNode.lifetime.notAfter) return false;
  if (isSame(initKey, leafNode.hpkePublicKey)) return false;
  if (!(await verifier.validateCredential(leafNode.credential, leafNode.signaturePublicKey))) return false;
  if (!(await verifyLeafNodeSignatureKeyPackage(leafNode, impl.signature))) return false;
  return verifyKeyPackage(keyPackage, impl.signature);
}

/** Nothing but what is used here. */
function isPlain({ capabilities, extensions }: LeafNode): boolean {
  return extensions.length === 0 && capabilities.credentials.includes('basic');
}

/** Whether others can be added to a tree: else nobody would ever be again. */
export function isSoundTree(tree: ClientState['ratchetTree']): boolean {
  const keys = new Set<string>();
  for (const node of tree) {
    if (node === undefined) continue;
    if (node.nodeType === 'leaf' && !isPlain(node.leaf)) return false;
    const key = String.fromCharCode(...(node.nodeType === 'leaf' ? node.leaf : node.parent).hpkePublicKey);
    if (keys.has(key)) return false;
    keys.add(key);
  }
  return true;
}

/**
 * What a commit by the leaf `by` proposes; undefined if it is another's, or there is something in it that is of no use
 * here, or would not be taken. Throws what ts-mls throws.
 */
export async function proposalsOf(
  state: ClientState,
  message: PrivateMessage,
  by: number,
  kit: Kit,
): Promise<Proposal[] | undefined> {
  const { keySchedule, secretTree, ratchetTree, groupContext, clientConfig } = state;
  const { content } = await unprotectPrivateMessage(
    keySchedule.senderDataSecret,
    message,
    secretTree,
    ratchetTree,
    groupContext,
    clientConfig.keyRetentionConfig,
    kit.impl,
  );
  const { content: framed } = content;
  if (framed.contentType !== 'commit' || framed.sender.senderType !== 'member') return undefined;
  if (framed.sender.leafIndex !== by) return undefined;
  const proposals: Proposal[] = [];
  for (const one of framed.commit.proposals) {
    if (one.proposalOrRefType !== 'proposal') return undefined;
    const { proposal } = one;
    if (proposal.proposalType === 'add') {
      if (!(await isGoodKeyPackage(proposal.add.keyPackage, kit))) return undefined;
    } else if (proposal.proposalType !== 'remove') return undefined;
    proposals.push(proposal);
  }
  return proposals;
}
