// @ts-check
// What applications do to tracks in a call. Media comes back, and what Bob sees is what was sent.

import { preferCodec, received } from '../call.js';
import { Person, randomKey, shareKey } from '../client.js';
import { Screen, Source } from '../pattern.js';
import { getMicrophone, Scene } from '../scene.js';
import { simulcast as layered, startLayers } from '../simulcast.js';
import { isSealed, Tap } from '../tap.js';
import { must, sleep, until } from '../wait.js';

/** @typedef {import('../scene.js').SceneOptions} Options */

/** @param {Options} options */
async function startCall(options) {
  const alice = new Person('alice', options.client);
  const bob = new Person('bob', options.client);
  await shareKey(alice, [bob]);
  const scene = await new Scene(alice.client, bob.client, options).start();
  await scene.plays();
  return { alice, bob, scene };
}

/** Nothing was sent in the clear, as far as Alice's client knows. @param {Person} alice */
function isProtected(alice) {
  must(alice.eventsOf('unprotected').length === 0, 'unprotected was raised');
}

/** @param {Options} options */
export async function mute(options) {
  const { alice, scene } = await startCall(options);
  const microphone = scene.sender('audio').track;
  const times = [];
  for (let i = 0; i < 2; i++) {
    for (const track of [scene.source.track, microphone]) if (track) track.enabled = false;
    await sleep(700);
    for (const track of [scene.source.track, microphone]) if (track) track.enabled = true;
    times.push((await scene.plays()).ms);
  }
  isProtected(alice);
  return `after ${times.join(', ')} ms`;
}

/** Another camera, none, and the first again. @param {Options} options */
export async function replaceTrack(options) {
  const { alice, scene } = await startCall(options);
  const other = new Source(options.size);
  const sender = scene.sender('video');
  await sender.replaceTrack(other.track);
  const first = await scene.plays(1000, { source: other });
  await sender.replaceTrack(null);
  await sleep(500);
  await sender.replaceTrack(scene.source.track);
  const second = await scene.plays();
  isProtected(alice);
  return `after ${first.ms}, ${second.ms} ms`;
}

/** Offers from both sides, a pause and a restart of ICE. @param {Options} options */
export async function renegotiation(options) {
  const { alice, scene } = await startCall(options);
  const { left, right } = scene.call;
  const video = scene.transceiver('video');
  const times = [];
  await scene.negotiate();
  times.push((await scene.plays()).ms);
  await scene.call.negotiate(right);
  times.push((await scene.plays()).ms);
  video.direction = 'inactive';
  await scene.negotiate();
  await sleep(500);
  video.direction = 'sendonly';
  await scene.negotiate();
  times.push((await scene.plays()).ms);
  left.restartIce();
  await scene.negotiate();
  times.push((await scene.plays()).ms);
  isProtected(alice);
  return `after ${times.join(', ')} ms`;
}

/** Another codec in mid-call. @param {Options} options */
export async function codecChange(options) {
  const { alice, scene } = await startCall({ ...options, codec: 'VP8' });
  preferCodec(scene.transceiver('video'), 'VP9');
  await scene.negotiate();
  const { ms } = await scene.plays();
  const codec = scene.sender('video').getParameters().codecs[0]?.mimeType;
  must(codec === 'video/VP9', `sends ${codec}`);
  isProtected(alice);
  return `after ${ms} ms`;
}

/** Bob's second receiver of video. @param {Scene} scene */
function secondReceiver({ call }) {
  const receivers = call.right.getReceivers().filter(({ track }) => track.kind === 'video');
  const receiver = receivers.at(-1);
  if (receiver === undefined) throw new Error('no second video');
  return receiver;
}

/**
 * A screen beside the camera: shared, stopped, shared again in the same transceiver, then in another.
 * @param {Options} options
 */
export async function screenShare(options) {
  const { alice, scene } = await startCall(options);
  /** @type {number[]} */
  const times = [];
  const watchShare = async (/** @type {Source} */ source) => {
    const receiver = secondReceiver(scene);
    const screen = new Screen(receiver.track);
    times.push((await scene.plays(1000, { source, receiver, screen })).ms);
    screen.close();
  };
  const first = new Source();
  const share = scene.addVideo(first);
  await scene.negotiate();
  await watchShare(first);

  first.stop();
  await share.sender.replaceTrack(null);
  share.direction = 'inactive';
  await scene.negotiate();
  await scene.plays();

  const second = new Source();
  await share.sender.replaceTrack(second.track);
  share.direction = 'sendonly';
  await scene.negotiate();
  await watchShare(second);

  second.stop();
  share.stop();
  await scene.negotiate();
  await scene.plays();

  const third = new Source();
  scene.addVideo(third);
  await scene.negotiate();
  await watchShare(third);
  await scene.plays();
  isProtected(alice);
  return `after ${times.join(', ')} ms`;
}

