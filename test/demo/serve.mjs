// @ts-check
// The page, built and served as `npm run demo` does it.

import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

const folder = fileURLToPath(new URL('../../examples/call/', import.meta.url));

/** The Vite of examples/call. It has no types here. */
async function loadVite() {
  const manifest = createRequire(join(folder, 'package.json')).resolve('vite/package.json');
  return import(pathToFileURL(join(dirname(manifest), 'dist/node/index.js')).href);
}

/** @returns {Promise<{ origin: string, close: () => Promise<void> }>} */
export async function servePage() {
  const { build, preview } = await loadVite();
  const configFile = join(folder, 'vite.config.js');
  await build({ configFile, logLevel: 'error' });
  const server = await preview({ configFile, logLevel: 'error', preview: { port: 0 } });
  const { port } = server.httpServer.address();
  return { origin: `http://127.0.0.1:${port}/`, close: () => server.close() };
}
