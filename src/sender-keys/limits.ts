// How far a receiver of a ratchet goes along: together less than 2^R steps, or late frames and early ones could not be told
// apart.

import { toInteger } from '../types.ts';
import type { KidLayout } from './kid-layout.ts';

/** How far a receiver follows its sender, and looks back, in steps. Together less than 2^R: no KID is ambiguous. */
export interface RatchetLimits {
  readonly maxForward: number;
  readonly maxPast: number;
}

/** What may be asked for. */
interface AskedLimits {
  readonly maxForward?: number | undefined;
  readonly maxPast?: number | undefined;
}

/** As many steps as nobody needs. */
const MAX_STEPS = 2 ** 20;

/** Fills in what is not said, as far as there is room. @throws TypeError or RangeError naming the option */
export function readLimits(asked: AskedLimits, { turn }: KidLayout): RatchetLimits {
  const room = turn - 1;
  const forward = toInteger(asked.maxForward, 'maxForward', -1, 0, MAX_STEPS);
  const past = toInteger(asked.maxPast, 'maxPast', -1, 0, MAX_STEPS);
  const leftForPast = forward < 0 ? Math.floor(room / 2) : Math.max(0, room - forward);
  const maxPast = past < 0 ? Math.min(2, leftForPast) : past;
  const maxForward = forward < 0 ? Math.min(16, Math.max(1, room - maxPast)) : forward;
  if (maxForward + maxPast > room)
    throw new RangeError(`maxForward + maxPast must be below 2^ratchetBits, here ${turn}`);
  return { maxForward, maxPast };
}
