// @ts-check
// Layers, as servers use them: of simulcast, among which one subscriber's relay switches; and of SVC, where they are to be
// had. In Firefox by a preference only: it knows no scalabilityMode.

import { Person, shareKey } from '../client.js';
import { watchGaps } from '../gaps.js';
import { Relay } from '../relay.js';
import { resumed, Scene } from '../scene.js';
import { simulcast, startLayers } from '../simulcast.js';
import { isSealed, Tap } from '../tap.js';
import { must, sleep, until } from '../wait.js';

/** @typedef {import('../scene.js').SceneOptions} Options */

const widths = [240, 480, 960];
/** How long a subscriber stays with a layer, in ms. */
const STAY_MS = 1000;

/** Bob gets another layer each second. What he sees must not stop. @param {Options} options */
export async function layerSwitching(options) {
  const alice = new Person('alice', options.client);
  const bob = new Person('bob', options.client);
  const relay = new Relay();
  const { baseKey, kid } = await shareKey(alice, [bob]);
  await relay.addKey(baseKey, kid);
  const uplink = new Scene(alice.client, relay, { ...options, ...simulcast, codec: 'VP8' });
  await startLayers(uplink);
  const downlink = await relay.subscribe(bob.client);
  const { source } = uplink;
  await downlink.plays(1000, { source });
  const { screen } = downlink;
  if (screen === undefined) throw new Error('no screen');
  // the bandwidth estimate starts low: the upper layers come when it has grown
  await until('all layers', 1000, async () => (await relay.report()).layers === widths.length);
  const longestGap = watchGaps(screen.video);
  const times = [];
  const gaps = [];
  for (const layer of [1, 2, 0, 2, 1, 0]) {
    longestGap();
    const from = performance.now();
    await relay.select(layer);
    await until(`layer ${layer}`, 1000, () => {
      const width = screen.read()?.width;
      return width === widths[layer] || `a picture of ${width}`;
    });
    await downlink.plays(1000, { source, isFirst: true });
    const ms = Math.round(performance.now() - from);
    await sleep(Math.max(0, STAY_MS - ms));
    times.push(ms);
    gaps.push(longestGap());
  }
  resumed.push(...gaps);
  const wire = await relay.report();
  isSealed(wire);
  must(alice.eventsOf('unprotected').length === 0, 'unprotected was raised');
  const failures = bob.eventsOf('status').filter(({ reason }) => reason !== 'recovered');
  must(failures.length === 0, `bob was told of ${failures.map(({ reason }) => reason)}`);
  return `switched after ${times.join(', ')} ms, no picture for ${gaps.join(', ')} ms at most; ${wire.frames} frames, 0 plain`;
}

/** Alice, and what her encoder makes. @param {Options} options */
function layeredSender({ client }) {
  /** @type {Worker | undefined} */
  let worker;
  const make = () => {
    worker = new Worker(new URL('../layers-worker.js', import.meta.url), { type: 'module' });
    return worker;
  };
  const person = new Person('alice', { ...client, worker: make });
  /** Layers of the frames since it was asked last. @returns {Promise<string[]>} */
  const layers = () =>
    new Promise((resolve) => {
      worker?.addEventListener('message', ({ data }) => {
        if (data.layers) resolve(data.layers);
      });
      worker?.postMessage('layers');
    });
  return { person, layers };
}

/** Three spatial layers, one, and three again, to Bob and to a tap. @param {Options} options */
export async function svcLayers(options) {
  const { person: alice, layers } = layeredSender(options);
  const bob = new Person('bob', options.client);
  const tap = new Tap('VP9');
  const { baseKey, kid } = await shareKey(alice, [bob]);
  await tap.addKey(baseKey, kid);
  const { size } = simulcast;
  const sendEncodings = /** @type {RTCRtpEncodingParameters[]} */ ([
    /** @type {unknown} */ ({ scalabilityMode: 'L3T1' }),
  ]);
  const scene = await new Scene(alice.client, bob.client, {
    ...options,
    codec: 'VP9',
    size,
    sendEncodings,
  }).start();
  await scene.plays();
  const tapped = await new Scene(alice.client, tap, {
    ...options,
    codec: 'VP9',
    size,
    sendEncodings,
  }).start();
  /** @param {number} scaleResolutionDownBy */
  const scale = async (scaleResolutionDownBy) => {
    for (const { call } of [scene, tapped]) {
      for (const sender of call.left.getSenders()) {
        if (sender.track?.kind !== 'video') continue;
        const parameters = sender.getParameters();
        for (const encoding of parameters.encodings) Object.assign(encoding, { scaleResolutionDownBy });
        await sender.setParameters(parameters);
      }
    }
  };
  const seen = [];
  const times = [];
  for (const factor of [1, 4, 1]) {
    await scale(factor);
    await sleep(500);
    await layers();
    times.push((await scene.plays()).ms);
    await sleep(500);
    seen.push((await layers()).length);
  }
  must(seen.join() === '3,1,3', `layers: ${seen}`);
  const wire = await tap.report();
  isSealed(wire);
  return `layers ${seen.join(', ')}, after ${times.join(', ')} ms; ${wire.frames} frames, 0 plain`;
}

/** A browser without scalabilityMode is asked for layers: it sends none, and what it sends is encrypted. @param {Options} options */
export async function svcIgnored(options) {
  const { person: alice, layers } = layeredSender(options);
  const bob = new Person('bob', options.client);
  await shareKey(alice, [bob]);
  const sendEncodings = /** @type {RTCRtpEncodingParameters[]} */ ([
    /** @type {unknown} */ ({ scalabilityMode: 'L3T3_KEY' }),
  ]);
  const scene = await new Scene(alice.client, bob.client, { ...options, sendEncodings }).start();
  const { ms } = await scene.plays();
  const [encoding] = scene.sender('video').getParameters().encodings;
  must(encoding && !('scalabilityMode' in encoding), 'scalabilityMode is known here: test it');
  const made = await layers();
  must(made.join() === 'S0T0', `layers ${made}`);
  return `scalabilityMode is not known: one layer, encrypted, after ${ms} ms; ${await scene.readsPictures()}`;
}
