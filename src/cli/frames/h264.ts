// H.264 (RFC 6184): NAL units alone in packets, several in one (STAP-A), or one in several (FU-A). All of a timestamp are
// an access unit, which is put together as receivers do: in Annex B, with start codes of four bytes.

import { concatAll, type Depacketize } from './payload.ts';

const STAP_A = 24;
const FU_A = 28;
const START_CODE = new Uint8Array([0, 0, 0, 1]);

/** The NAL units that share a packet; undefined if their lengths do not fit. */
function unitsOf(payload: Uint8Array): Uint8Array[] | undefined {
  const units: Uint8Array[] = [];
  for (let at = 1; at < payload.length; ) {
    const from = at + 2;
    const to = from + (((payload[at] ?? 0) << 8) | (payload[at + 1] ?? 0));
    if (to > payload.length || to === from) return undefined;
    units.push(payload.subarray(from, to));
    at = to;
  }
  return units;
}

/** The access unit of a timestamp. */
export const h264Frames: Depacketize = ({ payloads, isStartKnown, isEndKnown }) => {
  const parts: Uint8Array[] = [];
  let isOpen = false;
  for (const payload of payloads) {
    const [indicator = 0, fragment = 0] = payload;
    const type = indicator & 31;
    if (type === FU_A) {
      if (payload.length < 3) return ['syntax'];
      const starts = (fragment & 0x80) !== 0;
      if (!starts && !isOpen) return [parts.length === 0 ? 'incomplete' : 'syntax'];
      if (starts) parts.push(START_CODE, new Uint8Array([(indicator & 0xe0) | (fragment & 31)]));
      parts.push(payload.subarray(2));
      isOpen = (fragment & 0x40) === 0;
      continue;
    }
    const units = type === STAP_A ? unitsOf(payload) : type > 0 && type < STAP_A ? [payload] : undefined;
    if (units === undefined) return ['syntax'];
    for (const unit of units) parts.push(START_CODE, unit);
    isOpen = false;
  }
  if (!isEndKnown || isOpen) return ['incomplete'];
  return [{ frame: concatAll(parts), isDoubtful: !isStartKnown }];
};
