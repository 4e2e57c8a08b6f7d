// Receiving, in the shape of the W3C's SFrameDecryptorStream (WebRTC Encoded Transform): whole frames are decrypted, with no
// metadata. A frame that fails is dropped, changes nothing, and never ends the stream.

import { isCryptoKey } from '../core/subtle.ts';
import { SFrameDecryptor } from '../decryptor.ts';
import { SFrameError, type SFrameErrorCode } from '../errors.ts';
import { parseHeader } from '../header.ts';
import { KnownTarget } from '../known-target.ts';
import type { DecryptorOptions } from '../options.ts';
import { type Bytes, toU64, type U64 } from '../types.ts';
import { bytesOf, type FrameChunk, withBytes } from './chunk.ts';
import { SFrameTransformErrorEvent, type SFrameTransformErrorEventType } from './event.ts';
import { Pipe } from './pipe.ts';
import { Reports } from './reports.ts';

/** Options of {@link SFrameDecryptorStream}. */
export type SFrameDecryptorStreamOptions = DecryptorOptions;

/** How many frames a stream has decrypted, and how many it has dropped, by reason. */
export interface DecryptorStreamCounts {
  readonly decrypted: number;
  /** Frames that came again, or too late. */
  readonly replay: number;
  readonly keyID: number;
  readonly authentication: number;
  readonly syntax: number;
}

type ErrorHandler = (this: SFrameDecryptorStream, event: SFrameTransformErrorEvent) => unknown;

/**
 * Decrypts the frames that are written into it, in their order. What frames may be and become is as in
 * `SFrameEncryptorStream`.
 *
 * A frame that cannot be decrypted is dropped, and an `error` event has it, as it came: **once for each `errorType` and
 * `keyID`**, until frames under that KID have been decrypted again, a second later or more, or keys have changed; of
 * unknown KIDs, the first 64. So a flood of forged frames is no flood of events; `counts` has all of them. Frames that
 * come again are dropped without an event, because browsers hand over the first ones several times.
 *
 * When the stream is closed, aborted or cancelled, its keys are wiped.
 *
 * @example
 * ```js
 * import { SFrameDecryptorStream } from 'sframe-wasm/stream';
 *
 * const stream = new SFrameDecryptorStream({ cipherSuite: 'AES_128_GCM_SHA256_128' });
 * stream.onerror = ({ errorType, keyID }) => console.log(errorType, keyID); // authentication 1n
 * await stream.addDecryptionKey(crypto.getRandomValues(new Uint8Array(16)), 1);
 *
 * const writer = stream.writable.getWriter();
 * for (let i = 0; i < 100; i++) await writer.write(Uint8Array.from({ length: 40 }, () => 0x10));
 * console.log(stream.counts.authentication); // 100
 * await stream.removeDecryptionKey(1);
 * ```
 */
