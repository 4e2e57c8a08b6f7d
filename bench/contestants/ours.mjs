// sframe-wasm, in each of the ways that its users may call it.

import { SFrameDecryptor, SFrameEncryptor, SFrameError } from '../../dist/index.js';
import { baseKey, kid, suiteNames } from '../sframe.mjs';

/** @typedef {import('./index.mjs').Contestant} Contestant */

/** Opening the same frame again and again needs the replay window off; the room has it on. */
const replayWindow = 0;

/** @param {number} suite @param {'auto' | 'wasm' | 'webcrypto'} engine */
function contexts(suite, engine) {
  const cipherSuite = /** @type {import('../sframe.mjs').CipherSuite} */ (suiteNames[suite]);
  const encryptor = new SFrameEncryptor({ cipherSuite, engine });
  const decryptor = new SFrameDecryptor({ cipherSuite, engine, replayWindow });
  encryptor.setEncryptionKey(baseKey, kid);
  decryptor.addDecryptionKey(baseKey, kid);
  const close = () => {
    encryptor.destroy();
    decryptor.destroy();
  };
  return { encryptor, decryptor, close };
}

/** @param {number} suite @returns {Contestant} */
function fresh(suite) {
  const { encryptor, decryptor, close } = contexts(suite, 'auto');
  return {
    id: 'ours',
    name: 'sframe-wasm',
    seal: (plaintext) => encryptor.encrypt(plaintext),
    open: (frame) => decryptor.decrypt(frame),
    close,
  };
}

/** @param {number} suite @param {number} maxLen @returns {Contestant} */
function into(suite, maxLen) {
  const { encryptor, decryptor, close } = contexts(suite, 'auto');
  const target = new Uint8Array(maxLen + 64);
  return {
    id: 'into',
    name: 'sframe-wasm, …Into',
    target,
    seal: (plaintext) => encryptor.encryptInto(target, plaintext),
    open: (frame) => decryptor.decryptInto(target, frame),
    close,
  };
}

/** @param {number} suite @param {'auto' | 'wasm' | 'webcrypto'} engine @param {number} lanes @returns {Contestant[]} */
function async(suite, engine, lanes) {
  let made;
  try {
    made = contexts(suite, engine);
  } catch (error) {
    if (error instanceof SFrameError && error.code === 'engine-unavailable') return [];
    throw error;
  }
  const { encryptor, decryptor, close } = made;
  const flight = lanes === 1 ? '' : ` ×${lanes}`;
  return [
    {
      id: lanes === 1 ? engine : `${engine}-${lanes}`,
      name: `sframe-wasm, …Async ${engine}${flight}`,
      lanes,
      seal: (plaintext) => encryptor.encryptAsync(plaintext),
      open: (frame) => decryptor.decryptAsync(frame),
      close,
    },
  ];
}

/** All ways. @param {number} suite @param {number} maxLen longest plaintext */
export function ours(suite, maxLen) {
  return [
    fresh(suite),
    into(suite, maxLen),
    ...async(suite, 'auto', 1),
    ...async(suite, 'auto', 32),
    ...async(suite, 'wasm', 1),
    ...async(suite, 'webcrypto', 1),
  ];
}

/** Without the asynchronous ones, which the comparisons are for. @param {number} suite @param {number} maxLen */
export function oursOnly(suite, maxLen) {
  return [fresh(suite), into(suite, maxLen)];
}
