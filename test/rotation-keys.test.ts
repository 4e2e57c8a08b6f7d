// What becomes of one key in a rotation: how much it may encrypt, how it is staged, used and wiped, what fails, what is
// said of it.

import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import {
  type CipherSuite,
  cipherSuites,
  KeyRotation,
  type KeyRotationOptions,
  MlsDecryptor,
  MlsEncryptor,
  RatchetDecryptor,
  RatchetEncryptor,
  type RotatedEncryptor,
  type RotationEvent,
  type RotationEventType,
  SFrameDecryptor,
  SFrameEncryptor,
} from '../src/index.ts';
import {
  callOf,
  cipherSuite,
  clock,
  codeOf,
  frame,
  keyOf,
  kidOf,
  now,
  numbers,
  reset,
  thrown,
  wait,
} from './call.ts';

beforeEach(reset);

const suites = Object.keys(cipherSuites) as CipherSuite[];

describe('usage limits', () => {
  /** A sender on his own, who notes events and stages nothing by himself. */
  function limited(options: Partial<KeyRotationOptions>, suite: CipherSuite = cipherSuite) {
    const encryptor = new SFrameEncryptor({ cipherSuite: suite });
    const rotation = new KeyRotation(encryptor, { cipherSuite: suite, now, ...options });
    const events: string[] = [];
    for (const type of ['key-expiring', 'key-needed', 'switched'] as const)
      rotation.addEventListener(type, ({ kid, reason }) => events.push(`${type} ${reason ?? kid}`));
    rotation.stage(keyOf(1), 1);
    events.length = 0;
    return { encryptor, rotation, events };
  }

  test('frames: key-expiring once at 7/8, then counter-exhausted, before a counter is taken', async () => {
    const { encryptor, rotation, events } = limited({ maxFrames: 16 });
    for (let i = 0; i < 14; i++) rotation.encrypt(frame);
    expect(events).toEqual([]);
    rotation.encrypt(frame);
    expect(events).toEqual(['key-expiring 1', 'key-needed limit']);
    await rotation.encryptAsync(frame);
    const target = new Uint8Array(200).fill(0xee);
    expect(thrown(() => rotation.encrypt(frame))).toMatchObject({ code: 'counter-exhausted', kid: 1n });
    expect(codeOf(() => rotation.encryptInto(target, frame))).toBe('counter-exhausted');
    await expect(rotation.encryptAsync(frame)).rejects.toMatchObject({ code: 'counter-exhausted' });
    expect(encryptor.ctr).toBe(16n);
    expect(target.every((byte) => byte === 0xee)).toBe(true);
    expect(events).toEqual(['key-expiring 1', 'key-needed limit']);
    rotation.stage(keyOf(2), 2);
    for (let i = 0; i < 15; i++) rotation.encrypt(frame);
    expect(events.slice(2)).toEqual(['switched 2', 'key-expiring 2', 'key-needed limit']);
  });

  test('an application that answers at once never meets them', () => {
    const { rotation } = limited({ maxFrames: 8 });
    let kid = 2;
    rotation.addEventListener('key-needed', () => rotation.stage(keyOf(kid), kid++));
    const kids = Array.from({ length: 28 }, () => kidOf(rotation.encrypt(frame)));
    expect(kids).toEqual(numbers(0, 28).map((i) => 1 + Math.floor(i / 7)));
  });

  test('blocks: of header and metadata, and of the plaintext, each rounded up', () => {
    for (const [plaintextLen, metadataLen, blocks] of [
      [0, 0, 1],
      [1, 0, 2],
      [16, 0, 2],
      [17, 0, 3],
      [100, 6, 1 + 7],
      [100, 7, 1 + 7], // config byte, 8 bytes of CTR, metadata
      [100, 8, 2 + 7],
      [1200, 23, 2 + 75],
      [1200, 24, 3 + 75],
    ] as const) {
      const { rotation, encryptor } = limited({ maxBlocks: 10 * blocks });
      const metadata = new Uint8Array(metadataLen);
      for (let i = 0; i < 10; i++) rotation.encrypt(new Uint8Array(plaintextLen), metadata);
      expect(codeOf(() => rotation.encrypt(new Uint8Array(plaintextLen), metadata))).toBe(
        'counter-exhausted',
      );
      expect(encryptor.ctr).toBe(10n);
    }
  });

  test('blocks: the header at its longest for the KID', () => {
    const encryptor = new SFrameEncryptor({ cipherSuite });
    const rotation = new KeyRotation(encryptor, { cipherSuite, now, maxBlocks: 3 });
    rotation.stage(keyOf(1), 2n ** 56n); // 1 + 8 + 8 bytes
    rotation.encrypt(new Uint8Array(16));
    expect(codeOf(() => rotation.encrypt(new Uint8Array(0)))).toBe('counter-exhausted');
  });

  test('blocks: key-expiring at 7/8, or when a frame does not fit; smaller ones still leave', () => {
    const { rotation, events } = limited({ maxBlocks: 80 });
    rotation.encrypt(new Uint8Array(16 * 68));
    expect(events).toEqual([]);
    expect(codeOf(() => rotation.encrypt(new Uint8Array(16 * 11)))).toBe('counter-exhausted');
    expect(events).toEqual(['key-expiring 1', 'key-needed limit']);
    rotation.encrypt(new Uint8Array(16 * 10));
    expect(codeOf(() => rotation.encrypt(new Uint8Array(0)))).toBe('counter-exhausted');
    expect(events).toEqual(['key-expiring 1', 'key-needed limit']);
    // another key counts from 0
    rotation.stage(keyOf(2), 2);
    for (let i = 0; i < 7; i++) rotation.encrypt(new Uint8Array(16 * 9));
    expect(events.slice(2)).toEqual(['switched 2']);
    rotation.encrypt(new Uint8Array(16 * 9));
    expect(events.slice(3)).toEqual(['key-expiring 2', 'key-needed limit']);
  });

  test('key-expiring is said of a key whose successor is staged, but nothing is asked', () => {
    const { rotation, events } = limited({ maxFrames: 8, onJoin: false });
    rotation.join('bob');
    rotation.stage(keyOf(2), 2);
    for (let i = 0; i < 8; i++) rotation.encrypt(frame);
    expect(events).toEqual(['key-expiring 1']);
  });

  test.each(suites)('%s: 2^32 frames by default, whatever their length', async (suite) => {
    const isGcm = suite.includes('GCM');
    // A stand-in counts as a real encryptor would, and encrypts nothing: the default limits are far away.
    let ctr = 2n ** 32n - 2n;
    const result = new Uint8Array(0);
    const encryptor: RotatedEncryptor = {
      kid: 1n,
      get ctr() {
        return ctr;
      },
      encrypt: () => {
        ctr++;
        return result;
      },
      encryptInto: () => 0,
      encryptAsync: async () => result,
    };
    const rotation = new KeyRotation(encryptor, { cipherSuite: suite, now });
    rotation.encrypt(frame);
    rotation.encrypt(frame);
    expect(codeOf(() => rotation.encrypt(frame))).toBe('counter-exhausted');
    expect(ctr).toBe(2n ** 32n);

    ctr = 0n;
    const fresh = new KeyRotation(encryptor, { cipherSuite: suite, now });
    const large = new Uint8Array(2 ** 24);
    let blocks = 0;
    for (; blocks < 1e12; blocks += 1 + 2 ** 20)
      if (codeOf(() => fresh.encrypt(large)) === 'counter-exhausted') break;
    expect(blocks < 1e12).toBe(isGcm);
    if (!isGcm) return;
    // (s + q + 1)^2 / 2^129 <= 2^-50, for q = 2^32 frames of s blocks, and no s above
    const maxBlocks = 773_177_160_696;
    const advantage = (s: number) => BigInt(s + 2 ** 32 + 1) ** 2n;
    expect(advantage(maxBlocks)).toBeLessThanOrEqual(2n ** (129n - 50n));
    expect(advantage(maxBlocks + 1)).toBeGreaterThan(2n ** (129n - 50n));
    const rest = 16 * (maxBlocks - blocks - 1);
    expect(codeOf(() => fresh.encrypt(large.subarray(0, rest + 1)))).toBe('counter-exhausted');
    fresh.encrypt(large.subarray(0, rest));
    expect(codeOf(() => fresh.encrypt(large.subarray(0, 0)))).toBe('counter-exhausted');
  });

  test('a frame that the encryptor refuses is not counted', () => {
    const { rotation, encryptor } = limited({ maxFrames: 2 });
    for (let i = 0; i < 5; i++)
      expect(() => rotation.encryptInto(new Uint8Array(10), frame)).toThrow(/^target /);
    expect(() => rotation.encrypt(new Uint8Array(2 ** 24 + 1))).toThrow(RangeError);
    expect(encryptor.ctr).toBe(0n);
    rotation.encrypt(frame);
    rotation.encrypt(frame);
    expect(codeOf(() => rotation.encrypt(frame))).toBe('counter-exhausted');
  });

  test('a limit that is reached does not wait for those who have not confirmed', () => {
    const { rotation } = limited({ maxFrames: 2, onJoin: false });
    rotation.join('bob');
    rotation.encrypt(frame);
    rotation.stage(keyOf(2), 2);
    expect(kidOf(rotation.encrypt(frame))).toBe(1);
    expect(kidOf(rotation.encrypt(frame))).toBe(2);
  });
});

