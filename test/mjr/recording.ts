// Recordings as Janus writes them, and the program on them.

import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { readMedia } from '../../examples/frames/media.js';
import { Failure } from '../../src/cli/failure.ts';
import { mjr } from '../../src/cli/mjr.ts';
import type { Summary } from '../../src/cli/summary.ts';
import { layoutOf } from '../../src/codec/choice.ts';
import { encryptFrame } from '../../src/codec/frame.ts';
import { sourceOf } from '../../src/codec/source.ts';
import { whole } from '../../src/codec/whole.ts';
import type { Bytes, Encryptor } from '../../src/types.ts';
import { noise } from '../lengths.ts';
import { av1, h264, opus, type Packetize, raw, vp8, vp9 } from './packetize.ts';

export const cipherSuite = 'AES_128_GCM_SHA256_128';

export interface Packet {
  readonly sequence: number;
  readonly timestamp: number;
  readonly marker: boolean;
  readonly payload: Uint8Array;
  readonly time?: number;
  readonly ssrc?: number;
  /** Bytes of padding. */
  readonly padding?: number;
  /** CSRCs, and words of header extension. */
  readonly csrcs?: number;
  readonly extension?: number;
}

export function rtp(packet: Packet): Buffer {
  const { padding = 0, csrcs = 0, extension } = packet;
  const head = Buffer.alloc(12 + 4 * csrcs);
  head[0] = 0x80 | (padding > 0 ? 0x20 : 0) | (extension === undefined ? 0 : 0x10) | csrcs;
  head[1] = (packet.marker ? 0x80 : 0) | 96;
  head.writeUInt16BE(packet.sequence & 0xffff, 2);
  head.writeUInt32BE(packet.timestamp >>> 0, 4);
  head.writeUInt32BE(packet.ssrc ?? 0x1234_5678, 8);
  const words = Buffer.alloc(extension === undefined ? 0 : 4 + 4 * extension, 0xbe);
  if (extension !== undefined) words.writeUInt16BE(extension, 2);
  const tail = Buffer.alloc(padding);
  if (padding > 0) tail[padding - 1] = padding;
  return Buffer.concat([head, words, packet.payload, tail]);
}

export function record(packet: Uint8Array, time: number): Buffer {
  const head = Buffer.from('MEET000000');
  head.writeUInt32BE(time, 4);
  head.writeUInt16BE(packet.length, 8);
  return Buffer.concat([head, packet]);
}

export function mjrHeader(fields: object): Buffer {
  const json = Buffer.from(JSON.stringify(fields));
  return Buffer.concat([Buffer.from('MJR00002'), Buffer.from([json.length >> 8, json.length & 0xff]), json]);
}

export function mjrFile(codec: string, packets: readonly Packet[], more: object = {}): Buffer {
  const t = codec === 'opus' ? 'a' : 'v';
  const header = mjrHeader({ t, c: codec, s: 1_700_000_000_000_000, u: 1_700_000_000_100_000, ...more });
  return Buffer.concat([header, ...packets.map((packet) => record(rtp(packet), packet.time ?? 0))]);
}

/** What there is of each codec: a file of frames, the way through RTP, what a frame lasts, and is written to. */
export const codecs: Record<
  string,
  {
    readonly file: string;
    readonly mimeType: string;
    readonly packetize: Packetize;
    readonly step: number;
    readonly ms: number;
  }
> = {
  opus: { file: 'opus.ogg', mimeType: 'audio/opus', packetize: opus, step: 960, ms: 20 },
  vp8: { file: 'vp8.ivf', mimeType: 'video/VP8', packetize: vp8, step: 3000, ms: 33 },
  vp9: { file: 'vp9.ivf', mimeType: 'video/VP9', packetize: vp9, step: 3000, ms: 33 },
  h264: { file: 'h264.h264', mimeType: 'video/H264', packetize: h264, step: 3000, ms: 33 },
  av1: { file: 'av1.ivf', mimeType: 'video/AV1', packetize: av1, step: 3000, ms: 33 },
};

