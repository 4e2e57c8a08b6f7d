// KIDs of an MLS group (RFC 9605 §5.2). Keys of two senders differ by nothing but the KID, so its parts must not run
// into each other.
//
//     64-S-E bits   S bits   E bits
//    <-----------> <------> <------>
//   +-------------+--------+-------+
//   | Context ID  | Index  | Epoch |
//   +-------------+--------+-------+

import { toInteger } from '../types.ts';

/** Who sends under a KID, in an epoch. */
export interface KidParts {
  /** The sender's leaf. */
  readonly senderIndex: number;
  /** Which of his streams. */
  readonly contextId: bigint;
}

/** More bits than anybody has epochs; fewer than one would leave no two epochs apart. */
const MAX_EPOCH_BITS = 32;
/** Leaf indices of MLS have 32 bits. */
const MAX_GROUP_SIZE = 2 ** 32;

/** E. */
export function readEpochBits(epochBits: number): number {
  return required(epochBits, 'epochBits', 1, MAX_EPOCH_BITS);
}

/** A leaf of a group. */
export function readIndex(index: number, name: string, { groupSize }: KidLayout): number {
  return required(index, name, 0, groupSize - 1);
}

function required(value: number, name: string, min: number, max: number): number {
  if (value === undefined) throw new TypeError(`${name} must be a number`);
  return toInteger(value, name, 0, min, max);
}

/** How KIDs of one epoch are divided. RangeErrors and TypeErrors name the argument. */
export class KidLayout {
  /** How many leaves the group's tree has. */
  readonly groupSize: number;
  readonly #epochBits: bigint;
  /** S: the least that leaves every index its own value. */
  readonly #senderBits: bigint;

  constructor(epochBits: number, groupSize: number) {
    this.groupSize = required(groupSize, 'groupSize', 1, MAX_GROUP_SIZE);
    this.#epochBits = BigInt(epochBits);
    this.#senderBits = BigInt(32 - Math.clz32(groupSize - 1));
  }

  /** The KID of a sender's stream. */
  kidOf(epoch: bigint, senderIndex: number, contextId: bigint): bigint {
    readIndex(senderIndex, 'senderIndex', this);
    const below = this.#senderBits + this.#epochBits;
    if (contextId >> (64n - below) !== 0n)
      throw new RangeError(`contextId must be below 2^${64n - below} in a group of ${this.groupSize}`);
    const index = BigInt(senderIndex) << this.#epochBits;
    return (contextId << below) | index | BigInt.asUintN(Number(this.#epochBits), epoch);
  }

  /** Whose KID it is, in this epoch. The index may be that of no leaf. */
  partsOf(kid: bigint): KidParts {
    const above = kid >> this.#epochBits;
    const senderIndex = Number(BigInt.asUintN(Number(this.#senderBits), above));
    return { senderIndex, contextId: above >> this.#senderBits };
  }
}
