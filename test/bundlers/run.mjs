// @ts-check
// The packed package in pages bundled by Vite and by esbuild: the vectors in a real Chromium, under a strict
// Content-Security-Policy; without 'wasm-unsafe-eval' in it, the first key must say that there is no engine. Then calls,
// in apps of these and other bundlers. A missing Chromium is a failure.

import { copyFileSync, cpSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { isDeepStrictEqual } from 'node:util';
import * as esbuild from 'esbuild';
import * as vite from 'vite';
import { installPackage } from '../runtimes/pack.mjs';
import { check, finish } from '../runtimes/report.mjs';
import { expectedCounts } from '../runtimes/vectors.mjs';
import { checkCalls } from './calls.mjs';
import { checkContents } from './contents.mjs';
import { filesOf, launch, serve, sizeOf, visit, withoutWasm, withWasm } from './pages.mjs';

const here = fileURLToPath(new URL('.', import.meta.url));

/** Bytes that a page may spend on reading headers. The core alone is several times as much. */
const headerLimit = 4096;

/** @typedef {import('playwright').Browser} Browser */
/** @typedef {(folder: string, entry: string, outDir: string) => Promise<void>} Bundle of an entry, to a folder */

/** @type {Bundle} */
async function bundleWithVite(folder, entry, outDir) {
  await vite.build({
    root: folder,
    configFile: false,
    logLevel: 'silent',
    build: {
      outDir,
      rolldownOptions: {
        input: join(folder, entry === 'main' ? 'index.html' : `${entry}.js`),
        onwarn({ message }) {
          throw new Error(message);
        },
      },
    },
  });
}

/** @type {Bundle} */
async function bundleWithEsbuild(folder, entry, outDir) {
  const { warnings } = await esbuild.build({
    entryPoints: [join(folder, `${entry}.js`)],
    outdir: outDir,
    bundle: true,
    format: 'esm',
    minify: true,
    logLevel: 'silent',
  });
  if (warnings.length > 0) throw new Error(warnings.map(({ text }) => text).join('\n'));
  if (entry === 'main') copyFileSync(join(folder, 'index.html'), join(outDir, 'index.html'));
}

/** All scripts of a folder. @param {string} folder */
function scriptsOf(folder) {
  const scripts = [...filesOf(folder)].filter(([path]) => path.endsWith('.js'));
  return Buffer.concat(scripts.map(([, content]) => content));
}

/**
 * Opens a bundled page under a policy.
 * @param {Browser} browser
 * @param {string} folder
 * @param {string} policy
 */
async function open(browser, folder, policy) {
  const served = await serve(folder, policy);
  try {
    return await visit(browser, served.origin);
  } finally {
    served.close();
  }
}

/**
 * One bundler: the pages it makes, and how they fare.
 * @param {string} name
 * @param {Bundle} bundle
 * @param {string} folder
 * @param {Browser} browser
 */
async function checkBundler(name, bundle, folder, browser) {
  /** @param {string} entry */
  const outDir = (entry) => join(folder, `out-${name}-${entry}`);
  /** @type {Record<string, number>} */
  const raw = {};
  await check(name, async () => {
    for (const entry of ['main', 'context', 'header']) {
      await bundle(folder, entry, outDir(entry));
      const scripts = scriptsOf(outDir(entry));
      raw[entry] = scripts.length;
      console.log(`      ${`${entry}.js`.padEnd(18)} ${sizeOf(scripts)}`);
    }
    return 'bundled without warnings';
  });
  await check(`${name}, header`, () => {
    if (!(Number(raw['header']) < headerLimit))
      throw new Error(`reading headers takes ${raw['header']} bytes`);
    return 'without the core';
  });
  await check(`${name}, page`, async () => {
    const { result, errors } = await open(browser, outDir('main'), withWasm);
    if (!isDeepStrictEqual(result, expectedCounts)) throw new Error(JSON.stringify(result));
    if (errors.length > 0) throw new Error(errors.join('\n'));
    return `${Object.values(expectedCounts).reduce((sum, count) => sum + count, 0)} cases passed`;
  });
  await check(`${name}, no WASM`, async () => {
    const { result } = await open(browser, outDir('main'), withoutWasm);
    if (!isDeepStrictEqual(result, { wasm: 'engine-unavailable', frames: 8 }))
      throw new Error(JSON.stringify(result));
    return JSON.stringify(result);
  });
}

const start = performance.now();
/** @type {string | undefined} */
let folder;
/** @type {Browser | undefined} */
let browser;
await check('install', () => {
  ({ folder } = installPackage());
  return 'packed and installed, with @noble/curves, @noble/hashes and @hpke/core';
});
const installed = folder;
if (installed !== undefined) await check('contents', () => checkContents(installed));
await check('Chromium', async () => {
  browser = await launch();
  return browser.version();
});
if (folder !== undefined && browser !== undefined) {
  const caller = join(dirname(folder), 'caller');
  cpSync(folder, caller, { recursive: true });
  cpSync(join(here, 'page'), folder, { recursive: true });
  copyFileSync(join(here, '../runtimes/vectors.mjs'), join(folder, 'vectors.mjs'));
  await checkBundler('Vite', bundleWithVite, folder, browser);
  await checkBundler('esbuild', bundleWithEsbuild, folder, browser);
  await checkCalls(caller, browser);
}
await browser?.close();
await esbuild.stop();
console.log(`${((performance.now() - start) / 60_000).toFixed(1)} minutes`);
finish();
