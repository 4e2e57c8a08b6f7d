// @ts-check
// Calls whose keys an exchange carries, over signalling in this page; and signatures of those who send.

import { Call, preferCodec } from '../call.js';
import { cipherSuite, Person } from '../client.js';
import { getMicrophone, Scene } from '../scene.js';
import { must, until } from '../wait.js';

/** @typedef {import('../scene.js').SceneOptions & { kind?: string }} Options */

/** Some hundred files, which other cases do without. @param {string} kind */
async function load(kind) {
  const { connectExchange } = await import('../../../../dist/trust/webrtc-exchange.js');
  const { MlsExchange } = kind === 'MLS' ? await import('../../../../dist/trust/mls-exchange.js') : {};
  const { SenderKeyExchange } = await import('../../../../dist/trust/exchange.js');
  return { connectExchange, MlsExchange, SenderKeyExchange };
}

/** What carries letters, and knows who may come in. */
class Room {
  /** @param {string} kind of exchange: `sender keys`, or `MLS` */
  constructor(kind) {
    this.kind = kind;
    /** @type {Map<string, any>} */
    this.channels = new Map();
    /** @type {Map<string, string>} */
    this.list = new Map();
  }

  /** @param {string} name */
  connect(name) {
    /** @type {any} */
    const channel = {
      onmessage: null,
      send: (/** @type {string} */ to, /** @type {Uint8Array} */ bytes) =>
        queueMicrotask(() => this.channels.get(to)?.onmessage?.(bytes)),
      broadcast: (/** @type {Uint8Array} */ bytes) => {
        for (const to of this.channels.keys()) if (to !== name) channel.send(to, bytes);
      },
    };
    this.channels.set(name, channel);
    return channel;
  }

  /**
   * Somebody comes in: his client, exchange, and the connection of the two.
   * @param {string} name
   * @param {Record<string, unknown>} [client]
   * @param {{ verifies?: boolean }} [options]
   */
  async enter(name, client = {}, { verifies = false } = {}) {
    const ecdsa = { name: 'ECDSA', namedCurve: 'P-256' };
    const { privateKey, publicKey } = await crypto.subtle.generateKey(ecdsa, false, ['sign', 'verify']);
    const raw = new Uint8Array(await crypto.subtle.exportKey('raw', publicKey));
    this.list.set(name, `${raw}`);
    const identity = { participant: name, privateKey, publicKey: raw };
    const told = {
      channel: this.connect(name),
      room: 'standup',
      identity,
      admit: (/** @type {any} */ { participant, identityKey }) =>
        this.list.get(participant) === `${identityKey}`,
    };
    const { connectExchange, MlsExchange, SenderKeyExchange } = await load(this.kind);
    const exchange =
      MlsExchange !== undefined
        ? new MlsExchange({ ...told, foundAfterMs: 300 })
        : new SenderKeyExchange({ ...told, cipherSuite });
    const person = new Person(name, { epochBits: 8, ...client });
    const connection = connectExchange(person.client, exchange, {
      cipherSuite,
      ...(verifies ? { signing: { identity }, verifying: {} } : {}),
    });
    /** @type {unknown[]} */
    const failures = [];
    connection.addEventListener('failed', ({ error }) => failures.push(error));
    await exchange.start();
    return { name, person, client: person.client, exchange, connection, failures };
  }
}

/** @param {{ client: any }} member */
async function kidOf({ client }) {
  return (await client.stats()).sendingKey?.kid;
}

/** Two talk, and their workers die; a third comes, and is removed again. @param {Options} options */
export async function exchange({ kind = '', client, ...options }) {
  const room = new Room(kind);
  const alice = await room.enter('alice', client);
  const bob = await room.enter('bob', client);
  const scene = await new Scene(alice.client, bob.client, options).start();
  const first = await scene.plays(2000);
  const crashes = [];
  for (const { person } of [alice, bob]) {
    person.workers.at(-1)?.terminate();
    crashes.push((await scene.plays(2000)).ms);
  }

  const carol = await room.enter('carol', client);
  const toCarol = await new Scene(alice.client, carol.client, { ...options, audio: false }).start();
  const atBob = {
    configure: (/** @type {RTCConfiguration} */ configuration) => bob.client.configure(configuration),
    decrypt: (/** @type {RTCRtpTransceiver} */ transceiver) => bob.client.decrypt(transceiver, 'carol'),
  };
  const fromCarol = await new Scene(carol.client, atBob, { ...options, audio: false }).start();
  const second = await toCarol.plays(2000);
  await fromCarol.plays(2000);
  await scene.plays();

  const kid = await kidOf(alice);
  for (const { exchange } of [alice, bob]) exchange.remove('carol');
  const removed = await until('a key without Carol', 1500, async () => (await kidOf(alice)) !== kid);
  const [silent] = await Promise.all([toCarol.staysSilent(2000), fromCarol.staysSilent(2000)]);
  await scene.plays();
  for (const gone of [toCarol, fromCarol]) gone.close();

  const failures = [alice, bob, carol].flatMap((member) => member.failures);
  must(failures.length === 0, `${failures}`);
  return `after ${first.ms} ms; crashes: ${crashes} ms; Carol after ${second.ms} ms, removed after ${removed} ms: ${silent}`;
}

/**
 * Alice's frames are verified. Mallory has her key, as all members have, and sends as her over a connection of his own:
 * frames with counters that she comes to a moment later.
 * @param {Options} options
 */
export async function signatures({ client }) {
  const room = new Room('sender keys');
  const alice = await room.enter('alice', client, { verifies: true });
  const bob = await room.enter('bob', client, { verifies: true });
  alice.client.addEventListener('signature-block', (/** @type {any} */ { block }) => {
    if (block) bob.connection.addSignatureBlock(block);
  });
  const mallory = await room.enter('mallory', client);
  /** @type {{ kid: bigint, baseKey: Uint8Array } | undefined} */
  let stolen;
  mallory.exchange.addEventListener('key', (/** @type {any} */ { participant, kid, baseKey }) => {
    if (participant === 'alice') stolen = { kid, baseKey: baseKey.slice() };
  });
  const reasons = () => bob.person.eventsOf('status').map(({ reason }) => reason);

  const scene = await new Scene(alice.client, bob.client, { codec: 'VP9' }).start();
  await scene.plays(2000);
  const verified = await until('verified', 2000, () => reasons().includes('verified'));
  await until("Alice's key at Mallory's", 1500, async () => stolen?.kid === (await kidOf(alice)));
  must(!reasons().includes('forged'), 'forged, though nobody forges');

  const forger = new Worker(new URL('../forger-worker.js', import.meta.url), { type: 'module' });
  const { ctr } = /** @type {any} */ ((await alice.client.stats()).sendingKey);
  forger.postMessage({ cipherSuite, ...stolen, ctr: ctr + 100n });
  const call = new Call(bob.client.configure({}), bob.client.configure({}));
  const sound = call.left.addTransceiver(await getMicrophone(), { direction: 'sendonly' });
  preferCodec(sound, 'OPUS');
  sound.sender.transform = new RTCRtpScriptTransform(forger, {});
  await call.negotiate(call.left, {
    received: () => {
      for (const transceiver of call.right.getTransceivers()) bob.client.decrypt(transceiver, 'alice');
    },
  });
  const forged = await until('forged', 2000, () => reasons().includes('forged'));
  call.close();
  forger.terminate();
  return `verified after ${verified} ms, forged after ${forged} ms`;
}
