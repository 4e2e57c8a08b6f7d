// @ts-check
// EchoTest in either browser.

import { must } from './must.mjs';

/** @param {string} browser @param {string} codec @returns {import('../plan.mjs').Planned} */
const echo = (browser, codec) => ({
  name: `${browser}: echo, ${codec}`,
  async run(world) {
    const tab = await world.open(browser);
    const { seen, flags, codec: used } = await tab.run('echo', { url: world.url, codec });
    must(flags.offered === true && flags.answered === true, `e2ee: ${JSON.stringify(flags)}`);
    must(used === codec, `codec ${used}`);
    return `${seen.seen}, after ${seen.ms} ms`;
  },
});

/** @param {string} browser @returns {import('../plan.mjs').Planned[]} */
const variants = (browser) => [
  {
    name: `${browser}: echo under a wrong key`,
    async run(world) {
      const tab = await world.open(browser);
      return (await tab.run('echo', { url: world.url, as: 'stranger' })).seen;
    },
  },
  {
    name: `${browser}: echo without trickle`,
    async run(world) {
      const tab = await world.open(browser);
      const { seen, flags } = await tab.run('echo', { url: world.url, trickle: false });
      must(flags.offered === true && flags.answered === true, `e2ee: ${JSON.stringify(flags)}`);
      return `flagged; ${seen.seen}`;
    },
  },
];

export const echoes = [
  ...['VP8', 'VP9', 'AV1', 'H264'].map((codec) => echo('Chromium', codec)),
  ...['VP8', 'VP9', 'AV1'].map((codec) => echo('Firefox', codec)),
  ...variants('Chromium'),
  ...variants('Firefox'),
];
