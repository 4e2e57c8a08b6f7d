// `sframe-wasm/codec`: frames as the transform of calls sends them, for members outside of browsers, and for transforms of
// one's own: which bytes stay clear, so that packetizers and servers can do their work.

import { chooseLayout, type FrameMode } from './codec/choice.ts';
import type { Layout } from './codec/layout.ts';
import { metadataOf, sourceOf } from './codec/source.ts';
import { SFrameError } from './errors.ts';
import { assertBytes, assertObject, type Bytes, type Decryptor, type Encryptor } from './types.ts';

/** Options of {@link FrameFormat}: those of the track, which both sides configure. */
export interface FrameFormatOptions {
  /** The codec, as SDP and `getMetadata()` have it: `video/VP8`, `audio/opus`. */
  readonly mimeType: string;
  /** As `SFrameClient` has it; default `codec`. */
  readonly mode?: 'codec' | 'packetization-raw' | undefined;
  /** What the track shows, such as `camera`, if its sender says so. */
  readonly source?: string | undefined;
}

/**
 * How the frames of a track are laid out around what is encrypted: docs/codecs.md has it for each codec. What stays clear is
 * authenticated as SFrame metadata (RFC 9605 §9.4). It holds no state and no key; contexts are given to each call.
 *
 * @example
 * ```js
 * import { SFrameDecryptor, SFrameEncryptor } from 'sframe-wasm';
 * import { FrameFormat } from 'sframe-wasm/codec';
 *
 * const cipherSuite = 'AES_128_GCM_SHA256_128';
 * const baseKey = crypto.getRandomValues(new Uint8Array(16));
 * const encryptor = new SFrameEncryptor({ cipherSuite });
 * encryptor.setEncryptionKey(baseKey, 7);
 * const decryptor = new SFrameDecryptor({ cipherSuite });
 * decryptor.addDecryptionKey(baseKey, 7);
 *
 * const format = new FrameFormat({ mimeType: 'video/VP8' });
 * const frame = new Uint8Array([0x31, 1, 2, 3]); // of an encoder; its first bit says that it is no key frame
 * const sent = format.encrypt(encryptor, frame);
 * console.log(sent[0] === frame[0], format.decrypt(decryptor, sent)); // true Uint8Array(4) [ 49, 1, 2, 3 ]
 * ```
 */
export class FrameFormat {
  readonly #layout: Layout;
  readonly #source: Bytes | undefined;

  /** @throws TypeError or RangeError naming the option; RangeError for a codec that there is no rule for */
  constructor(options: FrameFormatOptions) {
    assertObject(options, 'options');
    const { mimeType, mode = 'codec', source } = options;
    if (typeof mimeType !== 'string') throw new TypeError('mimeType must be a string');
    const layout = chooseLayout({ mimeType }, new Map(), readMode(mode));
    if (layout === undefined) throw new RangeError('mimeType must be of a codec that there is a rule for');
    this.#layout = layout;
    this.#source = source === undefined ? undefined : sourceOf(source);
  }

  /**
   * What is sent for a frame.
   * @throws as the encryptor
   */
  encrypt(encryptor: Encryptor, frame: Uint8Array): Bytes {
    assertBytes(frame, 'frame');
    const { clear, text } = this.#layout.split(frame);
    return this.#layout.join(clear, encryptor.encrypt(text, metadataOf(clear, this.#source)));
  }

  /** As {@link encrypt}; rejects where that throws. The counter is taken before the call returns. */
  async encryptAsync(encryptor: Encryptor, frame: Uint8Array): Promise<Bytes> {
    assertBytes(frame, 'frame');
    const { clear, text } = this.#layout.split(frame);
    return this.#layout.join(clear, await encryptor.encryptAsync(text, metadataOf(clear, this.#source)));
  }

  /**
   * The frame for the decoder out of what came. All of it was authenticated.
   * @throws as the decryptor; {@link SFrameError} `syntax` too if no sender makes that
   */
  decrypt(decryptor: Decryptor, sent: Uint8Array): Bytes {
    const { clear, ciphertext } = this.#parse(sent);
    return this.#layout.restore(clear, decryptor.decrypt(ciphertext, metadataOf(clear, this.#source)));
  }

  /** As {@link decrypt}; rejects where that throws. */
  async decryptAsync(decryptor: Decryptor, sent: Uint8Array): Promise<Bytes> {
    const { clear, ciphertext } = this.#parse(sent);
    const text = await decryptor.decryptAsync(ciphertext, metadataOf(clear, this.#source));
    return this.#layout.restore(clear, text);
  }

  #parse(sent: Uint8Array) {
    assertBytes(sent, 'sent');
    const parsed = this.#layout.parse(sent);
    if (parsed === undefined) throw new SFrameError('syntax');
    return parsed;
  }
}

function readMode(mode: FrameMode): FrameMode {
  if (mode !== 'codec' && mode !== 'packetization-raw')
    throw new TypeError("mode must be 'codec' or 'packetization-raw'");
  return mode;
}
