// How large the memory of our core is. Import this before the library: it notes what is instantiated.

/** @type {WebAssembly.Memory[]} */
const memories = [];
const RealInstance = WebAssembly.Instance;
WebAssembly.Instance = class extends RealInstance {
  /** @param {WebAssembly.Module} module @param {WebAssembly.Imports} [imports] */
  constructor(module, imports) {
    super(module, imports);
    const memory = this.exports['memory'];
    if (memory instanceof WebAssembly.Memory) memories.push(memory);
  }
};

/** Bytes of WebAssembly memory in this realm. */
export function wasmBytes() {
  return memories.reduce((sum, { buffer }) => sum + buffer.byteLength, 0);
}
