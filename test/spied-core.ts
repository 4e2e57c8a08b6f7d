// The library in a fresh module graph whose core's memory a test can look into. Import this before the library.

import { loadBuilt } from './load.ts';

const instances: WebAssembly.Instance[] = [];
const RealInstance = WebAssembly.Instance;
WebAssembly.Instance = class extends RealInstance {
  constructor(module: WebAssembly.Module, imports?: WebAssembly.Imports) {
    super(module, imports);
    instances.push(this);
  }
};

/** The memory of the one core of this realm, once it runs. */
export function coreMemory(): Uint8Array<ArrayBuffer> {
  if (instances.length !== 1) throw new Error(`${instances.length} cores`);
  return new Uint8Array(memoryOf(instances[0] as WebAssembly.Instance).buffer as ArrayBuffer);
}

function memoryOf(instance: WebAssembly.Instance): WebAssembly.Memory {
  return instance.exports['memory'] as WebAssembly.Memory;
}

/** Names of what the core exports. */
export function coreExports(): string[] {
  return Object.keys(instances[0]?.exports ?? {}).sort();
}

const pristine = memoryOf(new RealInstance(new WebAssembly.Module(await loadBuilt('core.wasm'))));

/** Where memory is neither a constant of the module nor zero. */
export function dirtyBytes(): { at: number; byte: number }[] {
  const constants = new Uint8Array(pristine.buffer as ArrayBuffer);
  const dirty: { at: number; byte: number }[] = [];
  coreMemory().forEach((byte, at) => {
    if (byte !== (constants[at] ?? 0)) dirty.push({ at, byte });
  });
  return dirty;
}

/** Dirty bytes below the key slots: what kernels leave behind, the last header's KID and CTR apart. */
export function dirtyScratch(): { at: number; byte: number }[] {
  const { slotsBase, PARSED } = (instances[0] as WebAssembly.Instance).exports as unknown as {
    slotsBase: () => number;
    PARSED: WebAssembly.Global<'i32'>;
  };
  return dirtyBytes().filter(({ at }) => at < slotsBase() && (at < PARSED.value || at >= PARSED.value + 16));
}

/** Whether 8 successive bytes of `secret`, anywhere in it, stand anywhere in the core's memory. */
export function coreHolds(secret: Uint8Array): boolean {
  const memory = coreMemory();
  const view = new DataView(memory.buffer);
  const pieces = new Set<bigint>();
  const source = new DataView(secret.buffer, secret.byteOffset, secret.length);
  for (let i = 0; i + 8 <= secret.length; i++) pieces.add(source.getBigUint64(i));
  if (pieces.size === 0) throw new Error('too short to search for');
  for (let at = 0; at + 8 <= memory.length; at++) if (pieces.has(view.getBigUint64(at))) return true;
  return false;
}
