// Runs a piece in headless Chromium: in the page itself or in a dedicated worker, a fresh one each time.

import { chromium } from 'playwright';
import { chromiumFlags, findChromium } from '../../scripts/chromium.mjs';
import { serve } from './server.mjs';

/** @typedef {import('./node.mjs').Host} Host */

/**
 * @param {number} limit ms that one piece may take
 * @returns {Promise<{ version: string, page: Host, worker: Host, close: () => Promise<void> } | undefined>} undefined:
 * there is no Chromium
 */
export async function chromiumHosts(limit) {
  const executablePath = findChromium();
  if (executablePath === undefined) return undefined;
  const server = await serve();
  const browser = await chromium.launch({ executablePath, args: chromiumFlags, timeout: 60_000 });
  const close = async () => {
    await browser.close();
    server.close();
  };

  /** @param {'page' | 'worker'} where @returns {Host} */
  const host = (where) => ({
    where: `Chromium ${where}`,
    async run(piece, plan) {
      const page = await browser.newPage();
      try {
        await page.goto(`${server.url}/bench/hosts/page.html`);
        const run = page.evaluate(where === 'page' ? inPage : inWorker, { piece, plan });
        return await bounded(run, limit, `${piece} in Chromium's ${where}`);
      } finally {
        await page.close();
      }
    },
    close: async () => {},
  });
  return { version: browser.version(), page: host('page'), worker: host('worker'), close };
}

/** In the page. @param {{ piece: string, plan: unknown }} task */
async function inPage({ piece, plan }) {
  const path = '/bench/pieces/index.mjs'; // a variable, or it would be looked up here
  return (await import(path)).runPiece(piece, plan);
}

/** In the page, too. @param {{ piece: string, plan: unknown }} task */
function inWorker(task) {
  const worker = new Worker('/bench/hosts/worker.mjs', { type: 'module' });
  return new Promise((resolve, reject) => {
    worker.onerror = ({ message }) => reject(new Error(message));
    worker.onmessage = ({ data: { result, error } }) => {
      if (error !== undefined) return reject(new Error(error));
      worker.terminate();
      resolve(result);
    };
    worker.postMessage(task);
  });
}

/** @template T @param {Promise<T>} promise @param {number} limit @param {string} what @returns {Promise<T>} */
function bounded(promise, limit, what) {
  let timer = /** @type {NodeJS.Timeout | undefined} */ (undefined);
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`${what} took more than ${limit / 1000} s`)), limit);
  });
  return /** @type {Promise<T>} */ (Promise.race([promise, late])).finally(() => clearTimeout(timer));
}
