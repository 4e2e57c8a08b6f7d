// What happens in correct programs: SFrameError, with a stable code. The caller's own bugs are TypeError and
// RangeError instead, thrown before any work. A failed decryption says no more than its code.

/**
 * Codes of {@link SFrameError}. They are API; messages are not.
 *
 * - `syntax`: not an SFrame ciphertext (RFC 9605 §4.3): cut short, or its header is not in minimal form
 * - `key-id`: the frame's KID has no key here
 * - `authentication`: the tag is wrong: forged, damaged, other key, or other metadata
 * - `replay`: a frame with this KID and CTR was decrypted already, or is too old to tell
 * - `ratchet-limit`: a ratchet step further ahead than the receiver follows, or behind what it keeps (§5.1)
 * - `counter-exhausted`: the encryptor has used all of its counters, or its key all that its limits allow
 * - `key-reuse`: this (base key, KID) was set before, or this KID or generation had another key
 * - `no-key`: the encryptor has no key yet, or none that may still be used
 * - `destroyed`: used after `destroy()`
 * - `engine-unavailable`: WebAssembly, or WebCrypto where only that would do, cannot be used here
 * - `attempts-exhausted`: too many attempts to verify this peer by strings
 * - `worker-failed`: the worker of an `SFrameClient` did not start, or has died
 */
export type SFrameErrorCode =
  | 'syntax'
  | 'key-id'
  | 'authentication'
  | 'replay'
  | 'ratchet-limit'
  | 'counter-exhausted'
  | 'key-reuse'
  | 'no-key'
  | 'destroyed'
  | 'engine-unavailable'
  | 'attempts-exhausted'
  | 'worker-failed';

const messages: Readonly<Record<SFrameErrorCode, string>> = {
  syntax: 'not an SFrame ciphertext',
  'key-id': 'no key for this KID',
  authentication: 'authentication failed',
  replay: 'replayed or too old',
  'ratchet-limit': 'too many ratchet steps ahead',
  'counter-exhausted': 'no counter left under this key',
  'key-reuse': 'this base key and KID were used before',
  'no-key': 'no encryption key is set',
  destroyed: 'used after destroy()',
  'engine-unavailable': 'no engine is available',
  'attempts-exhausted': 'too many attempts',
  'worker-failed': 'the worker has failed',
};

/**
 * An error that a correct program meets.
 *
 * @example
 * ```js
 * import { SFrameDecryptor, SFrameError } from 'sframe-wasm';
 *
 * const decryptor = new SFrameDecryptor({ cipherSuite: 'AES_128_GCM_SHA256_128' });
 * try {
 *   decryptor.decrypt(new Uint8Array(40));
 * } catch (error) {
 *   if (!(error instanceof SFrameError)) throw error;
 *   console.log(error.code, error.kid); // key-id 0n
 * }
 * ```
 */
export class SFrameError extends Error {
  /** What happened; see {@link SFrameErrorCode}. */
  readonly code: SFrameErrorCode;
  /** The KID concerned, where one is known. It comes from an unauthenticated header. */
  readonly kid: bigint | undefined;

  constructor(code: SFrameErrorCode, kid?: bigint, message: string = messages[code]) {
    super(message);
    this.name = 'SFrameError';
    this.code = code;
    this.kid = kid;
  }
}
