// @ts-check
// docs/getting-started.md, followed to the letter by a newcomer: its commands in an empty folder, with the packed package in
// the place of the published one; its page, in a real Chromium with a camera that is not one. Prints how long that took.

import { execFileSync, spawn } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { chromium } from 'playwright';
import { chromiumFlags, findChromium } from '../../scripts/chromium.mjs';
import { installPackage, root } from '../runtimes/pack.mjs';
import { check, finish } from '../runtimes/report.mjs';

/** The bound of every wait, in ms; nobody waits as long. */
const timeout = 60_000;

const mediaFlags = [
  '--use-fake-device-for-media-stream',
  '--use-fake-ui-for-media-stream',
  '--allow-loopback-in-peer-connection',
  '--disable-features=WebRtcHideLocalIpsWithMdns',
];

const guide = readFileSync(join(root, 'docs/getting-started.md'), 'utf8');
/** Before the page; in there, more is indented. */
const [before = ''] = guide.split('```html');
const commands = Array.from(before.matchAll(/^ {4}(.+)$/gm), ([, command]) => `${command}`);
const [, page = ''] = /^```html\n([\s\S]*?)^```$/m.exec(guide) ?? [];

/**
 * Starts what `npx vite` starts.
 * @param {string} folder
 * @returns {Promise<{ address: string, stop: () => void }>}
 */
async function serve(folder) {
  const server = spawn(
    process.execPath,
    ['node_modules/vite/bin/vite.js', '--host', '127.0.0.1', '--port', '0'],
    {
      cwd: folder,
      stdio: ['ignore', 'pipe', 'inherit'],
      env: { ...process.env, NO_COLOR: '1' },
    },
  );
  process.once('exit', () => server.kill());
  const address = await new Promise((resolve, reject) => {
    let text = '';
    server.stdout.on('data', (data) => {
      text += data;
      const [found] = /http:\/\/127\.0\.0\.1:\d+\//.exec(text) ?? [];
      if (found !== undefined) resolve(found);
    });
    server.once('exit', (code) => reject(new Error(`vite has ended with ${code}: ${text}`)));
  });
  return { address, stop: () => server.kill() };
}

const start = performance.now();
let folder = '';

const isInstalled = await check('install', () => {
  const { folder: user } = installPackage();
  const parent = join(user, '..');
  const [tarball] = readdirSync(parent).filter((name) => name.endsWith('.tgz'));
  const { dependencies } = JSON.parse(readFileSync(join(root, 'test/bundlers/package.json'), 'utf8'));
  if (!commands.includes('npm install sframe-wasm vite')) throw new Error(`commands: ${commands.join('; ')}`);
  const script = commands
    .join('\n')
    .replace('install sframe-wasm vite', `install ${parent}/${tarball} vite@${dependencies.vite}`);
  const work = join(parent, 'newcomer');
  mkdirSync(work);
  execFileSync('bash', ['-euc', script], {
    cwd: work,
    stdio: ['ignore', 'ignore', 'inherit'],
    timeout: 300_000,
  });
  [folder = ''] = readdirSync(work).map((name) => join(work, name));
  return commands.join('; ');
});

const call = async () => {
  writeFileSync(join(folder, 'index.html'), page);
  const { address, stop } = await serve(folder);
  const executablePath = findChromium();
  if (executablePath === undefined) throw new Error('no Chromium');
  const browser = await chromium.launch({ executablePath, args: [...chromiumFlags, ...mediaFlags], timeout });
  try {
    const tab = await browser.newPage();
    /** @type {string[]} */
    const errors = [];
    tab.on('pageerror', (error) => errors.push(`${error}`));
    await tab.goto(address, { timeout });
    const state = tab.getByRole('status');
    const video = () =>
      tab.locator('video').evaluate((/** @type {HTMLVideoElement} */ element) => element.videoWidth);
    const shown = async () => (await video()) > 0;
    await state.filter({ hasText: 'encrypted from end to end' }).waitFor({ timeout });
    while (!(await shown())) await tab.waitForTimeout(50);
    await tab.getByRole('button').click();
    await state.filter({ hasText: 'nothing from alice: authentication' }).waitFor({ timeout });
    if (errors.length > 0) throw new Error(errors.join('\n'));
    return 'encrypted; and nothing with the wrong key';
  } finally {
    await browser.close();
    stop();
  }
};

if (isInstalled) await check('page', call);
console.log(`${((performance.now() - start) / 1000).toFixed(0)} s from an empty folder to the call`);
finish();
