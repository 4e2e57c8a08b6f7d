// The core alone: sealing in place through its ABI (assembly/index.ts), without the host's copies, checks and outputs.

import { baseKey, kid } from '../sframe.mjs';
import { race } from '../timing.mjs';

const suites = [
  { id: 4, name: 'AES-128-GCM' },
  { id: 5, name: 'AES-256-GCM' },
  { id: 1, name: 'AES-128-CTR, HMAC-SHA256' },
];

/** @param {{ sizes: number[], effort: import('../timing.mjs').Effort }} plan */
export async function core({ sizes, effort }) {
  const { exports } = await WebAssembly.instantiate(await compiled());
  const abi = /** @type {any} */ (exports);
  const windowBase = abi.slotsBase() + suites.length * abi.SLOT_LEN.value;
  const text = windowBase + abi.HEAD_ROOM.value;
  abi.memory.grow(Math.ceil((text + Math.max(...sizes) + abi.TAIL_ROOM.value) / 65536));
  const memory = new Uint8Array(abi.memory.buffer);
  const slots = suites.map(({ id, name }, i) => {
    const slot = abi.slotsBase() + i * abi.SLOT_LEN.value;
    memory.set(baseKey, windowBase);
    abi.deriveKey(slot, id, BigInt(kid), windowBase, baseKey.length);
    return { id: String(id), name, slot };
  });
  const measured = [];
  for (const size of sizes) {
    let ctr = 0;
    const tasks = slots.map(({ slot, ...rest }) => ({
      ...rest,
      once: () => abi.seal(slot, 0, ctr++, windowBase, 0, text, size),
    }));
    measured.push({ size, seal: await race(tasks, effort) });
  }
  return measured;
}

async function compiled() {
  const url = new URL('../../dist/core.wasm', import.meta.url);
  if (globalThis.process?.versions?.node === undefined)
    return WebAssembly.compile(await (await fetch(url)).arrayBuffer());
  const { readFile } = await import('node:fs/promises');
  return WebAssembly.compile(await readFile(url));
}
