/**
 * What holds for every input, tried on random ones (fast-check), in Node and in a browser. Inputs lean towards the
 * edges where encodings change their length. A failure prints its seed and the smallest input that shows it.
 */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  type CipherSuite,
  cipherSuites,
  decodeHeader,
  encodeHeader,
  SFrameDecryptor,
  SFrameEncryptor,
  SFrameError,
} from '../src/index.ts';
import { ReplayWindow } from '../src/replay.ts';
import { highHalf, joinU64, lowHalf } from '../src/types.ts';
import {
  OracleError,
  OracleReplayWindow,
  oracleDecodeHeader,
  oracleDecrypt,
  oracleEncodeHeader,
  oracleEncrypt,
} from './oracle.ts';

const suites = Object.keys(cipherSuites) as CipherSuite[];
const maxU64 = 2n ** 64n - 1n;

// Inputs

/** 0 to `max`: edges of the header's lengths and of number's precision, their neighbours, and anything else. */
const u64 = (max = maxU64) =>
  fc
    .oneof(
      fc.constantFrom(0n, 7n, 8n, 255n, 256n, 2n ** 32n - 1n, 2n ** 32n, 2n ** 53n, 2n ** 64n - 2n),
      fc.bigInt(0n, 0x200n),
      fc.tuple(fc.bigInt(0n, 63n), fc.bigInt(-2n, 2n)).map(([bits, off]) => 2n ** bits + off),
      fc.bigInt(0n, maxU64),
    )
    .map((value) => (value < 0n ? 0n : value > max ? max : value));

const bytes = (maxLength: number, minLength = 0) =>
  fc.uint8Array({ minLength, maxLength, size: 'max' }) as fc.Arbitrary<Uint8Array<ArrayBuffer>>;

/** A frame and what it is encrypted under. A second counter after `ctr` is left. */
const frames = (maxLength: number) =>
  fc.record({
    baseKey: bytes(64, 16),
    kid: u64(),
    ctr: u64(maxU64 - 2n),
    metadata: bytes(40),
    plaintext: bytes(maxLength),
  });
type Frame = { baseKey: Uint8Array; kid: bigint; ctr: bigint; metadata: Uint8Array; plaintext: Uint8Array };

function makeEncryptor(cipherSuite: CipherSuite, { baseKey, kid, ctr }: Frame): SFrameEncryptor {
  const encryptor = new SFrameEncryptor({ cipherSuite });
  encryptor.setEncryptionKey(baseKey, kid, { ctr });
  return encryptor;
}

function makeDecryptor(cipherSuite: CipherSuite, { baseKey, kid }: Frame): SFrameDecryptor {
  const decryptor = new SFrameDecryptor({ cipherSuite });
  decryptor.addDecryptionKey(baseKey, kid);
  return decryptor;
}

/** The code an operation is refused with; any other error is passed on. */
function refusal(operation: () => unknown): string | undefined {
  try {
    operation();
  } catch (error) {
    if (error instanceof SFrameError || error instanceof OracleError) return error.code;
    throw error;
  }
  return undefined;
}

/** A sender's first frame, which a receiver has, and the second, which it has not. */
function room(cipherSuite: CipherSuite, frame: Frame) {
  const encryptor = makeEncryptor(cipherSuite, frame);
  const decryptor = makeDecryptor(cipherSuite, frame);
  decryptor.decrypt(encryptor.encrypt(frame.plaintext, frame.metadata), frame.metadata);
  return { decryptor, genuine: encryptor.encrypt(frame.plaintext, frame.metadata) };
}

const expectGenuineOpens = ({ decryptor, genuine }: ReturnType<typeof room>, frame: Frame) =>
  expect(decryptor.decrypt(genuine, frame.metadata)).toEqual(frame.plaintext);

