// Runs a piece in a process of its own, with the collector at hand, and ends it.

import { fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const child = fileURLToPath(new URL('./node-child.mjs', import.meta.url));

/** @typedef {{ where: string, run: (piece: string, plan: unknown) => Promise<any>, close: () => Promise<void> }} Host */

/** @param {number} limit ms that one piece may take @returns {Host} */
export function nodeHost(limit) {
  return {
    where: 'Node',
    run: (piece, plan) =>
      new Promise((resolve, reject) => {
        const running = fork(child, { execArgv: ['--expose-gc'], timeout: limit, serialization: 'advanced' });
        let answer = /** @type {{ result?: unknown, error?: string } | undefined} */ (undefined);
        running.on('message', (message) => {
          answer = /** @type {{ result?: unknown, error?: string }} */ (message);
        });
        running.on('exit', (_code, signal) => {
          if (answer?.error !== undefined) reject(new Error(`${piece} in Node: ${answer.error}`));
          else if (answer === undefined) reject(new Error(`${piece} in Node gave nothing (${signal})`));
          else resolve(answer.result);
        });
        running.send({ piece, plan });
      }),
    close: async () => {},
  };
}
