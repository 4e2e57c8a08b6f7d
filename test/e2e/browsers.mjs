// @ts-check
// Chromium by Playwright and Firefox by puppeteer-core over WebDriver BiDi, behind one face: a tab that runs a case and
// can be reloaded. Media stays on loopback addresses; no browser may speak to anybody's server.

import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { chromium } from 'playwright';
import { chromiumFlags, findChromium } from '../../scripts/chromium.mjs';

/**
 * @typedef {object} Tab
 * @property {(name: string, options: object) => Promise<any>} run of a case, by its name in page/main.js
 * @property {() => Promise<unknown>} reload
 * @property {() => Promise<unknown>} hide behind another tab
 * @property {() => Promise<unknown>} show again
 * @property {() => Promise<unknown>} close
 * @property {string[]} complaints the page's errors, and its console's
 * @property {number[]} resumed how long media took to come back, in ms, as the cases say
 */

/**
 * @typedef {object} Browser
 * @property {string} name
 * @property {string} version
 * @property {(origin: string, path?: string) => Promise<Tab>} open
 * @property {(origin: string) => Promise<Tab>} openHideable a tab that knows when it is hidden
 * @property {() => Promise<unknown>} close
 */

const pagePath = '/test/e2e/page/index.html';

/** How long a page may take to load, or a browser to start. */
const timeout = 60_000;

/** Media without a device and without asking, and between the loopback addresses of this machine. */
const mediaFlags = [
  '--use-fake-device-for-media-stream',
  '--use-fake-ui-for-media-stream',
  '--autoplay-policy=no-user-gesture-required',
  '--allow-loopback-in-peer-connection',
  '--disable-features=WebRtcHideLocalIpsWithMdns',
  '--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE 127.0.0.1',
];

/**
 * Runs in a page. What a case throws comes back as a value: the two drivers tell of exceptions in different words.
 * @param {string} name
 * @param {object} options
 */
async function runInPage(name, options) {
  try {
    return await /** @type {any} */ (globalThis).runCase(name, options);
  } catch (error) {
    const place =
      error instanceof Error
        ? error.stack?.match(/[\w-]+\.js:\d+(?=:\d+\)?\n.*cases)|cases\/[\w-]+\.js:\d+/)
        : null;
    return { error: `${error}${place ? ` (${place[0]})` : ''}` };
  }
}

/**
 * @param {() => Promise<import('playwright').Page | import('puppeteer-core').Page>} newPage
 * @param {string} origin
 * @param {string} [path] of the page
 * @returns {Promise<Tab>}
 */
async function openTab(newPage, origin, path = pagePath) {
  // what both drivers have in common
  const makePage = /** @type {() => Promise<import('playwright').Page>} */ (newPage);
  const page = await makePage();
  /** @type {import('playwright').Page | undefined} */
  let cover;
  /** @type {string[]} */
  const complaints = [];
  /** @type {number[]} */
  const resumed = [];
  page.on('pageerror', (error) => complaints.push(`${error}`));
  page.on('console', (message) => {
    if (message.type() === 'error') complaints.push(message.text());
  });
  await page.goto(origin + path, { timeout });
  return {
    complaints,
    resumed,
    async run(name, options) {
      const {
        value,
        resumed: times,
        error,
      } = await page.evaluate(`(${runInPage})(${JSON.stringify(name)}, ${JSON.stringify(options)})`);
      if (error !== undefined) throw new Error(error);
      resumed.push(...times);
      return value;
    },
    reload: () => page.reload({ timeout }),
    async hide() {
      cover = await makePage();
      await cover.bringToFront();
    },
    async show() {
      await page.bringToFront();
      await cover?.close();
    },
    close: () => page.close(),
  };
}

/**
 * @param {string[]} [flags] more of them
 * @returns {Promise<Browser & { driver: import('playwright').Browser } | undefined>} undefined: there is none
 */
