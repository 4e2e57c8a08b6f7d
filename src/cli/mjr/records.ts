// Janus recordings, as bytes come: a header, then a record for each packet, in the order of arrival.
//
//   MJR00002 | u16be length | JSON
//   MEET | u32be milliseconds since the first packet | u16be length | RTP packet           and again
//
// Where a record should begin and does not, bytes are skipped to where the next one does. Memory is bounded by the
// longest record, whatever the file says.

import { Failure } from '../failure.ts';

const MAGIC = 'MJR00002';
const HEADER_AT = 10;
const RECORD_LEN = 10;
/** MEET */
const MARK = [0x4d, 0x45, 0x45, 0x54] as const;

/** One packet as it was recorded. */
export interface MjrRecord {
  /** Milliseconds since recording began. */
  readonly time: number;
  /** A view, good for as long as it is held. */
  readonly packet: Uint8Array;
}

/** Takes a recording apart. */
export class RecordParser {
  #rest: Uint8Array = new Uint8Array(0);
  #header: string | undefined;
  #damagedBytes = 0;
  #isTruncated = false;

  /** JSON, as it stands there, once it has come. */
  get header(): string | undefined {
    return this.#header;
  }

  /** How many bytes belong to no record. */
  get damagedBytes(): number {
    return this.#damagedBytes;
  }

  /** Whether the end came in the midst of a record. */
  get isTruncated(): boolean {
    return this.#isTruncated;
  }

  /** The records that are complete now. @throws Failure if this is no such file */
  *push(chunk: Uint8Array): Generator<MjrRecord> {
    let bytes = this.#rest.length === 0 ? chunk : joined(this.#rest, chunk);
    if (this.#header === undefined) {
      const from = this.#readHeader(bytes);
      this.#rest = bytes;
      if (from === undefined) return;
      bytes = bytes.subarray(from);
    }
    yield* this.#take(bytes, false);
  }

  /** The file is over: what of it was left is searched for records all the same. @throws Failure as {@link push} */
  *end(): Generator<MjrRecord> {
    if (this.#header === undefined) {
      this.#assertMagic(this.#rest);
      throw new Failure('the recording ends within its header');
    }
    yield* this.#take(this.#rest, true);
    while (this.#rest.length > 0) {
      this.#isTruncated = true;
      // A length that was damaged may have swallowed all that follows.
      const next = findMark(this.#rest, 1);
      this.#damagedBytes += next;
      yield* this.#take(this.#rest.subarray(next), true);
    }
  }

  *#take(bytes: Uint8Array, isLast: boolean): Generator<MjrRecord> {
    let at = 0;
    while (bytes.length - at >= RECORD_LEN) {
      let next = hasMark(bytes, at) ? at : findMark(bytes, at + 1);
      if (next === at) {
        const view = new DataView(bytes.buffer, bytes.byteOffset + at, RECORD_LEN);
        const end = at + RECORD_LEN + view.getUint16(8);
        if (isLast ? end > bytes.length : end + MARK.length > bytes.length) break;
        // Another record within this one, and none behind it: then it was the length that was damaged.
        const isFollowed = end === bytes.length || hasMark(bytes, end);
        next = isFollowed ? end : Math.min(findMark(bytes, at + 1), end);
        if (next === end) {
          yield { time: view.getUint32(4), packet: bytes.subarray(at + RECORD_LEN, end) };
          at = end;
          continue;
        }
      }
      this.#damagedBytes += next - at;
      at = next;
    }
    this.#rest = bytes.slice(at);
  }

  #readHeader(bytes: Uint8Array): number | undefined {
    this.#assertMagic(bytes);
    if (bytes.length < HEADER_AT) return undefined;
    const end = HEADER_AT + (((bytes[8] as number) << 8) | (bytes[9] as number));
    if (bytes.length < end) return undefined;
    this.#header = new TextDecoder().decode(bytes.subarray(HEADER_AT, end));
    return end;
  }

  #assertMagic(bytes: Uint8Array): void {
    const start = String.fromCharCode(...bytes.subarray(0, MAGIC.length));
    if (start === 'MJR00001')
      throw new Failure(
        'the recording has the format MJR00001 of Janus before 0.4.5, which is not supported',
      );
    if (!MAGIC.startsWith(start) || start === '')
      throw new Failure('the file is not a Janus recording (.mjr)');
  }
}

function joined(a: Uint8Array, b: Uint8Array): Uint8Array {
  const both = new Uint8Array(a.length + b.length);
  both.set(a);
  both.set(b, a.length);
  return both;
}

function hasMark(bytes: Uint8Array, at: number): boolean {
  return MARK.every((byte, i) => bytes[at + i] === byte);
}

/** Where the next record may begin: where its mark stands, or, at the end, as much of it as has come; the length if nowhere. */
function findMark(bytes: Uint8Array, from: number): number {
  for (let at = bytes.indexOf(MARK[0], from); at >= 0; at = bytes.indexOf(MARK[0], at + 1))
    if (MARK.every((byte, i) => at + i >= bytes.length || bytes[at + i] === byte)) return at;
  return bytes.length;
}
