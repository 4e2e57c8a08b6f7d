// @ts-check
// VideoRoom, step by step: each is one of a person of this page.

import { Person } from '../../e2e/page/client.js';
import { Watched } from '../../e2e/page/plain.js';
import { sleep, until } from '../../e2e/page/wait.js';
import { keyOf, Member } from './member.js';
import * as plain from './plain.js';

/** @type {Map<string, Member>} */
const members = new Map();

/** @param {string} name */
export function member(name) {
  const found = members.get(name);
  if (found === undefined) throw new Error(`${name} is not in this page`);
  return found;
}

/**
 * @param {object} options
 * @param {string} options.url
 * @param {string} options.name
 * @param {number} options.room
 * @param {Record<string, unknown>} [options.create]
 * @param {number[]} [options.key]
 * @param {boolean} [options.isOpen] whether his frames can be looked at before they are encrypted
 */
export async function enter({ url, name, room, create, key, isOpen = false }) {
  const entered = await Member.enter(url, room, isOpen ? new Watched(name) : new Person(name));
  members.set(name, entered);
  if (create) await entered.createRoom(create);
  await entered.join();
  return key && `${await entered.client.setEncryptionKey(keyOf(key))}`;
}

/** @param {{ name: string } & Record<string, any>} options */
export function publish({ name, flag = true, ...options }) {
  const edit = (/** @type {any} */ jsep) => {
    if (!flag) delete jsep.e2ee;
  };
  return member(name).publish({ ...options, edit });
}

/** @param {{ name: string, of: string, key: number[], kid: string }} options */
export async function learnKey({ name, of, key, kid }) {
  await member(name).client.addDecryptionKey(of, keyOf(key), BigInt(kid));
}

/** @param {{ name: string, to: string }} options */
export function subscribe({ name, to }) {
  return member(name).subscribe(to);
}

/** @param {{ name: string, of: string, target?: number }} options */
export function plays({ name, of, target }) {
  return member(name).view(of).view.plays(target);
}

/** How long it took from subscribing to the first decoded frame, in ms. @param {{ name: string, of: string }} options */
export async function firstFrame({ name, of }) {
  const { view, since } = member(name).view(of);
  await until('a first frame', 3000, async () => (await view.counts()).decoded > 0);
  return Math.round(performance.now() - since);
}

/** @param {{ name: string, of: string, ms?: number }} options */
export function isSilent({ name, of, ms }) {
  return member(name).view(of).view.isSilent(ms);
}

/** Widths of the layers of a source of 960x540. */
const widths = [240, 480, 960];

/**
 * How long a subscriber stays with a layer, in ms. Chromium's encoder does not answer a second request for a key frame
 * within 300, and Janus makes one only.
 */
const STAY_MS = 600;

/** Asks Janus for one layer after the other. @param {{ name: string, of: string, layers: number[] }} options @returns {Promise<number[]>} ms until each was seen */
export async function switchLayers({ name, of, layers }) {
  const { plugin, view } = member(name).view(of);
  const times = [];
  for (const substream of layers) {
    const mid = plugin.connection
      .getTransceivers()
      .find(({ receiver }) => receiver.track.kind === 'video')?.mid;
    const start = performance.now();
    await plugin.request(
      { request: 'configure', streams: [{ mid, substream }] },
      ({ configured }) => configured,
    );
    await until(`layer ${substream}`, 3000, () => {
      const width = view.screen?.read()?.width;
      return width === widths[substream] || `a picture of ${width}`;
    });
    times.push(Math.round(performance.now() - start));
    await view.plays(1000);
    await sleep(STAY_MS);
  }
  return times;
}

/** Has Janus send somebody else's media where one's came. @param {{ name: string, of: string, to: string }} options */
export async function switchTo({ name, of, to }) {
  const one = member(name);
  const { plugin, encryption } = one.view(of);
  const transceivers = plugin.connection.getTransceivers();
  const streams = transceivers.map(({ mid }) => ({ feed: one.feeds.get(to), mid, sub_mid: mid }));
  await plugin.request({ request: 'switch', streams }, ({ switched }) => switched === 'ok');
  return transceivers.map(({ mid }) => encryption.participantAt(mid));
}

/** Comes again, by another session, and publishes again: the client is the same. @param {{ name: string, url: string, create?: Record<string, unknown> }} options */
export async function rejoin({ name, url, create }) {
  const one = member(name);
  await one.reenter(url);
  if (create) await one.createRoom(create);
  await one.join();
  await one.publish();
  return one.id;
}

/** Takes up the session again, when the WebSocket was lost. @param {{ name: string }} options */
export async function reconnect({ name }) {
  const { session } = member(name);
  await new Promise((resolve, reject) =>
    session.reconnect({
      success: resolve,
      error: (/** @type {string} */ error) => reject(new Error(error)),
    }),
  );
}

/** @param {{ name: string }} options */
export function killWorker({ name }) {
  member(name).person.workers.at(-1)?.terminate();
}

/** What went wrong, and what was dropped by his receivers. @param {{ name: string }} options */
export async function countsOf({ name }) {
  const { person, client } = member(name);
  const { receivers } = await client.stats();
  /** @type {Record<string, number>} */
  const dropped = {};
  for (const receiver of receivers)
    for (const [reason, count] of Object.entries(receiver.dropped))
      dropped[reason] = (dropped[reason] ?? 0) + count;
  const frames = receivers.reduce(
    (/** @type {number} */ sum, /** @type {any} */ receiver) => sum + receiver.frames,
    0,
  );
  return { unprotected: person.eventsOf('unprotected').length, frames, dropped };
}

/** @param {{ name: string }} options */
export async function unpublish({ name }) {
  await member(name).publisher.request({ request: 'unpublish' }, ({ unpublished }) => unpublished === 'ok');
  await sleep(500); // a recording goes on for a moment
}

/** @param {{ name: string }} options */
export function plainFramesOf({ name }) {
  return plain.plainFramesOf(/** @type {Watched} */ (member(name).person));
}

/** @param {{ name: string }} options */
export async function leave({ name }) {
  await member(name).leave();
  members.delete(name);
}
