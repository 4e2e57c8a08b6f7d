// What holds of every layout for any frame and any bytes at all (fast-check): nothing is lost, both sides find the same
// boundary, ciphertext never looks like a start code, and a forger gets nothing out of it but work for himself.

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { av1 } from '../src/codec/av1.ts';
import { findHazard, findPrevention, unescapeFrom } from '../src/codec/emulation.ts';
import { decryptFrame, encryptFrame } from '../src/codec/frame.ts';
import { h264 } from '../src/codec/h264.ts';
import { h265 } from '../src/codec/h265.ts';
import type { Layout } from '../src/codec/layout.ts';
import { findClearEnd, findStartCode } from '../src/codec/nal.ts';
import { readObu } from '../src/codec/obu.ts';
import { vp8 } from '../src/codec/vp8.ts';
import { whole } from '../src/codec/whole.ts';
import { SFrameDecryptor, SFrameEncryptor } from '../src/index.ts';
import type { Bytes } from '../src/types.ts';
import {
  av1Frames,
  fromLatin1,
  h264Frames,
  h265Frames,
  join,
  latin1,
  obu,
  opus,
  sendNalUnits,
  sendObus,
  unitsOf,
  vp8Delta,
  vp8Key,
} from './codec-frames.ts';
import { noise } from './lengths.ts';
import { hex, unhex } from './oracle.ts';

// Inputs

const anyBytes = (maxLength: number) => fc.uint8Array({ maxLength, size: 'max' }) as fc.Arbitrary<Bytes>;

/** Bytes of which many are those that mean something. */
const loaded = (maxLength: number, ...more: number[]) =>
  fc
    .array(
      fc.oneof(
        { weight: 5, arbitrary: fc.constantFrom(0, 0, 0, 1, 2, 3) },
        { weight: 2, arbitrary: fc.constantFrom(0x80, 0xff, ...more) },
        { weight: 1, arbitrary: fc.integer({ min: 0, max: 255 }) },
      ),
      { maxLength },
    )
    .map((list) => Uint8Array.from(list));

const joined = (parts: fc.Arbitrary<Bytes>, maxLength = 6) =>
  fc.array(parts, { maxLength }).map((list) => join(...list));

const byteStreams = (...headers: string[]) =>
  joined(
    fc
      .tuple(
        fc.constantFrom('000001', '00000001', '0000000001', ''),
        fc.constantFrom(...headers, ''),
        loaded(12),
      )
      .map(([code, header, rest]) => join(unhex(code), unhex(header), rest)),
  );

const obus = joined(
  fc.oneof(
    loaded(12, 0x0a, 0x08, 0x32, 0x30, 0x12),
    fc
      .tuple(fc.constantFrom(1, 2, 3, 4, 5, 6, 15), loaded(12), fc.option(fc.integer({ min: 0, max: 255 })))
      .map(([type, body, extension]) => obu(type, body, extension ?? undefined)),
  ),
);

const codecs: readonly {
  name: string;
  layout: Layout;
  frames: fc.Arbitrary<Bytes>;
  real: readonly Bytes[];
}[] = [
  { name: 'audio, VP9', layout: whole, frames: fc.constant(new Uint8Array(0)), real: [opus] },
  { name: 'VP8', layout: vp8, frames: loaded(24, 0x0f, 0x9d, 0x2a), real: [vp8Key, vp8Delta] },
  {
    name: 'H.264',
    layout: h264,
    frames: byteStreams('67', '68', '6605', '09', '65', '41', '4100', '01', '0180'),
    real: Object.values(h264Frames),
  },
  {
    name: 'H.265',
    layout: h265,
    frames: byteStreams('4001', '4201', '4e01', '0201', '0001', '000000', '2601', '020180'),
    real: Object.values(h265Frames),
  },
  { name: 'AV1', layout: av1, frames: obus, real: Object.values(av1Frames).map(({ frame }) => frame) },
];

const framesOf = (frames: fc.Arbitrary<Bytes>) =>
  fc.oneof({ weight: 3, arbitrary: frames }, { weight: 1, arbitrary: loaded(40) }, anyBytes(300));

/** The same bytes in the middle of others. */
function within(bytes: Uint8Array): Uint8Array {
  const all = noise(bytes.length + 20, 77);
  all.set(bytes, 7);
  return all.subarray(7, 7 + bytes.length);
}

const cipherSuite = 'AES_128_CTR_HMAC_SHA256_80';
function contexts(replayWindow: number) {
  const encryptor = new SFrameEncryptor({ cipherSuite });
  const decryptor = new SFrameDecryptor({ cipherSuite, replayWindow });
  encryptor.setEncryptionKey(noise(16, 1), 9);
  decryptor.addDecryptionKey(noise(16, 1), 9);
  return { encryptor, decryptor };
}

/** What is sent; that it can be is out of question here. */
function sendOf(encryptor: SFrameEncryptor, layout: Layout, frame: Uint8Array): Bytes {
  const sent = encryptFrame(encryptor, { layout }, frame);
  if (typeof sent === 'string') throw new Error(sent);
  return sent;
}

