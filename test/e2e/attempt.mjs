// @ts-check
// One try of a case. Those that have waited in vain run once more, when they have the machine to themselves. Only waits are
// forgiven: plaintext, or a nonce that comes twice, fails at once.

import { Later } from '../runtimes/report.mjs';

/**
 * @template T
 * @param {() => Promise<T>} run
 * @param {object} options
 * @param {number} options.ms how long it may take. Waits inside have bounds of their own; this one ends a page that hangs.
 * @param {() => string[]} options.complaints what pages have said meanwhile
 * @param {(() => unknown) | undefined} options.putOff sees to it that it runs again; undefined: it will not
 * @returns {Promise<T>}
 */
export async function attempt(run, { ms, complaints, putOff }) {
  try {
    return await within(run(), ms);
  } catch (error) {
    const message = error instanceof Error ? error.message : `${error}`;
    const text = [message, ...complaints()].join('\n      ');
    if (putOff === undefined || !/: not within \d+ ms/.test(message)) throw new Error(text);
    putOff();
    throw new Later(text);
  }
}

/**
 * @template T
 * @param {Promise<T>} outcome
 * @param {number} ms
 * @returns {Promise<T>}
 */
async function within(outcome, ms) {
  /** @type {NodeJS.Timeout | undefined} */
  let timer;
  /** @type {Promise<never>} */
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`no end after ${ms} ms`)), ms);
  });
  try {
    return await Promise.race([outcome, late]);
  } finally {
    clearTimeout(timer);
  }
}
