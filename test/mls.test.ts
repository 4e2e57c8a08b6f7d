// MLS keys (RFC 9605 §5.2): KIDs, epochs that come and go, and frames that claim to be somebody's.

import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { cipherSuites, decodeHeader, MlsDecryptor, MlsEncryptor, SFrameError } from '../src/index.ts';
import vectors from '../vectors/sframe-vectors.json' with { type: 'json' };
import { noise } from './lengths.ts';
import {
  add,
  baseKeyOf,
  cipherSuite,
  clock,
  epochBits,
  forgery,
  frame,
  frameOf,
  kidOf,
  names,
  outcome,
  receiver,
  sender,
} from './mls-members.ts';
import { hex, oracleDecrypt } from './oracle.ts';

beforeEach(() => {
  clock.ms = 0;
});
afterEach(() => {
  vi.unstubAllGlobals();
});

describe('KIDs', () => {
  test.each(vectors.mlsKid)('epoch $epoch, index $senderIndex, context $context: $kid', (vector) => {
    const options = { cipherSuite, epochBits: vector.epochBits } as const;
    const position = {
      epoch: BigInt(vector.epoch),
      groupSize: 2 ** vector.senderBits,
      senderIndex: Number(vector.senderIndex),
    };
    const encryptor = new MlsEncryptor({ ...options, contextId: BigInt(vector.context) });
    expect(encryptor.kidOf(position)).toBe(BigInt(vector.kid));
    encryptor.setEpoch({ ...position, baseKey: baseKeyOf(1) });
    expect(encryptor.kid).toBe(BigInt(vector.kid));
    expect(decodeHeader(encryptor.encrypt(frame)).kid).toBe(BigInt(vector.kid));

    const decryptor = new MlsDecryptor(options);
    decryptor.addEpoch({ epoch: position.epoch, groupSize: position.groupSize, baseKey: baseKeyOf(1) });
    expect(decryptor.senderOf(BigInt(vector.kid))).toEqual({
      epoch: position.epoch,
      senderIndex: position.senderIndex,
      contextId: BigInt(vector.context),
    });
  });

  test('indices take as few bits as the group allows: group_size <= 2^S', () => {
    const bitsOf = (groupSize: number) => {
      const encryptor = new MlsEncryptor({ cipherSuite, epochBits: 1, contextId: 1 });
      return encryptor.kidOf({ epoch: 0, groupSize, senderIndex: 0 }).toString(2).length - 2;
    };
    const sizes = [1, 2, 3, 4, 5, 8, 9, 64, 65, 2 ** 16, 2 ** 16 + 1, 2 ** 31, 2 ** 31 + 1, 2 ** 32];
    expect(sizes.map(bitsOf)).toEqual([0, 1, 2, 2, 3, 3, 4, 6, 7, 16, 17, 31, 32, 32]);
  });

  test('are the RFC’s formula, and tell who it was', () => {
    const input = fc
      .record({
        bits: fc.integer({ min: 1, max: 32 }),
        groupSize: fc.oneof(
          fc.integer({ min: 1, max: 70 }),
          fc.tuple(fc.integer({ min: 0, max: 31 }), fc.constantFrom(0, 1)).map(([n, more]) => 2 ** n + more),
          fc.constant(2 ** 32),
        ),
        index: fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
        context: fc.bigInt(0n, 2n ** 64n - 1n),
        epoch: fc.bigInt(0n, 2n ** 64n - 1n),
      })
      .map(({ bits, groupSize, index, context, epoch }) => {
        let S = 0;
        while (2 ** S < groupSize) S++;
        const contextId = context >> BigInt(S + bits);
        return { E: bits, S, groupSize, senderIndex: Math.floor(index * groupSize), contextId, epoch };
      });
    fc.assert(
      fc.property(input, ({ E, S, groupSize, senderIndex, contextId, epoch }) => {
        const options = { cipherSuite, epochBits: E } as const;
        const kid = new MlsEncryptor({ ...options, contextId }).kidOf({ epoch, groupSize, senderIndex });
        expect(kid).toBe(
          contextId * 2n ** BigInt(S + E) + BigInt(senderIndex) * 2n ** BigInt(E) + (epoch % 2n ** BigInt(E)),
        );
        expect(kid < 2n ** 64n).toBe(true);
        const decryptor = new MlsDecryptor(options);
        decryptor.addEpoch({ epoch, groupSize, baseKey: baseKeyOf(1) });
        expect(decryptor.senderOf(kid)).toEqual({ epoch, senderIndex, contextId });
        decryptor.destroy();
      }),
    );
  });

  test('whose parts would run into each other are refused, and the error names the part', () => {
    const encryptor = new MlsEncryptor({ cipherSuite, epochBits: 32, contextId: 1 });
    const position = { epoch: 1, groupSize: 5, senderIndex: 4 };
    expect(encryptor.kidOf(position)).toBe((1n << 35n) | (4n << 32n) | 1n);
    for (const [change, message] of [
      [{ senderIndex: 5 }, /^senderIndex must be an integer from 0 to 4/],
      [{ senderIndex: -1 }, /^senderIndex /],
      [{ senderIndex: 1.5 }, /^senderIndex /],
      [{ groupSize: 0 }, /^groupSize must be an integer from 1 to 4294967296/],
      [{ groupSize: 2 ** 32 + 1 }, /^groupSize /],
      [{ groupSize: 2 ** 32 }, /^contextId must be below 2\^0 /],
      [{ epoch: -1 }, /^epoch /],
      [{ epoch: 2n ** 64n }, /^epoch /],
    ] as const) {
      const bad = { ...position, ...change };
      expect(() => encryptor.kidOf(bad)).toThrow(RangeError);
      expect(() => encryptor.kidOf(bad)).toThrow(message);
      expect(() => encryptor.setEpoch({ ...bad, baseKey: baseKeyOf(1) })).toThrow(message);
    }
    expect(encryptor.kid).toBeUndefined();
    const big = new MlsEncryptor({ cipherSuite, epochBits: 4, contextId: 2n ** 57n });
    expect(() => big.kidOf({ ...position, groupSize: 8 })).toThrow(/^contextId must be below 2\^57 /);
    expect(big.kidOf({ ...position, groupSize: 4, senderIndex: 0 })).toBe(2n ** 63n + 1n);
  });

  test('with 32 bits of epoch, and with none but the highest bit', () => {
    const options = { cipherSuite, epochBits: 32 } as const;
    for (const epoch of [0n, 2n ** 31n, 2n ** 32n - 1n, 2n ** 64n - 1n]) {
      const encryptor = new MlsEncryptor({ ...options, contextId: 2n ** 29n - 1n });
      const decryptor = new MlsDecryptor(options);
      const given = { epoch, baseKey: baseKeyOf(1), groupSize: 8 };
      encryptor.setEpoch({ ...given, senderIndex: 7 });
      decryptor.addEpoch(given);
      expect(outcome(decryptor, encryptor.encrypt(frame))).toBe('opened');
    }
  });
});

