// tinybench, in turns: every contestant gets a short run per round, in an order that rotates, so that a machine that
// slows down slows all of them. What tinybench sees is a batch of frames long enough for the clock (5 µs in Chromium).

import { Bench } from './packages.mjs';

/**
 * @typedef {{ id: string, name: string, once: () => unknown, lanes?: number }} Task `once`: one frame
 * @typedef {{ id: string, name: string, p50: number, p99: number }} Row µs per frame, over batches
 * @typedef {{ rounds: number, time: number }} Effort `time`: ms per round and contestant
 */

/** Of a batch, in ms: a hundred ticks of Chromium's clock. */
const BATCH_TIME = 0.5;

/** @param {Task[]} tasks @param {Effort} effort @returns {Promise<Row[]>} */
export async function race(tasks, { rounds, time }) {
  const runners = [];
  for (const task of tasks) runners.push(await prepare(task, time));
  for (let round = 0; round < rounds; round++)
    for (let i = 0; i < runners.length; i++) await runners[(i + round) % runners.length]?.measure();
  return runners.map(({ row }) => row());
}

/** Warms a task up and finds its batch. @param {Task} task @param {number} time */
async function prepare({ id, name, once, lanes = 1 }, time) {
  const first = once();
  const async = first instanceof Promise;
  await first;

  let batch = 1;
  for (let warm = 0; warm < 3; warm++) {
    let frames = 0;
    let elapsed = 0;
    const start = performance.now();
    do {
      if (async) await once();
      else once();
      frames++;
      elapsed = performance.now() - start;
    } while (elapsed < time);
    batch = Math.max(batch, Math.round((frames * BATCH_TIME) / elapsed));
  }
  if (lanes > 1) batch = Math.max(batch, 4 * lanes); // then beginning and end do not count

  const run = async ? flight(once, batch, lanes) : repeat(once, batch);
  /** @type {number[]} */
  const samples = [];
  return {
    async measure() {
      const bench = new Bench({ time, iterations: 2, warmup: false, retainSamples: true, throws: true });
      bench.add(name, run, { async });
      if (async) await bench.run();
      else bench.runSync();
      const result = bench.tasks[0]?.result;
      if (result === undefined || !('latency' in result)) throw new Error(`${name} was not measured`);
      for (const sample of result.latency.samples ?? []) samples.push((sample * 1000) / batch);
    },
    row: () => ({
      id,
      name,
      p50: quantile(samples, 0.5),
      p99: quantile(samples, 0.99),
    }),
  };
}

/** @param {() => unknown} once @param {number} batch */
function repeat(once, batch) {
  return () => {
    for (let n = 0; n < batch; n++) once();
  };
}

/** @param {() => unknown} once @param {number} batch @param {number} lanes */
function flight(once, batch, lanes) {
  if (lanes === 1)
    return async () => {
      for (let n = 0; n < batch; n++) await once();
    };
  return async () => {
    let left = batch;
    const lane = async () => {
      while (left-- > 0) await once();
    };
    await Promise.all(Array.from({ length: lanes }, lane));
  };
}

/** @param {ArrayLike<number>} values @param {number} q from 0 to 1 */
export function quantile(values, q) {
  const sorted = Float64Array.from(values).sort();
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * q))] ?? Number.NaN;
}

/** @param {number} ms */
export function pause(ms) {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
