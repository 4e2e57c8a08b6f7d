// @ts-check
// A member who has somebody else's key, and sends under it.

import { SFrameEncryptor } from '../../../dist/index.js';

/** @type {SFrameEncryptor | undefined} */
let encryptor;

const scope = /** @type {any} */ (globalThis);

scope.onmessage = (/** @type {any} */ { data: { cipherSuite, baseKey, kid, ctr } }) => {
  encryptor = new SFrameEncryptor({ cipherSuite });
  encryptor.setEncryptionKey(baseKey, kid, { ctr });
};

scope.onrtctransform = (/** @type {any} */ { transformer: { readable, writable } }) => {
  const through = new TransformStream({
    transform(frame, controller) {
      if (encryptor === undefined) return;
      frame.data = encryptor.encrypt(new Uint8Array(frame.data)).buffer;
      controller.enqueue(frame);
    },
  });
  readable.pipeThrough(through).pipeTo(writable);
};
