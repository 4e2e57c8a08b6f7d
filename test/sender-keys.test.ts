// Sender keys (RFC 9605 §5.1): KIDs, ratchets, what a receiver follows, what it refuses, and that it never goes back.

import { afterEach, describe, expect, test, vi } from 'vitest';
import {
  type CipherSuite,
  cipherSuites,
  decodeHeader,
  RatchetDecryptor,
  type RatchetDecryptorOptions,
  RatchetEncryptor,
  type RatchetEncryptorOptions,
  SFrameDecryptor,
  SFrameEncryptor,
  SFrameError,
} from '../src/index.ts';
import vectors from '../vectors/sframe-vectors.json' with { type: 'json' };
import { noise } from './lengths.ts';
import { hex, oracleDecrypt, unhex } from './oracle.ts';
import { Chains, chainOf, cipherSuite, codeOf, damaged, frame, outcome, underKid } from './ratchets.ts';

const names = Object.keys(cipherSuites) as CipherSuite[];
const { ratchet: chains, ratchetWrong, senderKid } = vectors.computed;
const keyA = noise(16, 1);
const keyB = noise(16, 2);
/** Two generations, 80 steps each. */
const base = [await chainOf(keyA, 80), await chainOf(keyB, 80)];
const chainsOf = (ratchetBits: number): Chains => new Chains(ratchetBits, base);

afterEach(() => vi.restoreAllMocks());

function sender(ratchetBits = 4, options: Partial<RatchetEncryptorOptions> = {}): RatchetEncryptor {
  const encryptor = new RatchetEncryptor({ cipherSuite, ratchetBits, ...options });
  encryptor.setEncryptionKey(keyA);
  return encryptor;
}

/** A receiver who was given the key of generation 0 at step 0. */
function receiver(ratchetBits = 4, options: Partial<RatchetDecryptorOptions> = {}): RatchetDecryptor {
  const decryptor = new RatchetDecryptor({ cipherSuite, ratchetBits, ...options });
  decryptor.addDecryptionKey(keyA, 0);
  return decryptor;
}

function ratchetTimes(encryptor: RatchetEncryptor, times: number): void {
  for (let i = 0; i < times; i++) encryptor.ratchet();
}

describe('KIDs', () => {
  test.each(senderKid.filter(({ ratchetBits }) => ratchetBits > 0))(
    'generation $generation, step $ratchetStep, R = $ratchetBits: $kid',
    ({ generation, ratchetStep, ratchetBits, kid }) => {
      const encryptor = new RatchetEncryptor({ cipherSuite, ratchetBits });
      encryptor.setEncryptionKey(keyA, BigInt(generation));
      ratchetTimes(encryptor, Number(ratchetStep));
      expect(encryptor.kid).toBe(BigInt(kid));
      expect(encryptor.exportKey().kid).toBe(BigInt(kid));
      expect(decodeHeader(encryptor.encrypt(frame)).kid).toBe(BigInt(kid));
      expect([encryptor.generation, encryptor.step]).toEqual([BigInt(generation), BigInt(ratchetStep)]);
    },
  );

  test('R = 0 would hide the step, R = 64 the generation', () => {
    for (const ratchetBits of [0, 64]) {
      expect(() => new RatchetEncryptor({ cipherSuite, ratchetBits })).toThrow(RangeError);
      expect(() => new RatchetDecryptor({ cipherSuite, ratchetBits })).toThrow(RangeError);
    }
  });

  test.each([1, 2, 31, 32, 33, 52, 53, 54, 62, 63])('R = %i, to the last generation', (ratchetBits) => {
    const last = 2n ** BigInt(64 - ratchetBits) - 1n;
    for (const generation of new Set([0n, 1n, last - 1n, last])) {
      const encryptor = new RatchetEncryptor({ cipherSuite, ratchetBits });
      encryptor.setEncryptionKey(keyA, generation);
      const decryptor = new RatchetDecryptor({ cipherSuite, ratchetBits });
      decryptor.addDecryptionKey(keyA, encryptor.kid!);
      for (let step = 0n; step < 5n; step++) {
        expect(encryptor.kid).toBe((generation << BigInt(ratchetBits)) | (step % 2n ** BigInt(ratchetBits)));
        expect(decryptor.decrypt(encryptor.encrypt(frame))).toEqual(frame);
        expect(decryptor.decrypt(encryptor.encrypt(frame))).toEqual(frame);
        encryptor.ratchet();
      }
      // the neighbours have no key
      const ciphertext = encryptor.encrypt(frame);
      for (const other of [generation - 1n, generation + 1n].filter((g) => g >= 0n && g <= last))
        expect(
          codeOf(() => decryptor.decrypt(underKid(ciphertext, other << BigInt(ratchetBits)))),
          `${generation} ${other}`,
        ).toBe('key-id');
      expect(decryptor.decrypt(ciphertext)).toEqual(frame);
    }
    const encryptor = new RatchetEncryptor({ cipherSuite, ratchetBits });
    expect(() => encryptor.setEncryptionKey(keyA, last + 1n)).toThrow(/^generation /);
    encryptor.setEncryptionKey(keyA, last);
    expect(() => encryptor.setEncryptionKey(keyB)).toThrow(/^generation /);
    expect(encryptor.generation).toBe(last);
  });
});

