import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';

const at = (path: string) => fileURLToPath(new URL(path, import.meta.url));

// The adapters import packages by their names, but from a folder that has none of them.
const alias = {
  'livekit-client': at('node_modules/livekit-client/dist/livekit-client.esm.mjs'),
  'sframe-wasm/webrtc': at('../../src/webrtc.ts'),
  'sframe-wasm': at('../../src/index.ts'),
};

export default defineConfig({
  root: at('.'),
  resolve: { alias },
  test: { include: ['*.test.ts'], testTimeout: 60_000 },
});
