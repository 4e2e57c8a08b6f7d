// Sending, in the shape of the W3C's SFrameEncryptorStream (WebRTC Encoded Transform): whole frames are encrypted, with no
// metadata. What cannot be encrypted is dropped; nothing leaves as it came.

import { deriveKey, Imports } from '../core/derived-key.ts';
import { assertHkdfKey, importHkdfKey, isCryptoKey } from '../core/subtle.ts';
import { SFrameError } from '../errors.ts';
import { assertBaseKey } from '../key.ts';
import { KnownTarget } from '../known-target.ts';
import { type Context, type ContextOptions, readOptions } from '../options.ts';
import { copyOf, toU64, type U64 } from '../types.ts';
import { bytesOf, type FrameChunk, withBytes } from './chunk.ts';
import { FrameDroppedEvent } from './event.ts';
import { Pipe } from './pipe.ts';
import { Reports } from './reports.ts';
import { type KeyLease, leaseKey } from './shared-key.ts';

/** Options of {@link SFrameEncryptorStream}. */
export type SFrameEncryptorStreamOptions = ContextOptions;

/** How many frames a stream has encrypted, and how many it could not. */
export interface EncryptorStreamCounts {
  readonly encrypted: number;
  readonly dropped: number;
}

/**
 * Encrypts the frames that are written into it, in their order.
 *
 * A frame is an `RTCEncodedVideoFrame` or `RTCEncodedAudioFrame`, which comes out as the same object with other `data`;
 * an ArrayBuffer, for which another comes out; or a view of one, for which a Uint8Array does. Without a key, frames are
 * dropped. What is no frame is dropped, too, and does not end the stream: `frame-dropped` says why, once until frames
 * leave again.
 *
 * All streams of a realm that are given the same suite, base key and KID count on with one counter, also after some have
 * closed. **Other realms cannot be seen**: after a reload, and in each worker, use other base keys or KIDs; nor share them
 * with an `SFrameEncryptor`. When the stream is closed, aborted or cancelled, its key is wiped.
 *
 * @example
 * ```js
 * import { SFrameDecryptorStream, SFrameEncryptorStream } from 'sframe-wasm/stream';
 *
 * const cipherSuite = 'AES_128_GCM_SHA256_128';
 * const baseKey = crypto.getRandomValues(new Uint8Array(16));
 * const encryptor = new SFrameEncryptorStream({ cipherSuite });
 * await encryptor.setEncryptionKey(baseKey, 7);
 * const decryptor = new SFrameDecryptorStream({ cipherSuite });
 * await decryptor.addDecryptionKey(baseKey, 7);
 *
 * const frames = new Blob(['a frame']).stream(); // in a worker for WebRTC: event.transformer.readable
 * for await (const frame of frames.pipeThrough(encryptor).pipeThrough(decryptor))
 *   console.log(new TextDecoder().decode(frame)); // a frame
 * ```
 */
export class SFrameEncryptorStream extends KnownTarget<'frame-dropped', FrameDroppedEvent> {
  readonly #context: Context;
  readonly #pipe: Pipe;
  readonly #imports: Imports = new Imports();
  readonly #reports: Reports<string> = new Reports();
  readonly #counts = { encrypted: 0, dropped: 0 };
  #key: KeyLease | undefined;

  /** @throws TypeError or RangeError naming the option */
  constructor(options: SFrameEncryptorStreamOptions) {
    super();
    this.#context = readOptions(options);
    this.#pipe = new Pipe(
      (chunk) => this.#transform(chunk),
      () => this.#use(undefined),
    );
  }

  /** Where encrypted frames come out. */
  get readable(): ReadableStream {
    return this.#pipe.readable;
  }

  /** Where frames go in. */
  get writable(): WritableStream {
    return this.#pipe.writable;
  }

  /** How many frames there were, as of now. Not the W3C's. */
  get counts(): EncryptorStreamCounts {
    return { ...this.#counts };
  }

  /**
   * Encrypts under this key from when the promise resolves; bytes are used at once. Of several calls the last one made is
   * the last one to take effect. A key that was used before goes on counting where it stood.
   *
   * @param baseKey base_key: 16 to 4096 bytes, copied, so zero yours when you no longer need it; or a CryptoKey of the
   * algorithm HKDF, with the usage `deriveBits`
   * @param keyId key ID, 0 to 2^64-1
   * @throws TypeError or RangeError naming the argument; RangeError if there is no memory for another key. The previous
   * key stays then.
   * @throws {@link SFrameError} `destroyed` if the stream is over; `engine-unavailable`
   */
  async setEncryptionKey(baseKey: CryptoKey | Uint8Array, keyId: U64): Promise<void> {
    this.#assertOpen();
    const { suite } = this.#context;
    const isOpaque = isCryptoKey(baseKey);
    if (isOpaque) assertHkdfKey(baseKey, 'baseKey');
    else assertBaseKey(baseKey);
    const kid = toU64(keyId, 'keyId');
    const lease = isOpaque ? undefined : leaseKey(this.#context, baseKey, kid);
    if (lease !== undefined) {
      this.#imports.cancel();
      this.#use(lease);
      return;
    }
    // Only WebCrypto knows which key it is; until then it could be one that another stream counts for.
    const deriving = isOpaque
      ? deriveKey(suite, kid, baseKey)
      : importOf(baseKey).then((key) => deriveKey(suite, kid, key));
    await this.#imports.add(kid, deriving, (derived) => {
      this.#assertOpen();
      this.#use(leaseKey(this.#context, derived, kid));
    });
  }

  /** @throws SFrameError `destroyed` */
  #assertOpen(): void {
    if (this.#pipe.isOver) throw new SFrameError('destroyed');
  }

  /** The key from now on. Counting goes on under the same one without a gap: the new lease is taken first. */
  #use(key: KeyLease | undefined): void {
    this.#key?.release();
    this.#key = key;
  }

  async #transform(chunk: unknown): Promise<unknown> {
    try {
      if (this.#key === undefined) return this.#drop('no-key', chunk);
      const plaintext = bytesOf(chunk);
      const { maxFrameLen } = this.#context;
      if (plaintext.length > maxFrameLen)
        throw new RangeError(`a frame must be at most ${maxFrameLen} bytes long`);
      const encrypted = withBytes(chunk, await this.#key.encrypt(plaintext));
      this.#counts.encrypted++;
      if (this.#reports.any) this.#reports.settleAll();
      return encrypted;
    } catch (error) {
      return this.#drop(error as Error, chunk);
    }
  }

  #drop(reason: Error | 'no-key', chunk: unknown): undefined {
    if (this.#pipe.isOver) return;
    this.#counts.dropped++;
    const about = reason === 'no-key' ? reason : reason instanceof SFrameError ? reason.code : reason.name;
    if (!this.#reports.isNews(about)) return;
    const error = reason === 'no-key' ? new SFrameError(reason) : reason;
    this.dispatchEvent(new FrameDroppedEvent('frame-dropped', { error, frame: chunk as FrameChunk }));
  }
}

/** The same base key for WebCrypto. It is copied before this returns. */
function importOf(baseKey: Uint8Array): Promise<CryptoKey> {
  const copy = copyOf(baseKey);
  const importing = importHkdfKey(copy);
  copy.fill(0);
  return importing;
}
