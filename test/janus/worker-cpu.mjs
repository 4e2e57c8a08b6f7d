// @ts-check
// The processor time of Chromium's worker threads, as Linux counts it: those of this network namespace, which are ours.

import { readdirSync, readFileSync, readlinkSync } from 'node:fs';

/** Of utime and stime, per second. */
const TICKS = 100;
/** Which threads they are, cut to 15 characters. */
const NAME = 'DedicatedWorker';

/** @param {string} path @param {(path: string) => string} read */
function tryRead(path, read) {
  try {
    return read(path);
  } catch {
    return ''; // it has ended meanwhile
  }
}

const text = (/** @type {string} */ path) => readFileSync(path, 'utf8');

/** Seconds of all of them so far, and how many there are. */
export function workerCpu() {
  const own = readlinkSync('/proc/self/ns/net');
  let seconds = 0;
  let threads = 0;
  for (const pid of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
    if (tryRead(`/proc/${pid}/ns/net`, (path) => readlinkSync(path)) !== own) continue;
    const tasks = tryRead(`/proc/${pid}/task`, (path) => readdirSync(path).join());
    for (const task of tasks.split(',').filter(Boolean)) {
      const folder = `/proc/${pid}/task/${task}`;
      if (!tryRead(`${folder}/comm`, text).startsWith(NAME)) continue;
      const fields = tryRead(`${folder}/stat`, text)
        .replace(/^.*\) /, '')
        .split(' ');
      seconds += (Number(fields[11] ?? 0) + Number(fields[12] ?? 0)) / TICKS;
      threads++;
    }
  }
  return { seconds, threads };
}
