// @ts-check
// Janus as a child process: started from our configuration, and ended with us.

import { spawn } from 'node:child_process';
import { connect } from 'node:net';
import { writeConfig } from './config.mjs';

/** What to say where there is none. */
export const howToInstall =
  'Janus is not installed. On Debian and Ubuntu: apt-get install --no-install-recommends janus';

/** How long it may take to listen. */
const START_MS = 30_000;

/**
 * @typedef {object} RunningJanus
 * @property {string} url of its WebSockets
 * @property {() => string} log what it has printed
 * @property {Promise<number | null>} ended its exit code
 * @property {(signal?: NodeJS.Signals) => Promise<unknown>} stop
 */

/**
 * @param {import('./config.mjs').JanusConfig} config
 * @returns {Promise<RunningJanus>}
 */
export async function startJanus(config) {
  writeConfig(config);
  const { folder, recordings, port, maxLog = Number.POSITIVE_INFINITY } = config;
  const janus = spawn('janus', ['-F', folder, '-C', `${folder}/janus.jcfg`, '-o'], {
    stdio: ['ignore', 'pipe', 'pipe'],
    cwd: recordings, // where recordings go that are given a bare name
    detached: true, // Ctrl+C is for us, who end it
  });
  const kill = () => janus.kill('SIGKILL');
  process.once('exit', kill); // detached, it would outlive a program that crashes
  let log = '';
  for (const stream of [janus.stdout, janus.stderr])
    stream.setEncoding('utf8').on('data', (text) => {
      log = (log + text).slice(-maxLog);
    });
  /** @type {Error | undefined} */
  let failure;
  const ended = new Promise((/** @type {(code: number | null) => void} */ resolve) => {
    janus.on('error', (error) => {
      failure = 'code' in error && error.code === 'ENOENT' ? new Error(howToInstall) : error;
      resolve(null);
    });
    janus.on('exit', (code) => {
      failure ??= new Error(`Janus ended, with ${code}:\n${log.slice(-2000)}`);
      resolve(code);
    });
  });
  ended.then(() => process.off('exit', kill));
  for (const start = performance.now(); !(await isListening(port)); ) {
    if (performance.now() - start > START_MS)
      failure ??= new Error(`Janus does not listen:\n${log.slice(-2000)}`);
    if (failure !== undefined) {
      kill();
      throw failure;
    }
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  return {
    url: `ws://127.0.0.1:${port}`,
    log: () => log,
    ended,
    async stop(signal = 'SIGTERM') {
      janus.kill(signal);
      await ended;
    },
  };
}

/** @param {number} port */
function isListening(port) {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.on('connect', () => resolve(true));
    socket.on('error', () => resolve(false));
    socket.on('close', () => socket.destroy());
    socket.on('connect', () => socket.end());
  });
}
