// @ts-check
// The client in real calls, in Chromium and in Firefox. A name on the command line runs only the cases that have it
// in theirs. With CI set a missing browser is a failure; else it is said, and left out.

import { check, finish } from '../runtimes/report.mjs';
import { launchChromium, launchFirefox } from './browsers.mjs';
import { plan } from './plan.mjs';
import { serve } from './server.mjs';
import { addTimes, timesTable } from './times.mjs';

/** How long a case may take. Waits inside have bounds of their own; this one ends a page that hangs. */
const CASE_MS = 90_000;

const [filter = ''] = process.argv.slice(2);

/** @param {Promise<unknown>} outcome */
async function within(outcome) {
  /** @type {NodeJS.Timeout | undefined} */
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`no end after ${CASE_MS} ms`)), CASE_MS);
  });
  try {
    return await Promise.race([outcome, late]);
  } finally {
    clearTimeout(timer);
  }
}

/**
 * @param {import('./browsers.mjs').Browser} browser
 * @param {import('./plan.mjs').Planned} planned
 */
async function runCase(browser, { name, headers, isHidden, run }) {
  await check(name, async () => {
    const cdn = await serve({ 'access-control-allow-origin': '*' });
    const own = await serve(headers(cdn.origin));
    const tab = await (isHidden ? browser.openHideable(own.origin) : browser.open(own.origin));
    try {
      const text = await within(run(tab, cdn.origin));
      addTimes(name, tab.resumed);
      return text;
    } catch (error) {
      const message = error instanceof Error ? error.message : `${error}`;
      throw new Error([message, ...tab.complaints].join('\n      '));
    } finally {
      await tab.close();
      for (const server of [own, cdn]) server.close();
    }
  });
}

/**
 * @param {string} name
 * @param {() => Promise<import('./browsers.mjs').Browser | undefined>} launch
 */
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
    if (browser !== undefined) for (const planned of cases) await runCase(browser, planned);
  } finally {
    await browser?.close();
  }
}

const start = performance.now();
// at the same time: calls mostly wait
await Promise.all([runBrowser('Chromium', launchChromium), runBrowser('Firefox', launchFirefox)]);
console.log(timesTable());
console.log(`${((performance.now() - start) / 60_000).toFixed(1)} minutes`);
finish();
