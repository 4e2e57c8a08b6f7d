// @ts-check
// The other end of the wire: sees what a relay would see, and checks it with the keys that it was told. A frame that
// does not open under them counts as plain. Nothing is ever passed on to a decoder. Only codecs whose clear bytes are
// few and fixed can be tapped; that rule is written here again, apart from the package's.

import { decodeHeader, SFrameDecryptor } from '../../../dist/index.js';

/** @typedef {{ kid: string, ctr: string, tag: string }} Sighting */

/** Clear bytes in front: VP8 packetizers read 10 bytes of key frames, and 1 of others. @param {string} codec @param {Uint8Array} data */
function clearLen(codec, data) {
  if (codec !== 'VP8') return 0;
  return Math.min(data.length, ((data[0] ?? 1) & 1) === 0 ? 10 : 1);
}

/** @type {SFrameDecryptor | undefined} */
let decryptor;
let frames = 0;
let plain = 0;
/** Tag by KID and CTR. The first frames of a call come two to five times: the same tag is no second use of a nonce. */
const tags = new Map();
/** @type {string[]} */
const reused = [];
/** What was plain. @type {string[]} */
let examples = [];

/** @param {string} codec @param {Uint8Array} data */
function look(codec, data) {
  frames++;
  const len = clearLen(codec, data);
  const ciphertext = data.slice(len);
  try {
    if (decryptor === undefined) throw new Error('no key');
    decryptor.decrypt(ciphertext, data.slice(0, len));
    const { kid, ctr } = decodeHeader(ciphertext);
    const tag = [...ciphertext.slice(-16)].map((byte) => byte.toString(16).padStart(2, '0')).join('');
    const name = `${kid}:${ctr}`;
    if ((tags.get(name) ?? tag) !== tag) reused.push(name);
    tags.set(name, tag);
  } catch (error) {
    plain++;
    const { code, kid } = /** @type {{ code?: string, kid?: bigint }} */ (error);
    if (examples.length < 5) examples.push(`${codec}, ${data.length} bytes: ${code ?? error} ${kid ?? ''}`);
  }
}

/** @param {any} source @param {string} codec */
async function drain({ readable }, codec) {
  const reader = readable.getReader();
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    look(codec, new Uint8Array(value.data));
  }
}

const scope = /** @type {any} */ (globalThis);
scope.onrtctransform = (/** @type {any} */ { transformer }) => drain(transformer, transformer.options.codec);
scope.onmessage = (/** @type {any} */ { data }) => {
  if (data.keys) {
    decryptor = new SFrameDecryptor({ cipherSuite: data.cipherSuite, replayWindow: 0 });
    for (const [baseKey, kid] of data.keys) decryptor.addDecryptionKey(baseKey, kid);
  }
  scope.postMessage({ frames, plain, examples, reused, tags: [...tags] });
  if (data.reset) {
    frames = 0;
    plain = 0;
    examples = [];
  }
};
