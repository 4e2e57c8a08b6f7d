// @ts-check
// A participant who receives: a decryptor, and a tally of what it opened and of why it refused the rest.

import { SFrameDecryptor, SFrameError } from 'sframe-wasm';

/** @import { CipherSuite } from 'sframe-wasm' */

export class Receiver {
  opened = 0;
  /** @type {Record<string, number>} */
  refused = {};
  /** How long each opened frame took, in µs. @type {number[]} */
  times = [];

  /**
   * @param {string} name
   * @param {string} story
   * @param {CipherSuite} cipherSuite
   */
  constructor(name, story, cipherSuite) {
    this.name = name;
    this.story = story;
    this.decryptor = new SFrameDecryptor({ cipherSuite });
  }

  /**
   * Opens one ciphertext: the frame, or the code of the SFrameError it was refused with.
   *
   * @param {Uint8Array} ciphertext
   * @param {Uint8Array} metadata
   * @returns {Uint8Array | string}
   */
  receive(ciphertext, metadata) {
    try {
      const start = performance.now();
      const frame = this.decryptor.decrypt(ciphertext, metadata);
      this.times.push((performance.now() - start) * 1000);
      this.opened++;
      return frame;
    } catch (error) {
      if (!(error instanceof SFrameError)) throw error;
      this.refused[error.code] = (this.refused[error.code] ?? 0) + 1;
      return error.code;
    }
  }
}
