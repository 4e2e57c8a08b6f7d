// `sframe-wasm mjr` on recordings of all codecs: what it writes is what the sender's transform took in, and other programs
// read it.

import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { afterAll, describe, expect, it } from 'vitest';
import { readMedia } from '../examples/frames/media.js';
import { SFrameEncryptor } from '../src/index.ts';
import { join as concat, unitsOf } from './codec-frames.ts';
import { av1Lengths, type Packetize, pieces, vp8Short, vp9Flexible } from './mjr/packetize.ts';
import { Bench, baseKey, cipherSuite, codecs, framesOf, mjrFile, plainKeys, send } from './mjr/recording.ts';
import { hex } from './oracle.ts';

const bench = new Bench();
afterAll(() => bench.close());

function alice(): SFrameEncryptor {
  const encryptor = new SFrameEncryptor({ cipherSuite });
  encryptor.setEncryptionKey(baseKey, 1);
  return encryptor;
}

/** Frames as they are compared: NAL units, because start codes differ; AV1 without delimiters. */
function comparable(codec: string, frames: readonly Uint8Array[]): string[] {
  if (codec === 'h264') return unitsOf(concat(...frames))!.map(hex);
  return frames.map((frame) => hex(codec === 'av1' && frame[0] === 0x12 ? frame.slice(2) : frame));
}

const hasFfprobe = spawnSync('ffprobe', ['-version']).status === 0;

/** What ffprobe says of a file, having read all of it; it must have nothing to complain about. */
function probe(written: Uint8Array): { streams: Record<string, unknown>[] } {
  const path = bench.path('probed');
  writeFileSync(path, written);
  const args = ['-v', 'error', '-count_packets', '-show_streams', '-of', 'json', path];
  const { stdout, stderr, status } = spawnSync('ffprobe', args, { encoding: 'utf8' });
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  return JSON.parse(stdout) as { streams: Record<string, unknown>[] };
}

const picture = { width: 640, height: 360 };
const probed: Record<string, object> = {
  opus: { codec_name: 'opus', sample_rate: '48000', channels: 2 },
  vp8: { codec_name: 'vp8' },
  vp9: { codec_name: 'vp9' },
  h264: { codec_name: 'h264' },
  av1: { codec_name: 'av1' },
};

