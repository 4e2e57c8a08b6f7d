// The source of a track as metadata: under one key a server could deliver somebody's camera as his screen, and both
// would open. With a label, which both sides configure, they do not.
//
//   metadata = clear bytes                                                                   by default
//   metadata = clear bytes ‖ "sframe-wasm source" ‖ label in UTF-8 ‖ u16be(its length)       with a label
//
// The length stands last: from there, label and clear bytes can be told apart in one way only.

import { assertText } from '../names.ts';
import { type Bytes, concat } from '../types.ts';

const PREFIX = 'sframe-wasm source';
const MAX_LABEL_LEN = 0xffff;

/**
 * What a label adds to the metadata of every frame of a track.
 * @throws TypeError or RangeError naming `source`
 */
export function sourceOf(label: string): Bytes {
  assertText(label, 'source');
  const encoder = new TextEncoder();
  const { length } = encoder.encode(label);
  if (length === 0 || length > MAX_LABEL_LEN)
    throw new RangeError(`source must be from 1 to ${MAX_LABEL_LEN} bytes long in UTF-8`);
  return concat(encoder.encode(PREFIX + label), new Uint8Array([length >> 8, length & 0xff]));
}

/** The metadata of a frame. */
export function metadataOf(clear: Bytes, source: Bytes | undefined): Bytes {
  return source === undefined ? clear : concat(clear, source);
}
