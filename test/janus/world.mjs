// @ts-check
// What cases need: Janus, and pages in both browsers, all of which are gone when a case is over.

import { startJanus } from '../../examples/janus/server/start.mjs';

/** @typedef {import('../e2e/browsers.mjs').Browser} Browser */
/** @typedef {import('../e2e/browsers.mjs').Tab} Tab */

export class World {
  /** @type {Tab[]} */
  #tabs = [];
  #rooms = 1000;
  /** @type {import('../../examples/janus/server/start.mjs').RunningJanus | undefined} */
  janus;
  /** Printed at the end. @type {string[]} */
  table = [];

  /** @param {{ chromium: Browser, firefox: Browser, server: { origin: string, close(): void }, recordings: string, janusConfig: import('../../examples/janus/server/config.mjs').JanusConfig }} parts */
  constructor(parts) {
    this.parts = parts;
    this.recordings = parts.recordings;
  }

  async startJanus() {
    this.janus = await startJanus(this.parts.janusConfig);
    return this.janus;
  }

  get url() {
    if (this.janus === undefined) throw new Error('Janus does not run');
    return this.janus.url;
  }

  /** A number that no room has had. */
  newRoom() {
    return this.#rooms++;
  }

  /** @param {string} browser @returns {Promise<Tab>} */
  async open(browser) {
    const { chromium, firefox, server } = this.parts;
    const tab = await (browser === 'Firefox' ? firefox : chromium).open(
      server.origin,
      '/test/janus/page/index.html',
    );
    this.#tabs.push(tab);
    return tab;
  }

  /** What pages have complained of. */
  complaints() {
    return this.#tabs.flatMap(({ complaints }) => complaints);
  }

  /** Ends what a case has left. */
  async tidy() {
    for (const tab of this.#tabs.splice(0)) await tab.close().catch(() => {}); // a case may have closed it
  }

  async close() {
    const { chromium, firefox, server } = this.parts;
    await this.tidy();
    await Promise.all([chromium.close(), firefox.close()]);
    await this.janus?.stop();
    server.close();
  }
}
