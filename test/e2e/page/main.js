// @ts-check
// The cases by name. Each runs in a page of its own; what it returns is printed, and it failed if it throws. How long
// media took to come back goes with it.

import * as codecs from './cases/codecs.js';
import * as controls from './cases/controls.js';
import * as failOpen from './cases/fail-open.js';
import * as hidden from './cases/hidden.js';
import * as hung from './cases/hung.js';
import * as keys from './cases/keys.js';
import * as layers from './cases/layers.js';
import * as policy from './cases/policy.js';
import * as tracks from './cases/tracks.js';
import * as trust from './cases/trust.js';
import * as workers from './cases/workers.js';
import { dropsOfAll } from './client.js';
import { resumed } from './scene.js';

/** @returns {Promise<Record<string, (options: any) => Promise<unknown>>>} */
const soak = () => import('./cases/soak.js');

/** @type {Record<string, (options: any) => Promise<unknown>>} */
const cases = { ...controls, ...codecs, ...keys, ...tracks, ...failOpen, ...workers, ...policy, ...trust };
Object.assign(cases, layers, hung, hidden);

/** @param {string} name @param {object} options */
async function runCase(name, options) {
  // this one makes its people when it is loaded
  const run = name.startsWith('soak') ? (await soak())[name] : cases[name];
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
