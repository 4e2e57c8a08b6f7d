// @ts-check
// Simulcast, among whose layers the SFU switches Bob all the time.

import { watchGaps } from '../../../e2e/page/gaps.js';
import { must, sleep, until } from '../../../e2e/page/wait.js';
import { callOf, Room } from '../room.js';

/** @typedef {import('../room.js').Options} Options */

/** By RID: of a source of 960×540. */
const widths = { l: 240, m: 480, h: 960 };
/** How long Bob stays with a layer after it has come, in ms. */
const STAY_MS = 500;

/** @param {Options} options */
export async function switching(options) {
  const room = new Room({ ...options, layered: true });
  await room.newKey();
  await room.connect();
  const { scene, sfu } = room;
  const { screen } = scene;
  if (screen === undefined) throw new Error('no screen');
  await scene.plays();
  const { name, subscriber } = callOf(scene);
  // the bandwidth estimate starts low: the upper layers come when it has grown
  await until('all layers', 3000, async () => (await sfu.layers(name)).length === 3 || 'fewer');
  const longestGap = watchGaps(screen.video);
  const times = [];
  const gaps = [];
  for (const rid of /** @type {(keyof typeof widths)[]} */ ([
    'm',
    'h',
    'l',
    'h',
    'm',
    'l',
    'm',
    'h',
    'l',
    'h',
  ])) {
    longestGap();
    const from = performance.now();
    await sfu.select(subscriber, rid);
    await until(`layer ${rid}`, 3000, () => {
      const width = screen.read()?.width;
      return width === widths[rid] || `a picture of ${width}`;
    });
    times.push(Math.round(performance.now() - from));
    await scene.plays(1000, { isFirst: true });
    await sleep(STAY_MS);
    gaps.push(longestGap());
  }
  const failures = room.bob.eventsOf('status').filter(({ reason }) => reason !== 'recovered');
  must(failures.length === 0, `bob was told of ${failures.map(({ reason }) => reason)}`);
  return `switched after ${times.join(', ')} ms, no picture for ${gaps.join(', ')} ms at most; ${await room.drops()}; ${await room.isSealed()}`;
}
