// @ts-check
// What a relay does with frames: it reads what comes of each layer, and puts the ciphertext of one of them into frames of
// a sender of its own, which thereby get other SSRCs, numbers and timestamps. It has no key but to check with.

import { Ledger } from './wire.js';

const ledger = new Ledger();

/** The layer that is passed on, and the one that is to be, from its next key frame. */
let current = -1;
let wanted = 0;
/** What is to be passed on. @type {Uint8Array<ArrayBuffer>[]} */
const queue = [];
/** Of each layer. @type {any[]} */
const transformers = [];
/** Layers that frames have come of. */
const seen = new Set();

function askForKeyFrame() {
  transformers[wanted]?.sendKeyFrameRequest().catch(() => {});
}

/** A layer from Alice; VP8, whose key frames have bit 0 of the first byte clear. @param {any} transformer @param {number} layer */
async function take(transformer, layer) {
  transformers[layer] = transformer;
  const reader = transformer.readable.getReader();
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    const data = new Uint8Array(value.data).slice();
    ledger.look('VP8', data);
    seen.add(layer);
    if (layer === wanted && ((data[0] ?? 1) & 1) === 0) current = layer;
    if (layer === current) queue.push(data);
  }
}

/** Frames of the relay's own, each of which leaves with another's bytes, or not at all. @param {any} transformer */
async function give({ readable, writable }) {
  const reader = readable.getReader();
  const writer = writable.getWriter();
  for (let isFirst = true; ; isFirst = false) {
    const { done, value } = await reader.read();
    if (done) return;
    // its encoder makes one because the subscriber asks for one
    if (value.type === 'key' && !isFirst) askForKeyFrame();
    const next = queue.shift();
    if (next === undefined) continue;
    value.data = next.buffer;
    await writer.write(value);
  }
}

const scope = /** @type {any} */ (globalThis);
scope.onrtctransform = (/** @type {any} */ { transformer }) => {
  const { layer } = transformer.options;
  return layer === undefined ? give(transformer) : take(transformer, layer);
};
scope.onmessage = (/** @type {any} */ { data }) => {
  if (data.keys) ledger.setKeys(data.cipherSuite, data.keys);
  if (data.layer !== undefined) {
    wanted = data.layer;
    askForKeyFrame();
  }
  scope.postMessage({ ...ledger.report(), layers: seen.size });
};