describe('sending', () => {
  test.each(names)('%s: frames are the oracle’s under the epoch’s base key', (suite) => {
    const encryptor = new MlsEncryptor({ cipherSuite: suite, epochBits, contextId: 3 });
    const baseKey = noise(cipherSuites[suite].Nk, 5);
    const kept = baseKey.slice();
    encryptor.setEpoch({ epoch: 30, baseKey, groupSize: 5, senderIndex: 4 });
    expect(baseKey).toEqual(kept);
    baseKey.fill(0);
    const ciphertext = encryptor.encrypt(frame, noise(9, 9));
    const opened = oracleDecrypt({
      suite: cipherSuites[suite].id,
      baseKey: kept,
      metadata: noise(9, 9),
      ciphertext,
    });
    expect(hex(opened.plaintext)).toBe(hex(frame));
    expect(opened.kid).toBe((3n << 7n) | (4n << 4n) | 14n);
  });

  test('epochs go forward', () => {
    const encryptor = new MlsEncryptor({ cipherSuite, epochBits });
    const at = (epoch: number, branch = 0) =>
      encryptor.setEpoch({ epoch, baseKey: baseKeyOf(epoch, branch), groupSize: 8, senderIndex: 2 });
    expect(encryptor.epoch).toBeUndefined();
    expect(() => encryptor.encrypt(frame)).toThrow(expect.objectContaining({ code: 'no-key' }));
    at(5);
    expect(encryptor.epoch).toBe(5n);
    encryptor.encrypt(frame);
    expect(() => at(4)).toThrow(new RangeError('epoch must not be earlier than 5'));
    expect([encryptor.epoch, encryptor.ctr]).toEqual([5n, 1n]);
    expect(() => at(5)).toThrow(expect.objectContaining({ code: 'key-reuse', kid: encryptor.kid }));
    expect([encryptor.epoch, encryptor.ctr]).toEqual([5n, 1n]);
    // the same number with another key: our commit lost against another
    at(5, 1);
    expect(encryptor.ctr).toBe(0n);
    at(21); // the same low bits
    expect(encryptor.kid).toBe(kidOf(5, 2));
    expect(encryptor.epoch).toBe(21n);
    encryptor.destroy();
    expect(encryptor.epoch).toBeUndefined();
    expect(() => at(22)).toThrow(expect.objectContaining({ code: 'destroyed' }));
  });

  test('a refused epoch changes nothing', () => {
    const encryptor = sender(5, 2);
    encryptor.encrypt(frame);
    const good = { epoch: 6, baseKey: baseKeyOf(6), groupSize: 8, senderIndex: 2 };
    for (const bad of [
      { baseKey: noise(15, 1) },
      { baseKey: [1] as never },
      { senderIndex: 8 },
      { ctr: -1 },
      { ctr: null as never },
      { epoch: 1.5 },
      { groupSize: undefined as never },
      { senderIndex: undefined as never },
      { epoch: undefined as never },
    ]) {
      const [name] = Object.keys(bad);
      expect(() => encryptor.setEpoch({ ...good, ...bad })).toThrow(new RegExp(`^${name} `));
    }
    expect(() => encryptor.setEpoch(undefined as never)).toThrow(TypeError);
    expect(() => encryptor.kidOf(null as never)).toThrow(TypeError);
    expect([encryptor.epoch, encryptor.ctr]).toEqual([5n, 1n]);
    expect(outcome(receiver(5), encryptor.encrypt(frame))).toBe('opened');
  });

  test('counters start where they are told', () => {
    expect(decodeHeader(frameOf(5, 2, 77n)).ctr).toBe(77n);
  });

  test('two encryptors of a member need two contexts: then all differs', () => {
    const [camera, microphone] = [sender(5, 2), sender(5, 2, { contextId: 1 })];
    const decryptor = receiver(5);
    const [a, b] = [camera.encrypt(frame), microphone.encrypt(frame)];
    expect(decodeHeader(a).ctr).toBe(decodeHeader(b).ctr);
    expect(hex(a.subarray(-frame.length))).not.toBe(hex(b.subarray(-frame.length)));
    expect([outcome(decryptor, a), outcome(decryptor, b)]).toEqual(['opened', 'opened']);
    // and without: the same key stream, which is why
    expect(sender(5, 2).encrypt(frame)).toEqual(a);
  });

  test('options are checked', () => {
    for (const [options, message] of [
      [{ epochBits: 0 }, /^epochBits must be an integer from 1 to 32/],
      [{ epochBits: 33 }, /^epochBits /],
      [{ epochBits: undefined }, /^epochBits must be a number/],
      [{ epochBits: '4' }, /^epochBits /],
      [{ contextId: -1 }, /^contextId /],
      [{ contextId: 2n ** 64n }, /^contextId /],
      [{ contextId: null }, /^contextId /],
      [{ cipherSuite: 'AES' }, /^cipherSuite /],
    ] as const)
      expect(() => new MlsEncryptor({ cipherSuite, epochBits, ...options } as never)).toThrow(message);
    for (const [options, message] of [
      [{ epochBits: 0 }, /^epochBits /],
      [{ maxContexts: 0 }, /^maxContexts must be an integer from 1 to 65536/],
      [{ maxContexts: 65537 }, /^maxContexts /],
      [{ replayWindow: -1 }, /^replayWindow /],
      [{ now: 5 }, /^now /],
    ] as const)
      expect(() => new MlsDecryptor({ cipherSuite, epochBits, ...options } as never)).toThrow(message);
    expect(() => new MlsEncryptor(undefined as never)).toThrow(TypeError);
    expect(() => new MlsDecryptor(null as never)).toThrow(TypeError);
  });
});

