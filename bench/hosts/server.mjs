// Serves dist/, bench/ and what dist/ imports on 127.0.0.1 to a page that is cross-origin isolated: only there is Chromium's clock fine
// (5 µs instead of 100).

import { createReadStream, existsSync, readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { extname, join, normalize, sep } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../../', import.meta.url));
const types = {
  '.html': 'text/html',
  '.js': 'text/javascript',
  '.mjs': 'text/javascript',
  '.wasm': 'application/wasm',
};

/** @returns {Promise<{ url: string, close: () => void }>} */
export function serve() {
  const server = createServer((request, response) => {
    const { pathname } = new URL(request.url ?? '/', 'http://127.0.0.1');
    const path = normalize(join(root, decodeURIComponent(pathname)));
    const type = types[/** @type {keyof typeof types} */ (extname(path))];
    const offered = ['dist', 'bench', 'node_modules/@noble'].some((folder) =>
      path.startsWith(join(root, folder) + sep),
    );
    if (!offered || type === undefined || !existsSync(path)) {
      response.writeHead(404).end();
      return;
    }
    response.writeHead(200, {
      'content-type': type,
      'cross-origin-opener-policy': 'same-origin',
      'cross-origin-embedder-policy': 'require-corp',
      'cross-origin-resource-policy': 'same-origin',
    });
    // A worker has no import map: what is imported by name gets its path.
    if (path.endsWith('.js'))
      response.end(readFileSync(path, 'utf8').replace(/(from\s*['"])(@noble\/)/g, '$1/node_modules/$2'));
    else createReadStream(path).pipe(response);
  });
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      if (address === null || typeof address === 'string') return reject(new Error('no port'));
      resolve({ url: `http://127.0.0.1:${address.port}`, close: () => server.close() });
    });
  });
}
