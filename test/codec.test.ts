// Which bytes of a frame stay clear, codec by codec, to the byte; and that realistic frames come through what packetizers
// do to them.

import { describe, expect, test } from 'vitest';
import { av1 } from '../src/codec/av1.ts';
import { joinEscaped, unescapeFrom } from '../src/codec/emulation.ts';
import { decryptFrame, encryptFrame } from '../src/codec/frame.ts';
import { h264 } from '../src/codec/h264.ts';
import { h265 } from '../src/codec/h265.ts';
import type { Layout } from '../src/codec/layout.ts';
import { vp8 } from '../src/codec/vp8.ts';
import { whole } from '../src/codec/whole.ts';
import { SFrameDecryptor, SFrameEncryptor } from '../src/index.ts';
import {
  av1Frames,
  h264Frames,
  h265Frames,
  join,
  leb128,
  obusOf,
  opus,
  sendNalUnits,
  sendObus,
  unitsOf,
  vp8Delta,
  vp8Key,
} from './codec-frames.ts';
import { noise } from './lengths.ts';
import { hex, unhex } from './oracle.ts';

const cipherSuite = 'AES_128_GCM_SHA256_128';
const bytes = (text: string) => unhex(text.replaceAll(/[ |]/g, ''));
const zeros = (count: number) => '00'.repeat(count);

function contexts() {
  const encryptor = new SFrameEncryptor({ cipherSuite });
  const decryptor = new SFrameDecryptor({ cipherSuite });
  encryptor.setEncryptionKey(noise(16, 1), 5);
  decryptor.addDecryptionKey(noise(16, 1), 5);
  return { encryptor, decryptor };
}

/** What a layout makes of a frame and of a ciphertext, there and back. */
function expectLaidOut(
  layout: Layout,
  row: {
    frame: string;
    clear: string;
    text: string;
    ciphertext: string;
    sent: string;
    restored: string | undefined;
  },
): void {
  const frame = bytes(row.frame);
  const before = frame.slice();
  const { clear, text } = layout.split(frame);
  expect([hex(clear), hex(text)]).toEqual([hex(bytes(row.clear)), hex(bytes(row.text))]);
  const ciphertext = bytes(row.ciphertext);
  const sent = layout.join(clear, ciphertext);
  expect(hex(sent)).toBe(hex(bytes(row.sent)));
  expect(sent.buffer.byteLength).toBe(sent.length);
  const parsed = layout.parse(sent);
  expect(hex(parsed!.clear)).toBe(hex(clear));
  expect(hex(parsed!.ciphertext)).toBe(hex(ciphertext));
  const restored = layout.restore(parsed!.clear, text.slice());
  expect(hex(restored)).toBe(hex(bytes(row.restored ?? row.frame)));
  expect(restored.buffer.byteLength).toBe(restored.length);
  expect(frame).toEqual(before);
}

/** What it is, layout, frame, clear part, text, a ciphertext, what is sent, and the frame restored if it is another. */
type Row = readonly [string, Layout, string, string, string, string, string, string?];

