// What the build left in build/, read the same way in Node and in a browser.

/** The bytes of a file of build/. */
export async function loadBuilt(name: 'core.wasm' | 'kernels.wasm'): Promise<Uint8Array<ArrayBuffer>> {
  const url = new URL(`../build/${name}`, import.meta.url);
  if (typeof process === 'object' && process.versions?.node !== undefined) {
    const { readFile } = await import('node:fs/promises');
    return new Uint8Array(await readFile(url));
  }
  const response = await fetch(url);
  if (!response.ok) throw new Error(`cannot load ${name}: ${response.status}`);
  return new Uint8Array(await response.arrayBuffer());
}
