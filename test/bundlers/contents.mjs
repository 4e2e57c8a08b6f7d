// @ts-check
// Whether each module of the installed package is reached from one that it exports, or its program. esbuild and the compiler are asked:
// scripts/build.mjs, which leaves the others out, reads imports by itself.

import { readdirSync, readFileSync } from 'node:fs';
import { join, relative, sep } from 'node:path';
import * as esbuild from 'esbuild';
import { root, run } from '../runtimes/pack.mjs';

/** @param {string} folder of a user who has installed the package */
export async function checkContents(folder) {
  const installed = join(folder, 'node_modules/sframe-wasm');
  const manifest = JSON.parse(readFileSync(join(installed, 'package.json'), 'utf8'));
  /** @type {{ types: string, default: string }[]} */
  const entries = Object.values(manifest.exports).filter((entry) => typeof entry === 'object');

  const { metafile } = await esbuild.build({
    absWorkingDir: installed,
    entryPoints: [...entries.map((entry) => entry.default), ...Object.values(manifest.bin)],
    outdir: 'out',
    write: false,
    metafile: true,
    bundle: true,
    format: 'esm',
    packages: 'external',
    ignoreAnnotations: true, // what has no side effects is needed all the same, where nothing is bundled
    logLevel: 'silent',
  });
  const tsc = join(root, 'node_modules/typescript/bin/tsc');
  const options = ['--listFilesOnly', '--module', 'nodenext', '--types', ''];
  const listed = run(process.execPath, [tsc, ...options, ...entries.map(({ types }) => types)], {
    cwd: installed,
  });
  const declarations = listed.split('\n').map((path) => relative(installed, path).split(sep).join('/'));

  const reached = new Set([...Object.keys(metafile.inputs), ...declarations]);
  const files = readdirSync(join(installed, 'dist'), { recursive: true, encoding: 'utf8' })
    .map((path) => `dist/${path.split(sep).join('/')}`)
    .filter((path) => /\.(js|d\.ts)$/.test(path));
  const extra = files.filter((path) => !reached.has(path));
  if (extra.length > 0) throw new Error(`nothing leads to ${extra.join(', ')}`);
  return `an export or the program leads to each of ${files.length} modules`;
}
