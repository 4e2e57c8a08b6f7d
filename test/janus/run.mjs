// @ts-check
// The client in real calls through a real Janus, in Chromium and Firefox, in a network namespace of their own. A name on
// the command line runs only the cases that have it in theirs. With CI set a missing browser or server is a failure; else
// it is said, and all is left out.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { attempt } from '../e2e/attempt.mjs';
import { launchChromium, launchFirefox } from '../e2e/browsers.mjs';
import { serve } from '../e2e/server.mjs';
import { check, finish } from '../runtimes/report.mjs';
import { mustHave } from './installed.mjs';
import { ADDRESS, enterNamespace } from './namespace.mjs';
import { bundlePage } from './pages.mjs';
import { plan } from './plan.mjs';
import { World } from './world.mjs';

/** How long a case may take. */
const CASE_MS = 180_000;
const PORT = 8188;

mustHave('janus', 'ffprobe');
const cannot = enterNamespace();
if (cannot) {
  console.log(cannot);
  process.exit(process.env['CI'] ? 1 : 0);
}

const [filter = ''] = process.argv.slice(2);
const folder = mkdtempSync(join(tmpdir(), 'sframe-janus-'));
const recordings = join(folder, 'recordings');
const start = performance.now();

await bundlePage();
const janusConfig = {
  folder: join(folder, 'config'),
  recordings,
  address: ADDRESS,
  port: PORT,
  reclaimSeconds: 60, // signalling is taken away for ten
  debugLevel: 7, // all that it is told
  plugins: [
    'audiobridge',
    'echotest',
    'nosip',
    'recordplay',
    'textroom',
    'videocall',
    'videoroom',
    'voicemail',
  ],
};
const [chromium, firefox] = await Promise.all([launchChromium(), launchFirefox()]);
if (chromium === undefined || firefox === undefined) {
  console.log('Chromium or Firefox is not installed');
  process.exit(process.env['CI'] ? 1 : 0);
}
const server = await serve({}, ['/build/janus/', '/test/janus/page/']);
const world = new World({ chromium, firefox, server, recordings, janusConfig });

/** @type {import('./plan.mjs').Planned[]} */
const late = [];

/** @param {import('./plan.mjs').Planned} planned @param {boolean} isLast */
async function runCase(planned, isLast) {
  const complaints = () => world.complaints();
  const putOff = isLast ? undefined : () => late.push(planned);
  await check(planned.name, async () => {
    try {
      return await attempt(() => planned.run(world), { ms: CASE_MS, complaints, putOff });
    } finally {
      await world.tidy();
    }
  });
}

try {
  await check('Janus, Chromium, Firefox', async () => {
    await world.startJanus();
    return `${chromium.version}, ${firefox.version}`;
  });
  for (const planned of plan.filter(({ name }) => name.includes(filter))) await runCase(planned, false);
  for (const planned of late) await runCase(planned, true);
} finally {
  await world.close();
  rmSync(folder, { recursive: true });
}
for (const line of world.table) console.log(line);
console.log(`${((performance.now() - start) / 60_000).toFixed(1)} minutes`);
finish();
