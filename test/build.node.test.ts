// The binary that is shipped: reproducible, small, self-contained.

import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { WASM_BASE64, WASM_SHA256 } from '../src/core/wasm.ts';
import { asc, inTemporaryFolder, root } from './tools.ts';

const built = readFileSync(join(root, 'build/core.wasm'));
const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

test('compiling again, twice, gives the same bytes', () => {
  for (let i = 0; i < 2; i++) {
    const again = inTemporaryFolder((folder) => {
      const wasm = join(folder, 'core.wasm');
      asc('assembly/index.ts', '--outFile', wasm, '--textFile', join(folder, 'core.wat'));
      return readFileSync(wasm);
    });
    expect(sha256(again)).toBe(sha256(built));
  }
});

test('the inlined, the built and the shipped binary are one', () => {
  expect(sha256(Buffer.from(WASM_BASE64, 'base64'))).toBe(sha256(built));
  expect(WASM_SHA256).toBe(sha256(built));
  expect(sha256(readFileSync(join(root, 'dist/core.wasm')))).toBe(sha256(built));
});

test('at most 56 KB, 15 KB gzipped', () => {
  const gzipped = gzipSync(built, { level: 9 }).length;
  console.log(`core.wasm: ${built.length} bytes, ${gzipped} gzipped`);
  expect(built.length).toBeLessThanOrEqual(56 * 1024);
  expect(gzipped).toBeLessThanOrEqual(15 * 1024);
});

test('no imports, no start function, one memory', () => {
  const module = new WebAssembly.Module(built);
  expect(WebAssembly.Module.imports(module)).toEqual([]);
  expect(WebAssembly.Module.exports(module).filter(({ kind }) => kind === 'memory')).toHaveLength(1);
  expect(WebAssembly.Module.customSections(module, 'name')).toEqual([]);
  const text = readFileSync(join(root, 'build/core.wat'), 'utf8');
  expect(text).not.toMatch(/\(start |\(table |\(import /);
  // no heap: nothing grows memory but the host
  expect(text).not.toMatch(/memory\.grow/);
  // no mutable state outside memory
  expect(text).not.toMatch(/\(global \S+ \(mut /);
});
