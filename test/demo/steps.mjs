// @ts-check
// The steps of one visit: each needs what the ones before it have done, so the first that fails is the last.

import { check } from '../runtimes/report.mjs';

export class Steps {
  #hasFailed = false;
  #left = 0;

  /** @param {string} name @param {() => unknown} run as `check` has it */
  async step(name, run) {
    if (this.#hasFailed) this.#left++;
    else this.#hasFailed = !(await check(name, run));
  }

  /** Nothing was said in the console that is not meant. @param {string[]} complaints */
  async end(complaints) {
    if (this.#left > 0) console.log(`      ${this.#left} steps left out`);
    await check('console', () => {
      if (complaints.length > 0) throw new Error(complaints.slice(0, 5).join('\n      '));
      return 'nothing';
    });
  }
}
