// @ts-check
// The page of examples/call, built and served, as visitors meet it: in Chromium at 1280 and 390 px, dark, without
// what it needs, and in Firefox. Pictures of its states go to build/demo/. A name on the command line runs only the visits
// that have it in theirs. With CI set a missing browser is a failure; else it is said, and left out.

import { launchChromium, startFirefox } from '../e2e/browsers.mjs';
import { finish } from '../runtimes/report.mjs';
import { desktop } from './desktop.mjs';
import { FirefoxVisit } from './firefox.mjs';
import {
  countConnections,
  overflow,
  removeScriptTransform,
  removeTransforms,
  stripTransforms,
} from './in-page.mjs';
import { servePage } from './serve.mjs';
import { must, until, Visit } from './visit.mjs';

const [filter = ''] = process.argv.slice(2);
const wide = { viewport: { width: 1280, height: 1080 } };
const narrow = { viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true };

/** @param {Visit} visit */
async function phone(visit) {
  const { page } = visit;
  await visit.step('start', async () => {
    const field = page.getByLabel('Passphrase that Carol types');
    const passphrase = await field.inputValue();
    await field.fill('short');
    await visit.press('Start the call');
    await until('the field', () => field.evaluate((input) => input === document.activeElement));
    await visit.shows('Carol', 'Not in a call');
    await field.fill(passphrase);
    await visit.press('Start the call');
    await visit.allShow('Encrypted');
    await visit.allPlay();
    await visit.shoot('phone-encrypted');
    return visit.axe();
  });
  await visit.step('emoji', async () => {
    await page.getByLabel('Everybody has keys of their own').check();
    await visit.allShow('Not verified');
    await visit.shoot('phone-unverified');
    await visit.press('Compare emoji with Bob, as Alice');
    await visit.press('They are the same, says Alice');
    await visit.press('They are the same, says Bob');
    await visit.shoot('phone-compared');
    await visit.axe();
    await visit.press('Close');
    await visit.tile('Alice').locator('.trust').getByText('Verified', { exact: true }).waitFor();
    return visit.axe();
  });
  await visit.step('switched off', async () => {
    await page.getByLabel('Switch off: nothing').check();
    await visit.allShow('Not encrypted');
    const banner = page.getByRole('alert');
    await page.evaluate(() => scrollTo(0, document.body.scrollHeight));
    must(((await banner.boundingBox())?.y ?? -1) >= 0, 'the banner can be scrolled away');
    await visit.allViews('clear');
    await visit.shoot('phone-in-the-clear');
    return visit.axe();
  });
  await visit.step('width', async () => {
    const wider = await page.evaluate(overflow);
    must(wider <= 0, `${wider} px wider than the window`);
    return 'nothing is wider than the window';
  });
}

/** @param {Visit} visit */
async function dark(visit) {
  await visit.step('start', async () => {
    await visit.axe();
    await visit.page.getByLabel('Everybody has keys of their own').check();
    await visit.press('Start the call');
    await visit.allShow('Not verified');
    await visit.shoot('dark-unverified');
    return visit.axe();
  });
  await visit.step('switched off', async () => {
    await visit.page.getByLabel('Switch off: nothing').check();
    await visit.allShow('Not encrypted');
    await visit.allViews('clear');
    await visit.shoot('dark-in-the-clear');
    return visit.axe();
  });
}

/** @param {Visit} visit */
async function unsupported(visit) {
  const { page } = visit;
  await visit.step('it says so', async () => {
    await visit.allShow('Cannot encrypt');
    const banner = page.getByRole('alert').getByText('This browser cannot encrypt calls.');
    must(await banner.isVisible(), 'no banner');
    must(await page.getByRole('button', { name: 'Start the call' }).isDisabled(), 'a call can be started');
    const made = await page.evaluate(countConnections);
    must(made === 0, `${made} connections`);
    await visit.shoot('unsupported');
    return visit.axe();
  });
}

/** @param {Visit} visit */
async function streams(visit) {
  await visit.step('start', async () => {
    await visit.press('Start the call');
    await visit.allShow('Encrypted');
    await visit.allPlay();
    return 'by createEncodedStreams';
  });
}

