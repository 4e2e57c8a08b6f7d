// A recording, from packets to the media file: frames that open are written, in the order they were sent; all others are
// counted. What is not encrypted does not open: nothing is ever written as it came.

import { chooseLayout } from '../codec/choice.ts';
import { sourceOf } from '../codec/source.ts';
import type { Bytes } from '../types.ts';
import { Failure } from './failure.ts';
import { type Assembled, Assembler } from './frames/assembler.ts';
import { type Format, formatOf } from './frames/formats.ts';
import { rawFrames } from './frames/whole.ts';
import type { ReadKeys } from './keys-file.ts';
import { MediaTime } from './media/media-time.ts';
import { OutputFile } from './media/output-file.ts';
import type { MediaWriter } from './media/writer.ts';
import { writerOf } from './media/writers.ts';
import { Recording, type RecordingHeader } from './mjr/recording.ts';
import type { OrderedPacket } from './mjr/sequence.ts';
import type { Progress } from './progress.ts';
import { FrameCounts, type Summary } from './summary.ts';
import { TrackOpener } from './track-opener.ts';

/** What is to be done. */
export interface Job {
  readonly input: string;
  readonly output: string;
  readonly keys: ReadKeys;
  /** The label that the sender's track has, if any. */
  readonly source: string | undefined;
  readonly isRaw: boolean;
  readonly mayReplace: boolean;
  progressOf(length: number): Progress;
  /** Whether somebody wants it to end now. */
  isStopped(): boolean;
}

/** Why frames are refused that have come whole. */
const SAYS_WHOLE: readonly string[] = ['replay', 'unverified', 'forged'];

/** Does it. @throws Failure */
export async function openRecording(job: Job): Promise<Summary> {
  const recording = new Recording(job.input);
  const progress = job.progressOf(await recording.length());
  const counts = new FrameCounts();
  let track: Track | undefined;
  try {
    for await (const packets of recording.read()) {
      if (job.isStopped()) throw new Failure('stopped', 130);
      const { header } = recording;
      if (header !== undefined) track ??= new Track(job, header, counts);
      for (const packet of packets) track?.push(packet);
      progress.show(recording.bytesRead, counts.opened);
    }
    const isWritten = track?.end() ?? false;
    const { header } = recording;
    if (header === undefined) throw new Failure('the recording has no header');
    return {
      input: job.input,
      output: isWritten ? job.output : null,
      participant: job.keys.participant,
      media: header.media,
      codec: header.codec,
      saysEncrypted: header.saysEncrypted,
      seconds: recording.endTime / 1000,
      ...counts.summary,
      packets: recording.counts,
    };
  } finally {
    progress.end();
    track?.close();
  }
}

/** What a track's packets go through. */
class Track {
  readonly #counts: FrameCounts;
  readonly #assembler: Assembler;
  readonly #opener: TrackOpener;
  readonly #file: OutputFile;
  readonly #writer: MediaWriter;
  readonly #time: MediaTime;
  /** The recording's own time: ratchets forget old steps by it. */
  #now = 0;
  /** Whether timestamps began anew since a frame was written. */
  #isAnew = false;

  /** @throws Failure if the codec is not known, a key cannot be one, or the file cannot be written */
  constructor(
    { keys, source, isRaw, output, mayReplace }: Job,
    header: RecordingHeader,
    counts: FrameCounts,
  ) {
    const format: Format = formatOf(header);
    const layout = chooseLayout(format, new Map(), isRaw ? 'packetization-raw' : 'codec');
    if (layout === undefined) throw new Failure(`there is no layout of ${format.mimeType}`);
    const isAudio = header.media === 'audio';
    const form = { layout, source: labelOf(source) };
    this.#counts = counts;
    this.#assembler = new Assembler(isRaw && !isAudio ? rawFrames : format.depacketize, isAudio);
    this.#time = new MediaTime(format.clockRate);
    this.#opener = new TrackOpener(keys, form, () => this.#now);
    try {
      this.#file = new OutputFile(output, mayReplace);
    } catch (error) {
      this.#opener.destroy();
      throw error;
    }
    this.#writer = writerOf(format, this.#file);
  }

  push(packet: OrderedPacket): void {
    for (const assembled of this.#assembler.push(packet)) this.#take(assembled);
  }

  /** There are no more. Returns whether the file is there now. */
  end(): boolean {
    for (const assembled of this.#assembler.end()) this.#take(assembled);
    if (this.#counts.opened === 0) return false;
    this.#writer.end();
    this.#file.commit();
    return true;
  }

  /** Wipes all keys. A file that is not complete goes. */
  close(): void {
    this.#opener.destroy();
    this.#file.abandon();
  }

  #take({ received, last, isAnew, isBehindLoss, isKnownBroken }: Assembled): void {
    if (last.time > this.#now) this.#now = last.time;
    if (isAnew) this.#isAnew = true;
    if (typeof received === 'string') {
      this.#counts.fail(received);
      return;
    }
    const opened = this.#opener.open(received.frame);
    // It opened: so nothing is missing, whatever it looked like.
    if (typeof opened !== 'string') this.#write(opened, last);
    else if (!received.isDoubtful || !isBehindLoss || SAYS_WHOLE.includes(opened))
      this.#counts.fail(opened, this.#opener.kid);
    else if (!isKnownBroken) this.#counts.fail('incomplete');
  }

  #write(frame: Bytes, { timestamp, time }: OrderedPacket): void {
    this.#counts.open();
    const ticks = this.#time.ticksOf({ timestamp, time, isAnew: this.#isAnew });
    this.#isAnew = false;
    this.#writer.write(frame, ticks);
  }
}

/** What a label adds to metadata. @throws Failure if it cannot be one */
function labelOf(source: string | undefined): Bytes | undefined {
  try {
    return source === undefined ? undefined : sourceOf(source);
  } catch (error) {
    throw new Failure(`--source is refused: ${(error as Error).message}`);
  }
}
