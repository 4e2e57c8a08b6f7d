// What a ratchet leaves behind: no base key that has served, in the core's memory or in JavaScript's; and what forged
// frames cost: derivations, counted.

import { beforeEach, describe, expect, test } from 'vitest';
import { copiesOf, derivations, forgetCopies, resetDerivations, watched } from './counted-core.ts';
import { noise } from './lengths.ts';
import { coreHolds, coreMemory, dirtyBytes, dirtyScratch } from './spied-core.ts';

const { cipherSuites, RatchetDecryptor, RatchetEncryptor } = await import('../src/index.ts');
const { Chains, chainOf, codeOf, damaged, frame, outcome, underKid } = await import('./ratchets.ts');
type CipherSuite = keyof typeof cipherSuites;

beforeEach(() => {
  forgetCopies();
  resetDerivations();
});

describe.each(['AES_128_GCM_SHA256_128', 'AES_256_CTR_HMAC_SHA512_80'] as CipherSuite[])(
  '%s',
  (cipherSuite) => {
    const root = noise(cipherSuites[cipherSuite].Nh, 1);

    test('a sender has one base key, the current one, and none when it is destroyed', async () => {
      const chain = await chainOf(root, 6, cipherSuite);
      const encryptor = new RatchetEncryptor({ cipherSuite, ratchetBits: 3 });
      const counts = (): number[] => chain.map(copiesOf);
      watched(() => encryptor.setEncryptionKey(root));
      expect(counts()).toEqual([1, 0, 0, 0, 0, 0, 0]);
      for (let step = 1; step <= 5; step++) {
        watched(() => encryptor.ratchet());
        watched(() => encryptor.encrypt(frame));
        expect(counts()).toEqual(chain.map((_, i) => (i === step ? 1 : 0)));
        for (const baseKey of chain) expect(coreHolds(baseKey)).toBe(false);
        expect(dirtyScratch().length).toBe(0);
      }
      watched(() => encryptor.setEncryptionKey(noise(32, 2)));
      expect(counts()).toEqual(chain.map(() => 0));
      expect(copiesOf(noise(32, 2))).toBe(1);
      watched(() => encryptor.destroy());
      expect(copiesOf(noise(32, 2))).toBe(0);
      expect(dirtyBytes().length).toBe(0);
    });

    test('a key that cannot be set is wiped', () => {
      const encryptor = new RatchetEncryptor({ cipherSuite, ratchetBits: 3 });
      watched(() => encryptor.setEncryptionKey(root, 1));
      const { grow } = WebAssembly.Memory.prototype;
      WebAssembly.Memory.prototype.grow = () => {
        throw new RangeError('no memory');
      };
      const others: { destroy(): void }[] = [];
      try {
        for (;;) {
          const other = new RatchetEncryptor({ cipherSuite, ratchetBits: 3 });
          others.push(other);
          try {
            other.setEncryptionKey(noise(16, 3));
          } catch {
            break;
          }
        }
        expect(() => watched(() => encryptor.setEncryptionKey(noise(32, 2)))).toThrow(RangeError);
        expect(() => watched(() => encryptor.ratchet())).toThrow(RangeError);
      } finally {
        WebAssembly.Memory.prototype.grow = grow;
      }
      expect(copiesOf(noise(32, 2))).toBe(0);
      expect(copiesOf(root)).toBe(1);
      for (const other of [...others, encryptor]) other.destroy();
      expect(dirtyBytes().length).toBe(0);
    });

    test('a replay window that finds no memory leaves nothing', async () => {
      const chains = new Chains(3, [await chainOf(root, 3, cipherSuite)], cipherSuite);
      const ahead = chains.frame(2);
      const decryptor = new RatchetDecryptor({ cipherSuite, ratchetBits: 3 });
      decryptor.addDecryptionKey(root, 0);
      const before = dirtyBytes().length;
      const RealArray = globalThis.Uint32Array;
      globalThis.Uint32Array = class extends RealArray {
        constructor() {
          super(0);
          throw new RangeError('Array buffer allocation failed');
        }
      } as unknown as Uint32ArrayConstructor;
      try {
        expect(() => decryptor.decrypt(ahead)).toThrow(RangeError);
        expect(() => watched(() => decryptor.addDecryptionKey(noise(32, 5), 8))).toThrow(RangeError);
      } finally {
        globalThis.Uint32Array = RealArray;
      }
      expect(copiesOf(noise(32, 5))).toBe(0);
      expect(dirtyBytes().length).toBeLessThanOrEqual(before);
      expect(decryptor.decrypt(ahead)).toEqual(frame);
      decryptor.destroy();
      expect(dirtyBytes().length).toBe(0);
    });

    test('exportKey gives a copy; what is wiped later is not it', () => {
      const encryptor = new RatchetEncryptor({ cipherSuite, ratchetBits: 3 });
      watched(() => encryptor.setEncryptionKey(root));
      const { baseKey } = watched(() => encryptor.exportKey());
      expect(copiesOf(root)).toBe(2);
      watched(() => encryptor.destroy());
      expect(baseKey).toEqual(root);
      expect(copiesOf(root)).toBe(1);
    });

    test('a receiver has the base key of the current step, and of those that frames have claimed', async () => {
      const chains = new Chains(5, [await chainOf(root, 20, cipherSuite)], cipherSuite);
      const held = (): number[] => Array.from({ length: 21 }, (_, step) => copiesOf(chains.baseKey(step)));
      const only = (...steps: number[]): number[] =>
        Array.from({ length: 21 }, (_, i) => (steps.includes(i) ? 1 : 0));
      const decryptor = new RatchetDecryptor({ cipherSuite, ratchetBits: 5 });
      const frames = Array.from({ length: 21 }, (_, step) => chains.frame(step));
      forgetCopies();
      watched(() => decryptor.addDecryptionKey(root, 0));
      expect(held()).toEqual(only(0));
      watched(() => decryptor.decrypt(frames[0]!));
      expect(held()).toEqual(only(0));
      // a forged frame
      expect(codeOf(() => watched(() => decryptor.decrypt(damaged(frames[4]!))))).toBe('authentication');
      expect(held()).toEqual(only(0, 1, 2, 3, 4));
      // a genuine one takes those up to it with it
      watched(() => decryptor.decrypt(frames[3]!));
      expect(held()).toEqual(only(3, 4));
      watched(() => decryptor.decrypt(frames[2]!));
      watched(() => decryptor.decrypt(frames[4]!));
      expect(held()).toEqual(only(4));
      // added: known, old, another step, another key
      watched(() => decryptor.addDecryptionKey(...chains.key(4)));
      expect(held()).toEqual(only(4));
      watched(() => decryptor.addDecryptionKey(...chains.key(1)));
      expect(held()).toEqual(only(4));
      watched(() => decryptor.addDecryptionKey(...chains.key(6)));
      expect(held()).toEqual(only(6));
      for (const baseKey of [1, 4, 6].map((step) => chains.baseKey(step)))
        expect(coreHolds(baseKey)).toBe(false);
      watched(() => decryptor.addDecryptionKey(noise(32, 5), 6));
      expect(held()).toEqual(only());
      expect(copiesOf(noise(32, 5))).toBe(1);
      watched(() => decryptor.addDecryptionKey(root, 32));
      expect(codeOf(() => watched(() => decryptor.decrypt(underKid(frames[2]!, 34n))))).toBe(
        'authentication',
      );
      expect(held()).toEqual(only(0, 1, 2));
      watched(() => decryptor.removeGeneration(1));
      expect(held()).toEqual(only());
      watched(() => decryptor.destroy());
      expect(copiesOf(noise(32, 5))).toBe(0);
      expect(dirtyBytes().length).toBe(0);
    });

    test('nothing is left of steps that were kept, forged, skipped, removed or opened by WebCrypto', async () => {
      const chains = new Chains(5, [await chainOf(root, 20, cipherSuite)], cipherSuite);
      let time = 0;
      let ctr = 0;
      const decryptor = new RatchetDecryptor({ cipherSuite, ratchetBits: 5, now: () => time });
      const before = coreMemory().length;
      for (let round = 0; round < 50; round++) {
        decryptor.addDecryptionKey(root, 0);
        for (const step of [0, 1, 2, 5, 4, 3, 9]) {
          ctr++;
          expect(codeOf(() => decryptor.decrypt(damaged(chains.frame(step, ctr))))).toBe('authentication');
          expect(codeOf(() => decryptor.decrypt(damaged(chains.frame(step + 6, ctr))))).toBe(
            'authentication',
          );
          decryptor.decrypt(chains.frame(step, ctr));
          const large = chains.frame(step, ++ctr, { plaintext: noise(50_000, 1) });
          if (round % 10 === 0) expect(await outcome(decryptor.decryptAsync(large))).toBe('opened');
        }
        time += 5000 * (round % 3);
        decryptor.decrypt(chains.frame(9, ++ctr));
        decryptor.removeGeneration(0);
        expect(dirtyScratch().length).toBe(0);
      }
      expect(dirtyBytes().length, 'with no key left').toBe(0);
      expect(coreMemory().length - before, 'no slot is lost').toBeLessThan(2 ** 20);
      decryptor.destroy();
    });
  },
);