describe('encryptAsync', () => {
  test('reads the clock, switches and counts before it returns', async () => {
    const alice = callOf(['bob'], { maxFrames: 3 });
    alice.answers = false;
    alice.silent.add('bob');
    alice.rotate();
    wait(9999);
    const first = alice.rotation.encryptAsync(frame);
    wait(1);
    const second = alice.rotation.encryptAsync(frame);
    expect(alice.rotation.kid).toBe(2n);
    const others = Array.from({ length: 4 }, () => alice.rotation.encryptAsync(frame));
    clock.time += 1e9;
    expect(kidOf(await first)).toBe(1);
    expect(kidOf(await second)).toBe(2);
    const ends = await Promise.allSettled(others);
    expect(ends.map(({ status }) => status)).toEqual(['fulfilled', 'fulfilled', 'rejected', 'rejected']);
    expect(alice.encryptor.ctr).toBe(3n);
  });

  test('never throws', async () => {
    const rotation = new KeyRotation(new SFrameEncryptor({ cipherSuite }), { cipherSuite, now });
    await expect(rotation.encryptAsync(frame)).rejects.toMatchObject({ code: 'no-key' });
    await expect(rotation.encryptAsync([] as never)).rejects.toThrow(TypeError);
    rotation.destroy();
    await expect(rotation.encryptAsync(frame)).rejects.toMatchObject({ code: 'destroyed' });
  });
});

