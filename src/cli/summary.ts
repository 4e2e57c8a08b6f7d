// What became of a recording: numbers, and which keys were missing. Nothing of a frame, and no key.

import type { Received } from './frames/payload.ts';
import type { PacketCounts, RecordingHeader } from './mjr/recording.ts';
import type { OpeningFailure } from './track-opener.ts';

/** Why a frame is not in the output. */
export type FrameFailure = OpeningFailure | Extract<Received, string>;

/** The summary as `--json` prints it. */
export interface Summary {
  readonly input: string;
  /** Null: nothing opened, and no file was written. */
  readonly output: string | null;
  readonly participant: string;
  readonly media: RecordingHeader['media'];
  readonly codec: string;
  /** What the recording's header says. */
  readonly saysEncrypted: boolean;
  /** From the first packet to the last. */
  readonly seconds: number;
  readonly frames: {
    readonly opened: number;
    /** By reason; those that did not occur are not there. */
    readonly failed: Readonly<Partial<Record<FrameFailure, number>>>;
  };
  /** KIDs without a key, with how many frames each had; at most 16. They are not authenticated. */
  readonly missingKids: readonly { readonly kid: string; readonly frames: number }[];
  readonly packets: PacketCounts;
}

const MAX_KIDS = 16;

/** Counts frames as they come. */
export class FrameCounts {
  #opened = 0;
  readonly #failed: Map<FrameFailure, number> = new Map();
  readonly #missing: Map<bigint, number> = new Map();

  get opened(): number {
    return this.#opened;
  }

  get summary(): Pick<Summary, 'frames' | 'missingKids'> {
    return {
      frames: { opened: this.#opened, failed: Object.fromEntries(this.#failed) },
      missingKids: Array.from(this.#missing, ([kid, frames]) => ({ kid: `0x${kid.toString(16)}`, frames })),
    };
  }

  open(): void {
    this.#opened++;
  }

  fail(reason: FrameFailure, kid?: bigint): void {
    this.#failed.set(reason, (this.#failed.get(reason) ?? 0) + 1);
    if (reason !== 'key-id' || kid === undefined) return;
    const known = this.#missing.get(kid);
    if (known !== undefined || this.#missing.size < MAX_KIDS) this.#missing.set(kid, (known ?? 0) + 1);
  }
}

const reasons: Readonly<Partial<Record<FrameFailure, string>>> = {
  'key-id': 'no key for their KID',
  authentication: 'wrong key, changed, or not encrypted as the options say',
  syntax: 'not an SFrame ciphertext, or not what the codec allows',
  replay: 'came before',
  'ratchet-limit': 'a ratchet step that is too far ahead, or gone',
  incomplete: 'packets are missing',
  unverified: 'no signed block vouches for them',
  forged: 'signed otherwise: another member made them',
};

/** The same for people. */
export function describe({ output, frames, missingKids, packets, media, codec, seconds }: Summary): string {
  const lines = [
    `${media}, ${codec}, ${seconds.toFixed(1)} s: ${frames.opened} frames opened${output === null ? ', nothing written' : ''}`,
  ];
  for (const [reason, count = 0] of Object.entries(frames.failed))
    lines.push(
      `  ${count} not opened: ${reason}, ${reasons[reason as FrameFailure] ?? 'see the documentation'}`,
    );
  for (const { kid, frames: count } of missingKids) lines.push(`    KID ${kid}: ${count} frames`);
  lines.push(...describePackets(packets));
  return `${lines.join('\n')}\n`;
}

/** What of the packets is worth a word. */
export function describePackets(packets: PacketCounts): string[] {
  const { records, lost, duplicate, empty, malformed, stray, damagedBytes, truncated } = packets;
  const parts = Object.entries({ lost, duplicate, empty, malformed, stray }).filter(([, count]) => count > 0);
  const lines = [[`  ${records} packets`, ...parts.map(([name, count]) => `${count} ${name}`)].join(', ')];
  if (damagedBytes > 0) lines.push(`  ${damagedBytes} bytes of the file are no packets: it is damaged`);
  if (truncated) lines.push('  the file ends in the midst of a packet: it was cut short');
  return lines;
}
