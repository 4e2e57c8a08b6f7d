// @ts-check
// `npm run demo:janus` itself: what it says where something is missing, and that it leaves nothing behind.

import { spawnSync } from 'node:child_process';
import { mkdtempSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { must, until } from '../demo/visit.mjs';
import { program, runDemo, startDemo } from './demo.mjs';

/** @param {string} url */
function isListening(url) {
  const { hostname, port } = new URL(url);
  return new Promise((resolve) => {
    const socket = connect(Number(port), hostname);
    socket.on('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.on('error', () => resolve(false));
  });
}

/** Where Janus listens. @param {import('./demo.mjs').Demo} demo */
async function janusOf(demo) {
  const janus = /^Signalling\s+([^\s,]+)/m.exec(demo.said())?.[1] ?? '';
  must(await isListening(janus), `Janus does not listen at ${janus}`);
  return janus;
}

/** Asked to end, it ends Janus and the pages. @param {import('./demo.mjs').Demo} demo @param {NodeJS.Signals} [signal] */
export async function ends(demo, signal = 'SIGTERM') {
  const janus = await janusOf(demo);
  must(demo.said().includes('UDP on 10.99.0.1'), `another address:\n${demo.said()}`);
  const code = await demo.end(signal);
  must(code === 0, `exit code ${code}`);
  for (const url of [janus, demo.origin]) must(!(await isListening(url)), `${url} is still there`);
  return `${signal}: nothing is left`;
}

/** Loaded before the program: a signal makes it throw, out of all that would catch it. */
const crashing = `process.on('SIGUSR2', () => { throw new Error('a crash'); })`;

/** Janus does not outlive it. */
async function crashes() {
  const demo = await startDemo(['--port', '0'], {
    NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(crashing)}`,
  });
  const janus = await janusOf(demo);
  const code = await demo.end('SIGUSR2');
  must(code === 1 && demo.said().includes('Error: a crash'), `exit code ${code}:\n${demo.said()}`);
  await until('the end of Janus', async () => !(await isListening(janus)));
  return 'Janus has ended, too';
}

/** @param {{ said: () => string, ended: Promise<number | null> }} demo @param {RegExp} text */
async function fails({ said, ended }, text) {
  const code = await ended;
  must(code === 1 && text.test(said()), `exit code ${code}:\n${said()}`);
  return said().trim().split('\n')[0];
}

/** @type {[string, () => Promise<unknown>][]} */
export const refusals = [
  ['SIGINT', async () => ends(await startDemo(['--port', '0']), 'SIGINT')],
  ['a crash', crashes],
  [
    'no Janus',
    () =>
      fails(runDemo([], { PATH: mkdtempSync(join(tmpdir(), 'sframe-empty-')) }), /apt-get install .*janus/),
  ],
  ['not our address', () => fails(runDemo(['--address', '192.0.2.1']), /192\.0\.2\.1 is no address of this/)],
  [
    'no address',
    async () => {
      // another namespace, in which there is only loopback
      const { status, stderr } = spawnSync('unshare', ['-n', process.execPath, program], {
        encoding: 'utf8',
      });
      must(status === 1 && stderr.includes('no IPv4 address'), `exit code ${status}: ${stderr}`);
      return stderr.trim();
    },
  ],
];
