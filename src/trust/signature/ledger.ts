// Frames that wait for a block, and blocks that wait for frames: whichever comes second is judged by the other. Both lists
// are bounded, by number and by time, whoever fills them: what falls out of the first is unsigned.
//
// Blocks are verified before they come here. Under one key their ranges ascend with their sequence numbers.

import type { Bytes } from '../../types.ts';
import type { SignedRange } from './block.ts';
import { DIGEST_LEN } from './digest.ts';

/** What became of frames. */
export interface Judgement {
  readonly verdict: 'verified' | 'unsigned' | 'forged';
  readonly kid: bigint;
  readonly ctrs: bigint[];
}

/** One key: a KID alone may have had others. */
interface KeyRecord {
  readonly name: string;
  readonly kid: bigint;
  /** By CTR. There may be several of one, if the decryptor has no replay window. */
  readonly frames: Map<bigint, WaitingFrame[]>;
  /** In the order of their ranges. */
  readonly blocks: KeptBlock[];
  /** Below this, nothing is remembered: no block may begin there. */
  floor: bigint;
}

interface WaitingFrame {
  readonly record: KeyRecord;
  readonly ctr: bigint;
  readonly digest: Bytes;
  readonly at: number;
}

interface KeptBlock {
  readonly record: KeyRecord;
  readonly sequence: bigint;
  readonly first: bigint;
  readonly end: bigint;
  readonly digests: Bytes;
  /** By CTR: whether a frame was verified already, so that its copies are not told of again. */
  readonly seen: Uint8Array;
  readonly at: number;
}

/** How many keys without frames and blocks are remembered. */
const MAX_IDLE_KEYS = 64;
const NO_DIGEST = new Uint8Array(DIGEST_LEN);

/** What one participant has sent, and what he has signed. */
export class Ledger {
  readonly #maxFrames: number;
  readonly #timeoutMs: number;
  readonly #records: Map<string, KeyRecord> = new Map();
  /** In the order they came. */
  readonly #frames: Set<WaitingFrame> = new Set();
  readonly #blocks: Set<KeptBlock> = new Set();
  /** Of all blocks kept. */
  #digests = 0;
  #judgements: Judgement[] = [];

  constructor(maxFrames: number, timeoutMs: number) {
    this.#maxFrames = maxFrames;
    this.#timeoutMs = timeoutMs;
  }

  /** How many frames wait. */
  get waiting(): number {
    return this.#frames.size;
  }

  /** What was judged since this was asked last. */
  take(): Judgement[] {
    const judgements = this.#judgements;
    this.#judgements = [];
    return judgements;
  }

  /** Enters a frame, or judges it. False: it is forged. */
  addFrame(kid: bigint, fingerprint: string, ctr: bigint, digest: Bytes, at: number): boolean {
    const record = this.#recordOf(kid, fingerprint);
    const block = findBlock(record.blocks, ctr);
    const verdict = block && judge(block, ctr, digest);
    if (verdict === undefined) this.#wait({ record, ctr, digest, at });
    else if (verdict !== 'seen') this.judge(verdict, kid, ctr);
    return verdict !== 'forged';
  }

