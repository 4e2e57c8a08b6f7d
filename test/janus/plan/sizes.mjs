// @ts-check
// Larger rooms: one who publishes and ten who watch, then five who all watch one another.

import { workerCpu } from '../worker-cpu.mjs';
import { must, newKey } from './must.mjs';

/** How long the processor time is looked at, in ms. */
const WATCH_MS = 8000;

/** @param {number[]} list */
function middle(list) {
  return [...list].sort((a, b) => a - b)[list.length >> 1] ?? 0;
}

/**
 * @param {import('../world.mjs').World} world
 * @param {{ title: string, publishers: string[], viewers: string[] }} who
 */
async function crowd(world, { title, publishers, viewers }) {
  const room = world.newRoom();
  const everybody = [...new Set([...publishers, ...viewers])];
  const tab = await world.open('Chromium');
  /** @type {Map<string, { key: number[], kid: string }>} */
  const keys = new Map();
  for (const name of everybody) {
    const key = newKey();
    const create = name === everybody[0] ? { create: {} } : {};
    const kid = /** @type {string} */ (
      await tab.run('enter', { url: world.url, name, room, key, ...create })
    );
    keys.set(name, { key, kid });
    if (publishers.includes(name)) await tab.run('publish', { name });
  }
  /** @type {number[]} */
  const times = [];
  const pairs = viewers.flatMap((name) => publishers.filter((of) => of !== name).map((of) => ({ name, of })));
  for (const { name, of } of pairs) {
    await tab.run('learnKey', { name, of, ...keys.get(of) });
    await tab.run('subscribe', { name, to: of });
    times.push(await tab.run('firstFrame', { name, of }));
  }
  const before = workerCpu();
  await new Promise((resolve) => setTimeout(resolve, WATCH_MS));
  const after = workerCpu();
  /** @type {Record<string, number>} */
  const dropped = {};
  let frames = 0;
  for (const name of everybody) {
    const counts = await tab.run('countsOf', { name });
    must(counts.unprotected === 0, `${name} was unprotected`);
    frames += counts.frames;
    for (const [reason, count] of Object.entries(counts.dropped))
      dropped[reason] = (dropped[reason] ?? 0) + Number(count);
  }
  for (const { name, of } of pairs) await tab.run('plays', { name, of });
  const cpu = (100 * (after.seconds - before.seconds)) / (WATCH_MS / 1000);
  const line = `${after.threads} workers, ${cpu.toFixed(1)} % of a core together; ${frames} frames received, dropped ${JSON.stringify(dropped)}; first frame after ${middle(times)} ms (median of ${times.length}), ${Math.max(...times)} at most`;
  world.table.push(`${title.padEnd(29)} ${line}`);
  return line;
}

const names = (/** @type {number} */ count) => Array.from({ length: count }, (_, i) => `person ${i + 1}`);

/** @type {import('../plan.mjs').Planned[]} */
export const sizes = [
  {
    name: 'size: one publishes, ten watch',
    run: (world) =>
      crowd(world, { title: '1 publisher, 10 subscribers', publishers: ['speaker'], viewers: names(10) }),
  },
  {
    name: 'size: five with one another',
    run: (world) => crowd(world, { title: '5 with everyone', publishers: names(5), viewers: names(5) }),
  },
];