describe.each(suites)('%s', (cipherSuite) => {
  const { id, Nt } = cipherSuites[cipherSuite];

  it('opens what it sealed, and adds header and tag', () => {
    fc.assert(
      fc.property(frames(2000), (frame) => {
        const encryptor = makeEncryptor(cipherSuite, frame);
        const decryptor = makeDecryptor(cipherSuite, frame);
        const { kid, ctr, metadata, plaintext } = frame;
        for (const expected of [ctr, ctr + 1n]) {
          expect(encryptor.ctr).toBe(expected);
          const ciphertext = encryptor.encrypt(plaintext, metadata);
          const length = ciphertext.length - plaintext.length - Nt;
          expect(decodeHeader(ciphertext)).toEqual({ kid, ctr: expected, length });
          expect(encodeHeader(kid, expected)).toEqual(ciphertext.subarray(0, length));
          expect(decryptor.decrypt(ciphertext, metadata)).toEqual(plaintext);
          expect(refusal(() => decryptor.decrypt(ciphertext, metadata))).toBe('replay');
        }
      }),
    );
  });

  it('knows before it seals how long a target must be', () => {
    fc.assert(
      fc.property(frames(100), (frame) => {
        const { metadata, plaintext } = frame;
        const ciphertext = makeEncryptor(cipherSuite, frame).encrypt(plaintext, metadata);
        const encryptor = makeEncryptor(cipherSuite, frame);
        const target = new Uint8Array(ciphertext.length);
        expect(() => encryptor.encryptInto(target.subarray(1), plaintext, metadata)).toThrow(/^target /);
        expect(encryptor.ctr).toBe(frame.ctr);
        expect(encryptor.encryptInto(target, plaintext, metadata)).toBe(ciphertext.length);
        expect(target).toEqual(ciphertext);

        const decryptor = makeDecryptor(cipherSuite, frame);
        const opened = new Uint8Array(plaintext.length);
        expect(decryptor.decryptInto(opened, ciphertext, metadata)).toBe(plaintext.length);
        expect(opened).toEqual(plaintext);
      }),
    );
  });

  it('seals what the oracle seals', () => {
    fc.assert(
      fc.property(frames(200), (frame) => {
        const { ciphertext } = oracleEncrypt({ suite: id, ...frame });
        expect(makeEncryptor(cipherSuite, frame).encrypt(frame.plaintext, frame.metadata)).toEqual(
          ciphertext,
        );
      }),
      { numRuns: 8 },
    );
  });

  it('refuses a frame with a flipped bit, then takes the genuine one', () => {
    fc.assert(
      fc.property(frames(100), fc.nat(), (frame, where) => {
        const scene = room(cipherSuite, frame);
        const bit = where % (8 * scene.genuine.length);
        const damaged = scene.genuine.slice();
        damaged[bit >> 3]! ^= 1 << (bit & 7);
        const code = refusal(() => scene.decryptor.decrypt(damaged, frame.metadata));
        expect(['authentication', 'key-id', 'syntax', 'replay']).toContain(code);
        expectGenuineOpens(scene, frame);
      }),
      { numRuns: 300 },
    );
  });

  it('refuses every truncation and any byte more', () => {
    fc.assert(
      fc.property(frames(60), bytes(20, 1), (frame, more) => {
        const scene = room(cipherSuite, frame);
        const { decryptor, genuine } = scene;
        for (let len = 0; len < genuine.length; len++) {
          const code = refusal(() => decryptor.decrypt(genuine.subarray(0, len), frame.metadata));
          const expected = len < genuine.length - frame.plaintext.length ? 'syntax' : 'authentication';
          expect(code, `${len} of ${genuine.length}`).toBe(expected);
        }
        for (const extra of [more.subarray(0, 1), more]) {
          const longer = Uint8Array.of(...genuine, ...extra);
          expect(refusal(() => decryptor.decrypt(longer, frame.metadata))).toBe('authentication');
        }
        expectGenuineOpens(scene, frame);
      }),
      { numRuns: 20 },
    );
  });

  it('refuses other metadata and other keys', () => {
    fc.assert(
      fc.property(frames(60), bytes(40), bytes(64, 16), (frame, otherMetadata, otherKey) => {
        const scene = room(cipherSuite, frame);
        const { metadata } = frame;
        const others = [otherMetadata, Uint8Array.of(...metadata, 0), metadata.subarray(1), undefined];
        for (const other of others) {
          if (`${other ?? ''}` === `${metadata}`) continue;
          expect(refusal(() => scene.decryptor.decrypt(scene.genuine, other))).toBe('authentication');
        }
        fc.pre(`${otherKey}` !== `${frame.baseKey}`);
        const stranger = makeDecryptor(cipherSuite, { ...frame, baseKey: otherKey });
        expect(refusal(() => stranger.decrypt(scene.genuine, metadata))).toBe('authentication');
        const elsewhere = makeDecryptor(cipherSuite, { ...frame, kid: frame.kid ^ 1n });
        expect(refusal(() => elsewhere.decrypt(scene.genuine, metadata))).toBe('key-id');
        expectGenuineOpens(scene, frame);
      }),
      { numRuns: 50 },
    );
  });

  it('takes garbage for nothing but a bad frame', () => {
    const decryptor = new SFrameDecryptor({ cipherSuite });
    for (let kid = 0; kid < 4; kid++) decryptor.addDecryptionKey(new Uint8Array(16), kid);
    const codes = new Set<string | undefined>();
    fc.assert(
      fc.property(bytes(100), bytes(10), (garbage, metadata) => {
        const code = refusal(() => decryptor.decrypt(garbage, metadata));
        expect(['authentication', 'key-id', 'syntax']).toContain(code);
        codes.add(code);
      }),
      { numRuns: 500 },
    );
    expect(codes.size, 'all three were met').toBe(3);
  });

  it('is opened by the oracle', () => {
    fc.assert(
      fc.property(frames(100), (frame) => {
        const { baseKey, kid, ctr, metadata, plaintext } = frame;
        const target = new Uint8Array(200);
        const length = makeEncryptor(cipherSuite, frame).encryptInto(target, plaintext, metadata);
        const ciphertext = target.subarray(0, length);
        const opened = oracleDecrypt({ suite: id, baseKey, metadata, ciphertext });
        expect(opened).toMatchObject({ kid, ctr, plaintext });
      }),
      { numRuns: 4 },
    );
  });
});