  /** Enters a block, and judges the frames that wait for it. False: its range is not one that may come. */
  addBlock({ kid, fingerprint, sequence, firstCtr, digests }: SignedRange, at: number): boolean {
    const record = this.#recordOf(kid, fingerprint);
    const seen = new Uint8Array(digests.length / DIGEST_LEN);
    const end = firstCtr + BigInt(seen.length);
    // Those before are of lower sequence numbers, those behind of higher ones.
    let place = record.blocks.length;
    while (place > 0 && (record.blocks[place - 1] as KeptBlock).sequence > sequence) place--;
    const before = record.blocks[place - 1]?.end ?? 0n;
    const behind = record.blocks[place]?.first ?? end;
    if (firstCtr < record.floor || firstCtr < before || end > behind) return false;
    const block: KeptBlock = { record, sequence, first: firstCtr, end, digests, seen, at };
    record.blocks.splice(place, 0, block);
    this.#blocks.add(block);
    this.#digests += seen.length;
    for (let ctr = firstCtr; ctr < end; ctr++)
      for (const frame of record.frames.get(ctr) ?? []) {
        const verdict = judge(block, ctr, frame.digest);
        if (verdict === undefined) continue;
        this.#forget(frame);
        if (verdict !== 'seen') this.judge(verdict, kid, ctr);
      }
    while (this.#digests > this.#maxFrames) this.#dropBlock(firstOf(this.#blocks));
    return true;
  }

  /** What has waited long enough: frames are unsigned, blocks are forgotten. */
  expire(time: number): void {
    for (const frame of this.#frames) {
      if (time - frame.at < this.#timeoutMs) break;
      this.#giveUp(frame);
    }
    for (const block of this.#blocks) {
      if (time - block.at < this.#timeoutMs) break;
      this.#dropBlock(block);
    }
  }

  /** Notes what became of a frame. */
  judge(verdict: Judgement['verdict'], kid: bigint, ctr: bigint): void {
    const last = this.#judgements.at(-1);
    if (last?.verdict === verdict && last.kid === kid) last.ctrs.push(ctr);
    else this.#judgements.push({ verdict, kid, ctrs: [ctr] });
  }

  clear(): void {
    this.#records.clear();
    this.#frames.clear();
    this.#blocks.clear();
    this.#digests = 0;
    this.#judgements = [];
  }

  #wait(frame: WaitingFrame): void {
    const { record, ctr, digest } = frame;
    const others = record.frames.get(ctr);
    if (others?.some((other) => isSame(other.digest, digest, 0))) return;
    if (others === undefined) record.frames.set(ctr, [frame]);
    else others.push(frame);
    this.#frames.add(frame);
    if (this.#frames.size > this.#maxFrames) this.#giveUp(firstOf(this.#frames));
  }

  #giveUp(frame: WaitingFrame): void {
    this.#forget(frame);
    this.judge('unsigned', frame.record.kid, frame.ctr);
  }

  #forget(frame: WaitingFrame): void {
    const { record, ctr } = frame;
    this.#frames.delete(frame);
    const others = record.frames.get(ctr)?.filter((other) => other !== frame) ?? [];
    if (others.length > 0) record.frames.set(ctr, others);
    else record.frames.delete(ctr);
  }

  #dropBlock(block: KeptBlock): void {
    const { record, end, seen } = block;
    this.#blocks.delete(block);
    this.#digests -= seen.length;
    record.blocks.splice(record.blocks.indexOf(block), 1);
    if (end > record.floor) record.floor = end;
  }

  #recordOf(kid: bigint, fingerprint: string): KeyRecord {
    const name = `${kid} ${fingerprint}`;
    const known = this.#records.get(name);
    if (known !== undefined) return known;
    if (this.#records.size >= MAX_IDLE_KEYS) this.#dropIdleKeys();
    const record: KeyRecord = { name, kid, frames: new Map(), blocks: [], floor: 0n };
    this.#records.set(name, record);
    return record;
  }

  /** Forgets the oldest keys that nothing here is of. Those with frames or blocks are as few as these. */
  #dropIdleKeys(): void {
    for (const { name, frames, blocks } of this.#records.values())
      if (frames.size === 0 && blocks.length === 0) {
        this.#records.delete(name);
        if (this.#records.size < MAX_IDLE_KEYS) return;
      }
  }
}

/** The block whose range a CTR is in: most likely one of the last. */
function findBlock(blocks: readonly KeptBlock[], ctr: bigint): KeptBlock | undefined {
  for (let i = blocks.length - 1; i >= 0; i--) {
    const block = blocks[i] as KeptBlock;
    if (block.first <= ctr) return ctr < block.end ? block : undefined;
  }
  return undefined;
}

/** What a block says of a frame in its range; undefined: nothing. */
function judge(block: KeptBlock, ctr: bigint, digest: Bytes): 'verified' | 'seen' | 'forged' | undefined {
  const index = Number(ctr - block.first);
  if (!isSame(digest, block.digests, index * DIGEST_LEN))
    return isSame(NO_DIGEST, block.digests, index * DIGEST_LEN) ? undefined : 'forged';
  if (block.seen[index] === 1) return 'seen';
  block.seen[index] = 1;
  return 'verified';
}

/** Whether a digest stands somewhere. Digests are no secrets. */
function isSame(digest: Bytes, bytes: Bytes, at: number): boolean {
  for (let i = 0; i < DIGEST_LEN; i++) if (digest[i] !== bytes[at + i]) return false;
  return true;
}

function firstOf<T>(set: Set<T>): T {
  return set.values().next().value as T;
}
