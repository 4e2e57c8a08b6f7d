// Packets in the order they were sent in, by sequence numbers of 16 bits (RFC 3550, appendix A.1, with a larger window: a
// recording does not hurry). A packet that is far off, or of another SSRC, is believed when the next one follows it.

import type { RtpPacket } from './rtp.ts';

/** A packet in its place. */
export interface OrderedPacket extends RtpPacket {
  /** How it follows the one before: at once, behind some that are lost, or not at all: then all begins anew. */
  readonly follows: 'directly' | 'after-loss' | 'anew';
}

/** How many packets, at most, a late one is waited for. */
const WINDOW = 1024;
/** How many packets behind one may come that was given up, or came before. */
const MAX_LATE = 2 * WINDOW;
/** How many packets may be lost in a row. */
const MAX_DROPOUT = 3000;
/** With how many packets it is settled which one was the first. */
const SETTLE = 32;

/** How far a number is ahead of another: -32768 to 32767. */
function distance(from: number, to: number): number {
  return ((to - from) << 16) >> 16;
}

/** Orders the packets of one track. Memory is bounded by the window. */
export class Sequencer {
  readonly #waiting: Map<number, RtpPacket> = new Map();
  #ssrc = 0;
  /** The number that is to come, once it is settled which packet was the first; until then the lowest so far. */
  #next: number | undefined;
  #isSettled = false;
  #newest = 0;
  #follows: OrderedPacket['follows'] = 'anew';
  #stray: RtpPacket | undefined;
  readonly #counts = { duplicate: 0, lost: 0, stray: 0 };

  /** `duplicate`: came again, or too late; `lost`: never came; `stray`: of no sequence. */
  get counts(): Readonly<Record<'duplicate' | 'lost' | 'stray', number>> {
    return { ...this.#counts, stray: this.#counts.stray + (this.#stray === undefined ? 0 : 1) };
  }

  /** Takes a packet, and gives those whose turn has come. */
  *push(packet: RtpPacket): Generator<OrderedPacket> {
    if (this.#next === undefined) this.#begin(packet);
    else if (!this.#belongs(packet)) {
      yield* this.#consider(packet);
      return;
    } else if (this.#stray !== undefined) {
      this.#counts.stray++;
      this.#stray = undefined;
    }
    this.#add(packet);
    yield* this.#take(false);
  }

  /** All that is left. */
  *end(): Generator<OrderedPacket> {
    yield* this.#take(true);
    const stray = this.#stray;
    this.#stray = undefined;
    if (stray === undefined) return;
    this.#begin(stray);
    this.#add(stray);
    yield* this.#take(true);
  }

  #begin({ ssrc, sequence }: RtpPacket): void {
    this.#ssrc = ssrc;
    this.#next = sequence;
    this.#newest = sequence;
    this.#isSettled = false;
    this.#follows = 'anew';
  }

  #belongs({ ssrc, sequence }: RtpPacket): boolean {
    const ahead = distance(this.#next as number, sequence);
    return ssrc === this.#ssrc && ahead > -MAX_LATE && ahead < MAX_DROPOUT;
  }

  /** A packet from elsewhere: the second of two in a row begins another sequence. */
  *#consider(packet: RtpPacket): Generator<OrderedPacket> {
    const stray = this.#stray;
    this.#stray = packet;
    if (stray === undefined) return;
    const ahead = distance(stray.sequence, packet.sequence);
    if (stray.ssrc !== packet.ssrc || ahead === 0 || Math.abs(ahead) > SETTLE) {
      this.#counts.stray++;
      return;
    }
    this.#stray = undefined;
    yield* this.#take(true);
    this.#begin(stray);
    this.#add(stray);
    this.#add(packet);
  }

  #add(packet: RtpPacket): void {
    const { sequence } = packet;
    const ahead = distance(this.#next as number, sequence);
    if (this.#waiting.has(sequence) || (ahead < 0 && this.#isSettled)) {
      this.#counts.duplicate++;
      return;
    }
    if (ahead < 0) this.#next = sequence;
    if (distance(this.#newest, sequence) > 0) this.#newest = sequence;
    this.#waiting.set(sequence, packet);
  }

  *#take(isLast: boolean): Generator<OrderedPacket> {
    if (this.#next === undefined) return;
    if (!isLast && !this.#isSettled && this.#waiting.size < SETTLE) return;
    this.#isSettled = true;
    while (this.#waiting.size > 0) {
      const packet = this.#waiting.get(this.#next);
      if (packet !== undefined) {
        this.#waiting.delete(this.#next);
        yield { ...packet, follows: this.#follows };
        this.#follows = 'directly';
      } else if (isLast || distance(this.#next, this.#newest) >= WINDOW) {
        this.#counts.lost++;
        this.#follows = this.#follows === 'anew' ? 'anew' : 'after-loss';
      } else return;
      this.#next = (this.#next + 1) & 0xffff;
    }
  }
}
