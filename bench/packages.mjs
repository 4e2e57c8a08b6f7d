// The third parties, by path: a worker of Chromium has no import map, so a bare name means nothing there.

export { ctr, gcm } from './node_modules/@noble/ciphers/aes.js';
export { createHMAC, createSHA256 } from './node_modules/hash-wasm/dist/index.esm.js';
export { Context as MedoozeContext } from './node_modules/sframe/lib/Context.js'; // its "main" names no file
export { Header as MedoozeHeader } from './node_modules/sframe/lib/Header.js';
export { Bench } from './node_modules/tinybench/dist/index.js';
