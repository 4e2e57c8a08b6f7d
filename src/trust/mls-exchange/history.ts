// The last commits, for those who have missed them. They are sealed: who was no member at the time cannot read them.

import { type Bytes, isSame } from '../../types.ts';
import { MARK_LEN, type Standing } from './standing.ts';

/** A commit, and where it starts from. */
export interface PastCommit {
  readonly epoch: bigint;
  readonly mark: Bytes;
  readonly body: Bytes;
}

/** How many commits are kept. Who has missed more joins again. */
const MAX_COMMITS = 32;
const POINT_LEN = 8 + MARK_LEN;

/** What somebody asks for who has missed commits: epoch (8) | mark (16), of where he is and of where he was before. */
export function writePoints(...states: (Standing | undefined)[]): Bytes {
  const known = states.filter((state) => state !== undefined);
  const bytes = new Uint8Array(POINT_LEN * known.length);
  const view = new DataView(bytes.buffer);
  for (const [i, { epoch, mark }] of known.entries()) {
    view.setBigUint64(POINT_LEN * i, epoch);
    bytes.set(mark, POINT_LEN * i + 8);
  }
  return bytes;
}

/** An unbroken chain of commits, which ends at the present. */
export class History {
  #commits: PastCommit[] = [];

  /** Takes the place of what started from the same epoch, or later: that has lost. */
  add(commit: PastCommit): void {
    this.#commits = this.#commits.filter(({ epoch }) => epoch < commit.epoch).slice(1 - MAX_COMMITS);
    this.#commits.push(commit);
  }

  clear(): void {
    this.#commits = [];
  }

  /** The commits from the first of these points on that is on the way to the present. */
  from(points: Bytes): Bytes[] {
    const view = new DataView(points.buffer, points.byteOffset, points.length);
    for (let at = 0; at + POINT_LEN <= points.length && at <= POINT_LEN; at += POINT_LEN) {
      const epoch = view.getBigUint64(at);
      const mark = points.subarray(at + 8, at + POINT_LEN);
      const first = this.#commits.findIndex((past) => past.epoch === epoch && isSame(past.mark, mark));
      if (first >= 0) return this.#commits.slice(first).map(({ body }) => body);
    }
    return [];
  }
}
