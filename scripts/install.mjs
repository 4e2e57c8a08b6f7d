// Installs the folders named, each with a package.json of its own, unless that is done already. Tools, runtimes,
// bundlers and benchmarked packages live apart, so that `npm ci` at the root stays small.
//
// A folder with a lockfile gets `npm ci`. tools/ has exact pins but none: `npm ci` insists on an entry for every
// platform's build of Biome, and mirrors that carry only some platforms cannot give them.

import { execFileSync } from 'node:child_process';
import { copyFileSync, existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');

for (const name of process.argv.slice(2)) {
  const folder = join(root, name);
  const locked = existsSync(join(folder, 'package-lock.json'));
  const wanted = join(folder, locked ? 'package-lock.json' : 'package.json');
  const done = join(folder, 'node_modules', '.installed.json');
  if (existsSync(done) && readFileSync(done, 'utf8') === readFileSync(wanted, 'utf8')) continue;
  console.log(`installing ${name}`);
  execFileSync('npm', [...(locked ? ['ci'] : ['install', '--no-package-lock']), '--no-audit', '--no-fund'], {
    cwd: folder,
    stdio: ['ignore', 'inherit', 'inherit'],
    shell: process.platform === 'win32',
  });
  copyFileSync(wanted, done);
}