describe('the ratchet', () => {
  test.each(names)('%s: base keys of the vectors', (suite) => {
    const hash = cipherSuites[suite].hash === 'SHA-256' ? 'sha256' : 'sha512';
    const vector = chains.find((v) => v.hash === hash)!;
    const encryptor = new RatchetEncryptor({ cipherSuite: suite, ratchetBits: 3 });
    encryptor.setEncryptionKey(unhex(vector.baseKey0));
    expect(hex(encryptor.exportKey().baseKey)).toBe(vector.baseKey0);
    for (const next of vector.baseKeys1to4) {
      encryptor.ratchet();
      expect(hex(encryptor.exportKey().baseKey)).toBe(next);
    }
  });

  test.each(names)('%s: frames are those of the base key and the KID as sent', async (suite) => {
    const chain = new Chains(2, [await chainOf(keyA, 9, suite)], suite);
    const encryptor = new RatchetEncryptor({ cipherSuite: suite, ratchetBits: 2 });
    encryptor.setEncryptionKey(keyA);
    const decryptor = new RatchetDecryptor({ cipherSuite: suite, ratchetBits: 2 });
    decryptor.addDecryptionKey(keyA, 0);
    for (let step = 0; step < 9; step++) {
      for (let ctr = 0; ctr < 2; ctr++) {
        const ciphertext = encryptor.encrypt(frame);
        expect(hex(ciphertext)).toBe(hex(chain.frame(step, ctr)));
        expect(decryptor.decrypt(ciphertext)).toEqual(frame);
      }
      encryptor.ratchet();
    }
  });

  test('the oracle opens what comes after three steps', () => {
    const encryptor = sender();
    ratchetTimes(encryptor, 3);
    const { plaintext, kid } = oracleDecrypt({
      suite: 4,
      baseKey: base[0]![3]!,
      metadata: new Uint8Array(0),
      ciphertext: encryptor.encrypt(frame),
    });
    expect([kid, plaintext]).toEqual([3n, frame]);
  });

  test.each(ratchetWrong)('refused: $why', ({ baseKey1 }) => {
    const decryptor = new RatchetDecryptor({ cipherSuite, ratchetBits: 4 });
    const baseKey0 = unhex(chains[0]!.baseKey0);
    decryptor.addDecryptionKey(baseKey0, 0);
    const wrong = new SFrameEncryptor({ cipherSuite });
    wrong.setEncryptionKey(unhex(baseKey1), 1);
    const genuine = new RatchetEncryptor({ cipherSuite, ratchetBits: 4 });
    genuine.setEncryptionKey(baseKey0);
    decryptor.decrypt(genuine.encrypt(frame));
    for (let i = 0; i < 20; i++)
      expect(codeOf(() => decryptor.decrypt(wrong.encrypt(frame)))).toBe('authentication');
    expect(decryptor.decrypt(genuine.encrypt(frame))).toEqual(frame);
    genuine.ratchet();
    expect(decryptor.decrypt(genuine.encrypt(frame))).toEqual(frame);
  });
});

describe('RatchetEncryptor', () => {
  test('has nothing before its first key', () => {
    const encryptor = new RatchetEncryptor({ cipherSuite, ratchetBits: 4 });
    expect([encryptor.kid, encryptor.generation, encryptor.step, encryptor.ctr]).toEqual([
      undefined,
      undefined,
      undefined,
      0n,
    ]);
    for (const call of [
      () => encryptor.encrypt(frame),
      () => encryptor.ratchet(),
      () => encryptor.exportKey(),
    ])
      expect(codeOf(call)).toBe('no-key');
  });

  test('numbers generations: one more than the highest, or as told, and none twice', () => {
    const encryptor = sender(8);
    expect(encryptor.generation).toBe(0n);
    encryptor.ratchet();
    encryptor.setEncryptionKey(keyB);
    expect([encryptor.generation, encryptor.step, encryptor.kid]).toEqual([1n, 0n, 256n]);
    encryptor.setEncryptionKey(keyA, 7);
    encryptor.setEncryptionKey(keyA, 5n);
    encryptor.setEncryptionKey(keyB);
    expect(encryptor.generation).toBe(8n);
    const ciphertext = encryptor.encrypt(frame);
    for (const used of [0, 1, 5, 7, 8n])
      for (const key of [keyA, keyB, noise(32, 9)])
        expect(() => encryptor.setEncryptionKey(key, used)).toThrow(
          expect.objectContaining({ code: 'key-reuse', kid: BigInt(used) << 8n }),
        );
    expect([encryptor.kid, encryptor.ctr]).toEqual([8n << 8n, 1n]);
    const decryptor = new RatchetDecryptor({ cipherSuite, ratchetBits: 8 });
    decryptor.addDecryptionKey(keyB, 8n << 8n);
    expect(decryptor.decrypt(ciphertext)).toEqual(frame);
    expect(decryptor.decrypt(encryptor.encrypt(frame))).toEqual(frame);
  });

  test('counts steps on where KIDs start again, and CTR from 0 at every step', () => {
    const encryptor = sender(1);
    for (let step = 0n; step < 20n; step++) {
      expect([encryptor.step, encryptor.kid, encryptor.ctr]).toEqual([step, step % 2n, 0n]);
      expect(decodeHeader(encryptor.encrypt(frame))).toMatchObject({ kid: step % 2n, ctr: 0n });
      expect(encryptor.ctr).toBe(1n);
      encryptor.ratchet();
    }
  });

  test('takes a copy of the base key, and gives one', () => {
    const key = keyA.slice();
    const encryptor = new RatchetEncryptor({ cipherSuite, ratchetBits: 4 });
    encryptor.setEncryptionKey(key);
    expect(key).toEqual(keyA);
    key.fill(0);
    const exported = encryptor.exportKey();
    expect([exported.baseKey.byteOffset, exported.baseKey.buffer.byteLength]).toEqual([0, 16]);
    expect(exported).toEqual({ baseKey: keyA, kid: 0n });
    exported.baseKey.fill(0);
    encryptor.ratchet();
    expect(encryptor.exportKey()).toEqual({ baseKey: base[0]![1], kid: 1n });
  });

  test('a key that cannot be set leaves the one there is', () => {
    const encryptor = sender();
    encryptor.ratchet();
    encryptor.encrypt(frame);
    const others: RatchetEncryptor[] = [];
    vi.spyOn(WebAssembly.Memory.prototype, 'grow').mockImplementation(() => {
      throw new RangeError('no memory');
    });
    const takeAll = (): void => {
      for (;;) others.push(sender());
    };
    expect(takeAll).toThrow(/^out of memory/);
    expect(() => encryptor.setEncryptionKey(keyB)).toThrow(RangeError);
    expect(() => encryptor.ratchet()).toThrow(RangeError);
    for (const bad of [new Uint8Array(15), new Uint8Array(4097)])
      expect(() => encryptor.setEncryptionKey(bad)).toThrow(/^baseKey /);
    expect([encryptor.generation, encryptor.step, encryptor.ctr]).toEqual([0n, 1n, 1n]);
    expect(encryptor.exportKey().baseKey).toEqual(base[0]![1]);
    const ciphertext = encryptor.encrypt(frame);
    vi.restoreAllMocks();
    for (const other of others) other.destroy();
    // and the generation that failed is still to be had
    encryptor.setEncryptionKey(keyB);
    expect(encryptor.generation).toBe(1n);
    encryptor.ratchet();
    const decryptor = receiver();
    decryptor.addDecryptionKey(keyB, 16);
    expect(decryptor.decrypt(ciphertext)).toEqual(frame);
    expect(decryptor.decrypt(encryptor.encrypt(frame))).toEqual(frame);
  });

  test('frames under way when the ratchet turns leave under the step they were sent in', async () => {
    const big = noise(70_000, 5);
    const encryptor = sender();
    for (let i = 0; i < 20; i++) await encryptor.encryptAsync(big); // WebCrypto gets ready
    const under = [encryptor.encryptAsync(big), encryptor.encryptAsync(big)];
    encryptor.ratchet();
    const after = encryptor.encryptAsync(big);
    const decryptor = receiver();
    for (const [sent, kid] of [
      [under[0]!, 0n],
      [under[1]!, 0n],
      [after, 1n],
    ] as const) {
      const ciphertext = await sent;
      expect(decodeHeader(ciphertext).kid).toBe(kid);
      expect(hex(decryptor.decrypt(ciphertext))).toBe(hex(big));
    }
  });

  test('destroy ends it', async () => {
    const encryptor = sender();
    encryptor.encrypt(frame);
    for (let i = 0; i < 2; i++) encryptor.destroy();
    expect([encryptor.kid, encryptor.generation, encryptor.step, encryptor.ctr]).toEqual([
      undefined,
      undefined,
      undefined,
      1n,
    ]);
    for (const call of [
      () => encryptor.encrypt(frame),
      () => encryptor.ratchet(),
      () => encryptor.exportKey(),
      () => encryptor.setEncryptionKey(keyB),
    ])
      expect(codeOf(call)).toBe('destroyed');
    expect(await outcome(encryptor.encryptAsync(frame))).toBe('destroyed');
  });
});

