// A user's page: sets a first key, runs the vectors, and leaves the outcome in the title. Where WebAssembly is
// forbidden, frames go through WebCrypto.

import * as library from 'sframe-wasm';
import vectors from 'sframe-wasm/vectors/sframe-vectors.json';
import { runFrames, runVectors } from './vectors.mjs';

async function outcome() {
  const encryptor = new library.SFrameEncryptor({ cipherSuite: 'AES_128_GCM_SHA256_128', engine: 'wasm' });
  try {
    encryptor.setEncryptionKey(new Uint8Array(16), 0);
  } catch (error) {
    const wasm = error instanceof library.SFrameError ? error.code : `${error}`;
    return { wasm, frames: await runFrames(library, vectors, 'auto') };
  }
  await runFrames(library, vectors, 'webcrypto');
  return await runVectors(library, vectors);
}

outcome()
  .catch((error) => ({ failed: `${error}` }))
  .then((result) => {
    document.title = JSON.stringify(result);
  });
