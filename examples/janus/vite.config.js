// Bundles and serves the pages, under the policy that they would have anywhere: nothing inline, nobody else's server.
// Janus's signalling comes from this same server, which passes it on: see server/demo.mjs.

import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vite';

/** @param {string} path from the repository's root */
const root = (path) => fileURLToPath(new URL(`../../${path}`, import.meta.url));
/** @param {string} path from here */
const here = (path) => fileURLToPath(new URL(path, import.meta.url));

/** Also for the worker's own response, where WebAssembly is compiled. */
const policy = [
  "default-src 'none'",
  "script-src 'self' 'wasm-unsafe-eval'",
  "worker-src 'self'",
  "style-src 'self'",
  "img-src 'self'",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
].join('; ');

const headers = {
  'content-security-policy': `${policy}; frame-ancestors 'none'`,
  'permissions-policy': 'camera=(self), microphone=(self)',
  // for clocks that are fine enough to show what a frame costs
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-embedder-policy': 'require-corp',
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
};

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
  preview: { host, headers },
});