describe('limits', () => {
  /** How far the receiver follows at once, and how far back it looks, found out from outside. */
  function limitsOf(ratchetBits: number, options: Partial<RatchetDecryptorOptions> = {}): [number, number] {
    const chain = chainsOf(ratchetBits);
    let forward = 0;
    // Beyond 2^R - 1 steps the KID says another step, and the frame is not authentic.
    for (let steps = 1; steps < 40; steps++)
      if (codeOf(() => receiver(ratchetBits, options).decrypt(chain.frame(steps))) === undefined)
        forward = steps;
    const decryptor = new RatchetDecryptor({ cipherSuite, ratchetBits, ...options });
    decryptor.addDecryptionKey(...chain.key(0));
    for (let step = 1; step <= 40 && forward > 0; step++) decryptor.decrypt(chain.frame(step));
    let past = 0;
    while (past < 40 && codeOf(() => decryptor.decrypt(chain.frame(39 - past, 1))) === undefined) past++;
    return [forward, past];
  }

  test.each([
    [1, 1, 0],
    [2, 2, 1],
    [3, 5, 2],
    [4, 13, 2],
    [5, 16, 2],
    [8, 16, 2],
    [63, 16, 2],
  ])('R = %i: %i steps forward, %i back by default', (ratchetBits, forward, past) => {
    expect(limitsOf(ratchetBits)).toEqual([forward, past]);
  });

  test.each([
    [4, { maxForward: 4 }, 4, 2],
    [4, { maxForward: 14 }, 14, 1],
    [4, { maxForward: 15 }, 15, 0],
    [4, { maxPast: 10 }, 5, 10],
    [4, { maxPast: 0 }, 15, 0],
    [4, { maxPast: 14 }, 1, 14],
    [4, { maxForward: 8, maxPast: 7 }, 8, 7],
    [6, { maxForward: 30, maxPast: 33 }, 30, 33],
    [1, { maxForward: 1 }, 1, 0],
    [1, { maxForward: 0, maxPast: 1 }, 0, 0],
  ])('R = %i, %o: %i and %i', (ratchetBits, options, forward, past) => {
    expect(limitsOf(ratchetBits, options)).toEqual([forward, past]);
  });

  test.each([
    [1, { maxForward: 2 }],
    [1, { maxPast: 1 }],
    [1, { maxForward: 1, maxPast: 1 }],
    [4, { maxForward: 16 }],
    [4, { maxForward: 8, maxPast: 8 }],
    [4, { maxPast: 15 }],
    [10, { maxForward: 1000, maxPast: 24 }],
  ])('R = %i, %o: ambiguous', (ratchetBits, options) => {
    const make = (): unknown => new RatchetDecryptor({ cipherSuite, ratchetBits, ...options });
    expect(make).toThrow(RangeError);
    expect(make).toThrow(/maxForward \+ maxPast/);
  });
});