describe('staged keys', () => {
  /** A sender with a key under KID 1, and bob, who confirms nothing. */
  function waiting() {
    const encryptor = new SFrameEncryptor({ cipherSuite });
    const rotation = new KeyRotation(encryptor, { cipherSuite, now });
    rotation.join('bob');
    rotation.stage(keyOf(1), 1);
    return { encryptor, rotation };
  }

  test('are copied, and the copy is wiped when they are used', () => {
    const { encryptor, rotation } = waiting();
    const mine = keyOf(2);
    let copy: Uint8Array | undefined;
    rotation.stage(mine, 2, (baseKey, kid) => {
      copy = baseKey;
      encryptor.setEncryptionKey(baseKey, kid);
    });
    mine.fill(0);
    expect(copy).toBeUndefined();
    rotation.confirm('bob', 2);
    expect(copy).toEqual(new Uint8Array(32));
    const decryptor = new SFrameDecryptor({ cipherSuite });
    decryptor.addDecryptionKey(keyOf(2), 2);
    expect(decryptor.decrypt(rotation.encrypt(frame))).toEqual(frame);
  });

  test.each<[string, (rotation: KeyRotation) => unknown]>([
    ['superseded by another', (rotation) => rotation.stage(keyOf(3), 3)],
    ['superseded by a joiner', (rotation) => rotation.join('carol')],
    ['superseded by a leaver', (rotation) => rotation.leave('bob')],
    ['superseded by a leak', (rotation) => rotation.reportLeak()],
    ['destroyed', (rotation) => rotation.destroy()],
  ])('are wiped when they are %s', (_how, end) => {
    const { rotation } = waiting();
    // The copy is private: what is written to memory tells of it.
    const wiped: Uint8Array[] = [];
    const { fill } = Uint8Array.prototype;
    rotation.stage(keyOf(2), 2);
    Uint8Array.prototype.fill = function (value, ...rest) {
      if (value === 0) wiped.push(new Uint8Array(this));
      return fill.call(this, value, ...rest) as typeof this;
    };
    try {
      end(rotation);
    } finally {
      Uint8Array.prototype.fill = fill;
    }
    expect(wiped).toContainEqual(keyOf(2));
    if (_how !== 'destroyed') expect(rotation.stagedKid).not.toBe(2n);
  });

  test('need a KID that is new', () => {
    const { rotation } = waiting();
    const refused = (kid: number) =>
      expect(thrown(() => rotation.stage(keyOf(99), kid))).toMatchObject({
        code: 'key-reuse',
        kid: BigInt(kid),
      });
    refused(1);
    rotation.stage(keyOf(2), 2);
    refused(2);
    rotation.stage(keyOf(3), 3); // KID 2 was never used, but bob has heard of it
    refused(2);
    rotation.confirm('bob', 3);
    for (const kid of [1, 2, 3]) refused(kid);
    expect(rotation.stagedKid).toBeUndefined();
    rotation.stage(keyOf(4), 4);
    expect(rotation.stagedKid).toBe(4n);
    refused(1); // and what is staged stays
    expect(rotation.stagedKid).toBe(4n);
  });

  test('the KIDs of all but the last 4096 are forgotten; the encryptor knows its keys for ever', () => {
    const encryptor = new SFrameEncryptor({ cipherSuite });
    const rotation = new KeyRotation(encryptor, { cipherSuite, now });
    for (let kid = 0; kid <= 4096; kid++) rotation.stage(keyOf(1), kid);
    expect(thrown(() => rotation.stage(keyOf(1), 1))).toMatchObject({ message: 'this KID was used before' });
    expect(thrown(() => rotation.stage(keyOf(1), 0))).toMatchObject({
      code: 'key-reuse',
      message: 'this base key and KID were used before',
    });
    rotation.stage(keyOf(2), 0);
    expect(kidOf(rotation.encrypt(frame))).toBe(0);
  });

  test('of an MLS group: epochs come round again, and their KIDs with them', () => {
    const encryptor = new MlsEncryptor({ cipherSuite, epochBits: 1 });
    const decryptor = new MlsDecryptor({ cipherSuite, epochBits: 1, now });
    const rotation = new KeyRotation(encryptor, { cipherSuite, now });
    expect(() => rotation.stage(keyOf(1), 1)).toThrow(/^activate must be given/);
    for (let epoch = 0; epoch < 6; epoch++) {
      const position = { epoch, groupSize: 4, senderIndex: 2 };
      decryptor.addEpoch({ epoch, baseKey: keyOf(epoch), groupSize: 4, senderIndex: 0 });
      rotation.stage(keyOf(epoch), encryptor.kidOf(position), (baseKey) =>
        encryptor.setEpoch({ ...position, baseKey }),
      );
      const ciphertext = rotation.encrypt(frame);
      expect(kidOf(ciphertext)).toBe(2 * 2 + (epoch & 1));
      expect(decryptor.decrypt(ciphertext)).toEqual(frame);
    }
    const again = () => rotation.stage(keyOf(7), 5, (baseKey) => encryptor.setEpoch(baseKey as never));
    expect(codeOf(again)).toBe('key-reuse'); // that is the one in use
  });

  test('need a KID other than that of the one staged, also with an activation', () => {
    const { encryptor, rotation } = waiting();
    const activate = (baseKey: Uint8Array, kid: bigint) => encryptor.setEncryptionKey(baseKey, kid);
    rotation.stage(keyOf(2), 2, activate);
    expect(codeOf(() => rotation.stage(keyOf(3), 2, activate))).toBe('key-reuse');
    rotation.confirm('bob', 2);
    expect(rotation.kid).toBe(2n);
  });

  describe('that cannot be activated', () => {
    const failing = () => {
      throw new Error('out of order');
    };

    test('at once: the caller is told, and nothing is staged', () => {
      const encryptor = new SFrameEncryptor({ cipherSuite });
      const rotation = new KeyRotation(encryptor, { cipherSuite, now });
      expect(() => rotation.stage(keyOf(1), 1, failing)).toThrow('out of order');
      expect(rotation.stagedKid).toBeUndefined();
      expect(codeOf(() => rotation.encrypt(frame))).toBe('no-key');
      rotation.stage(keyOf(1), 1);
      expect(kidOf(rotation.encrypt(frame))).toBe(1);
    });

    test('in a routine change: the old key goes on, and another is asked for', () => {
      const alice = callOf(['bob'], { everyFrames: 5 });
      alice.answers = false;
      const events: unknown[] = [];
      alice.rotation.addEventListener('switch-failed', ({ kid, error }) => events.push([kid, `${error}`]));
      alice.stream(200);
      alice.rotation.stage(keyOf(2), 2, failing);
      wait(10_000);
      expect(alice.send()).toBe(1);
      expect(events).toEqual([[2n, 'Error: out of order']]);
      expect(alice.reasons).toEqual(['frames', 'frames']);
      expect(alice.rotation.stagedKid).toBeUndefined();
      // its deadline is not the next one's
      alice.rotation.stage(keyOf(3), 3);
      wait(9999);
      expect(alice.send()).toBe(1);
      alice.rotation.confirm('bob', 3);
      expect(alice.send()).toBe(3);
    });

    test('and had replaced another: what that one answered is asked again', () => {
      const alice = callOf(['bob'], { everyFrames: 5 });
      alice.answers = false;
      alice.stream(200);
      alice.rotation.stage(keyOf(2), 2);
      alice.rotation.stage(keyOf(3), 3, failing);
      alice.rotation.confirm('bob', 3);
      expect(alice.reasons).toEqual(['frames', 'frames']);
    });

    test('after a leaver: the old key goes on to its end, and not beyond', () => {
      const alice = callOf(['bob', 'carol']);
      alice.answers = false;
      alice.rotation.leave('bob');
      alice.rotation.stage(keyOf(2), 2, failing);
      alice.rotation.confirm('carol', 2);
      expect(alice.reasons).toEqual(['leave', 'leave']);
      wait(999);
      expect(alice.send()).toBe(1);
      alice.rotation.stage(keyOf(3), 3, failing);
      wait(1);
      expect(codeOf(() => alice.send())).toBe('no-key');
      expect(codeOf(() => alice.send())).toBe('no-key');
      alice.rotation.stage(keyOf(4), 4);
      expect(alice.send()).toBe(4);
    });

    test('by a listener that stages the same again and again: it ends', () => {
      const alice = callOf(['bob']);
      alice.answers = false;
      let tries = 0;
      alice.rotation.addEventListener('key-needed', () => {
        tries++;
        thrown(() => alice.rotation.stage(keyOf(1 + tries), 1 + tries, failing));
      });
      alice.rotation.reportLeak();
      expect(alice.rotation.stagedKid).toBe(2n);
      wait(1000);
      for (let i = 0; i < 3; i++) expect(codeOf(() => alice.send())).toBe('no-key');
      expect(tries).toBe(2);
    });

    test('that sets another KID than the one announced: no frame leaves under it', () => {
      const { encryptor, rotation } = waiting();
      const shifted = (baseKey: Uint8Array, kid: bigint) => encryptor.setEncryptionKey(baseKey, kid << 4n);
      rotation.stage(keyOf(2), 2, shifted);
      rotation.confirm('bob', 2);
      expect(encryptor.kid).toBe(32n);
      expect(rotation.kid).toBeUndefined();
      expect(codeOf(() => rotation.encrypt(frame))).toBe('no-key');
      rotation.stage(keyOf(3), 3);
      expect(kidOf(rotation.encrypt(frame))).toBe(3);
    });

    test('that sets it too late: no frame leaves under what it makes of the wiped bytes', async () => {
      const { encryptor, rotation } = waiting();
      rotation.stage(keyOf(2), 2, (async (baseKey: Uint8Array, kid: bigint) => {
        await Promise.resolve();
        encryptor.setEncryptionKey(baseKey, kid);
      }) as never);
      rotation.confirm('bob', 2);
      expect(kidOf(rotation.encrypt(frame))).toBe(1);
      await Promise.resolve();
      await Promise.resolve();
      expect(encryptor.kid).toBe(2n);
      expect(codeOf(() => rotation.encrypt(frame))).toBe('no-key');
      rotation.stage(keyOf(3), 3);
      expect(kidOf(rotation.encrypt(frame))).toBe(3);
    });

    test('because it calls the rotation: that is refused, and nothing is half done', () => {
      const { encryptor, rotation } = waiting();
      const errors: unknown[] = [];
      rotation.addEventListener('switch-failed', ({ error }) => errors.push(error));
      for (const [kid, call] of [
        [2, () => rotation.leave('bob')],
        [3, () => rotation.encrypt(frame)],
        [4, () => rotation.stage(keyOf(9), 9)],
        [5, () => rotation.tick()],
      ] as const) {
        rotation.stage(keyOf(kid), kid, call);
        rotation.confirm('bob', kid);
      }
      expect(errors).toEqual(Array(4).fill(new TypeError('activate must not call the rotation')));
      expect(rotation.kid).toBe(1n);
      expect(encryptor.ctr).toBe(0n);
      expect(kidOf(rotation.encrypt(frame))).toBe(1);
    });
  });

  test('a key set on the encryptor itself: no frame leaves under it, until one is staged', () => {
    const { encryptor, rotation } = waiting();
    const reasons: unknown[] = [];
    rotation.addEventListener('key-needed', ({ reason }) => reasons.push(reason));
    encryptor.setEncryptionKey(keyOf(2), 2);
    expect(codeOf(() => rotation.encrypt(frame))).toBe('no-key');
    expect(reasons).toEqual(['start']);
    rotation.stage(keyOf(3), 3);
    expect(kidOf(rotation.encrypt(frame))).toBe(3);
    encryptor.destroy();
    expect(codeOf(() => rotation.encrypt(frame))).toBe('destroyed');
  });
});

