// What networks do to a recording: packets out of order, twice, too late, never; sequence numbers that wrap or begin anew.
// No frame is lost for another's packet, and none is handed on without one of its own.

import fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';
import { readMedia } from '../examples/frames/media.js';
import { Assembler } from '../src/cli/frames/assembler.ts';
import { av1Frames } from '../src/cli/frames/av1.ts';
import { h264Frames } from '../src/cli/frames/h264.ts';
import type { Depacketize, Received } from '../src/cli/frames/payload.ts';
import { vp8Frames } from '../src/cli/frames/vp8.ts';
import { vp9Frames } from '../src/cli/frames/vp9.ts';
import { rawFrames } from '../src/cli/frames/whole.ts';
import { parseRtp } from '../src/cli/mjr/rtp.ts';
import { Sequencer } from '../src/cli/mjr/sequence.ts';
import { SFrameEncryptor } from '../src/index.ts';
import { obusOf } from './codec-frames.ts';
import { noise } from './lengths.ts';
import { av1, type Packetize } from './mjr/packetize.ts';
import {
  Bench,
  baseKey,
  cipherSuite,
  codecs,
  framesOf,
  mjrFile,
  type Packet,
  plainKeys,
  rtp,
  send,
} from './mjr/recording.ts';
import { hex, unhex } from './oracle.ts';

const bench = new Bench();
afterAll(() => bench.close());

function alice(): SFrameEncryptor {
  const encryptor = new SFrameEncryptor({ cipherSuite });
  encryptor.setEncryptionKey(baseKey, 1);
  return encryptor;
}

const count = (codec: string) => (codec === 'opus' ? 60 : 24);
const framesFor = (codec: string) => framesOf(codec).slice(0, count(codec));

/** Every frame, by which of its packets are there: a frame is expected where all are. */
const wholeFrames = (packets: readonly Packet[], all: readonly Packet[]) => {
  const there = new Set(packets);
  const missing = new Set(all.filter((packet) => !there.has(packet)).map(({ timestamp }) => timestamp));
  return new Set(all.map(({ timestamp }) => timestamp).filter((timestamp) => !missing.has(timestamp))).size;
};

/** A shuffle that moves no packet farther than `reach`. */
const shuffled = (packets: readonly Packet[], reach: number): Packet[] => {
  const random = noise(packets.length, 77);
  return packets
    .map((packet, i) => ({ packet, at: i + (random[i]! / 255) * reach }))
    .sort((a, b) => a.at - b.at)
    .map(({ packet }) => packet);
};

describe.each(Object.keys(codecs))('%s', (codec) => {
  it.each([0, 65_500])('out of order, and twice, from sequence number %i', async (sequence) => {
    const frames = framesFor(codec);
    const packets = send(codec, frames, alice(), { sequence });
    const mixed = shuffled(
      [...packets, ...packets].sort((a, b) => a.time! - b.time!),
      40,
    );
    const { summary, written } = await bench.open(mjrFile(codec, mixed), plainKeys());
    expect(summary.frames).toEqual({ opened: frames.length, failed: {} });
    expect(summary.packets).toMatchObject({ duplicate: packets.length, lost: 0, stray: 0 });
    const opened = readMedia(written!).frames.reduce((sum, { length }) => sum + length, 0);
    const { written: inOrder } = await bench.open(mjrFile(codec, packets), plainKeys());
    expect(opened).toBe(readMedia(inOrder!).frames.reduce((sum, { length }) => sum + length, 0));
    if (codec !== 'opus') expect(hex(written!)).toBe(hex(inOrder!));
  });

  it('without one packet, whichever it is: only its frame is missing', async () => {
    const packets = send(codec, framesFor(codec), alice());
    for (let lost = 1; lost < packets.length - 1; lost += codec === 'opus' ? 7 : 3) {
      const rest = packets.filter((_, i) => i !== lost);
      const { summary } = await bench.open(mjrFile(codec, rest), plainKeys());
      const { opened, failed } = summary.frames;
      expect(opened, `packet ${lost}`).toBe(wholeFrames(rest, packets));
      // Of a frame in several packets it is known that it is not whole.
      const { timestamp } = packets[lost]!;
      const isPart = packets.filter((packet) => packet.timestamp === timestamp).length > 1;
      expect(failed, `packet ${lost}`).toEqual(isPart ? { incomplete: 1 } : {});
      expect(summary.packets.lost).toBe(1);
    }
  });

  it('without every fifth', async () => {
    const packets = send(codec, framesFor(codec), alice());
    const rest = packets.filter((_, i) => i % 5 !== 3);
    const { summary } = await bench.open(mjrFile(codec, rest), plainKeys());
    const whole = wholeFrames(rest, packets);
    if (whole === 0) expect(summary.output).toBeNull();
    expect(summary.frames.opened).toBe(whole);
    expect(Object.keys(summary.frames.failed)).toEqual(codec === 'opus' ? [] : ['incomplete']);
  });
});

