// @ts-check
// SFrameClients for tests: their keys, what they raise, and their workers, which tests may kill.

import { SFrameClient } from '../../../dist/webrtc.js';

export const cipherSuite = 'AES_128_GCM_SHA256_128';

/** @returns {Uint8Array<ArrayBuffer>} */
export function randomKey() {
  return crypto.getRandomValues(new Uint8Array(16));
}

const eventTypes = /** @type {const} */ ([
  'active',
  'status',
  'plaintext',
  'unprotected',
  'key-expiring',
  'keys-needed',
  'worker-failed',
]);

/** Everybody on this page. @type {Person[]} */
const everybody = [];

/** What all clients count as dropped, for a failure's message. */
export async function dropsOfAll() {
  const lines = everybody.map(async ({ name, client }) => {
    const { senders, receivers } = await client.stats();
    const drops = [...senders, ...receivers].map(
      ({ kind, frames, dropped }) => `${kind} ${frames} frames, dropped ${JSON.stringify(dropped)}`,
    );
    return `${name}: ${drops.join('; ')}`;
  });
  const settled = await Promise.allSettled(lines);
  return settled
    .map((line) => (line.status === 'fulfilled' ? line.value : `${line.reason}`))
    .join('\n      ');
}

export class Person {
  /** @param {string} name @param {Record<string, unknown>} [options] */
  constructor(name, options = {}) {
    this.name = name;
    everybody.push(this);
    /** @type {Worker[]} */
    this.workers = [];
    /** @type {any[]} */
    this.events = [];
    /** @type {unknown[]} */
    this.keysNeeded = [];
    /** @type {() => unknown} */
    this.onKeysNeeded = () => {};
    /** @type {any} */
    this.client = new SFrameClient(
      /** @type {any} */ ({
        cipherSuite,
        worker: () => {
          const worker = new Worker(new URL('../../../dist/worker.js', import.meta.url), { type: 'module' });
          this.workers.push(worker);
          return worker;
        },
        keysNeeded: (/** @type {unknown} */ reason) => {
          this.keysNeeded.push(reason);
          return this.onKeysNeeded();
        },
        ...options,
      }),
    );
    for (const type of eventTypes)
      this.client.addEventListener(type, (/** @type {any} */ event) => this.events.push(event));
  }

  /** @param {string} type */
  eventsOf(type) {
    return this.events.filter((event) => event.type === type);
  }

  close() {
    this.client.destroy();
  }
}

/**
 * Gives a sender a key, and its receivers the same.
 * @param {Person} from
 * @param {Person[]} to
 * @param {{ baseKey?: Uint8Array<ArrayBuffer>, kid?: bigint }} [options]
 */
export async function shareKey(from, to, { baseKey = randomKey(), kid } = {}) {
  const announced = await from.client.setEncryptionKey(baseKey, kid);
  for (const person of to) await person.client.addDecryptionKey(from.name, baseKey, announced);
  return { baseKey, kid: /** @type {bigint} */ (announced) };
}
