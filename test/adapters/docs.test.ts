/** The ts fences of docs/neighbours.md type-check against the SDKs, with the adapters beside them. */

import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';

const here = import.meta.dirname;
const root = join(here, '../..');

test('docs/neighbours.md', async () => {
  mkdirSync(join(here, 'build'), { recursive: true });
  const folder = mkdtempSync(join(here, 'build', 'docs-'));
  try {
    const text = readFileSync(join(root, 'docs/neighbours.md'), 'utf8');
    const fences = Array.from(text.matchAll(/^```ts\n([\s\S]*?)^```$/gm), ([, code = '']) => code);
    expect(fences).toHaveLength(3);
    fences.forEach((code, i) => {
      writeFileSync(join(folder, `${i}.ts`), code.replaceAll("'./", "'../../../../examples/adapters/"));
    });
    writeFileSync(join(folder, 'tsconfig.json'), '{ "extends": "../../tsconfig.json", "include": ["*.ts"] }');
    const args = [join(root, 'node_modules/typescript/bin/tsc'), '-p', folder];
    const checked = await promisify(execFile)(process.execPath, args).catch((error) => error);
    expect(checked.stdout).toBe('');
    expect(checked.stderr).toBe('');
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});