export async function launchChromium(flags = []) {
  const executablePath = findChromium();
  if (executablePath === undefined) return;
  const driver = await chromium.launch({
    executablePath,
    args: [...chromiumFlags, ...mediaFlags, ...flags],
    timeout,
  });
  return {
    name: 'Chromium',
    version: driver.version(),
    driver,
    open: (origin, path) => openTab(() => driver.newPage(), origin, path),
    openHideable: (origin) => openHideableChromium(executablePath, origin),
    close: () => driver.close(),
  };
}

/** What Puppeteer starts Chromium with, lest a page notice that it is hidden. */
const neverHidden = [
  '--disable-backgrounding-occluded-windows',
  '--disable-renderer-backgrounding',
  '--disable-background-timer-throttling',
];

/**
 * A tab in a browser of its own, by Puppeteer: Playwright tells all pages that they are visible.
 * @param {string} executablePath
 * @param {string} origin
 * @returns {Promise<Tab>}
 */
async function openHideableChromium(executablePath, origin) {
  const { launch } = await import('puppeteer-core');
  const driver = await launch({
    executablePath,
    args: [...chromiumFlags, ...mediaFlags],
    ignoreDefaultArgs: neverHidden,
    timeout,
  });
  const tab = await openTab(() => driver.newPage(), origin);
  return { ...tab, close: () => driver.close() };
}

function findFirefox() {
  const named = process.env['FIREFOX_PATH'];
  if (named) return named;
  const folders = (process.env['PATH'] ?? '').split(delimiter);
  const candidates = ['firefox-esr', 'firefox'].flatMap((name) =>
    folders.map((folder) => join(folder, name)),
  );
  return candidates.find((path) => existsSync(path));
}

/** Media as in Chromium; and nothing fetched, reported or updated. */
const firefoxPrefs = {
  'media.peerconnection.ice.loopback': true,
  'media.peerconnection.ice.default_address_only': false,
  'media.peerconnection.ice.obfuscate_host_addresses': false,
  // layers of SVC in VP9, where the picture is large enough: it has no scalabilityMode
  'media.peerconnection.video.svc.spatial': 3,
  'media.navigator.streams.fake': true,
  'media.navigator.permission.disabled': true,
  'media.autoplay.default': 0,
  'media.gmp-manager.updateEnabled': false,
  // kbit/s: its estimate starts low and grows slowly, and upper layers wait for it
  'media.peerconnection.video.min_bitrate_estimate': 2000,
  'app.update.auto': false,
  'app.normandy.enabled': false,
  'browser.safebrowsing.malware.enabled': false,
  'browser.safebrowsing.phishing.enabled': false,
  'datareporting.policy.dataSubmissionEnabled': false,
  'extensions.update.enabled': false,
  'network.captive-portal-service.enabled': false,
  'network.connectivity-service.enabled': false,
  'services.settings.server': 'data:,',
  'toolkit.telemetry.enabled': false,
};

/** @returns {Promise<import('puppeteer-core').Browser | undefined>} undefined: there is none */
export async function startFirefox() {
  const executablePath = findFirefox();
  if (executablePath === undefined) return;
  const { launch } = await import('puppeteer-core');
  return launch({
    browser: 'firefox',
    executablePath,
    headless: true,
    protocol: 'webDriverBiDi',
    extraPrefsFirefox: firefoxPrefs,
    args: ['--no-remote'],
    timeout,
    protocolTimeout: timeout * 2,
  });
}

/** @returns {Promise<Browser | undefined>} undefined: there is none */
export async function launchFirefox() {
  const driver = await startFirefox();
  if (driver === undefined) return;
  return {
    name: 'Firefox',
    version: (await driver.version()).replace(/^.*\//, ''),
    open: (origin, path) => openTab(() => driver.newPage(), origin, path),
    openHideable: (origin) => openTab(() => driver.newPage(), origin),
    close: () => driver.close(),
  };
}
