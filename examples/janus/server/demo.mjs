// @ts-check
// `npm run demo:janus`: Janus and the pages, on this computer alone, until you press Ctrl+C.

import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { build, preview } from 'vite';
import { chooseAddress } from './address.mjs';
import { startJanus } from './start.mjs';

const configFile = fileURLToPath(new URL('../vite.config.js', import.meta.url));

/** What is kept of what Janus prints. */
const MAX_LOG = 2 ** 16;
/** For how long Janus keeps a session whose page has lost its connection. */
const RECLAIM_SECONDS = 20;

const usage = `npm run demo:janus -- [options]

  --address A      IPv4 address of this computer for the media (default: the first that is not loopback)
  --port N         of the pages, on 127.0.0.1 (default: 4180, or a free one)
  --recordings DIR where Janus writes recordings (default: a new folder, which is kept)
  --help`;

function readOptions() {
  const { values } = parseArgs({
    options: {
      address: { type: 'string' },
      port: { type: 'string' },
      recordings: { type: 'string' },
      help: { type: 'boolean' },
    },
  });
  const port = values.port === undefined ? undefined : Number(values.port);
  if (port !== undefined && !(Number.isInteger(port) && port >= 0 && port < 65_536))
    throw new Error('--port must be from 0 to 65535');
  return { ...values, port };
}

/** A port of 127.0.0.1 that nobody uses now. @returns {Promise<number>} */
function freePort() {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.on('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const { port } = /** @type {import('node:net').AddressInfo} */ (server.address());
      server.close(() => resolve(port));
    });
  });
}

/** Resolves when this process is asked to end. */
function asked() {
  return new Promise((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => resolve(undefined));
  });
}

/**
 * The built pages, and Janus's signalling beside them.
 * @param {Record<string, import('vite').ProxyOptions>} proxy
 * @param {number} port
 */
async function servePages(proxy, port) {
  const before = process.listeners('SIGTERM');
  const pages = await preview({ configFile, logLevel: 'error', preview: { proxy, port } });
  // Vite would end this process by itself, and Janus would stay
  for (const listener of process.listeners('SIGTERM'))
    if (!before.includes(listener)) process.off('SIGTERM', listener);
  process.stdin.removeAllListeners('end');
  return pages;
}

async function main() {
  const options = readOptions();
  if (options.help) {
    console.log(usage);
    return;
  }
  const end = asked();
  const address = chooseAddress(options.address);
  const folder = mkdtempSync(join(tmpdir(), 'sframe-janus-demo-'));
  const recordings = resolve(options.recordings ?? mkdtempSync(join(tmpdir(), 'sframe-janus-recordings-')));
  mkdirSync(recordings, { recursive: true });
  /** @type {(() => unknown)[]} */
  const endings = [() => rmSync(folder, { recursive: true, force: true })];
  try {
    const port = await freePort();
    const limits = { reclaimSeconds: RECLAIM_SECONDS, maxLog: MAX_LOG };
    const janus = await startJanus({ folder, recordings, address, port, ...limits });
    endings.unshift(() => janus.stop());
    await build({ configFile, logLevel: 'error' });
    const proxy = { '/janus': { target: janus.url, ws: true } };
    const pages = await servePages(proxy, options.port ?? 4180);
    endings.unshift(() => pages.close());
    console.log(`Pages       ${pages.resolvedUrls?.local[0]}`);
    console.log(`Signalling  ${janus.url}, through the pages' own server`);
    console.log(`Media       UDP on ${address}${options.address ? '' : ' (another: --address)'}`);
    console.log(`Recordings  ${recordings}`);
    console.log('Ctrl+C ends it all.');
    const code = await Promise.race([end, janus.ended]);
    if (code !== undefined) throw new Error(`Janus has ended, with ${code}:\n${janus.log().slice(-2000)}`);
  } finally {
    for (const ending of endings) await ending();
  }
}

try {
  await main();
  process.exit(0); // whatever connections pages may still hold
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exit(1);
}
