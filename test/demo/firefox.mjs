// @ts-check
// The call's page in Firefox: the main path.

import { FirefoxPage } from './firefox-page.mjs';
import { decodedIn } from './in-page.mjs';
import { must, until } from './visit.mjs';

/** A visitor in Firefox. */
export class FirefoxVisit extends FirefoxPage {
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
