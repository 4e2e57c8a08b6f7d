// @ts-check
// The SFU: built from pion/ with what Debian packages of Go and Pion, without a download, and started as often as a test
// wants.

import { spawn, spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const source = fileURLToPath(new URL('pion/', import.meta.url));
/** Where Debian's packages put Go's sources. */
const GOPATH = process.env['PION_GOPATH'] ?? '/usr/share/gocode';

/** Builds it. @param {string} folder @returns {string | undefined} the program; undefined: there is no Go, or no Pion */
export function buildSfu(folder) {
  if (!existsSync(join(GOPATH, 'src/github.com/pion/webrtc'))) return;
  const program = join(folder, 'sfu');
  const env = { ...process.env, GO111MODULE: 'off', GOPATH, GOCACHE: join(tmpdir(), 'sframe-go-cache') };
  const { error, status, stderr } = spawnSync('go', ['build', '-o', program, '.'], { cwd: source, env });
  if (error) return;
  if (status !== 0) throw new Error(`go build: ${stderr}`);
  return program;
}

/**
 * @typedef {object} RunningSfu
 * @property {string} url
 * @property {() => Promise<void>} kill
 */

/**
 * Starts it, on ports that the system picks.
 * @param {string} program
 * @param {string} address where media goes through
 * @returns {Promise<RunningSfu>}
 */
export async function startSfu(program, address) {
  const child = spawn(program, ['-address', address], { stdio: ['pipe', 'pipe', 'inherit'] });
  const ended = new Promise((resolve) => child.once('exit', resolve));
  const url = await new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', (code) => reject(new Error(`the SFU ended with ${code}`)));
    child.stdout.once('data', (line) => resolve(`${line}`.trim()));
  });
  return {
    url,
    async kill() {
      child.kill('SIGKILL');
      await ended;
    },
  };
}