describe('header', () => {
  it('decodes to what was encoded', () => {
    fc.assert(
      fc.property(u64(), u64(), bytes(4), (kid, ctr, rest) => {
        const header = encodeHeader(kid, ctr);
        expect(header).toEqual(oracleEncodeHeader(kid, ctr));
        expect(decodeHeader(Uint8Array.of(...header, ...rest))).toEqual({ kid, ctr, length: header.length });
      }),
      { numRuns: 2000 },
    );
  });

  it('has one form for every pair: what decodes encodes to the same bytes', () => {
    // Small bytes lead into the forms that are not minimal.
    const byte = fc.oneof(fc.constantFrom(0, 1, 7, 8), fc.nat(255));
    const config = fc.oneof(fc.constantFrom(0x80, 0x08, 0x88, 0x90, 0x09, 0xff), fc.nat(255));
    const decoded = { yes: 0, no: 0 };
    fc.assert(
      fc.property(config, fc.array(byte, { maxLength: 20 }), (first, rest) => {
        const input = Uint8Array.of(first, ...rest);
        const code = refusal(() => decodeHeader(input));
        expect(code).toBe(refusal(() => oracleDecodeHeader(input)));
        decoded[code === undefined ? 'yes' : 'no']++;
        if (code === undefined) {
          const { kid, ctr, length } = decodeHeader(input);
          expect(encodeHeader(kid, ctr)).toEqual(input.subarray(0, length));
        } else {
          expect(code).toBe('syntax');
        }
      }),
      { numRuns: 5000 },
    );
    expect(Math.min(decoded.yes, decoded.no), 'both were met').toBeGreaterThan(500);
  });

  it('halves join to the whole', () => {
    fc.assert(
      fc.property(u64(), (value) => {
        const [high, low] = [highHalf(value), lowHalf(value)];
        for (const half of [high, low]) expect(half === half >>> 0).toBe(true);
        expect(BigInt(high) * 2n ** 32n + BigInt(low)).toBe(value);
        expect(joinU64(high, low)).toBe(value);
      }),
      { numRuns: 1000 },
    );
  });
});

describe('replay window', () => {
  /** Counters as steps from the highest one so far: about it, about the window's end, far away, or anywhere. */
  const steps = (size: number) => {
    const from = (base: bigint) => fc.bigInt(base - 3n, base + 3n);
    const [n, ring] = [BigInt(size), 2n ** BigInt(Math.ceil(Math.log2(Math.max(size, 32))))];
    const step = fc.oneof(
      from(0n),
      fc.bigInt(-2n * n, n),
      ...[-n, n, ring, 2n * ring, 2n ** 32n].map(from),
      fc.constantFrom(-(2n ** 32n), -(2n ** 53n), 2n ** 31n, 2n ** 40n, 2n ** 53n),
    );
    return fc.oneof(
      { weight: 20, arbitrary: fc.record({ step }) },
      { weight: 1, arbitrary: fc.record({ ctr: u64() }) },
    );
  };

  const starts = fc.constantFrom(0n, 100n, 2n ** 32n - 20n, 2n ** 53n - 5n, maxU64 - 5000n, maxU64 - 10n);

  describe.each([1, 2, 31, 32, 33, 64, 1000, 1024])('of %i frames', (size) => {
    it.each([false, true])('accepts what a set accepts; with a floor: %s', (withFloor) => {
      const moves = fc.array(fc.tuple(steps(size), fc.boolean()), { maxLength: 120, size: 'max' });
      const met = { accepted: 0, refused: 0 };
      fc.assert(
        fc.property(starts, moves, (start, sequence) => {
          const window = new ReplayWindow(
            size,
            withFloor ? { high: highHalf(start), low: lowHalf(start) } : undefined,
          );
          const oracle = new OracleReplayWindow(size);
          if (withFloor) oracle.highest = start;
          const floor = withFloor ? start : -1n;
          for (const [move, authentic] of sequence) {
            const base = oracle.highest < 0n ? start : oracle.highest;
            const ctr = 'ctr' in move ? move.ctr : base + move.step;
            if (ctr < 0n || ctr > maxU64) continue;
            const [high, low] = [highHalf(ctr), lowHalf(ctr)];
            const accepted = window.accepts(high, low);
            // A forged frame: asked about, never committed. What it may have changed, the next ones show.
            if (!authentic) continue;
            expect(accepted, `${ctr} after ${oracle.highest}`).toBe(ctr > floor && oracle.accept(ctr));
            if (accepted) window.commit(high, low);
            met[accepted ? 'accepted' : 'refused']++;
          }
          const { highest } = window;
          expect(highest ? joinU64(highest.high, highest.low) : -1n).toBe(oracle.highest);
        }),
        { numRuns: 200 },
      );
      expect(Math.min(met.accepted, met.refused), 'both were met').toBeGreaterThan(100);
    });
  });
});