/** @param {FirefoxVisit} visit */
async function firefox(visit) {
  const { page } = visit;
  await visit.step('a wrong key', async () => {
    await visit.type('Carol', 'not what they said');
    await visit.press('#start');
    for (const name of ['Alice', 'Bob']) await visit.shows(name, 'Encrypted');
    await visit.shows('Carol', 'Wrong key');
    await visit.plays('Alice', 'Bob');
    for (const of of ['Alice', 'Bob']) await visit.sawNothing('Carol', of);
    return '0 frames decoded';
  });
  await visit.step('the right one', async () => {
    await visit.type(
      'Carol',
      await page.$eval('#passphrase-Alice', (input) => /** @type {any} */ (input).value),
    );
    await visit.press('[data-name="Carol"] form button');
    await visit.allShow('Encrypted');
    await visit.allPlay();
    return 'everybody sees everybody';
  });
  await visit.step('new keys', async () => {
    const key = () => visit.textOf('#numbers tr:first-child [data-column="key"]');
    const before = Number(await key());
    await visit.press('#rotate');
    await until('a new key', async () => Number(await key()) > before);
    await visit.press('#ratchet');
    await until('a step', async () => (await key()).endsWith(', step 1'));
    await visit.allPlay();
    await visit.allShow('Encrypted');
    return key();
  });
  await visit.step('video only, and off', async () => {
    await visit.press('input[value="video-only"]');
    await visit.allShow('Sound not encrypted');
    await visit.press('input[value="nothing"]');
    await visit.allShow('Not encrypted');
    must((await visit.textOf('#banner')).includes('Encryption is off.'), 'no banner');
    await visit.allPlay();
    await visit.press('#banner button');
    await visit.allShow('Encrypted');
    await visit.allPlay();
    return 'said, and taken back';
  });
  await visit.step('transforms taken away', async () => {
    await page.evaluate(stripTransforms);
    await until('a banner', async () => (await visit.textOf('#banner')).includes('was stopped'));
    await visit.press('#banner button');
    await visit.allPlay();
    await visit.allShow('Encrypted');
    return 'said, and set again';
  });
  await visit.step('another codec', async () => {
    await page.select('#codec', 'VP9');
    await until('VP9', async () => (await visit.decoded('Bob', 'Alice')).codec.toUpperCase() === 'VIDEO/VP9');
    await visit.allPlay();
    return 'VP9';
  });
  await visit.step('emoji', async () => {
    await visit.press('input[value="own-keys"]');
    await visit.allShow('Not verified');
    await visit.allPlay();
    await visit.press('[data-name="Alice"] .trust li:first-child button');
    for (const name of ['Alice', 'Bob']) await visit.press(`#compare-sides [data-name="${name}"] button`);
    await visit.press('#compare-close');
    const badge = '[data-name="Alice"] .trust li:first-child .badge';
    await until('a badge', async () => (await visit.textOf(badge)) === 'Verified');
    return 'Alice has verified Bob';
  });
}

/** @param {string} name @param {() => Promise<unknown>} run */
async function visit(name, run) {
  if (!name.includes(filter)) return;
  console.log(`\n${name}`);
  await run();
}

/** @param {string} name @param {unknown} browser */
function noteMissing(name, browser) {
  if (browser !== undefined) return;
  console.log(`${name} not found: left out`);
  if (process.env['CI']) process.exitCode = 1;
}

const start = performance.now();
const server = await servePage();
const chromium = await launchChromium();
noteMissing('Chromium', chromium);
if (chromium !== undefined) {
  const { driver, version } = chromium;
  /** @type {[string, import('./visit.mjs').Options, (() => void)[], (visit: Visit) => Promise<unknown>][]} */
  const visits = [
    ['1280 px', wide, [], (visit) => desktop(visit, ['VP9', 'H264', 'AV1', 'VP8'])],
    ['390 px', narrow, [], phone],
    ['dark', { ...wide, colorScheme: 'dark', reducedMotion: 'reduce' }, [], dark],
    ['unsupported', wide, [removeTransforms], unsupported],
    ['encoded streams', wide, [removeScriptTransform], streams],
  ];
  for (const [name, options, before, run] of visits)
    await visit(`Chromium ${version}, ${name}`, async () => {
      const opened = await Visit.open(driver, server.origin, options, before);
      await run(opened);
      await opened.end(opened.complaints);
      await opened.close();
    });
  await chromium.close();
}
const gecko = await startFirefox();
noteMissing('Firefox', gecko);
if (gecko !== undefined) {
  await visit(`Firefox ${(await gecko.version()).replace(/^.*\//, '')}, 1280 px`, async () => {
    const opened = await new FirefoxVisit(await gecko.newPage()).open(server.origin);
    await firefox(opened);
    await opened.end(opened.complaints);
  });
  await gecko.close();
}
await server.close();
console.log(`${((performance.now() - start) / 60_000).toFixed(1)} minutes`);
finish();
process.exit();