describe('where the format does not tell where a frame begins', () => {
  /** The sequence header in a packet of its own, and the rest in others. */
  const apart: Packetize = (frame, isKey) => {
    const [header, ...rest] = obusOf(frame);
    if (header?.type !== 1) return av1(frame, isKey);
    const front = Uint8Array.from([0x10, header.front[0]! & ~2, ...header.body]);
    return [front, ...av1(frame.slice(2 + header.body.length))].filter(() => rest.length > 0);
  };

  it.each<[string, Packetize | undefined]>([
    ['h264', undefined],
    ['av1', apart],
  ])(
    '%s: a frame without its first packet is incomplete, and the ones around it open',
    async (codec, packetize) => {
      const [key, ...others] = framesFor(codec);
      const frames = [...others.slice(0, 9), key!, ...others.slice(9, 18)];
      const all = send(codec, frames, alice(), packetize === undefined ? {} : { packetize });
      expect((await bench.open(mjrFile(codec, all), plainKeys())).summary.frames.opened).toBe(19);
      const first = all.findIndex(({ timestamp }) => timestamp === 5000 + 9 * 3000);
      const { summary } = await bench.open(
        mjrFile(
          codec,
          all.filter((_, i) => i !== first),
        ),
        plainKeys(),
      );
      expect(summary.frames).toEqual({ opened: 18, failed: { incomplete: 1 } });
      // and of the whole frame, the next one is none the worse
      const rest = all.filter(({ timestamp }) => timestamp !== 5000 + 9 * 3000);
      const without = await bench.open(mjrFile(codec, rest), plainKeys());
      expect(without.summary.frames).toEqual({ opened: 18, failed: {} });
    },
  );

  it('packetization raw: a frame without one of its packets is incomplete once', async () => {
    const packets = send('vp8', framesFor('vp8'), alice(), { isRaw: true });
    const long = packets.filter(({ timestamp }) => timestamp === 5000);
    expect(long.length).toBeGreaterThan(2);
    const { summary } = await bench.open(
      mjrFile(
        'vp8',
        packets.filter((_, i) => i !== 1),
      ),
      plainKeys(),
      '--packetization-raw',
    );
    expect(summary.frames).toEqual({ opened: count('vp8') - 1, failed: { incomplete: 1 } });
  });
});

