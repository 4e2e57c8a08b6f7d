// @ts-check
// VideoRooms: Chromium and Firefox send to one another.

import { failureOf, must, newKey } from './must.mjs';

/** @typedef {import('../plan.mjs').Planned} Planned */
/** @typedef {import('../world.mjs').World} World */
/** @typedef {import('../../e2e/browsers.mjs').Tab} Tab */

/**
 * Somebody comes into a room, with a sending key of his own.
 * @param {World} world
 * @param {string} browser
 * @param {{ name: string, room: number, create?: Record<string, unknown>, url?: string, isOpen?: boolean }} options
 */
export async function arrive(world, browser, options) {
  const tab = await world.open(browser);
  const key = newKey();
  const kid = /** @type {string} */ (await tab.run('enter', { url: world.url, ...options, key }));
  return { tab, name: options.name, key, kid };
}

/** @typedef {Awaited<ReturnType<typeof arrive>>} Arrived */

/** @param {Arrived} to @param {Arrived} from */
export async function learn({ tab, name }, from) {
  await tab.run('learnKey', { name, of: from.name, key: from.key, kid: from.kid });
}

/** He watches somebody whose key he has. @param {Arrived} viewer @param {Arrived} from */
export async function watch(viewer, from) {
  await learn(viewer, from);
  return viewer.tab.run('subscribe', { name: viewer.name, to: from.name });
}

/** @param {Arrived} viewer @param {Arrived} from @param {object} [options] */
export async function sees(viewer, from, options = {}) {
  return viewer.tab.run('plays', { name: viewer.name, of: from.name, ...options });
}

/** Both browsers publish and watch each other; somebody with wrong keys sees nothing of either. @param {string} codec @returns {Planned} */
const both = (codec) => ({
  name: `room, ${codec}, Chromium and Firefox, and a wrong key`,
  async run(world) {
    const room = world.newRoom();
    const create = { require_e2ee: true };
    const alice = await arrive(world, 'Chromium', { name: 'alice', room, create });
    const bob = await arrive(world, 'Firefox', { name: 'bob', room });
    const mallory = await arrive(world, 'Chromium', { name: 'mallory', room });
    for (const { tab, name } of [alice, bob]) {
      const { e2ee } = await tab.run('publish', { name, codec });
      must(e2ee === true, `the answer to ${name} has e2ee ${e2ee}`);
    }
    const { answered } = await watch(bob, alice);
    must(answered === true, `bob's answer has e2ee ${answered}`);
    await watch(alice, bob);
    await watch(mallory, { ...alice, key: newKey() });
    await watch(mallory, { ...bob, key: newKey() });
    const left = await sees(bob, alice);
    const right = await sees(alice, bob);
    const nothing = await Promise.all(
      [alice, bob].map((from) => mallory.tab.run('isSilent', { name: 'mallory', of: from.name })),
    );
    return `${left.ms} and ${right.ms} ms, differing by ${left.worst} and ${right.worst}; ${nothing[0]}`;
  },
});

/** @type {Planned[]} */
export const rooms = [
  ...['VP8', 'VP9', 'AV1'].map(both),
  {
    name: 'room, H264, Chromium',
    async run(world) {
      const room = world.newRoom();
      const alice = await arrive(world, 'Chromium', { name: 'alice', room, create: { require_e2ee: true } });
      const bob = await arrive(world, 'Chromium', { name: 'bob', room });
      await alice.tab.run('publish', { name: 'alice', codec: 'H264' });
      await watch(bob, alice);
      const { ms, worst } = await sees(bob, alice);
      return `${ms} ms, differing by ${worst}`;
    },
  },
  ...['Chromium', 'Firefox'].map((browser) => ({
    name: `${browser}: require_e2ee refuses who is not flagged`,
    async run(/** @type {World} */ world) {
      const room = world.newRoom();
      const { tab } = await arrive(world, browser, { name: 'alice', room, create: { require_e2ee: true } });
      const error = await failureOf(tab.run('publish', { name: 'alice', flag: false }));
      must(/433/.test(error), error);
      return error.split('\n')[0];
    },
  })),
  {
    name: 'room, nobody has a key yet, late key',
    async run(world) {
      const room = world.newRoom();
      const alice = await arrive(world, 'Chromium', { name: 'alice', room, create: {} });
      const bob = await arrive(world, 'Firefox', { name: 'bob', room });
      await alice.tab.run('publish', { name: 'alice' });
      await bob.tab.run('subscribe', { name: 'bob', to: 'alice' });
      const before = await bob.tab.run('isSilent', { name: 'bob', of: 'alice' });
      await learn(bob, alice);
      const { ms } = await sees(bob, alice);
      return `${before}, then media after ${ms} ms`;
    },
  },
  {
    name: 'room, VP8 simulcast, all layers',
    async run(world) {
      const room = world.newRoom();
      const alice = await arrive(world, 'Chromium', { name: 'alice', room, create: {} });
      const bob = await arrive(world, 'Chromium', { name: 'bob', room });
      const size = { width: 960, height: 540, fps: 15 };
      await alice.tab.run('publish', { name: 'alice', simulcast: true, size });
      await watch(bob, alice);
      await sees(bob, alice);
      const times = await bob.tab.run('switchLayers', {
        name: 'bob',
        of: 'alice',
        layers: [2, 1, 0, 2, 0, 1, 2],
      });
      return `ms to switch: ${times.join(', ')}`;
    },
  },
  {
    name: 'room, switch to another publisher',
    async run(world) {
      const room = world.newRoom();
      const alice = await arrive(world, 'Chromium', { name: 'alice', room, create: {} });
      const carol = await arrive(world, 'Firefox', { name: 'carol', room });
      const bob = await arrive(world, 'Chromium', { name: 'bob', room });
      for (const { tab, name } of [alice, carol]) await tab.run('publish', { name });
      await learn(bob, carol);
      await watch(bob, alice);
      await sees(bob, alice);
      const bound = await bob.tab.run('switchTo', { name: 'bob', of: 'alice', to: 'carol' });
      must(
        bound.every((/** @type {string} */ name) => name === 'carol'),
        `bound to ${bound}`,
      );
      const { ms } = await sees(bob, alice);
      return `${ms} ms, then it is ${bound[0]}`;
    },
  },
];
