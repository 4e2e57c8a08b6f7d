// The library in a fresh module graph whose derivations a test can count, and whose base keys in JavaScript's memory it
// can find. Import this before the library, and after spied-core.ts.

/** Calls of the core since reset(). */
export const derivations = { ratchet: 0, deriveKey: 0 };

export function resetDerivations(): void {
  derivations.ratchet = 0;
  derivations.deriveKey = 0;
}

type Exports = Record<string, unknown> & {
  ratchet: (...args: number[]) => number;
  deriveKey: (...args: (number | bigint)[]) => void;
};

const RealInstance = WebAssembly.Instance;
WebAssembly.Instance = class extends RealInstance {
  constructor(module: WebAssembly.Module, imports?: WebAssembly.Imports) {
    super(module, imports);
    const real = this.exports as unknown as Exports;
    const exports: Exports = {
      ...real,
      ratchet(...args) {
        derivations.ratchet++;
        return real.ratchet(...args);
      },
      deriveKey(...args) {
        derivations.deriveKey++;
        real.deriveKey(...args);
      },
    };
    // biome-ignore lint/correctness/noConstructorReturn: the real exports cannot be replaced
    return { exports } as unknown as WebAssembly.Instance;
  }
};

/** Every array that bytes were copied or sliced into: base keys come about in no other way. */
const copies: Uint8Array[] = [];
const typedArray = Object.getPrototypeOf(Uint8Array.prototype) as Uint8Array;
const { set, slice } = typedArray;
let watching = false;

typedArray.set = function (this: Uint8Array, source: ArrayLike<number>, offset?: number): void {
  if (watching && this.length <= 64) copies.push(this);
  set.call(this, source, offset);
};
typedArray.slice = function (this: Uint8Array, from?: number, to?: number): Uint8Array<ArrayBuffer> {
  const copy = slice.call(this, from, to) as Uint8Array<ArrayBuffer>;
  if (watching && copy.length <= 64) copies.push(copy);
  return copy;
};

/** Runs `work` and remembers what it copies. */
export function watched<T>(work: () => T): T {
  watching = true;
  try {
    return work();
  } finally {
    watching = false;
  }
}

/** In how many of those arrays a base key stands. */
export function copiesOf(baseKey: Uint8Array): number {
  const isIt = (copy: Uint8Array) =>
    copy.length === baseKey.length && copy.every((byte, i) => byte === baseKey[i]);
  return copies.filter(isIt).length;
}

export function forgetCopies(): void {
  copies.length = 0;
}
