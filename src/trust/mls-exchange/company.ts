// Those we are in a group with: whether we want to be, and whose letters we therefore read.

import { type Bytes, isSame } from '../../types.ts';
import type { Post } from '../exchange/post.ts';
import type { Group, Leaf } from './group.ts';
import type { Commit } from './membership.ts';

/** What is told, and done about it. */
export interface CompanyHandlers {
  /** We do not go where this participant is. Once, until we are somewhere else. */
  onDeclined(reason: 'not-admitted' | 'identity', participant: string): void;
  /** A session of somebody who was shut out is in a group that knows nothing of that. */
  onShutOut(session: Bytes): void;
  onFailed(error: unknown, participant: string): void;
}

/** Brings a group together with admission, and with the sessions that are live. */
export class Company {
  readonly #post: Post;
  readonly #handlers: CompanyHandlers;
  readonly #declined: Set<string> = new Set();

  constructor(post: Post, handlers: CompanyHandlers) {
    this.#post = post;
    this.#handlers = handlers;
  }

  /**
   * Whether we want to be in a group with all who are there. Those whom the application does not know yet it is asked
   * about; when it has answered, `again` is called.
   * @param base where a commit starts from; of a welcome there is none
   */
  isWelcome(group: Group, base: Group | undefined, again: () => Promise<void>): boolean {
    const { admission } = this.#post;
    let isUnknown = false;
    for (const leaf of group.leaves) {
      const { participant, identityKey, session, index } = leaf;
      if (index === group.ownIndex) continue;
      const known = admission.keyOf(participant);
      if (admission.isRemoved(identityKey)) {
        if (base?.leafOf(session) !== undefined) continue; // he is on his way out
        this.#handlers.onShutOut(session);
        return this.#decline('not-admitted', participant);
      }
      if (known === undefined) {
        isUnknown = true;
        void this.#introduce(leaf, again);
      } else if (!isSame(known, identityKey)) return this.#decline('identity', participant);
    }
    return !isUnknown;
  }

  async #introduce({ participant, identityKey }: Leaf, again: () => Promise<void>): Promise<void> {
    try {
      const isAdmitted = await this.#post.admission.ask(participant, identityKey);
      if (isAdmitted) await again();
      else if (isAdmitted === false) this.#decline('not-admitted', participant);
    } catch (error) {
      this.#handlers.onFailed(error, participant);
    }
  }

  #decline(reason: 'not-admitted' | 'identity', participant: string): false {
    if (!this.#declined.has(participant)) this.#handlers.onDeclined(reason, participant);
    this.#declined.add(participant);
    return false;
  }

  /** We are in a group: letters of all who are there are read, and of those no more who were put out. */
  enter(next: Group, commit: Commit | undefined): void {
    const { admission, peers } = this.#post;
    this.#declined.clear();
    for (const leaf of next.leaves) {
      if (leaf.index === next.ownIndex || admission.isRemoved(leaf.identityKey)) continue;
      // Who was added just now has proved to the committer that he is there.
      const isAdded = commit !== undefined && commit.base.leafOf(leaf.session) === undefined;
      if (isAdded || peers.of(leaf.participant) === undefined) this.#post.vouch(leaf);
    }
    for (const { participant, index } of commit?.base.leaves ?? []) {
      if (next.leaves.some((leaf) => leaf.participant === participant)) continue;
      if (commit?.shutOut.includes(index)) admission.remove(participant);
      else admission.forget(participant);
      this.#post.peers.drop(participant);
    }
  }

  /** Those in a group who are on their way out. */
  shutOutIn(group: Group): Leaf[] {
    const { admission } = this.#post;
    return group.leaves.filter(({ identityKey }) => admission.isRemoved(identityKey));
  }
}
