// @ts-check
// What a test can have a page do, by name. What it returns is printed, and it failed if it throws. How long media took to
// come back goes with it.

import { dropsOfAll } from './client.js';
import { resumed } from './scene.js';

/** @typedef {(options: any) => unknown} Case */

/** @param {(name: string) => Case | undefined | Promise<Case | undefined>} find */
export function offer(find) {
  /** @param {string} name @param {object} options */
  async function runCase(name, options) {
    const run = await find(name);
    if (run === undefined) throw new Error(`no case ${name}`);
    try {
      const value = await run(options);
      return { value, resumed: resumed.splice(0) };
    } catch (error) {
      const told = error instanceof Error ? error : new Error(`${error}`); // janus.js rejects with texts
      told.message += `\n      ${await dropsOfAll()}`;
      throw told;
    }
  }
  Object.assign(globalThis, { runCase });
}
