// @ts-check
// The test page as one file: janus.js and its adapter are CommonJS in part, and come by name.

import { fileURLToPath } from 'node:url';
import { build } from 'rolldown';

const at = (/** @type {string} */ path) => fileURLToPath(new URL(path, import.meta.url));

export async function bundlePage() {
  await build({
    input: at('page/main.js'),
    logLevel: 'silent',
    output: { file: at('../../build/janus/main.js'), format: 'esm', codeSplitting: false },
  });
}
