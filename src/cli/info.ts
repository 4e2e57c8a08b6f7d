// What is in a recording, without keys: its header, and how its packets came.

import { Failure, printable } from './failure.ts';
import { type PacketCounts, Recording } from './mjr/recording.ts';
import type { Progress } from './progress.ts';
import { describePackets } from './summary.ts';

/** As `--json` prints it. */
export interface RecordingInfo {
  readonly input: string;
  /** As it stands in the file. */
  readonly header: Readonly<Record<string, unknown>>;
  readonly seconds: number;
  /** At most 64 are told apart. */
  readonly ssrcs: number;
  readonly packets: PacketCounts;
}

const MAX_SSRCS = 64;

/** @throws Failure */
export async function readInfo(
  input: string,
  progressOf: (length: number) => Progress,
  isStopped: () => boolean,
): Promise<RecordingInfo> {
  const recording = new Recording(input);
  const progress = progressOf(await recording.length());
  const ssrcs = new Set<number>();
  let packetCount = 0;
  try {
    for await (const packets of recording.read()) {
      if (isStopped()) throw new Failure('stopped', 130);
      packetCount += packets.length;
      for (const { ssrc } of packets) if (ssrcs.size < MAX_SSRCS) ssrcs.add(ssrc);
      progress.show(recording.bytesRead, packetCount);
    }
  } finally {
    progress.end();
  }
  const header = recording.header?.fields ?? {};
  return { input, header, seconds: recording.endTime / 1000, ssrcs: ssrcs.size, packets: recording.counts };
}

/** The same for people. */
export function describeInfo({ header, seconds, ssrcs, packets }: RecordingInfo): string {
  const lines = Object.entries(header).map(
    ([name, value]) => `  ${printable(name)}: ${printable(JSON.stringify(value))}`,
  );
  const times = `${seconds.toFixed(1)} s, ${ssrcs} ${ssrcs === 1 ? 'SSRC' : 'SSRCs'}`;
  return `${[times, ...lines, ...describePackets(packets)].join('\n')}\n`;
}
