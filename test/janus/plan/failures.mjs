// @ts-check
// What breaks in the middle of a call: Janus, the signalling, the workers. Media comes back, and never in the clear.

import { Wire } from '../wire.mjs';
import { arrive as exchanging, until } from './exchange.mjs';
import { must } from './must.mjs';
import { filesOf, piecesIn } from './recordings.mjs';
import { arrive, learn, sees, watch } from './rooms.mjs';

/** @typedef {import('../world.mjs').World} World */

/** How long signalling is gone, in ms. */
const OUTAGE_MS = 10_000;

const sleep = (/** @type {number} */ ms) => new Promise((resolve) => setTimeout(resolve, ms));

/** Nobody has seen anything unprotected, nor has anything else gone wrong. @param {{ tab: any, name: string }[]} people */
async function areProtected(people) {
  for (const { tab, name } of people) {
    const { unprotected } = await tab.run('countsOf', { name });
    must(unprotected === 0, `${name}: ${unprotected} times unprotected`);
  }
}

/** Two who exchange their keys, and see each other. @param {World} world @param {string} url @param {number} room */
async function pair(world, url, room) {
  const alice = await exchanging(world, 'Chromium', 'alice', room, { create: true, url });
  const bob = await exchanging(world, 'Firefox', 'bob', room, { url });
  const list = [alice, bob].map(({ name, identityKey }) => [name, identityKey]);
  for (const { tab, name } of [alice, bob]) await tab.run('startExchange', { name, list });
  await bob.tab.run('subscribe', { name: 'bob', to: 'alice' });
  await alice.tab.run('subscribe', { name: 'alice', to: 'bob' });
  await sees(bob, alice);
  await sees(alice, bob);
  return { alice, bob, list };
}

/** @type {import('../plan.mjs').Planned[]} */
export const failures = [
  {
    name: 'failure: Janus is killed and started again',
    async run(world) {
      const room = world.newRoom();
      const create = { record: true, rec_dir: world.recordings };
      const alice = await arrive(world, 'Chromium', { name: 'alice', room, create, isOpen: true });
      const bob = await arrive(world, 'Firefox', { name: 'bob', room });
      for (const { tab, name } of [alice, bob]) await tab.run('publish', { name });
      await watch(bob, alice);
      await watch(alice, bob);
      await sees(bob, alice);
      await world.janus?.stop('SIGKILL');
      await sleep(1000);
      await world.startJanus();
      const start = performance.now();
      const id = await alice.tab.run('rejoin', { name: 'alice', url: world.url, create });
      await bob.tab.run('rejoin', { name: 'bob', url: world.url });
      await bob.tab.run('subscribe', { name: 'bob', to: 'alice' });
      await alice.tab.run('subscribe', { name: 'alice', to: 'bob' });
      await sees(bob, alice);
      await sees(alice, bob);
      const ms = Math.round(performance.now() - start);
      await areProtected([alice, bob]);
      const { dropped } = await bob.tab.run('countsOf', { name: 'bob' });
      const plain = await alice.tab.run('plainFramesOf', { name: 'alice' });
      await world.janus?.stop(); // files are whole when it has ended
      await world.startJanus();
      const { video } = filesOf(world, id);
      const { found, of } = piecesIn(video, plain.video);
      must(of > 30 && found === 0, `${found} of ${of} pieces of video in ${video}`);
      world.table.push(
        `Janus killed                  media after ${ms} ms, with joining and publishing again; dropped ${JSON.stringify(dropped)}`,
      );
      return `media after ${ms} ms; dropped ${JSON.stringify(dropped)}; 0 of ${of} pieces recorded`;
    },
  },
  {
    name: 'failure: no signalling for ten seconds',
    async run(world) {
      const wire = new Wire(Number(new URL(world.url).port));
      const url = await wire.listen();
      try {
        const room = world.newRoom();
        const { alice, bob } = await pair(world, url, room);
        wire.cut();
        const start = performance.now();
        const before = await until(alice, () => true, '');
        await alice.tab.run('renew', { name: 'alice' }); // keys go over data channels, which are not cut
        await until(alice, ({ kids }) => kids.length > before.kids.length, 'a fresh key');
        const during = [await sees(bob, alice), await sees(alice, bob)];
        await sleep(Math.max(0, OUTAGE_MS - (performance.now() - start)));
        wire.restore();
        const back = performance.now();
        for (const { tab, name } of [alice, bob]) await tab.run('reconnect', { name });
        const carol = await arrive(world, 'Chromium', { name: 'carol', room, url });
        await carol.tab.run('publish', { name: 'carol' });
        await learn(bob, carol);
        await bob.tab.run('subscribe', { name: 'bob', to: 'carol' });
        await sees(bob, carol);
        const ms = Math.round(performance.now() - back);
        await sees(bob, alice);
        await areProtected([alice, bob]);
        world.table.push(
          `signalling gone for 10 s       media went on, under a fresh key; ${ms} ms after it was back another one was seen`,
        );
        return `media and keys went on (${during.map((one) => one.ms).join(', ')} ms); a new member seen ${ms} ms after`;
      } finally {
        wire.close();
      }
    },
  },
  {
    name: 'failure: workers are killed',
    async run(world) {
      const { alice, bob } = await pair(world, world.url, world.newRoom());
      const times = [];
      for (const victim of [alice, bob]) {
        const before = await until(victim, () => true, '');
        await victim.tab.run('killWorker', { name: victim.name });
        await until(victim, ({ kids }) => kids.length > before.kids.length, 'a fresh key');
        times.push((await sees(bob, alice)).ms, (await sees(alice, bob)).ms);
      }
      await areProtected([alice, bob]);
      world.table.push(
        `workers killed                media after ${times.join(', ')} ms from the fresh key on`,
      );
      return `media after ${times.join(', ')} ms`;
    },
  },
];
