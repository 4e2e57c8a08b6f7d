// What streams tell the application. Events are dispatched synchronously, when the frame they are about was dropped.

import { assertObject, toU64, type U64 } from '../types.ts';
import type { FrameChunk } from './chunk.ts';

/**
 * Why a received frame was dropped, in the W3C's words.
 *
 * - `syntax`: it is no SFrame ciphertext (RFC 9605 §4.3), or the chunk is no frame at all
 * - `keyID`: its KID has no key here
 * - `authentication`: its tag is wrong: forged, damaged, or another key
 */
export type SFrameTransformErrorEventType = 'authentication' | 'keyID' | 'syntax';

/** What a {@link SFrameTransformErrorEvent} is made of. */
export interface SFrameTransformErrorEventInit {
  readonly errorType: SFrameTransformErrorEventType;
  /** What came. */
  readonly frame: FrameChunk;
  readonly keyID?: U64 | null | undefined;
  /** Not the W3C's; default undefined. */
  readonly error?: unknown;
  readonly bubbles?: boolean | undefined;
  readonly cancelable?: boolean | undefined;
  readonly composed?: boolean | undefined;
}

/**
 * The `error` event of an `SFrameDecryptorStream`, as the W3C has it: a frame was dropped.
 *
 * @example
 * ```js
 * import { SFrameDecryptorStream } from 'sframe-wasm/stream';
 *
 * const stream = new SFrameDecryptorStream({ cipherSuite: 'AES_128_GCM_SHA256_128' });
 * stream.addEventListener('error', ({ errorType, keyID }) => console.log(errorType, keyID)); // keyID 5n
 * await stream.writable.getWriter().write(Uint8Array.from({ length: 40 }, () => 0x50));
 * ```
 */
export class SFrameTransformErrorEvent extends Event {
  /** Why it was dropped. */
  readonly errorType: SFrameTransformErrorEventType;
  /** The KID in its header, which nothing has authenticated; null with `syntax`. */
  readonly keyID: bigint | null;
  /** What came, as it came. */
  readonly frame: FrameChunk;
  /** Not the W3C's: what was wrong if it was not the ciphertext: the chunk's type, no memory, no engine; else undefined. */
  readonly error: unknown;

  /** @throws TypeError or RangeError naming what is wrong in `init` */
  constructor(type: string, init: SFrameTransformErrorEventInit) {
    assertObject(init, 'init');
    const { errorType, frame, keyID, error, bubbles = false, cancelable = false, composed = false } = init;
    if (errorType !== 'authentication' && errorType !== 'keyID' && errorType !== 'syntax')
      throw new TypeError("errorType must be 'authentication', 'keyID' or 'syntax'");
    if (!('frame' in init)) throw new TypeError('frame must be given');
    super(type, { bubbles, cancelable, composed });
    this.errorType = errorType;
    this.keyID = keyID === undefined || keyID === null ? null : toU64(keyID, 'keyID');
    this.frame = frame;
    this.error = error;
  }
}

/**
 * The `frame-dropped` event of an `SFrameEncryptorStream`: a frame has not left. Not the W3C's, whose senders drop
 * silently.
 *
 * @example
 * ```js
 * import { SFrameEncryptorStream } from 'sframe-wasm/stream';
 *
 * const stream = new SFrameEncryptorStream({ cipherSuite: 'AES_128_GCM_SHA256_128' });
 * stream.addEventListener('frame-dropped', ({ error }) => console.log(error.message)); // no encryption key is set
 * await stream.writable.getWriter().write(new Uint8Array(100));
 * ```
 */
export class FrameDroppedEvent extends Event {
  /**
   * Why: an `SFrameError` with the code `no-key`, `counter-exhausted` or `engine-unavailable`; a TypeError or RangeError
   * if the chunk is no frame, or too long.
   */
  readonly error: Error;
  /** What came, as it came. */
  readonly frame: FrameChunk;

  constructor(type: 'frame-dropped', about: { readonly error: Error; readonly frame: FrameChunk }) {
    super(type);
    this.error = about.error;
    this.frame = about.frame;
  }
}