describe('following', () => {
  test('a frame as far ahead as the limit is taken, one more is not, and moves nothing', () => {
    const chain = chainsOf(8);
    const decryptor = receiver(8);
    for (const far of [17, 18, 40, 80])
      expect(() => decryptor.decrypt(chain.frame(far))).toThrow(
        expect.objectContaining({ code: 'ratchet-limit', kid: BigInt(far) }),
      );
    expect(decryptor.decrypt(chain.frame(0))).toEqual(frame);
    expect(decryptor.decrypt(chain.frame(16))).toEqual(frame);
    expect(codeOf(() => decryptor.decrypt(chain.frame(33)))).toBe('ratchet-limit');
    expect(decryptor.decrypt(chain.frame(32))).toEqual(frame);
  });

  test('an unknown generation is key-id', () => {
    const decryptor = receiver();
    expect(() => decryptor.decrypt(chainsOf(4).frame(0, 0, { generation: 1 }))).toThrow(
      expect.objectContaining({ code: 'key-id', kid: 16n }),
    );
    const empty = new RatchetDecryptor({ cipherSuite, ratchetBits: 4 });
    expect(codeOf(() => empty.decrypt(chainsOf(4).frame(0)))).toBe('key-id');
  });

  test('late frames open for two steps, skipped steps too, each frame once', () => {
    const chain = chainsOf(8);
    const decryptor = receiver(8);
    decryptor.decrypt(chain.frame(0, 5));
    decryptor.decrypt(chain.frame(4));
    // 0 and 1 are too far back, 2 and 3 were never seen
    for (const step of [0, 1])
      expect(codeOf(() => decryptor.decrypt(chain.frame(step, 6)))).toBe('ratchet-limit');
    for (const step of [3, 2, 4]) {
      for (const ctr of [7, 3]) {
        const ciphertext = chain.frame(step, ctr);
        expect(decryptor.decrypt(ciphertext)).toEqual(frame);
        expect(codeOf(() => decryptor.decrypt(ciphertext))).toBe('replay');
      }
    }
    decryptor.decrypt(chain.frame(5));
    expect(
      codeOf(() => decryptor.decrypt(chain.frame(3, 7))),
      'its window came along',
    ).toBe('replay');
    expect(decryptor.decrypt(chain.frame(3, 8))).toEqual(frame);
    expect(codeOf(() => decryptor.decrypt(chain.frame(2, 8)))).toBe('ratchet-limit');
    expect(codeOf(() => decryptor.decrypt(damaged(chain.frame(4, 9))))).toBe('authentication');
    expect(decryptor.decrypt(chain.frame(4, 9))).toEqual(frame);
  });

  test('late frames open for ten seconds', () => {
    const clock = { time: 5 };
    const chain = chainsOf(8);
    const decryptor = receiver(8, { now: () => clock.time });
    decryptor.decrypt(chain.frame(1));
    clock.time += 6000;
    decryptor.decrypt(chain.frame(2));
    clock.time += 3999;
    expect(decryptor.decrypt(chain.frame(0))).toEqual(frame);
    clock.time += 1;
    expect(codeOf(() => decryptor.decrypt(chain.frame(0, 1)))).toBe('ratchet-limit');
    expect(decryptor.decrypt(chain.frame(1, 1))).toEqual(frame);
    clock.time += 6000;
    expect(codeOf(() => decryptor.decrypt(chain.frame(1, 2)))).toBe('ratchet-limit');
    clock.time += 1e9;
    expect(decryptor.decrypt(chain.frame(2, 1)), 'the current one has no end').toEqual(frame);
    decryptor.decrypt(chain.frame(4));
    clock.time += 9999;
    // skipped or in use for years: the time runs from the switch
    for (const step of [3, 2]) expect(decryptor.decrypt(chain.frame(step, 3))).toEqual(frame);
    clock.time += 1;
    for (const step of [3, 2])
      expect(codeOf(() => decryptor.decrypt(chain.frame(step, 4)))).toBe('ratchet-limit');
    expect(codeOf(() => decryptor.decrypt(chain.frame(2, 3)))).toBe('ratchet-limit');
  });

  test('the clock is performance.now, unless given; it is asked only while there is something to forget', () => {
    let time = 1000;
    const clock = vi.spyOn(performance, 'now').mockImplementation(() => time);
    const chain = chainsOf(8);
    const decryptor = receiver(8);
    decryptor.decrypt(chain.frame(0));
    clock.mockClear();
    for (let ctr = 1; ctr < 100; ctr++) decryptor.decrypt(chain.frame(0, ctr));
    expect(clock).not.toHaveBeenCalled();
    decryptor.decrypt(chain.frame(1));
    time += 9999;
    expect(decryptor.decrypt(chain.frame(0, 100))).toEqual(frame);
    time += 1;
    expect(codeOf(() => decryptor.decrypt(chain.frame(0, 101)))).toBe('ratchet-limit');
    clock.mockClear();
    decryptor.decrypt(chain.frame(1, 1));
    expect(clock).not.toHaveBeenCalled();
  });

  test('a clock that fails, or does what it likes, changes nothing', () => {
    const chain = chainsOf(8);
    let now = (): number => 0;
    const decryptor = receiver(8, { now: () => now() });
    now = () => Number.NaN;
    expect(() => decryptor.decrypt(chain.frame(1))).toThrow(/^now /);
    expect(() => decryptor.addDecryptionKey(keyB, 256)).toThrow(/^now /);
    now = () => 0;
    expect(codeOf(() => decryptor.decrypt(chain.frame(0, 0, { generation: 1 })))).toBe('key-id');
    expect(decryptor.decrypt(chain.frame(1))).toEqual(frame);
    // it decrypts another frame, and takes the key away
    const nested: unknown[] = [];
    now = () => {
      now = () => 0;
      nested.push(decryptor.decrypt(chain.frame(3)));
      return 0;
    };
    expect(decryptor.decrypt(chain.frame(2))).toEqual(frame);
    expect(nested).toEqual([frame]);
    expect(decryptor.decrypt(chain.frame(4))).toEqual(frame);
    now = () => {
      now = () => 0;
      decryptor.removeGeneration(0);
      return 0;
    };
    expect(codeOf(() => decryptor.decrypt(chain.frame(5)))).toBe('key-id');
    now = () => {
      decryptor.destroy();
      return 0;
    };
    expect(codeOf(() => decryptor.addDecryptionKey(...chain.key(0)))).toBe('destroyed');
  });

  test('forged frames change nothing, whatever step they claim', () => {
    const chain = chainsOf(4);
    const decryptor = receiver(4, { replayWindow: 8 });
    decryptor.decrypt(chain.frame(1));
    const late = chain.frame(0, 3);
    for (let round = 0; round < 3; round++)
      for (let kid = 0n; kid < 40n; kid++)
        for (const ctr of [3, 1000]) {
          const code = codeOf(() => decryptor.decrypt(damaged(underKid(chain.frame(1, ctr), kid))));
          const expected = kid >= 16n ? 'key-id' : kid === 15n ? 'ratchet-limit' : 'authentication';
          expect(code, `${kid}`).toBe(expected);
        }
    expect(decryptor.decrypt(late)).toEqual(frame);
    expect(decryptor.decrypt(chain.frame(1, 1))).toEqual(frame);
    expect(decryptor.decrypt(chain.frame(2))).toEqual(frame);
    expect(decryptor.decrypt(chain.frame(9))).toEqual(frame);
  });

  test('a frame under the wrong step’s KID is not authentic, though both keys are at hand', () => {
    const chain = chainsOf(4);
    const decryptor = receiver();
    for (const kid of [1n, 5n, 13n])
      expect(codeOf(() => decryptor.decrypt(underKid(chain.frame(0), kid)))).toBe('authentication');
    expect(codeOf(() => decryptor.decrypt(underKid(chain.frame(3), 0n)))).toBe('authentication');
  });

  test.each([1, 2, 3])('R = %i: KIDs come back with other keys, forty turns long', (ratchetBits) => {
    const chain = chainsOf(ratchetBits);
    const decryptor = receiver(ratchetBits);
    for (let step = 0; step < 80; step++) {
      const ciphertext = chain.frame(step);
      expect(decryptor.decrypt(ciphertext)).toEqual(frame);
      expect(codeOf(() => decryptor.decrypt(ciphertext))).toBe('replay');
      // the same KID, a turn ago
      const turn = 2 ** ratchetBits;
      if (step >= turn)
        expect(codeOf(() => decryptor.decrypt(chain.frame(step - turn, 1)))).toBe('authentication');
    }
  });

  test('two generations at once', () => {
    const chain = chainsOf(4);
    const decryptor = receiver();
    decryptor.addDecryptionKey(keyB, 16);
    for (let step = 0; step < 30; step++)
      for (const generation of [step % 2, 1 - (step % 2)])
        expect(decryptor.decrypt(chain.frame(step, 0, { generation }))).toEqual(frame);
    expect(decryptor.removeGeneration(0)).toBe(true);
    expect(codeOf(() => decryptor.decrypt(chain.frame(30)))).toBe('key-id');
    expect(decryptor.decrypt(chain.frame(30, 0, { generation: 1 }))).toEqual(frame);
  });

  test('replayWindow 0: the same frame again and again, and still no way back', () => {
    const chain = chainsOf(4);
    const decryptor = receiver(4, { replayWindow: 0 });
    for (let step = 0; step < 20; step++)
      for (let i = 0; i < 3; i++) expect(decryptor.decrypt(chain.frame(step))).toEqual(frame);
    expect(codeOf(() => decryptor.decrypt(chain.frame(16)))).toBe('authentication');
    expect(decryptor.decrypt(chain.frame(17))).toEqual(frame);
  });

  test('a new step through decryptInto, overlapping or too short', () => {
    const chain = chainsOf(4);
    const decryptor = receiver();
    const ciphertext = chain.frame(3);
    const target = new Uint8Array(frame.length - 1).fill(0xee);
    expect(() => decryptor.decryptInto(target, ciphertext)).toThrow(/^target /);
    expect(target.every((byte) => byte === 0xee)).toBe(true);
    expect(codeOf(() => decryptor.decryptInto(new Uint8Array(200), damaged(ciphertext)))).toBe(
      'authentication',
    );
    const memory = new Uint8Array(300);
    memory.set(ciphertext, 10);
    expect(decryptor.decryptInto(memory, memory.subarray(10, 10 + ciphertext.length))).toBe(frame.length);
    expect(memory.slice(0, frame.length)).toEqual(frame);
    const [late, extra] = [chain.frame(2), noise(9, 4)];
    expect(codeOf(() => decryptor.decrypt(late, extra))).toBe('authentication');
    expect(decryptor.decrypt(late)).toEqual(frame);
  });

  test('no memory: a RangeError, and the frame opens when there is some', () => {
    const chain = chainsOf(4);
    const decryptor = receiver();
    decryptor.decrypt(chain.frame(0));
    const frames = [1, 6].map((step) => chain.frame(step));
    const others: RatchetDecryptor[] = [];
    vi.spyOn(WebAssembly.Memory.prototype, 'grow').mockImplementation(() => {
      throw new RangeError('no memory');
    });
    const takeAll = (): void => {
      for (;;) others.push(receiver());
    };
    expect(takeAll).toThrow(/^out of memory/);
    for (const ciphertext of frames) expect(() => decryptor.decrypt(ciphertext)).toThrow(/^out of memory/);
    expect(() => decryptor.addDecryptionKey(keyB, 16)).toThrow(/^out of memory/);
    expect(() => decryptor.addDecryptionKey(...chain.key(30))).toThrow(/^out of memory/);
    // one slot: enough to follow, not to keep the steps skipped
    others.pop()!.destroy();
    expect(decryptor.decrypt(frames[1]!)).toEqual(frame);
    vi.restoreAllMocks();
    for (const other of others) other.destroy();
    expect(codeOf(() => decryptor.decrypt(chain.frame(5)))).toBe('ratchet-limit');
    expect(decryptor.decrypt(chain.frame(6, 1))).toEqual(frame);
    expect(decryptor.decrypt(chain.frame(8))).toEqual(frame);
    expect(decryptor.decrypt(chain.frame(7))).toEqual(frame);
  });
});