export class SFrameDecryptorStream extends KnownTarget<'error', SFrameTransformErrorEvent> {
  readonly #decryptor: SFrameDecryptor;
  readonly #pipe: Pipe;
  readonly #reports: Record<SFrameTransformErrorEventType, Reports<bigint | undefined>> = {
    authentication: new Reports(),
    keyID: new Reports(),
    syntax: new Reports(),
  };
  readonly #counts = { decrypted: 0, replay: 0, keyID: 0, authentication: 0, syntax: 0 };
  #onerror: ErrorHandler | null = null;

  /** @throws TypeError or RangeError naming the option */
  constructor(options: SFrameDecryptorStreamOptions) {
    super();
    const decryptor = new SFrameDecryptor(options);
    this.#decryptor = decryptor;
    this.#pipe = new Pipe(
      (chunk) => this.#transform(chunk),
      () => decryptor.destroy(),
    );
  }

  /** Where decrypted frames come out. */
  get readable(): ReadableStream {
    return this.#pipe.readable;
  }

  /** Where frames go in, as they came from the network. */
  get writable(): WritableStream {
    return this.#pipe.writable;
  }

  /** How many frames there were, as of now. Not the W3C's. */
  get counts(): DecryptorStreamCounts {
    return { ...this.#counts };
  }

  /** A listener for `error`; null if there is none. */
  get onerror(): ErrorHandler | null {
    return this.#onerror;
  }

  set onerror(handler: ErrorHandler | null) {
    this.#onerror = typeof handler === 'function' ? handler : null;
    if (this.#onerror === null) this.removeEventListener('error', this.#handle);
    else this.addEventListener('error', this.#handle); // again: it keeps its place
  }

  /**
   * Adds the key of a KID, from when the promise resolves; bytes are used at once. The same key again changes nothing,
   * another one takes its place; see `SFrameDecryptor.addDecryptionKey`.
   *
   * @param baseKey base_key: 16 to 4096 bytes, copied, so zero yours when you no longer need it; or a CryptoKey of the
   * algorithm HKDF, with the usage `deriveBits`
   * @param keyId key ID, 0 to 2^64-1
   * @throws TypeError or RangeError naming the argument; RangeError if there is no memory for another key
   * @throws {@link SFrameError} `destroyed` if the stream is over; `engine-unavailable`
   */
  async addDecryptionKey(baseKey: CryptoKey | Uint8Array, keyId: U64): Promise<void> {
    const kid = toU64(keyId, 'keyId');
    if (isCryptoKey(baseKey)) await this.#decryptor.importDecryptionKey(baseKey, kid);
    else this.#decryptor.addDecryptionKey(baseKey, kid);
    this.#renew();
  }

  /**
   * Wipes the key of a KID, if there is one. Frames under it are not decrypted any more, nor released if they are under
   * way.
   *
   * @param keyId key ID, 0 to 2^64-1
   * @throws TypeError or RangeError if `keyId` is not a `U64`
   * @throws {@link SFrameError} `destroyed` if the stream is over
   */
  async removeDecryptionKey(keyId: U64): Promise<void> {
    this.#decryptor.removeDecryptionKey(toU64(keyId, 'keyId'));
    this.#renew();
  }

  readonly #handle = (event: Event): void => {
    this.#onerror?.(event as SFrameTransformErrorEvent);
  };

  async #transform(chunk: unknown): Promise<unknown> {
    let ciphertext: Bytes | undefined;
    try {
      ciphertext = bytesOf(chunk);
      const opened = await this.#decryptor.tryDecryptAsync(ciphertext);
      if (typeof opened === 'string') return this.#refuse(opened, chunk, ciphertext);
      const decrypted = withBytes(chunk, opened);
      this.#counts.decrypted++;
      this.#settle(ciphertext);
      return decrypted;
    } catch (error) {
      // Not a frame's fault: the chunk is none, or takes no other bytes; or there is no memory.
      const errorType = error instanceof TypeError ? 'syntax' : 'authentication';
      return this.#drop(errorType, chunk, ciphertext, error);
    }
  }

  #refuse(code: SFrameErrorCode, chunk: unknown, ciphertext: Bytes): undefined {
    if (code === 'replay') this.#counts.replay++;
    else if (code === 'syntax') this.#drop(code, chunk);
    else if (code === 'key-id') this.#drop('keyID', chunk, ciphertext);
    else if (code === 'authentication') this.#drop(code, chunk, ciphertext);
    else if (code !== 'destroyed') this.#drop('authentication', chunk, ciphertext, new SFrameError(code));
  }

  #drop(
    errorType: SFrameTransformErrorEventType,
    chunk: unknown,
    ciphertext?: Bytes,
    error?: unknown,
  ): undefined {
    this.#counts[errorType]++;
    const keyID = ciphertext && parseHeader(ciphertext)?.kid;
    if (!this.#reports[errorType].isNews(keyID)) return;
    const frame = chunk as FrameChunk;
    this.dispatchEvent(new SFrameTransformErrorEvent('error', { errorType, frame, keyID, error }));
  }

  /** A frame was decrypted: what was wrong with its KID may be over. (An unknown KID is until keys change.) */
  #settle(ciphertext: Bytes): void {
    const { authentication, syntax } = this.#reports;
    if (authentication.any) authentication.settle(parseHeader(ciphertext)?.kid);
    if (syntax.any) syntax.settle(undefined);
  }

  /** Keys have changed. */
  #renew(): void {
    for (const reports of Object.values(this.#reports)) reports.clear();
  }
}
