// @ts-check
// The worker as it is where WebAssembly has no SIMD.

import './no-simd.js';
import '../../../dist/worker.js';
