// What a signature says of a frame: SHA-256 of all of it. A tag would not do, because whoever has the key can make other
// frames with the same one.
//
//   digest = SHA-256( u32be(length of metadata) ‖ metadata ‖ u32be(length of ciphertext) ‖ ciphertext )
//
// The ciphertext is header, encrypted frame and tag, before any emulation prevention. Both lengths are below 2^31.

import { sha256 } from '@noble/hashes/sha2.js';
import { type Bytes, lengthOf, viewOf } from '../../types.ts';

/** Bytes of a digest. */
export const DIGEST_LEN = 32;

/** The digest of a frame whose arguments were checked. */
export function frameDigest(ciphertext: Uint8Array, metadata: Uint8Array | undefined): Bytes {
  const metadataLen = metadata === undefined ? 0 : lengthOf(metadata);
  const ciphertextLen = lengthOf(ciphertext);
  const lengths = new Uint8Array(8);
  const view = new DataView(lengths.buffer);
  view.setUint32(0, metadataLen);
  view.setUint32(4, ciphertextLen);
  const hash = sha256.create().update(lengths.subarray(0, 4));
  if (metadata !== undefined) hash.update(viewOf(metadata, 0, metadataLen));
  return hash
    .update(lengths.subarray(4))
    .update(viewOf(ciphertext, 0, ciphertextLen))
    .digest();
}
