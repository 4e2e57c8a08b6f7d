// Key exchange over an in-memory server: what somebody's joining and leaving cost a call of N, all clients in one thread.
//
// Sender keys: to join is to exchange keys with each of the others; to leave makes each of the others give a new key to
// all who stay. Each of them does the same, so that one of them is measured, and counted as often as there are.

import { SenderKeyExchange } from '../../dist/trust/exchange.js';
import { suiteNames } from '../sframe.mjs';
import { mlsExchange } from './mls-exchange.mjs';

/** @typedef {Uint8Array<ArrayBuffer>} Bytes */
/** @typedef {{ letters: number, deliveries: number, bytes: number, ms: number }} Cost letters and bytes of all clients, as sent; ms of processor time, of those who are there */
/** @typedef {{ scheme: string, participants: number, join: Cost, leave: Cost }} ExchangeCost */

const cipherSuite = /** @type {import('../sframe.mjs').CipherSuite} */ (suiteNames[4]);

const JOINER = 'joiner';

/**
 * @param {{ scheme: 'sender keys' | 'MLS', participants: number }} plan
 * @returns {Promise<ExchangeCost>}
 */
export async function exchange({ scheme, participants }) {
  const measure = scheme === 'MLS' ? mlsExchange : senderKeys;
  return { scheme, participants, ...(await measure(participants)) };
}

/** @param {number} participants */
async function senderKeys(participants) {
  const server = new Server();
  const others = await Promise.all(
    Array.from({ length: participants - 1 }, (_, i) => client(server, `participant ${i}`, [JOINER])),
  );
  const joiner = await client(server, JOINER, undefined);
  for (const other of others) {
    other.exchange.addEventListener('join', () => other.exchange.publish(newKey(), 1));
    await other.exchange.start();
  }
  await server.quiet();

  let start = server.start();
  await joiner.exchange.start();
  await until(() => joiner.joined === others.length);
  joiner.exchange.publish(newKey(), 1);
  await until(() => joiner.confirmed === others.length && joiner.keys === others.length);
  await server.quiet();
  const join = server.cost(start, 1);

  // The joiner stands for one of the others: somebody has left.
  joiner.confirmed = 0;
  server.isStill = true;
  start = server.start();
  const staying = joiner.exchange.participants.slice(1);
  joiner.exchange.publish(
    newKey(),
    2,
    staying.map(({ participant }) => participant),
  );
  await until(() => joiner.confirmed === staying.length);
  await server.quiet();
  const leave = server.cost(start, participants - 1);
  for (const { exchange } of [...others, joiner]) exchange.destroy();
  return { join, leave };
}

/** @param {Server} server @param {string} participant @param {string[] | undefined} known whom he lets in; default all */
async function client(server, participant, known) {
  const pair = /** @type {CryptoKeyPair} */ (
    await crypto.subtle.generateKey('Ed25519', true, ['sign', 'verify'])
  );
  const exchange = new SenderKeyExchange({
    channel: server.connect(participant),
    room: 'bench',
    cipherSuite,
    identity: {
      participant,
      privateKey: pair.privateKey,
      publicKey: new Uint8Array(await crypto.subtle.exportKey('raw', pair.publicKey)),
    },
    admit: (candidate) => known?.includes(candidate.participant) ?? true,
  });
  const made = { exchange, joined: 0, keys: 0, confirmed: 0 };
  exchange.addEventListener('join', () => {
    made.joined += 1;
  });
  exchange.addEventListener('key', () => {
    made.keys += 1;
  });
  exchange.addEventListener('confirmed', () => {
    made.confirmed += 1;
  });
  return made;
}

function newKey() {
  return crypto.getRandomValues(new Uint8Array(16));
}

/** @param {() => boolean} what */
async function until(what) {
  const deadline = performance.now() + 120_000;
  while (!what()) {
    if (performance.now() > deadline) throw new Error(`not within two minutes: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
}

/** Brings letters at once, and counts them. */
class Server {
  /** Whether no hellos are counted. */
  isStill = false;
  /** All deliveries, counted or not. */
  carried = 0;
  letters = 0;
  deliveries = 0;
  bytes = 0;
  /** @type {Map<string, import('../../dist/trust/exchange.js').KeyChannel>} */
  #channels = new Map();

  /** @param {string} name @returns {import('../../dist/trust/exchange.js').KeyChannel} */
  connect(name) {
    /** @param {Bytes} bytes @param {string[]} recipients @param {boolean} isCounted */
    const carry = (bytes, recipients, isCounted) => {
      if (isCounted) {
        this.letters += 1;
        this.bytes += bytes.length;
        this.deliveries += recipients.length;
      }
      this.carried += recipients.length;
      for (const to of recipients) this.#channels.get(to)?.onmessage?.(bytes);
    };
    /** @type {import('../../dist/trust/exchange.js').KeyChannel} */
    const channel = {
      send: (to, bytes) => carry(bytes, [to], true),
      broadcast: (bytes) => {
        // The others know each other already, and the hellos that they repeat are not part of this.
        const others = [...this.#channels.keys()].filter((other) => other !== name);
        const isOwn = name === JOINER;
        carry(bytes, isOwn ? others : others.filter((other) => other === JOINER), isOwn && !this.isStill);
      },
      onmessage: null,
    };
    this.#channels.set(name, channel);
    return channel;
  }

  /** Waits until no letter has come for a while. */
  async quiet() {
    for (let before = -1; before !== this.carried; ) {
      before = this.carried;
      await new Promise((resolve) => setTimeout(resolve, 150));
    }
  }

  start() {
    const { letters, deliveries, bytes } = this;
    return { letters, deliveries, bytes, cpu: process.cpuUsage() };
  }

  /** @param {ReturnType<Server['start']>} before @param {number} times */
  cost({ letters, deliveries, bytes, cpu }, times) {
    const { user, system } = process.cpuUsage(cpu);
    const ms = (user + system) / 1000;
    return {
      letters: times * (this.letters - letters),
      deliveries: times * (this.deliveries - deliveries),
      bytes: times * (this.bytes - bytes),
      ms,
    };
  }
}