describe('steps', () => {
  /** As a RatchetEncryptor with R = 4: the KID counts, and receivers follow. */
  function ratchet() {
    const alice = callOf(['bob', 'carol'], { everyFrames: 10, maxFrames: 20, onJoin: false });
    alice.answers = false;
    const next = (kid: number) => () => alice.encryptor.setEncryptionKey(keyOf(kid), kid);
    return { alice, rotation: alice.rotation, next };
  }

  test('are taken at once, and answer the schedule; counting starts again', () => {
    const { alice, rotation, next } = ratchet();
    for (let i = 0; i < 11; i++) alice.send();
    expect(alice.reasons).toEqual(['frames']);
    rotation.step(next(2));
    for (let i = 0; i < 20; i++) expect(alice.send()).toBe(2);
    expect(alice.switches).toEqual([1n, 2n]);
    expect(codeOf(() => alice.send())).toBe('counter-exhausted');
  });

  test('close the question: a joiner asks anew', () => {
    const alice = callOf(['bob'], { everyFrames: 10 });
    alice.answers = false;
    for (let i = 0; i < 11; i++) alice.send();
    alice.rotation.step(() => alice.encryptor.setEncryptionKey(keyOf(2), 2));
    alice.join('dave');
    expect(alice.reasons).toEqual(['frames', 'join']);
  });

  test('do not answer a leaver, who can follow them too', () => {
    const { alice, rotation, next } = ratchet();
    rotation.leave('bob');
    rotation.step(next(2));
    wait(999);
    expect(alice.send()).toBe(2);
    wait(1);
    expect(codeOf(() => alice.send())).toBe('no-key');
    rotation.step(next(3));
    expect(codeOf(() => alice.send())).toBe('no-key');
    rotation.leave('carol');
    expect(alice.reasons, 'it is still the first that is open').toEqual(['leave']);
    rotation.stage(keyOf(16), 16);
    expect(alice.send()).toBe(16);
  });

  test('of a ratchet: a joiner cannot look back, and a new generation locks a leaver out', () => {
    const encryptor = new RatchetEncryptor({ cipherSuite, ratchetBits: 4 });
    const rotation = new KeyRotation(encryptor, { cipherSuite, now, onJoin: false });
    const [bob, carol] = [0, 1].map(() => new RatchetDecryptor({ cipherSuite, ratchetBits: 4, now }));
    /** Stages a generation. */
    const generate = (generation: number, ...takers: (RatchetDecryptor | undefined)[]) => {
      for (const taker of takers) taker!.addDecryptionKey(keyOf(generation), generation << 4);
      return rotation.stage(keyOf(generation), generation << 4, (baseKey) =>
        encryptor.setEncryptionKey(baseKey, generation),
      );
    };
    // without activation the KID would be taken for a generation
    expect(() => rotation.stage(keyOf(7), 7)).toThrow(/^kid must be that of the key/);
    rotation.join('bob');
    generate(8, bob);
    const before = rotation.encrypt(frame);
    expect(bob!.decrypt(before)).toEqual(frame);

    rotation.step(() => encryptor.ratchet());
    rotation.join('carol');
    const { baseKey, kid } = encryptor.exportKey();
    carol!.addDecryptionKey(baseKey, kid);
    const between = rotation.encrypt(frame);
    for (const receiver of [bob, carol]) expect(receiver!.decrypt(between)).toEqual(frame);
    expect(codeOf(() => carol!.decrypt(before))).toBe('ratchet-limit');

    rotation.leave('bob');
    expect(generate(9, carol)).toEqual(['carol']);
    wait(1000);
    const after = rotation.encrypt(frame);
    expect(kidOf(after)).toBe(9 << 4);
    expect(carol!.decrypt(after)).toEqual(frame);
    expect(codeOf(() => bob!.decrypt(after))).toBe('key-id');
  });

  test('leave a staged key where it is', () => {
    const { alice, rotation, next } = ratchet();
    rotation.stage(keyOf(16), 16);
    rotation.step(next(2));
    expect(rotation.stagedKid).toBe(16n);
    wait(10_000);
    expect(alice.send()).toBe(16);
  });

  test('that fail change nothing, or leave no key', () => {
    const { alice, rotation } = ratchet();
    const failing = () => {
      throw new Error('out of order');
    };
    expect(() => rotation.step(failing)).toThrow('out of order');
    expect(() => rotation.step(() => {})).toThrow(new RangeError('activate must set another key'));
    expect(alice.send()).toBe(1);
    const halfway = () => {
      alice.encryptor.setEncryptionKey(keyOf(2), 2);
      failing();
    };
    expect(() => rotation.step(halfway)).toThrow('out of order');
    expect(codeOf(() => alice.send())).toBe('no-key');
    expect(codeOf(() => rotation.step(() => {}))).toBe('no-key');
    rotation.stage(keyOf(16), 16);
    expect(rotation.kid, 'there is nothing to go on with').toBe(16n);
    expect(() => rotation.step(undefined as never)).toThrow(TypeError);
  });
});

