// What signers and verifiers tell the application. Events are dispatched synchronously, when all is done that there was
// to do: a listener may call the object again.

import type { Bytes } from '../../types.ts';

/**
 * The events of a `FrameSigner`.
 *
 * - `block`: `block` is to be sent to all who receive the frames, beside them
 * - `signing-failed`: WebCrypto did not sign, because of `error`. The frames of that block stay unsigned.
 */
export type SignerEventType = 'block' | 'signing-failed';

/**
 * What a `FrameSigner` dispatches.
 *
 * @example
 * ```js
 * import { SFrameEncryptor } from 'sframe-wasm';
 * import { FrameSigner } from 'sframe-wasm/signature';
 *
 * const random = () => crypto.getRandomValues(new Uint8Array(32));
 * const encryptor = new SFrameEncryptor({ cipherSuite: 'AES_128_GCM_SHA256_128' });
 * encryptor.setEncryptionKey(random(), 1);
 * const signer = new FrameSigner({ encryptor, session: random(), participant: 'alice', privateKey: random() });
 * signer.addEventListener('block', (event) => console.log(event.block?.length)); // 183
 * signer.sign(encryptor.encrypt(new Uint8Array(100)));
 * signer.flush();
 * ```
 */
export class SignerEvent extends Event {
  /** Of `block`: the signed block, owning its buffer. */
  readonly block: Bytes | undefined;
  /** Of `signing-failed`: what WebCrypto said. */
  readonly error: unknown;

  constructor(
    type: SignerEventType,
    about: { readonly block?: Bytes | undefined; readonly error?: unknown },
  ) {
    super(type);
    this.block = about.block;
    this.error = about.error;
  }
}

/**
 * The events of a `FrameVerifier`. Of each frame that was added there is one of the first three, once.
 *
 * - `verified`: the participant has signed these frames, as they came
 * - `unsigned`: no block spoke of these frames in time, or more frames waited than `maxFrames`
 * - `forged`: the participant has signed other frames under these counters. A member of the call has made these.
 * - `block-refused`: what came is not a block of this participant and session, because of `reason`. Once, until one is
 *   accepted again.
 * - `dropped`: only with `require`: frames are forged or stay unsigned, and are not to be shown any more
 * - `restored`: after `dropped`, when they may be shown again
 */
export type VerifierEventType = 'verified' | 'unsigned' | 'forged' | 'block-refused' | 'dropped' | 'restored';

/**
 * Why a block was refused.
 *
 * - `syntax`: it is not one, or was cut
 * - `context`: it is of another session, participant, cipher suite or algorithm
 * - `signature`: it was changed, or another key signed it
 * - `range`: its counters overlap those of another block, or are older than the blocks remembered
 * - `busy`: 32 blocks wait for WebCrypto already
 */
export type BlockRefusal = 'syntax' | 'context' | 'signature' | 'range' | 'busy';

/**
 * What a `FrameVerifier` dispatches.
 *
 * @example
 * ```js
 * import { SFrameDecryptor } from 'sframe-wasm';
 * import { FrameVerifier } from 'sframe-wasm/signature';
 *
 * const verifier = new FrameVerifier({
 *   decryptor: new SFrameDecryptor({ cipherSuite: 'AES_128_GCM_SHA256_128' }),
 *   session: new Uint8Array(16),
 *   participant: 'alice',
 *   publicKey: Uint8Array.from({ length: 32 }, (_, i) => (i === 0 ? 0x58 : 0x66)), // some point of the curve
 * });
 * verifier.addEventListener('block-refused', ({ participant, reason }) => console.log(participant, reason)); // alice syntax
 * verifier.addBlock(new Uint8Array(100));
 * ```
 */
export class VerifierEvent extends Event {
  /** Whose frames and blocks these are. */
  readonly participant: string;
  /** The KID of the frames. */
  readonly kid: bigint | undefined;
  /** The CTRs of the frames. */
  readonly ctrs: readonly bigint[];
  /** Of `block-refused`. */
  readonly reason: BlockRefusal | undefined;

  constructor(
    type: VerifierEventType,
    about: {
      readonly participant: string;
      readonly kid?: bigint | undefined;
      readonly ctrs?: readonly bigint[] | undefined;
      readonly reason?: BlockRefusal | undefined;
    },
  ) {
    super(type);
    this.participant = about.participant;
    this.kid = about.kid;
    this.ctrs = about.ctrs ?? [];
    this.reason = about.reason;
  }
}