const isOwn = (bytes: Bytes) => bytes.byteOffset === 0 && bytes.buffer.byteLength === bytes.length;

describe.each(codecs)('$name', ({ layout, frames, real }) => {
  const isNal = layout === h264 || layout === h265;

  test('frames come out as they went in, but for start codes', () => {
    const { encryptor, decryptor } = contexts(1024);
    fc.assert(
      fc.property(framesOf(frames), (frame) => {
        const before = frame.slice();
        const sent = sendOf(encryptor, layout, within(frame));
        const received = sent.slice();
        const opened = decryptFrame(decryptor, { layout }, within(sent));
        if (typeof opened === 'string') throw new Error(opened);
        if (!isNal || unitsOf(frame) === undefined) expect(hex(opened)).toBe(hex(frame));
        else expect(unitsOf(opened)!.map(hex)).toEqual(unitsOf(frame)!.map(hex));
        expect([hex(frame), hex(sent)]).toEqual([hex(before), hex(received)]);
        expect([isOwn(sent), isOwn(opened)]).toEqual([true, true]);
      }),
      { numRuns: 1000 },
    );
  });

  test('the receiver finds the clear part and the ciphertext that the sender had', () => {
    fc.assert(
      fc.property(framesOf(frames), loaded(40), (frame, ciphertext) => {
        const { clear, text } = layout.split(within(frame));
        const sent = layout.join(clear, ciphertext.slice());
        const parsed = layout.parse(within(sent));
        expect([hex(parsed!.clear), hex(parsed!.ciphertext)]).toEqual([hex(clear), hex(ciphertext)]);
        expect(hex(sent).startsWith(hex(clear))).toBe(true);
        expect([isOwn(clear), isOwn(sent), isOwn(parsed!.clear)]).toEqual([true, true, true]);
        // restoring is the inverse of splitting, and what it makes is split in the same way
        const again = layout.split(layout.restore(clear, text.slice()));
        expect([hex(again.clear), hex(again.text)]).toEqual([hex(clear), hex(text)]);
      }),
      { numRuns: 3000 },
    );
  });

  test('bytes from anywhere give nothing, and throw nothing', () => {
    const { decryptor } = contexts(1024);
    fc.assert(
      fc.property(framesOf(frames), (received) => {
        expect(decryptFrame(decryptor, { layout }, within(received))).toBeTypeOf('string');
      }),
      { numRuns: 2000 },
    );
  });

  test('damaged frames give nothing, or what was sent', () => {
    const { encryptor, decryptor } = contexts(0);
    fc.assert(
      fc.property(
        fc.oneof(framesOf(frames), fc.constantFrom(...real.map((frame) => frame.slice(0, 200)))),
        fc.array(fc.tuple(fc.nat(400), fc.nat(4), loaded(4)), { minLength: 1, maxLength: 3 }),
        (frame, damage) => {
          const sent = sendOf(encryptor, layout, frame);
          const intact = decryptFrame(decryptor, { layout }, sent) as Bytes;
          const bytes = Array.from(sent);
          for (const [at, count, more] of damage) bytes.splice(at % (bytes.length + 1), count, ...more);
          const opened = decryptFrame(decryptor, { layout }, Uint8Array.from(bytes));
          if (typeof opened !== 'string') expect(hex(opened)).toBe(hex(intact));
        },
      ),
      { numRuns: 2000 },
    );
  });

  test('no bit of a clear part may change', () => {
    const { encryptor, decryptor } = contexts(0);
    for (const frame of [...real, new Uint8Array(0)]) {
      const sent = sendOf(encryptor, layout, frame);
      expect(decryptFrame(decryptor, { layout }, sent)).toBeInstanceOf(Uint8Array);
      for (let bit = 0; bit < 8 * layout.parse(sent)!.clear.length; bit++) {
        const changed = sent.slice();
        changed[bit >> 3]! ^= 1 << (bit & 7);
        expect(decryptFrame(decryptor, { layout }, changed), `bit ${bit}`).toBeTypeOf('string');
      }
    }
  });

  test('a frame cut short gives nothing', () => {
    const { encryptor, decryptor } = contexts(0);
    for (const frame of [...real.map((frame) => frame.slice(0, 100)), new Uint8Array(0)]) {
      const sent = sendOf(encryptor, layout, frame);
      for (let len = 0; len < sent.length; len++)
        expect(decryptFrame(decryptor, { layout }, sent.slice(0, len)), `${len} bytes`).toBeTypeOf('string');
    }
  });
});

