// @ts-check
// Keys exchanged over Janus: who comes, goes, is removed; and that nothing of a key was ever shown to it.

import { failureOf, must } from './must.mjs';
import { sees } from './rooms.mjs';

/** @typedef {import('../world.mjs').World} World */

/**
 * Somebody publishes, whose keys will be exchanged.
 * @param {World} world
 * @param {string} browser
 * @param {string} name
 * @param {number} room
 * @param {{ create?: boolean, url?: string }} [options]
 */
export async function arrive(world, browser, name, room, { create = false, url = world.url } = {}) {
  const tab = await world.open(browser);
  const options = create ? { create: { require_e2ee: true } } : {};
  await tab.run('enter', { url, name, room, ...options });
  const identityKey = await tab.run('prepareExchange', { name, room, create });
  await tab.run('publish', { name });
  return { tab, name, identityKey: /** @type {string} */ (identityKey), key: [], kid: '' };
}

/** @typedef {Awaited<ReturnType<typeof arrive>>} Peer */

/** @param {Peer} viewer @param {Peer} from */
async function watches(viewer, from) {
  await viewer.tab.run('subscribe', { name: viewer.name, to: from.name });
  return sees(viewer, from);
}

/** @param {string} hex */
function formsOf(hex) {
  const bytes = Buffer.from(hex, 'hex');
  // base64 of a longer text has the same characters only where the key begins at a multiple of three: the middle is searched
  const shifted = [0, 1, 2].map((n) =>
    Buffer.concat([Buffer.alloc(n), bytes])
      .toString('base64')
      .replace(/=*$/, '')
      .slice(n === 0 ? 0 : 4, -1),
  );
  return [bytes.toString('latin1'), hex, hex.toUpperCase(), [...bytes].join(), ...shifted].flatMap((form) => [
    form,
    form.replaceAll('+', '-').replaceAll('/', '_'),
  ]);
}

/** @param {Peer} peer @param {(state: any) => unknown} holds @param {string} what */
export async function until({ tab, name }, holds, what) {
  const end = performance.now() + 100_000;
  for (;;) {
    const state = await tab.run('keysOf', { name });
    if (holds(state)) return state;
    if (performance.now() > end) throw new Error(`${what}: not within 100000 ms: ${JSON.stringify(state)}`);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

/** @type {import('../plan.mjs').Planned[]} */
export const exchanges = [
  {
    name: 'exchange over a TextRoom: join, leave, remove, rotate',
    async run(world) {
      const room = world.newRoom();
      const alice = await arrive(world, 'Chromium', 'alice', room, { create: true });
      const bob = await arrive(world, 'Firefox', 'bob', room);
      const carol = await arrive(world, 'Chromium', 'carol', room);
      const everybody = [alice, bob, carol];
      const list = everybody.map(({ name, identityKey }) => [name, identityKey]);
      for (const { tab, name } of [alice, bob]) await tab.run('startExchange', { name, list });
      const times = [await watches(bob, alice), await watches(alice, bob)];
      // a late joiner, whom both let in
      await carol.tab.run('startExchange', { name: 'carol', list });
      times.push(await watches(carol, alice), await watches(carol, bob), await watches(alice, carol));
      // rotated, and media goes on
      const before = await until(alice, () => true, '');
      await alice.tab.run('renew', { name: 'alice' });
      await until(alice, ({ kids }) => kids.length > before.kids.length, 'a fresh key');
      await sees(bob, alice);
      await sees(carol, alice);
      // removed: he gets no key any more, and what comes does not open
      const known = await until(alice, ({ known }) => known.length === 2, 'two participants');
      must(await alice.tab.run('remove', { name: 'alice', who: 'carol' }), 'carol was not there');
      await until(alice, ({ kids }) => kids.length > known.kids.length, 'a key without carol');
      await sees(bob, alice);
      const silence = await failureOf(carol.tab.run('plays', { name: 'carol', of: 'alice', target: 300 }));
      must(/^.*media: not within 3000 ms: 0 decoded/.test(silence), silence);
      // gone, with no good-bye: the next key is not for him
      const states = await Promise.all(everybody.map(({ tab, name }) => tab.run('keysOf', { name })));
      must(
        states.every(({ failures }) => failures.length === 0),
        JSON.stringify(states.map((s) => s.failures)),
      );
      const given = (await Promise.all(everybody.map(({ tab }) => tab.run('givenToJanus', {})))).join('\n');
      await bob.tab.close();
      await until(
        alice,
        ({ kids, known }) => kids.length > states[0].kids.length && known.length === 0,
        'a key without bob',
      );
      const log = world.janus?.log() ?? '';
      must(given.includes('sframe:') && given.includes('"display":"alice"'), 'nothing was overheard');
      must(log.includes('alice'), 'Janus has logged nothing');
      const keys = states.flatMap(({ used }) => used);
      must(keys.length >= 6, `${keys.length} keys`);
      for (const key of keys)
        for (const form of formsOf(key))
          must(!given.includes(form) && !log.includes(form), `a key was given to Janus, as ${form}`);
      const ms = times.map((one) => one.ms).join(', ');
      return `media after ${ms} ms; ${keys.length} keys, none in ${given.length} characters and a log of ${log.length}`;
    },
  },
];
