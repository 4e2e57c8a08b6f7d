// Where a member stands, as every hello of his says it; and which of two states of a group wins.
//
//   group id (16) | epoch (8) | committer (4) | mark (16) | rank (4)      numbers big-endian; nothing: in no group
//
// The higher epoch wins, so that nobody's epochs ever go back: encryptors only go forward. Then the lower leaf that
// committed, then the lesser id. That is a total order, and the same for everybody: all go the same way.

import { type Bytes, isSame, viewOf } from '../../types.ts';
import { compare } from '../fields.ts';

/** Of group ids, and of marks. */
export const MARK_LEN = 16;
const STANDING_LEN = 2 * MARK_LEN + 16;

/** A state of a group. */
export interface Standing {
  readonly id: Bytes;
  readonly epoch: bigint;
  /** The leaf whose commit led to it; 0 at the founding. */
  readonly committer: number;
  /** Stands for the epoch authenticator: who has the same shares all secrets. */
  readonly mark: Bytes;
}

/** The same as a peer tells it. */
export interface ToldStanding extends Standing {
  /** How many members would commit before him. */
  readonly rank: number;
}

export function writeStanding({ id, epoch, committer, mark }: Standing, rank: number): Bytes {
  const bytes = new Uint8Array(STANDING_LEN);
  const view = new DataView(bytes.buffer);
  bytes.set(id);
  view.setBigUint64(MARK_LEN, epoch);
  view.setUint32(MARK_LEN + 8, committer);
  bytes.set(mark, MARK_LEN + 12);
  view.setUint32(STANDING_LEN - 4, rank);
  return bytes;
}

/** undefined: he is in no group, or says nothing that can be read. */
export function readStanding(payload: Bytes): ToldStanding | undefined {
  if (payload.length !== STANDING_LEN) return undefined;
  const view = new DataView(payload.buffer, payload.byteOffset);
  return {
    id: viewOf(payload, 0, MARK_LEN),
    epoch: view.getBigUint64(MARK_LEN),
    committer: view.getUint32(MARK_LEN + 8),
    mark: viewOf(payload, MARK_LEN + 12, STANDING_LEN - 4),
    rank: view.getUint32(STANDING_LEN - 4),
  };
}

/** Whether those who are in `b` should go over to `a`. Any group is better than none. */
export function isBetter(a: Standing | undefined, b: Standing | undefined): boolean {
  if (a === undefined || b === undefined) return a !== undefined;
  if (a.epoch !== b.epoch) return a.epoch > b.epoch;
  if (a.committer !== b.committer) return a.committer < b.committer;
  return (compare(a.id, b.id) || compare(a.mark, b.mark)) < 0;
}

export function isSameState(a: Standing, b: Standing): boolean {
  return a.epoch === b.epoch && isSame(a.id, b.id) && isSame(a.mark, b.mark);
}
