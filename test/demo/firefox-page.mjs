// @ts-check
// A page in Firefox, driven by puppeteer-core over WebDriver BiDi, that is visited step by step.

import { keepConnections } from './in-page.mjs';
import { Steps } from './steps.mjs';
import { BOUND_MS } from './visit.mjs';

export class FirefoxPage extends Steps {
  /** @type {string[]} */
  complaints = [];

  /** @param {import('puppeteer-core').Page} page */
  constructor(page) {
    super();
    this.page = page;
    page.on('console', (message) => this.complaints.push(`${message.type()}: ${message.text()}`));
    page.on('pageerror', (error) => this.complaints.push(`${error}`));
  }

  /** @param {string} url */
  async open(url) {
    await this.page.setViewport({ width: 1280, height: 900 });
    await this.page.evaluateOnNewDocument(keepConnections);
    await this.page.goto(url);
    return this;
  }

  /** @param {string} selector */
  async press(selector) {
    await this.page.waitForSelector(`${selector}:not(:disabled)`, { timeout: BOUND_MS });
    await this.page.locator(selector).click();
  }
}