describe('events', () => {
  test('are typed, say what happened, and come in order', () => {
    const encryptor = new SFrameEncryptor({ cipherSuite });
    const rotation = new KeyRotation(encryptor, { cipherSuite, now });
    const seen: object[] = [];
    const note = ({ type, reason, kid, previousKid }: RotationEvent) =>
      seen.push({ type, reason, kid, previousKid });
    const types: RotationEventType[] = ['key-needed', 'key-expiring', 'switched', 'switch-failed'];
    for (const type of types) rotation.addEventListener(type, note);
    rotation.stage(keyOf(1), 1);
    rotation.reportLeak();
    rotation.stage(keyOf(2), 2);
    expect(seen).toEqual([
      { type: 'switched', reason: undefined, kid: 1n, previousKid: undefined },
      { type: 'key-needed', reason: 'leak', kid: 1n, previousKid: undefined },
      { type: 'switched', reason: undefined, kid: 2n, previousKid: 1n },
    ]);
    for (const type of types) rotation.removeEventListener(type, note);
    rotation.reportLeak();
    expect(seen.length).toBe(3);
  });

  describe('a listener that throws', () => {
    // What listeners throw is reported to the realm, as it should be; here it must not fail the run.
    const reported: unknown[] = [];
    const note = (error: unknown) => reported.push(error);
    const noteEvent = (event: ErrorEvent) => {
      note(event.error);
      event.preventDefault();
    };
    const inNode = typeof process === 'object' && typeof process.once === 'function';
    let others: NodeJS.UncaughtExceptionListener[] = [];
    beforeEach(() => {
      reported.length = 0;
      if (inNode) {
        others = process.listeners('uncaughtException');
        process.removeAllListeners('uncaughtException').on('uncaughtException', note);
      } else addEventListener('error', noteEvent);
    });
    afterEach(async () => {
      await new Promise((resolve) => setTimeout(resolve));
      if (inNode) {
        process.removeAllListeners('uncaughtException');
        for (const listener of others) process.on('uncaughtException', listener);
      } else removeEventListener('error', noteEvent);
    });

    test('loses no frame', async () => {
      const alice = callOf(['bob'], { everyFrames: 3, maxFrames: 100 });
      const bad = () => {
        throw new Error('listener');
      };
      for (const type of ['key-needed', 'key-expiring', 'switched'] as const)
        alice.rotation.addEventListener(type, bad);
      const kids = alice.stream(200);
      expect(kids).toEqual([1, 1, 1, 1, 1, 1, 1, 2, 2, 2]);
      expect(alice.receivers.get('bob')!.opened).toEqual(numbers(0, 10));
      await new Promise((resolve) => setTimeout(resolve));
      expect(reported.map(String)).toEqual(['Error: listener', 'Error: listener']);
    });
  });

  test('a listener may destroy the rotation: the frame does not leave', () => {
    const alice = callOf(['bob'], { everyFrames: 1 });
    alice.send();
    alice.rotation.addEventListener('key-needed', () => alice.rotation.destroy());
    expect(codeOf(() => alice.send())).toBe('destroyed');
    expect(alice.encryptor.ctr).toBe(1n);
  });

  test('a listener may destroy the rotation: it is the last to hear of it', () => {
    const alice = callOf(['bob'], { maxFrames: 1 });
    alice.send();
    alice.rotation.addEventListener('key-expiring', () => alice.rotation.destroy());
    expect(codeOf(() => alice.send())).toBe('destroyed');
    expect(alice.reasons).toEqual([]);
  });

  test('a listener may send frames', () => {
    const alice = callOf(['bob'], { everyFrames: 5 });
    alice.rotation.addEventListener('key-needed', () => alice.send());
    alice.rotation.addEventListener('switched', () => alice.send());
    alice.stream(1000);
    expect(alice.receivers.get('bob')!.refused).toEqual([]);
  });
});

