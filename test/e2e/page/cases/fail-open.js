// @ts-check
// The moments at which an application may attach transforms, early and too late: in every one, what Alice sends is
// encrypted or nothing. Two ways to see that: a tap counts what does not open under her keys, and a receiver without any
// transform, which would play plaintext, must decode nothing. VP9, whose frames have no clear bytes.

import { Call, preferCodec, received, sent } from '../call.js';
import { Person, randomKey, shareKey } from '../client.js';
import { Source } from '../pattern.js';
import { getMicrophone, receiverOf, Scene } from '../scene.js';
import { isSealed, Tap } from '../tap.js';
import { must, sleep, until } from '../wait.js';

const codec = 'VP9';

/** What receives without a transform. */
const bare = {
  /** @param {RTCConfiguration} configuration */
  configure: (configuration) => configuration,
  decrypt() {},
};

/**
 * A call in which one side sends, as offerer or as answerer, and attaches its transforms at some moment.
 * @param {{ configure: Function, encrypt: Function }} alice
 * @param {{ configure: Function, decrypt: Function }} other
 * @param {{ role: string, moment: string }} row
 */
async function callAt(alice, other, { role, moment }) {
  const isOfferer = role === 'offerer';
  const [left, right] = isOfferer ? [alice, other] : [other, alice];
  const call = new Call(left.configure({}), right.configure({}));
  const [from, to] = isOfferer ? [call.left, call.right] : [call.right, call.left];
  const source = new Source();
  const microphone = await getMicrophone();
  /** @type {RTCRtpTransceiver[]} */
  const transceivers = [];
  const add = () => {
    for (const track of [source.track, microphone])
      transceivers.push(from.addTransceiver(track, { direction: 'sendonly' }));
    if (transceivers[0]) preferCodec(transceivers[0], codec);
  };
  /** @param {string} now */
  const attachAt = (now) => {
    if (now === moment) for (const transceiver of transceivers) alice.encrypt(transceiver);
  };
  const take = () => {
    for (const transceiver of to.getTransceivers()) other.decrypt(transceiver);
  };
  if (isOfferer) {
    add();
    attachAt('added');
    await call.negotiate(call.left, {
      offered: () => attachAt('offered'),
      received: take,
    });
  } else {
    // the other side asks for media, and Alice answers with hers
    for (const kind of ['video', 'audio']) {
      const transceiver = to.addTransceiver(kind, { direction: 'recvonly' });
      if (kind === 'video') preferCodec(transceiver, codec);
    }
    take();
    await call.negotiate(call.left, {
      received: () => {
        for (const track of [source.track, microphone]) from.addTrack(track);
        transceivers.push(...from.getTransceivers());
        attachAt('received');
      },
      answered: () => attachAt('answered'),
    });
  }
  if (moment === 'connected') {
    await until('a connection', 1000, () => from.connectionState === 'connected');
    await sleep(500);
    attachAt('connected');
    await sleep(500); // what is under way
  }
  return { call, from, to, transceivers };
}

/** @param {RTCPeerConnection} connection */
async function packetsOf(connection) {
  const counts = await Promise.all(
    connection.getSenders().map(async (sender) => (await sent(sender)).packets),
  );
  return counts.reduce((total, count) => total + count, 0);
}

/**
 * One row of the table, against a tap and against a bare receiver.
 * @param {{ role: string, moment: string, client?: Record<string, unknown> }} row
 */
export async function attachAt(row) {
  const alice = new Person('alice', row.client);
  const { baseKey, kid } = await shareKey(alice, []);
  const tap = new Tap(codec);
  await tap.addKey(baseKey, kid);
  await callAt(alice.client, tap, row);
  const { to } = await callAt(alice.client, bare, row);
  const receiver = receiverOf(to, 'video');
  // Firefox sends in plaintext before anybody has told the client of the sender
  const isTooLate = row.moment === 'connected' && !('createEncodedStreams' in RTCRtpSender.prototype);
  const early = isTooLate ? (await tap.report({ reset: true })).plain : 0;
  const before = isTooLate ? (await received(receiver)).decoded : 0;
  await until('frames on the wire', 500, async () => (await tap.report()).frames > 30);
  const wire = await tap.report();
  isSealed(wire);
  const decoded = (await received(receiver)).decoded - before;
  must(decoded === 0, `a bare receiver decoded ${decoded} frames`);
  must(alice.eventsOf('unprotected').length === 0, 'unprotected was raised');
  return `${wire.frames} frames, 0 plain, 0 decoded${early > 0 ? `; before it was attached, ${early} plain` : ''}`;
}

/**
 * The same in a connection that was made without the client's configuration: what is not encrypted is noticed, raised
 * and ended.
 * @param {{ role: string, moment: string, client?: Record<string, unknown> }} row
 */
