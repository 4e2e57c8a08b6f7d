// Keys of data-channel messages: derived from the base keys of media, so that nothing need be distributed twice, and no
// message can pass for a frame, nor a frame for a message.
//
//   base key of messages = HKDF(base key, no salt, "sframe-wasm message key" ‖ u64be(KID) ‖ u16be(suite), Nh)
//                          of an MLS epoch, with the epoch's number in the place of the KID
//   metadata of messages = "sframe-wasm message"

import type { CipherSuiteParameters } from '../cipher-suite.ts';
import { expandLabel } from '../core/derived-key.ts';
import { hasSubtle, importHkdfKey, isCryptoKey } from '../core/subtle.ts';
import { type Bytes, copyOf } from '../types.ts';
import type { KeyMaterial } from './protocol.ts';

const KEY_LABEL = 'sframe-wasm message key';
const METADATA = 'sframe-wasm message';

/** What is authenticated with every message. */
export function messageMetadata(): Bytes {
  return new TextEncoder().encode(METADATA);
}

/**
 * Derives the base key of messages, gives it to `use`, and wipes it whatever happens there. It is undefined where there is
 * no WebCrypto, and so are no messages.
 */
export async function withMessageKey<T>(
  suite: CipherSuiteParameters,
  kid: bigint,
  baseKey: KeyMaterial,
  use: (messageKey: Bytes | undefined) => T | Promise<T>,
): Promise<T> {
  const messageKey = await messageKeyOf(suite, kid, baseKey);
  try {
    return await use(messageKey);
  } finally {
    messageKey?.fill(0);
  }
}

async function messageKeyOf(
  suite: CipherSuiteParameters,
  kid: bigint,
  baseKey: KeyMaterial,
): Promise<Bytes | undefined> {
  if (!hasSubtle()) return undefined;
  if (isCryptoKey(baseKey)) return expandLabel(suite, kid, baseKey, KEY_LABEL, suite.Nh);
  const copy = copyOf(baseKey);
  try {
    return await expandLabel(suite, kid, await importHkdfKey(copy), KEY_LABEL, suite.Nh);
  } finally {
    copy.fill(0);
  }
}
