// MLS keys where an engine is missing. In Node only, where a module graph can be made afresh.

import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { loadBuilt } from './load.ts';

const RealModule = WebAssembly.Module;
const options = { cipherSuite: 'AES_128_GCM_SHA256_128', epochBits: 4 } as const;
const epoch = { epoch: 5, baseKey: new Uint8Array(16).fill(7), groupSize: 4 };
const frame = new Uint8Array([1, 2, 3]);

beforeEach(() => {
  vi.resetModules();
});
afterEach(() => {
  WebAssembly.Module = RealModule;
  vi.unstubAllGlobals();
});

const freshLibrary = () => import('../src/index.ts');
const unavailable = expect.objectContaining({ code: 'engine-unavailable' });

/** What a Content-Security-Policy without 'wasm-unsafe-eval' does. */
function forbidCompiling(): void {
  WebAssembly.Module = class extends RealModule {
    constructor(bytes: BufferSource) {
      super(bytes);
      throw new WebAssembly.CompileError('violates the Content Security Policy');
    }
  };
}

test('without WebAssembly, auto goes on with WebCrypto, and says so where it cannot', async () => {
  const { MlsDecryptor, MlsEncryptor } = await freshLibrary();
  forbidCompiling();
  const encryptor = new MlsEncryptor(options);
  const decryptor = new MlsDecryptor(options);
  encryptor.setEpoch({ ...epoch, senderIndex: 1 });
  decryptor.addEpoch({ ...epoch, senderIndex: 0 });
  const ciphertext = await encryptor.encryptAsync(frame);
  const outcomes = await Promise.allSettled([1, 2].map(() => decryptor.decryptAsync(ciphertext)));
  expect(outcomes.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
  expect(() => encryptor.encrypt(frame)).toThrow(unavailable);
  expect(() => decryptor.decrypt(ciphertext)).toThrow(unavailable);
  const core = new MlsDecryptor({ ...options, engine: 'wasm' });
  expect(() => core.addEpoch(epoch)).toThrow(unavailable);
  expect(core.hasEpoch(5)).toBe(false);
});

test('a core that comes later serves later epochs; frames of the earlier ones go on', async () => {
  const module = new RealModule(await loadBuilt('core.wasm'));
  const { MlsDecryptor, MlsEncryptor, preload } = await freshLibrary();
  forbidCompiling();
  const encryptor = new MlsEncryptor(options);
  const decryptor = new MlsDecryptor(options);
  encryptor.setEpoch({ ...epoch, senderIndex: 1 });
  decryptor.addEpoch(epoch);
  const early = [await encryptor.encryptAsync(frame), await encryptor.encryptAsync(frame)] as const;
  expect(await decryptor.decryptAsync(early[0])).toEqual(frame);
  preload(module);
  const next = { ...epoch, epoch: 6, baseKey: new Uint8Array(16).fill(8) };
  encryptor.setEpoch({ ...next, senderIndex: 1 });
  decryptor.addEpoch(next);
  expect(decryptor.decrypt(encryptor.encrypt(frame))).toEqual(frame);
  expect(await decryptor.decryptAsync(await encryptor.encryptAsync(frame))).toEqual(frame);
  expect(await decryptor.decryptAsync(early[1])).toEqual(frame);
  // and windows hold from one engine to the other
  decryptor.removeEpoch(5);
  decryptor.addEpoch(epoch);
  expect(() => decryptor.decrypt(early[1])).toThrow(expect.objectContaining({ code: 'replay' }));
});

test('without WebCrypto, the core does it all', async () => {
  vi.stubGlobal('crypto', {});
  const { MlsDecryptor, MlsEncryptor } = await freshLibrary();
  const encryptor = new MlsEncryptor(options);
  const decryptor = new MlsDecryptor(options);
  encryptor.setEpoch({ ...epoch, senderIndex: 1 });
  decryptor.addEpoch(epoch);
  for (const len of [3, 100_000]) {
    const ciphertext = await encryptor.encryptAsync(new Uint8Array(len));
    expect((await decryptor.decryptAsync(ciphertext)).length).toBe(len);
  }
  const other = new MlsDecryptor({ ...options, engine: 'webcrypto' });
  expect(() => other.addEpoch(epoch)).toThrow(unavailable);
  expect(other.hasEpoch(5)).toBe(false);
});

test('without both there is nothing, and no epoch', async () => {
  vi.stubGlobal('crypto', {});
  const { MlsDecryptor } = await freshLibrary();
  forbidCompiling();
  const decryptor = new MlsDecryptor(options);
  expect(() => decryptor.addEpoch(epoch)).toThrow(unavailable);
  expect(decryptor.hasEpoch(5)).toBe(false);
});