describe('arguments', () => {
  const encryptor = () => new SFrameEncryptor({ cipherSuite });

  test('of the constructor are checked', () => {
    for (const value of [undefined, null, {}, 5])
      expect(() => new KeyRotation(value as never, { cipherSuite })).toThrow(/^encryptor must be/);
    expect(() => new KeyRotation(encryptor(), undefined as never)).toThrow(/^options must be/);
    expect(() => new KeyRotation(encryptor(), { cipherSuite: 'AES' as never })).toThrow(/^cipherSuite must/);
    for (const name of ['everyFrames', 'everySeconds', 'rolloutSeconds', 'maxFrames', 'maxBlocks']) {
      for (const value of [0, -1, 0.5, Number.NaN, Number.POSITIVE_INFINITY])
        expect(() => new KeyRotation(encryptor(), { cipherSuite, [name]: value })).toThrow(
          new RegExp(`^${name} must be an integer from 1 to `),
        );
      expect(() => new KeyRotation(encryptor(), { cipherSuite, [name]: '5' })).toThrow(TypeError);
    }
    expect(() => new KeyRotation(encryptor(), { cipherSuite, maxFrames: 2 ** 32 + 1 })).toThrow(RangeError);
    for (const name of ['onJoin', 'onLeave'])
      expect(() => new KeyRotation(encryptor(), { cipherSuite, [name]: 0 })).toThrow(
        new TypeError(`${name} must be a boolean`),
      );
    expect(() => new KeyRotation(encryptor(), { cipherSuite, now: 5 as never })).toThrow(
      new TypeError('now must be a function'),
    );
  });

  test('of methods are checked, and nothing happens', () => {
    const rotation = new KeyRotation(encryptor(), { cipherSuite, now });
    for (const value of [undefined, 5, null]) {
      expect(() => rotation.join(value as never)).toThrow(/^participant must be/);
      expect(() => rotation.leave(value as never)).toThrow(/^participant must be/);
      expect(() => rotation.confirm(value as never, 1)).toThrow(/^participant must be/);
      expect(() => rotation.stage(value as never, 1)).toThrow(/^baseKey must be/);
      expect(() => rotation.encrypt(value as never)).toThrow(/^plaintext must be/);
    }
    expect(() => rotation.confirm('bob', 0.5)).toThrow(/^kid must be/);
    expect(() => rotation.stage(keyOf(1), -1)).toThrow(/^kid must be/);
    expect(() => rotation.stage(keyOf(1), 1, 5 as never)).toThrow(/^activate must be/);
    for (const len of [0, 15, 4097])
      expect(() => rotation.stage(new Uint8Array(len), 1)).toThrow(/^baseKey must be from 16/);
    expect(() => rotation.encrypt(frame, 'x' as never)).toThrow(/^metadata must be/);
    rotation.stage(keyOf(1), 1);
    expect(kidOf(rotation.encrypt(frame, new Uint8Array(3)))).toBe(1);
  });

  test('after destroy() all is refused, except destroy()', () => {
    const inner = encryptor();
    const rotation = new KeyRotation(inner, { cipherSuite, now });
    rotation.stage(keyOf(1), 1);
    rotation.destroy();
    rotation.destroy();
    for (const call of [
      () => rotation.stage(keyOf(2), 2),
      () => rotation.step(() => {}),
      () => rotation.join('bob'),
      () => rotation.leave('bob'),
      () => rotation.reportLeak(),
      () => rotation.confirm('bob', 1),
      () => rotation.tick(),
      () => rotation.encrypt(frame),
      () => rotation.encryptInto(new Uint8Array(200), frame),
    ])
      expect(codeOf(call)).toBe('destroyed');
    // the encryptor is the caller's
    expect(kidOf(inner.encrypt(frame))).toBe(1);
  });
});