/** Layers are switched off and on at the sender. @param {Options} options */
export async function svc(options) {
  const size = { width: 960, height: 540, fps: 15 };
  const sendEncodings = /** @type {RTCRtpEncodingParameters[]} */ ([
    /** @type {unknown} */ ({ scalabilityMode: 'L3T3_KEY' }),
  ]);
  const { alice, scene } = await startCall({ ...options, size, sendEncodings });
  const sender = scene.sender('video');
  const times = [];
  for (const scalabilityMode of ['L1T3', 'L3T3_KEY', 'L2T2']) {
    const parameters = sender.getParameters();
    Object.assign(parameters.encodings[0] ?? {}, { scalabilityMode });
    await sender.setParameters(parameters);
    await sleep(300);
    times.push((await scene.plays()).ms);
  }
  isProtected(alice);
  return `${await scene.readsPictures()}; changes after ${times.join(', ')} ms`;
}

/** Three layers, which Bob receives as three tracks; the upper ones are switched off and on. @param {Options} options */
export async function simulcast(options) {
  const alice = new Person('alice', options.client);
  const bob = new Person('bob', options.client);
  await shareKey(alice, [bob]);
  const scene = new Scene(alice.client, bob.client, { ...options, ...layered });
  const receivers = await startLayers(scene);
  const screens = receivers.map(({ track }) => new Screen(track));
  /** @param {number} i @param {boolean} [isFirst] */
  const plays = async (i, isFirst = false) => {
    const [receiver, screen] = [receivers[i], screens[i]];
    if (receiver === undefined || screen === undefined) throw new Error(`no layer ${i}`);
    return (await scene.plays(1000, { receiver, screen, isFirst })).ms;
  };
  /** @param {boolean[]} active by layer */
  const switchLayers = async (active) => {
    const parameters = scene.sender('video').getParameters();
    for (const [i, encoding] of parameters.encodings.entries()) encoding.active = active[i] ?? false;
    await scene.sender('video').setParameters(parameters);
  };
  // the bandwidth estimate starts low: the upper layers come when it has grown
  const first = [await plays(0, true), await plays(1, true), await plays(2, true)];
  const widths = await Promise.all(receivers.map(async (receiver) => (await received(receiver)).width));
  await switchLayers([true, false, false]);
  const low = await plays(0);
  await until('upper layers to stop', 500, async () => {
    const before = await scene.output(receivers[2]);
    await sleep(300);
    return (await scene.output(receivers[2])).decoded === before.decoded;
  });
  await switchLayers([true, true, true]);
  const again = [await plays(0), await plays(1), await plays(2)];
  isProtected(alice);
  return `widths ${widths.join(', ')} after ${first.join(', ')} ms; lowest ${low} ms; again ${again.join(', ')} ms`;
}

/** All that, with a tap in Bob's place: whatever Alice does to her tracks, no frame is plain, and no counter comes twice. @param {Options} options */
export async function tracksOnTheWire(options) {
  const { codec = 'VP9' } = options;
  const alice = new Person('alice', options.client);
  const tap = new Tap(codec);
  const { baseKey, kid } = await shareKey(alice, []);
  await tap.addKey(baseKey, kid);
  const scene = await new Scene(alice.client, tap, { ...options, codec }).start();
  const video = scene.transceiver('video');
  const microphone = await getMicrophone();
  const other = new Source();
  /** @type {(() => unknown)[]} */
  const steps = [
    () => {},
    () => {
      scene.source.track.enabled = microphone.enabled = false;
    },
    () => {
      scene.source.track.enabled = microphone.enabled = true;
    },
    () => video.sender.replaceTrack(other.track),
    () => scene.negotiate(),
    () => {
      video.direction = 'inactive';
      return scene.negotiate();
    },
    () => {
      video.direction = 'sendonly';
      return scene.negotiate();
    },
    () => {
      scene.addVideo(new Source());
      return scene.negotiate();
    },
    async () => {
      const next = randomKey();
      await tap.addKey(next, 77n);
      await alice.client.setEncryptionKey(next, 77n);
    },
  ];
  for (const step of steps) {
    const before = (await tap.report()).frames;
    await step();
    await until('frames', 1000, async () => (await tap.report()).frames > before + 20);
  }
  const wire = await tap.report();
  isSealed(wire);
  isProtected(alice);
  return `${wire.frames} frames, 0 plain, no CTR twice`;
}
