// @ts-check
// What cases have in common.

import { randomBytes } from 'node:crypto';

/** @param {unknown} condition @param {string} message */
export function must(condition, message) {
  if (!condition) throw new Error(message);
}

/** A base key, as JSON carries it to a page. */
export function newKey() {
  return [...randomBytes(16)];
}

/** @param {Promise<unknown>} outcome @returns {Promise<string>} what it failed with */
export async function failureOf(outcome) {
  return outcome.then(
    (value) => {
      throw new Error(`did not fail, but gave ${JSON.stringify(value)}`);
    },
    (error) => `${error instanceof Error ? error.message : error}`,
  );
}
