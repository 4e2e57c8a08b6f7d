// Sender keys (RFC 9605 §5.1): what a step costs on both sides, and what forged KIDs cost a receiver. Forged frames are
// refused by code, as streams have it: a caller of decrypt pays for an exception besides.

import { encodeHeader, RatchetDecryptor, RatchetEncryptor, SFrameDecryptor } from '../../dist/index.js';
import { baseKey, suiteNames } from '../sframe.mjs';
import { race } from '../timing.mjs';

/** @typedef {Uint8Array<ArrayBuffer>} Bytes */
/** @typedef {'auto' | 'wasm'} Engine */

const cipherSuite = /** @type {import('../sframe.mjs').CipherSuite} */ (suiteNames[4]);
const ratchetBits = 16;
const maxForward = 16;
/** As many frames, each of the next step, until a receiver starts again. */
const STEPS = 2048;
const SIZE = 160;

/** @param {{ effort: import('../timing.mjs').Effort }} plan */
export async function ratchet({ effort }) {
  return [
    { what: 'a ratchet step, AES-128-GCM', rows: await race(steps(), effort) },
    { what: `a received frame of ${SIZE} bytes, AES-128-GCM`, rows: await race(flood(), effort) },
  ];
}

/** @param {Engine} engine */
function sender(engine) {
  const encryptor = new RatchetEncryptor({ cipherSuite, ratchetBits, engine });
  encryptor.setEncryptionKey(baseKey);
  return encryptor;
}

/** No replay window: one frame is opened often. @param {Engine} engine */
function receiver(engine) {
  const decryptor = new RatchetDecryptor({ cipherSuite, ratchetBits, engine, maxForward, replayWindow: 0 });
  decryptor.addDecryptionKey(baseKey, 0);
  return decryptor;
}

function steps() {
  const encryptor = sender('wasm');
  /** @type {Bytes[]} */
  const frames = [];
  for (let step = 0; step < STEPS; step++) {
    frames.push(encryptor.encrypt(new Uint8Array(SIZE)));
    encryptor.ratchet();
  }
  const turns = (/** @type {Engine} */ engine) => {
    const own = sender(engine);
    return () => own.ratchet();
  };
  const follows = (/** @type {Engine} */ engine) => {
    const decryptor = receiver(engine);
    let step = 0;
    return () => {
      if (step === STEPS) {
        decryptor.removeGeneration(0);
        decryptor.addDecryptionKey(baseKey, 0);
        step = 0;
      }
      decryptor.decrypt(/** @type {Bytes} */ (frames[step++]));
    };
  };
  return [
    { id: 'ratchet', name: 'ratchet(), engine wasm', once: turns('wasm') },
    { id: 'ratchet-auto', name: 'ratchet(), engine auto', once: turns('auto') },
    { id: 'follow', name: 'followed by a frame, wasm', once: follows('wasm') },
    { id: 'follow-auto', name: 'followed by a frame, auto', once: follows('auto') },
  ];
}

function flood() {
  const genuine = sender('wasm').encrypt(new Uint8Array(SIZE));
  const plain = new SFrameDecryptor({ cipherSuite, replayWindow: 0 });
  plain.addDecryptionKey(baseKey, 0);
  const decryptor = receiver('auto');
  decryptor.decrypt(genuine);
  const forged = (/** @type {number} */ kid) => {
    const header = encodeHeader(kid, 0);
    const frame = new Uint8Array(header.length + genuine.length - 1);
    frame.set(header);
    frame.set(genuine.subarray(1), header.length);
    frame[frame.length - 1] = ~(/** @type {number} */ (frame[frame.length - 1]));
    return frame;
  };
  const ahead = Array.from({ length: maxForward }, (_, i) => forged(i + 1));
  const [now, beyond, elsewhere] = [0, maxForward + 1, 2 ** ratchetBits].map(forged);
  const refuse = (/** @type {Bytes} */ frame) => {
    if (typeof decryptor.tryDecrypt(frame) !== 'string') throw new Error('a forged frame was opened');
  };
  let turn = 0;
  const next = () => /** @type {Bytes} */ (ahead[turn++ % maxForward]);
  return [
    { id: 'genuine', name: 'genuine', once: () => decryptor.decrypt(genuine) },
    { id: 'plain', name: 'genuine, SFrameDecryptor', once: () => plain.decrypt(genuine) },
    {
      id: 'flooded',
      name: 'genuine, and a forged step ahead',
      once() {
        refuse(next());
        decryptor.decrypt(genuine);
      },
    },
    { id: 'ahead', name: 'forged, a step ahead', once: () => refuse(next()) },
    { id: 'now', name: 'forged, the current step', once: () => refuse(/** @type {Bytes} */ (now)) },
    { id: 'beyond', name: 'forged, beyond the limit', once: () => refuse(/** @type {Bytes} */ (beyond)) },
    { id: 'elsewhere', name: 'forged generation', once: () => refuse(/** @type {Bytes} */ (elsewhere)) },
  ];
}
