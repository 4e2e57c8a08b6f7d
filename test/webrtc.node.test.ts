// Calls where a realm of its own is needed for each: without WebAssembly, and without a browser.

import { afterEach, describe, expect, test, vi } from 'vitest';

afterEach(() => {
  vi.unstubAllGlobals();
  vi.resetModules();
});

describe('without WebAssembly', () => {
  test.each([
    ['there is none', () => vi.stubGlobal('WebAssembly', undefined)],
    [
      'it has no SIMD',
      () => {
        class NoModule {
          constructor() {
            throw new Error('no SIMD');
          }
        }
        vi.stubGlobal('WebAssembly', { validate: () => false, Module: NoModule });
      },
    ],
  ])('since %s, WebCrypto does it', async (_why, stub) => {
    vi.resetModules(); // the core may run already
    stub();
    const fakes = await import('./webrtc-fakes.ts');
    fakes.openBrowser();
    stub();
    const [alice, bob] = [new fakes.Person(), new fakes.Person()];
    expect(await fakes.talk(alice, bob)).toEqual([1, 50_000, 0, 3000]);
    expect((await alice.client.stats()).engine).toBe('webcrypto');
    fakes.closeBrowser();
  });
});

describe('without a browser', () => {
  test('importing it touches nothing, and says what is missing when it is used', async () => {
    vi.resetModules();
    const names = [
      'Worker',
      'RTCRtpSender',
      'RTCRtpScriptTransform',
      'sessionStorage',
      'navigator',
      'WebAssembly',
    ];
    const touched: PropertyKey[] = [];
    const before = Reflect.ownKeys(globalThis);
    const restore = names.map((name) => {
      const descriptor = Object.getOwnPropertyDescriptor(globalThis, name);
      const get = () => {
        touched.push(name);
        return descriptor?.value as unknown;
      };
      Object.defineProperty(globalThis, name, { configurable: true, get });
      return () => {
        if (descriptor === undefined) Reflect.deleteProperty(globalThis, name);
        else Object.defineProperty(globalThis, name, descriptor);
      };
    });
    const { SFrameClient } = await import('../src/webrtc.ts');
    for (const undo of restore) undo();
    expect(touched).toEqual([]);
    expect(Reflect.ownKeys(globalThis).filter((name) => !before.includes(name))).toEqual([]);
    expect(SFrameClient.support()).toEqual({ transform: null, wasm: true });
    const client = new SFrameClient({ cipherSuite: 'AES_128_GCM_SHA256_128', leakPollSeconds: 0 });
    await expect(client.setEncryptionKey(new Uint8Array(16))).rejects.toMatchObject({
      code: 'worker-failed',
    });
    expect(() => client.encrypt({} as RTCRtpSender)).toThrow(
      expect.objectContaining({ code: 'engine-unavailable' }),
    );
    client.destroy();
  });
});
