// Which container a codec's frames are written to.

import { randomBytes } from 'node:crypto';
import type { Format } from '../frames/formats.ts';
import { AnnexBWriter } from './annexb.ts';
import { type IvfCodec, IvfWriter } from './ivf.ts';
import { OggWriter } from './ogg.ts';
import type { Sink } from './output-file.ts';
import { av1Size, vp8Size, vp9Size } from './picture-size.ts';
import { TemporalUnitWriter } from './temporal-units.ts';
import type { MediaWriter } from './writer.ts';

/** A writer of frames of this format. */
export function writerOf({ mimeType, clockRate }: Format, sink: Sink): MediaWriter {
  const ivf = (fourcc: string, sizeOf: IvfCodec['sizeOf']) =>
    new IvfWriter(sink, { fourcc, clockRate, sizeOf });
  switch (mimeType) {
    case 'video/VP8':
      return ivf('VP80', vp8Size);
    case 'video/VP9':
      return ivf('VP90', vp9Size);
    case 'video/AV1':
      return new TemporalUnitWriter(ivf('AV01', av1Size));
    case 'video/H264':
      return new AnnexBWriter(sink);
    default:
      return new OggWriter(sink, randomBytes(4).readUInt32LE());
  }
}
