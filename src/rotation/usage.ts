// How much one key may encrypt: frames, and in the GCM suites 16-byte blocks.
//
// With q frames of s blocks (AAD and plaintext) an attacker tells GCM from noise with an advantage of at most
// (s + q + 1)² / 2^129 (draft-irtf-cfrg-aead-limits, confidentiality). For 2^-50, s + q is at most 2^39.5 - 1; with
// q = 2^32 that leaves s = 773 177 160 696 blocks, 12 TB. RFC 9605 gives no number.

import type { CipherSuiteParameters } from '../cipher-suite.ts';
import { fieldLength } from '../header.ts';
import { highHalf, lowHalf, toInteger } from '../types.ts';

/** Limits of each key; see {@link KeyRotation}. */
export interface UsageLimits {
  /** Frames that one key may encrypt; default and most 2^32. */
  readonly maxFrames?: number | undefined;
  /**
   * 16-byte blocks that one key may encrypt and authenticate: a frame has those of header and metadata, with the
   * header at its longest for this KID, and those of the plaintext. Default in the GCM suites 773 177 160 696 (12 TB),
   * which with 2^32 frames keeps the attacker's advantage below 2^-50 (draft-irtf-cfrg-aead-limits); no limit in the
   * others.
   */
  readonly maxBlocks?: number | undefined;
}

const MAX_FRAMES = 2 ** 32;
const MAX_GCM_BLOCKS = Math.floor(2 ** 39.5) - 1 - MAX_FRAMES;
/**
 * The part of a limit after which its key is expiring. Of 2^32 frames this leaves weeks, of a limit of 1000 frames a
 * second of video: enough to have another key in every member's hands.
 */
const EXPIRING = 7 / 8;

/** What the key in use has encrypted, and how much it may. */
export class KeyUsage {
  readonly #maxFrames: number;
  readonly #maxBlocks: number;
  /** Of the header: config byte, KID, and the longest CTR. */
  #headerLen = 0;
  #frames = 0;
  #blocks = 0;

  /** RangeErrors and TypeErrors name the limit. */
  constructor(limits: UsageLimits, suite: CipherSuiteParameters) {
    const isGcm = suite.Nka === undefined;
    this.#maxFrames = toInteger(limits.maxFrames, 'maxFrames', MAX_FRAMES, 1, MAX_FRAMES);
    const most = Number.MAX_SAFE_INTEGER;
    this.#maxBlocks = toInteger(limits.maxBlocks, 'maxBlocks', isGcm ? MAX_GCM_BLOCKS : most, 1, most);
  }

  /** Counts for another key, of which an earlier process has sent `ctr` frames. */
  begin(kid: bigint, ctr: bigint): void {
    this.#headerLen = 1 + fieldLength(highHalf(kid), lowHalf(kid)) + 8;
    this.#frames = Number(ctr);
    this.#blocks = 0;
  }

  get frames(): number {
    return this.#frames;
  }

  /** Whether it is time for another key. */
  get isExpiring(): boolean {
    return this.#frames >= EXPIRING * this.#maxFrames || this.#blocks >= EXPIRING * this.#maxBlocks;
  }

  /** The blocks of one frame: header and metadata are padded apart from the plaintext. */
  blocksOf(plaintextLen: number, metadataLen: number): number {
    return Math.ceil((this.#headerLen + metadataLen) / 16) + Math.ceil(plaintextLen / 16);
  }

  /** Whether one more frame is within the limits. */
  admits(blocks: number): boolean {
    return this.#frames < this.#maxFrames && this.#blocks + blocks <= this.#maxBlocks;
  }

  /** One more frame was encrypted. */
  count(blocks: number): void {
    this.#frames++;
    this.#blocks += blocks;
  }
}
