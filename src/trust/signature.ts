// sframe-wasm/signature: who of the members has sent a frame. SFrame's keys are symmetric, so whoever can decrypt can
// forge (RFC 9605 §7.2); here senders sign what they have sent, beside the media. This is an extension of ours.

export type {
  BlockRefusal,
  SignerEventType,
  VerifierEventType,
} from './signature/event.ts';
export { SignerEvent, VerifierEvent } from './signature/event.ts';
export { FrameSigner, type FrameSignerOptions } from './signature/frame-signer.ts';
export { FrameVerifier, type FrameVerifierOptions, type VerifierCounts } from './signature/frame-verifier.ts';
export type { SignatureAlgorithm } from './signing-keys.ts';
