// @ts-check
// A receiver that is not the package's: counts what comes over the wire, by whether it opens under the sender's keys.

import { cipherSuite } from './client.js';
import { must } from './wait.js';

/**
 * @typedef {object} Wire
 * @property {number} frames
 * @property {number} plain those that did not open
 * @property {string[]} examples what some of those were
 * @property {string[]} reused KID:CTR that came with two ciphertexts
 * @property {[name: string, tag: string][]} tags by KID:CTR
 * @property {number} [layers] of a relay: how many have come
 */

function makeWorker() {
  return new Worker(new URL('./tap-worker.js', import.meta.url), { type: 'module' });
}

export class Tap {
  /** @param {string} codec of all video @param {Worker} [worker] that answers as tap-worker.js does */
  constructor(codec, worker = makeWorker()) {
    this.codec = codec;
    this.worker = worker;
    /** @type {[Uint8Array, bigint][]} */
    this.keys = [];
    /** The last answer that is waited for: a worker answers one question after the other. @type {Promise<unknown>} */
    this.asked = Promise.resolve();
  }

  /** @param {RTCConfiguration} configuration */
  configure(configuration) {
    return { ...configuration, encodedInsertableStreams: true };
  }

  /** In the place of a client's. @param {RTCRtpTransceiver} transceiver */
  decrypt({ receiver }) {
    const codec = receiver.track.kind === 'video' ? this.codec : 'opus';
    receiver.transform = new RTCRtpScriptTransform(this.worker, { codec });
  }

  /** @param {object} message @returns {Promise<Wire>} */
  ask(message) {
    const answer = this.asked.then(
      () =>
        new Promise((resolve, reject) => {
          this.worker.onmessage = ({ data }) => resolve(data);
          this.worker.onerror = ({ message: text }) => reject(new Error(`tap: ${text}`));
          this.worker.postMessage(message);
        }),
    );
    this.asked = answer.catch(() => {});
    return answer;
  }

  /** @param {Uint8Array} baseKey @param {bigint} kid */
  addKey(baseKey, kid) {
    this.keys.push([baseKey, kid]);
    return this.ask({ cipherSuite, keys: this.keys });
  }

  /** What was seen since the last time with `reset`. @param {{ reset?: boolean }} [options] */
  report({ reset = false } = {}) {
    return this.ask({ reset });
  }

  close() {
    this.worker.terminate();
  }
}

/** Nothing was seen that did not open, and no nonce twice. @param {Wire} wire */
export function isSealed({ frames, plain, examples, reused }) {
  must(plain === 0, `${plain} of ${frames} frames are plain: ${examples.join('; ')}`);
  must(reused.length === 0, `reused: ${reused.slice(0, 5)}`);
}