describe.each(Object.keys(codecs))('%s', (codec) => {
  const frames = framesOf(codec);
  const { mimeType } = codecs[codec]!;

  it('opens whole', async () => {
    const recording = mjrFile(codec, send(codec, frames, alice()));
    const { summary, written } = await bench.open(recording, plainKeys());
    expect(summary.frames).toEqual({ opened: frames.length, failed: {} });
    expect(summary.packets).toMatchObject({ lost: 0, duplicate: 0, stray: 0, empty: 0, damagedBytes: 0 });
    expect(summary).toMatchObject({ participant: 'alice', codec, saysEncrypted: false, missingKids: [] });
    const read = readMedia(written!);
    expect(read.media).toBe(mimeType);
    expect(comparable(codec, read.frames)).toEqual(comparable(codec, frames));
    if (Buffer.from(written!.subarray(0, 4)).toString() !== 'DKIF') return;
    const view = new DataView(written!.buffer);
    const header = { width: view.getUint16(12, true), height: view.getUint16(14, true) };
    expect({ ...header, count: view.getUint32(24, true) }).toEqual({ ...picture, count: frames.length });
  });

  it.skipIf(!hasFfprobe && !process.env['CI'])('is read by ffprobe', async () => {
    const recording = mjrFile(codec, send(codec, frames, alice()));
    const { written } = await bench.open(recording, plainKeys());
    const [stream] = probe(written!).streams;
    const expected = codec === 'opus' ? {} : picture;
    expect(stream).toMatchObject({ ...probed[codec], ...expected, nb_read_packets: `${frames.length}` });
  });

  it.skipIf(!hasFfprobe && !process.env['CI'])('is decoded by ffmpeg without complaints', async () => {
    const recording = mjrFile(codec, send(codec, frames, alice()));
    const { written } = await bench.open(recording, plainKeys());
    const path = bench.write('decoded', written!);
    const { stderr } = spawnSync('ffmpeg', ['-v', 'warning', '-i', path, '-f', 'null', '-'], {
      encoding: 'utf8',
    });
    // a byte stream has no times, and ffmpeg says so
    expect(codec === 'h264' ? stderr.replace(/.*[Tt]imestamps? .*\n/g, '') : stderr).toBe('');
  });

  it('passes over header extensions, CSRCs, padding, and packets that hold nothing else', async () => {
    const packets = send(codec, frames.slice(0, 20), alice()).flatMap((packet, i) => {
      const sequence = 2 * i;
      const dressed = { ...packet, sequence, csrcs: i % 3, extension: i % 4, padding: 1 + (i % 5) };
      const filler = { ...packet, payload: new Uint8Array(0), marker: false, padding: 200 };
      return [dressed, { ...filler, sequence: sequence + 1 }];
    });
    const { summary, written } = await bench.open(mjrFile(codec, packets), plainKeys());
    expect(summary.frames).toEqual({ opened: 20, failed: {} });
    expect(summary.packets.empty).toBe(packets.length / 2);
    expect(comparable(codec, readMedia(written!).frames)).toEqual(comparable(codec, frames.slice(0, 20)));
  });

  it('opens with the label of its track, and with no other', async () => {
    const recording = mjrFile(codec, send(codec, frames.slice(0, 10), alice(), { source: 'camera' }));
    const { summary } = await bench.open(recording, plainKeys(), '--source', 'camera');
    expect(summary.frames).toEqual({ opened: 10, failed: {} });
    for (const args of [['--source', 'screen'], []]) {
      const other = await bench.open(recording, plainKeys(), ...args);
      expect(other.summary.frames).toEqual({ opened: 0, failed: { authentication: 10 } });
      expect(other.summary.output).toBeNull();
    }
  });

  it.skipIf(codec === 'opus')('opens as it was sent with packetization raw', async () => {
    const recording = mjrFile(codec, send(codec, frames, alice(), { isRaw: true }));
    const { summary, written } = await bench.open(recording, plainKeys(), '--packetization-raw');
    expect(summary.frames).toEqual({ opened: frames.length, failed: {} });
    expect(comparable(codec, readMedia(written!).frames)).toEqual(comparable(codec, frames));
    const other = await bench.open(recording, plainKeys());
    expect(other.summary.frames.opened).toBe(0);
  });

  it('writes nothing of a recording in plaintext', async () => {
    const { packetize } = codecs[codec]!;
    let sequence = 0;
    const packets = frames.flatMap((frame, i) => {
      const payloads = packetize(frame, i === 0);
      return payloads.map((payload, k) => {
        const marker = k === payloads.length - 1;
        return { sequence: sequence++, timestamp: 3000 * i, marker, payload };
      });
    });
    const { summary, written } = await bench.open(mjrFile(codec, packets), plainKeys());
    expect(summary.frames.opened).toBe(0);
    expect(written).toBeUndefined();
  });
});

/** A NAL unit a packet, and one as fragments without a marker: as no browser here sends it. */
const singles: Packetize = (frame) =>
  unitsOf(frame)!.flatMap((unit) =>
    unit.length < 900
      ? [unit]
      : pieces(unit.slice(1), 800).map((piece, i, all) =>
          Uint8Array.from([
            (unit[0]! & 0xe0) | 28,
            (i === 0 ? 0x80 : 0) | (i === all.length - 1 ? 0x40 : 0) | (unit[0]! & 31),
            ...piece,
          ]),
        ),
  );

it.each<[string, string, Packetize]>([
  ['vp8', 'descriptors of one byte', vp8Short],
  ['vp9', 'flexible mode', vp9Flexible],
  ['av1', 'lengths of all elements', av1Lengths],
  ['h264', 'units in packets of their own', singles],
])('%s: %s', async (codec, _, packetize) => {
  const frames = framesOf(codec);
  const packets = send(codec, frames, alice(), { packetize });
  const { summary, written } = await bench.open(mjrFile(codec, packets), plainKeys());
  expect(summary.frames).toEqual({ opened: frames.length, failed: {} });
  expect(comparable(codec, readMedia(written!).frames)).toEqual(comparable(codec, frames));
  // without markers, the next timestamp ends a frame
  const unmarked = packets.map((packet) => ({ ...packet, marker: false }));
  const { summary: same } = await bench.open(mjrFile(codec, unmarked), plainKeys());
  expect(same.frames.opened).toBeGreaterThanOrEqual(frames.length - 1);
});