describe('adding keys of a generation that is known', () => {
  test('the same key at the same step changes nothing', () => {
    const chain = chainsOf(8);
    const decryptor = receiver(8);
    decryptor.decrypt(chain.frame(2, 20));
    const late = chain.frame(1);
    decryptor.addDecryptionKey(...chain.key(2));
    expect(codeOf(() => decryptor.decrypt(chain.frame(2, 20)))).toBe('replay');
    expect(decryptor.decrypt(chain.frame(2, 19))).toEqual(frame);
    expect(decryptor.decrypt(late)).toEqual(frame);
  });

  test.each([
    ['kept', 1, 3, {}],
    ['forgotten', 1, 30, {}],
    ['never seen', 20, 30, {}],
    ['a turn of KIDs ago', 2, 4, { ratchetBits: 1 }],
    ['many turns of KIDs ago', 2, 73, { ratchetBits: 2 }],
    ['with the KID of the current one', 6, 70, { ratchetBits: 3 }],
  ])(
    'an old step is not gone back to: %s',
    (_what, old, current, { ratchetBits = 8 }: { ratchetBits?: number }) => {
      const chain = chainsOf(ratchetBits);
      const decryptor = new RatchetDecryptor({ cipherSuite, ratchetBits });
      decryptor.addDecryptionKey(...chain.key(1));
      for (let step = 1; step <= current; step++)
        if (ratchetBits < 8 || step !== old) decryptor.decrypt(chain.frame(step, 20));
      const before = Math.max(1, current - 1);
      const isPastKept = ratchetBits > 1 && before !== old;
      for (let i = 0; i < 2; i++) decryptor.addDecryptionKey(...chain.key(old));
      expect(codeOf(() => decryptor.decrypt(chain.frame(current, 20)))).toBe('replay');
      expect(decryptor.decrypt(chain.frame(current, 19))).toEqual(frame);
      if (isPastKept) expect(decryptor.decrypt(chain.frame(before, 19))).toEqual(frame);
      expect(decryptor.decrypt(chain.frame(current + 1))).toEqual(frame);
    },
  );

  test('a step within reach is taken like one that a frame has proved', () => {
    const chain = chainsOf(8);
    const decryptor = receiver(8);
    decryptor.decrypt(chain.frame(2));
    decryptor.addDecryptionKey(...chain.key(4));
    expect(decryptor.decrypt(chain.frame(3))).toEqual(frame);
    expect(decryptor.decrypt(chain.frame(2, 1))).toEqual(frame);
    expect(codeOf(() => decryptor.decrypt(chain.frame(2, 0)))).toBe('replay');
    expect(codeOf(() => decryptor.decrypt(chain.frame(1)))).toBe('ratchet-limit');
    expect(codeOf(() => decryptor.decrypt(chain.frame(21)))).toBe('ratchet-limit');
    expect(decryptor.decrypt(chain.frame(20))).toEqual(frame);
  });

  test('its past runs out ten seconds later, too', () => {
    const clock = { time: 0 };
    const chain = chainsOf(8);
    const decryptor = receiver(8, { now: () => clock.time });
    clock.time = 50_000;
    decryptor.addDecryptionKey(...chain.key(1));
    clock.time += 9999;
    expect(decryptor.decrypt(chain.frame(0))).toEqual(frame);
    clock.time += 1;
    expect(codeOf(() => decryptor.decrypt(chain.frame(0, 1)))).toBe('ratchet-limit');
  });

  test.each([
    [8, 17],
    [8, 60],
    [2, 8], // the KID of the current one
    [2, 5], // within reach, if KIDs were all
    [2, 7], // as if one step back
    [63, 40],
  ])('R = %i: a step %i ahead, beyond what is followed, is taken', (ratchetBits, far) => {
    const chain = chainsOf(ratchetBits);
    const decryptor = receiver(ratchetBits);
    decryptor.decrypt(chain.frame(0));
    const fails = codeOf(() => decryptor.decrypt(chain.frame(far)));
    expect(['ratchet-limit', 'authentication', 'replay']).toContain(fails);
    decryptor.addDecryptionKey(...chain.key(far));
    expect(decryptor.decrypt(chain.frame(far))).toEqual(frame);
    expect(codeOf(() => decryptor.decrypt(chain.frame(far)))).toBe('replay');
    expect(codeOf(() => decryptor.decrypt(chain.frame(0, 1)))).not.toBeUndefined();
    expect(decryptor.decrypt(chain.frame(far + 1))).toEqual(frame);
    // and that cannot be undone
    decryptor.addDecryptionKey(...chain.key(0));
    expect(decryptor.decrypt(chain.frame(far + 1, 1))).toEqual(frame);
  });

  test.each([
    ['current', 3],
    ['past', 2],
    ['next', 4],
    ['far', 9],
    ['turned', 15],
  ])('another key at a %s step replaces the generation, with a window of its own', (_what, step) => {
    const chain = chainsOf(4);
    const decryptor = receiver();
    for (const old of [1, 2, 3]) decryptor.decrypt(chain.frame(old, 7));
    // the other chain's keys, under this generation's KIDs
    const other = new Chains(4, [base[1]!]);
    decryptor.addDecryptionKey(...other.key(step));
    for (const old of [1, 2, 3, 4])
      expect(codeOf(() => decryptor.decrypt(chain.frame(old, 8)))).toBeDefined();
    for (const now of [0, 1, 5]) {
      expect(decryptor.decrypt(other.frame(step + now, 0))).toEqual(frame);
      expect(codeOf(() => decryptor.decrypt(other.frame(step + now, 0)))).toBe('replay');
    }
    expect(decryptor.removeGeneration(0)).toBe(true);
    expect(decryptor.removeGeneration(0)).toBe(false);
  });

  test('a base key that only begins like the next one, or ends where it goes on, is another key', async () => {
    const chain = chainsOf(4);
    const next = chain.baseKey(1);
    const ending = (last: number) => next.map((byte, i) => (i === 31 ? last : byte));
    for (const odd of [Uint8Array.of(...next, 7), next.slice(0, 31), ending(0), ending(0xff)]) {
      const other = new Chains(4, [[keyA, ...(await chainOf(odd, 3))]]);
      const decryptor = receiver();
      decryptor.decrypt(chain.frame(0));
      decryptor.addDecryptionKey(...other.key(1));
      expect(codeOf(() => decryptor.decrypt(chain.frame(1)))).toBe('authentication');
      expect(codeOf(() => decryptor.decrypt(chain.frame(0, 1)))).toBe('ratchet-limit');
      for (const step of [1, 2, 3]) expect(decryptor.decrypt(other.frame(step))).toEqual(frame);
    }
  });

  test('a generation that was removed or replaced and comes back opens nothing at or below what it had', () => {
    const chain = chainsOf(4);
    for (const leave of [
      (decryptor: RatchetDecryptor) => expect(decryptor.removeGeneration(0n)).toBe(true),
      (decryptor: RatchetDecryptor) => decryptor.addDecryptionKey(keyB, 3),
    ]) {
      const decryptor = receiver();
      for (const step of [0, 1, 3]) decryptor.decrypt(chain.frame(step, 20));
      leave(decryptor);
      expect(codeOf(() => decryptor.decrypt(chain.frame(1, 21)))).toBeDefined();
      // two steps back: what is followed or skipped from there has its floor, too
      decryptor.addDecryptionKey(...chain.key(1));
      for (const ctr of [20, 19]) {
        for (const step of [1, 3])
          expect(codeOf(() => decryptor.decrypt(chain.frame(step, ctr)))).toBe('replay');
        expect(decryptor.decrypt(chain.frame(1, 41 - ctr))).toEqual(frame);
      }
      expect(decryptor.decrypt(chain.frame(4))).toEqual(frame);
      expect(codeOf(() => decryptor.decrypt(chain.frame(3, 20)))).toBe('replay');
      expect(decryptor.decrypt(chain.frame(3, 21))).toEqual(frame);
      leave(decryptor);
      decryptor.addDecryptionKey(...chain.key(0));
      expect(codeOf(() => decryptor.decrypt(chain.frame(0, 20)))).toBe('replay');
      expect(codeOf(() => decryptor.decrypt(chain.frame(1, 22)))).toBe('replay');
      expect(decryptor.decrypt(chain.frame(2))).toEqual(frame);
    }
  });

  test('the memory of keys that are gone is bounded: 4096, the newest', () => {
    const decryptor = receiver(16, { maxPast: 0 });
    const encryptor = sender(16);
    const sent: Uint8Array[] = [];
    for (let step = 0; step < 4200; step++) {
      const ciphertext = encryptor.encrypt(frame);
      decryptor.decrypt(ciphertext);
      sent.push(ciphertext);
      encryptor.ratchet();
    }
    decryptor.removeGeneration(0);
    const { baseKey, kid } = (() => {
      const joiner = sender(16);
      ratchetTimes(joiner, 103);
      return joiner.exportKey();
    })();
    decryptor.addDecryptionKey(baseKey, kid);
    expect(decryptor.decrypt(sent[103]!)).toEqual(frame);
    for (const step of [104, 105, 119]) expect(codeOf(() => decryptor.decrypt(sent[step]!))).toBe('replay');
  });
});

