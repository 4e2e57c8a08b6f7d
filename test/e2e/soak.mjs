// @ts-check
// A long call in Chromium: one sender and eight receivers in one worker, for a minute or for `--minutes N`. Memory must
// stay flat, and nothing may be dropped but replays; how long the cryptography takes is told.

import { parseArgs } from 'node:util';
import { check, finish } from '../runtimes/report.mjs';
import { launchChromium } from './browsers.mjs';
import { serve } from './server.mjs';

/** While caches fill. */
const WARM_UP_MS = 15_000;
const SAMPLE_EVERY_MS = 3000;
/** What page and workers together may grow by, from the first quarter of the time to the last. */
const GROWTH_LIMIT = 1_000_000;
/** The others' frames a second that must be decoded, of 15. */
const LEAST_FPS = 7;

const { minutes: wanted = '1' } = parseArgs({ options: { minutes: { type: 'string' } } }).values;
const ms = 60_000 * Number(wanted);
if (!(ms >= 60_000)) throw new RangeError('--minutes must be a number from 1');

/** What measureUserAgentSpecificMemory asks for. */
const isolation = {
  'content-security-policy': "default-src 'self'; script-src 'self' 'wasm-unsafe-eval'",
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-embedder-policy': 'require-corp',
};

/** @param {number[]} values */
function median(values) {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? 0;
}

// it collects garbage and measures when it is asked, not within a minute
const browser = await launchChromium(['--enable-blink-features=ForceEagerMeasureMemory']);
await check('Chromium', () => {
  if (browser === undefined && process.env['CI']) throw new Error('not found');
  return browser?.version ?? 'not found: left out';
});
if (browser !== undefined) {
  const server = await serve(isolation);
  const tab = await browser.open(server.origin);
  /** @type {any[]} */
  const samples = [];
  await check('call', async () => `everybody seen after ${await tab.run('soakStart', {})} ms`);
  await check(`${wanted} minutes`, async () => {
    const start = performance.now();
    for (let next = start + WARM_UP_MS; next < start + ms; next += SAMPLE_EVERY_MS) {
      await new Promise((resolve) => setTimeout(resolve, Math.max(0, next - performance.now())));
      samples.push(await tab.run('soakSample', {}));
    }
    const { senders, receivers, frames, engine } = samples.at(-1);
    return `${senders} senders, ${receivers} receivers of tracks, ${frames} frames, ${engine}`;
  });
  const [first, last] = [samples[0], samples.at(-1)];
  await check('memory', () => {
    const bytes = samples.map((sample) => sample.bytes);
    const quarters = [0, 1, 2, 3].map((i) => {
      const [from, to] = [i, i + 1].map((n) => Math.round((n * bytes.length) / 4));
      return median(bytes.slice(from, to));
    });
    const text = `${quarters.map((value) => (value / 1e6).toFixed(2)).join(', ')} MB by quarters`;
    if ((quarters[3] ?? 0) - (quarters[0] ?? 0) > GROWTH_LIMIT) throw new Error(text);
    return text;
  });
  await check('drops', () => {
    const reasons = Object.keys(last.dropped).filter((reason) => reason !== 'replay');
    if (reasons.length > 0) throw new Error(JSON.stringify(last.dropped));
    return JSON.stringify(last.dropped);
  });
  await check('media', () => {
    const seconds = ((samples.length - 1) * SAMPLE_EVERY_MS) / 1000;
    const rates = last.decoded.map(
      (/** @type {number} */ frames, /** @type {number} */ i) => (frames - first.decoded[i]) / seconds,
    );
    const least = Math.min(...rates);
    if (!(least >= LEAST_FPS))
      throw new Error(`${rates.map((/** @type {number} */ rate) => rate.toFixed(1))} fps`);
    return `${least.toFixed(1)} fps at least`;
  });
  await check('keys', () => {
    if (last.keys > 2) throw new Error(`${last.keys} keys of one participant`);
    return `${samples.length + 1} of each participant, ${last.keys} kept`;
  });
  await check('events', () => {
    if (last.unprotected + last.restarts > 0) throw new Error(JSON.stringify(last));
    return 'none unprotected, no worker replaced';
  });
  await check(
    'transform time',
    () => `p50 ${last.p50.toFixed(0)} µs, p99 ${last.p99.toFixed(0)} µs, of the slowest track`,
  );
  for (const complaint of tab.complaints) console.log(`      ${complaint}`);
  server.close();
  await browser.close();
}
finish();