export function framesOf(codec: string): Uint8Array[] {
  const url = new URL(`../../vectors/media/${codecs[codec]!.file}`, import.meta.url);
  return readMedia(new Uint8Array(readFileSync(fileURLToPath(url)))).frames;
}

/** How a track is sent. */
export interface Sending {
  readonly packetize?: Packetize;
  readonly isRaw?: boolean;
  readonly source?: string;
  readonly sequence?: number;
  readonly timestamp?: number;
  readonly ssrc?: number;
  /** In milliseconds. */
  readonly from?: number;
  /** Before each frame. */
  readonly before?: (i: number) => void;
}

/** Encrypts frames and makes packets of them. */
export function send(
  codec: string,
  frames: readonly Uint8Array[],
  encryptor: Encryptor,
  how: Sending = {},
): Packet[] {
  const { mimeType, packetize, step, ms } = codecs[codec]!;
  const { sequence = 100, timestamp = 5000, ssrc = 0x1234_5678, from = 0 } = how;
  const layout = how.isRaw === true ? whole : layoutOf(mimeType)!;
  const source = how.source === undefined ? undefined : sourceOf(how.source);
  const packets: Packet[] = [];
  frames.forEach((frame, i) => {
    how.before?.(i);
    const sent = encryptFrame(encryptor, { layout, source }, frame);
    if (typeof sent === 'string') throw new Error(sent);
    const payloads = (how.isRaw === true ? raw : (how.packetize ?? packetize))(sent, i === 0);
    payloads.forEach((payload, k) => {
      packets.push({
        sequence: (sequence + packets.length) & 0xffff,
        timestamp: (timestamp + i * step) >>> 0,
        marker: codec === 'opus' ? i === 0 : k === payloads.length - 1,
        payload,
        time: from + i * ms,
        ssrc,
      });
    });
  });
  return packets;
}

export const base64 = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64');

export const baseKey: Bytes = noise(16, 1);

/** The keys of alice, who has one. */
export const plainKeys = (key: Uint8Array = baseKey, kid: number | string = 1): object => ({
  version: 1,
  cipherSuite,
  participants: [{ participant: 'alice', keys: [{ kid, baseKey: base64(key) }] }],
});

/** What a run came to. */
export interface Run {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** A folder of its own, and the program in it. */
export class Bench {
  readonly folder: string = mkdtempSync(join(tmpdir(), 'sframe-mjr-'));

  path(name: string): string {
    return join(this.folder, name);
  }

  write(name: string, content: string | Uint8Array | object): string {
    const isContent = typeof content === 'string' || content instanceof Uint8Array;
    writeFileSync(this.path(name), isContent ? content : JSON.stringify(content));
    return this.path(name);
  }

  async run(...args: string[]): Promise<Run> {
    return this.runWith({}, ...args);
  }

  async runWith(env: Record<string, string | undefined>, ...args: string[]): Promise<Run> {
    let stdout = '';
    let stderr = '';
    const surroundings = {
      env,
      stdout: { write: (text: string) => (stdout += text) },
      stderr: { write: (text: string) => (stderr += text) },
      isStopped: () => false,
    };
    try {
      const exitCode = await mjr(args, surroundings);
      return { exitCode, stdout, stderr };
    } catch (error) {
      if (!(error instanceof Failure)) throw error;
      return { exitCode: error.exitCode, stdout, stderr: `${stderr}${error.message}\n` };
    }
  }

  /** Opens a recording and gives the summary, and what was written. */
  async open(
    recording: Uint8Array,
    keys: object,
    ...args: string[]
  ): Promise<{ summary: Summary; written: Uint8Array | undefined }> {
    const input = this.write('in.mjr', recording);
    const keysFile = this.write('keys.json', keys);
    const output = this.path('out');
    const { stdout, stderr } = await this.run(
      input,
      '--keys',
      keysFile,
      '-o',
      output,
      '--force',
      '--json',
      ...args,
    );
    if (stderr !== '') throw new Error(stderr);
    const summary = JSON.parse(stdout) as Summary;
    const written = summary.output === null ? undefined : new Uint8Array(readFileSync(output));
    return { summary, written };
  }

  close(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }
}
