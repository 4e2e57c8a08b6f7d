// @ts-check
// What a relay sees of a call, checked with the keys that it was told: which frames open under them, and which counters
// came. A frame that none of them opens counts as plain. Where the clear bytes of a frame end is written here again, apart
// from the package's code, and as plainly as can be.

import { decodeHeader, SFrameDecryptor } from '../../../dist/index.js';

/**
 * @typedef {object} Parts
 * @property {Uint8Array} clear what is authenticated beside the ciphertext
 * @property {Uint8Array} ciphertext
 */

/** The first `len` bytes are clear. @param {Uint8Array} data @param {number} len @returns {Parts} */
function cut(data, len) {
  return { clear: data.slice(0, len), ciphertext: data.slice(len) };
}

/** Key frames have 10 clear bytes, others 1. Bit 0 of the first says which: 0 is key. @param {Uint8Array} data */
function partsOfVp8(data) {
  return cut(data, ((data[0] ?? 1) & 1) === 0 ? 10 : 1);
}

/**
 * From `from` to the 80 that ends it, without the 03s that stand behind two zeros.
 * @param {Uint8Array} data @param {number} from @param {number} before how many zeros stand in front of it
 */
function unescaped(data, from, before) {
  if (data.at(-1) !== 0x80) return;
  const bytes = [];
  let zeros = before;
  for (const byte of data.slice(from, -1)) {
    const isExtra = zeros >= 2 && byte === 3;
    if (!isExtra) bytes.push(byte);
    zeros = byte === 0 ? zeros + 1 : 0;
  }
  return Uint8Array.from(bytes);
}

/**
 * Clear are all NAL units in front of the first slice (types 1 to 5), its header, and the byte behind that. Start codes
 * are authenticated with four bytes, however many came.
 * @param {Uint8Array} data
 * @returns {Parts | undefined}
 */
function partsOfH264(data) {
  const clear = [];
  let zeros = 0;
  for (let i = 0; i < data.length; i++) {
    const byte = data[i] ?? 0;
    if (byte === 0) {
      zeros++;
      continue;
    }
    if (byte !== 1 || zeros < 2) {
      for (; zeros > 0; zeros--) clear.push(0);
      clear.push(byte);
      continue;
    }
    clear.push(0, 0, 0, 1);
    zeros = 0;
    const [header = 0, first = 0] = data.slice(i + 1, i + 3);
    const type = header & 0x1f;
    if (type < 1 || type > 5) continue;
    clear.push(header, first);
    const ciphertext = unescaped(data, i + 3, first === 0 ? 1 : 0);
    return ciphertext && { clear: Uint8Array.from(clear), ciphertext };
  }
  return;
}

/** @param {number} value */
function leb128(value) {
  const bytes = [];
  for (let rest = value; bytes.length === 0 || rest > 0; rest >>= 7) bytes.push((rest & 0x7f) | 0x80);
  const last = bytes.pop() ?? 0;
  return [...bytes, last & 0x7f];
}

/**
 * Delimiters (type 2) are nobody's; a sequence header (1) is clear, with its length; an OBU_FRAME (6) ends it all, and
 * what is in that is ciphertext.
 * @param {Uint8Array} data
 * @returns {Parts | undefined}
 */
function partsOfAv1(data) {
  let clear = new Uint8Array(0);
  for (let at = 0; at < data.length; ) {
    const header = data[at] ?? 0;
    const head = [header | 2, ...data.slice(at + 1, at + ((header & 4) === 0 ? 1 : 2))];
    at += head.length;
    let len = data.length - at;
    if ((header & 2) !== 0) {
      len = 0;
      for (let shift = 0; ; shift += 7) {
        const byte = data[at++] ?? 0;
        len += (byte & 0x7f) << shift;
        if (byte < 0x80) break;
      }
    }
    const payload = data.slice(at, at + len);
    at += len;
    const type = (header >> 3) & 15;
    if (type === 6) return at === data.length ? { clear, ciphertext: payload } : undefined;
    if (type === 1) clear = Uint8Array.from([...head, ...leb128(len), ...payload]);
    else if (type !== 2) return;
  }
  return;
}

/** @type {Record<string, (data: Uint8Array) => Parts | undefined>} */
const rules = {
  opus: (data) => cut(data, 0),
  VP8: partsOfVp8,
  VP9: (data) => cut(data, 0),
  H264: partsOfH264,
  AV1: partsOfAv1,
};

/** What of a frame is clear, and what is ciphertext; undefined if no sender makes it so. @param {string} codec @param {Uint8Array} data */
export function partsOf(codec, data) {
  return rules[codec]?.(data);
}

/**
 * @typedef {object} Plain a frame that does not open
 * @property {string} codec
 * @property {Uint8Array} data
 * @property {string} why
 */

/** Counts frames. */
export class Ledger {
  /** @type {SFrameDecryptor | undefined} */
  #decryptor;
  #frames = 0;
  /** @type {Plain[]} */
  #plain = [];
  /** Tag by KID and CTR. The first frames of a call come two to five times: the same tag is no second use of a nonce. @type {Map<string, string>} */
  #tags = new Map();
  /** @type {string[]} */
  #reused = [];

  /**
   * A sender may use its key before it is told here: what has come under that is looked at again.
   * @param {any} cipherSuite @param {[baseKey: Uint8Array, kid: bigint][]} keys
   */
  setKeys(cipherSuite, keys) {
    this.#decryptor = new SFrameDecryptor({ cipherSuite, replayWindow: 0 });
    for (const [baseKey, kid] of keys) this.#decryptor.addDecryptionKey(baseKey, kid);
    const plain = this.#plain.splice(0);
    for (const { codec, data } of plain) this.#open(codec, data);
  }

  /** One frame as it came. Padding comes as frames of no bytes in Firefox, which say nothing. @param {string} codec @param {Uint8Array} data */
  look(codec, data) {
    if (data.length === 0) return;
    this.#frames++;
    this.#open(codec, data);
  }

  /** @param {string} codec @param {Uint8Array} data */
  #open(codec, data) {
    try {
      if (this.#decryptor === undefined) throw new Error('no key');
      const parts = partsOf(codec, data);
      if (parts === undefined) throw new Error('of another form');
      const { clear, ciphertext } = parts;
      this.#decryptor.decrypt(ciphertext, clear);
      const { kid, ctr } = decodeHeader(ciphertext);
      const tag = [...ciphertext.slice(-16)].map((byte) => byte.toString(16).padStart(2, '0')).join('');
      const name = `${kid}:${ctr}`;
      if ((this.#tags.get(name) ?? tag) !== tag) this.#reused.push(name);
      this.#tags.set(name, tag);
    } catch (error) {
      const { code, kid } = /** @type {{ code?: string, kid?: bigint }} */ (error);
      this.#plain.push({ codec, data, why: `${code ?? error} ${kid ?? ''}` });
    }
  }

  report() {
    const examples = this.#plain
      .slice(0, 5)
      .map(({ codec, data, why }) => `${codec}, ${data.length} bytes: ${why}`);
    return {
      frames: this.#frames,
      plain: this.#plain.length,
      examples,
      reused: this.#reused,
      tags: [...this.#tags],
    };
  }

  /** Frames are counted from 0 again. Counters are not forgotten. */
  reset() {
    this.#frames = 0;
    this.#plain = [];
  }
}
