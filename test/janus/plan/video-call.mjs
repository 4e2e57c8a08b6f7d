// @ts-check
// VideoCall between two browsers.

import { must, newKey } from './must.mjs';

/** @type {import('../plan.mjs').Planned[]} */
export const videoCalls = [
  {
    name: 'VideoCall, Chromium calls Firefox',
    async run(world) {
      const [alice, bob] = [await world.open('Chromium'), await world.open('Firefox')];
      const [key, otherKey] = [newKey(), newKey()];
      const { url } = world;
      await alice.run('register', { url, name: 'alice', other: 'bob', key, otherKey });
      await bob.run('register', { url, name: 'bob', other: 'alice', key: otherKey, otherKey: key });
      const flags = await Promise.all([alice.run('call', { other: 'bob' }), bob.run('takeCall', {})]);
      must(
        flags.every(({ e2ee }) => e2ee === true),
        `e2ee: ${JSON.stringify(flags)}`,
      );
      const seen = await Promise.all([alice, bob].map((tab) => tab.run('callPlays', {})));
      return seen.map(({ ms, worst }) => `${ms} ms, differing by ${worst}`).join('; ');
    },
  },
];
