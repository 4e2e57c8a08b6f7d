// Sender signatures in calls: frames are signed as they were encrypted and verified as they were decrypted, before and
// after codecs' layouts. Blocks travel as the application likes.

import { SFrameDecryptor } from '../decryptor.ts';
import { SFrameError } from '../errors.ts';
import type { FrameDecryptor } from '../frame-decryptor.ts';
import type { FrameEncryptor } from '../frame-encryptor.ts';
import { FrameSigner } from '../trust/signature/frame-signer.ts';
import { FrameVerifier } from '../trust/signature/frame-verifier.ts';
import type { Bytes } from '../types.ts';
import type { Notice, SessionConfig, SigningRequest, VerifyingRequest } from './protocol.ts';
import { TrackNews } from './track-news.ts';

/** Whose frames are verified, and what of that was told. */
interface Verified {
  readonly verifier: FrameVerifier;
  readonly news: TrackNews;
  saidVerified: boolean;
}

/** The signer of a client, and the verifiers of its participants. */
export class Signatures {
  readonly #config: SessionConfig;
  readonly #tell: (notice: Notice) => void;
  #signer: FrameSigner | undefined;
  /** What the signer's frames are encrypted with. */
  #signed: FrameEncryptor | undefined;
  readonly #verified: Map<string, Verified> = new Map();

  constructor(config: SessionConfig, tell: (notice: Notice) => void) {
    this.#config = config;
    this.#tell = tell;
  }

  /** Frames of this encryptor are signed from now on. @throws SFrameError `no-key` if there is none */
  signFrames(options: SigningRequest, encryptor: FrameEncryptor | undefined): void {
    if (encryptor === undefined) throw new SFrameError('no-key');
    const signer = new FrameSigner({ ...options, encryptor });
    signer.addEventListener('block', ({ block }) => {
      if (block !== undefined) this.#tell({ type: 'block', block });
    });
    this.#signer?.destroy();
    this.#signer = signer;
    this.#signed = encryptor;
  }

  /** A frame was encrypted. */
  sealed(encryptor: FrameEncryptor, ciphertext: Uint8Array, metadata: Uint8Array | undefined): void {
    if (this.#signer !== undefined && encryptor === this.#signed) this.#signer.sign(ciphertext, metadata);
  }

  /** A participant's frames are verified from now on. */
  verifyFrames({ participant, signer = participant, ...options }: VerifyingRequest): void {
    const decryptor = new SFrameDecryptor(this.#config); // which suite it is
    const verifier = new FrameVerifier({ ...options, participant: signer, decryptor });
    const verified: Verified = { verifier, news: new TrackNews(), saidVerified: false };
    const fails = (reason: string, kid: bigint | undefined) => {
      if (verified.news.fails(reason, performance.now()))
        this.#tell({ type: 'verdict', participant, reason, kid });
    };
    verifier.addEventListener('unsigned', ({ kid }) => fails('unverified', kid));
    verifier.addEventListener('forged', ({ kid }) => fails('forged', kid));
    verifier.addEventListener('block-refused', () => fails('block-refused', undefined));
    verifier.addEventListener('verified', ({ kid }) => {
      const isNews = verified.news.works() || !verified.saidVerified;
      verified.saidVerified = true;
      if (isNews) this.#tell({ type: 'verdict', participant, reason: 'verified', kid });
    });
    this.forget(participant);
    this.#verified.set(participant, verified);
  }

  /** A block has come. @throws SFrameError `key-id` if the participant's frames are not verified */
  addBlock(participant: string, block: Bytes): void {
    const verified = this.#verified.get(participant);
    if (verified === undefined)
      throw new SFrameError('key-id', undefined, 'this participant is not verified');
    verified.verifier.addBlock(block);
  }

  /** A frame was decrypted. Returns whether it may be shown. */
  opened(
    participant: string,
    ciphertext: Uint8Array,
    metadata: Uint8Array | undefined,
    decryptor: FrameDecryptor,
  ): boolean {
    return this.#verified.get(participant)?.verifier.add(ciphertext, metadata, decryptor) ?? true;
  }

  forget(participant: string): void {
    this.#verified.get(participant)?.verifier.destroy();
    this.#verified.delete(participant);
  }

  destroy(): void {
    this.#signer?.destroy();
    this.#signer = undefined;
    for (const participant of this.#verified.keys()) this.forget(participant);
  }
}