const table: readonly Row[] = [
  ['audio, VP9: nothing is clear', whole, '78 0102', '', '78 0102', 'c0ffee', 'c0ffee'],
  ['an empty frame is encrypted, too', whole, '', '', '', 'c0ffee', 'c0ffee'],

  [
    'VP8 key frame: 10',
    vp8,
    'b0c200 9d012a 8002 6801 | 1122',
    'b0c2009d012a80026801',
    '1122',
    'c0',
    'b0c2009d012a80026801 c0',
  ],
  [
    'with nothing behind',
    vp8,
    'b0c200 9d012a 8002 6801',
    'b0c2009d012a80026801',
    '',
    'c0',
    'b0c2009d012a80026801 c0',
  ],
  ['a byte less: whole', vp8, 'b0c200 9d012a 8002 68', '0f', 'b0c200 9d012a 8002 68', 'c0ff', '0f c0ff'],
  ['the P bit alone says key', vp8, `fe${zeros(12)}`, `fe${zeros(9)}`, zeros(3), 'c0', `fe${zeros(9)} c0`],
  ['VP8 delta frame: 1', vp8, 'd12f00 aa', 'd1', '2f00aa', 'c0ff', 'd1 c0ff'],
  ['of one byte', vp8, '01', '01', '', 'c0ff', '01 c0ff'],
  ['of none: whole', vp8, '', '0f', '', 'c0ff', '0f c0ff'],
  ['a byte that says key: whole', vp8, '00', '0f', '00', 'c0ff', '0f c0ff'],
  ['a first byte no encoder writes: whole', vp8, '0f 33', '0f', '0f33', 'c0ff', '0f c0ff'],

  ['H.264: a slice', h264, '00000001 41 9a 2400', '00000001419a', '2400', 'c0ff', '00000001419a c0ff 80'],
  [
    'behind a short start code',
    h264,
    '000001 41 9a 2400',
    '00000001419a',
    '2400',
    'c0ff',
    '00000001419a c0ff 80',
    '00000001 41 9a 2400',
  ],
  [
    'parameter sets in front',
    h264,
    '000001 6742c0 0000000001 68cb | 00000001 65 88 84 000001 65 0a',
    '00000001 6742c0 00000001 68cb 00000001 6588',
    '84 000001 65 0a',
    'c0',
    '00000001 6742c0 00000001 68cb 00000001 6588 c0 80',
    '00000001 6742c0 00000001 68cb | 00000001 65 88 84 000001 65 0a',
  ],
  [
    'a slice with nothing behind its first byte',
    h264,
    '00000001 65 88',
    '000000016588',
    '',
    'c0',
    '000000016588 c0 80',
  ],
  ['with less: whole', h264, '00000001 65', '000000010180', '0000000165', 'c0', '000000010180 c0 80'],
  [
    'the first byte is that of the next start code',
    h264,
    '00000001 65 00 0001 4199',
    '0000000165 00',
    '00014199',
    'c0',
    '0000000165 00 c0 80',
  ],
  ['no slice: whole', h264, '00000001 6742', '000000010180', '000000016742', 'c0', '000000010180 c0 80'],
  ['no start code: whole', h264, '0002 419a', '000000010180', '0002419a', 'c0', '000000010180 c0 80'],
  [
    'something in front: whole',
    h264,
    '01 000001 419a',
    '000000010180',
    '01000001419a',
    'c0',
    '000000010180 c0 80',
  ],
  ['a start code alone: whole', h264, '000001', '000000010180', '000001', 'c0', '000000010180 c0 80'],
  [
    'a unit of no known kind in front: whole',
    h264,
    '000001 10ff 000001 419a',
    '000000010180',
    '000001 10ff 000001 419a',
    'c0',
    '000000010180 c0 80',
  ],
  ['an empty frame', h264, '', '000000010180', '', 'c0', '000000010180 c0 80'],
  [
    'a frame that begins so: whole',
    h264,
    '000001 0180 55',
    '000000010180',
    '000001018055',
    'c0',
    '000000010180 c0 80',
  ],

  [
    'a start code in the ciphertext',
    h264,
    '00000001 419a',
    '00000001419a',
    '',
    '000001 c0 000000',
    '00000001419a 00000301 c0 00000300 80',
  ],
  ['across the boundary', h264, '00000001 4100', '000000014100', '', '0001', '000000014100 000301 80'],
  ['one zero on either side', h264, '00000001 4100', '000000014100', '', '00', '000000014100 00 80'],
  ['no zero in front', h264, '00000001 4101', '000000014101', '', '0001', '000000014101 0001 80'],
  [
    'an 03 of its own',
    h264,
    '00000001 419a',
    '00000001419a',
    '',
    '000003 000004 0003',
    '00000001419a 00000303 000004 0003 80',
  ],
  [
    'zeros only',
    h264,
    '00000001 419a',
    '00000001419a',
    '',
    zeros(7),
    '00000001419a 0000 03 0000 03 0000 03 00 80',
  ],
  ['80 at the end', h264, '00000001 419a', '00000001419a', '', '8080', '00000001419a 8080 80'],

  [
    'H.265: two bytes of header, one of the slice',
    h265,
    '000001 4001aa 000001 0201 d0 77',
    '00000001 4001aa 00000001 0201d0',
    '77',
    'c0',
    '00000001 4001aa 00000001 0201d0 c0 80',
    '00000001 4001aa 00000001 0201d0 77',
  ],
  [
    'a picture nobody refers to',
    h265,
    '00000001 0001 e0 77',
    '00000001 0001e0',
    '77',
    'c0',
    '00000001 0001e0 c0 80',
  ],
  [
    'across the boundary',
    h265,
    '00000001 0201 00 77',
    '00000001 020100',
    '77',
    '0002',
    '00000001 020100 000302 80',
  ],
  ['with less: whole', h265, '00000001 0201', '00000001020180', '000000010201', 'c0', '00000001020180 c0 80'],
  [
    'a header that ends in zero: whole',
    h265,
    '00000001 0000 e0',
    '00000001020180',
    '00000001 0000 e0',
    'c0',
    '00000001020180 c0 80',
  ],
  ['an empty frame', h265, '', '00000001020180', '', 'c0', '00000001020180 c0 80'],

  ['AV1: no sequence header', av1, '1200 3201aa', '', '1200 3201aa', 'c0ff', '3202 c0ff'],
  ['a copy of it', av1, '1200 0a02 1122 3201aa', '0a021122', '1200 0a021122 3201aa', 'c0', '0a021122 3201c0'],
  ['without a length', av1, '08 1122', '0a021122', '08 1122', 'c0', '0a021122 3201c0'],
  [
    'with a longer one than needed',
    av1,
    '0a 828000 1122',
    '0a021122',
    '0a8280001122',
    'c0',
    '0a021122 3201c0',
  ],
  ['with an extension', av1, '0e 28 02 1122', '0e28021122', '0e28021122', 'c0', '0e28021122 3201c0'],
  ['an empty frame', av1, '', '', '', 'c0', '3201c0'],
  ['a frame that is none', av1, 'ffff 0a00', '', 'ffff0a00', 'c0', '3201c0'],
  ['behind a forbidden bit nothing is read', av1, 'b200 0a021122', '', 'b200 0a021122', 'c0', '3201c0'],
  ['a sequence header cut short', av1, '0a03 1122', '', '0a031122', 'c0', '3201c0'],
];

