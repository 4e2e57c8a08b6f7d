// @ts-check
// The worker as it is, in a browser that is asked which layers of SVC its encoder makes.

import '../../../dist/worker.js';

/** Those of the frames that were encrypted, as S0T0. @type {Set<string>} */
const layers = new Set();

const { prototype } = /** @type {any} */ (globalThis).RTCEncodedVideoFrame;
const { getMetadata } = prototype;
prototype.getMetadata = function () {
  const metadata = getMetadata.call(this);
  const { spatialIndex = 0, temporalIndex = 0, mimeType } = metadata;
  if (mimeType?.startsWith('video/')) layers.add(`S${spatialIndex}T${temporalIndex}`);
  return metadata;
};

addEventListener('message', ({ data }) => {
  if (data !== 'layers') return;
  globalThis.postMessage({ layers: [...layers] });
  layers.clear();
});
