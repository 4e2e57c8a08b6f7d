// @ts-check
// The worker as it is where there is no WebAssembly.

import './no-wasm.js';
import '../../../dist/worker.js';
