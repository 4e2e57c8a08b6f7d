// Our place in the group: the epoch we are in, and the one before, because the commit that led here may lose a race.
//
// Two commits of one epoch: the one by the lower leaf wins. Who has applied the other goes one step back.

import type { KeyPackage } from 'ts-mls';
import { type Bytes, concat, isSame, viewOf } from '../../types.ts';
import { isGoodKeyPackage, type Kit } from './check.ts';
import { type Applied, Group, readCommit } from './group.ts';
import { History, writePoints } from './history.ts';
import { type KeyPackages, type OwnPackage, writeKeyPackage } from './key-packages.ts';
import { isBetter } from './standing.ts';
import type { Plan } from './wishes.ts';

/** What became of a commit: `ahead`, it is of a later epoch; `stale`, it has lost, or is an old one. */
export type Outcome = 'ahead' | 'stale' | 'bad' | Commit;

/** One that could be taken. */
export interface Commit extends Applied {
  readonly base: Group;
  readonly body: Bytes;
}

/** A group that a welcome leads to. */
export interface Welcomed {
  readonly group: Group;
  readonly own: OwnPackage;
}

const LEAF_LEN = 4;

/** The group, or none yet. */
export class Membership {
  readonly #kit: Kit;
  readonly #packages: KeyPackages;
  readonly #history: History = new History();
  #group: Group | undefined;
  #previous: Group | undefined;

  constructor(kit: Kit, packages: KeyPackages) {
    this.#kit = kit;
    this.#packages = packages;
  }

  get group(): Group | undefined {
    return this.#group;
  }

  /** Founds a group; not yet taken. */
  async found(): Promise<Group> {
    return Group.found(this.#kit, await this.#packages.make());
  }

  isGood(keyPackage: KeyPackage): Promise<boolean> {
    return isGoodKeyPackage(keyPackage, this.#kit);
  }

  /** A key package to be sent. */
  async apply(): Promise<Bytes> {
    const made = await this.#packages.make();
    this.#packages.keep(made);
    return writeKeyPackage(made.publicPackage);
  }

  /** Opens a welcome by the owner of a session; undefined if it is none for us, or the group is no better than ours. */
  async open(welcome: Bytes, sender: Bytes): Promise<Welcomed | undefined> {
    for (const own of this.#packages.kept) {
      const group = await Group.join(this.#kit, own, welcome, sender);
      if (group === undefined) continue;
      if (isBetter(group, this.#group)) return { group, own };
      group.wipe(this.#group, this.#previous);
      return undefined;
    }
    return undefined;
  }

  /** Looks at a commit, as it came. @param isTrusted whether the letter's sender may bring those of others */
  async look(body: Bytes, session: Bytes, isTrusted: boolean): Promise<Outcome> {
    const group = this.#group;
    const message = body.length > LEAF_LEN ? readCommit(viewOf(body, LEAF_LEN, body.length)) : undefined;
    if (message === undefined) return 'bad';
    if (group === undefined || !isSame(message.groupId, group.id)) return 'stale';
    const by = new DataView(body.buffer, body.byteOffset).getUint32(0);
    if (message.epoch > group.epoch) return 'ahead';
    const base = message.epoch === group.epoch ? group : this.#previous;
    if (base === undefined || message.epoch !== base.epoch) return 'stale';
    // The lower leaf wins; of the same one, the first.
    if (base !== group && by >= group.committer) return 'stale';
    if (!isTrusted && base.leafOf(session)?.index !== by) return 'bad';
    const applied = await base.apply(by, message);
    return applied === undefined ? 'bad' : { ...applied, base, body };
  }

  /** Commits. What it leads to is not yet taken. */
  async commit(
    group: Group,
    { removed, shutOut, joining }: Plan,
  ): Promise<{ commit: Commit; welcomes: Bytes[] }> {
    const made = await group.commit({
      removed: removed.map(({ index }) => index),
      shutOut: shutOut.map(({ index }) => index),
      added: joining.map(({ keyPackage }) => keyPackage),
    });
    const head = new Uint8Array(LEAF_LEN);
    new DataView(head.buffer).setUint32(0, group.ownIndex);
    const shut = shutOut.map(({ index }) => index);
    const commit = { group: made.group, shutOut: shut, base: group, body: concat(head, made.commit) };
    return { commit, welcomes: made.welcomes };
  }

  /** Takes a step. Returns the epoch we were in. */
  take(
    next: Group,
    by: { readonly commit: Commit } | { readonly own?: OwnPackage | undefined },
  ): Group | undefined {
    const before = this.#group;
    if ('commit' in by) {
      const { base, body } = by.commit;
      this.#history.add({ epoch: base.epoch, mark: base.mark, body });
      if (base !== this.#previous) this.#previous?.wipe(base, next);
      else before?.wipe(base, next);
      this.#previous = base;
    } else {
      this.#history.clear();
      this.#previous?.wipe(next);
      before?.wipe(next);
      this.#previous = undefined;
      if (by.own !== undefined) this.#packages.use(by.own);
    }
    this.#group = next;
    return before;
  }

  /** What to ask others for. */
  get points(): Bytes {
    return writePoints(this.#group, this.#previous);
  }

  /** The commits that somebody has missed. */
  missedFrom(points: Bytes): Bytes[] {
    return this.#history.from(points);
  }

  /** Whether a welcome may be on its way. */
  get isApplying(): boolean {
    return this.#packages.kept.length > 0;
  }

  wipe(): void {
    this.#group?.wipe();
    this.#previous?.wipe();
    this.#packages.wipe();
    this.#group = undefined;
    this.#previous = undefined;
  }
}
