// RTP packets (RFC 3550 §5.1): what of them tells where a frame begins and ends, and its bytes.

/** A packet that may carry media. */
export interface RtpPacket {
  readonly ssrc: number;
  readonly sequence: number;
  readonly timestamp: number;
  readonly marker: boolean;
  /** Behind CSRCs and header extensions, without padding. Empty: it was sent to fill the line. */
  readonly payload: Uint8Array;
  /** When it was recorded, in milliseconds. */
  readonly time: number;
}

const FIXED_LEN = 12;

/** A packet's fields; undefined if it is none. */
export function parseRtp(packet: Uint8Array, time: number): RtpPacket | undefined {
  const len = packet.length;
  if (len < FIXED_LEN) return undefined;
  const view = new DataView(packet.buffer, packet.byteOffset, len);
  const first = view.getUint8(0);
  if (first >> 6 !== 2) return undefined;
  let from = FIXED_LEN + 4 * (first & 15);
  if ((first & 0x10) !== 0) {
    if (from + 4 > len) return undefined;
    from += 4 + 4 * view.getUint16(from + 2);
  }
  let to = len;
  if ((first & 0x20) !== 0) {
    const padding = view.getUint8(len - 1);
    if (padding === 0) return undefined;
    to -= padding;
  }
  if (from > to) return undefined;
  return {
    ssrc: view.getUint32(8),
    sequence: view.getUint16(2),
    timestamp: view.getUint32(4),
    marker: (view.getUint8(1) & 0x80) !== 0,
    payload: packet.subarray(from, to),
    time,
  };
}
