// A recording of one track: what its header says, and its packets in order, however long the file is.

import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { Failure, fileFailure } from '../failure.ts';
import { type MjrRecord, RecordParser } from './records.ts';
import { parseRtp, type RtpPacket } from './rtp.ts';
import { type OrderedPacket, Sequencer } from './sequence.ts';

/** What the header says that counts here. Nothing in it is authenticated. */
export interface RecordingHeader {
  readonly media: 'audio' | 'video' | 'data';
  /** As Janus names it, in lower case. */
  readonly codec: string;
  /** Whether it says that frames are encrypted. VideoRooms do not say it, whatever they record. */
  readonly saysEncrypted: boolean;
  /** All of it. */
  readonly fields: Readonly<Record<string, unknown>>;
}

/** How the file came out, as far as it was read. */
export interface PacketCounts {
  readonly records: number;
  /** Records that hold no RTP packet. */
  readonly malformed: number;
  /** Packets without media in them. */
  readonly empty: number;
  readonly duplicate: number;
  readonly lost: number;
  readonly stray: number;
  /** Bytes of the file that belong to no record. */
  readonly damagedBytes: number;
  readonly truncated: boolean;
}

/** In bytes: what is read at a time. */
const CHUNK_LEN = 2 ** 18;

const media: Readonly<Record<string, RecordingHeader['media']>> = { a: 'audio', v: 'video', d: 'data' };

/** One file, read once. */
export class Recording {
  readonly #path: string;
  readonly #parser: RecordParser = new RecordParser();
  readonly #sequencer: Sequencer = new Sequencer();
  readonly #counts = { records: 0, malformed: 0, empty: 0 };
  #header: RecordingHeader | undefined;
  #bytesRead = 0;
  #endTime = 0;

  constructor(path: string) {
    this.#path = path;
  }

  /** Undefined until the first packets have come, or the end. */
  get header(): RecordingHeader | undefined {
    return this.#header;
  }

  get bytesRead(): number {
    return this.#bytesRead;
  }

  /** When the last packet so far was recorded, in milliseconds. */
  get endTime(): number {
    return this.#endTime;
  }

  get counts(): PacketCounts {
    const { damagedBytes, isTruncated } = this.#parser;
    return { ...this.#counts, ...this.#sequencer.counts, damagedBytes, truncated: isTruncated };
  }

  /** In bytes. @throws Failure if there is no such file */
  async length(): Promise<number> {
    try {
      const { size } = await stat(this.#path);
      return size;
    } catch (error) {
      throw fileFailure('read', this.#path, error);
    }
  }

  /**
   * The packets that came with each piece of the file, in order. A piece may have none.
   * @throws Failure if the file cannot be read, or is no recording
   */
  async *read(): AsyncGenerator<OrderedPacket[]> {
    try {
      for await (const chunk of createReadStream(this.#path, { highWaterMark: CHUNK_LEN })) {
        const bytes = chunk as Uint8Array;
        this.#bytesRead += bytes.length;
        yield this.#ordered(this.#parser.push(bytes));
      }
    } catch (error) {
      if (error instanceof Failure) throw error;
      throw fileFailure('read', this.#path, error);
    }
    const last = this.#ordered(this.#parser.end());
    last.push(...this.#sequencer.end());
    yield last;
  }

  #ordered(records: Iterable<MjrRecord>): OrderedPacket[] {
    const packets: OrderedPacket[] = [];
    for (const { time, packet } of records) {
      this.#counts.records++;
      const parsed = parseRtp(packet, time);
      if (parsed === undefined) this.#counts.malformed++;
      else {
        this.#endTime = time;
        this.#order(parsed, packets);
      }
    }
    if (this.#header === undefined && this.#parser.header !== undefined)
      this.#header = parseHeader(this.#parser.header);
    return packets;
  }

  #order(packet: RtpPacket, packets: OrderedPacket[]): void {
    // Empty ones too: they have sequence numbers, and none of them is lost.
    if (packet.payload.length === 0) this.#counts.empty++;
    for (const ordered of this.#sequencer.push(packet)) packets.push(ordered);
  }
}

/** @throws Failure if it does not say what was recorded */
function parseHeader(text: string): RecordingHeader {
  let fields: unknown;
  try {
    fields = JSON.parse(text);
  } catch {
    throw new Failure("the recording's header is not JSON");
  }
  if (typeof fields !== 'object' || fields === null || Array.isArray(fields))
    throw new Failure("the recording's header is no object");
  const { t, c, e } = fields as Record<string, unknown>;
  const kind = typeof t === 'string' && Object.hasOwn(media, t) ? media[t] : undefined;
  if (kind === undefined) throw new Failure("the recording's header does not say what was recorded");
  const codec = typeof c === 'string' ? c.toLowerCase() : '';
  return { media: kind, codec, saysEncrypted: e === true, fields: fields as Record<string, unknown> };
}
