// @ts-check
// The worker as it is, in a browser that keeps what frames were before they were encrypted.

import '../../../dist/worker.js';

/** In the order in which they were read first. @type {Record<'audio' | 'video', Uint8Array[]>} */
const plain = { audio: [], video: [] };
/** @type {WeakSet<object>} */
const seen = new WeakSet();

/** @param {string} name of a class of frames @param {Uint8Array[]} list */
function keep(name, list) {
  const { prototype } = /** @type {any} */ (globalThis)[name];
  const { get, set } = /** @type {PropertyDescriptor} */ (Object.getOwnPropertyDescriptor(prototype, 'data'));
  Object.defineProperty(prototype, 'data', {
    get() {
      const data = get?.call(this);
      if (!seen.has(this)) list.push(new Uint8Array(data).slice());
      seen.add(this);
      return data;
    },
    set(data) {
      seen.add(this);
      set?.call(this, data);
    },
    configurable: true,
  });
}

keep('RTCEncodedAudioFrame', plain.audio);
keep('RTCEncodedVideoFrame', plain.video);

addEventListener('message', ({ data }) => {
  if (data === 'plain') globalThis.postMessage({ plain });
});
