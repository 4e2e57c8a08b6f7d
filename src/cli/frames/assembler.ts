// Packets to frames: those of one timestamp belong together, up to the one with the marker. Behind a loss it is the format
// that tells whether a frame begins; half a frame is never handed on as one.

import type { OrderedPacket } from '../mjr/sequence.ts';
import type { Depacketize, Received } from './payload.ts';

/** What became of a frame, and the last of its packets. */
export interface Assembled {
  readonly received: Received;
  readonly last: OrderedPacket;
  /** Whether packets are missing between this frame and the one before. */
  readonly isBehindLoss: boolean;
  /** Whether it was told before that this frame is not whole: if what is left of it does not open, that is no news. */
  readonly isKnownBroken: boolean;
  /** Whether the timestamps begin anew since the frame before. */
  readonly isAnew: boolean;
}

/** In bytes: what a decryptor takes, and codecs' headers. */
const MAX_GROUP_LEN = 2 ** 24 + 2 ** 16;

/** Puts the frames of one track together. Of a frame that is not whole no more is told than that, once. */
export class Assembler {
  readonly #depacketize: Depacketize;
  readonly #isPerPacket: boolean;
  #packets: OrderedPacket[] = [];
  #length = 0;
  #isStartKnown = false;
  #isBehindLoss = false;
  #isAnew = true;
  /** Of the last frame that was not whole. */
  #brokenTimestamp: number | undefined;

  /** @param isPerPacket whether every packet is a frame, whatever timestamps and markers say */
  constructor(depacketize: Depacketize, isPerPacket: boolean) {
    this.#depacketize = depacketize;
    this.#isPerPacket = isPerPacket;
  }

  /** Takes the next packet, and gives the frames that are complete, or will never be. */
  push(packet: OrderedPacket): Assembled[] {
    const assembled: Assembled[] = [];
    const before = this.#packets.at(-1);
    if (packet.follows !== 'directly') {
      assembled.push(...this.#close(false));
      this.#isStartKnown = false;
      this.#isBehindLoss = packet.follows === 'after-loss';
      if (packet.follows === 'anew') this.#isAnew = true;
    } else if (before !== undefined && before.timestamp !== packet.timestamp) {
      assembled.push(...this.#close(true));
      this.#isStartKnown = true;
      this.#isBehindLoss = false;
    }
    if (packet.payload.length === 0) return assembled; // nothing is missing where it stands
    this.#packets.push(packet);
    this.#length += packet.payload.length;
    const isLast = packet.marker || this.#isPerPacket;
    if (!isLast && this.#length <= MAX_GROUP_LEN) return assembled;
    assembled.push(...this.#close(true));
    this.#isStartKnown = isLast;
    this.#isBehindLoss = false;
    return assembled;
  }

  /** The recording is over. */
  end(): Assembled[] {
    return this.#close(false);
  }

  #close(isEndKnown: boolean): Assembled[] {
    const packets = this.#packets;
    const last = packets.at(-1);
    if (last === undefined) return [];
    const isTooLong = this.#length > MAX_GROUP_LEN;
    this.#packets = [];
    this.#length = 0;
    const payloads = packets.map(({ payload }) => payload);
    const all = isTooLong
      ? (['syntax'] as const)
      : this.#depacketize({ payloads, isStartKnown: this.#isStartKnown, isEndKnown });
    const told: Assembled[] = [];
    for (const received of all) {
      const isKnownBroken = this.#brokenTimestamp === last.timestamp;
      if (received === 'incomplete') {
        if (isKnownBroken) continue;
        this.#brokenTimestamp = last.timestamp;
      }
      told.push({ received, last, isKnownBroken, isBehindLoss: this.#isBehindLoss, isAnew: this.#isAnew });
      this.#isAnew = false;
    }
    return told;
  }
}
