// Opus in Ogg (RFC 3533, RFC 7845). A page's granule position is where its last packet ends, at 48 kHz: so a page ends
// where time jumps, and silence that was not sent, or was lost, stays as long as it was.
//
//   OggS 0 flags | granule 8 | serial 4 | page number 4 | CRC 4 | count 1 | lacing … | packets        little-endian

import type { Bytes } from '../../types.ts';
import type { Sink } from './output-file.ts';
import type { MediaWriter } from './writer.ts';

const BEGINS = 2;
const ENDS = 4;
const MAX_SEGMENTS = 255;
/** Samples until a page is written. */
const PAGE_SAMPLES = 48_000;
/** Samples that decoders are told to drop at the beginning: libopus's look-ahead. */
const PRE_SKIP = 312;
/** Samples that a packet may come late before that counts as a gap. */
const TOLERANCE = 48;
/** Of a packet, by the configuration in the first byte's upper five bits (RFC 6716 §3.1), a frame's samples. */
const SILK = [480, 960, 1920, 2880];
const CELT = [120, 240, 480, 960];

/** How many samples an Opus packet lasts. */
export function opusDuration(packet: Uint8Array): number {
  const first = packet[0] ?? 0;
  const config = first >> 3;
  const frame = config < 12 ? SILK[config & 3] : config < 16 ? [480, 960][config & 1] : CELT[config & 3];
  const code = first & 3;
  const count = code === 0 ? 1 : code < 3 ? 2 : (packet[1] ?? 0) & 63;
  return Math.min((frame as number) * count, 5760);
}

const crcTable = Uint32Array.from({ length: 256 }, (_, byte) => {
  let crc = byte << 24;
  for (let bit = 0; bit < 8; bit++) crc = (crc << 1) ^ (crc < 0 ? 0x04c11db7 : 0);
  return crc;
});

function crcOf(page: Uint8Array): number {
  let crc = 0;
  for (const byte of page) crc = (crc << 8) ^ (crcTable[(crc >>> 24) ^ byte] as number);
  return crc >>> 0;
}

/** Writes packets of Opus, each shorter than a page. */
export class OggWriter implements MediaWriter {
  readonly #sink: Sink;
  readonly #serial: number;
  #pages = 0;
  #packets: Bytes[] = [];
  #segments = 0;
  #samples = 0;
  /** Where the last packet ends. */
  #position = 0;

  /** @param serial any number of 32 bits */
  constructor(sink: Sink, serial: number) {
    this.#sink = sink;
    this.#serial = serial;
  }

  write(frame: Bytes, ticks: number): void {
    const segments = Math.floor(frame.length / 255) + 1;
    if (this.#pages === 0) this.#writeHeaders();
    const isGap = ticks - this.#position > TOLERANCE;
    const isFull = this.#samples >= PAGE_SAMPLES || this.#segments + segments > MAX_SEGMENTS;
    if (this.#packets.length > 0 && (isGap || isFull)) this.#writePage(0);
    const duration = opusDuration(frame);
    this.#position = (isGap ? ticks : this.#position) + duration;
    this.#samples += duration;
    this.#segments += segments;
    this.#packets.push(frame);
  }

  end(): void {
    if (this.#pages > 0) this.#writePage(ENDS);
  }

  #writeHeaders(): void {
    const head = new Uint8Array(19);
    const view = new DataView(head.buffer);
    head.set(new TextEncoder().encode('OpusHead'));
    view.setUint8(8, 1);
    view.setUint8(9, 2); // in RTP there may always be two channels
    view.setUint16(10, PRE_SKIP, true);
    view.setUint32(12, 48_000, true);
    const vendor = new TextEncoder().encode('sframe-wasm');
    const tags = new Uint8Array(8 + 4 + vendor.length + 4);
    tags.set(new TextEncoder().encode('OpusTags'));
    tags[8] = vendor.length;
    tags.set(vendor, 12);
    for (const header of [head, tags]) {
      this.#packets.push(header);
      this.#segments = 1;
      this.#writePage(this.#pages === 0 ? BEGINS : 0);
    }
  }

  #writePage(flags: number): void {
    const lacing = this.#packets.flatMap(({ length }) => [
      ...new Array<number>(Math.floor(length / 255)).fill(255),
      length % 255,
    ]);
    const bodyAt = 27 + lacing.length;
    const page = new Uint8Array(this.#packets.reduce((sum, { length }) => sum + length, bodyAt));
    const view = new DataView(page.buffer);
    page.set([0x4f, 0x67, 0x67, 0x53, 0, flags]);
    view.setBigUint64(6, BigInt(this.#position), true);
    view.setUint32(14, this.#serial, true);
    view.setUint32(18, this.#pages, true);
    view.setUint8(26, lacing.length);
    page.set(lacing, 27);
    let at = bodyAt;
    for (const packet of this.#packets) {
      page.set(packet, at);
      at += packet.length;
    }
    view.setUint32(22, crcOf(page), true);
    this.#sink.write(page);
    this.#pages++;
    this.#packets = [];
    this.#segments = 0;
    this.#samples = 0;
  }
}
