/**
 * The documentation runs: every js fence of README.md, of docs/ and of an `@example` in src/, as a program of its own,
 * with the package under its name (dist/), and it type-checks. Where a `// comment` follows a `console.log(…)`, that is
 * what it must print, white space and the base of numbers apart; `…` stands for anything.
 */
import { execFile } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const root = join(import.meta.dirname, '..');

/** A program and where it begins. */
interface Example {
  readonly name: string;
  readonly code: string;
}

/** The js fences of a text, in which a line may begin with a docstring's ` * `. */
function examplesOf(path: string): Example[] {
  const text = readFileSync(join(root, path), 'utf8');
  return Array.from(text.matchAll(/^([ *]*)```js\n([\s\S]*?)^\1```$/gm), (match) => {
    const [, margin = '', body = ''] = match;
    const lines = body.split('\n').map((line) => (line.startsWith(margin) ? line.slice(margin.length) : ''));
    const line = text.slice(0, match.index).split('\n').length + 1;
    return { name: `${path}:${line}`, code: lines.join('\n') };
  });
}

const readme = existsSync(join(root, 'README.md')) ? examplesOf('README.md') : [];
const guides = readdirSync(join(root, 'docs'))
  .filter((file) => file.endsWith('.md'))
  .flatMap((file) => examplesOf(join('docs', file)));
const sources = readdirSync(join(root, 'src'), { recursive: true, encoding: 'utf8' })
  .filter((file) => file.endsWith('.ts'))
  .map((file) => join('src', file));
const docstrings = sources.flatMap(examplesOf);
const examples = [...readme, ...guides, ...docstrings];

/** What the comments promise, by the line on which `console.log` stands. */
function promisesOf(code: string): [line: number, text: string][] {
  const promises: [number, string][] = [];
  let logging: number | undefined;
  code.split('\n').forEach((text, i) => {
    if (/\bconsole\.log\(/.test(text)) logging = i + 1;
    if (logging === undefined || !/\);/.test(text)) return;
    const comment = /\);\s*\/\/ (.*)$/.exec(text)?.[1];
    if (comment !== undefined) promises.push([logging, comment]);
    logging = undefined;
  });
  return promises;
}

/** Numbers in decimal, and no white space but single spaces between words. */
const normal = (text: string) =>
  text
    .replace(/\b0x[0-9a-f]+/gi, (number) => `${BigInt(number)}`)
    .replace(/\s+/g, ' ')
    .trim();

/** Loaded before the example: `console.log` prints JSON with the number of the line it was called from. */
const prelude = `
import { format } from 'node:util';
console.log = (...args) => {
  const line = Number(/:(\\d+):\\d+\\)?$/.exec(new Error().stack.split('\\n')[2])[1]);
  process.stdout.write(JSON.stringify({ line, text: format(...args) }) + '\\n');
};`;

describe('examples', () => {
  let folder = '';
  beforeAll(() => {
    // Inside the package, so that its own name resolves.
    mkdirSync(join(root, 'build'), { recursive: true });
    folder = mkdtempSync(join(root, 'build', 'docs-'));
    writeFileSync(join(folder, 'prelude.mjs'), prelude);
  });
  afterAll(() => {
    rmSync(folder, { recursive: true, force: true });
  });

  function write({ name, code }: Example): string {
    const file = join(folder, `${name.replace(/\W/g, '-')}.mjs`);
    writeFileSync(file, code);
    return file;
  }

  it('are in README.md', () => {
    expect(existsSync(join(root, 'README.md')), 'README.md exists').toBe(true);
    expect(readme.length, 'js fences in README.md').toBeGreaterThan(0);
  });

  it('are in every @example', () => {
    const count = sources.map((path) => readFileSync(join(root, path), 'utf8').split('@example').length - 1);
    expect(docstrings.length, 'js fences in docstrings').toBe(count.reduce((sum, n) => sum + n));
    expect(docstrings.length).toBeGreaterThan(0);
  });

  it('type-check', async () => {
    const files = examples.map(write);
    const program = join(root, 'node_modules/typescript/bin/tsc');
    // strict but for caught errors, which only TypeScript could narrow on the spot
    const options = '--ignoreConfig --noEmit --allowJs --checkJs --strict --useUnknownInCatchVariables false';
    const environment = '--module nodenext --target es2022 --lib es2022,dom --types node --skipLibCheck';
    const args = [program, ...options.split(' '), ...environment.split(' '), ...files];
    const checked = await promisify(execFile)(process.execPath, args, { cwd: root }).catch((error) => error);
    expect(checked.stdout).toBe('');
    expect(checked.stderr).toBe('');
  });

  it.each(examples)('$name', async (example) => {
    const { code } = example;
    expect(code, 'uses the package by its name').toMatch(/from 'sframe-wasm/);
    const file = write(example);
    const { stdout, stderr } = await promisify(execFile)(
      process.execPath,
      ['--import', join(folder, 'prelude.mjs'), file],
      { cwd: root, timeout: 30_000 },
    );
    expect(stderr).toBe('');
    const printed = stdout.split('\n').flatMap((json) => (json ? [JSON.parse(json)] : []));
    for (const [line, promised] of promisesOf(code)) {
      const texts = printed.filter((print) => print.line === line).map(({ text }) => normal(text as string));
      const pattern = normal(promised)
        .replace(/[\\^$.*+?()[\]{}|]/g, '\\$&')
        .replaceAll('…', '.*');
      expect(texts.join(' '), `line ${line}: ${code.split('\n')[line - 1]}`).toMatch(
        new RegExp(`^${pattern}$`),
      );
    }
  });
});

/** `file.ts`: title, up to the end of a table's cell. */
const named = Array.from(
  readFileSync(join(root, 'SECURITY.md'), 'utf8').matchAll(/`([\w.-]+\.test\.ts)`: (.*?) *\|$/gm),
  ([, file = '', title = '']) => ({ file, title }),
);

describe('the threat model', () => {
  it('names tests', () => {
    expect(named.length).toBeGreaterThan(15);
  });

  it.each(named)('$file: $title', ({ file, title }) => {
    expect(readFileSync(join(root, 'test', file), 'utf8')).toMatch(new RegExp(`(test|it)\\('${title}'`));
  });
});