describe('removeGeneration', () => {
  test('says whether there was one', () => {
    const decryptor = receiver(4);
    for (const none of [1, 15n, 2n ** 60n - 1n, 2n ** 60n, 2n ** 64n - 1n])
      expect(decryptor.removeGeneration(none)).toBe(false);
    decryptor.addDecryptionKey(keyA, 2n ** 64n - 1n);
    expect(decryptor.removeGeneration(2n ** 60n - 1n)).toBe(true);
    expect(decryptor.removeGeneration(0)).toBe(true);
    expect(decryptor.removeGeneration(0)).toBe(false);
    expect(codeOf(() => decryptor.decrypt(chainsOf(4).frame(0)))).toBe('key-id');
  });
});

describe('destroy', () => {
  test('ends it', async () => {
    const decryptor = receiver();
    const ciphertext = chainsOf(4).frame(0);
    for (let i = 0; i < 2; i++) decryptor.destroy();
    for (const call of [
      () => decryptor.decrypt(ciphertext),
      () => decryptor.decryptInto(new Uint8Array(200), ciphertext),
      () => decryptor.addDecryptionKey(keyA, 0),
      () => decryptor.removeGeneration(0),
    ])
      expect(codeOf(call)).toBe('destroyed');
    expect(await outcome(decryptor.decryptAsync(ciphertext))).toBe('destroyed');
  });
});

