// What a key costs to set up, and a header to read.

import { decodeHeader, encodeHeader, SFrameDecryptor } from '../../dist/index.js';
import { MedoozeHeader } from '../packages.mjs';
import { baseKey, deriveKeySalt, labelFor, readHeader, suiteNames } from '../sframe.mjs';
import { race } from '../timing.mjs';

/** @param {{ effort: import('../timing.mjs').Effort }} plan */
export async function keys({ effort }) {
  return [
    { what: 'key set-up, AES-128-GCM', rows: await race(await setUps(), effort) },
    { what: 'header decode', rows: await race(headers(), effort) },
  ];
}

/** From base_key and KID to a key that can open frames; ours is also removed again, and 'auto' starts WebCrypto's. */
async function setUps() {
  const cipherSuite = /** @type {import('../sframe.mjs').CipherSuite} */ (suiteNames[4]);
  let kid = 0;
  const ours = (/** @type {'auto' | 'wasm'} */ engine) => {
    const decryptor = new SFrameDecryptor({ cipherSuite, engine });
    return () => {
      decryptor.addDecryptionKey(baseKey, ++kid);
      decryptor.removeDecryptionKey(kid);
    };
  };
  const tasks = [
    { id: 'ours', name: 'sframe-wasm, engine wasm', once: ours('wasm') },
    { id: 'auto', name: 'sframe-wasm, engine auto', once: ours('auto') },
    {
      id: 'subtle',
      name: 'WebCrypto HKDF, import',
      async once() {
        const { key } = await deriveKeySalt(4, ++kid);
        await crypto.subtle.importKey('raw', key, 'AES-GCM', false, ['decrypt']);
      },
    },
  ];
  if (globalThis.process?.versions?.node !== undefined) {
    const { hkdfSync } = await import('node:crypto');
    tasks.push({
      id: 'node',
      name: 'node:crypto hkdfSync',
      once() {
        kid++;
        hkdfSync('sha256', baseKey, '', labelFor('SFrame 1.0 Secret key ', 4, kid), 16);
        hkdfSync('sha256', baseKey, '', labelFor('SFrame 1.0 Secret salt ', 4, kid), 12);
      },
    });
  }
  return tasks;
}

/** KID and CTR of two bytes each. */
function headers() {
  const frame = new Uint8Array(100);
  frame.set(encodeHeader(0x123, 0x4567));
  const theirs = frame.slice();
  theirs.set(MedoozeHeader.generate(false, 0x123, 0x4567));
  return [
    { id: 'ours', name: 'sframe-wasm decodeHeader', once: () => decodeHeader(frame) },
    { id: 'medooze', name: 'medooze Header.parse', once: () => MedoozeHeader.parse(theirs) },
    { id: 'bare', name: 'below 2^32, no checks', once: () => readHeader(frame) },
  ];
}
