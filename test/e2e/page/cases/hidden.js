// @ts-check
// A page that is hidden behind another tab, twice, and shown again: timers slow down and nothing is drawn, but the call
// goes on. What hides it is outside: these are the parts between.

import { Person, randomKey, shareKey } from '../client.js';
import { Scene } from '../scene.js';
import { isSealed, Tap } from '../tap.js';
import { must } from '../wait.js';

/** @typedef {import('../scene.js').SceneOptions} Options */

/** @typedef {Awaited<ReturnType<typeof open>>} Stage */

/** @type {Stage | undefined} */
let stage;

/** Alice sends to Bob, and to a tap. @param {Options} options */
async function open(options) {
  const alice = new Person('alice', options.client);
  const bob = new Person('bob', options.client);
  const tap = new Tap('VP8');
  const { baseKey, kid } = await shareKey(alice, [bob]);
  await tap.addKey(baseKey, kid);
  const scene = await new Scene(alice.client, bob.client, options).start();
  await new Scene(alice.client, tap, options).start();
  await scene.plays();
  return { alice, bob, tap, scene, mounted: await mountedBy([alice, bob]) };
}

/** What there is on the page, of this call. @param {Person[]} people */
async function mountedBy(people) {
  const counts = people.map(async ({ client, workers }) => {
    const { senders, receivers, workerRestarts } = await client.stats();
    return [workers.length, workerRestarts, senders.length, receivers.length];
  });
  return [...(await Promise.all(counts)), document.querySelectorAll('audio, video').length].join('; ');
}

/** @returns {Stage} */
function current() {
  if (stage === undefined) throw new Error('not begun');
  return stage;
}

/** @param {Options} options */
export async function hiddenStart(options) {
  stage = await open(options);
}

/** While it is hidden: frames on the wire since it was shown. @param {{ isRotating: boolean }} options */
export async function hiddenNow({ isRotating }) {
  const { alice, bob, tap } = current();
  must(document.visibilityState === 'hidden', `the page is ${document.visibilityState}`);
  const wire = await tap.report({ reset: true });
  isSealed(wire);
  if (!isRotating) return wire.frames;
  const baseKey = randomKey();
  await tap.addKey(baseKey, 77n);
  await bob.client.addDecryptionKey('alice', baseKey, 77n);
  await alice.client.setEncryptionKey(baseKey, 77n);
  return wire.frames;
}

/** Shown again: media comes back, and nothing has happened. */
export async function hiddenNoMore() {
  const { alice, bob, tap, scene, mounted } = current();
  must(document.visibilityState === 'visible', `the page is ${document.visibilityState}`);
  const { ms } = await scene.plays();
  const wire = await tap.report();
  isSealed(wire);
  for (const person of [alice, bob]) {
    for (const type of ['unprotected', 'worker-failed', 'keys-needed'])
      must(person.eventsOf(type).length === 0, `${type} was raised`);
  }
  const now = await mountedBy([alice, bob]);
  must(now === mounted, `mounted: ${mounted}; now ${now}`);
  return { ms, frames: wire.frames };
}
