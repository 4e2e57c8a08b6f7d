// @ts-check
// A visitor of the page in Chromium: does what a person does, by what a person sees, and looks at the browser's counts.

import { mkdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { decodedIn, keepConnections, pixelsOf } from './in-page.mjs';
import { Steps } from './steps.mjs';

const shots = fileURLToPath(new URL('../../build/demo/', import.meta.url));
mkdirSync(shots, { recursive: true });

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

/** How long anything may take before it counts as not happening. */
export const BOUND_MS = 60_000;

/** @typedef {import('playwright').Page} Page */
/** @typedef {import('playwright').BrowserContextOptions} Options */

/** @param {number} ms */
export function sleep(ms) {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

/**
 * Asks again and again until the answer is yes.
 * @param {string} what is waited for
 * @param {() => unknown} holds truthy, or a promise of that. Text is what is still missing.
 */
export async function until(what, holds) {
  const start = performance.now();
  for (;;) {
    const state = await holds();
    if (state && typeof state !== 'string') return;
    if (performance.now() - start > BOUND_MS)
      throw new Error(`${what}: did not happen${state ? `: ${state}` : ''}`);
    await sleep(100);
  }
}

/** @param {unknown} condition @param {string} message */
export function must(condition, message) {
  if (!condition) throw new Error(message);
}

/** How far two pictures are apart, 0 to 255. @param {number[]} a @param {number[]} b */
export function difference(a, b) {
  return a.reduce((sum, value, i) => sum + Math.abs(value - (b[i] ?? 0)), 0) / a.length;
}

export class Visit extends Steps {
  /** What the console has said, and what went wrong. @type {string[]} */
  complaints = [];

  /** @param {Page} page */
  constructor(page) {
    super();
    this.page = page;
    page.setDefaultTimeout(BOUND_MS);
    page.on('console', (message) => this.complaints.push(`${message.type()}: ${message.text()}`));
    page.on('pageerror', (error) => this.complaints.push(`${error.stack ?? error}`));
  }

  /**
   * @param {import('playwright').Browser} browser
   * @param {string} origin
   * @param {Options} options
   * @param {(() => void)[]} before what runs in the page before it does
   */
  static async open(browser, origin, options, before = []) {
    const context = await browser.newContext(options);
    const page = await context.newPage();
    for (const script of [keepConnections, ...before]) await page.addInitScript(script);
    const visit = new Visit(page);
    await page.goto(origin);
    return visit;
  }

  close() {
    return this.page.context().close();
  }

  /** @param {string} name of a person */
  tile(name) {
    return this.page.locator(`article[data-name="${name}"]`);
  }

  /** Presses a button. @param {string} name as it is read out */
  press(name) {
    return this.page.getByRole('button', { name, exact: true }).click();
  }

  /** Waits for a person's lock to say something. @param {string} name @param {string} word */
  async shows(name, word) {
    const lock = this.tile(name).locator('header .lock');
    await until(`${name}: ${word}`, async () => {
      const text = await lock.textContent();
      return text === word || `it says ${text}`;
    });
  }

  /** The same of all three. @param {string} word */
  async allShow(word) {
    for (const name of ['Alice', 'Bob', 'Carol']) await this.shows(name, word);
  }

  /** Waits for the lock of every picture. @param {string} lock */
  async allViews(lock) {
    const views = this.page.locator('#people .view');
    await until(`all pictures: ${lock}`, async () => {
      const locks = await views.evaluateAll((all) => all.map((view) => view.dataset['lock']));
      return locks.every((each) => each === lock) || locks.join();
    });
  }

  /** Waits until something visible says something. @param {import('playwright').Locator} target @param {string | RegExp} text */
  async reads(target, text) {
    await target.filter({ hasText: text }).waitFor();
  }

  /** @param {string} name @param {string} passphrase */
  async type(name, passphrase) {
    await this.page.getByLabel(`Passphrase that ${name} types`).fill(passphrase);
  }

  /** @param {string} at @param {string} of */
  decoded(at, of) {
    return this.page.evaluate(decodedIn, { at, of });
  }

  /** Waits until more pictures are decoded. @param {string} at @param {string} of */
  async plays(at, of, more = 10) {
    const before = (await this.decoded(at, of)).frames;
    await until(`${at} sees ${of}`, async () => {
      const { frames } = await this.decoded(at, of);
      return frames >= before + more || `${frames - before} frames more`;
    });
  }

  /** Everybody sees everybody. */
  async allPlay() {
    const names = ['Alice', 'Bob', 'Carol'];
    await Promise.all(names.flatMap((at) => names.filter((of) => of !== at).map((of) => this.plays(at, of))));
  }

  /** Nothing more is decoded while somebody else's picture goes on. @param {string} at @param {string} of */
  async standsStill(at, of) {
    await sleep(1000); // what decoders have in hand
    const before = await this.decoded(at, of);
    await this.plays('Alice', 'Bob', 20);
    const after = await this.decoded(at, of);
    must(after.frames === before.frames, `${at} still sees ${of}: ${after.frames - before.frames} frames`);
  }

  /** @param {string} at @param {string} of */
  pixels(at, of) {
    return this.page.evaluate(pixelsOf, `[data-name="${at}"] [data-of="${of}"] video`);
  }

  /** Whether what one sees is what the other films. @param {string} at @param {string} of */
  async seesRight(at, of) {
    await until(`${at} sees ${of} as he is`, async () => {
      const own = await this.page.evaluate(pixelsOf, `[data-name="${of}"] video.own`);
      const seen = await this.pixels(at, of);
      if (own === undefined || seen === undefined || Math.max(...own) < 100) return 'nothing';
      const apart = difference(own, seen);
      return apart < 12 || `${apart.toFixed(1)} apart`;
    });
  }

  /** A key's number in the table. @param {string} name */
  keyOf(name) {
    const row = this.page.getByRole('row', { name: new RegExp(`^${name} `) });
    return row.locator('[data-column="key"]').textContent();
  }

  /** What the browser's accessibility rules find. */
  async axe() {
    await this.page.evaluate(axe);
    const faults = await this.page.evaluate(async () => {
      const { violations } = await /** @type {any} */ (globalThis).axe.run(document, {
        resultTypes: ['violations'],
      });
      return violations.map((/** @type {any} */ { id, impact, nodes }) => ({
        id,
        impact,
        nodes: nodes.map((/** @type {any} */ node) => `${node.html.slice(0, 90)} ${node.failureSummary}`),
      }));
    });
    const bad = faults.filter(
      (/** @type {any} */ { impact }) => impact === 'serious' || impact === 'critical',
    );
    must(bad.length === 0, JSON.stringify(bad, null, 1));
    return `${faults.length} minor`;
  }

  /**
   * A picture of the window, at its top, or of a part of the page.
   * @param {string} name
   * @param {import('playwright').Locator} [part]
   */
  async shoot(name, part) {
    const path = join(shots, `${name}.png`);
    await this.page.evaluate(() => scrollTo(0, 0));
    await this.page.mouse.move(0, 0);
    if (part === undefined) await this.page.screenshot({ path });
    else await part.screenshot({ path });
  }
}
