// Frames that a server puts into a track by itself, such as a black picture for somebody who is muted. They cannot be
// encrypted, so they are dropped; but an application may name some by their SHA-256. Then a server may deliver those,
// whenever it likes, and nothing else.
//
// Only frames that did not open are asked about, as they were received.

import { hasSubtle, subtleCrypto } from '../core/subtle.ts';
import { assertBytes, asText, type Bytes, lengthOf } from '../types.ts';

const DIGEST_LEN = 32;

/** In bytes. Longer ones are not hashed: such pictures are small, and a flood of anything else costs little. */
export const MAX_INJECTED_LEN = 65_536;

/** The frames that an application lets through unencrypted: none, unless it names them. */
export class InjectedFrames {
  readonly #digests: ReadonlySet<string>;

  /**
   * @param digests SHA-256 of each frame, 32 bytes
   * @throws TypeError or RangeError naming `injectedFrames`
   */
  constructor(digests: Iterable<Uint8Array> = []) {
    const texts = Array.from(digests, (digest) => {
      if (assertBytes(digest, 'injectedFrames') !== DIGEST_LEN)
        throw new RangeError(`injectedFrames must be digests of ${DIGEST_LEN} bytes`);
      return asText(digest);
    });
    this.#digests = new Set(texts);
  }

  /** Whether this frame, to the last byte, is among them. It is read before the call returns. Never rejects. */
  async allows(frame: Bytes): Promise<boolean> {
    if (this.#digests.size === 0 || lengthOf(frame) > MAX_INJECTED_LEN || !hasSubtle()) return false;
    const digest = await subtleCrypto()
      .digest('SHA-256', frame)
      .catch(() => undefined);
    return digest !== undefined && this.#digests.has(asText(new Uint8Array(digest)));
  }
}
