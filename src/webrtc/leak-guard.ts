// Watches whether a protected sender sends what did not come out of its transform: browsers fail open, in silence. Packets
// that grow in number over two polls while no frame was written cannot be ours. (Not framesSent: that counts frames that
// never left. Not totals: they start anew with each transform.)

/** What is watched. */
export interface WatchedSender {
  readonly sender: Pick<RTCRtpSender, 'getStats'>;
  /** Frames that its transform has written so far. */
  readonly written: number;
}

/** What a sender has sent so far. */
interface Sent {
  readonly packets: number;
  /** Frames encoded, of video: without any, packets are padding that probes the network. */
  readonly encoded: number | undefined;
}

interface Seen extends Sent {
  readonly written: number;
  /** Over how many polls packets have grown, and no frame was written. */
  readonly growths: number;
}

/** So many polls in a row make a leak: packets may still wait when the last frame was written. */
const GROWTHS = 2;

/** The polls of a client. */
export class LeakGuard {
  readonly #seen: WeakMap<object, Seen> = new WeakMap();

  /** Looks once. Returns those that leak. */
  async poll<T extends WatchedSender>(senders: Iterable<T>): Promise<T[]> {
    const leaking: T[] = [];
    await Promise.all(
      Array.from(senders, async (watched) => {
        const sent = await sentOf(watched.sender);
        if (sent !== undefined && this.#isLeaking(watched, sent)) leaking.push(watched);
      }),
    );
    return leaking;
  }

  #isLeaking({ sender, written }: WatchedSender, sent: Sent): boolean {
    const last = this.#seen.get(sender) ?? { ...sent, written, growths: 0 };
    const isEncoding = sent.encoded === undefined || sent.encoded > (last.encoded ?? 0);
    const isGrowth = sent.packets > last.packets && isEncoding && written === last.written;
    const growths = isGrowth ? last.growths + 1 : 0;
    const isLeak = growths >= GROWTHS;
    this.#seen.set(sender, { ...sent, written, growths: isLeak ? 0 : growths });
    return isLeak;
  }
}

/** What of an outbound-rtp report is used. */
interface Report {
  readonly type: string;
  readonly packetsSent?: number;
  readonly retransmittedPacketsSent?: number;
  readonly framesEncoded?: number;
}

/** First transmissions only: a browser may repeat what it has sent, and probe with it, long after. */
async function sentOf(sender: WatchedSender['sender']): Promise<Sent | undefined> {
  try {
    let packets = 0;
    let encoded: number | undefined;
    for (const report of (await sender.getStats()).values()) {
      const { type, packetsSent = 0, retransmittedPacketsSent = 0, framesEncoded } = report as Report;
      if (type !== 'outbound-rtp') continue;
      packets += packetsSent - retransmittedPacketsSent;
      if (framesEncoded !== undefined) encoded = (encoded ?? 0) + framesEncoded;
    }
    return { packets, encoded };
  } catch {
    return undefined; // the connection is closed
  }
}
