// @ts-check
// Plugins that decode media: Janus refuses what is encrypted end to end, and the adapter says why.

import { failureOf, must } from './must.mjs';

/** @param {string} plugin @returns {import('../plan.mjs').Planned} */
const refusal = (plugin) => ({
  name: `${plugin} refuses end-to-end encryption`,
  async run(world) {
    const tab = await world.open('Chromium');
    const adapter = await failureOf(tab.run('encryptPlugin', { url: world.url, plugin }));
    must(/which .*: it refuses end-to-end encryption/.test(adapter), adapter);
    const janus = await failureOf(tab.run('offerFlagged', { url: world.url, plugin }));
    must(/Media encryption unsupported by this plugin/.test(janus), janus);
    return `${janus.split('\n')[0]}; ${adapter.split('\n')[0]}`;
  },
});

export const refusals = ['audiobridge', 'voicemail', 'nosip'].map(refusal);
