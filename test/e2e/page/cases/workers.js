// @ts-check
// Workers that die, and pages that are loaded again: no (base key, KID, CTR) may come twice.

import { Person, randomKey, shareKey } from '../client.js';
import { Scene } from '../scene.js';
import { isSealed, Tap } from '../tap.js';
import { must, sleep, until } from '../wait.js';

/** @typedef {import('../scene.js').SceneOptions} Options */

/** The worker of Alice dies, then that of Bob. @param {Options} options */
export async function crash(options) {
  const alice = new Person('alice', options.client);
  const bob = new Person('bob', options.client);
  /** @type {{ baseKey: Uint8Array<ArrayBuffer>, kid: bigint }} */
  let key = await shareKey(alice, [bob]);
  alice.onKeysNeeded = async () => {
    key = await shareKey(alice, [bob]);
  };
  bob.onKeysNeeded = async () => {
    await bob.client.addDecryptionKey('alice', key.baseKey, key.kid);
  };
  const scene = await new Scene(alice.client, bob.client, options).start();
  await scene.plays();
  alice.workers.at(-1)?.terminate();
  const first = await scene.plays();
  must(alice.keysNeeded.length > 0, 'keysNeeded was not called');
  must(alice.workers.length === 2, `${alice.workers.length} workers`);
  bob.workers.at(-1)?.terminate();
  const second = await scene.plays();
  must(alice.eventsOf('unprotected').length === 0, 'unprotected was raised');
  return `sender's: after ${first.ms} ms; receiver's: after ${second.ms} ms`;
}

/** The application gives the same base key again after a crash. @param {Options} options */
export async function crashOnTheWire(options) {
  const alice = new Person('alice', options.client);
  const tap = new Tap('VP9');
  const baseKey = randomKey();
  /** @type {unknown[]} */
  const kids = [];
  const give = async () => {
    const kid = await alice.client.setEncryptionKey(baseKey.slice());
    await tap.addKey(baseKey, kid);
    kids.push(kid);
  };
  await give();
  alice.onKeysNeeded = give;
  await new Scene(alice.client, tap, { codec: 'VP9' }).start();
  for (let crashes = 0; crashes < 2; crashes++) {
    await until('frames', 1000, async () => (await tap.report()).frames > 30);
    alice.workers.at(-1)?.terminate();
    await until('a new worker', 2000, () => kids.length === crashes + 2);
    await tap.report({ reset: true });
  }
  await until('frames', 1000, async () => (await tap.report()).frames > 30);
  const wire = await tap.report();
  isSealed(wire);
  return `${kids.length} KIDs, ${wire.tags.length} frames, no CTR twice`;
}

/** The application does not make workers, so there is no other: nothing leaves, and it is told. @param {Options} options */
export async function crashForGood(options) {
  const worker = new Worker(new URL('../../../../dist/worker.js', import.meta.url), { type: 'module' });
  const alice = new Person('alice', { ...options.client, worker });
  const tap = new Tap('VP9');
  const { baseKey, kid } = await shareKey(alice, []);
  await tap.addKey(baseKey, kid);
  await new Scene(alice.client, tap, { codec: 'VP9' }).start();
  await until('frames', 1000, async () => (await tap.report()).frames > 30);
  worker.terminate();
  const ms = await until('worker-failed', 1000, () => alice.eventsOf('worker-failed').length === 1);
  await sleep(300);
  await tap.report({ reset: true });
  await sleep(1000);
  const { frames } = await tap.report();
  must(frames === 0, `${frames} more frames`);
  return `told after ${ms} ms; nothing more`;
}

/**
 * A (base key, KID) that was sent under is refused after a crash, and says so: as a page that was loaded again asks it to.
 * @param {Options & { key: number[], isFirst: boolean }} options
 */
export async function usesAgain({ key, isFirst, ...options }) {
  const alice = new Person('alice', { ratchetBits: 8, ...options.client });
  const baseKey = Uint8Array.from(key);
  const set = () => alice.client.setEncryptionKey(baseKey.slice(), 7n);
  const setRatchet = () => alice.client.setRatchetKey(baseKey.slice(), 3n);
  const outcomes = [];
  const times = [];
  for (const [i, use] of [set, setRatchet].entries()) {
    if (isFirst) {
      await use();
      alice.workers.at(-1)?.terminate();
      times.push(await until('a new worker', 2000, () => alice.keysNeeded.length === i + 1));
    }
    outcomes.push(await codeOf(use));
  }
  must(outcomes.join() === 'key-reuse,key-reuse', outcomes.join());
  return times.length > 0 ? `refused, new workers after ${times.join(', ')} ms` : 'refused';
}

