// A user's program: imports the package, runs the vectors, prints the counts as JSON.

import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import * as library from 'sframe-wasm';
import vectors from 'sframe-wasm/vectors/sframe-vectors.json' with { type: 'json' };
import { runFrames, runVectors } from './vectors.mjs';

const counts = await runVectors(library, vectors);
await runFrames(library, vectors, 'webcrypto');
// core.wasm is found by its exported name, compiles, and is taken for what it is.
const core = readFileSync(fileURLToPath(import.meta.resolve('sframe-wasm/core.wasm')));
library.preload(new WebAssembly.Module(core));
console.log(JSON.stringify(counts));
