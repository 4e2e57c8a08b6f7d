// @ts-check
// The demo with Janus as a user runs it, and as visitors meet its pages, in a network namespace with one address of its
// own. Pictures of its states go to build/demo/. A name on the command line runs only the visits that have it in theirs.
// With CI set a missing Janus, browser or namespace is a failure; else it is said, and all is left out.

import { launchChromium, startFirefox } from '../e2e/browsers.mjs';
import { enterNamespace } from '../janus/namespace.mjs';
import { check, finish } from '../runtimes/report.mjs';
import { startDemo } from './demo.mjs';
import { echo } from './echo.mjs';
import { firefoxEcho, firefoxRoom } from './firefox.mjs';
import { playback } from './playback.mjs';
import { ends, refusals } from './program.mjs';
import { lost, ownKeys, passphrase, phone, simulcast } from './rooms.mjs';

/** @param {string} why */
function leaveOut(why) {
  console.log(`${why}: left out`);
  process.exit(process.env['CI'] ? 1 : 0);
}

const cannot = enterNamespace();
if (cannot) leaveOut(cannot);

const [filter = ''] = process.argv.slice(2);
const start = performance.now();

const demo = await startDemo(['--port', '0']).catch((error) => {
  if (`${error}`.includes('Janus is not installed')) leaveOut('Janus is not installed');
  throw error;
});
const chromium = await launchChromium();
if (chromium === undefined) {
  await demo.end();
  leaveOut('Chromium is not installed');
} else {
  /** @type {[string, (browser: import('playwright').Browser, origin: string, recordings: string) => Promise<unknown>][]} */
  const visits = [
    ['EchoTest', echo],
    ['VideoRoom, own keys', ownKeys],
    ['VideoRoom, a passphrase', passphrase],
    ['VideoRoom, three sizes', simulcast],
    ['VideoRoom, signalling lost', lost],
    ['390 px', phone],
    ['Record & Play', playback],
  ];
  for (const [name, visit] of visits) {
    if (!name.includes(filter)) continue;
    console.log(`\nChromium ${chromium.version}, ${name}`);
    await visit(chromium.driver, demo.origin, demo.recordings);
  }
  const gecko = await startFirefox();
  if (gecko === undefined) {
    console.log('Firefox is not installed: left out');
    if (process.env['CI']) process.exitCode = 1;
  } else {
    const name = `Firefox ${(await gecko.version()).replace(/^.*\//, '')}`;
    if (`${name}, EchoTest`.includes(filter)) {
      console.log(`\n${name}, EchoTest`);
      await firefoxEcho(gecko, demo.origin);
    }
    if (`${name}, VideoRoom`.includes(filter)) {
      console.log(`\n${name}, VideoRoom`);
      await firefoxRoom(gecko, chromium.driver, demo.origin);
    }
    await gecko.close();
  }
  await chromium.close();
}
console.log('\nthe program');
await check('end', () => ends(demo));
if (filter === '') for (const [name, run] of refusals) await check(name, run);
console.log(`${((performance.now() - start) / 60_000).toFixed(1)} minutes`);
finish();
process.exit();
