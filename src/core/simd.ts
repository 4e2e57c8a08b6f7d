// Whether there is a WebAssembly that the core could run in, asked without the core: pages that leave the cryptography to
// a worker need not load it. Whether a policy lets it be compiled is seen only when it is.

/** (module (func (result v128) i32.const 0 i8x16.splat)) */
const VECTORS: readonly number[] = [
  0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00, 0x01, 0x05, 0x01, 0x60, 0x00, 0x01, 0x7b, 0x03, 0x02, 0x01,
  0x00, 0x0a, 0x08, 0x01, 0x06, 0x00, 0x41, 0x00, 0xfd, 0x0f, 0x0b,
];

/** Whether this realm has WebAssembly with SIMD. */
export function hasWasmSimd(): boolean {
  return typeof WebAssembly === 'object' && WebAssembly.validate(new Uint8Array(VECTORS));
}
