// Bundles and serves the pages, under the policy that they would have anywhere: nothing inline, nobody else's server.
// Janus's signalling comes from this same server, which passes it on: see server/demo.mjs.

import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vite';
import { headersOf, policyOf } from '../call/headers.js';

/** @param {string} path from the repository's root */
const root = (path) => fileURLToPath(new URL(`../../${path}`, import.meta.url));
/** @param {string} path from here */
const here = (path) => fileURLToPath(new URL(path, import.meta.url));

const policy = policyOf("connect-src 'self'");

const host = '127.0.0.1';

export default defineConfig({
  root: here('.'),
  base: './',
  publicDir: root('examples/call/public'),
  // Elsewhere this is `npm install sframe-wasm`, and nothing.
  resolve: {
    alias: [
      { find: /^sframe-wasm$/, replacement: root('dist/index.js') },
      { find: /^sframe-wasm\/(janus|webrtc)$/, replacement: root('dist/$1.js') },
      { find: /^sframe-wasm\/exchange\/webrtc$/, replacement: root('dist/trust/webrtc-exchange.js') },
      { find: /^sframe-wasm\/(exchange|signature|verification)$/, replacement: root('dist/trust/$1.js') },
    ],
  },
  build: {
    outDir: root('build/janus-demo/page'),
    emptyOutDir: true,
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    rollupOptions: {
      input: ['index', 'echo', 'room', 'playback'].map((name) => here(`${name}.html`)),
    },
  },
  preview: { host, headers: headersOf(policy) },
});