describe('receiving', () => {
  test.each(names)('%s: everybody else, by one base key', (suite) => {
    const [baseKey, options] = [noise(cipherSuites[suite].Nk, 5), { cipherSuite: suite, epochBits }];
    const decryptor = new MlsDecryptor(options);
    decryptor.addEpoch({ epoch: 9, baseKey, groupSize: 5, senderIndex: 1 });
    baseKey.fill(0);
    for (const senderIndex of [0, 2, 3, 4]) {
      for (const contextId of [0, 1, 2n ** 57n - 1n]) {
        const encryptor = new MlsEncryptor({ ...options, contextId });
        encryptor.setEpoch({
          epoch: 9,
          baseKey: noise(cipherSuites[suite].Nk, 5),
          groupSize: 5,
          senderIndex,
        });
        for (let i = 0; i < 3; i++)
          expect(decryptor.decrypt(encryptor.encrypt(frame, noise(3, 3)), noise(3, 3))).toEqual(frame);
      }
    }
  });

  test('frames that claim to be ours are refused, even ours', () => {
    const decryptor = receiver(5, { senderIndex: 2 });
    const error = new SFrameError('key-id', kidOf(5, 2));
    expect(() => decryptor.decrypt(frameOf(5, 2))).toThrow(error);
    expect(outcome(decryptor, frameOf(5, 2, 0n, { contextId: 7 }))).toBe('key-id');
    expect(outcome(decryptor, frameOf(5, 3))).toBe('opened');
    // an observer who does not send may leave it out
    expect(outcome(receiver(5), frameOf(5, 2))).toBe('opened');
  });

  test('one leaf only, where one is expected', () => {
    const decryptor = receiver(5, { senderIndex: 2, expect: 3 });
    expect(outcome(decryptor, frameOf(5, 4))).toBe('key-id');
    expect(outcome(decryptor, frameOf(5, 2))).toBe('key-id');
    expect(outcome(decryptor, frameOf(5, 3, 0n, { contextId: 4 }))).toBe('opened');
    expect(outcome(receiver(5, { expect: 0 }), frameOf(5, 0))).toBe('opened');
    expect(outcome(receiver(5, { expect: 0 }), frameOf(5, 1))).toBe('key-id');
  });

  test('leaves that do not exist have no keys, though their KIDs have the bits', () => {
    const decryptor = receiver(5, { groupSize: 5 });
    expect(outcome(decryptor, frameOf(5, 4, 0n, { groupSize: 8 }))).toBe('opened');
    expect(outcome(decryptor, frameOf(5, 5, 0n, { groupSize: 8 }))).toBe('key-id');
    expect(decryptor.senderOf(kidOf(5, 5))).toBeUndefined();
    expect(decryptor.senderOf(kidOf(5, 4))).toEqual({ epoch: 5n, senderIndex: 4, contextId: 0n });
    expect(decryptor.senderOf(kidOf(6, 4))).toBeUndefined();
  });

  test('each frame once, in each context', () => {
    const decryptor = receiver(5, { replayWindow: 16 });
    const late = frameOf(5, 1, 3n);
    for (const contextId of [0, 1]) {
      for (const [ctr, expected] of [
        [20n, 'opened'],
        [20n, 'replay'],
        [4n, 'replay'],
        [5n, 'opened'],
        [5n, 'replay'],
      ] as const)
        expect(outcome(decryptor, frameOf(5, 1, ctr, { contextId }))).toBe(expected);
    }
    expect(outcome(decryptor, late)).toBe('replay');
    const off = receiver(5, { replayWindow: 0 });
    expect([outcome(off, late), outcome(off, late)]).toEqual(['opened', 'opened']);
  });

  test('into a target, with metadata, and as codes for streams', () => {
    const decryptor = receiver(5);
    const encryptor = sender(5, 1);
    const target = new Uint8Array(frame.length);
    expect(decryptor.decryptInto(target, encryptor.encrypt(frame, noise(5, 5)), noise(5, 5))).toBe(60);
    expect(target).toEqual(frame);
    expect(outcome(decryptor, encryptor.encrypt(frame, noise(5, 5)))).toBe('authentication');
    expect(decryptor.tryDecrypt(forgery(kidOf(5, 3)))).toBe('authentication');
    expect(decryptor.tryDecrypt(forgery(kidOf(6, 3)))).toBe('key-id');
    expect(decryptor.tryDecrypt(new Uint8Array(0))).toBe('syntax');
    expect(decryptor.tryDecrypt(encryptor.encrypt(frame))).toEqual(frame);
    // the window says no before anything is decrypted, and a target too short says so
    expect(() => decryptor.decryptInto(target.subarray(1), encryptor.encrypt(frame))).toThrow(/^target /);
  });

  test('a sender’s contexts are bounded: the first authentic ones keep their places', () => {
    const decryptor = receiver(5, { maxContexts: 2 });
    const from = (senderIndex: number, contextId: number, ctr = 0n) =>
      outcome(decryptor, frameOf(5, senderIndex, ctr, { contextId }));
    for (let contextId = 50; contextId < 60; contextId++)
      expect(outcome(decryptor, forgery(kidOf(5, 1, BigInt(contextId))))).toBe('authentication');
    expect([from(1, 7), from(1, 3), from(1, 0), from(1, 50)]).toEqual([
      'opened',
      'opened',
      'key-id',
      'key-id',
    ]);
    expect([from(1, 7, 1n), from(1, 3, 1n), from(1, 7)]).toEqual(['opened', 'opened', 'replay']);
    expect([from(2, 1), from(2, 2), from(2, 3)], 'of each sender').toEqual(['opened', 'opened', 'key-id']);
    add(decryptor, 6);
    expect(outcome(decryptor, frameOf(6, 1, 0n, { contextId: 0 })), 'of each epoch').toBe('opened');
    const usual = receiver(5);
    const outcomes = Array.from({ length: 18 }, (_, contextId) =>
      outcome(usual, frameOf(5, 1, 0n, { contextId })),
    );
    expect(outcomes.indexOf('key-id')).toBe(16);
  });

  test('forged frames share one window: large ones would cost more than keys', () => {
    const windows = vi.fn();
    class Counted extends Uint32Array {
      constructor(length: number) {
        super(length);
        if (typeof length === 'number') windows(length); // not a view of the core's memory
      }
    }
    const decryptor = receiver(5, { replayWindow: 2 ** 20 });
    vi.stubGlobal('Uint32Array', Counted);
    for (let i = 0; i < 20; i++) decryptor.tryDecrypt(forgery(kidOf(5, i % 8, BigInt(i))));
    expect(windows.mock.calls).toEqual([[2 ** 15]]);
    for (const senderIndex of [1, 2, 3]) {
      const ciphertext = frameOf(5, senderIndex);
      expect(outcome(decryptor, ciphertext)).toBe('opened');
      expect(outcome(decryptor, ciphertext)).toBe('replay');
      expect(windows.mock.calls.length, 'a sender has his own').toBe(senderIndex);
    }
  });

  test('arguments of addEpoch are checked, and a refused epoch changes nothing', () => {
    const decryptor = receiver(5);
    const good = { epoch: 6, baseKey: baseKeyOf(6), groupSize: 8 };
    for (const bad of [
      { baseKey: noise(15, 1) },
      { baseKey: 'secret' as never },
      { epoch: -1 },
      { groupSize: 0 },
      { groupSize: undefined as never },
      { senderIndex: 8 },
      { senderIndex: null as never },
      { expect: 8 },
      { expect: -1 },
      { graceSeconds: -1 },
      { graceSeconds: Number.NaN },
    ]) {
      const [name] = Object.keys(bad);
      expect(() => decryptor.addEpoch({ ...good, ...bad })).toThrow(new RegExp(`^${name} `));
    }
    expect(() => decryptor.addEpoch({ ...good, senderIndex: 3, expect: 3 })).toThrow(/^expect /);
    expect(() => decryptor.addEpoch(undefined as never)).toThrow(TypeError);
    expect(decryptor.hasEpoch(6)).toBe(false);
    expect(() => decryptor.hasEpoch('6' as never)).toThrow(/^epoch /);
    expect(() => decryptor.removeEpoch(-1)).toThrow(/^epoch /);
    expect(() => decryptor.senderOf(1.5)).toThrow(/^kid /);
    clock.ms += 3_600_000;
    expect(outcome(decryptor, frameOf(5, 1)), 'nor did its grace begin').toBe('opened');
  });

  test('a clock that misbehaves spoils nothing', () => {
    let read: () => number = () => 0;
    const decryptor = receiver([5, 6], { now: () => read() });
    const baseKey = baseKeyOf(7);
    read = () => {
      structuredClone(baseKey.buffer, { transfer: [baseKey.buffer] });
      return 1;
    };
    expect(() => add(decryptor, 7, { baseKey })).toThrow(/^baseKey /);
    read = () => Number.NaN;
    expect(() => add(decryptor, 7)).toThrow(/^now /);
    read = () => 1;
    expect([5, 6, 7].map((epoch) => decryptor.hasEpoch(epoch))).toEqual([true, true, false]);
    expect(outcome(decryptor, frameOf(5, 1))).toBe('opened');
  });

  test('after destroy() everything says so', () => {
    const decryptor = receiver(5);
    decryptor.destroy();
    decryptor.destroy();
    for (const call of [
      () => decryptor.addEpoch({ epoch: 6, baseKey: baseKeyOf(6), groupSize: 8 }),
      () => decryptor.removeEpoch(5),
      () => decryptor.hasEpoch(5),
      () => decryptor.senderOf(5),
      () => decryptor.decrypt(frameOf(5, 1)),
    ])
      expect(call).toThrow(expect.objectContaining({ code: 'destroyed' }));
  });
});

