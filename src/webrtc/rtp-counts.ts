// What a browser counts of a sender's or receiver's media, before it comes to a transform and after.

/** What of an RTCRtpSender or RTCRtpReceiver is used. */
export interface Counted {
  getStats(): Promise<RTCStatsReport>;
}

/** Totals so far. What a browser does not tell is 0, but for `encoded`. */
export interface RtpCounts {
  /** Packets sent. First transmissions only: a browser may repeat what it has sent, and probe with it, long after. */
  readonly sent: number;
  /** Frames encoded, of video: without any, packets are padding that probes the network. */
  readonly encoded: number | undefined;
  /** Seconds of audio that an encoder was given. */
  readonly recorded: number;
  /** Packets received. */
  readonly received: number;
}

/** What of reports is used. */
interface Report {
  readonly type: string;
  readonly packetsSent?: number;
  readonly retransmittedPacketsSent?: number;
  readonly framesEncoded?: number;
  readonly packetsReceived?: number;
  readonly totalSamplesDuration?: number;
}

/** @returns undefined if the connection is closed, or does not say in time */
export async function countRtp(counted: Counted, withinMs: number): Promise<RtpCounts | undefined> {
  try {
    const late = new Promise<undefined>((resolve) => setTimeout(resolve, withinMs));
    const reports = await Promise.race([counted.getStats(), late]);
    return reports && sum(reports.values() as Iterable<Report>);
  } catch {
    return undefined;
  }
}

function sum(reports: Iterable<Report>): RtpCounts {
  let [sent, recorded, received] = [0, 0, 0];
  let encoded: number | undefined;
  for (const report of reports) {
    if (report.type === 'outbound-rtp') {
      sent += (report.packetsSent ?? 0) - (report.retransmittedPacketsSent ?? 0);
      if (report.framesEncoded !== undefined) encoded = (encoded ?? 0) + report.framesEncoded;
    } else if (report.type === 'media-source') recorded += report.totalSamplesDuration ?? 0;
    else if (report.type === 'inbound-rtp') received += report.packetsReceived ?? 0;
  }
  return { sent, encoded, recorded, received };
}
