// @ts-check
// The client in real calls, in Chromium and in Firefox. A name on the command line runs only the cases that have it
// in theirs. With CI set a missing browser is a failure; else it is said, and left out.

import { check, finish } from '../runtimes/report.mjs';
import { attempt } from './attempt.mjs';
import { launchChromium, launchFirefox } from './browsers.mjs';
import { plan } from './plan.mjs';
import { serve } from './server.mjs';
import { addTimes, timesTable } from './times.mjs';

/** How long a case may take. */
const CASE_MS = 90_000;

const [filter = ''] = process.argv.slice(2);

/**
 * Cases that have waited in vain: two browsers and their encoders share the machine.
 * @type {{ launch: Launch, planned: import('./plan.mjs').Planned }[]}
 */
const late = [];

/** @typedef {() => Promise<import('./browsers.mjs').Browser | undefined>} Launch */

/**
 * @param {import('./browsers.mjs').Browser} browser
 * @param {import('./plan.mjs').Planned} planned
 * @param {Launch} [launch] to run it again; undefined: it will not
 */
async function runCase(browser, planned, launch) {
  const { name, headers, isHidden, run } = planned;
  await check(name, async () => {
    const cdn = await serve({ 'access-control-allow-origin': '*' });
    const own = await serve(headers(cdn.origin));
    const tab = await (isHidden ? browser.openHideable(own.origin) : browser.open(own.origin));
    const putOff = launch && (() => late.push({ launch, planned }));
    try {
      const options = { ms: CASE_MS, complaints: () => tab.complaints, putOff };
      const text = await attempt(() => run(tab, cdn.origin), options);
      addTimes(name, tab.resumed);
      return text;
    } finally {
      await tab.close();
      for (const server of [own, cdn]) server.close();
    }
  });
}

/** @param {string} name @param {Launch} launch */
async function runBrowser(name, launch) {
  const cases = plan(name).filter((planned) => planned.name.includes(filter));
  if (cases.length === 0) return;
  /** @type {import('./browsers.mjs').Browser | undefined} */
  let browser;
  await check(name, async () => {
    browser = await launch();
    if (browser === undefined && process.env['CI']) throw new Error('not found');
    return browser?.version ?? 'not found: left out';
  });
  try {
    if (browser !== undefined) for (const planned of cases) await runCase(browser, planned, launch);
  } finally {
    await browser?.close();
  }
}

const start = performance.now();
// at the same time: calls mostly wait
await Promise.all([runBrowser('Chromium', launchChromium), runBrowser('Firefox', launchFirefox)]);
for (const { launch, planned } of late) {
  const browser = await launch();
  if (browser === undefined) throw new Error('the browser is gone');
  await runCase(browser, planned);
  await browser.close();
}
console.log(timesTable());
console.log(`${((performance.now() - start) / 60_000).toFixed(1)} minutes`);
finish();
