// @ts-check
// What a network does: packets in another order, packets twice, packets lost, and none at all for a second.

import { received } from '../../../e2e/page/call.js';
import { Person } from '../../../e2e/page/client.js';
import { receiverOf } from '../../../e2e/page/scene.js';
import { must, sleep } from '../../../e2e/page/wait.js';
import { inTheClear, Room, sceneThrough } from '../room.js';
import { Sfu } from '../sfu.js';

/** @typedef {import('../room.js').Options} Options */
/** @typedef {import('../../../e2e/page/scene.js').Scene} Scene */

/** How long frames are counted, in ms. */
const COUNT_MS = 4000;
/** How long no media comes at all. */
const OUTAGE_MS = 1000;

/** Numbers of the pictures that are shown, each as it appears. @param {Scene} scene */
function watchNumbers({ screen, source }) {
  /** @type {number[]} */
  const ages = [];
  const look = () => {
    const picture = screen?.read();
    const age = picture && source.ageOf(picture.number);
    if (age !== undefined) ages.push(source.count - age);
    screen?.video.requestVideoFrameCallback(look);
  };
  screen?.video.requestVideoFrameCallback(look);
  return ages;
}

/** A fifth of the packets come late, and a fifth twice. @param {Options} options */
export async function reordered(options) {
  const room = new Room(options);
  await room.newKey();
  await room.sfu.setNetwork({ reorder: 0.2, duplicate: 0.2 });
  await room.connect();
  const { ms } = await room.scene.plays();
  const shown = watchNumbers(room.scene);
  await sleep(3000);
  const again = await room.scene.plays();
  const back = shown.filter((number, i) => number < (shown[i - 1] ?? 0)).length;
  must(shown.length > 5 && back === 0, `${back} of ${shown.length} pictures are older than the one before`);
  const { Reordered, Duplicated, Packets } = await room.sfu.network();
  must(Reordered > 20 && Duplicated > 20, `${Reordered} reordered, ${Duplicated} duplicated`);
  // each once at most: what Bob's transform let through, and what his decoder made of it
  const [mine, his] = await Promise.all([room.alice.client.stats(), room.bob.client.stats()]);
  const framesOf = (/** @type {any[]} */ list) => list.find(({ kind }) => kind === 'video')?.frames ?? 0;
  const [sent, opened] = [framesOf(mine.senders), framesOf(his.receivers)];
  const { decoded } = await room.scene.output();
  must(opened <= sent && decoded <= sent, `${sent} frames sent, ${opened} opened, ${decoded} decoded`);
  return `after ${ms}, ${again.ms} ms; of ${Packets} packets ${Reordered} late, ${Duplicated} twice; ${shown.length} pictures in their order; ${await room.drops()}; ${await room.isSealed()}`;
}

/** @param {Scene} scene */
async function inbound({ call }) {
  const receiver = receiverOf(call.right, 'video');
  const entries = [...(await receiver.getStats()).values()].filter(({ type }) => type === 'inbound-rtp');
  const [{ freezeCount = 0, totalFreezesDuration = 0, nackCount = 0, pliCount = 0 } = {}] = entries;
  return { freezeCount, totalFreezesDuration, nackCount, pliCount, ...(await received(receiver)) };
}

/** One call under loss: its beginning, some seconds of it, and the end of an outage. */
class Measured {
  /** @param {Scene} scene */
  constructor(scene) {
    this.scene = scene;
  }

  async begin() {
    const from = performance.now();
    await this.scene.start();
    await this.scene.plays(2000);
    this.first = Math.round(performance.now() - from);
  }

  async count() {
    const before = await inbound(this.scene);
    await sleep(COUNT_MS);
    const after = await inbound(this.scene);
    this.fps = Number(((1000 * (after.decoded - before.decoded)) / COUNT_MS).toFixed(1));
    this.freezes = after.freezeCount - before.freezeCount;
    this.nacks = after.nackCount - before.nackCount;
  }

  async recover() {
    const { ms } = await this.scene.plays(2000);
    this.recovered = ms;
  }

  report() {
    const { first = NaN, fps = NaN, freezes = NaN, nacks = NaN, recovered = NaN } = this;
    return { first, fps, freezes, nacks, recovered };
  }
}

/** @param {{ plaintextFrames: number }[]} receivers */
function sumOfPlain(receivers) {
  return receivers.reduce((sum, { plaintextFrames }) => sum + plaintextFrames, 0);
}

/**
 * Two calls at the same time through the same network, one of them without encryption.
 * @param {Options & { loss: number }} options
 */
export async function lossy({ loss, ...options }) {
  const room = new Room(options);
  await room.newKey();
  await room.sfu.setNetwork({ loss });
  const plain = new Measured(
    sceneThrough(
      new Sfu(options.sfu),
      inTheClear(new Person('carol')),
      inTheClear(new Person('dave')),
      options,
    ),
  );
  const sealed = new Measured(room.scene);
  const both = [sealed, plain];
  await Promise.all(both.map((call) => call.begin()));
  await Promise.all(both.map((call) => call.count()));
  await room.sfu.setNetwork({ loss: 1 });
  await sleep(OUTAGE_MS);
  await room.sfu.setNetwork({ loss });
  await Promise.all(both.map((call) => call.recover()));
  const { Packets, Lost } = await room.sfu.network();
  must(Lost > 0, 'nothing was lost');
  must(room.alice.eventsOf('unprotected').length === 0, 'unprotected was raised');
  const { receivers } = await room.bob.client.stats();
  return {
    sealed: sealed.report(),
    plain: plain.report(),
    lost: (100 * Lost) / Packets,
    drops: await room.drops(),
    plaintextFrames: sumOfPlain(receivers),
  };
}
