// @ts-check
// Content-Security-Policy, and what the client makes of it.

import { SFrameClient } from '../../../../dist/webrtc.js';
import { Person, shareKey } from '../client.js';
import { Scene } from '../scene.js';
import { must } from '../wait.js';

/** @typedef {{ engine: string, worker?: string, client?: Record<string, unknown> }} Options */

/**
 * Workers of an application's own making.
 * @type {Record<string, (cdn: string) => Worker>}
 */
const makers = {
  trusted() {
    // as an application does that has to name every script that it lets in
    const url = new URL('../../../../dist/worker.js', import.meta.url).href;
    const { trustedTypes } = /** @type {any} */ (globalThis);
    const policy = trustedTypes?.createPolicy('worker', { createScriptURL: () => url });
    return new Worker(policy?.createScriptURL('') ?? url, { type: 'module' });
  },
  cdn: (cdn) => SFrameClient.workerFromUrl(`${cdn}/dist/worker.js`),
  'no WASM': () => new Worker(new URL('../no-wasm-worker.js', import.meta.url), { type: 'module' }),
  'no SIMD': () => new Worker(new URL('../no-simd-worker.js', import.meta.url), { type: 'module' }),
};

/** Media flows, with the engine that is left. @param {Options & { cdn: string }} options */
export async function underPolicy({ engine, worker, cdn, client }) {
  const make = worker === undefined ? undefined : makers[worker];
  const own = { worker: make && (() => make(cdn)) };
  const alice = new Person('alice', { ...client, ...own });
  const bob = new Person('bob', { ...client, ...own });
  await shareKey(alice, [bob]);
  const scene = await new Scene(alice.client, bob.client).start();
  const { ms } = await scene.plays();
  const used = await Promise.all([alice, bob].map(async (person) => (await person.client.stats()).engine));
  must(used.join() === [engine, engine].join(), `engines ${used}`);
  return `${engine}, after ${ms} ms`;
}
