// @ts-check
// Workers that die in a call through the SFU, and an SFU that dies itself.

import { must, until } from '../../../e2e/page/wait.js';
import { Room } from '../room.js';

/** @typedef {import('../room.js').Options} Options */

/** The worker of Alice dies, then that of Bob. @param {Options} options */
export async function workerKilled(options) {
  const room = new Room(options);
  let key = await room.newKey();
  room.alice.onKeysNeeded = async () => {
    key = await room.newKey();
  };
  room.bob.onKeysNeeded = () => room.bob.client.addDecryptionKey('alice', key.baseKey, key.kid);
  await room.connect();
  await room.scene.plays();
  const times = [];
  for (const person of [room.alice, room.bob]) {
    person.workers.at(-1)?.terminate();
    times.push((await room.scene.plays()).ms);
    must(person.keysNeeded.length === 1, `keys were needed ${person.keysNeeded.length} times`);
  }
  return `sender's: after ${times[0]} ms; receiver's: after ${times[1]} ms; ${await room.drops()}; ${await room.isSealed()}`;
}

/** Between the parts of a case. @type {Room | undefined} */
let stage;

/** A call, before its SFU dies. @param {Options} options */
export async function beforeRestart(options) {
  stage = new Room(options);
  await stage.newKey();
  await stage.connect();
  await stage.scene.plays();
  return stage.isSealed();
}

/** The same people under the same keys, in an SFU that knows nothing of them. @param {{ sfu: string }} options */
export async function afterRestart({ sfu }) {
  if (stage === undefined) throw new Error('not begun');
  const room = stage;
  const [{ call, screen }, before] = [room.scene, await room.alice.client.stats()];
  await until('the end of pictures', 1000, async () => {
    const seen = screen?.read()?.number;
    await new Promise((resolve) => setTimeout(resolve, 300));
    return screen?.read()?.number === seen;
  });
  const wire = await room.tap.report({ reset: true });
  await room.move(sfu);
  room.scene.hasBegun = true;
  const { ms } = await room.scene.plays();
  must(room.scene.call !== call, 'the same call');
  const after = await room.alice.client.stats();
  must(after.sendingKey?.kid === before.sendingKey?.kid, 'another key');
  must((after.sendingKey?.ctr ?? 0n) > (before.sendingKey?.ctr ?? 0n), 'the counter went back');
  must(room.alice.keysNeeded.length === 0 && room.bob.keysNeeded.length === 0, 'keys were needed');
  const sealed = await room.isSealed();
  const { tags } = await room.tap.report();
  must(tags.length > wire.tags.length, 'no frames after it');
  return `again after ${ms} ms, counter ${before.sendingKey?.ctr} → ${after.sendingKey?.ctr}; ${await room.drops()}; ${sealed}`;
}
