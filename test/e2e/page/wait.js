// @ts-check
// Waiting. Nothing here fails for being slow before ten times its target; the time it took is told instead.

/** @param {number} ms */
export function sleep(ms) {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

/**
 * Polls until something holds.
 * @param {string} what is waited for; the failure names it
 * @param {number} target milliseconds; ten times as much is the bound
 * @param {() => unknown} holds truthy, or a promise of that. Text is what is still missing.
 * @returns {Promise<number>} milliseconds that it took
 */
export async function until(what, target, holds) {
  const start = performance.now();
  for (;;) {
    const state = await holds();
    const ms = Math.round(performance.now() - start);
    if (state && typeof state !== 'string') return ms;
    if (ms > 10 * target)
      throw new Error(`${what}: not within ${10 * target} ms${state ? `: ${state}` : ''}`);
    await sleep(25);
  }
}

/** @param {unknown} condition @param {string} message */
export function must(condition, message) {
  if (!condition) throw new Error(message);
}
