// @ts-check
// The packed package in pages bundled by Vite and by esbuild: the vectors in a real Chromium, under a strict
// Content-Security-Policy; without 'wasm-unsafe-eval' in it, the first key must say that there is no engine.
// A missing Chromium is a failure.

import { copyFileSync, cpSync, readdirSync, readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { extname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { isDeepStrictEqual } from 'node:util';
import { gzipSync } from 'node:zlib';
import * as esbuild from 'esbuild';
import { chromium } from 'playwright';
import * as vite from 'vite';
import { chromiumFlags, findChromium } from '../../scripts/chromium.mjs';
import { installPackage } from '../runtimes/pack.mjs';
import { check, finish } from '../runtimes/report.mjs';
import { expectedCounts } from '../runtimes/vectors.mjs';

const here = fileURLToPath(new URL('.', import.meta.url));
const timeout = 60_000;

const withWasm = "default-src 'self'; script-src 'self' 'wasm-unsafe-eval'";
const withoutWasm = "default-src 'self'; script-src 'self'";

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

/**
 * The files of a folder by the path they are served under.
 * @param {string} folder
 */
function filesOf(folder) {
  const paths = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter(
    (path) => extname(path) !== '',
  );
  return new Map(paths.map((path) => [`/${path.replaceAll('\\', '/')}`, readFileSync(join(folder, path))]));
}

/** @param {string} folder @returns {[raw: number, gzipped: number]} */
function scriptSizes(folder) {
  const scripts = [...filesOf(folder)].filter(([path]) => path.endsWith('.js'));
  const text = Buffer.concat(scripts.map(([, content]) => content));
  return [text.length, gzipSync(text, { level: 9 }).length];
}

async function launch() {
  const executablePath = findChromium();
  if (executablePath === undefined) throw new Error('no Chromium found (CHROMIUM_PATH, PATH, Playwright)');
  return chromium.launch({ executablePath, args: chromiumFlags, timeout });
}

/**
 * Opens a bundled page under a policy.
 * @param {Browser} browser
 * @param {string} folder
 * @param {string} policy
 * @returns {Promise<{ result: unknown, errors: string[] }>} what the page found out, and what it complained of
 */
async function open(browser, folder, policy) {
  const files = filesOf(folder);
  const server = createServer(({ url }, response) => {
    const path = url === '/' ? '/index.html' : `${url}`;
    // browsers ask for an icon unasked, and complain of a 404
    const content = path === '/favicon.ico' ? Buffer.alloc(0) : files.get(path);
    const type = extname(path) === '.html' ? 'text/html' : 'text/javascript';
    response.writeHead(content === undefined ? 404 : 200, {
      'content-type': type,
      'content-security-policy': policy,
    });
    response.end(content);
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', () => resolve(undefined)));
  const { port } = /** @type {import('node:net').AddressInfo} */ (server.address());
  const page = await browser.newPage();
  try {
    /** @type {string[]} */
    const errors = [];
    page.on('console', (message) => {
      if (message.type() === 'error') errors.push(message.text());
    });
    page.on('pageerror', (error) => errors.push(`${error}`));
    await page.goto(`http://127.0.0.1:${port}/`, { timeout });
    await page.waitForFunction(() => document.title.startsWith('{'), undefined, { timeout });
    return { result: JSON.parse(await page.title()), errors };
  } finally {
    await page.close();
    server.closeAllConnections();
    server.close();
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
      const [bytes, gzipped] = scriptSizes(outDir(entry));
      raw[entry] = bytes;
      console.log(`      ${`${entry}.js`.padEnd(18)} ${bytes} bytes, gzip ${gzipped}`);
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

/** @type {string | undefined} */
let folder;
/** @type {Browser | undefined} */
let browser;
await check('install', () => {
  ({ folder } = installPackage());
  cpSync(join(here, 'page'), folder, { recursive: true });
  copyFileSync(join(here, '../runtimes/vectors.mjs'), join(folder, 'vectors.mjs'));
  return 'packed and installed, with @noble/curves, @noble/hashes and @hpke/core';
});
await check('Chromium', async () => {
  browser = await launch();
  return browser.version();
});
if (folder !== undefined && browser !== undefined) {
  await checkBundler('Vite', bundleWithVite, folder, browser);
  await checkBundler('esbuild', bundleWithEsbuild, folder, browser);
}
await browser?.close();
await esbuild.stop();
finish();
