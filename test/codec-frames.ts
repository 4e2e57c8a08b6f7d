// Encoded frames as encoders make them, and what packetizers do to them on the way, for the tests of codecs. Written in
// another style than what they test: on strings of Latin-1, where a start code is a regular expression.

import type { Bytes } from '../src/types.ts';
import { noise } from './lengths.ts';
import { hex, unhex } from './oracle.ts';

export const join = (...parts: Uint8Array[]): Bytes => unhex(parts.map(hex).join(''));
export const latin1 = (bytes: Uint8Array): string =>
  Array.from(bytes, (b) => String.fromCharCode(b)).join('');
export const fromLatin1 = (text: string): Bytes => Uint8Array.from(text, (char) => char.charCodeAt(0));

/** Bytes that hold no start code and do not end in zero, as the payload of a NAL unit. */
export const payload = (len: number, seed: number): Bytes => noise(len, seed).map((byte) => byte | 4);

// H.264 and H.265

const code3 = unhex('000001');
const code4 = unhex('00000001');

/** NAL units behind start codes of four bytes, the first and parameter sets' ones, or of three, as encoders write them. */
export function byteStream(...units: Uint8Array[]): Bytes {
  return join(...units.flatMap((unit, i) => [i < 3 ? code4 : code3, unit]));
}

export const aud: Bytes = unhex('09f0');
export const sps: Bytes = unhex('6742c01fd901405d0180');
export const pps: Bytes = unhex('68cb83cb20');
export const sei: Bytes = join(unhex('0605'), payload(40, 1));
export const slice = (header: string, len: number, seed: number): Bytes =>
  join(unhex(header), payload(len, seed));

/** What realistic H.264 frames are made of. `8888` is a slice's start: first macroblock 0, intra. */
export const h264Frames: Record<string, Bytes> = {
  'key frame': byteStream(sps, pps, slice('658884', 3000, 2)),
  'with delimiter and SEI': byteStream(aud, sps, pps, sei, slice('658884', 500, 3)),
  'delta frame': byteStream(slice('419a24', 700, 4)),
  'disposable frame': byteStream(slice('019e42', 90, 5)),
  'slices of one picture': byteStream(sps, pps, slice('658884', 900, 6), slice('650a22', 900, 7)),
  'delta slices': byteStream(slice('419a24', 2000, 8), slice('410d89', 1300, 9), slice('41069a', 20, 10)),
  'data partitions': byteStream(slice('429a24', 50, 11), slice('439a', 60, 12), slice('449a', 70, 13)),
  'scalable: prefix, slice, extension': byteStream(
    unhex('6e40800720'),
    slice('419a24', 50, 14),
    slice('7440', 9, 15),
  ),
  'trailing zeros': join(byteStream(slice('419a24', 50, 16)), unhex('00000000')),
  'zeros behind the header': byteStream(unhex('4100000003000003010000')),
};

export const h265Frames: Record<string, Bytes> = {
  'key frame': byteStream(
    unhex('40010c01ffff'),
    unhex('420101016000'),
    unhex('4401c172b0'),
    slice('2601af', 800, 20),
  ),
  'with delimiter and SEI': byteStream(unhex('460150'), slice('4e01', 30, 21), slice('0201d0', 300, 22)),
  'delta frame': byteStream(slice('0201d0', 500, 23)),
  'unreferenced frame': byteStream(slice('0001e0', 100, 24)),
  'slices of one picture': byteStream(slice('0201d0', 500, 25), slice('020126', 400, 26)),
};

/** The NAL units of a byte stream, by the book; undefined if it does not begin with a start code. */
export function unitsOf(bytes: Uint8Array): Bytes[] | undefined {
  const [front, ...units] = latin1(bytes).split('\0\0\x01');
  if (/[^\0]/.test(front!)) return undefined;
  return units.map((unit) => fromLatin1(unit.replace(/\0+$/, ''))).filter((unit) => unit.length > 0);
}

/** RTP (RFC 6184) there and back: fragments of FU-A, start codes of four bytes, or of whatever is asked for. */
export function sendNalUnits(
  sent: Uint8Array,
  codeOf: (i: number) => Uint8Array = () => code4,
  maxLen = 1200,
): Bytes {
  const packets = unitsOf(sent)!.flatMap((unit) => {
    if (unit.length <= maxLen) return [unit];
    const body = unit.slice(1);
    const count = Math.ceil(body.length / (maxLen - 2));
    return Array.from({ length: count }, (_, i) => {
      const bits = (i === 0 ? 0x80 : 0) | (i === count - 1 ? 0x40 : 0);
      const front = new Uint8Array([(unit[0]! & 0xe0) | 28, bits | (unit[0]! & 31)]);
      return join(front, body.slice((maxLen - 2) * i, (maxLen - 2) * (i + 1)));
    });
  });
  const received: Uint8Array[] = [];
  for (const packet of packets) {
    const isFragment = (packet[0]! & 31) === 28;
    if (!isFragment) received.push(codeOf(received.length), packet);
    else if ((packet[1]! & 0x80) === 0) received.push(packet.slice(2));
    else
      received.push(
        codeOf(received.length),
        new Uint8Array([(packet[0]! & 0xe0) | (packet[1]! & 31)]),
        packet.slice(2),
      );
  }
  return join(...received);
}