describe('what a review has found', () => {
  /** A sender whose keys the test stages; asks are noted. */
  function sending(encryptor = new SFrameEncryptor({ cipherSuite }), clockOf: () => number = now) {
    const rotation = new KeyRotation(encryptor, { cipherSuite, now: clockOf });
    const asked: unknown[] = [];
    rotation.addEventListener('key-needed', ({ reason }) => asked.push(reason));
    rotation.stage(keyOf(1), 1);
    return { rotation, encryptor, asked };
  }

  test('a joiner does not make a leaver forgotten', () => {
    const { rotation, encryptor, asked } = sending();
    rotation.join('bob');
    rotation.stage(keyOf(2), 2);
    rotation.confirm('bob', 2);
    rotation.join('carol');
    rotation.stage(keyOf(3), 3);
    rotation.leave('bob');
    rotation.stage(keyOf(4), 4);
    rotation.join('dave');
    expect(asked).toEqual(['join', 'join', 'leave', 'leave']);
    rotation.step(() => encryptor.setEncryptionKey(keyOf(50), 50));
    wait(1001);
    expect(codeOf(() => rotation.encrypt(frame))).toBe('no-key');
    rotation.stage(keyOf(5), 5);
    expect(kidOf(rotation.encrypt(frame))).toBe(5);
  });

  test('a key that a leaver was given is dropped, though the one in use is lost', () => {
    const { rotation, encryptor, asked } = sending();
    rotation.join('bob');
    rotation.stage(keyOf(2), 2);
    rotation.confirm('bob', 2);
    rotation.join('carol');
    rotation.stage(keyOf(3), 3);
    const failing = () =>
      rotation.step(() => {
        encryptor.setEncryptionKey(keyOf(9), 9);
        throw new Error('after the change');
      });
    expect(failing).toThrow('after the change');
    rotation.leave('bob');
    expect(rotation.stagedKid).toBeUndefined();
    expect(codeOf(() => rotation.encrypt(frame))).toBe('no-key');
    expect(asked.at(-1)).toBe('leave');
    rotation.stage(keyOf(4), 4);
    expect(kidOf(rotation.encrypt(frame))).toBe(4);
  });

  test('a clock that fails leaves the members as they were', () => {
    let fails = false;
    const { rotation } = sending(undefined, () => {
      if (fails) throw new Error('no time');
      return clock.time;
    });
    rotation.join('bob');
    fails = true;
    expect(() => rotation.leave('bob')).toThrow('no time');
    expect(() => rotation.join('carol')).toThrow('no time');
    fails = false;
    expect(rotation.leave('bob')).toBe(true);
    expect(rotation.join('carol')).toBe(true);
  });

  test('a KID that had a key gets no other after an activation that fails', () => {
    const { rotation, encryptor } = sending();
    rotation.stage(keyOf(2), 2);
    expect(kidOf(rotation.encrypt(frame))).toBe(2);
    const failing = () => rotation.stage(keyOf(1), 1, () => expect.unreachable('thrown on purpose'));
    expect(failing).toThrow('thrown on purpose');
    expect(codeOf(() => rotation.stage(keyOf(7), 1))).toBe('key-reuse');
    expect(encryptor.kid).toBe(2n);
  });

  test('a key set by a listener sends nothing', () => {
    const encryptor = new SFrameEncryptor({ cipherSuite });
    const rotation = new KeyRotation(encryptor, { cipherSuite, now, everyFrames: 1 });
    rotation.stage(keyOf(1), 1);
    expect(kidOf(rotation.encrypt(frame))).toBe(1);
    rotation.addEventListener('key-needed', () => encryptor.setEncryptionKey(keyOf(99), 99));
    expect(codeOf(() => rotation.encrypt(frame))).toBe('no-key');
  });
});
