// @ts-check
// Which cases run, in which browser.

import { record, sayAgain } from './recorder.mjs';
import { addLoss } from './table.mjs';

/** Firefox has no H264 without a download. */
const codecs = { Firefox: ['VP8', 'VP9', 'AV1'], Chromium: ['VP8', 'VP9', 'AV1', 'H264'] };

/** How often each rate of loss is measured: medians are compared. */
const LOSS_RUNS = 5;

/**
 * @typedef {object} World what a case has
 * @property {() => Promise<import('../e2e/browsers.mjs').Tab>} open a page
 * @property {() => Promise<import('./pion.mjs').RunningSfu>} start an SFU
 *
 * @typedef {object} Planned
 * @property {string} name
 * @property {(world: World) => Promise<unknown>} run
 */

/** The SFU is killed in the middle of a call, and another comes. @param {World} world */
async function restart({ open, start }) {
  const tab = await open();
  const sfu = await start();
  const before = await tab.run('beforeRestart', { sfu: sfu.url });
  await sfu.kill();
  const next = await start();
  const after = await tab.run('afterRestart', { sfu: next.url });
  return `${before}; ${after}`;
}

/** @param {World} world @param {string} browser @param {number} loss */
async function measureLoss({ open, start }, browser, loss) {
  const runs = [];
  for (let i = 0; i < LOSS_RUNS; i++) {
    const tab = await open();
    const sfu = await start();
    runs.push(await tab.run('lossy', { sfu: sfu.url, loss }));
    await tab.close();
    await sfu.kill();
  }
  return addLoss(browser, loss, runs);
}

/** @param {'Chromium' | 'Firefox'} browser @returns {Planned[]} */
export function plan(browser) {
  /** @type {Planned[]} */
  const cases = [];
  /** @param {string} title @param {Planned['run']} run */
  const addRun = (title, run) => cases.push({ name: `${browser}: ${title}`, run });
  /** @param {string} title @param {string} run @param {object} [options] */
  const add = (title, run, options = {}) =>
    addRun(title, async ({ open, start }) => {
      const tab = await open();
      const { url } = await start();
      return tab.run(run, { sfu: url, ...options });
    });
  for (const codec of codecs[browser]) {
    add(`${codec}, control: plaintext is found`, 'plaintextIsFound', { codec });
    add(`${codec}, right key`, 'rightKey', { codec });
    add(`${codec}, wrong key`, 'wrongKey', { codec });
  }
  add('layers switched', 'switching');
  add('reordered, duplicated', 'reordered');
  add('worker killed', 'workerKilled');
  addRun('SFU killed', restart);
  if (browser === 'Chromium') {
    for (const codec of /** @type {const} */ (['VP8', 'VP9', 'AV1']))
      addRun(`to Node, ${codec}`, (world) => record(world, codec));
    addRun('to Node and back', sayAgain);
    addRun('to Node, wrong key', (world) => record(world, 'VP8', { isWrong: true }));
  }
  for (const loss of [0, 0.01, 0.05])
    addRun(`loss ${100 * loss} %`, (world) => measureLoss(world, browser, loss));
  return cases;
}
