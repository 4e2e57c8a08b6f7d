// How fast frames are sealed, side by side: `npm run bench [-- --quick] [-- --json FILE]`.
//
// Everyone must give the same bytes before anyone is timed. Contestants take turns, several rounds per size, so that
// a machine that slows down slows all of them; figures are medians over rounds, and ratios compare those.

import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { parseArgs } from 'node:util';
import { Bench } from 'tinybench';
import { contestants } from './contestants.mjs';

const { values: options } = parseArgs({
  options: { quick: { type: 'boolean', default: false }, json: { type: 'string' } },
});
const sizes = options.quick ? [160, 1200, 16384] : [100, 160, 1200, 4096, 16384, 65536, 2 ** 20];
const rounds = options.quick ? 5 : 11;
const time = options.quick ? 60 : 120;

/** @param {number[]} values */
function median(values) {
  return [...values].sort((a, b) => a - b)[values.length >> 1] ?? Number.NaN;
}

/** Frames long enough together for the clock. @param {number} size */
function batchFor(size) {
  return Math.max(1, Math.floor(40_000 / (size + 200)));
}

/** All contestants encrypt the same frames; every byte must agree. @param {number} size */
async function crossCheck(size) {
  const plaintext = Uint8Array.from({ length: size }, (_, i) => i * 7);
  const all = await contestants();
  for (let ctr = 0; ctr < 3; ctr++) {
    const frames = [];
    for (const { seal } of all) frames.push(Buffer.from(await seal(plaintext)).toString('hex'));
    if (new Set(frames).size !== 1) throw new Error(`different frames at ${size} bytes, CTR ${ctr}`);
  }
}

/** Microseconds per frame: median and p99 over rounds. @param {number} size */
async function measure(size) {
  const plaintext = new Uint8Array(size);
  const batch = batchFor(size);
  const all = await contestants();
  const samples = all.map(() => /** @type {{ p50: number, p99: number }[]} */ ([]));
  for (let round = 0; round < rounds; round++) {
    for (const [i, { name, seal }] of all.entries()) {
      const awaited = seal(plaintext) instanceof Promise;
      const bench = new Bench({ time, warmup: round === 0, warmupTime: time });
      bench.add(
        name,
        awaited
          ? async () => {
              for (let n = 0; n < batch; n++) await seal(plaintext);
            }
          : () => {
              for (let n = 0; n < batch; n++) seal(plaintext);
            },
      );
      await bench.run();
      const result = bench.tasks[0]?.result;
      if (result === undefined || !('latency' in result)) throw new Error(`${name} failed`);
      samples[i]?.push({
        p50: (result.latency.p50 * 1000) / batch,
        p99: (result.latency.p99 * 1000) / batch,
      });
    }
  }
  return all.map(({ name }, i) => ({
    name,
    p50: median((samples[i] ?? []).map(({ p50 }) => p50)),
    p99: median((samples[i] ?? []).map(({ p99 }) => p99)),
  }));
}

const commit = execFileSync('git', ['rev-parse', '--short', 'HEAD'], { encoding: 'utf8' }).trim();
const machine = {
  cpu: cpus()[0]?.model,
  engine: `Node ${process.version}, V8 ${process.versions.v8}`,
  commit,
};
console.log(`AES-128-GCM, sealing whole SFrame ciphertexts\n${machine.cpu}, ${machine.engine}, ${commit}\n`);

const results = [];
for (const size of sizes) {
  await crossCheck(size);
  const rows = await measure(size);
  const ours = rows[0]?.p50 ?? Number.NaN;
  console.log(`${size} bytes`.padEnd(28), 'µs/frame   p99     MB/s   encrypt is');
  for (const { name, p50, p99 } of rows)
    console.log(
      `  ${name.padEnd(26)}`,
      p50.toFixed(2).padStart(8),
      p99.toFixed(2).padStart(7),
      (size / p50).toFixed(0).padStart(7),
      `${(p50 / ours).toFixed(2)}×`.padStart(9),
    );
  results.push({ size, rows });
}
if (options.json) writeFileSync(options.json, `${JSON.stringify({ ...machine, results }, null, 2)}\n`);
