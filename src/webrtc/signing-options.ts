// What sender signatures in calls take.

import { isCryptoKey } from '../core/subtle.ts';
import { assertBytes, copyOf } from '../types.ts';
import type { FrameSignatureAlgorithm, KeyMaterial } from './protocol.ts';

/** What `SFrameClient.signFrames` takes; see `FrameSignerOptions` of `sframe-wasm/signature`. */
export interface SFrameSigningOptions {
  /** Who signs. */
  readonly participant: string;
  /** 16 to 255 bytes, other ones each time; announced to the others. */
  readonly session: Uint8Array;
  /** 32 bytes, for `algorithm`, or a CryptoKey with the usage `sign`. Copied, so zero yours. */
  readonly privateKey: Uint8Array | CryptoKey;
  readonly algorithm?: FrameSignatureAlgorithm | undefined;
  readonly everyFrames?: number | undefined;
  readonly everyMs?: number | undefined;
}

/** What `SFrameClient.verifyFrames` takes; see `FrameVerifierOptions` of `sframe-wasm/signature`. */
export interface SFrameVerifyingOptions {
  /** As the participant has announced it. */
  readonly session: Uint8Array;
  /** His public key, verified; as bytes for `algorithm`, or a CryptoKey with the usage `verify`. */
  readonly publicKey: Uint8Array | CryptoKey;
  readonly algorithm?: FrameSignatureAlgorithm | undefined;
  /** What he calls himself, if that is not what he is called here. */
  readonly signer?: string | undefined;
  readonly timeoutMs?: number | undefined;
  /** Whether frames are dropped while they are forged or stay unsigned; default false. */
  readonly require?: boolean | undefined;
}

/** A key or other bytes, copied. */
export function copyMaterial(value: Uint8Array | CryptoKey, name: string): KeyMaterial {
  if (isCryptoKey(value)) return value;
  assertBytes(value, name);
  return copyOf(value);
}
