// @ts-check
// A browser whose WebAssembly has no SIMD, as older Safari.

WebAssembly.validate = () => false;
WebAssembly.Module = /** @type {any} */ (
  class {
    constructor() {
      throw new WebAssembly.CompileError('SIMD');
    }
  }
);