describe('sequences', () => {
  it('of another SSRC, or from another number, begin anew', async () => {
    const encryptor = alice();
    const frames = framesOf('vp8').slice(0, 30);
    const packets = [
      ...send('vp8', frames.slice(0, 10), encryptor, { ssrc: 1, sequence: 65_530 }),
      ...send('vp8', frames.slice(10, 20), encryptor, { ssrc: 2, sequence: 65_000, from: 400 }),
      ...send('vp8', frames.slice(20), encryptor, { ssrc: 2, sequence: 20_000, from: 800 }),
    ];
    const { summary, written } = await bench.open(mjrFile('vp8', packets), plainKeys());
    expect(summary.frames).toEqual({ opened: 30, failed: {} });
    expect(readMedia(written!).frames.map(hex)).toEqual(frames.map(hex));
  });

  it('are not left for a single packet from elsewhere', async () => {
    const packets = send('opus', framesOf('opus').slice(0, 100), alice());
    const strays = [
      { ...packets[0]!, ssrc: 99, sequence: 5 },
      { ...packets[0]!, sequence: 40_000 },
    ];
    const mixed = [
      ...packets.slice(0, 50),
      strays[0]!,
      ...packets.slice(50, 70),
      strays[1]!,
      ...packets.slice(70),
    ];
    const { summary } = await bench.open(mjrFile('opus', mixed), plainKeys());
    expect(summary.frames).toEqual({ opened: 100, failed: {} });
    expect(summary.packets).toMatchObject({ stray: 2, lost: 0 });
  });

  const orderOf = (numbers: readonly number[]) => {
    const sequencer = new Sequencer();
    const packets = numbers.map(
      (sequence) => parseRtp(rtp({ sequence, timestamp: 0, marker: false, payload: new Uint8Array(1) }), 0)!,
    );
    const out = [...packets.flatMap((packet) => [...sequencer.push(packet)]), ...sequencer.end()];
    return {
      out: out.map(({ sequence }) => sequence),
      follows: out.map(({ follows }) => follows),
      sequencer,
    };
  };

  it('that arrive in any order within the window come out in order, whatever the first was', () => {
    fc.assert(
      fc.property(
        fc.nat(65_535),
        fc.uniqueArray(fc.nat(20), { minLength: 1, maxLength: 20 }),
        fc.boolean(),
        (base, offsets, twice) => {
          const numbers = offsets.map((offset) => (base + offset) & 0xffff);
          const { out, sequencer } = orderOf(twice ? [...numbers, ...numbers] : numbers);
          const sorted = [...offsets].sort((a, b) => a - b);
          expect(out).toEqual(sorted.map((offset) => (base + offset) & 0xffff));
          const span = sorted.at(-1)! - sorted[0]! + 1;
          expect(sequencer.counts).toEqual({
            duplicate: twice ? offsets.length : 0,
            lost: span - offsets.length,
            stray: 0,
          });
        },
      ),
    );
  });

  it('wait for a late packet for 1024 others, and no longer', () => {
    const numbers = Array.from({ length: 3000 }, (_, i) => i);
    const late = (by: number) => [
      ...numbers.slice(0, 100),
      ...numbers.slice(101, 101 + by),
      100,
      ...numbers.slice(101 + by),
    ];
    expect(orderOf(late(1000)).out).toEqual(numbers);
    const { out, follows, sequencer } = orderOf(late(1100));
    expect(out).toEqual(numbers.filter((number) => number !== 100));
    expect(follows[100]).toBe('after-loss');
    expect(sequencer.counts).toEqual({ duplicate: 1, lost: 1, stray: 0 });
  });
});

