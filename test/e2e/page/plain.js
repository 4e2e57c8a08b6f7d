// @ts-check
// What a sender's encoders made, looked for in what a server got.

import { Person } from './client.js';

/** How long a piece of a frame is that is looked for: no such piece is anywhere by chance. */
const PIECE_LEN = 16;
/** Frames of fewer bytes have nothing of their own in the middle: silence. */
const MIN_LEN = 64;

/** @typedef {{ kind: string, data: Uint8Array }} PlainFrame */

/** A sender whose frames are known. */
export class Watched extends Person {
  /** @param {string} name @param {Record<string, unknown>} [options] */
  constructor(name, options = {}) {
    /** @type {Worker[]} */
    const workers = [];
    const makeWorker = () => {
      const worker = new Worker('/test/e2e/page/plain-worker.js', { type: 'module' });
      workers.push(worker);
      return worker;
    };
    super(name, { ...options, worker: makeWorker });
    this.workers = workers;
  }

  /** The first frames that the worker took in. @returns {Promise<PlainFrame[]>} */
  plaintext() {
    const worker = this.workers.at(-1);
    return new Promise((resolve) => {
      worker?.addEventListener('message', ({ data }) => {
        if (data.plain) resolve(data.plain);
      });
      worker?.postMessage('plain');
    });
  }
}

/** As text of a character a byte, which can be searched. @param {Uint8Array} bytes */
function textOf(bytes) {
  return new TextDecoder('latin1').decode(bytes);
}

/**
 * How many of these frames have a piece from their middle in the bytes.
 * @param {Uint8Array} bytes
 * @param {PlainFrame[]} frames
 */
export function findPlain(bytes, frames) {
  const text = textOf(bytes);
  const pieces = frames
    .filter(({ data }) => data.length >= MIN_LEN)
    .map(({ data }) => data.slice(data.length >> 1, (data.length >> 1) + PIECE_LEN))
    .filter((piece) => new Set(piece).size > PIECE_LEN / 2);
  return { looked: pieces.length, found: pieces.filter((piece) => text.includes(textOf(piece))).length };
}
