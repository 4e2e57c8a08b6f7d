// @ts-check
// Workers that hang, and are not dead: no lock tells of it, only that heartbeats are not answered.

import { Person, randomKey } from '../client.js';
import { resumed, Scene } from '../scene.js';
import { isSealed, Tap } from '../tap.js';
import { must, sleep, until } from '../wait.js';

/** @typedef {import('../scene.js').SceneOptions} Options */

/** How long it takes by default until a worker that hangs is given up, in ms: eight heartbeats, and a little more. */
const PATIENCE_MS = 4500;
/** What is waited for till then is waited for ten times as long. */
const PATIENCE_TARGET_MS = 2000;

function makeWorker() {
  return new Worker(new URL('../hung-worker.js', import.meta.url), { type: 'module' });
}

/** @param {string} name @param {Options} options */
function personWithHangingWorkers(name, { client }) {
  /** @type {Worker[]} */
  const workers = [];
  const worker = () => {
    const made = makeWorker();
    workers.push(made);
    return made;
  };
  return { person: new Person(name, { ...client, worker }), workers };
}

/**
 * Alice's worker hangs for ever, then Bob's. She sends to a tap, too, and gives the same base key again.
 * @param {Options} options
 */
export async function hungWorker(options) {
  const { person: alice, workers: hers } = personWithHangingWorkers('alice', options);
  const { person: bob, workers: his } = personWithHangingWorkers('bob', options);
  const tap = new Tap('VP8');
  const baseKey = randomKey();
  /** @type {bigint[]} */
  const kids = [];
  const give = async () => {
    const kid = BigInt(kids.length + 1);
    kids.push(kid);
    // the tap first: what it cannot open counts as plain
    await tap.addKey(baseKey, kid);
    await bob.client.addDecryptionKey('alice', baseKey, kid);
    await alice.client.setEncryptionKey(baseKey.slice(), kid);
  };
  await give();
  alice.onKeysNeeded = give;
  bob.onKeysNeeded = () => bob.client.addDecryptionKey('alice', baseKey, kids.at(-1));
  const scene = await new Scene(alice.client, bob.client, options).start();
  const tapped = await new Scene(alice.client, tap, options).start();
  await scene.plays();
  const lines = [];
  for (const [person, workers] of /** @type {[Person, Worker[]][]} */ ([
    [alice, hers],
    [bob, his],
  ])) {
    const from = performance.now();
    workers.at(-1)?.postMessage({ hangMs: Infinity });
    const found = await until('a new worker', PATIENCE_TARGET_MS, () => workers.length === 2);
    await scene.plays(1000, { isFirst: true });
    const ms = Math.round(performance.now() - from);
    resumed.push(ms);
    lines.push(`${person.name}'s after ${ms} ms, of which ${found} until it was given up`);
    must(person.keysNeeded.join() === 'worker', `keys were needed for: ${person.keysNeeded}`);
  }
  const before = (await tap.report()).frames;
  await until('frames on the wire', 1000, async () => (await tap.report()).frames > before + 20);
  const wire = await tap.report();
  isSealed(wire);
  must(kids.length === 2, `KIDs ${kids}`);
  for (const person of [alice, bob])
    for (const type of ['unprotected', 'worker-failed'])
      must(person.eventsOf(type).length === 0, `${type} was raised`);
  tapped.close();
  return `${lines.join('; ')}; ${wire.frames} frames, 0 plain, no CTR twice`;
}

/**
 * A worker of the application's own, which cannot be replaced, hangs for long enough to be given up, and goes on: what had
 * come to it till then leaves encrypted, and nothing more.
 * @param {Options} options
 */
export async function hungForGood(options) {
  const worker = makeWorker();
  // without it: the client cannot know what leaves then, and takes it for a leak
  const alice = new Person('alice', { ...options.client, worker, leakPollSeconds: 0 });
  const tap = new Tap('VP8');
  const baseKey = randomKey();
  await tap.addKey(baseKey, 1n);
  await alice.client.setEncryptionKey(baseKey.slice(), 1n);
  await new Scene(alice.client, tap, options).start();
  await until('frames', 1000, async () => (await tap.report()).frames > 30);
  const hangMs = PATIENCE_MS + 2500;
  worker.postMessage({ hangMs });
  const ms = await until(
    'worker-failed',
    PATIENCE_TARGET_MS,
    () => alice.eventsOf('worker-failed').length === 1,
  );
  const before = await sentUnderCounters(tap);
  await sleep(hangMs - ms);
  // a connection paces what comes all at once
  await until('an end', 1000, async () => {
    const some = await sentUnderCounters(tap);
    await sleep(700);
    return some === (await sentUnderCounters(tap));
  });
  const after = await sentUnderCounters(tap);
  await sleep(1500);
  const more = (await sentUnderCounters(tap)) - after;
  must(more === 0, `${more} more frames`);
  return `told after ${ms} ms; ${after - before} frames when it woke up, 0 plain, and nothing more`;
}

/** Frames that came, each once, however often it was repeated. @param {Tap} tap */
async function sentUnderCounters(tap) {
  const wire = await tap.report();
  isSealed(wire);
  return wire.tags.length;
}
