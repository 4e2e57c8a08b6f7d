// @ts-check
// The demo as a user runs it: a program of its own, until it is asked to end.

import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const program = fileURLToPath(new URL('../../examples/janus/server/demo.mjs', import.meta.url));

/** How long it may take to build the pages and to start Janus. */
const START_MS = 120_000;

/**
 * @typedef {object} Demo
 * @property {string} origin of the pages, with a slash
 * @property {string} recordings the folder of what Janus records
 * @property {() => string} said what it has printed
 * @property {(signal?: NodeJS.Signals) => Promise<number | null>} end resolves with its exit code
 */

/** @param {string[]} args @param {Record<string, string>} [env] */
export function runDemo(args, env = {}) {
  const demo = spawn(process.execPath, [program, ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, ...env },
  });
  process.on('exit', () => demo.kill());
  let said = '';
  for (const stream of [demo.stdout, demo.stderr])
    stream.setEncoding('utf8').on('data', (text) => {
      said += text;
    });
  const ended = new Promise((/** @type {(code: number | null) => void} */ resolve) => {
    demo.on('exit', (code) => resolve(code));
  });
  return { demo, said: () => said, ended };
}

/** @param {string[]} args @param {Record<string, string>} [env] @returns {Promise<Demo>} */
export async function startDemo(args, env) {
  const recordings = mkdtempSync(join(tmpdir(), 'sframe-recordings-'));
  const { demo, said, ended } = runDemo([...args, '--recordings', recordings], env);
  /** @type {string | undefined} */
  let origin;
  for (const start = performance.now(); origin === undefined; ) {
    origin = /^Pages\s+(\S+)[\s\S]*^Ctrl/m.exec(said())?.[1];
    const isOver = demo.exitCode !== null || performance.now() - start > START_MS;
    if (origin === undefined && isOver) throw new Error(`the demo does not start:\n${said()}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  return {
    origin,
    recordings,
    said,
    async end(signal = 'SIGTERM') {
      demo.kill(signal);
      const code = await ended;
      rmSync(recordings, { recursive: true });
      return code;
    },
  };
}
