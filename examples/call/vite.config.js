// Bundles and serves the page, under the policy that it would have anywhere: nothing inline, nobody else's server.

import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vite';
import { headersOf, policyOf } from './headers.js';

/** @param {string} path from the repository's root */
const root = (path) => fileURLToPath(new URL(`../../${path}`, import.meta.url));

const policy = policyOf();

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
  preview: { host, headers: headersOf(policy) },
});