describe('payloads', () => {
  const group = (payloads: string[], isStartKnown = true, isEndKnown = true) => ({
    payloads: payloads.map((text) => unhex(text)),
    isStartKnown,
    isEndKnown,
  });
  const told = (received: readonly Received[]) =>
    received.map((one) => (typeof one === 'string' ? one : `${hex(one.frame)}${one.isDoubtful ? '?' : ''}`));

  it.each<[string, Depacketize, string[], string[]]>([
    ['a fragment that never ends', h264Frames, ['7c85aa'], ['incomplete']],
    ['a fragment that never began', h264Frames, ['7c05aa', '7c45bb'], ['incomplete']],
    ['a fragment that goes on behind another unit', h264Frames, ['6742', '7c45bb'], ['syntax']],
    ['a fragment without bytes', h264Frames, ['7c85'], ['syntax']],
    ['fragments, put together', h264Frames, ['7c85aa', '7c05bb', '7c45cc'], ['0000000165aabbcc']],
    ['a unit longer than its packet', h264Frames, ['7800026742000368'], ['syntax']],
    ['units that share a packet', h264Frames, ['78000267420002684f'], ['00000001674200000001684f']],
    ['a unit of no length in a packet', h264Frames, ['780000'], ['syntax']],
    ['a type that mode 1 does not have', h264Frames, ['79000000'], ['syntax']],
    ['a descriptor and nothing else', vp8Frames, ['10'], ['syntax']],
    ['a later partition first', vp8Frames, ['11aa'], ['incomplete']],
    ['two partitions', vp8Frames, ['10aa', '11bb'], ['aabb']],
    ['an end without a beginning', vp9Frames, ['04aa'], ['incomplete']],
    ['a beginning within a frame', vp9Frames, ['08aa', '0cbb'], ['incomplete', 'bb']],
    ['two layers', vp9Frames, ['08aa', '04bb', '0ccc'], ['aabb', 'cc']],
    ['four references', vp9Frames, ['5c01010101aa'], ['syntax']],
    ['three references', vp9Frames, ['5c010100aa'], ['aa']],
    ['pieces, put together', av1Frames, ['5030aa', '90bb'], ['3202aabb']],
    ['a piece that never ends', av1Frames, ['5030aa'], ['incomplete']],
    ['a piece that never began', av1Frames, ['90aa'], ['incomplete']],
    ['a piece that was announced and does not come', av1Frames, ['5030aa', '1030bb'], ['syntax']],
    ['a length beyond the end', av1Frames, ['000530aa'], ['syntax']],
    ['two OBUs by count', av1Frames, ['2002080130aa'], ['0a01013201aa']],
    ['two OBUs by lengths', av1Frames, ['000208010230aa'], ['0a01013201aa']],
    ['two frames', av1Frames, ['200230aa30bb'], ['3201aa', '3201bb']],
    ['a delimiter is left out', av1Frames, ['20011030bb'], ['3201bb']],
    ['less OBUs than counted', av1Frames, ['20023000'], ['syntax']],
    ['more than counted', av1Frames, ['3001300130'], ['syntax']],
  ])('%s', (_, depacketize, payloads, expected) => {
    expect(told(depacketize(group(payloads)))).toEqual(expected);
  });

  it('are doubtful only where the format does not tell', () => {
    expect(told(h264Frames(group(['6588'], false)))).toEqual(['000000016588?']);
    expect(told(av1Frames(group(['200230aa30bb'], false)))).toEqual(['3201aa?', '3201bb']);
    expect(told(rawFrames(group(['aa', 'bb'], false)))).toEqual(['aabb?']);
    expect(told(vp8Frames(group(['10aa'], false)))).toEqual(['aa']);
    expect(told(vp9Frames(group(['0caa'], false)))).toEqual(['aa']);
    for (const depacketize of [h264Frames, av1Frames, rawFrames, vp8Frames])
      expect(told(depacketize(group(['10aa'], true, false)))).toEqual(['incomplete']);
  });
});

describe('packets that are none', () => {
  it.each<[string, (packet: Buffer) => Buffer]>([
    ['cut within the header', (packet) => packet.subarray(0, 11)],
    ['of another version', (packet) => Buffer.concat([Buffer.from([0x40]), packet.subarray(1)])],
    ['with more CSRCs than bytes', (packet) => Buffer.concat([Buffer.from([0x8f]), packet.subarray(1, 20)])],
    [
      'with an extension beyond the end',
      (packet) => Buffer.concat([Buffer.from([0x90]), packet.subarray(1, 14), Buffer.from([0xff, 0xff])]),
    ],
    [
      'with more padding than bytes',
      (packet) => Buffer.concat([Buffer.from([0xa0]), packet.subarray(1, 20), Buffer.from([255])]),
    ],
    [
      'with padding of no length',
      (packet) => Buffer.concat([Buffer.from([0xa0]), packet.subarray(1, 20), Buffer.from([0])]),
    ],
  ])('%s', (_, damage) => {
    const packet = rtp({ sequence: 1, timestamp: 2, marker: true, payload: noise(100, 1) });
    expect(parseRtp(packet, 0)).toBeDefined();
    expect(parseRtp(damage(packet), 0)).toBeUndefined();
  });

  it('payloads of any bytes give frames or reasons, never an exception', () => {
    const formats = [vp8Frames, vp9Frames, h264Frames, av1Frames];
    fc.assert(
      fc.property(
        fc.array(fc.uint8Array({ minLength: 0, maxLength: 12 }), { maxLength: 5 }),
        fc.boolean(),
        (payloads, marker) => {
          for (const depacketize of formats) {
            const assembler = new Assembler(depacketize, false);
            const all = payloads.flatMap((payload, i) => {
              const packet = parseRtp(rtp({ sequence: i, timestamp: 0, marker, payload }), 0)!;
              return assembler.push({ ...packet, follows: i === 0 ? 'anew' : 'directly' });
            });
            for (const { received } of [...all, ...assembler.end()])
              expect(typeof received === 'string' ? ['incomplete', 'syntax'] : [received]).toContain(
                received,
              );
          }
        },
      ),
      { numRuns: 2000 },
    );
  });
});
