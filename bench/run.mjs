// Frames, pipelines, keys and rooms, side by side: `npm run bench [-- --quick] [-- --only PIECE] [-- --json FILE]`. The
// full run takes about fifteen minutes and writes bench/results/; --quick takes about one. That, and one piece alone
// (bench/pieces), write nothing but FILE.

import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { cpus, loadavg } from 'node:os';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { claims } from './claims.mjs';
import { chromiumHosts } from './hosts/chromium.mjs';
import { nodeHost } from './hosts/node.mjs';
import { fullPlan, quickPlan } from './plan.mjs';
import { charts } from './report/charts.mjs';
import { jsonText } from './report/json.mjs';
import { claimsTable, tableOf } from './report/tables.mjs';

/** ms that one piece may take. */
const LIMIT = 400_000;

const { values: options } = parseArgs({
  options: {
    quick: { type: 'boolean', default: false },
    only: { type: 'string' },
    json: { type: 'string' },
  },
});

const chromium = await chromiumHosts(LIMIT);
if (chromium === undefined) {
  if (process.env['CI']) throw new Error('no Chromium found, and CI is set: it must be measured');
  console.log('No Chromium found (CHROMIUM_PATH, PATH, Playwright): it is left out.');
}
const hosts = { node: nodeHost(LIMIT), page: chromium?.page, worker: chromium?.worker };

const machine = {
  cpu: `${cpus()[0]?.model}, ${cpus().length} cores`,
  load: Number(loadavg()[0]?.toFixed(1)),
  node: `${process.version}, V8 ${process.versions.v8}`,
  chromium: chromium?.version ?? 'none',
  commit: commit(),
};
console.log(
  Object.entries(machine)
    .map(([key, value]) => `${key.padEnd(9)} ${value}`)
    .join('\n'),
);

/** @type {import('./claims.mjs').Done[]} */
const done = [];
try {
  for (const { host: name, piece, plan } of options.quick ? quickPlan() : fullPlan()) {
    const host = hosts[name];
    if (host === undefined || (options.only ?? piece) !== piece) continue;
    const step = { where: host.where, piece, plan, result: await host.run(piece, plan) };
    console.log(tableOf(step, done.at(-1)));
    done.push(step);
  }
} finally {
  await chromium?.close();
}

const shown = claims(done);
if (options.only === undefined) console.log(claimsTable(shown));

const text = jsonText({ ...machine, unit: 'µs per frame', claims: shown, results: done });
if (options.json !== undefined) writeFileSync(options.json, text);
if (!options.quick && options.only === undefined) {
  const folder = fileURLToPath(new URL('./results/', import.meta.url));
  mkdirSync(folder, { recursive: true });
  writeFileSync(`${folder}bench.json`, text);
  for (const [file, svg] of Object.entries(charts(done))) writeFileSync(folder + file, svg);
}

/** What was measured, as far as git knows. */
function commit() {
  try {
    const args = ['describe', '--always', '--dirty', '--exclude=*'];
    return execFileSync('git', args, { cwd: new URL('..', import.meta.url), encoding: 'utf8' }).trim();
  } catch {
    return 'unknown';
  }
}
