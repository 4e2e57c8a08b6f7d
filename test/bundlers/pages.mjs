// @ts-check
// Chromium, folders served to it, and what a page there finds out.

import { readdirSync, readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { extname, join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { chromium } from 'playwright';
import { chromiumFlags, findChromium } from '../../scripts/chromium.mjs';

const timeout = 60_000;

export const withWasm = "default-src 'self'; script-src 'self' 'wasm-unsafe-eval'";
export const withoutWasm = "default-src 'self'; script-src 'self'";

/** @typedef {import('playwright').Browser} Browser */

/**
 * @typedef {object} Served
 * @property {string} origin
 * @property {string[]} asked which paths there are, was asked for, in order
 * @property {() => unknown} close
 */

export async function launch() {
  const executablePath = findChromium();
  if (executablePath === undefined) throw new Error('no Chromium found (CHROMIUM_PATH, PATH, Playwright)');
  // calls between the loopback addresses of this machine
  const callFlags = [
    '--allow-loopback-in-peer-connection',
    '--disable-features=WebRtcHideLocalIpsWithMdns',
    '--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE 127.0.0.1',
  ];
  return chromium.launch({ executablePath, args: [...chromiumFlags, ...callFlags], timeout });
}

/**
 * The files of a folder by the path they are served under.
 * @param {string} folder
 */
export function filesOf(folder) {
  const paths = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter(
    (path) => extname(path) !== '',
  );
  return new Map(paths.map((path) => [`/${path.replaceAll('\\', '/')}`, readFileSync(join(folder, path))]));
}

/** @param {Buffer} text */
export function sizeOf(text) {
  return `${text.length} bytes, gzip ${gzipSync(text, { level: 9 }).length}`;
}

/**
 * Serves a folder's files as they are now.
 * @param {string} folder
 * @param {string} policy the Content-Security-Policy of every response
 * @param {string} [fallback] the page that answers for files that are missing, as servers of single-page apps do
 * @returns {Promise<Served>}
 */
export async function serve(folder, policy, fallback) {
  const files = filesOf(folder);
  /** @type {string[]} */
  const asked = [];
  const server = createServer(({ url }, response) => {
    const path = url === '/' ? '/index.html' : `${url}`;
    const found = files.has(path) ? path : fallback;
    const content = files.get(`${found}`);
    if (content !== undefined) asked.push(path);
    response.writeHead(content === undefined ? 404 : 200, {
      'content-type': extname(`${found}`) === '.html' ? 'text/html' : 'text/javascript',
      'content-security-policy': policy,
    });
    response.end(content);
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', () => resolve(undefined)));
  const { port } = /** @type {import('node:net').AddressInfo} */ (server.address());
  return {
    origin: `http://127.0.0.1:${port}`,
    asked,
    close() {
      server.closeAllConnections();
      server.close();
    },
  };
}

/**
 * Opens a page that leaves what it found out in its title.
 * @param {Browser} browser
 * @param {string} origin
 * @returns {Promise<{ result: any, errors: string[], workers: string[] }>} what it complained of, and the addresses of
 * its workers
 */
export async function visit(browser, origin) {
  const page = await browser.newPage();
  try {
    /** @type {string[]} */
    const errors = [];
    /** @type {string[]} */
    const workers = [];
    page.on('console', (message) => {
      // browsers ask for an icon unasked, and complain of a 404
      const isIcon = message.location().url.endsWith('/favicon.ico');
      if (message.type() === 'error' && !isIcon) errors.push(message.text());
    });
    page.on('pageerror', (error) => errors.push(`${error}`));
    page.on('worker', (worker) => workers.push(worker.url()));
    await page.goto(origin, { timeout });
    await page
      .waitForFunction(() => document.title.startsWith('{'), undefined, { timeout })
      .catch((error) => {
        throw new Error([`${error}`, ...errors].join('\n      '));
      });
    return { result: JSON.parse(await page.title()), errors, workers };
  } finally {
    await page.close();
  }
}
