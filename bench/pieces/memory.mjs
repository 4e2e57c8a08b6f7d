// What a key takes, and that what is taken comes back. In Node, with the collector at hand.

import { SFrameDecryptor } from '../../dist/index.js';
import { suiteNames } from '../sframe.mjs';
import { wasmBytes } from '../wasm-memory.mjs';

const cipherSuite = /** @type {import('../sframe.mjs').CipherSuite} */ (suiteNames[4]);
const baseKey = new Uint8Array(16).fill(3);

/**
 * Bytes taken by so many keys, in one decryptor or in as many.
 * @param {{ count: number, decryptors: 'one' | 'many', engine: 'auto' | 'wasm' }} plan
 */
export async function memory({ count, decryptors, engine }) {
  const make = () => new SFrameDecryptor({ cipherSuite, engine });
  const first = make();
  add(first, 8); // what comes with the first key
  const before = await now();
  /** @type {SFrameDecryptor[]} */
  const kept = [];
  if (decryptors === 'one') kept.push(add(make(), count));
  else for (let n = 0; n < count; n++) kept.push(add(make(), 1));
  const after = await now();
  for (const decryptor of kept) decryptor.destroy();
  first.destroy();
  const per = (/** @type {keyof typeof after} */ what) => Math.round((after[what] - before[what]) / count);
  return { count, decryptors, engine, wasm: per('wasm'), heap: per('heap'), rss: per('rss') };
}

/** A thousand keys come and go: memory after each time. @param {{ cycles: number }} plan */
export async function churn({ cycles }) {
  const decryptor = new SFrameDecryptor({ cipherSuite });
  const seen = [];
  for (let cycle = 0; cycle < cycles; cycle++) {
    add(decryptor, 1000);
    for (let kid = 0; kid < 1000; kid++) decryptor.removeDecryptionKey(kid);
    seen.push(await now());
  }
  decryptor.destroy();
  return seen;
}

/** @param {SFrameDecryptor} decryptor @param {number} count */
function add(decryptor, count) {
  for (let kid = 0; kid < count; kid++) decryptor.addDecryptionKey(baseKey, kid);
  return decryptor;
}

/** Bytes, once nothing is under way. */
async function now() {
  await new Promise((resolve) => setTimeout(resolve, 50));
  globalThis.gc?.();
  const { heapUsed, rss } = process.memoryUsage();
  return { wasm: wasmBytes(), heap: heapUsed, rss };
}