describe('decryptAsync', () => {
  const big = noise(70_000, 6);
  const bigFrame = (step: number, ctr = 0) => chainsOf(4).frame(step, ctr, { plaintext: big });

  /** A receiver whose current key is with WebCrypto, too. */
  async function warmReceiver(
    step = 0,
    options: Partial<RatchetDecryptorOptions> = {},
  ): Promise<RatchetDecryptor> {
    const decryptor = receiver(4, options);
    if (step > 0) decryptor.decrypt(chainsOf(4).frame(step, 500));
    const opens = vi.spyOn(crypto.subtle, 'decrypt');
    for (let ctr = 501; opens.mock.calls.length === 0; ctr++) {
      if (ctr === 600) throw new Error('WebCrypto is never used');
      await decryptor.decryptAsync(bigFrame(step, ctr));
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    opens.mockRestore();
    return decryptor;
  }

  test('small and large frames follow the ratchet; later ones of that step go to WebCrypto', async () => {
    const decryptor = await warmReceiver();
    for (let step = 1; step < 4; step++) {
      expect(hex(await decryptor.decryptAsync(bigFrame(step)))).toBe(hex(big));
      expect(await decryptor.decryptAsync(chainsOf(4).frame(step, 1))).toEqual(frame);
    }
    // warmReceiver ends when it does
    await warmReceiver(3);
  });

  test('a step taken while frames of the one before are under way: all open', async () => {
    const decryptor = await warmReceiver(1);
    const before = [0, 1, 2].map((ctr) => decryptor.decryptAsync(bigFrame(1, ctr)));
    const jump = [3, 2].map((step) => decryptor.decryptAsync(bigFrame(step)));
    const after = [0, 1].map((ctr) => decryptor.decryptAsync(bigFrame(3, ctr + 1)));
    expect(await Promise.all([...before, ...jump, ...after].map(outcome))).toEqual(Array(7).fill('opened'));
  });

  test('of duplicates under way one opens, at a known step or a new one', async () => {
    const decryptor = await warmReceiver(1);
    for (const step of [1, 2, 4, 3]) {
      const ciphertext = bigFrame(step, 3);
      const outcomes = await Promise.all(
        Array.from({ length: 6 }, () => outcome(decryptor.decryptAsync(ciphertext))),
      );
      expect(outcomes.sort()).toEqual(['opened', ...Array(5).fill('replay')]);
    }
  });

  test('forged frames under way move nothing', async () => {
    const decryptor = await warmReceiver(1);
    const forged = Array.from({ length: 20 }, (_, kid) =>
      outcome(decryptor.decryptAsync(damaged(underKid(bigFrame(1, 700), BigInt(kid))))),
    );
    const genuine = outcome(decryptor.decryptAsync(bigFrame(1, 600)));
    const codes = new Set(await Promise.all(forged));
    expect(codes).toEqual(new Set(['authentication', 'ratchet-limit', 'key-id']));
    expect(await genuine).toBe('opened');
    expect(await outcome(decryptor.decryptAsync(bigFrame(1, 4)))).toBe('opened');
    expect(await outcome(decryptor.decryptAsync(bigFrame(0, 0)))).toBe('opened');
    expect(await outcome(decryptor.decryptAsync(bigFrame(2, 0)))).toBe('opened');
  });

  test('a generation removed or replaced ends its frames under way in key-id, destroy() in destroyed', async () => {
    for (const [leave, code] of [
      [(decryptor: RatchetDecryptor) => decryptor.removeGeneration(0), 'key-id'],
      [(decryptor: RatchetDecryptor) => decryptor.addDecryptionKey(keyB, 5), 'key-id'],
      [(decryptor: RatchetDecryptor) => decryptor.destroy(), 'destroyed'],
    ] as const) {
      const decryptor = await warmReceiver(1);
      const current = outcome(decryptor.decryptAsync(bigFrame(1, 600)));
      // under way while its step becomes a past one
      const other = outcome(decryptor.decryptAsync(bigFrame(1, 601)));
      decryptor.decrypt(chainsOf(4).frame(2));
      leave(decryptor);
      expect([await current, await other]).toEqual([code, code]);
    }
  });

  test('removed and added again while a frame is under way: it is not handed out twice', async () => {
    const decryptor = await warmReceiver(1);
    const ciphertext = bigFrame(1, 700);
    const under = outcome(decryptor.decryptAsync(ciphertext));
    decryptor.removeGeneration(0);
    decryptor.addDecryptionKey(...chainsOf(4).key(1));
    const again = outcome(decryptor.decryptAsync(ciphertext));
    expect([await under, await again]).toEqual(['key-id', 'opened']);
    expect(await outcome(decryptor.decryptAsync(ciphertext))).toBe('replay');
  });

  test('a step that is forgotten while its frames are under way ends them in key-id', async () => {
    const decryptor = await warmReceiver(1, { maxPast: 0 });
    const under = outcome(decryptor.decryptAsync(bigFrame(1, 600)));
    decryptor.decrypt(chainsOf(4).frame(2));
    expect(await under).toBe('key-id');
  });

  test('forged frames cost WebCrypto nothing', async () => {
    const decryptor = await warmReceiver();
    const imports = vi.spyOn(crypto.subtle, 'importKey');
    const opens = vi.spyOn(crypto.subtle, 'decrypt');
    for (let kid = 1n; kid < 14n; kid++)
      expect(await outcome(decryptor.decryptAsync(underKid(bigFrame(0), kid)))).toBe('authentication');
    expect(imports).not.toHaveBeenCalled();
    expect(opens).not.toHaveBeenCalled();
    decryptor.decrypt(chainsOf(4).frame(1));
    expect(imports).toHaveBeenCalledTimes(1);
  });

  test('for streams, refusals are codes', async () => {
    const decryptor = receiver();
    for (const attempt of [
      (ciphertext: Uint8Array) => decryptor.tryDecrypt(ciphertext),
      (ciphertext: Uint8Array) => decryptor.tryDecryptAsync(ciphertext),
    ]) {
      expect(await attempt(underKid(chainsOf(4).frame(0), 14n))).toBe('ratchet-limit');
      expect(await attempt(underKid(chainsOf(4).frame(0), 16n))).toBe('key-id');
      expect(await attempt(underKid(chainsOf(4).frame(0), 2n))).toBe('authentication');
    }
    expect(decryptor.tryDecrypt(chainsOf(4).frame(2))).toEqual(frame);
  });
});

describe('engines', () => {
  test("'wasm' does without WebCrypto", async () => {
    const imports = vi.spyOn(crypto.subtle, 'importKey');
    const encryptor = sender(4, { engine: 'wasm' });
    const decryptor = receiver(4, { engine: 'wasm' });
    for (let step = 0; step < 5; step++) {
      expect(await decryptor.decryptAsync(await encryptor.encryptAsync(noise(70_000, 1)))).toEqual(
        noise(70_000, 1),
      );
      encryptor.ratchet();
    }
    expect(imports).not.toHaveBeenCalled();
  });

  test("'webcrypto' cannot ratchet, and says so", () => {
    const unavailable = expect.objectContaining({
      code: 'engine-unavailable',
      message: expect.stringMatching(/engine/),
    });
    const options = { cipherSuite, ratchetBits: 4, engine: 'webcrypto' } as const;
    expect(() => new RatchetEncryptor(options)).toThrow(unavailable);
    expect(() => new RatchetDecryptor(options)).toThrow(unavailable);
  });
});

describe('bad arguments', () => {
  const context = { cipherSuite, ratchetBits: 4 } as const;
  const notNumber = [null, '4', true, 4n, {}];
  const notInteger = [1.5, -1, Number.NaN, Number.POSITIVE_INFINITY];
  const notBytes = [undefined, null, 'key', new ArrayBuffer(16), Array(16).fill(1), new Uint16Array(16)];
  const notU64 = [null, '1', {}, true];
  const outside = [-1, 1.5, 2 ** 53, -1n, 2n ** 64n, Number.NaN];
  const each = (values: readonly unknown[], kind: ErrorConstructor) =>
    values.map((value) => [value, kind] as const);

  test.each([
    ['options', each([undefined, null, 4], TypeError), (value: never) => value],
    [
      'cipherSuite',
      each([undefined, 'AES'], TypeError),
      (cipherSuite: never) => ({ ...context, cipherSuite }),
    ],
    ['engine', each(['native', null], TypeError), (engine: never) => ({ ...context, engine })],
    ['maxFrameLen', each([0], RangeError), (maxFrameLen: never) => ({ ...context, maxFrameLen })],
    [
      'ratchetBits',
      [...each([undefined, ...notNumber], TypeError), ...each([...notInteger, 0, 64], RangeError)],
      (ratchetBits: never) => ({ ...context, ratchetBits }),
    ],
  ])('%s', (argument, bad, options) => {
    for (const [value, kind] of bad)
      for (const Class of [RatchetEncryptor, RatchetDecryptor]) {
        const make = (): unknown => new Class(options(value as never));
        expect(make, `${value}`).toThrow(kind);
        expect(make, `${value}`).toThrow(new RegExp(`\\b${argument}\\b`));
      }
  });

  test.each([
    ['maxForward', [...each(notNumber, TypeError), ...each([...notInteger, 2 ** 20 + 1], RangeError)]],
    ['maxPast', [...each(notNumber, TypeError), ...each([...notInteger, 2 ** 20 + 1], RangeError)]],
    ['replayWindow', [...each(notNumber, TypeError), ...each([...notInteger, 2 ** 20 + 1], RangeError)]],
    ['now', each([null, 5, 'now', {}], TypeError)],
  ])('RatchetDecryptor %s', (option, bad) => {
    for (const [value, kind] of bad) {
      const make = (): unknown => new RatchetDecryptor({ ...context, ratchetBits: 40, [option]: value });
      expect(make, `${value}`).toThrow(kind);
      expect(make, `${value}`).toThrow(new RegExp(`\\b${option}\\b`));
    }
    new RatchetDecryptor({ ...context, [option]: undefined });
  });

  test('methods name theirs, and change nothing', () => {
    const chain = chainsOf(4);
    const encryptor = sender();
    const decryptor = receiver();
    decryptor.decrypt(chain.frame(1, 5));
    const badKeys = [
      ...each(notBytes, TypeError),
      ...each([new Uint8Array(15), new Uint8Array(4097)], RangeError),
    ];
    const badNumbers = [...each(notU64, TypeError), ...each(outside, RangeError)];
    const rows = [
      ['baseKey', badKeys, (value: never) => encryptor.setEncryptionKey(value)],
      ['baseKey', badKeys, (value: never) => decryptor.addDecryptionKey(value, 1)],
      [
        'generation',
        [...badNumbers, ...each([2n ** 60n], RangeError)],
        (value: never) => encryptor.setEncryptionKey(keyB, value),
      ],
      [
        'kid',
        [...badNumbers, ...each([undefined], TypeError)],
        (value: never) => decryptor.addDecryptionKey(keyB, value),
      ],
      [
        'generation',
        [...badNumbers, ...each([undefined], TypeError)],
        (value: never) => decryptor.removeGeneration(value),
      ],
    ] as const;
    for (const [argument, bad, call] of rows)
      for (const [value, kind] of bad) {
        expect(() => call(value as never), `${argument} ${value}`).toThrow(kind);
        expect(() => call(value as never)).toThrow(new RegExp(`\\b${argument}\\b`));
      }
    expect([encryptor.kid, encryptor.ctr]).toEqual([0n, 0n]);
    expect(codeOf(() => decryptor.decrypt(chain.frame(1, 5)))).toBe('replay');
    expect(decryptor.decrypt(chain.frame(0))).toEqual(frame);
    encryptor.ratchet();
    expect(decryptor.decrypt(encryptor.encrypt(frame))).toEqual(frame);
  });

  test('errors are the library’s own', () => {
    expect(() => new RatchetEncryptor({ cipherSuite, ratchetBits: 4 }).ratchet()).toThrow(SFrameError);
  });
});

test('an SFrameDecryptor opens frames of steps that it is given one by one', () => {
  const encryptor = sender();
  const decryptor = new SFrameDecryptor({ cipherSuite });
  for (let step = 0; step < 20; step++) {
    const { baseKey, kid } = encryptor.exportKey();
    decryptor.addDecryptionKey(baseKey, kid);
    expect(decryptor.decrypt(encryptor.encrypt(frame))).toEqual(frame);
    encryptor.ratchet();
  }
});
