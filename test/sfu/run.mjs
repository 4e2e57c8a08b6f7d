// @ts-check
// The client in real calls through an SFU of its own, which loses, reorders and duplicates packets, in Chromium and
// Firefox. A name on the command line runs only the cases that have it in theirs. With CI set a missing browser, Go or
// Pion is a failure; else it is said, and left out.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { attempt } from '../e2e/attempt.mjs';
import { launchChromium, launchFirefox } from '../e2e/browsers.mjs';
import { serve } from '../e2e/server.mjs';
import { ADDRESS, enterNamespace } from '../janus/namespace.mjs';
import { check, finish } from '../runtimes/report.mjs';
import { buildSfu, startSfu } from './pion.mjs';
import { plan } from './plan.mjs';
import { lossTable } from './table.mjs';

/** How long a case may take. */
const CASE_MS = 300_000;
const PAGE = '/test/sfu/page/index.html';

// Firefox does not reach an SFU on a loopback address
const isOutside = enterNamespace();
if (isOutside) console.log(`${isOutside}: without Firefox`);
if (isOutside && process.env['CI']) process.exit(1);
const address = isOutside ? '127.0.0.1' : ADDRESS;

const [filter = ''] = process.argv.slice(2);
const folder = mkdtempSync(join(tmpdir(), 'sframe-sfu-'));
const start = performance.now();

/** Cases that have waited in vain: each runs once more. @type {{ browser: import('../e2e/browsers.mjs').Browser, planned: import('./plan.mjs').Planned }[]} */
const late = [];

/**
 * @param {string} program @param {import('../e2e/browsers.mjs').Browser} browser
 * @param {import('./plan.mjs').Planned} planned @param {boolean} isLast
 */
async function runCase(program, browser, planned, isLast) {
  await check(planned.name, async () => {
    const server = await serve({}, ['/test/sfu/page/']);
    /** @type {import('../e2e/browsers.mjs').Tab[]} */
    const tabs = [];
    /** @type {import('./pion.mjs').RunningSfu[]} */
    const sfus = [];
    const world = {
      async open() {
        const tab = await browser.open(server.origin, PAGE);
        tabs.push(tab);
        return tab;
      },
      async start() {
        const sfu = await startSfu(program, address);
        sfus.push(sfu);
        return sfu;
      },
    };
    const complaints = () => tabs.flatMap((tab) => tab.complaints);
    const putOff = isLast ? undefined : () => late.push({ browser, planned });
    try {
      return await attempt(() => planned.run(world), { ms: CASE_MS, complaints, putOff });
    } finally {
      await Promise.allSettled(tabs.map((tab) => tab.close()));
      await Promise.all(sfus.map((sfu) => sfu.kill()));
      server.close();
    }
  });
}

/** @type {string | undefined} */
let program;
await check('Pion', async () => {
  program = buildSfu(folder);
  if (program === undefined && process.env['CI']) throw new Error('no Go, or no Pion');
  return program === undefined ? 'not found: all is left out' : 'built';
});
const launchers = { Chromium: launchChromium, ...(!isOutside && { Firefox: launchFirefox }) };
for (const [name, launch] of Object.entries(launchers)) {
  const cases = plan(/** @type {'Chromium' | 'Firefox'} */ (name)).filter((planned) =>
    planned.name.includes(filter),
  );
  if (program === undefined || cases.length === 0) continue;
  const browser = await launch();
  await check(name, async () => {
    if (browser === undefined && process.env['CI']) throw new Error('not found');
    return browser?.version ?? 'not found: left out';
  });
  if (browser === undefined) continue;
  for (const planned of cases) await runCase(program, browser, planned, false);
  for (const { planned } of late.splice(0)) await runCase(program, browser, planned, true);
  await browser.close();
}
rmSync(folder, { recursive: true });
console.log(lossTable());
console.log(`${((performance.now() - start) / 60_000).toFixed(1)} minutes`);
finish();
// werift keeps a timer
process.exit();
