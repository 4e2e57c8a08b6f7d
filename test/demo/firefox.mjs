// @ts-check
// The page in Firefox, driven by puppeteer-core over WebDriver BiDi: the main path.

import { decodedIn, keepConnections } from './in-page.mjs';
import { Steps } from './steps.mjs';
import { BOUND_MS, must, until } from './visit.mjs';

/** A visitor in Firefox. */
export class FirefoxVisit extends Steps {
  /** @type {string[]} */
  complaints = [];

  /** @param {import('puppeteer-core').Page} page */
  constructor(page) {
    super();
    this.page = page;
    page.on('console', (message) => this.complaints.push(`${message.type()}: ${message.text()}`));
    page.on('pageerror', (error) => this.complaints.push(`${error}`));
  }

  /** @param {import('puppeteer-core').Browser} browser @param {string} origin */
  static async open(browser, origin) {
    const page = await browser.newPage();
    await page.setViewport({ width: 1280, height: 900 });
    await page.evaluateOnNewDocument(keepConnections);
    const visit = new FirefoxVisit(page);
    await page.goto(origin);
    return visit;
  }

  /** @param {string} selector */
  async press(selector) {
    await this.page.waitForSelector(`${selector}:not(:disabled)`, { timeout: BOUND_MS });
    await this.page.locator(selector).click();
  }

  /** @param {string} selector */
  textOf(selector) {
    return this.page.$eval(selector, (found) => `${found.textContent}`);
  }

  /** @param {string} name @param {string} passphrase */
  async type(name, passphrase) {
    await this.page.$eval(
      `#passphrase-${name}`,
      (input, value) => {
        /** @type {HTMLInputElement} */ (input).value = value;
      },
      passphrase,
    );
  }

  /** @param {string} name @param {string} word */
  async shows(name, word) {
    await until(`${name}: ${word}`, async () => {
      const text = await this.textOf(`article[data-name="${name}"] > header .lock`);
      return text === word || `it says ${text}`;
    });
  }

  /** @param {string} word */
  async allShow(word) {
    for (const name of ['Alice', 'Bob', 'Carol']) await this.shows(name, word);
  }

  /** @param {string} at @param {string} of */
  decoded(at, of) {
    return this.page.evaluate(decodedIn, { at, of });
  }

  /** @param {string} at @param {string} of */
  async plays(at, of) {
    const before = (await this.decoded(at, of)).frames;
    await until(`${at} sees ${of}`, async () => {
      const { frames } = await this.decoded(at, of);
      return frames >= before + 10 || `${frames - before} frames more`;
    });
  }

  /** Everybody sees everybody. */
  async allPlay() {
    for (const [at, of] of /** @type {const} */ ([
      ['Alice', 'Bob'],
      ['Bob', 'Carol'],
      ['Carol', 'Alice'],
    ]))
      await this.plays(at, of);
  }

  /** @param {string} at @param {string} of */
  async sawNothing(at, of) {
    const { frames, isThere } = await this.decoded(at, of);
    must(isThere && frames === 0, `${at} has decoded ${frames} frames of ${of}`);
  }
}
