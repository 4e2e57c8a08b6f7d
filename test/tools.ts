// The compiler and Binaryen's tools, for tests that build or take apart a binary. Node only.

import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
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
 * Makes of a finished binary one that reports the address of every load and store, every control point, and the
 * condition of every branch. Bulk copies and fills become loops first, so that they report theirs.
 */
export function instrument(wasm: string, to: string): void {
  const features = ['--enable-simd', '--enable-bulk-memory'];
  const passes = ['--llvm-memory-copy-fill-lowering', '--instrument-memory', '--log-execution'];
  inTemporaryFolder((folder) => {
    const [text, reporting] = [join(folder, 'core.wat'), join(folder, 'core.wasm')];
    binaryen('wasm-dis', wasm, ...features, '-o', text);
    writeFileSync(text, reportConditions(readFileSync(text, 'utf8')));
    binaryen('wasm-as', text, ...features, '-o', reporting);
    binaryen('wasm-opt', reporting, ...features, ...passes, '-o', to);
  });
}

function binaryen(tool: string, ...args: string[]): void {
  const assemblyscript = createRequire(join(folderOf('assemblyscript'), 'package.json'));
  const program = join(dirname(assemblyscript.resolve('binaryen/package.json')), 'bin', tool);
  execFileSync(program, args, { cwd: root, stdio: ['ignore', 'ignore', 'pipe'] });
}

type Expression = string | Expression[];

/** In WebAssembly text: (if c …) and (br_if $l c) call out with c, which comes back unchanged. */
function reportConditions(text: string): string {
  let conditions = 0;
  const report = (condition: Expression): Expression => [
    'call',
    '$condition',
    ['i32.const', `${conditions++}`],
    condition,
  ];
  const visit = (node: Expression): Expression => {
    if (typeof node === 'string') return node;
    const inner = node.map(visit);
    if (inner[0] === 'br_if') return [...inner.slice(0, -1), report(inner.at(-1) as Expression)];
    if (inner[0] !== 'if') return inner;
    // what follows is a label, a type, the condition, and the arms
    const at = inner.findIndex((part, i) => i > 0 && Array.isArray(part) && part[0] !== 'result');
    return inner.map((part, i) => (i === at ? report(part) : part));
  };
  const [module] = parse(text.replace(/;;.*|\(;[\s\S]*?;\)/g, ''));
  const [head, ...fields] = visit(module as Expression) as Expression[];
  const condition: Expression = ['param', 'i32', 'i32'];
  const callee: Expression = ['func', '$condition', condition, ['result', 'i32']];
  return print([head as string, ['import', '"env"', '"condition"', callee], ...fields]);
}

/** S-expressions as nested arrays. */
function parse(text: string): Expression[] {
  const stack: Expression[][] = [[]];
  for (const [token] of text.matchAll(/"(?:[^"\\]|\\.)*"|[()]|[^\s()"]+/g)) {
    if (token === '(') stack.push([]);
    else if (token === ')') {
      const done = stack.pop() as Expression[];
      stack.at(-1)?.push(done);
    } else stack.at(-1)?.push(token);
  }
  return stack[0] as Expression[];
}

function print(node: Expression): string {
  return typeof node === 'string' ? node : `(${node.map(print).join(' ')})`;
}
