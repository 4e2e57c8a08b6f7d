// What members ask each other to commit.
//
//   remove  shut out (1) | session (16)     to all: he is to go
//   rotate  group id (16) | epoch (8)       to all: fresh keys, please
//
// What we have asked for is asked again while it is not done, because letters are lost.

import { type Bytes, concat, copyOf, isSame } from '../../types.ts';
import { TOKEN_LEN } from '../exchange/letter.ts';
import type { Peer } from '../exchange/peers.ts';
import type { Post } from '../exchange/post.ts';
import type { Group } from './group.ts';
import { MARK_LEN, writeStanding } from './standing.ts';
import type { Wishes } from './wishes.ts';

export const REMOVE = 37;
export const ROTATE = 38;

/** One of ours. */
interface Request {
  readonly type: number;
  readonly body: Bytes;
  readonly isDone: (group: Group) => boolean;
  readonly sentAt: number;
}

/** Ours, and those of others: all of them become wishes. */
export class Requests {
  readonly #post: Post;
  readonly #wishes: Wishes;
  #pending: Request[] = [];

  constructor(post: Post, wishes: Wishes) {
    this.#post = post;
    this.#wishes = wishes;
  }

  get isEmpty(): boolean {
    return this.#pending.length === 0;
  }

  /** The owner of a session is to go. */
  remove(group: Group, session: Bytes, isShutOut: boolean): void {
    this.#wishes.leave({ session, isShutOut, since: this.#post.clock.read() });
    this.#ask(group, REMOVE, removalOf(session, isShutOut), (now) => now.leafOf(session) === undefined);
  }

  rotate(group: Group): void {
    const { epoch } = group;
    this.#wishes.rotate(epoch, this.#post.clock.read());
    this.#ask(group, ROTATE, epochOf(group), (now) => now.epoch > epoch);
  }

  /** Says once that somebody is shut out, to a group that we are not in. */
  warn(session: Bytes): void {
    void this.#post.broadcast(REMOVE, removalOf(session, true));
  }

  /** Asks all, if it is not for us to commit. */
  #ask(group: Group, type: number, body: Bytes, isDone: (group: Group) => boolean): void {
    if (this.#wishes.rankIn(group) === 0) return;
    void this.#post.broadcast(type, body);
    this.#pending.push({ type, body, isDone, sentAt: this.#post.clock.read() });
  }

  /** Somebody asks. Only members have a say, and only about members. */
  onLetter(group: Group, peer: Peer, type: number, body: Bytes): void {
    if (group.leafOf(peer.session) === undefined) return;
    const since = this.#post.clock.read();
    if (type === REMOVE && body.length === 1 + TOKEN_LEN) {
      const session = body.slice(1);
      const index = group.leafOf(session)?.index;
      if (index === undefined || index === group.ownIndex) return; // others see to it that we go
      this.#wishes.leave({ session, isShutOut: body[0] === 1, since });
    } else if (type === ROTATE && isSame(body, epochOf(group))) this.#wishes.rotate(group.epoch, since);
  }

  /** Asks again for what was asked for long ago, and is not done. */
  repeat(group: Group | undefined, patience: number): void {
    const now = this.#post.clock.read();
    this.#pending = this.#pending
      .filter(({ isDone }) => group === undefined || !isDone(group))
      .map((request) => {
        if (now - request.sentAt < patience) return request;
        void this.#post.broadcast(request.type, request.body);
        return { ...request, sentAt: now };
      });
  }
}

function removalOf(session: Bytes, isShutOut: boolean): Bytes {
  return concat(new Uint8Array([Number(isShutOut)]), session);
}

function epochOf(group: Group): Bytes {
  return copyOf(writeStanding(group, 0).subarray(0, MARK_LEN + 8));
}
