// Which layout a frame has. What the browser calls its codec decides; where it says nothing, the payload type does, by
// what was negotiated. A codec that is not known has no layout, and never another's: its frames are dropped.

import { av1 } from './av1.ts';
import { h264 } from './h264.ts';
import { h265 } from './h265.ts';
import type { Layout } from './layout.ts';
import { vp8 } from './vp8.ts';
import { whole } from './whole.ts';

/** `packetization-raw`: frames are encrypted whole, whatever their codec. Both sides must be told: frames do not say. */
export type FrameMode = 'codec' | 'packetization-raw';

/** What of an encoded frame's getMetadata() counts. */
export interface CodecMetadata {
  readonly mimeType?: string | undefined;
  readonly payloadType?: number | undefined;
}

/** What of getParameters() counts. */
export interface CodecParameters {
  readonly codecs: readonly { readonly payloadType: number; readonly mimeType: string }[];
}

/** Codecs by payload type, as they are negotiated now. A type that has two has none. */
export function payloadTypesOf({ codecs }: CodecParameters): ReadonlyMap<number, string | undefined> {
  const types = new Map<number, string | undefined>();
  for (const { payloadType, mimeType } of codecs) {
    const isOther = types.has(payloadType) && types.get(payloadType) !== mimeType;
    types.set(payloadType, isOther ? undefined : mimeType);
  }
  return types;
}

/** The layout of a codec, by its media type in any case; undefined if it is not known. */
export function layoutOf(mimeType: string): Layout | undefined {
  const type = mimeType.toLowerCase();
  switch (type) {
    case 'video/vp8':
      return vp8;
    case 'video/vp9':
      return whole;
    case 'video/h264':
      return h264;
    case 'video/h265':
      return h265;
    case 'video/av1':
    case 'video/av1x':
      return av1;
    default:
      return /^audio\/./.test(type) ? whole : undefined;
  }
}

/** The layout of a frame; undefined: it must be dropped. */
export function chooseLayout(
  { mimeType, payloadType }: CodecMetadata,
  payloadTypes: ReadonlyMap<number, string | undefined>,
  mode: FrameMode,
): Layout | undefined {
  if (mode === 'packetization-raw') return whole;
  const codec = mimeType || (payloadType === undefined ? undefined : payloadTypes.get(payloadType));
  return codec === undefined ? undefined : layoutOf(codec);
}
