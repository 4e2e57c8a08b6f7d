// @ts-check
// A long call: Alice sends to Bob and receives eight others, all in one worker. The eight are tracks of Bob's, who
// sends them under one key; Alice knows them as participants of their own. Keys change all the time.

import { Call, preferCodec, received } from '../call.js';
import { Person, randomKey, shareKey } from '../client.js';
import { Source } from '../pattern.js';
import { getMicrophone } from '../scene.js';
import { until } from '../wait.js';

const OTHERS = 8;

const alice = new Person('alice');
const bob = new Person('bob');
const others = Array.from({ length: OTHERS }, (_, i) => `other ${i}`);

/** @type {RTCRtpReceiver[]} */
const receivers = [];
/** @type {bigint[]} those that Alice has, of the others */
const kids = [];

/** Bob sends under a key that Alice has had before; she keeps the last but one, for what is under way. */
async function rotate() {
  const baseKey = randomKey();
  const kid = BigInt(kids.length + 1);
  for (const name of others) await alice.client.addDecryptionKey(name, baseKey, kid);
  await bob.client.setEncryptionKey(baseKey, kid);
  kids.push(kid);
  const old = kids.at(-3);
  if (old !== undefined) for (const name of others) await alice.client.removeDecryptionKey(name, old);
}

/** Begins, and resolves when everybody is seen. */
export async function soakStart() {
  await shareKey(alice, [bob]);
  await rotate();
  const microphone = await getMicrophone();
  const call = new Call(bob.client.configure({}), alice.client.configure({}));
  const stage = { mine: new Source(), others: others.map(() => new Source()) };
  for (const [i, source] of stage.others.entries()) {
    const direction = i === 0 ? 'sendrecv' : 'sendonly';
    for (const track of [source.track, microphone.clone()]) {
      const transceiver = call.left.addTransceiver(track, { direction });
      if (track === source.track) preferCodec(transceiver, 'VP8');
      bob.client.encrypt(transceiver);
    }
  }
  await call.negotiate(call.left, {
    received() {
      for (const [i, transceiver] of call.right.getTransceivers().entries()) {
        alice.client.decrypt(transceiver, `other ${Math.floor(i / 2)}`);
        receivers.push(transceiver.receiver);
        if (i > 1) continue;
        const { sender, receiver } = transceiver;
        transceiver.direction = 'sendrecv';
        sender.replaceTrack(receiver.track.kind === 'video' ? stage.mine.track : microphone.clone());
        alice.client.encrypt(transceiver);
      }
    },
  });
  for (const transceiver of call.left.getTransceivers().slice(0, 2)) bob.client.decrypt(transceiver, 'alice');
  for (const { receiver } of [...call.right.getTransceivers(), ...call.left.getTransceivers().slice(0, 2)]) {
    const element = document.createElement(receiver.track.kind === 'video' ? 'video' : 'audio');
    element.autoplay = true;
    element.srcObject = new MediaStream([receiver.track]);
    document.body.append(element);
  }
  return until('everybody', 2000, async () => (await decoded()).every((frames) => frames > 0));
}

/** Frames decoded of each of the others. */
async function decoded() {
  const videos = receivers.filter(({ track }) => track.kind === 'video');
  return Promise.all(videos.map(async (receiver) => (await received(receiver)).decoded));
}

/** Changes the key, and measures. */
export async function soakSample() {
  await rotate();
  const { bytes } = await /** @type {any} */ (performance).measureUserAgentSpecificMemory();
  const stats = await alice.client.stats();
  const tracks = [...stats.senders, ...stats.receivers];
  /** @type {Record<string, number>} */
  const dropped = {};
  for (const track of tracks) {
    for (const [reason, count] of Object.entries(track.dropped))
      dropped[reason] = (dropped[reason] ?? 0) + Number(count);
  }
  return {
    bytes,
    engine: stats.engine,
    senders: stats.senders.length,
    receivers: stats.receivers.length,
    frames: tracks.reduce((sum, { frames }) => sum + frames, 0),
    dropped,
    decoded: await decoded(),
    p50: Math.max(...tracks.map(({ cryptoP50 }) => cryptoP50)),
    p99: Math.max(...tracks.map(({ cryptoP99 }) => cryptoP99)),
    keys: Math.max(0, ...[...stats.receivingKeys.values()].map(({ length }) => length)),
    unprotected: alice.eventsOf('unprotected').length + bob.eventsOf('unprotected').length,
    restarts: stats.workerRestarts,
  };
}