describe('a flood of forged frames', () => {
  const cipherSuite: CipherSuite = 'AES_128_GCM_SHA256_128';
  const root = noise(32, 1);

  test.each(['decrypt', 'decryptAsync'] as const)(
    'costs maxForward base keys once, and one frame key each: %s',
    async (method) => {
      const chains = new Chains(8, [await chainOf(root, 40)]);
      const decryptor = new RatchetDecryptor({ cipherSuite, ratchetBits: 8 });
      decryptor.addDecryptionKey(root, 0);
      const open = async (ciphertext: Uint8Array): Promise<string> =>
        method === 'decrypt'
          ? (codeOf(() => decryptor.decrypt(ciphertext)) ?? 'opened')
          : outcome(decryptor.decryptAsync(ciphertext));
      const genuine = [0, 1, 20, 36].map((step) =>
        Array.from({ length: 10 }, (_, ctr) => chains.frame(step, ctr)),
      );
      const large = chains.frame(0, 50, { plaintext: noise(60_000, 1) });
      await open(genuine[0]![0]!);
      resetDerivations();
      for (let round = 0; round < 40; round++)
        for (let kid = 0n; kid < 256n; kid++) {
          const forged = underKid(round % 20 === 0 ? large : genuine[0]![1]!, kid);
          const code = await open(kid === 0n ? damaged(forged) : forged);
          expect(code).toBe(kid <= 16n ? 'authentication' : 'ratchet-limit');
        }
      expect(derivations).toEqual({ ratchet: 16, deriveKey: 40 * 16 });

      // a genuine step is taken at once, and costs what it costs: nobody is made to wait
      resetDerivations();
      expect(await open(genuine[1]![0]!)).toBe('opened');
      expect(derivations).toEqual({ ratchet: 0, deriveKey: 2 }); // tried, then kept
      for (let kid = 2n; kid <= 17n; kid++) await open(underKid(genuine[1]![1]!, kid));
      expect(derivations).toEqual({ ratchet: 1, deriveKey: 18 });

      // as far as there is: the two skipped steps within reach are kept
      expect(await open(chains.frame(17))).toBe('opened');
      resetDerivations();
      expect(await open(genuine[2]![0]!)).toBe('opened');
      expect(derivations).toEqual({ ratchet: 3, deriveKey: 4 });
      resetDerivations();
      for (let i = 0; i < 100; i++) await open(underKid(genuine[2]![1]!, 36n));
      expect(derivations).toEqual({ ratchet: 16, deriveKey: 100 });
      // of fifteen skipped steps two are kept
      resetDerivations();
      expect(await open(genuine[3]![0]!)).toBe('opened');
      expect(derivations).toEqual({ ratchet: 0, deriveKey: 4 });
      decryptor.destroy();
    },
  );

  test('of other generations, or beyond the limit, costs no derivation at all', async () => {
    const chains = new Chains(8, [await chainOf(root, 2)]);
    const decryptor = new RatchetDecryptor({ cipherSuite, ratchetBits: 8 });
    decryptor.addDecryptionKey(root, 0);
    const ciphertext = chains.frame(0);
    resetDerivations();
    for (let kid = 17n; kid < 2000n; kid += 3n) codeOf(() => decryptor.decrypt(underKid(ciphertext, kid)));
    expect(derivations).toEqual({ ratchet: 0, deriveKey: 0 });
    decryptor.destroy();
  });

  test('every step costs a sender one base key and one frame key', () => {
    const encryptor = new RatchetEncryptor({ cipherSuite, ratchetBits: 8 });
    encryptor.setEncryptionKey(root);
    resetDerivations();
    for (let i = 0; i < 10; i++) encryptor.ratchet();
    expect(derivations).toEqual({ ratchet: 10, deriveKey: 10 });
    encryptor.destroy();
  });
});

test('contexts show nothing of their keys', () => {
  const options = { cipherSuite: 'AES_128_GCM_SHA256_128', ratchetBits: 4 } as const;
  const encryptor = new RatchetEncryptor(options);
  const decryptor = new RatchetDecryptor(options);
  encryptor.setEncryptionKey(noise(16, 1));
  decryptor.addDecryptionKey(noise(16, 1), 0);
  for (const context of [encryptor, decryptor]) {
    expect(Reflect.ownKeys(context)).toEqual([]);
    expect(JSON.stringify(context)).toBe('{}');
    context.destroy();
  }
});
