// @ts-check
// What a user gets: the package packed, and installed from that tarball into an empty folder.

import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative, sep } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The repository. */
export const root = fileURLToPath(new URL('../../', import.meta.url));

/**
 * Runs a program to its end and returns what it printed. A program that fails, or that takes longer than
 * `seconds` and is ended, throws with all of its output.
 * @param {string} program
 * @param {string[]} args
 * @param {{ cwd?: string, env?: NodeJS.ProcessEnv, seconds?: number, shell?: boolean }} [options]
 */
export function run(program, args, { cwd, env, seconds = 60, shell = false } = {}) {
  try {
    return execFileSync(program, args, {
      cwd,
      env: { ...process.env, ...env },
      shell,
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'pipe'],
      timeout: seconds * 1000,
      killSignal: 'SIGKILL',
    });
  } catch (error) {
    const { code, status, signal, stdout, stderr } = /** @type {Record<string, unknown>} */ (error);
    const end =
      code === 'ETIMEDOUT' ? `no end after ${seconds} s` : (code ?? signal ?? `exit code ${status}`);
    throw new Error(`${program} ${args.join(' ')}: ${end}\n${stdout ?? ''}${stderr ?? ''}`.trimEnd());
  }
}

/** @param {string[]} args @param {string} cwd */
function npm(args, cwd) {
  // prepack builds what is missing, so this may take a while
  return run('npm', [...args, '--no-audit', '--no-fund'], {
    cwd,
    seconds: 300,
    shell: process.platform === 'win32',
  });
}

/**
 * An empty folder among the system's temporary ones, which goes when the process does.
 * @param {string} name
 */
function temporaryFolder(name) {
  const folder = mkdtempSync(join(tmpdir(), `${name}-`));
  process.on('exit', () => rmSync(folder, { recursive: true, force: true }));
  for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => process.exit(1));
  return folder;
}

/**
 * Packs the repository and installs the tarball as a user would.
 * @returns {{ folder: string, installed: string, files: string[], size: number }} the user's folder, the package
 * in it, its files as sorted paths with slashes, and the size of the tarball in bytes
 */
export function installPackage() {
  const temporary = temporaryFolder('sframe-wasm');
  npm(['pack', '--pack-destination', temporary], root);
  const tarballs = readdirSync(temporary);
  if (tarballs.length !== 1) throw new Error(`npm pack made ${tarballs.join(', ') || 'nothing'}`);
  const tarball = join(temporary, `${tarballs[0]}`);

  const folder = join(temporary, 'user');
  mkdirSync(folder);
  writeFileSync(
    join(folder, 'package.json'),
    JSON.stringify({ name: 'user', version: '1.0.0', private: true }),
  );
  npm(['install', '--prefer-offline', tarball], folder);

  const modules = readdirSync(join(folder, 'node_modules')).filter((name) => !name.startsWith('.'));
  if (modules.join() !== '@hpke,@noble,sframe-wasm') throw new Error(`installed: ${modules.join(', ')}`);
  const installed = join(folder, 'node_modules', 'sframe-wasm');
  const { dependencies, optionalDependencies } = JSON.parse(
    readFileSync(join(installed, 'package.json'), 'utf8'),
  );
  const depends = Object.keys({ ...dependencies, ...optionalDependencies }).join();
  if (depends !== '@hpke/core,@noble/curves,@noble/hashes')
    throw new Error(`the package depends on ${depends}`);

  const files = readdirSync(installed, { recursive: true, withFileTypes: true })
    .filter((entry) => !entry.isDirectory())
    .map((entry) =>
      relative(installed, join(entry.parentPath ?? entry.path, entry.name))
        .split(sep)
        .join('/'),
    )
    .sort();
  return { folder, installed, files, size: statSync(tarball).size };
}