/** @param {() => Promise<unknown>} run @returns {Promise<string>} an error's code */
async function codeOf(run) {
  try {
    return `${await run()}`;
  } catch (error) {
    return /** @type {{ code?: string }} */ (error).code ?? `${error}`;
  }
}

/**
 * Sends for a while under a key that the application keeps over reloads, in as many clients as an application may make.
 * @param {Options & { key: number[], mode?: 'once' | 'twice' | 'strict' }} options
 */
export async function sendsUnder({ key, mode = 'once', ...options }) {
  const baseKey = Uint8Array.from(key);
  const tap = new Tap('VP9');
  /** @type {string[]} */
  const kids = [];
  const mount = async () => {
    const alice = new Person('alice', options.client);
    const kid = await alice.client.setEncryptionKey(baseKey.slice());
    kids.push(`${kid}`);
    await tap.addKey(baseKey, kid);
    return alice;
  };
  const alice = await mount();
  const scene = await new Scene(alice.client, tap, { codec: 'VP9' }).start();
  await until('frames', 1000, async () => (await tap.report()).frames > 30);
  if (mode !== 'once') {
    // React's StrictMode takes the first down before; hot reloading may not
    if (mode === 'strict') alice.close();
    const again = await mount();
    for (const transceiver of scene.call.left.getTransceivers()) again.client.encrypt(transceiver);
    await tap.report({ reset: true });
    await until('frames of the second', 1000, async () => (await tap.report()).frames > 30);
  }
  await sleep(300);
  const wire = await tap.report();
  isSealed(wire);
  return { kids, tags: wire.tags };
}

/** The same client's encrypt() twice for each sender, and decrypt() too. @param {Options} options */
export async function attachedTwice(options) {
  const alice = new Person('alice', options.client);
  const bob = new Person('bob', options.client);
  await shareKey(alice, [bob]);
  const scene = new Scene(alice.client, bob.client, options);
  const { video, sound } = await scene.publish();
  for (const transceiver of [video, sound]) alice.client.encrypt(transceiver);
  await scene.call.negotiate(scene.call.left, {
    received: () => {
      scene.decryptAll();
      scene.decryptAll();
    },
  });
  scene.watch();
  const { ms } = await scene.plays();
  for (const transceiver of [video, sound]) alice.client.encrypt(transceiver);
  scene.decryptAll();
  const again = await scene.plays();
  return `after ${ms}, ${again.ms} ms`;
}

/**
 * Twenty clients, each of which takes over what the last one sent. In Chromium every twenty-fifth time or so no frames come
 * to the next worker, for ever, if nobody sees it.
 * @param {Options} options
 */
export async function takenOver(options) {
  const tap = new Tap('VP9');
  const mount = async () => {
    const alice = new Person('alice', options.client);
    const { baseKey, kid } = await shareKey(alice, []);
    await tap.addKey(baseKey, kid);
    return alice;
  };
  let alice = await mount();
  const scene = await new Scene(alice.client, tap, { codec: 'VP9' }).start();
  await until('frames', 1000, async () => (await tap.report()).frames > 30);
  const times = [];
  for (let i = 0; i < 20; i++) {
    const next = await mount();
    for (const transceiver of scene.call.left.getTransceivers()) next.client.encrypt(transceiver);
    times.push(
      await until('frames of the next', 1000, async () => {
        const { senders } = await next.client.stats();
        return (
          senders.length === 2 && senders.every((/** @type {{ frames: number }} */ { frames }) => frames > 5)
        );
      }),
    );
    must(next.eventsOf('unprotected').length === 0, 'unprotected was raised');
    alice.close();
    alice = next;
    await sleep(400 * Math.random());
  }
  isSealed(await tap.report());
  return `after ${Math.max(...times)} ms at most`;
}

/** A worker that does not load. @param {Options} options */
export async function missingWorker(options) {
  const start = performance.now();
  const alice = new Person('alice', {
    ...options.client,
    worker: () => new Worker('/dist/no-such-worker.js', { type: 'module' }),
  });
  try {
    await alice.client.setEncryptionKey(randomKey());
  } catch (error) {
    const ms = Math.round(performance.now() - start);
    must(ms < 5500, `rejected after ${ms} ms`);
    must(`${error}`.includes('no-such-worker.js'), `${error}`);
    return `rejected after ${ms} ms: ${error}`;
  }
  throw new Error('a missing worker was not noticed');
}
