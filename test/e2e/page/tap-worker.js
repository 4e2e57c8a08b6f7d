// @ts-check
// The other end of the wire. Nothing is ever passed on to a decoder.

import { Ledger } from './wire.js';

const ledger = new Ledger();

/** @param {any} source @param {string} codec */
async function drain({ readable }, codec) {
  const reader = readable.getReader();
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    ledger.look(codec, new Uint8Array(value.data));
  }
}

const scope = /** @type {any} */ (globalThis);
scope.onrtctransform = (/** @type {any} */ { transformer }) => drain(transformer, transformer.options.codec);
scope.onmessage = (/** @type {any} */ { data }) => {
  if (data.keys) ledger.setKeys(data.cipherSuite, data.keys);
  scope.postMessage(ledger.report());
  if (data.reset) ledger.reset();
};
