// AV1 (RTP Payload Format For AV1, §4): packets carry OBUs without their lengths, or pieces of them. All of a timestamp are
// a temporal unit, which has a frame for each layer. What was encrypted ends with its only OBU_FRAME, see codec/av1.ts:
// there one frame ends and the next begins. Lengths are written as the layout expects them.
//
//   Z Y W(2) N      Z, Y: the first goes on from, the last goes on in another packet   W: how many OBUs, if not 0
//   leb128 | OBU    again; with W the last one has no length

import { FRAME, readObu, sizedObu, TEMPORAL_DELIMITER } from '../../codec/obu.ts';
import { concatAll, type Depacketize, type PacketGroup, type Received } from './payload.ts';

const MAX_LENGTH_LEN = 8;

/** What of a packet belongs to one OBU each; undefined if lengths do not fit. */
function elementsOf(payload: Uint8Array): Uint8Array[] | undefined {
  const elements: Uint8Array[] = [];
  const count = ((payload[0] ?? 0) >> 4) & 3;
  let at = 1;
  while (at < payload.length) {
    let len = payload.length - at;
    if (count === 0 || elements.length + 1 < count) {
      const length = readLength(payload, at);
      if (length === undefined) return undefined;
      at = length.end;
      len = length.value;
    }
    if (len > payload.length - at) return undefined;
    elements.push(payload.subarray(at, at + len));
    at += len;
    if (elements.length === count && at < payload.length) return undefined;
  }
  return elements.length === 0 || (count !== 0 && elements.length !== count) ? undefined : elements;
}

function readLength(bytes: Uint8Array, at: number): { value: number; end: number } | undefined {
  let value = 0;
  for (let i = 0; i < MAX_LENGTH_LEN; i++) {
    const byte = bytes[at + i];
    if (byte === undefined) return undefined;
    value += (byte & 0x7f) * 2 ** (7 * i);
    if (byte < 0x80) return { value, end: at + i + 1 };
  }
  return undefined;
}

/** The OBUs of a timestamp, as they came; or what is wrong with them. */
function obusOf({ payloads }: PacketGroup): Uint8Array[] | 'incomplete' | 'syntax' {
  const obus: Uint8Array[] = [];
  let open: Uint8Array[] | undefined;
  for (const payload of payloads) {
    const elements = elementsOf(payload);
    if (elements === undefined) return 'syntax';
    const [header = 0] = payload;
    const goesOn = (header & 0x80) !== 0;
    if (goesOn !== (open !== undefined)) return obus.length === 0 && goesOn ? 'incomplete' : 'syntax';
    for (const [i, element] of elements.entries()) {
      open ??= [];
      open.push(element);
      if (i === elements.length - 1 && (header & 0x40) !== 0) break;
      obus.push(open.length === 1 ? element : concatAll(open));
      open = undefined;
    }
  }
  return open === undefined ? obus : 'incomplete';
}

/** The layers' frames of a timestamp. */
export const av1Frames: Depacketize = (group) => {
  if (!group.isEndKnown) return ['incomplete'];
  const obus = obusOf(group);
  if (typeof obus === 'string') return [obus];
  const found: Received[] = [];
  let parts: Uint8Array[] = [];
  const close = () => {
    found.push({ frame: concatAll(parts), isDoubtful: found.length === 0 && !group.isStartKnown });
    parts = [];
  };
  for (const bytes of obus) {
    const obu = readObu(bytes, 0);
    if (obu === undefined || obu.end !== bytes.length) return ['syntax'];
    if (obu.type === TEMPORAL_DELIMITER) continue;
    parts.push(sizedObu(bytes, obu));
    if (obu.type === FRAME) close();
  }
  if (parts.length > 0) close();
  return found;
};
