// @ts-check
// A call in apps made by each bundler, from the installed package, under a strict Content-Security-Policy without
// `blob:` or `data:`: docs/calls.md says what each bundler has to be told of the worker, and no app here is told more.
// Vite's development server asks for nothing more: its client and its WebSocket are of the page's origin.

import { copyFileSync, cpSync, readFileSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { isDeepStrictEqual } from 'node:util';
import { nodeResolve } from '@rollup/plugin-node-resolve';
import * as esbuild from 'esbuild';
import { rollup } from 'rollup';
import * as vite from 'vite';
import * as vite7 from 'vite-7';
import webpack from 'webpack';
import { check } from '../runtimes/report.mjs';
import { filesOf, serve, sizeOf, visit, withWasm } from './pages.mjs';

const here = fileURLToPath(new URL('.', import.meta.url));

/** @typedef {import('playwright').Browser} Browser */
/** @typedef {(app: string, out: string) => Promise<void>} Build of the app in a folder, to another, without warnings */

/** What an app finds out when both its workers have started, and do the cryptography in WebAssembly. */
const played = { engines: ['wasm', 'wasm'], opened: true, isPlayed: true, isEncrypted: [true, true] };

/** How soon an app is promised to learn that there is no worker. */
const failMs = 5000;

/** @param {{ message: string }} warning */
function refuse({ message }) {
  throw new Error(message);
}

/** @param {typeof vite | typeof vite7} version @returns {Build} */
function buildWithVite(version) {
  return async (root, outDir) => {
    await version.build({
      root,
      configFile: false,
      logLevel: 'silent',
      build: { outDir, emptyOutDir: true, rollupOptions: { onwarn: refuse } },
    });
  };
}

/** @type {Build} */
async function buildWithWebpack(context, path) {
  const stats = await new Promise((resolve, reject) => {
    const compiler = webpack({ mode: 'production', context, entry: './main.js', output: { path } });
    compiler.run((error, stats) => compiler.close(() => (error ? reject(error) : resolve(stats))));
  });
  if (stats.hasErrors() || stats.hasWarnings()) throw new Error(stats.toString('errors-warnings'));
  copyFileSync(join(context, 'index.html'), join(path, 'index.html'));
}

/** @param {Record<string, string>} entryPoints @returns {Build} */
function buildWithEsbuild(entryPoints) {
  return async (absWorkingDir, outdir) => {
    const { warnings } = await esbuild.build({
      absWorkingDir,
      entryPoints,
      outdir,
      bundle: true,
      format: 'esm',
      minify: true,
      logLevel: 'silent',
    });
    if (warnings.length > 0) throw new Error(warnings.map(({ text }) => text).join('\n'));
    copyFileSync(join(absWorkingDir, 'index.html'), join(outdir, 'index.html'));
  };
}

/** @param {Record<string, string>} input @returns {Build} */
function buildWithRollup(input) {
  return async (app, dir) => {
    const plugins = [nodeResolve({ browser: true, rootDir: app })];
    const bundle = await rollup({ input, plugins, onwarn: refuse });
    await bundle.write({ dir });
    await bundle.close();
    copyFileSync(join(app, 'index.html'), join(dir, 'index.html'));
  };
}

/** @param {Build} build @returns {Build} */
function andCopy(build) {
  return async (app, out) => {
    await build(app, out);
    copyFileSync(join(app, 'node_modules/sframe-wasm/dist/worker.js'), join(out, 'worker.js'));
  };
}

const page = { main: './given.js' };
const pageAndWorker = { ...page, worker: 'sframe-wasm/worker' };

/** @type {[name: string, build: Build][]} */
const builds = [
  ['Vite 8, call', buildWithVite(vite)],
  ['Vite 7, call', buildWithVite(vite7)],
  ['webpack, call', buildWithWebpack],
  ['esbuild, call', buildWithEsbuild(pageAndWorker)],
  ['esbuild, copied', andCopy(buildWithEsbuild(page))],
  ['Rollup, call', buildWithRollup(pageAndWorker)],
  ['Rollup, copied', andCopy(buildWithRollup(page))],
];

/**
 * A built app is a script of the page's and one of the worker's, which alone has the core; nothing else is loaded.
 * @param {Browser} browser
 * @param {string} out
 * @param {string} core in base64
 */
async function checkBuilt(browser, out, core) {
  const scripts = [...filesOf(out)].filter(([path]) => path.endsWith('.js'));
  const workers = scripts.filter(([, content]) => content.includes(core));
  const [[path, content] = ['', Buffer.alloc(0)]] = workers;
  const [[page, code] = ['', Buffer.alloc(0)]] = scripts.filter((script) => !workers.includes(script));
  if (scripts.length !== 2 || workers.length !== 1)
    throw new Error(
      `built ${scripts.map(([path]) => path)}; with the core: ${workers.map(([path]) => path)}`,
    );

  const served = await serve(out, withWasm);
  try {
    const visited = await visit(browser, served.origin);
    const expected = { result: played, errors: [], workers: Array(2).fill(served.origin + path) };
    if (!isDeepStrictEqual(visited, expected)) throw new Error(JSON.stringify(visited));
    // the worker once for each client
    if (!isDeepStrictEqual(served.asked, ['/index.html', page, path, path]))
      throw new Error(`loaded ${served.asked}`);
  } finally {
    served.close();
  }
  return `${path.slice(1)} ${sizeOf(content)}; page ${sizeOf(code)}`;
}

/**
 * Runs the app in Vite's development server, as if for the first time.
 * @param {Browser} browser
 * @param {typeof vite | typeof vite7} version
 * @param {string} root
 * @param {import('vite').DepOptimizationOptions} optimizeDeps
 */
async function visitDevelopment(browser, version, root, optimizeDeps) {
  rmSync(join(root, 'node_modules/.vite'), { recursive: true, force: true });
  const server = await version.createServer({
    root,
    configFile: false,
    logLevel: 'silent',
    optimizeDeps,
    server: { host: '127.0.0.1', watch: null, headers: { 'content-security-policy': withWasm } },
  });
  try {
    await server.listen();
    return await visit(browser, `${server.resolvedUrls?.local[0]}`);
  } finally {
    await server.close();
  }
}

/** @param {{ result: any, errors: string[] }} visited */
function mustPlay({ result, errors }) {
  if (!isDeepStrictEqual(result, played)) throw new Error(JSON.stringify(result));
  if (errors.length > 0) throw new Error(errors.join('\n'));
}

/** @param {{ result: any }} visited @param {string} file that was not there */
function mustName({ result }, file) {
  const { code, message, ms } = result;
  if (code !== 'worker-failed' || !message?.includes(file) || !(ms < failMs))
    throw new Error(JSON.stringify(result));
  return `${code} after ${ms.toFixed(0)} ms, naming ${file}`;
}

/**
 * @param {string} app an empty folder into which the package was installed
 * @param {Browser} browser
 */
export async function checkCalls(app, browser) {
  cpSync(join(here, 'call'), app, { recursive: true });
  const core = readFileSync(join(app, 'node_modules/sframe-wasm/dist/core.wasm')).toString('base64');
  /** @param {string} name */
  const outOf = (name) => join(dirname(app), 'out', name);

  await check('SFrameClient', async () => {
    await buildWithEsbuild({ client: './client.js' })(app, outOf('client'));
    const code = readFileSync(join(outOf('client'), 'client.js'));
    if (code.includes(core)) throw new Error('the core is in the page');
    return `${sizeOf(code)}, without the core`;
  });
  for (const [name, build] of builds)
    await check(name, async () => {
      await build(app, outOf(name));
      return checkBuilt(browser, outOf(name), core);
    });

  const exclude = ['sframe-wasm'];
  for (const [name, version, optimizeDeps] of /** @type {const} */ ([
    ['Vite 8, dev', vite, {}],
    ['Vite 8, excluded', vite, { exclude }],
    ['Vite 7, excluded', vite7, { exclude }],
  ]))
    await check(name, async () => {
      mustPlay(await visitDevelopment(browser, version, app, optimizeDeps));
      return 'played';
    });
  // the control: what the exclusion is for
  await check('Vite 7, dev', async () =>
    mustName(await visitDevelopment(browser, vite7, app, {}), '/node_modules/.vite/worker.js'),
  );

  for (const [name = '', fallback] of [['no worker'], ['HTML for a worker', '/index.html']])
    await check(name, async () => {
      await buildWithEsbuild(page)(app, outOf('missing'));
      const served = await serve(outOf('missing'), withWasm, fallback);
      try {
        return mustName(await visit(browser, served.origin), '/worker.js');
      } finally {
        served.close();
      }
    });
}
