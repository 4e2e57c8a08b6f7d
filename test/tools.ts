// The compiler and Binaryen's tools, for tests that build or take apart a binary. Node only.

import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root: string = join(dirname(fileURLToPath(import.meta.url)), '..');

const folderOf = (name: string): string =>
  dirname(createRequire(import.meta.url).resolve(`${name}/package.json`));

/** A folder that is gone after the callback. */
export function inTemporaryFolder<T>(use: (folder: string) => T): T {
  const folder = mkdtempSync(join(tmpdir(), 'sframe-wasm-'));
  try {
    return use(folder);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** Compiles AssemblyScript as asconfig.json says. */
export function asc(entry: string, ...args: string[]): void {
  const program = join(folderOf('assemblyscript'), 'bin/asc.js');
  execFileSync(process.execPath, [program, entry, '--config', 'asconfig.json', '--target', 'core', ...args], {
    cwd: root,
    stdio: ['ignore', 'ignore', 'pipe'],
  });
}

/**
 * Makes of a finished binary one that reports the address of every load and store, and every control point. Bulk
 * copies and fills become loops first, so that they report theirs.
 */
export function instrument(wasm: string, to: string): void {
  const assemblyscript = createRequire(join(folderOf('assemblyscript'), 'package.json'));
  const program = join(dirname(assemblyscript.resolve('binaryen/package.json')), 'bin/wasm-opt');
  const args = ['--llvm-memory-copy-fill-lowering', '--instrument-memory', '--log-execution'];
  execFileSync(program, [wasm, '--enable-simd', '--enable-bulk-memory', ...args, '-o', to], { cwd: root });
}
