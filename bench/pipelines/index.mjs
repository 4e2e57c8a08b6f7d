// Whole pipelines: encoded frames come out of one stream and go into another. Frame objects are plain ones with what
// RTCEncodedVideoFrame has and these programs read.

import { liveKit } from './livekit.mjs';
import { ours } from './ours.mjs';

/**
 * @typedef {{ data: ArrayBuffer, timestamp: number, type: 'key' | 'delta', getMetadata: () => object }} Frame
 * @typedef {(readable: ReadableStream<Frame>, writable: WritableStream<Frame>) => Promise<(() => void) | void>} Connect
 * connects the two until the readable closes; what it returns is called before that
 * @typedef {object} Pipeline
 * @property {string} id
 * @property {string} name
 * @property {Connect} encode
 * @property {Connect} decode
 */

/** What the streams cost by themselves. @type {Pipeline} */
const identity = {
  id: 'identity',
  name: 'identity transform',
  async encode(readable, writable) {
    readable.pipeThrough(new TransformStream()).pipeTo(writable);
  },
  async decode(readable, writable) {
    readable.pipeThrough(new TransformStream()).pipeTo(writable);
  },
};

/** @returns {Promise<Pipeline[]>} */
export async function pipelines() {
  return [...ours(), await liveKit(), identity];
}
