// Frames and the blocks that vouch for them (docs/signatures.md). All blocks are here already, so each frame is judged at
// once: the blocks that name its counter are verified first. A frame that none names was signed by nobody.

import type { CipherSuite } from '../cipher-suite.ts';
import { SFrameDecryptor } from '../decryptor.ts';
import type { FrameDecryptor } from '../frame-decryptor.ts';
import { parseHeader } from '../header.ts';
import { MAX_COUNT, parseBlock } from '../trust/signature/block.ts';
import { DIGEST_LEN } from '../trust/signature/digest.ts';
import { FrameVerifier } from '../trust/signature/frame-verifier.ts';
import type { Bytes } from '../types.ts';
import type { ReadSignature } from './keys-file.ts';

/** A block, and the counters it names. */
interface ListedBlock {
  readonly first: bigint;
  readonly end: bigint;
  readonly block: Bytes;
  isVerified: boolean;
}

/** Frames and digests that wait, which is for nothing here. */
const MAX_FRAMES = 8192;

/** What one participant has signed. */
export class SignedFrames {
  readonly #decryptor: SFrameDecryptor;
  readonly #verifier: FrameVerifier;
  /** By KID, in the order of their counters. */
  readonly #blocks: Map<bigint, ListedBlock[]> = new Map();
  #lastVerdict: 'verified' | 'forged' | 'unverified' = 'unverified';

  /** @throws TypeError or RangeError naming the option */
  constructor(cipherSuite: CipherSuite, { signer, session, publicKey, algorithm, blocks }: ReadSignature) {
    this.#decryptor = new SFrameDecryptor({ cipherSuite });
    this.#verifier = new FrameVerifier({
      decryptor: this.#decryptor,
      participant: signer,
      session,
      publicKey,
      algorithm,
      maxFrames: MAX_FRAMES,
      now: () => 0,
    });
    for (const block of blocks) this.#list(block);
    for (const listed of this.#blocks.values()) listed.sort((a, b) => (a.first < b.first ? -1 : 1));
  }

  /** Of the last frame that was asked about. */
  get lastVerdict(): 'verified' | 'forged' | 'unverified' {
    return this.#lastVerdict;
  }

  /** Whether a frame, which was just opened, is what the participant has signed. */
  vouchFor(ciphertext: Uint8Array, metadata: Uint8Array | undefined, decryptor: FrameDecryptor): boolean {
    const header = parseHeader(ciphertext);
    if (header !== undefined) this.#verifyBlocks(header.kid, header.ctr);
    const before = this.#verifier.counts;
    this.#verifier.add(ciphertext, metadata, decryptor);
    const after = this.#verifier.counts;
    this.#lastVerdict =
      after.forged > before.forged ? 'forged' : after.verified > before.verified ? 'verified' : 'unverified';
    return this.#lastVerdict === 'verified';
  }

  destroy(): void {
    this.#verifier.destroy();
    this.#decryptor.destroy();
  }

  #list(block: Bytes): void {
    const parsed = parseBlock(block);
    if (parsed === undefined) return;
    const { kid, firstCtr: first, digests } = parsed;
    const listed = { first, end: first + BigInt(digests.length / DIGEST_LEN), block, isVerified: false };
    const others = this.#blocks.get(kid);
    if (others === undefined) this.#blocks.set(kid, [listed]);
    else others.push(listed);
  }

  /** Those that name a counter, once each. */
  #verifyBlocks(kid: bigint, ctr: bigint): void {
    const listed = this.#blocks.get(kid) ?? [];
    // The first one that begins behind it: only before that may be any.
    let low = 0;
    for (let high = listed.length; low < high; ) {
      const middle = (low + high) >> 1;
      if ((listed[middle] as ListedBlock).first <= ctr) low = middle + 1;
      else high = middle;
    }
    for (let i = low - 1; i >= 0; i--) {
      const entry = listed[i] as ListedBlock;
      if (entry.first + BigInt(MAX_COUNT) <= ctr) break;
      if (entry.isVerified || entry.end <= ctr) continue;
      entry.isVerified = true;
      this.#verifier.addBlock(entry.block);
    }
  }
}
