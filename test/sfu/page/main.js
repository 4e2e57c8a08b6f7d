// @ts-check
// The cases by name. Each runs in a page of its own, with an SFU of its own; what it returns is printed, and it failed if
// it throws.

import { dropsOfAll } from '../../e2e/page/client.js';
import { resumed } from '../../e2e/page/scene.js';
import * as codecs from './cases/codecs.js';
import * as failures from './cases/failures.js';
import * as layers from './cases/layers.js';
import * as member from './cases/member.js';
import * as network from './cases/network.js';

/** @type {Record<string, (options: any) => Promise<unknown>>} */
const cases = { ...codecs, ...failures, ...layers, ...member, ...network };

/** @param {string} name @param {object} options */
async function runCase(name, options) {
  const run = cases[name];
  if (run === undefined) throw new Error(`no case ${name}`);
  try {
    const value = await run(options);
    return { value, resumed: resumed.splice(0) };
  } catch (error) {
    if (error instanceof Error) error.message += `\n      ${await dropsOfAll()}`;
    throw error;
  }
}

Object.assign(globalThis, { runCase });
