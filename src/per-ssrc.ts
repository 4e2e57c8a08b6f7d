// Per-SSRC keys (draft-ietf-avtcore-rtp-sframe-02 §7): one base_key, a key of its own for every RTP stream.
//
//   ssrc_key = HKDF-Expand(HKDF-Extract(salt = u32be(SSRC), IKM = base_key), "SFrame 1.0 RTP Stream", Nh)

import type { CipherSuite } from './cipher-suite.ts';
import { assertHkdfKey, hkdf, importHkdfKey, isCryptoKey } from './core/subtle.ts';
import { assertBaseKey } from './key.ts';
import { readOptions } from './options.ts';
import { type Bytes, copyOf, toInteger } from './types.ts';

const LABEL = 'SFrame 1.0 RTP Stream';

/**
 * Derives the key of one RTP stream, which then takes the place of the base key: the streams of a sender share its
 * base key and KID, and each has a key and a counter of its own.
 *
 * Give each stream's key to an encryptor of its own. If keys are ratcheted, that is done to each stream's key, after
 * this. The same base key under the same SSRC is the same key: use a fresh base key in every session. **A server that
 * rewrites SSRCs, as many SFUs do, makes these keys useless**, because the receiver then derives other ones.
 *
 * @param baseKey base_key, 16 to 4096 bytes; or an HKDF CryptoKey with the usage `deriveBits`, whose length cannot be
 * checked
 * @param ssrc the stream's SSRC as the receiver sees it, 0 to 2^32-1
 * @param cipherSuite the suite that the key is for: its hash is used
 * @returns ssrc_key, Nh bytes: 32 or 64. Zero it when you no longer need it. Rejects where others throw:
 * @throws TypeError or RangeError naming the argument
 * @throws {@link SFrameError} `engine-unavailable` without WebCrypto
 *
 * @example
 * ```js
 * import { deriveSsrcKey, SFrameEncryptor } from 'sframe-wasm';
 *
 * const cipherSuite = 'AES_128_GCM_SHA256_128';
 * const baseKey = crypto.getRandomValues(new Uint8Array(16));
 *
 * const camera = new SFrameEncryptor({ cipherSuite });
 * camera.setEncryptionKey(await deriveSsrcKey(baseKey, 0x89abcdef, cipherSuite), 7);
 * const screen = new SFrameEncryptor({ cipherSuite });
 * screen.setEncryptionKey(await deriveSsrcKey(baseKey, 0x01234567, cipherSuite), 7);
 * console.log(camera.kid === screen.kid); // true
 * ```
 */
export async function deriveSsrcKey(
  baseKey: Uint8Array | CryptoKey,
  ssrc: number,
  cipherSuite: CipherSuite,
): Promise<Bytes> {
  if (isCryptoKey(baseKey)) assertHkdfKey(baseKey, 'baseKey');
  else assertBaseKey(baseKey);
  if (ssrc === undefined) throw new TypeError('ssrc must be a number');
  const salt = new Uint8Array(4);
  new DataView(salt.buffer).setUint32(0, toInteger(ssrc, 'ssrc', 0, 0, 2 ** 32 - 1));
  const { suite } = readOptions({ cipherSuite });
  const key = isCryptoKey(baseKey) ? baseKey : await imported(baseKey);
  return hkdf(suite.hash, key, salt, new TextEncoder().encode(LABEL), suite.Nh);
}

async function imported(baseKey: Uint8Array): Promise<CryptoKey> {
  const own = copyOf(baseKey);
  return importHkdfKey(own).finally(() => own.fill(0));
}