export async function attachUnconfigured(row) {
  const alice = new Person('alice', row.client);
  const { baseKey, kid } = await shareKey(alice, []);
  const tap = new Tap(codec);
  await tap.addKey(baseKey, kid);
  const careless = {
    configure: (/** @type {RTCConfiguration} */ configuration) => configuration,
    encrypt: (/** @type {RTCRtpTransceiver} */ transceiver) => alice.client.encrypt(transceiver),
  };
  const { from } = await callAt(careless, tap, row);
  const start = performance.now();
  // plaintext that is noticed, or encryption after all
  await until('unprotected, or ciphertext', 2000, async () => {
    const { frames, plain } = await tap.report();
    return alice.eventsOf('unprotected').length >= 2 || (frames > 30 && plain === 0);
  });
  const ms = Math.round(performance.now() - start);
  await sleep(500); // what is under way
  const { plain } = await tap.report({ reset: true });
  await sleep(1000);
  const after = await tap.report();
  must(after.plain === 0, `${after.plain} of ${after.frames} frames are plain after ${ms} ms`);
  if (alice.eventsOf('unprotected').length === 0) return `engaged: ${after.frames} frames, 0 plain`;
  const before = await packetsOf(from);
  await sleep(500);
  must((await packetsOf(from)) - before < 5, 'packets go on');
  return `unprotected was raised after ${ms} ms and ${plain} plain frames`;
}

/** A transform that is taken away in mid-call. @param {{ client?: Record<string, unknown> }} options */
export async function transformTakenAway(options) {
  const alice = new Person('alice', options.client);
  const { baseKey, kid } = await shareKey(alice, []);
  const tap = new Tap(codec);
  await tap.addKey(baseKey, kid);
  const scene = await new Scene(alice.client, tap, { codec }).start();
  await until('frames on the wire', 500, async () => (await tap.report()).frames > 30);
  for (const sender of scene.call.left.getSenders()) sender.transform = null;
  const start = performance.now();
  await sleep(300);
  const { frames, plain: early } = await tap.report({ reset: true });
  if (early > 0) await until('unprotected', 2000, () => alice.eventsOf('unprotected').length >= 2);
  const ms = Math.round(performance.now() - start);
  await sleep(500); // what is under way
  const { plain } = await tap.report({ reset: true });
  await sleep(1000);
  const after = await tap.report();
  must(after.plain === 0, `${after.plain} plain frames after ${ms} ms`);
  const told = alice.eventsOf('unprotected').map(({ track }) => track?.kind);
  must(told.length <= 2, `unprotected was raised of ${told}`);
  if (early === 0) return `nothing plain, ${frames} frames before`;
  return `unprotected was raised after ${ms} ms and ${early + plain} plain frames`;
}

/**
 * Plaintext from the wire, at each moment at which Bob may attach his transforms: he decodes nothing.
 * @param {{ role: string, moment: string, client?: Record<string, unknown> }} row
 */
export async function plaintextInjected({ role, moment, client }) {
  const bob = new Person('bob', client);
  await bob.client.addDecryptionKey('alice', randomKey(), 1n);
  const isAnswerer = role === 'answerer';
  const call = isAnswerer ? new Call({}, bob.client.configure({})) : new Call(bob.client.configure({}), {});
  const [from, to] = isAnswerer ? [call.left, call.right] : [call.right, call.left];
  const source = new Source();
  const microphone = await getMicrophone();
  /** @param {string} now */
  const attachAt = (now) => {
    if (now !== moment) return;
    for (const { receiver } of to.getTransceivers()) bob.client.decrypt(receiver, 'alice');
  };
  const send = () => {
    for (const track of [source.track, microphone]) from.addTrack(track);
  };
  if (isAnswerer) send();
  else for (const kind of ['video', 'audio']) to.addTransceiver(kind, { direction: 'recvonly' });
  if (!isAnswerer) attachAt('added');
  await call.negotiate(call.left, {
    offered: () => {
      if (!isAnswerer) attachAt('offered');
    },
    received: () => (isAnswerer ? attachAt('received') : send()),
    answered: () => {
      if (isAnswerer) attachAt('answered');
    },
  });
  attachAt('connected');
  for (const kind of ['video', 'audio']) {
    const element = document.createElement(kind === 'video' ? 'video' : 'audio');
    element.autoplay = true;
    element.srcObject = new MediaStream([receiverOf(to, kind).track]);
    document.body.append(element);
  }
  await until('packets', 500, async () => (await packetsOf(from)) > 50);
  await sleep(500);
  const { decoded } = await received(receiverOf(to, 'video'));
  const { energy } = await received(receiverOf(to, 'audio'));
  must(decoded === 0 && energy === 0, `${decoded} frames decoded, energy ${energy}`);
  return `${await packetsOf(from)} packets, 0 decoded, energy 0`;
}

/**
 * Alice stops encrypting without Bob's consent: he sees nothing; then he consents.
 * @param {import('../scene.js').SceneOptions} options
 */
export async function switchedOff(options) {
  const alice = new Person('alice', options.client);
  const bob = new Person('bob', options.client);
  await shareKey(alice, [bob]);
  const scene = await new Scene(alice.client, bob.client, options).start();
  await scene.plays();
  for (const sender of scene.call.left.getSenders()) alice.client.passthrough(sender);
  const silent = await scene.staysSilent();
  for (const receiver of scene.call.right.getReceivers()) bob.client.allowPlaintext(receiver);
  const { ms } = await scene.plays();
  for (const { sender } of scene.call.left.getTransceivers()) alice.client.encrypt(sender);
  scene.decryptAll();
  const again = await scene.plays();
  return `${silent}; with consent after ${ms} ms; encrypted again after ${again.ms} ms`;
}
