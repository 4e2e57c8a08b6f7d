// @ts-check
// The repository's built package and the test pages, served to a browser: dist/, the pages, and the modules that dist/
// imports by name. Pages and workers get the Content-Security-Policy under test in their own responses; so each policy
// has an origin of its own.

import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { extname, join, relative, sep } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../../', import.meta.url));

/** What may be read. */
const folders = [
  '/dist/',
  '/test/e2e/page/',
  '/node_modules/@noble/',
  '/node_modules/@hpke/',
  '/node_modules/ts-mls/',
];

/** @type {Record<string, string>} */
const types = { '.html': 'text/html', '.js': 'text/javascript', '.wasm': 'application/wasm' };

/** @param {string} path of a file, from the root */
function urlOf(path) {
  return `/${relative(root, path).split(sep).join('/')}`;
}

/**
 * Imports by name become imports by path: a browser without an import map, which a policy would have to allow. What does
 * not resolve stands in a comment.
 * @param {string} text
 */
function resolveImports(text) {
  return text.replaceAll(
    /(\bfrom |\bimport )(['"])(@[a-z][^'"]*|ts-mls(?:\/[^'"]*)?)\2/g,
    (all, before, quote, name) => {
      try {
        return `${before}${quote}${urlOf(fileURLToPath(import.meta.resolve(name)))}${quote}`;
      } catch {
        return all;
      }
    },
  );
}

/** @param {string} path @param {string[]} served */
function read(path, served) {
  const isServed = served.some((folder) => path.startsWith(folder)) && !path.includes('..');
  if (!isServed) return;
  try {
    const content = readFileSync(join(root, path));
    return extname(path) === '.js' ? Buffer.from(resolveImports(content.toString())) : content;
  } catch {
    return; // 404
  }
}

/**
 * Serves on a port of its own.
 * @param {Record<string, string>} headers of every response
 * @param {string[]} [more] folders that may be read
 */
export async function serve(headers, more = []) {
  const served = [...folders, ...more];
  const server = createServer(({ url }, response) => {
    const { pathname } = new URL(`${url}`, 'http://127.0.0.1');
    // browsers ask for an icon unasked, and complain of a 404
    const content = pathname === '/favicon.ico' ? Buffer.alloc(0) : read(pathname, served);
    response.writeHead(content === undefined ? 404 : 200, {
      'content-type': types[extname(pathname)] ?? 'text/plain',
      'cache-control': 'no-store',
      ...headers,
    });
    response.end(content);
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', () => resolve(undefined)));
  const { port } = /** @type {import('node:net').AddressInfo} */ (server.address());
  return {
    origin: `http://127.0.0.1:${port}`,
    close() {
      server.closeAllConnections();
      server.close();
    },
  };
}