describe.each(codecs.filter(({ layout }) => layout === h264 || layout === h265))(
  'the protected part of $name',
  ({ layout, frames }) => {
    test('holds no start code, and none across its boundary', () => {
      fc.assert(
        fc.property(framesOf(frames), loaded(60), (frame, ciphertext) => {
          const { clear } = layout.split(frame);
          const sent = layout.join(clear, ciphertext);
          const across = Array.from(sent.subarray(clear.length - 2));
          for (let i = 2; i < across.length; i++)
            if (across[i - 2] === 0 && across[i - 1] === 0) expect(across[i]).toBeGreaterThan(2);
          expect(sent.at(-1)).toBe(0x80);
          expect(unitsOf(sent)!.length).toBe(latin1(clear).split('\0\0\x01').length - 1);
        }),
        { numRuns: 5000 },
      );
    });

    test('comes through packetizers, with whatever start codes they write', () => {
      const codes = fc.array(fc.constantFrom('000001', '00000001', '000000000001'), { minLength: 1 });
      fc.assert(
        fc.property(framesOf(frames), loaded(60), codes, (frame, ciphertext, list) => {
          const { clear } = layout.split(frame);
          const sent = layout.join(clear, ciphertext.slice());
          const codeOf = (i: number) => unhex(list[i % list.length]!);
          const ways = [
            join(...unitsOf(sent)!.flatMap((unit, i) => [codeOf(i), unit])),
            ...(layout === h264 ? [sendNalUnits(sent), sendNalUnits(sent, codeOf, 9)] : []),
          ];
          for (const received of ways) {
            const parsed = layout.parse(received);
            expect([hex(parsed!.clear), hex(parsed!.ciphertext)]).toEqual([hex(clear), hex(ciphertext)]);
          }
        }),
        { numRuns: 3000 },
      );
    });
  },
);

test('an AV1 frame comes through packetizers that drop delimiters and write lengths anew', () => {
  fc.assert(
    fc.property(framesOf(obus), loaded(300), fc.boolean(), (frame, ciphertext, bare) => {
      const { clear } = av1.split(frame);
      const sent = av1.join(clear, ciphertext.slice());
      const received = sendObus(
        sent,
        bare ? (size, last) => (last ? undefined : longLength(size)) : undefined,
      );
      for (const way of [received, join(unhex('1200'), received)]) {
        const parsed = av1.parse(way);
        expect([hex(parsed!.clear), hex(parsed!.ciphertext)]).toEqual([hex(clear), hex(ciphertext)]);
      }
    }),
    { numRuns: 2000 },
  );
});

/** A length in four bytes, though fewer would do. */
const longLength = (size: number) =>
  Uint8Array.of((size & 127) | 128, ((size >> 7) & 127) | 128, ((size >> 14) & 127) | 128, size >> 21);

// Work: how often a byte is read, counted.

/** Bytes that count how often they are read. */
function counting(bytes: Uint8Array): { readonly bytes: Uint8Array; reads: number } {
  const count = { bytes, reads: 0 };
  count.bytes = new Proxy(bytes, {
    get(target, name) {
      if (typeof name === 'string' && /^-?\d+$/.test(name)) count.reads++;
      return Reflect.get(target, name, target) as unknown;
    },
  });
  return count;
}

const repeated = (pattern: string, len: number) =>
  fromLatin1(
    latin1(unhex(pattern))
      .repeat(Math.ceil(len / (pattern.length / 2)))
      .slice(0, len),
  );

describe('work grows with length, not faster', () => {
  /** What it is, what such bytes begin with, and the work on them. */
  const work: readonly (readonly [string, string, (bytes: Uint8Array) => void])[] = [
    [
      'to find what to escape',
      '',
      (bytes) => {
        for (let i = findHazard(bytes, 0); i < bytes.length; i = findHazard(bytes, i + 2));
      },
    ],
    ['to undo it', '000003', (bytes) => void unescapeFrom(bytes, 0)],
    [
      'to find a slice',
      '000001',
      (bytes) => {
        findClearEnd(bytes, { headerLen: 1, isSlice: () => false, isClear: () => true, other: [] });
      },
    ],
    ['to parse H.264', '00000106', (bytes) => void h264.parse(bytes)],
    [
      'to walk along OBUs',
      '',
      (bytes) => {
        for (let obu = readObu(bytes, 0); obu !== undefined; obu = readObu(bytes, obu.end));
      },
    ],
  ];
  const patterns = [
    ...['00', '01', '03', '80', '0001', '000003', '000001', '00000001', '00000106', '0000010600'],
    ...['1200', '10', '128000', '0a00', '0aff', '12ffffffffffffff7f', '0000030080', '000000000000000006'],
  ];

  describe.each(work)('%s', (_what, front, run) => {
    test.each(patterns)('in %s, again and again', (pattern) => {
      const reads = [1000, 10_000, 40_000].map((len) => {
        const bytes = join(unhex(front), repeated(pattern, len), unhex('80'));
        const count = counting(bytes);
        run(count.bytes);
        return count.reads / len;
      });
      expect(Math.max(...reads)).toBeLessThan(8);
    });
  });

  test.each([
    ['what to escape', findHazard],
    ['what to undo', findPrevention],
    ['a start code', findStartCode],
  ])('and to find %s, of most bytes a third is read', (_what, find) => {
    const count = counting(noise(30_000, 3));
    expect(find(count.bytes, 0)).toBe(30_000);
    expect(count.reads).toBeLessThan(10_500);
  });

  test('the clear part of a hostile frame is no longer than a quarter more', () => {
    const units = repeated('00000106', 40_000);
    const { clear } = h264.parse(join(units, unhex('0000014199c080')))!;
    expect(clear.length).toBe(50_000 + 6);
    expect(clear.buffer.byteLength).toBe(clear.length);
  });
});
