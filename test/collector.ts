// The garbage collector when a test wants it, in Node, and what is in use after it.

import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

setFlagsFromString('--expose-gc');
const gc = runInNewContext('gc') as () => void;

/** Collects what nobody holds, and gives finalizers a turn. */
export async function collect(): Promise<void> {
  gc();
  await new Promise((resolve) => setTimeout(resolve, 20));
}

/** Bytes in use after collections: objects, and buffers outside the heap. What has a finalizer takes a turn more. */
export async function inUse(): Promise<number> {
  for (let i = 0; i < 4; i++) await collect();
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return heapUsed + arrayBuffers;
}