describe('to the byte', () => {
  for (const [what, layout, frame, clear, text, ciphertext, sent, restored] of table)
    test(what, () => expectLaidOut(layout, { frame, clear, text, ciphertext, sent, restored }));
});

test('zeros on both sides of the boundary, as many as there may be', () => {
  for (const [clear, ciphertext, sent] of [
    ['0000', '', '000080'],
    ['0000', '01', '0000030180'],
    ['000000', '0000', '00000003000080'],
    ['00', '0003', '0000030380'],
    ['', '000000', '0000030080'],
  ] as const) {
    const joined = joinEscaped(unhex(clear), unhex(ciphertext));
    expect(hex(joined)).toBe(sent);
    expect(hex(unescapeFrom(joined, clear.length / 2)!)).toBe(ciphertext);
  }
});

test("what a layout gives away is nobody else's", () => {
  for (const layout of [whole, vp8, h264, h265, av1]) {
    const { clear } = layout.split(new Uint8Array(0));
    const before = hex(clear);
    clear.fill(0xff);
    expect(hex(layout.split(new Uint8Array(0)).clear)).toBe(before);
  }
});

describe('lengths of OBUs', () => {
  test.each([0, 1, 127, 128, 129, 16_383, 16_384, 16_385, 70_000, 2 ** 21])('%i', (len) => {
    const ciphertext = new Uint8Array(len).fill(0xc0);
    const sent = av1.join(new Uint8Array(0), ciphertext);
    expect(hex(sent.subarray(0, sent.length - len))).toBe(`32${hex(leb128(len))}`);
    expect(av1.parse(sent)!.ciphertext.length).toBe(len);
  });

  test('a sequence header of more than 512 bytes stays inside', () => {
    const of = (len: number) => join(unhex('0a'), leb128(len), noise(len, 1));
    expect(av1.split(of(512)).clear).toEqual(of(512));
    expect(av1.split(of(513)).clear.length).toBe(0);
    expect(av1.parse(av1.join(of(512), noise(20, 2)))).toBeDefined();
    expect(av1.parse(av1.join(of(513), noise(20, 2)))).toBeUndefined();
  });
});

