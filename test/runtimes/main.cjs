// main.mjs for a user who still writes CommonJS: Node loads ES modules by require() as long as none of them awaits
// at its top level.

const { readFileSync } = require('node:fs');
const library = require('sframe-wasm');
const vectors = require('sframe-wasm/vectors/sframe-vectors.json');
const { runVectors } = require('./vectors.mjs');

runVectors(library, vectors).then((counts) => {
  const core = readFileSync(require.resolve('sframe-wasm/core.wasm'));
  library.preload(new WebAssembly.Module(core));
  console.log(JSON.stringify(counts));
});
