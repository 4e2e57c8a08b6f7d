// @ts-check
// All cases, in the order in which they run.

import { echoes } from './plan/echo.mjs';
import { exchanges } from './plan/exchange.mjs';
import { failures } from './plan/failures.mjs';
import { offlines } from './plan/offline.mjs';
import { recordings } from './plan/recordings.mjs';
import { refusals } from './plan/refusals.mjs';
import { rooms } from './plan/rooms.mjs';
import { sizes } from './plan/sizes.mjs';
import { videoCalls } from './plan/video-call.mjs';

/**
 * @typedef {object} Planned
 * @property {string} name
 * @property {(world: import('./world.mjs').World) => Promise<unknown>} run what it returns is printed
 */

/** @type {Planned[]} */
export const plan = [
  ...echoes,
  ...rooms,
  ...videoCalls,
  ...exchanges,
  ...recordings,
  ...offlines,
  ...failures,
  ...sizes,
  ...refusals,
];
