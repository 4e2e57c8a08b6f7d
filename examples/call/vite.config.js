// Bundles and serves the page, under the policy that it would have anywhere: nothing inline, nobody else's server.

import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vite';

/** @param {string} path from the repository's root */
const root = (path) => fileURLToPath(new URL(`../../${path}`, import.meta.url));

/** Also for the worker's own response, where WebAssembly is compiled. */
const policy = [
  "default-src 'none'",
  "script-src 'self' 'wasm-unsafe-eval'",
  "worker-src 'self'",
  "style-src 'self'",
  "img-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
].join('; ');

const headers = {
  // what a meta element cannot say
  'content-security-policy': `${policy}; frame-ancestors 'none'`,
  'permissions-policy': 'camera=(self), microphone=(self)',
  // for clocks that are fine enough to show what a frame costs
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-embedder-policy': 'require-corp',
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
};

/** For servers that send no headers. Not in development: Vite's client puts styles into the page. */
const policyInPage = {
  name: 'policy',
  /** @type {'build'} */
  apply: 'build',
  /** @type {() => import('vite').HtmlTagDescriptor[]} */
  transformIndexHtml: () => [
    {
      tag: 'meta',
      attrs: { 'http-equiv': 'content-security-policy', content: policy },
      injectTo: 'head-prepend',
    },
  ],
};

const host = '127.0.0.1';

export default defineConfig({
  root: fileURLToPath(new URL('.', import.meta.url)),
  base: './',
  plugins: [policyInPage],
  // Elsewhere this is `npm install sframe-wasm`, and nothing.
  resolve: {
    alias: [
      { find: /^sframe-wasm$/, replacement: root('dist/index.js') },
      { find: /^sframe-wasm\/webrtc$/, replacement: root('dist/webrtc.js') },
      { find: /^sframe-wasm\/(exchange|verification)$/, replacement: root('dist/trust/$1.js') },
    ],
  },
  build: {
    outDir: root('build/demo/page'),
    emptyOutDir: true,
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
  },
  server: { host, fs: { allow: [root('.')] } },
  preview: { host, headers },
});