describe('layers', () => {
  /** The packets of two tracks as layers of one: pictures of both have one timestamp, and only the last a marker. */
  const layered = (codec: string) => {
    const encryptor = alice();
    const frames = framesOf(codec).slice(0, 20);
    const sent = frames.map((frame) => send(codec, [frame], encryptor));
    let sequence = 0;
    const packets = sent.flatMap((all, i) =>
      all.map((packet, k) => ({
        ...packet,
        sequence: sequence++,
        timestamp: 3000 * (i >> 1),
        marker: i % 2 === 1 && k === all.length - 1,
      })),
    );
    return { frames, packets };
  };

  it('of VP9 are frames of their own, with one time', async () => {
    const { frames, packets } = layered('vp9');
    const { summary, written } = await bench.open(mjrFile('vp9', packets), plainKeys());
    expect(summary.frames).toEqual({ opened: 20, failed: {} });
    expect(readMedia(written!).frames.map(hex)).toEqual(frames.map(hex));
    const view = new DataView(written!.buffer);
    expect(view.getBigUint64(36, true)).toBe(0n);
    expect(view.getBigUint64(32 + 12 + frames[0]!.length + 4, true)).toBe(0n);
  });

  it('of AV1 are one temporal unit', async () => {
    const { frames, packets } = layered('av1');
    const { summary, written } = await bench.open(mjrFile('av1', packets), plainKeys());
    expect(summary.frames).toEqual({ opened: 20, failed: {} });
    const units = Array.from({ length: 10 }, (_, i) => concat(frames[2 * i]!, frames[2 * i + 1]!.slice(2)));
    expect(readMedia(written!).frames.map(hex)).toEqual(units.map(hex));
  });
});

describe('times', () => {
  const granules = (ogg: Uint8Array): number[] => {
    const view = new DataView(ogg.buffer);
    const found: number[] = [];
    for (let at = 0; at < ogg.length; ) {
      found.push(Number(view.getBigUint64(at + 6, true)));
      const count = ogg[at + 26]!;
      at += 27 + count + ogg.slice(at + 27, at + 27 + count).reduce((sum, lacing) => sum + lacing, 0);
    }
    return found;
  };
  const ivfTimes = (ivf: Uint8Array): number[] => {
    const view = new DataView(ivf.buffer);
    const found: number[] = [];
    for (let at = 32; at < ivf.length; at += 12 + view.getUint32(at, true))
      found.push(Number(view.getBigUint64(at + 4, true)));
    return found;
  };

  it('of audio go on where nothing was sent', async () => {
    const frames = framesOf('opus').slice(0, 100);
    const packets = send('opus', frames, alice(), { timestamp: 2 ** 32 - 10 * 960 }).map((packet, i) =>
      // half a second of silence behind the 30th, with no packet missing
      i < 30 ? packet : { ...packet, timestamp: (packet.timestamp + 24_000) >>> 0, time: packet.time! + 500 },
    );
    const { written } = await bench.open(mjrFile('opus', packets), plainKeys());
    expect(readMedia(written!).frames.length).toBe(100);
    const [head, tags, ...pages] = granules(written!);
    expect([head, tags]).toEqual([0, 0]);
    expect(pages).toEqual([30 * 960, 24_000 + 80 * 960, 24_000 + 100 * 960]);
  });

  it('of video are those of RTP, across their wrap, and the picture is as large as its key frame says', async () => {
    const packets = send('vp8', framesOf('vp8').slice(0, 10), alice(), { timestamp: 2 ** 32 - 9000 });
    const { written } = await bench.open(mjrFile('vp8', packets), plainKeys());
    expect(ivfTimes(written!)).toEqual(Array.from({ length: 10 }, (_, i) => 3000 * i));
  });

  it('are those of RTP where a time of arrival was damaged', async () => {
    const packets = send('vp8', framesOf('vp8').slice(0, 10), alice()).map((packet) =>
      packet.timestamp === 5000 + 4 * 3000 ? { ...packet, time: 4e9 } : packet,
    );
    const { written } = await bench.open(mjrFile('vp8', packets), plainKeys());
    expect(ivfTimes(written!)).toEqual(Array.from({ length: 10 }, (_, i) => 3000 * i));
  });

  it('are those of arrival where a sender began anew, or timestamps cannot be', async () => {
    const encryptor = alice();
    const frames = framesOf('vp8').slice(0, 30);
    const packets = [
      ...send('vp8', frames.slice(0, 10), encryptor),
      ...send('vp8', frames.slice(10, 20), encryptor, { ssrc: 7, timestamp: 1, sequence: 9, from: 1000 }),
      ...send('vp8', frames.slice(20), encryptor, { ssrc: 7, timestamp: 4e9, sequence: 99, from: 2000 }),
    ];
    const { summary, written } = await bench.open(mjrFile('vp8', packets), plainKeys());
    expect(summary.frames.opened).toBe(30);
    const times = ivfTimes(written!);
    expect(times[10]! - times[9]!).toBe(90 * (1000 - 9 * 33));
    expect(times[20]! - times[19]!).toBe(90 * (1000 - 9 * 33));
  });
});
