// @ts-check
// docs/janus.md, followed by a newcomer: Janus with the configuration that it comes with, the guide's page, three people in a
// real Chromium with cameras that are none. Packages are installed first, the rest is in a network namespace of its own.

import { spawn } from 'node:child_process';
import { connect } from 'node:net';
import { join } from 'node:path';
import { launchChromium } from '../e2e/browsers.mjs';
import { follow, serve, versionIn } from '../newcomer/follow.mjs';
import { check, finish } from '../runtimes/report.mjs';
import { mustHave } from './installed.mjs';
import { enterNamespace } from './namespace.mjs';

/** The bound of every wait, in ms. */
const timeout = 60_000;

/** Given to the one inside. */
const FOLDER = 'SFRAME_NEWCOMER';

mustHave('janus');
if (process.env[FOLDER] === undefined) {
  const janusPackages = ['janus-gateway', 'webrtc-adapter'].map((name) => [
    name,
    versionIn('test/janus', name),
  ]);
  const versions = { ...Object.fromEntries(janusPackages), vite: versionIn('test/bundlers', 'vite') };
  const { folder } = follow('docs/janus.md', (command) => command.startsWith('npm '), versions);
  process.env[FOLDER] = folder;
}
const cannot = enterNamespace();
if (cannot) {
  console.log(cannot);
  process.exit(process.env['CI'] ? 1 : 0);
}

const folder = `${process.env[FOLDER]}`;
const start = performance.now();
const janus = spawn('janus', ['--log-stdout'], { cwd: join(folder, '..'), stdio: 'ignore' });
process.once('exit', () => janus.kill());

/** @returns {Promise<void>} */
async function isListening() {
  for (const end = performance.now() + timeout; ; ) {
    const isThere = await new Promise((resolve) => {
      const socket = connect(8188, '127.0.0.1', () => resolve(true));
      socket.on('error', () => resolve(false));
      socket.on('close', () => socket.destroy());
    });
    if (isThere) return;
    if (performance.now() > end) throw new Error('Janus does not listen');
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

await check('janus, as it comes', async () => {
  await isListening();
  return 'listens';
});
const { address, stop } = await serve(folder);
const browser = await launchChromium();

/** @param {string} name @param {string} passphrase */
async function enter(name, passphrase) {
  const page = await /** @type {NonNullable<typeof browser>} */ (browser).driver.newPage();
  /** @type {string[]} */
  const errors = [];
  page.on('pageerror', (error) => errors.push(`${error}`));
  await page.goto(address, { timeout });
  await page.getByPlaceholder('your name').fill(name);
  await page.getByPlaceholder('passphrase of the room').fill(passphrase);
  await page.getByRole('button').click();
  await page.getByText('in the room').waitFor({ timeout });
  return { page, errors, state: page.getByRole('status') };
}

await check('page', async () => {
  if (browser === undefined) throw new Error('no Chromium');
  const alice = await enter('alice', 'correct horse battery');
  const bob = await enter('bob', 'correct horse battery');
  const shown = '() => [...document.querySelectorAll("video")].some((video) => video.videoWidth > 0)';
  for (const [{ page, state }, other] of /** @type {const} */ ([
    [alice, 'bob'],
    [bob, 'alice'],
  ])) {
    await state.filter({ hasText: `${other} is encrypted` }).waitFor({ timeout });
    await page.waitForFunction(shown, undefined, { timeout });
  }
  const mallory = await enter('mallory', 'another passphrase');
  await mallory.state.filter({ hasText: /(alice|bob): authentication/ }).waitFor({ timeout });
  if (await mallory.page.evaluate(`(${shown})()`))
    throw new Error('there is a picture under another passphrase');
  const errors = [alice, bob, mallory].flatMap((one) => one.errors);
  if (errors.length > 0) throw new Error(errors.join('\n'));
  return 'two see each other; nothing with another passphrase';
});
await browser?.close();
stop();
janus.kill();
console.log(
  `${((performance.now() - start) / 1000).toFixed(0)} s from starting Janus to three people in a room`,
);
finish();
process.exit();
