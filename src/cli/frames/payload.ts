// What depacketizers take and give. Frames come out as the sender's transform gave them to its packetizer.

import type { Bytes } from '../../types.ts';

/** Packets that belong together: one timestamp, no packet missing between them. */
export interface PacketGroup {
  readonly payloads: readonly Uint8Array[];
  /** Whether nothing can be missing in front of the first, and behind the last. */
  readonly isStartKnown: boolean;
  readonly isEndKnown: boolean;
}

/** A frame; or why there is none: packets are missing, or it is not what its codec's RTP format allows. */
export type Received = ReceivedFrame | 'incomplete' | 'syntax';

export interface ReceivedFrame {
  readonly frame: Bytes;
  /** The format does not tell whether something is missing in front: if the frame does not open, it was incomplete. */
  readonly isDoubtful: boolean;
}

/** The frames in a group, in order. */
export type Depacketize = (group: PacketGroup) => Received[];

/** All bytes, in a buffer of their own. */
export function concatAll(parts: readonly Uint8Array[]): Bytes {
  const bytes = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}
