// RTP payloads as browsers make them of what the transform hands on, for the tests of recordings. Written from the RFCs, in
// another style than what takes them apart: on arrays of numbers.

import { obusOf, unitsOf } from '../codec-frames.ts';

export type Packetize = (frame: Uint8Array, isKey?: boolean) => Uint8Array[];

const bytes = (...parts: (ArrayLike<number> | number)[]): Uint8Array =>
  Uint8Array.from(parts.flatMap((part) => (typeof part === 'number' ? [part] : Array.from(part))));

/** Pieces of at most `size` bytes. */
export function pieces(frame: ArrayLike<number>, size: number): number[][] {
  const all = Array.from(frame);
  return Array.from({ length: Math.max(1, Math.ceil(all.length / size)) }, (_, i) =>
    all.slice(i * size, (i + 1) * size),
  );
}

export const SIZE = 1100;

export const opus: Packetize = (frame) => [frame];

export const raw: Packetize = (frame) => pieces(frame, SIZE).map((piece) => bytes(piece));

let picture = 0;

/** RFC 7741 §4.2: extended, with a picture ID of two bytes, TL0PICIDX and TID, as Chromium writes it. */
export const vp8: Packetize = (frame) => {
  picture = (picture + 1) & 0x7fff;
  return pieces(frame, SIZE).map((piece, i) =>
    bytes(0x80 | (i === 0 ? 0x10 : 0), 0xe0, 0x80 | (picture >> 8), picture & 0xff, 7, 0x20, piece),
  );
};

/** The same in its shortest form: a byte. */
export const vp8Short: Packetize = (frame) =>
  pieces(frame, SIZE).map((piece, i) => bytes(i === 0 ? 0x10 : 0, piece));

/** RFC 9628 §4.2, not flexible, a layer: I, L, B, E; with a scalability structure in front of key frames. */
export const vp9: Packetize = (frame, isKey = false) => {
  picture = (picture + 1) & 0x7fff;
  const all = pieces(frame, SIZE);
  return all.map((piece, i) => {
    const [starts, ends] = [i === 0, i === all.length - 1];
    const structure = isKey && starts;
    const first = 0xa0 | (isKey ? 0 : 0x40) | (starts ? 8 : 0) | (ends ? 4 : 0) | (structure ? 2 : 0);
    // N_S 0, Y, G; 320 × 180; two pictures: one without references, one with two
    const scalability = structure ? [0x18, 1, 0x40, 0, 180, 2, 0x20, 0x28, 1, 2] : [];
    return bytes(first, 0x80 | (picture >> 8), picture & 0xff, 0x00, 9, scalability, piece);
  });
};

/** Flexible mode, which may name up to three references; picture IDs of one byte. */
export const vp9Flexible: Packetize = (frame, isKey = false) => {
  picture = (picture + 1) & 0x7f;
  const all = pieces(frame, SIZE);
  return all.map((piece, i) =>
    bytes(
      0xb0 | (isKey ? 0 : 0x40) | (i === 0 ? 8 : 0) | (i === all.length - 1 ? 4 : 0),
      picture,
      0x12,
      isKey ? [] : [3, 5, 8],
      piece,
    ),
  );
};

/** RFC 6184, packetization-mode 1: parameter sets in a STAP-A, long units in FU-As. */
export const h264: Packetize = (frame) => {
  const units = unitsOf(frame)!.map((unit) => Array.from(unit));
  const small = units.filter((unit) => unit.length <= 200);
  const payloads: Uint8Array[] = [];
  if (small.length > 1)
    payloads.push(bytes(0x78, ...small.flatMap((unit) => [unit.length >> 8, unit.length & 0xff, unit])));
  for (const unit of units) {
    if (unit.length <= 200 && small.length > 1) continue;
    if (unit.length <= SIZE) {
      payloads.push(bytes(unit));
      continue;
    }
    const [header = 0, ...body] = unit;
    const all = pieces(body, SIZE);
    all.forEach((piece, i) => {
      const edges = (i === 0 ? 0x80 : 0) | (i === all.length - 1 ? 0x40 : 0);
      payloads.push(bytes((header & 0xe0) | 28, edges | (header & 31), piece));
    });
  }
  return payloads;
};

const leb128 = (value: number): number[] =>
  value < 128 ? [value] : [128 | (value & 127), ...leb128(value >> 7)];

/** AV1's: OBUs without lengths; the first of several in packets of their own or together, long ones in pieces. */
const av1By =
  (count: 'W' | 'lengths'): Packetize =>
  (frame, isKey = false) => {
    const obus = obusOf(frame)
      .filter(({ type }) => type !== 2)
      .map(({ front: [header = 0, ...extension], body }) => [header & ~2, ...extension, ...body]);
    const payloads: Uint8Array[] = [];
    let elements: number[][] = [];
    let goesOn = false;
    let isFirst = isKey;
    const send = (isCut: boolean) => {
      const header =
        (goesOn ? 0x80 : 0) |
        (isCut ? 0x40 : 0) |
        (count === 'W' ? elements.length << 4 : 0) |
        (isFirst ? 8 : 0);
      const body = elements.flatMap((element, i) =>
        count === 'W' && i === elements.length - 1 ? element : [...leb128(element.length), ...element],
      );
      payloads.push(bytes(header, body));
      elements = [];
      goesOn = isCut;
      isFirst = false;
    };
    obus.forEach((obu, i) => {
      const room = SIZE - elements.reduce((sum, { length }) => sum + length, 0);
      const all = [obu.slice(0, room), ...(obu.length > room ? pieces(obu.slice(room), SIZE) : [])];
      all.forEach((piece, k) => {
        elements.push(piece);
        const isCut = k < all.length - 1;
        if (isCut || i === obus.length - 1 || elements.length === 3) send(isCut);
      });
    });
    return payloads;
  };

export const av1: Packetize = av1By('W');
export const av1Lengths: Packetize = av1By('lengths');
