// @ts-check
// A browser whose WebAssembly is switched off, as in Lockdown Mode.

Reflect.deleteProperty(globalThis, 'WebAssembly');