describe('types of NAL units', () => {
  const numbers = (count: number) => Array.from({ length: count }, (_, i) => i);
  /** How long the clear part is with a unit of this header in front of a slice. */
  const clearLen = (layout: Layout, header: number[], sliceHeader: number[]) => {
    const frame = [0, 0, 1, ...header, 0x99, 0, 0, 1, ...sliceHeader, 0x99, 0x77];
    return layout.split(Uint8Array.from(frame)).clear;
  };

  test('of H.264: 1 to 5 are slices, 6 to 15 may stand in front', () => {
    const ends = numbers(32).map((type) => hex(clearLen(h264, [0x60 | type], [0x41])).slice(8));
    const of = (from: number, to: number, what: (type: number) => string) =>
      numbers(32)
        .slice(from, to + 1)
        .map((type) => [type, what(0x60 | type)]);
    const first = (header: number) => `${header.toString(16)}99`;
    expect(ends.map((end, type) => [type, end])).toEqual([
      ...of(0, 0, () => '0180'),
      ...of(1, 5, first),
      ...of(6, 15, (header) => `${first(header)}000000014199`),
      ...of(16, 31, () => '0180'),
    ]);
  });

  test('of H.265: 0 to 9 and 16 to 21 are slices, 32 to 39 may stand in front', () => {
    const ends = numbers(64).map((type) => clearLen(h265, [type << 1, 1], [2, 1]).length);
    const whole = clearLen(h265, [0x7e, 1], [2, 1]);
    expect(hex(whole)).toBe('00000001020180');
    const isSlice = (type: number) => ends[type] === 7 && clearLen(h265, [type << 1, 1], [2, 1])[6] === 0x99;
    expect(numbers(64).filter(isSlice)).toEqual([...numbers(10), 16, 17, 18, 19, 20, 21]);
    expect(numbers(64).filter((type) => ends[type] === 14)).toEqual([32, 33, 34, 35, 36, 37, 38, 39]);
  });
});

describe('what is received may look', () => {
  const ciphertext = unhex('c0ffee');
  const parsed = (layout: Layout, sent: string) => {
    const result = layout.parse(bytes(sent));
    return result && [hex(result.clear), hex(result.ciphertext)];
  };

  test.each([
    ['short start codes', h264, '000001 6742 000001 6588 c0ffee 80', '00000001674200000001 6588'],
    [
      'zeros in front of them',
      h264,
      '000000000001 6742 0000000001 6588 c0ffee 80',
      '00000001674200000001 6588',
    ],
    ['delimiters put back', av1, '1200 0a021122 1200 3203 c0ffee', '0a021122'],
    ['a frame without a length', av1, '0a021122 30 c0ffee', '0a021122'],
    ['lengths longer than needed', av1, '0a 8200 1122 32 838000 c0ffee', '0a021122'],
    ['lengths of eight bytes', av1, '32 83808080 80808000 c0ffee', ''],
    ['an extension of the frame', av1, '36 28 03 c0ffee', ''],
  ])('%s', (_what, layout, sent, clear) => {
    expect(parsed(layout, sent)).toEqual([hex(bytes(clear)), hex(ciphertext)]);
  });

  test.each([
    ['nothing', vp8, ''],
    ['a key frame cut short', vp8, 'b0c200 9d012a 8002 68'],
    ['nothing', h264, ''],
    ['no closing 80', h264, '00000001 419a c0ffee'],
    ['zeros behind it', h264, '00000001 419a c0ffee 80 00'],
    ['nothing behind the clear part', h264, '00000001 4180'],
    ['a slice cut short', h264, '00000001 65'],
    ['no slice', h264, '00000001 6742 c0ffee 80'],
    ['something in front', h264, '05 00000001 419a c0ffee 80'],
    ['no start code', h264, 'c0ffee 80'],
    ['a start code cut short', h264, '0000'],
    ['nothing', av1, ''],
    ['a sequence header alone', av1, '0a021122'],
    ['two of them', av1, '0a021122 0a021122 3203 c0ffee'],
    ['a metadata OBU', av1, '2a0111 3203 c0ffee'],
    ['something behind', av1, '3202 c0ff 1200'],
    ['a length too long', av1, '3204 c0ffee'],
    ['a length cut short', av1, '3283'],
    ['a length of nine bytes', av1, '32 8380808080808080 00 c0ffee'],
    ['a length near 2^56', av1, '32 ffffffffffffff7f c0ffee'],
    ['an extension cut short', av1, '34'],
    ['a forbidden bit', av1, 'b203 c0ffee'],
  ])('not: %s', (_what, layout, sent) => {
    expect(parsed(layout, sent)).toBeUndefined();
  });
});

