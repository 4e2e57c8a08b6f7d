// @ts-check
// RTP packets of one track, put in their order and together to frames, for a member in Node. werift knows what is in each.

import { AV1RtpPayload, dePacketizeRtpPackets, Vp8RtpPayload, Vp9RtpPayload } from 'werift';

/** @typedef {import('werift').RtpPacket} RtpPacket */
/** @typedef {{ data: Buffer, timestamp: number }} SentFrame as it came */

/** How many packets come behind a missing one before it is given up: padding has numbers too, and does not get here. */
const PATIENCE = 16;
/** How far ahead a number may be; others are old. */
const MAX_AHEAD = 0x8000;

/**
 * @typedef {object} Format
 * @property {'VP8' | 'VP9' | 'AV1' | 'OPUS'} depacketizer
 * @property {(payload: Buffer) => boolean} isHead whether a frame begins in this packet
 * @property {boolean} [isWhole] whether each packet is a frame; else the marker stands on its last one
 */

/** @type {Record<string, Format>} */
export const formats = {
  VP8: { depacketizer: 'VP8', isHead: (payload) => Vp8RtpPayload.deSerialize(payload).isPartitionHead },
  VP9: {
    depacketizer: 'VP9',
    isHead: (payload) => Boolean(Vp9RtpPayload.deSerialize(payload).isPartitionHead),
  },
  AV1: {
    depacketizer: 'AV1',
    isHead: (payload) => AV1RtpPayload.deSerialize(payload).zBit_RtpStartsWithFragment === 0,
  },
  opus: { depacketizer: 'OPUS', isHead: () => true, isWhole: true },
};

export class Frames {
  #format;
  /** @type {Map<number, RtpPacket>} */
  #waiting = new Map();
  /** Of the frame that is not complete. @type {RtpPacket[]} */
  #packets = [];
  /** The number that comes next. */
  #next = -1;

  /** @param {Format} format */
  constructor(format) {
    this.#format = format;
  }

  /** @param {RtpPacket} packet @returns {SentFrame[]} those that are complete now */
  add(packet) {
    const { sequenceNumber } = packet.header;
    if (this.#next < 0) this.#next = sequenceNumber;
    if (this.#ahead(sequenceNumber) >= MAX_AHEAD) return [];
    this.#waiting.set(sequenceNumber, packet);
    if (!this.#waiting.has(this.#next) && this.#waiting.size > PATIENCE) {
      this.#packets = [];
      this.#next = [...this.#waiting.keys()].reduce((a, b) => (this.#ahead(a) < this.#ahead(b) ? a : b));
    }
    const complete = [];
    for (let next = this.#waiting.get(this.#next); next; next = this.#waiting.get(this.#next)) {
      this.#waiting.delete(this.#next);
      this.#next = (this.#next + 1) & 0xffff;
      const frame = this.#append(next);
      if (frame !== undefined) complete.push(frame);
    }
    return complete;
  }

  /** @param {number} sequenceNumber */
  #ahead(sequenceNumber) {
    return (sequenceNumber - this.#next) & 0xffff;
  }

  /** @param {RtpPacket} packet the next one @returns {SentFrame | undefined} a frame, if that is its last */
  #append(packet) {
    const { depacketizer, isHead, isWhole = false } = this.#format;
    if (packet.payload.length === 0) return;
    const isNew = packet.header.timestamp !== this.#packets[0]?.header.timestamp;
    if (isNew) this.#packets = [];
    // its beginning is missing
    if (isNew && !isHead(packet.payload)) return;
    this.#packets.push(packet);
    if (!isWhole && !packet.header.marker) return;
    const { data, timestamp } = dePacketizeRtpPackets(depacketizer, this.#packets.splice(0));
    return { data, timestamp };
  }
}
