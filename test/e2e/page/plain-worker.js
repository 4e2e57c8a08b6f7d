// @ts-check
// The worker as it is, in a browser that keeps what its encoders made: the plaintext of what a sender sends.

import '../../../dist/worker.js';

/** How many frames are kept, the first ones. */
const MAX_FRAMES = 4000;

/** @type {{ kind: string, data: Uint8Array }[]} */
const frames = [];
const known = new WeakSet();

/** @param {string} name of a class of frames @param {string} kind */
function watch(name, kind) {
  const { prototype } = /** @type {any} */ (globalThis)[name];
  const { get, set } = Object.getOwnPropertyDescriptor(prototype, 'data') ?? {};
  if (get === undefined || set === undefined) throw new Error(`no data in ${name}`);
  Object.defineProperty(prototype, 'data', {
    set,
    get() {
      const data = get.call(this);
      // asked for again it may be ciphertext
      if (!known.has(this) && frames.length < MAX_FRAMES) {
        known.add(this);
        frames.push({ kind, data: new Uint8Array(data).slice() });
      }
      return data;
    },
  });
}

watch('RTCEncodedVideoFrame', 'video');
watch('RTCEncodedAudioFrame', 'audio');

addEventListener('message', ({ data }) => {
  if (data === 'plain') globalThis.postMessage({ plain: frames });
});
