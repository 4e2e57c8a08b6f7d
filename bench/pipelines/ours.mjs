// Our whole pipeline: a TransformStream around an encryptor or a decryptor, as a page puts it between encoder and
// packetizer. Small frames never wait; a large one may go to WebCrypto, so it is awaited.

import { SFrameDecryptor, SFrameEncryptor } from '../../dist/index.js';
import { baseKey, kid, suiteNames } from '../sframe.mjs';

/** @typedef {import('./index.mjs').Frame} Frame */
/** @typedef {import('./index.mjs').Pipeline} Pipeline */

const cipherSuite = /** @type {import('../sframe.mjs').CipherSuite} */ (suiteNames[4]);

/** @returns {Pipeline[]} */
export function ours() {
  return [
    pipeline('ours', 'sframe-wasm, sync to 4 KB', 4096),
    pipeline('sync', 'sframe-wasm, sync', Number.POSITIVE_INFINITY),
    pipeline('auto', 'sframe-wasm, …Async auto', 0),
  ];
}

/** @param {string} id @param {string} name @param {number} syncTo longest frame that is not awaited @returns {Pipeline} */
function pipeline(id, name, syncTo) {
  return {
    id,
    name,
    async encode(readable, writable) {
      const encryptor = new SFrameEncryptor({ cipherSuite });
      encryptor.setEncryptionKey(baseKey, kid);
      const run = (/** @type {Uint8Array<ArrayBuffer>} */ data) =>
        data.length <= syncTo ? encryptor.encrypt(data) : encryptor.encryptAsync(data);
      connect(readable, writable, run, () => encryptor.destroy());
    },
    async decode(readable, writable) {
      const decryptor = new SFrameDecryptor({ cipherSuite });
      decryptor.addDecryptionKey(baseKey, kid);
      const run = (/** @type {Uint8Array<ArrayBuffer>} */ data) =>
        data.length <= syncTo ? decryptor.decrypt(data) : decryptor.decryptAsync(data);
      connect(readable, writable, run, () => decryptor.destroy());
    },
  };
}

/**
 * @param {ReadableStream<Frame>} readable @param {WritableStream<Frame>} writable
 * @param {(data: Uint8Array<ArrayBuffer>) => Uint8Array<ArrayBuffer> | Promise<Uint8Array<ArrayBuffer>>} run
 * @param {() => void} close
 */
function connect(readable, writable, run, close) {
  /** @type {Transformer<Frame, Frame>} */
  const transformer = {
    transform(frame, controller) {
      const put = (/** @type {Uint8Array<ArrayBuffer>} */ { buffer }) => {
        frame.data = buffer;
        controller.enqueue(frame);
      };
      const result = run(new Uint8Array(frame.data));
      return result instanceof Promise ? result.then(put) : put(result);
    },
  };
  readable.pipeThrough(new TransformStream(transformer)).pipeTo(writable).finally(close);
}
