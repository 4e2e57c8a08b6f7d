// Whether a browser can do it itself. The names are those of the W3C's draft; they have changed before.

import { SFrameDecryptorStream } from './decryptor-stream.ts';
import { SFrameEncryptorStream } from './encryptor-stream.ts';

/**
 * Whether this page or worker has SFrame classes of its own: `SFrameEncryptorStream` and `SFrameDecryptorStream`, or, in
 * pages, `RTCRtpSFrameEncryptor` and `RTCRtpSFrameDecryptor`. Only names are looked at. The classes of this package do not
 * count, should an application have made them global.
 *
 * @example
 * ```js
 * import { isNativeSFrameSupported } from 'sframe-wasm/stream';
 *
 * console.log(isNativeSFrameSupported()); // false
 * ```
 */
export function isNativeSFrameSupported(): boolean {
  return (
    (isNative('SFrameEncryptorStream') && isNative('SFrameDecryptorStream')) ||
    (isNative('RTCRtpSFrameEncryptor') && isNative('RTCRtpSFrameDecryptor'))
  );
}

function isNative(name: string): boolean {
  const found = (globalThis as Record<string, unknown>)[name];
  return typeof found === 'function' && found !== SFrameEncryptorStream && found !== SFrameDecryptorStream;
}
