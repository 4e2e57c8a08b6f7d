// @ts-check
// docs/getting-started.md, followed by a newcomer in a real Chromium with a camera that is not one. Prints how long it took.

import { chromium } from 'playwright';
import { chromiumFlags, findChromium } from '../../scripts/chromium.mjs';
import { check, finish } from '../runtimes/report.mjs';
import { follow, serve, versionIn } from './follow.mjs';

/** The bound of every wait, in ms; nobody waits as long. */
const timeout = 60_000;

const mediaFlags = [
  '--use-fake-device-for-media-stream',
  '--use-fake-ui-for-media-stream',
  '--allow-loopback-in-peer-connection',
  '--disable-features=WebRtcHideLocalIpsWithMdns',
];

const start = performance.now();
let folder = '';

const isInstalled = await check('install', () => {
  const made = follow('docs/getting-started.md', () => true, { vite: versionIn('test/bundlers', 'vite') });
  folder = made.folder;
  return made.commands.join('; ');
});

const call = async () => {
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
