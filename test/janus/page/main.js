// @ts-check
// What tests can have this page do, by name. State stays between: a test drives several pages at once.

import './eavesdropper.js';
import { dropsOfAll } from '../../e2e/page/client.js';
import * as echo from './echo.js';
import * as exchange from './exchange.js';
import * as recordings from './recordings.js';
import * as refusals from './refusals.js';
import * as room from './room.js';
import * as videoCall from './video-call.js';

/** @type {Record<string, (options: any) => unknown>} */
const steps = { ...echo, ...room, ...exchange, ...recordings, ...refusals, ...videoCall };

/** @param {string} name @param {object} options */
async function runCase(name, options) {
  const run = steps[name];
  if (run === undefined) throw new Error(`no step ${name}`);
  try {
    return { value: await run(options), resumed: [] };
  } catch (error) {
    const told = error instanceof Error ? error : new Error(`${error}`);
    told.message += `\n      ${await dropsOfAll()}`;
    throw told;
  }
}

Object.assign(globalThis, { runCase });
