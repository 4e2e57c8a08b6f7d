// @ts-check
// Each codec through the SFU: the right key, a wrong one, and none, to see that plaintext would be seen.

import { Person, randomKey, shareKey } from '../../../e2e/page/client.js';
import { findPlain, Watched } from '../../../e2e/page/plain.js';
import { must, until } from '../../../e2e/page/wait.js';
import { callOf, inTheClear, Room, sceneThrough } from '../room.js';
import { Sfu } from '../sfu.js';

/** @typedef {import('../room.js').Options} Options */

/** @param {Options} options */
export async function rightKey(options) {
  const room = new Room(options);
  await room.newKey();
  await room.connect();
  const { ms } = await room.scene.plays();
  const pictures = await room.scene.readsPictures();
  const { energy } = await room.scene.output();
  return `after ${ms} ms; ${pictures}, energy ${energy.toExponential(0)}; ${await room.isSealed()}`;
}

/** Bob has another key under Alice's KID. @param {Options} options */
export async function wrongKey(options) {
  const room = new Room(options);
  const { baseKey, kid } = await shareKey(room.alice, []);
  await room.tap.addKey(baseKey, kid);
  await room.bob.client.addDecryptionKey('alice', randomKey(), kid);
  await room.connect();
  const silent = await room.scene.isSilent();
  return `${silent}; ${await room.drops()}; ${await room.isSealed()}`;
}

/** Nobody encrypts: frames are found in what the SFU got. @param {Options} options */
export async function plaintextIsFound(options) {
  const alice = new Watched('alice');
  const scene = sceneThrough(new Sfu(options.sfu), inTheClear(alice), inTheClear(new Person('bob')), options);
  await scene.start();
  await scene.plays();
  await until('frames', 1000, async () => (await alice.plaintext()).length > 100);
  const { looked, found } = findPlain(
    await callOf(scene).sfu.seen(callOf(scene).name),
    (await alice.plaintext()).slice(0, 100),
  );
  must(looked > 10 && found > looked / 2, `${found} of ${looked} frames found`);
  return `${found} of ${looked} frames found`;
}
