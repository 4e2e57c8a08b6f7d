// The codecs that can be put together, by the names that recordings give them.

import { Failure, printable } from '../failure.ts';
import type { RecordingHeader } from '../mjr/recording.ts';
import { av1Frames } from './av1.ts';
import { h264Frames } from './h264.ts';
import type { Depacketize } from './payload.ts';
import { vp8Frames } from './vp8.ts';
import { vp9Frames } from './vp9.ts';
import { packetFrames } from './whole.ts';

/** How a codec travels. */
export interface Format {
  readonly mimeType: string;
  /** RTP timestamps, in Hz. */
  readonly clockRate: number;
  readonly depacketize: Depacketize;
}

const audio: Readonly<Record<string, Format>> = {
  opus: { mimeType: 'audio/opus', clockRate: 48_000, depacketize: packetFrames },
};

const video: Readonly<Record<string, Format>> = {
  vp8: { mimeType: 'video/VP8', clockRate: 90_000, depacketize: vp8Frames },
  vp9: { mimeType: 'video/VP9', clockRate: 90_000, depacketize: vp9Frames },
  h264: { mimeType: 'video/H264', clockRate: 90_000, depacketize: h264Frames },
  av1: { mimeType: 'video/AV1', clockRate: 90_000, depacketize: av1Frames },
};

/** How a recording's codec travels. @throws Failure if that is not known */
export function formatOf({ media, codec }: RecordingHeader): Format {
  const known = media === 'audio' ? audio : media === 'video' ? video : {};
  const format = Object.hasOwn(known, codec) ? known[codec] : undefined;
  if (format !== undefined) return format;
  const names = [...Object.keys(audio), ...Object.keys(video)].join(', ');
  throw new Failure(`the recording is ${media}, codec "${printable(codec)}": there are ${names}`);
}
