// A worker for workerd, which compiles WebAssembly only at deployment: without preload() there is WebCrypto alone.

import core from './node_modules/sframe-wasm/dist/core.wasm';
import * as library from './node_modules/sframe-wasm/dist/index.js';
import vectors from './node_modules/sframe-wasm/vectors/sframe-vectors.json';
import { runFrames, runVectors } from './vectors.mjs';

export default {
  async test() {
    const encryptor = new library.SFrameEncryptor({ cipherSuite: 'AES_128_GCM_SHA256_128', engine: 'wasm' });
    let code;
    try {
      encryptor.setEncryptionKey(new Uint8Array(16), 0);
    } catch (error) {
      code = error.code;
    }
    if (code !== 'engine-unavailable') throw new Error(`before preload(): ${code}`);
    await runFrames(library, vectors, 'auto');
    library.preload(core);
    encryptor.setEncryptionKey(new Uint8Array(16), 0);
    await runFrames(library, vectors, 'webcrypto');
    console.log(JSON.stringify(await runVectors(library, vectors)));
  },
};
