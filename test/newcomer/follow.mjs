// @ts-check
// A guide, followed to the letter: its commands in an empty folder, with the packed package in the place of the published
// one, and its page, as `npx vite` serves it.

import { execFileSync, spawn } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { installPackage, root } from '../runtimes/pack.mjs';

/** The version of a package that some folder of tests has. @param {string} folder @param {string} name @returns {string} */
export function versionIn(folder, name) {
  const { dependencies } = JSON.parse(readFileSync(join(root, folder, 'package.json'), 'utf8'));
  return dependencies[name];
}

/**
 * Does what a guide says before its page, and writes that.
 * @param {string} path of the guide
 * @param {(command: string) => boolean} isForShell which of its commands are to be run
 * @param {Record<string, string>} versions of the packages that it installs, but of this one
 * @returns {{ folder: string, commands: string[] }} where the page is
 */
export function follow(path, isForShell, versions) {
  const guide = readFileSync(join(root, path), 'utf8');
  // in the page, more is indented
  const [before = ''] = guide.split('```html');
  const commands = Array.from(before.matchAll(/^ {4}(.+)$/gm), ([, command]) => `${command}`).filter(
    isForShell,
  );
  const [, page = ''] = /^```html\n([\s\S]*?)^```$/m.exec(guide) ?? [];

  const { folder: user } = installPackage();
  const parent = join(user, '..');
  const [tarball] = readdirSync(parent).filter((name) => name.endsWith('.tgz'));
  const names = Object.keys(versions);
  const pinned = Object.entries(versions).map(([name, version]) => `${name}@${version}`);
  const wanted = `npm install sframe-wasm ${names.join(' ')}`;
  if (!commands.includes(wanted)) throw new Error(`commands: ${commands.join('; ')}`);
  const script = commands.join('\n').replace(wanted, `npm install ${parent}/${tarball} ${pinned.join(' ')}`);
  const work = join(parent, 'newcomer');
  mkdirSync(work);
  execFileSync('bash', ['-euc', script], {
    cwd: work,
    stdio: ['ignore', 'ignore', 'inherit'],
    timeout: 300_000,
  });
  const [, name = '.'] = /\bcd (\S+)$/m.exec(script) ?? [];
  const folder = join(work, name);
  writeFileSync(join(folder, 'index.html'), page);
  return { folder, commands };
}

/**
 * Starts what `npx vite` starts.
 * @param {string} folder
 * @returns {Promise<{ address: string, stop: () => void }>}
 */
export async function serve(folder) {
  const server = spawn(
    process.execPath,
    ['node_modules/vite/bin/vite.js', '--host', '127.0.0.1', '--port', '0'],
    {
      cwd: folder,
      stdio: ['ignore', 'pipe', 'inherit'],
      env: { ...process.env, NO_COLOR: '1' },
    },
  );
  process.once('exit', () => server.kill());
  const address = await new Promise((resolve, reject) => {
    let text = '';
    server.stdout.on('data', (data) => {
      text += data;
      const [found] = /http:\/\/127\.0\.0\.1:\d+\//.exec(text) ?? [];
      if (found !== undefined) resolve(found);
    });
    server.once('exit', (code) => reject(new Error(`vite has ended with ${code}: ${text}`)));
  });
  return { address, stop: () => server.kill() };
}