describe('realistic frames', () => {
  const through = (layout: Layout, frame: Uint8Array, way: (sent: Uint8Array) => Uint8Array) => {
    const { encryptor, decryptor } = contexts();
    const sent = encryptFrame(encryptor, { layout }, frame);
    if (typeof sent === 'string') throw new Error(sent);
    const opened = decryptFrame(decryptor, { layout }, way(sent));
    if (typeof opened === 'string') throw new Error(opened);
    return { sent, opened };
  };

  describe.each([
    ['H.264', h264, h264Frames, (byte: number) => (byte & 31) < 6],
    ['H.265', h265, h265Frames, (byte: number) => byte < 0x40],
  ] as const)('of %s', (_codec, layout, frames, isSlice) => {
    const ways: Record<string, (sent: Uint8Array) => Uint8Array> = {
      'as it was sent': (sent) => sent,
      'with short start codes': (sent) => join(...unitsOf(sent)!.flatMap((unit) => [unhex('000001'), unit])),
      'with both kinds': (sent) =>
        join(...unitsOf(sent)!.flatMap((unit, i) => [unhex(i % 2 ? '000001' : '00000001'), unit])),
      ...(layout === h264 ? { 'through RTP': (sent: Uint8Array) => sendNalUnits(sent) } : {}),
    };

    describe.each(Object.entries(frames))('%s', (_name, frame) => {
      test.each(Object.entries(ways))('%s', (_way, way) => {
        const { sent, opened } = through(layout, frame, way);
        expect(unitsOf(opened)).toEqual(unitsOf(frame));
        expect(hex(opened)).toMatch(/^00000001/);
        // the units in front of the first slice, and one for all the rest
        const units = unitsOf(frame)!;
        const first = units.findIndex(([byte]) => isSlice(byte!));
        expect(unitsOf(sent)!.slice(0, first)).toEqual(units.slice(0, first));
        expect(unitsOf(sent)!.length).toBe(first + 1);
      });
    });
  });

  test.each(Object.entries(av1Frames))('of AV1: %s', (_name, { frame, clear }) => {
    const ways = [
      (sent: Uint8Array) => sent,
      (sent: Uint8Array) => sendObus(sent),
      (sent: Uint8Array) => sendObus(sent, (size, isLast) => (isLast ? undefined : leb128(size))),
      (sent: Uint8Array) => join(unhex('1200'), sendObus(sent)),
    ];
    for (const way of ways) {
      const { sent, opened } = through(av1, frame, way);
      expect(opened).toEqual(frame);
      const obus = obusOf(sent);
      expect(obus.map(({ type }) => type)).toEqual(clear.length === 0 ? [6] : [1, 6]);
      expect(hex(sent).startsWith(`${hex(clear)}32`)).toBe(true);
    }
  });

  test.each([
    ['VP8 key frame', vp8, vp8Key, 10],
    ['VP8 delta frame', vp8, vp8Delta, 1],
    ['Opus', whole, opus, 0],
    ['no sound at all', whole, new Uint8Array(0), 0],
  ])('%s', (_name, layout, frame, clearLen) => {
    const { sent, opened } = through(layout, frame, (bytes) => bytes);
    expect(opened).toEqual(frame);
    expect(sent.length).toBe(frame.length + 1 + 16);
    expect(sent.subarray(0, clearLen)).toEqual(frame.subarray(0, clearLen));
  });
});
