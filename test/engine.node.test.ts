// Where WebAssembly cannot be had, and where it comes from outside. In Node only, where a module graph can be made
// afresh; test/bundlers shows a real page under a real policy.

import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { loadBuilt } from './load.ts';

const RealModule = WebAssembly.Module;
const cipherSuite = 'AES_128_GCM_SHA256_128';

async function freshLibrary(): Promise<typeof import('../src/index.ts')> {
  vi.resetModules();
  return await import('../src/index.ts');
}

beforeEach(() => {
  vi.resetModules();
});

afterEach(() => {
  WebAssembly.Module = RealModule;
});

/** What a Content-Security-Policy without 'wasm-unsafe-eval' does. */
function forbidCompiling(): void {
  WebAssembly.Module = class extends RealModule {
    constructor(bytes: BufferSource) {
      super(bytes);
      throw new WebAssembly.CompileError(
        'violates the Content Security Policy directive: "script-src \'self\'"',
      );
    }
  };
}

describe('where compiling is forbidden', () => {
  test('the first key says so, and what to do', async () => {
    const { SFrameDecryptor, SFrameEncryptor, preload } = await freshLibrary();
    forbidCompiling();
    const encryptor = new SFrameEncryptor({ cipherSuite, engine: 'wasm' });
    const decryptor = new SFrameDecryptor({ cipherSuite, engine: 'wasm' });
    for (const call of [
      () => encryptor.setEncryptionKey(new Uint8Array(16), 1),
      () => decryptor.addDecryptionKey(new Uint8Array(16), 1),
      () => preload(),
    ])
      expect(call).toThrow(expect.objectContaining({ code: 'engine-unavailable', name: 'SFrameError' }));
    expect(() => preload()).toThrow(/'wasm-unsafe-eval'.*preload\(\)/);
    expect(encryptor.kid).toBeUndefined();
    // and it can be mended
    WebAssembly.Module = RealModule;
    encryptor.setEncryptionKey(new Uint8Array(16), 1);
    expect(encryptor.kid).toBe(1n);
  });

  test('a module compiled elsewhere serves', async () => {
    const module = new RealModule(await loadBuilt('core.wasm'));
    const { SFrameEncryptor, preload } = await freshLibrary();
    forbidCompiling();
    preload(module);
    preload(module);
    preload();
    const encryptor = new SFrameEncryptor({ cipherSuite });
    encryptor.setEncryptionKey(new Uint8Array(16), 1);
    expect(encryptor.encrypt(new Uint8Array(5)).length).toBe(22);
  });
});

test('a module that is not the core is refused, and the next call is not the worse for it', async () => {
  const { SFrameEncryptor, preload } = await freshLibrary();
  const empty = new RealModule(new Uint8Array([0, 97, 115, 109, 1, 0, 0, 0]));
  expect(() => preload(empty)).toThrow(TypeError);
  expect(() => preload(empty)).toThrow(/module/);
  const encryptor = new SFrameEncryptor({ cipherSuite });
  encryptor.setEncryptionKey(new Uint8Array(16), 1);
});

test('a core that computes something else fails its self-test', async () => {
  const bytes = await loadBuilt('core.wasm');
  const { preload } = await freshLibrary();
  // one bit of "SFrame 1.0 Secret key ", which every key depends on
  const label = [...'Secret key'].map((char) => char.charCodeAt(0));
  const at = bytes.findIndex((_, i) => label.every((byte, j) => bytes[i + j] === byte));
  expect(at).toBeGreaterThan(0);
  bytes[at] = (bytes[at] as number) ^ 1;
  const broken = new RealModule(bytes);
  expect(() => preload(broken)).toThrow(expect.objectContaining({ code: 'engine-unavailable' }));
});

describe('without WebCrypto', () => {
  beforeEach(() => {
    vi.stubGlobal('crypto', {});
  });
  afterEach(() => {
    vi.unstubAllGlobals();
  });

  test('the webcrypto engine says so, and auto does without', async () => {
    const { SFrameDecryptor, SFrameEncryptor } = await freshLibrary();
    const encryptor = new SFrameEncryptor({ cipherSuite, engine: 'webcrypto' });
    const decryptor = new SFrameDecryptor({ cipherSuite, engine: 'webcrypto' });
    for (const call of [
      () => encryptor.setEncryptionKey(new Uint8Array(16), 1),
      () => decryptor.addDecryptionKey(new Uint8Array(16), 1),
    ])
      expect(call).toThrow(expect.objectContaining({ code: 'engine-unavailable' }));
    const auto = new SFrameEncryptor({ cipherSuite });
    auto.setEncryptionKey(new Uint8Array(16), 1);
    expect((await auto.encryptAsync(new Uint8Array(100_000))).length).toBe(100_017);
  });

  test('and without WebAssembly there is nothing', async () => {
    const { SFrameEncryptor } = await freshLibrary();
    forbidCompiling();
    const encryptor = new SFrameEncryptor({ cipherSuite });
    expect(() => encryptor.setEncryptionKey(new Uint8Array(16), 1)).toThrow(
      expect.objectContaining({ code: 'engine-unavailable' }),
    );
  });
});

test('where compiling is forbidden, auto goes on with WebCrypto', async () => {
  const { SFrameDecryptor, SFrameEncryptor } = await freshLibrary();
  forbidCompiling();
  const encryptor = new SFrameEncryptor({ cipherSuite });
  const decryptor = new SFrameDecryptor({ cipherSuite });
  encryptor.setEncryptionKey(new Uint8Array(16), 1);
  decryptor.addDecryptionKey(new Uint8Array(16), 1);
  const frame = new Uint8Array([1, 2, 3]);
  const ciphertext = await encryptor.encryptAsync(frame);
  expect(await decryptor.decryptAsync(ciphertext)).toEqual(frame);
  await expect(decryptor.decryptAsync(ciphertext)).rejects.toMatchObject({ code: 'replay' });
  for (const call of [
    () => encryptor.encrypt(frame),
    () => encryptor.encryptInto(new Uint8Array(50), frame),
    () => decryptor.decrypt(ciphertext),
    () => decryptor.decryptInto(new Uint8Array(50), ciphertext),
  ])
    expect(call).toThrow(expect.objectContaining({ code: 'engine-unavailable' }));
  expect(encryptor.ctr).toBe(1n);
});
