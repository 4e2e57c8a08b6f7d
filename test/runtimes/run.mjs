// @ts-check
// The packed package in the hands of a user: what is in the tarball, its types, and the vectors in every runtime.
// A runtime that is missing is a failure. Linux and macOS; no Node 24 is pinned for macOS, so there that fails.

import { copyFileSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { installPackage, root, run } from './pack.mjs';
import { check, finish } from './report.mjs';
import { expectedCounts } from './vectors.mjs';

const here = fileURLToPath(new URL('.', import.meta.url));

/** What the tarball holds: at least one file of each kind, and nothing else. */
const contents = [
  /^dist\/.+(?<!\.d)\.js$/,
  /^dist\/.+\.d\.ts$/,
  /^dist\/core\.wasm$/,
  /^vectors\/[^/]+\.json$/,
  /^vectors\/README\.md$/,
  /^README\.md$/,
  /^LICENSE$/,
  /^SECURITY\.md$/,
  /^CHANGELOG\.md$/,
  /^package\.json$/,
];

/** @typedef {ReturnType<typeof installPackage>} Installed */

/** @param {Installed} user */
function checkContents({ files, installed, size }) {
  console.log(['', ...files, `${files.length} files, ${size} bytes packed`].join('\n      ').slice(1));
  const extra = files.filter((file) => !contents.some((pattern) => pattern.test(file)));
  const missing = contents.filter((pattern) => !files.some((file) => pattern.test(file)));
  if (extra.length > 0) throw new Error(`not for users: ${extra.join(', ')}`);
  if (missing.length > 0) throw new Error(`nothing matches ${missing.join(' or ')}`);
  const core = readFileSync(join(installed, 'dist/core.wasm')).toString('base64');
  if (!readFileSync(join(installed, 'dist/core/wasm.js'), 'utf8').includes(core))
    throw new Error('core.wasm is not the core that is inlined');
  return 'nothing missing, nothing else';
}

/**
 * Compiles consumer.ts without skipping the package's own declarations.
 * @param {Installed} user
 * @param {string[]} lib
 * @param {string[]} types
 */
function checkTypes({ folder }, lib, types) {
  const compilerOptions = {
    strict: true,
    exactOptionalPropertyTypes: true,
    noEmit: true,
    target: 'es2022',
    module: 'nodenext',
    lib,
    types,
    typeRoots: [join(root, 'node_modules/@types')],
    skipLibCheck: false,
  };
  writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify({ compilerOptions, files: ['consumer.ts'] }));
  const tsc = join(root, 'node_modules/typescript/bin/tsc');
  run(process.execPath, [tsc, '-p', 'tsconfig.json'], { cwd: folder });
  return `lib ${lib.join(', ')}${types.map((name) => `, @types/${name}`).join('')}`;
}

/**
 * workerd knows no folders: every module is named and embedded.
 * @param {Installed} user
 */
function workerdConfig({ files }) {
  const library = files
    .filter((file) => file.endsWith('.js'))
    .map((file) => `node_modules/sframe-wasm/${file}`);
  /** @type {[string, string][]} */
  const modules = [
    ['worker.mjs', 'esModule'],
    ['vectors.mjs', 'esModule'],
    ['node_modules/sframe-wasm/dist/core.wasm', 'wasm'],
    ['node_modules/sframe-wasm/vectors/sframe-vectors.json', 'json'],
    ...library.map((path) => /** @type {[string, string]} */ ([path, 'esModule'])),
  ];
  return `using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (services = [(name = "main", worker = .worker)]);
const worker :Workerd.Worker = (
  compatibilityDate = "2026-01-01",
  modules = [
${modules.map(([path, kind]) => `    (name = "${path}", ${kind} = embed "${path}"),`).join('\n')}
  ],
);
`;
}

/** The binaries, by path: the packages' own commands are wrappers that install scripts would have to set up. */
function runtimes() {
  const { arch, platform } = process;
  /** @param {string} path */
  const binary = (path) => join(here, 'node_modules', path);
  const node24 = binary(`node-${platform}-${arch}/bin/node`);
  const bun = binary(`@oven/bun-${platform}-${arch === 'arm64' ? 'aarch64' : arch}/bin/bun`);
  const deno = binary(`@deno/${platform}-${arch}${platform === 'linux' ? '-glibc' : ''}/deno`);
  const workerd = binary(`@cloudflare/workerd-${platform}-${arch === 'x64' ? '64' : arch}/bin/workerd`);
  const offline = ['--no-prompt', '--no-remote', '--cached-only', '--allow-read=.'];
  /** @type {[name: string, program: string, args: string[]][]} */
  const list = [
    ['this Node, import', process.execPath, ['main.mjs']],
    ['this Node, require', process.execPath, ['main.cjs']],
    ['Node 24, import', node24, ['main.mjs']],
    ['Node 24, require', node24, ['main.cjs']],
    ['Bun', bun, ['run', '--no-install', 'main.mjs']],
    ['Deno', deno, ['run', ...offline, 'main.mjs']],
    ['workerd', workerd, ['test', 'config.capnp']],
  ];
  return list;
}

/**
 * Runs the vectors in one runtime.
 * @param {Installed} user
 * @param {string} program
 * @param {string[]} args
 */
function checkRuntime({ folder }, program, args) {
  if (!existsSync(program)) throw new Error(`not installed: ${program}`);
  const env = {
    DENO_DIR: join(folder, '.deno'),
    DENO_NO_UPDATE_CHECK: '1',
    BUN_RUNTIME_TRANSPILER_CACHE_PATH: '0',
    DO_NOT_TRACK: '1',
  };
  const version = run(program, ['--version'], { cwd: folder, env }).match(/\d[\w.-]*/)?.[0];
  const printed = run(program, args, { cwd: folder, env });
  const result = printed.split('\n').find((line) => line.startsWith('{'));
  if (result !== JSON.stringify(expectedCounts)) throw new Error(`${version}: ${printed}`);
  const cases = Object.values(expectedCounts).reduce((sum, count) => sum + count, 0);
  return `${`${version}`.padEnd(12)} ${cases} cases passed`;
}

/** The package's own program, by the name that npm gives it. @param {Installed} user */
function checkProgram({ folder, installed }) {
  const { version } = JSON.parse(readFileSync(join(installed, 'package.json'), 'utf8'));
  const program = join(folder, 'node_modules/.bin/sframe-wasm');
  const printed = run(program, ['--version'], { cwd: folder }).trim();
  if (printed !== version) throw new Error(`it says that it is ${printed}`);
  return printed;
}

/** @type {Installed | undefined} */
let user;
await check('install', () => {
  user = installPackage();
  return 'packed and installed, with @noble/curves, @noble/hashes and @hpke/core';
});
if (user !== undefined) {
  const installed = user;
  const { folder } = installed;
  for (const name of ['vectors.mjs', 'main.mjs', 'main.cjs', 'worker.mjs', 'consumer.ts'])
    copyFileSync(join(here, name), join(folder, name));
  writeFileSync(join(folder, 'config.capnp'), workerdConfig(installed));

  await check('tarball', () => checkContents(installed));
  await check('types', () => checkTypes(installed, ['es2022', 'dom'], []));
  await check('types, Node', () => checkTypes(installed, ['es2022'], ['node']));
  await check('npx sframe-wasm', () => checkProgram(installed));
  for (const [name, program, args] of runtimes())
    await check(name, () => checkRuntime(installed, program, args));
}
finish();