// AV1

export const leb128 = (value: number): Bytes => {
  const digits = value.toString(2).padStart(Math.ceil(Math.max(1, value.toString(2).length) / 7) * 7, '0');
  const groups = digits.match(/.{7}/g)!.reverse();
  return Uint8Array.from(groups, (group, i) =>
    Number.parseInt((i < groups.length - 1 ? '1' : '0') + group, 2),
  );
};

/** An OBU of a type, with a length and, if there is one, an extension byte. */
export function obu(type: number, body: Uint8Array, extension?: number): Bytes {
  const header = (type << 3) | (extension === undefined ? 0 : 4) | 2;
  const front = extension === undefined ? [header] : [header, extension];
  return join(new Uint8Array(front), leb128(body.length), body);
}

export const bareObu = (type: number, body: Uint8Array): Bytes => join(new Uint8Array([type << 3]), body);

const sequence = unhex('00000004 3c ff bc ff ff 80 08'.replaceAll(' ', ''));
export const delimiter: Bytes = obu(2, new Uint8Array(0));
export const sequenceHeader: Bytes = obu(1, sequence);

/** What realistic AV1 temporal units are made of, and the clear copy that each has in front. */
export const av1Frames: Record<string, { readonly frame: Bytes; readonly clear: Bytes }> = {
  'key frame': { frame: join(delimiter, sequenceHeader, obu(6, noise(3000, 30))), clear: sequenceHeader },
  'delta frame': { frame: join(delimiter, obu(6, noise(700, 31))), clear: new Uint8Array(0) },
  'frame header and tile groups': {
    frame: join(delimiter, obu(3, noise(30, 32)), obu(4, noise(300, 33)), obu(4, noise(200, 34))),
    clear: new Uint8Array(0),
  },
  'metadata and padding': {
    frame: join(
      delimiter,
      obu(5, noise(9, 35)),
      sequenceHeader,
      obu(6, noise(99, 36)),
      obu(15, noise(50, 37)),
    ),
    clear: sequenceHeader,
  },
  'a layer: extensions': {
    frame: join(obu(2, new Uint8Array(0), 0x08), obu(1, sequence, 0x08), obu(6, noise(200, 38), 0x08)),
    clear: obu(1, sequence, 0x08),
  },
  'the last one without a length': {
    frame: join(delimiter, sequenceHeader, bareObu(6, noise(200, 39))),
    clear: sequenceHeader,
  },
  'only a sequence header, without a length': { frame: bareObu(1, sequence), clear: sequenceHeader },
  'two sequence headers': {
    frame: join(sequenceHeader, obu(1, noise(20, 40)), obu(6, noise(20, 41))),
    clear: sequenceHeader,
  },
};

/** The OBUs of a temporal unit, by the book: header, extension if any, and payload. */
export function obusOf(
  bytes: Uint8Array,
): { readonly type: number; readonly front: Bytes; readonly body: Bytes }[] {
  const obus = [];
  for (let rest = Array.from(bytes); rest.length > 0; ) {
    const front = rest.splice(0, (rest[0]! & 4) === 0 ? 1 : 2);
    let size = rest.length;
    if ((front[0]! & 2) !== 0) {
      const digits = rest.splice(0, rest.findIndex((byte) => byte < 128) + 1);
      size = digits.reduceRight((sum, digit) => sum * 128 + (digit & 127), 0);
    }
    const body = rest.splice(0, size);
    obus.push({ type: (front[0]! >> 3) & 15, front: Uint8Array.from(front), body: Uint8Array.from(body) });
  }
  return obus;
}

/** RTP for AV1, there and back: no delimiters, tile lists and padding; lengths dropped, and written by `write`. */
export function sendObus(
  sent: Uint8Array,
  write: (size: number, isLast: boolean) => Uint8Array | undefined = leb128,
): Bytes {
  const kept = obusOf(sent).filter(({ type }) => type !== 2 && type !== 8 && type !== 15);
  return join(
    ...kept.flatMap(({ front, body }, i) => {
      const size = write(body.length, i === kept.length - 1);
      const first = size === undefined ? front[0]! & ~2 : front[0]! | 2;
      return [new Uint8Array([first]), front.slice(1), size ?? new Uint8Array(0), body];
    }),
  );
}

// VP8 and audio

/** A frame tag (RFC 6386 §9.1) and noise; of a key frame start code and size, too. */
export const vp8Key: Bytes = join(unhex('b0c2009d012a80026801'), noise(2000, 50));
export const vp8Delta: Bytes = join(unhex('d12f00'), noise(900, 51));
export const opus: Bytes = join(unhex('78'), noise(100, 52));
