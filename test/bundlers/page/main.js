// A user's page: sets a first key, runs the vectors, and leaves the outcome in the title.

import * as library from 'sframe-wasm';
import vectors from 'sframe-wasm/vectors/sframe-vectors.json';
import { runVectors } from './vectors.mjs';

async function outcome() {
  const encryptor = new library.SFrameEncryptor({ cipherSuite: 'AES_128_GCM_SHA256_128' });
  try {
    encryptor.setEncryptionKey(new Uint8Array(16), 0);
  } catch (error) {
    return { firstKey: error instanceof library.SFrameError ? error.code : `${error}` };
  }
  try {
    return await runVectors(library, vectors);
  } catch (error) {
    return { failed: `${error}` };
  }
}

outcome().then((result) => {
  document.title = JSON.stringify(result);
});
