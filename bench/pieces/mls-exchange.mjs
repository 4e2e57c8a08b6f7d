// MLS over an in-memory server: what somebody's joining and leaving cost a call of N.
//
// All members do the same, so that three of them are there: who commits, one other, and who joins and leaves. The others
// come, are added, and hear and say nothing from then on; what is sent to them is counted all the same.

import { MlsExchange } from '../../dist/trust/mls-exchange.js';

/** @typedef {Uint8Array<ArrayBuffer>} Bytes */
/** @typedef {import('./exchange.mjs').Cost} Cost */

/** Of letters, where type and sender stand in them; see docs/exchange.md. */
const TYPE_AT = 1;
const FIRST_OF_MLS = 32;

/** @param {number} participants */
export async function mlsExchange(participants) {
  const server = new Server();
  const committer = await client(server, 'committer', 50);
  await committer.start();
  await until(() => committer.epoch !== undefined);
  const member = await client(server, 'member', 600_000);
  await member.start();
  await until(() => member.participants.length === 2);
  const others = await Promise.all(
    Array.from({ length: participants - 3 }, (_, i) => client(server, `other ${i}`, 600_000)),
  );
  server.isFilling = true;
  await Promise.all(others.map((other) => other.start()));
  const isWhole = (/** @type {number} */ count) =>
    [committer, member].every((each) => each.participants.length === count);
  await until(() => isWhole(participants - 1));
  server.isFilling = false;
  server.isFull = true;
  await new Promise((resolve) => setTimeout(resolve, 500));

  const joiner = await client(server, 'joiner', 600_000);
  let start = server.start();
  await joiner.start();
  await until(() => isWhole(participants) && joiner.participants.length === participants);
  const join = server.cost(start);
  await new Promise((resolve) => setTimeout(resolve, 500));
  start = server.start();
  joiner.destroy();
  await until(() => isWhole(participants - 1));
  const leave = server.cost(start);
  for (const each of [committer, member, ...others]) each.destroy();
  return { join, leave };
}

/** @param {Server} server @param {string} participant @param {number} foundAfterMs */
async function client(server, participant, foundAfterMs) {
  const pair = /** @type {CryptoKeyPair} */ (
    await crypto.subtle.generateKey('Ed25519', true, ['sign', 'verify'])
  );
  return new MlsExchange({
    channel: server.connect(participant),
    room: 'bench',
    identity: {
      participant,
      privateKey: pair.privateKey,
      publicKey: new Uint8Array(await crypto.subtle.exportKey('raw', pair.publicKey)),
    },
    admit: () => true,
    foundAfterMs,
    patienceMs: 600_000,
  });
}

/** @param {() => boolean} what */
async function until(what) {
  const deadline = performance.now() + 200_000;
  while (!what()) {
    if (performance.now() > deadline) throw new Error(`not within 200 seconds: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

/** Brings letters at once, and counts those of the joiner, and what goes to all because of him. */
class Server {
  /** Whether the others come: they talk with the committer alone. */
  isFilling = false;
  /** Whether they are there, and silent. */
  isFull = false;
  letters = 0;
  deliveries = 0;
  bytes = 0;
  /** @type {Map<string, import('../../dist/trust/exchange.js').KeyChannel>} */
  #channels = new Map();

  /** @param {string} name @returns {import('../../dist/trust/exchange.js').KeyChannel} */
  connect(name) {
    const isOther = (/** @type {string} */ each) => each.startsWith('other');
    /** @param {Bytes} bytes @param {string[]} recipients @param {boolean} isOfJoiner */
    const carry = (bytes, recipients, isOfJoiner) => {
      if (this.isFull && isOther(name)) return;
      if (isOfJoiner) {
        this.letters += 1;
        this.bytes += bytes.length;
        this.deliveries += recipients.length;
      }
      for (const to of recipients) {
        if (isOther(to) && (this.isFull || recipients.length > 1)) continue;
        if (this.isFilling && isOther(name) && to !== 'committer') continue;
        this.#channels.get(to)?.onmessage?.(bytes);
      }
    };
    /** @type {import('../../dist/trust/exchange.js').KeyChannel} */
    const channel = {
      send: (to, bytes) => carry(bytes, [to], name === 'joiner' || to === 'joiner'),
      broadcast: (bytes) => {
        const others = [...this.#channels.keys()].filter((other) => other !== name);
        carry(bytes, others, name === 'joiner' || Number(bytes[TYPE_AT]) >= FIRST_OF_MLS);
      },
      onmessage: null,
    };
    this.#channels.set(name, channel);
    return channel;
  }

  start() {
    const { letters, deliveries, bytes } = this;
    return { letters, deliveries, bytes, cpu: process.cpuUsage() };
  }

  /** @param {ReturnType<Server['start']>} before @returns {Cost} */
  cost({ letters, deliveries, bytes, cpu }) {
    const { user, system } = process.cpuUsage(cpu);
    return {
      letters: this.letters - letters,
      deliveries: this.deliveries - deliveries,
      bytes: this.bytes - bytes,
      ms: (user + system) / 1000,
    };
  }
}
