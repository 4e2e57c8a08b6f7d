// @ts-check
// A call with each codec: the right key, a wrong one, and one that comes late.

import { Person, randomKey, shareKey } from '../client.js';
import { Scene } from '../scene.js';
import { must, sleep } from '../wait.js';

/** @typedef {{ codec: string, client?: Record<string, unknown> }} Options of every case */

/** @param {Options} options */
function people({ client }) {
  return { alice: new Person('alice', client), bob: new Person('bob', client) };
}

/**
 * What is wrong was told of each track, once.
 * @param {Person} person
 * @param {string} reason
 */
function toldOnce(person, reason) {
  for (const kind of ['video', 'audio']) {
    const told = person.eventsOf('status').filter(({ track }) => track?.kind === kind);
    const [first] = told;
    must(
      told.filter((event) => event.reason === reason).length === 1,
      `${kind}: ${told.map((event) => event.reason)}`,
    );
    must(first?.participant === 'alice' && typeof first.kid === 'bigint', 'an event without its details');
  }
  return `${reason} told once`;
}

/** @param {Options} options */
export async function rightKey(options) {
  const { alice, bob } = people(options);
  await shareKey(alice, [bob]);
  const scene = await new Scene(alice.client, bob.client, options).start();
  const { ms } = await scene.plays();
  return `after ${ms} ms; ${await scene.readsPictures()}`;
}

/** Bob has another key under Alice's KID. @param {Options} options */
export async function wrongKey(options) {
  const { alice, bob } = people(options);
  const { kid } = await shareKey(alice, []);
  await bob.client.addDecryptionKey('alice', randomKey(), kid);
  const scene = await new Scene(alice.client, bob.client, options).start();
  const silent = await scene.isSilent();
  return `${silent}; ${toldOnce(bob, 'authentication')}`;
}

/** Bob has no key for two seconds. @param {Options} options */
export async function lateKey(options) {
  const { alice, bob } = people(options);
  const { baseKey, kid } = await shareKey(alice, []);
  const scene = await new Scene(alice.client, bob.client, options).start();
  const silent = await scene.isSilent(2000);
  await bob.client.addDecryptionKey('alice', baseKey, kid);
  const { ms } = await scene.plays();
  return `${silent}; ${toldOnce(bob, 'key-id')}; then after ${ms} ms`;
}

/** Alice has no key for two seconds: nothing leaves. @param {Options} options */
export async function lateSendingKey(options) {
  const { alice, bob } = people(options);
  const scene = await new Scene(alice.client, bob.client, options).start();
  scene.hasBegun = true; // it should have
  await sleep(2000);
  const { decoded, energy } = await scene.output();
  if (decoded !== 0 || energy !== 0) throw new Error(`${decoded} frames decoded, energy ${energy}`);
  await shareKey(alice, [bob]);
  const { ms } = await scene.plays();
  return `nothing; then after ${ms} ms`;
}