describe('epochs', () => {
  test('are several at a time, each with its keys', () => {
    const decryptor = receiver([5, 6]);
    expect(outcome(decryptor, frameOf(6, 1))).toBe('opened');
    expect(outcome(decryptor, frameOf(5, 1))).toBe('opened');
    expect(outcome(decryptor, frameOf(7, 1))).toBe('key-id');
    expect(decryptor.removeEpoch(6)).toBe(true);
    expect(decryptor.removeEpoch(6)).toBe(false);
    expect(decryptor.removeEpoch(22), 'which has the low bits of 6').toBe(false);
    expect([5, 6, 21].map((epoch) => decryptor.hasEpoch(epoch))).toEqual([true, false, false]);
    expect(outcome(decryptor, frameOf(6, 1, 1n))).toBe('key-id');
    expect(outcome(decryptor, frameOf(5, 1, 1n))).toBe('opened');
  });

  test('roll over: one with the same low bits takes an older one’s place', () => {
    const decryptor = receiver([5, 6]);
    expect(outcome(decryptor, frameOf(5, 1))).toBe('opened');
    add(decryptor, 21);
    expect([5, 6, 21].map((epoch) => decryptor.hasEpoch(epoch))).toEqual([false, true, true]);
    // its KIDs are those of the new one now: one KID, one key
    expect(outcome(decryptor, frameOf(5, 1, 1n))).toBe('authentication');
    expect(outcome(decryptor, frameOf(21, 1))).toBe('opened');
    expect(() => add(decryptor, 5)).toThrow(
      new RangeError('epoch must not be earlier than 21, which has its low bits'),
    );
    expect(outcome(decryptor, frameOf(21, 1, 1n))).toBe('opened');
    // whatever its key
    add(decryptor, 37, { baseKey: baseKeyOf(21) });
    expect([21, 37].map((epoch) => decryptor.hasEpoch(epoch))).toEqual([false, true]);
    // with one bit two epochs can be told apart
    const tiny = receiver([1, 2, 3], { epochBits: 1 });
    expect([1, 2, 3].map((epoch) => tiny.hasEpoch(epoch))).toEqual([false, true, true]);
  });

  test('that are over take nobody’s place', () => {
    const decryptor = receiver([21, 22]);
    clock.ms += 12_000;
    add(decryptor, 5);
    expect(outcome(decryptor, frameOf(5, 1))).toBe('opened');
  });

  test('parse KIDs with the number of bits that their own group needed', () => {
    const decryptor = receiver([]);
    add(decryptor, 7, { groupSize: 4 });
    add(decryptor, 8, { groupSize: 5 });
    add(decryptor, 9, { groupSize: 3 });
    for (const [epoch, groupSize] of [
      [7, 4],
      [8, 5],
      [9, 3],
    ] as const) {
      for (let senderIndex = 0; senderIndex < groupSize; senderIndex++) {
        for (const contextId of [0n, 1n, 5n]) {
          const options = { groupSize, contextId };
          expect(outcome(decryptor, frameOf(epoch, senderIndex, 0n, options))).toBe('opened');
          expect(decryptor.senderOf(kidOf(epoch, senderIndex, contextId, groupSize))).toEqual({
            epoch: BigInt(epoch),
            senderIndex,
            contextId,
          });
        }
      }
    }
    // leaf 4 of 8 and context 1 of leaf 0 of 4 have the same bits: epochs tell them apart
    expect(kidOf(7, 0, 1n, 4) >> 4n).toBe(kidOf(8, 4, 0n, 5) >> 4n);
  });

  test('stay for the grace that the next one gives them', () => {
    const decryptor = receiver(5);
    let ctr = 0n;
    const opens = (epoch: number) => outcome(decryptor, frameOf(epoch, 1, ctr++));
    clock.ms += 3_600_000;
    expect(opens(5)).toBe('opened');
    add(decryptor, 6);
    clock.ms += 11_999;
    expect(opens(5)).toBe('opened');
    clock.ms += 1;
    expect(opens(5)).toBe('key-id');
    expect(decryptor.hasEpoch(5)).toBe(false);
    expect(opens(6)).toBe('opened');

    // a member was removed
    add(decryptor, 7, { graceSeconds: 3 });
    clock.ms += 2999;
    expect(opens(6)).toBe('opened');
    clock.ms += 1;
    expect(opens(6)).toBe('key-id');

    // several at once: each deadline holds, and a later commit can only bring it nearer
    add(decryptor, 8, { graceSeconds: 10 });
    clock.ms += 4000;
    add(decryptor, 9, { graceSeconds: 10 });
    add(decryptor, 10, { graceSeconds: 100 });
    clock.ms += 6000;
    expect([7, 8, 9, 10].map(opens)).toEqual(['key-id', 'opened', 'opened', 'opened']);
    add(decryptor, 11, { graceSeconds: 0 });
    expect([8, 9, 10, 11].map(opens)).toEqual(['key-id', 'key-id', 'key-id', 'opened']);
  });

  test('are wiped without a frame, if somebody asks', () => {
    for (const ask of [
      (decryptor: MlsDecryptor) => decryptor.hasEpoch(5),
      (decryptor: MlsDecryptor) => decryptor.removeEpoch(5),
      (decryptor: MlsDecryptor) => decryptor.senderOf(kidOf(5, 1)) !== undefined,
    ]) {
      const decryptor = receiver([5, 6]);
      clock.ms += 12_000;
      expect(ask(decryptor)).toBe(false);
    }
  });

  test('that come late have a grace of their own', () => {
    const decryptor = receiver(6);
    clock.ms += 60_000;
    add(decryptor, 5, { graceSeconds: 5 });
    expect(outcome(decryptor, frameOf(5, 1))).toBe('opened');
    clock.ms += 4999;
    expect(outcome(decryptor, frameOf(5, 1, 1n))).toBe('opened');
    clock.ms += 1;
    expect(outcome(decryptor, frameOf(5, 1, 2n))).toBe('key-id');
    expect(outcome(decryptor, frameOf(6, 1))).toBe('opened');
  });

  test('again the same changes nothing: windows and places stay', () => {
    const decryptor = receiver([5, 6], { senderIndex: 3, maxContexts: 1 });
    const seen = frameOf(5, 1, 20n);
    expect(outcome(decryptor, seen)).toBe('opened');
    add(decryptor, 5, { senderIndex: 3 });
    expect(outcome(decryptor, seen)).toBe('replay');
    expect(outcome(decryptor, frameOf(5, 1, 19n))).toBe('opened');
    expect(outcome(decryptor, frameOf(5, 1, 0n, { contextId: 1 }))).toBe('key-id');
    clock.ms += 12_000;
    expect(decryptor.hasEpoch(5), 'nor does the grace begin again').toBe(false);
    // it is the latest one again, when the one after it was withdrawn
    const other = receiver([5, 6]);
    other.removeEpoch(6);
    add(other, 5);
    clock.ms += 12_000;
    expect(outcome(other, frameOf(5, 1))).toBe('opened');
  });

  test('with another key replace it, with other terms too; windows never open again', () => {
    const decryptor = receiver(5);
    expect(outcome(decryptor, frameOf(5, 1, 20n))).toBe('opened');
    add(decryptor, 5, { baseKey: baseKeyOf(5, 1) });
    expect(outcome(decryptor, frameOf(5, 1, 21n))).toBe('authentication');
    expect(outcome(decryptor, frameOf(5, 1, 0n, { branch: 1 }))).toBe('opened');
    add(decryptor, 5);
    expect(outcome(decryptor, frameOf(5, 1, 20n))).toBe('replay');
    expect(outcome(decryptor, frameOf(5, 1, 19n))).toBe('replay');
    expect(outcome(decryptor, frameOf(5, 1, 21n))).toBe('opened');
    add(decryptor, 5, { expect: 1 });
    expect(outcome(decryptor, frameOf(5, 2))).toBe('key-id');
    expect(outcome(decryptor, frameOf(5, 1, 21n))).toBe('replay');
    expect(outcome(decryptor, frameOf(5, 1, 22n))).toBe('opened');
    add(decryptor, 5, { groupSize: 16 });
    expect(outcome(decryptor, frameOf(5, 1, 99n, { branch: 1, groupSize: 16 }))).toBe('authentication');
    expect(outcome(decryptor, frameOf(5, 9, 0n, { groupSize: 16 }))).toBe('opened');
    add(decryptor, 5, { groupSize: 32 });
    expect(decryptor.senderOf(kidOf(5, 17, 0n, 32))?.senderIndex).toBe(17);
  });

  test.each([
    ['removed', (decryptor: MlsDecryptor) => void decryptor.removeEpoch(5)],
    [
      'over',
      (decryptor: MlsDecryptor) => {
        add(decryptor, 6);
        clock.ms += 12_000;
        decryptor.hasEpoch(5);
        decryptor.removeEpoch(6);
      },
    ],
  ])('that were %s and come back open nothing that was open', (_how, leave) => {
    const decryptor = receiver(5);
    for (const contextId of [0, 1]) decryptor.decrypt(frameOf(5, 1, 20n, { contextId }));
    for (let round = 0; round < 3; round++) {
      leave(decryptor);
      expect(outcome(decryptor, frameOf(5, 1, 30n))).toBe('key-id');
      add(decryptor, 5);
      expect(outcome(decryptor, forgery(kidOf(5, 1, 2n)))).toBe('authentication');
      for (const contextId of [0, 1])
        for (const ctr of [0n, 19n, 20n])
          expect(outcome(decryptor, frameOf(5, 1, ctr, { contextId }))).toBe('replay');
      expect(outcome(decryptor, frameOf(5, 2, BigInt(round))), 'who was silent').toBe('opened');
    }
    expect(outcome(decryptor, frameOf(5, 1, 21n))).toBe('opened');
  });
});
