// A worker for workerd, which compiles WebAssembly only at deployment: without preload() there is no engine.

import core from './node_modules/sframe-wasm/dist/core.wasm';
import * as library from './node_modules/sframe-wasm/dist/index.js';
import vectors from './node_modules/sframe-wasm/vectors/sframe-vectors.json';
import { runVectors } from './vectors.mjs';

export default {
  async test() {
    const encryptor = new library.SFrameEncryptor({ cipherSuite: 'AES_128_GCM_SHA256_128' });
    let code;
    try {
      encryptor.setEncryptionKey(new Uint8Array(16), 0);
    } catch (error) {
      code = error.code;
    }
    if (code !== 'engine-unavailable') throw new Error(`before preload(): ${code}`);
    library.preload(core);
    encryptor.setEncryptionKey(new Uint8Array(16), 0);
    console.log(JSON.stringify(await runVectors(library, vectors)));
  },
};
