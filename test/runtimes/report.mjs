// @ts-check
// Runs checks one by one, a line each, and counts them.

let passed = 0;
let failed = 0;

/** Thrown by a check that is neither passed nor failed yet: it will run again. */
export class Later extends Error {}

/**
 * Runs one check and prints its line. It failed if it throws; what it returns is printed.
 * @param {string} name
 * @param {() => unknown} run
 * @returns {Promise<boolean>} whether it passed
 */
export async function check(name, run) {
  const start = performance.now();
  try {
    const text = await run();
    passed++;
    const ms = (performance.now() - start).toFixed(0);
    console.log(`ok    ${name.padEnd(18)} ${`${text}`.padEnd(44)} ${ms.padStart(6)} ms`);
    return true;
  } catch (error) {
    if (error instanceof Later) {
      console.log(`late  ${name.padEnd(18)} ${error.message}`);
      return false;
    }
    failed++;
    console.log(`FAIL  ${name.padEnd(18)} ${error instanceof Error ? error.message : error}`);
    return false;
  }
}

/** Prints the sum; the process will exit with 1 if anything failed. */
export function finish() {
  console.log(`${passed} passed, ${failed} failed`);
  if (failed > 0) process.exitCode = 1;
}
