// sframe-wasm/stream: frames through the Streams API, in the shape of the W3C's SFrameEncryptorStream and
// SFrameDecryptorStream, so that a browser's own can take their place one day.

export type { EncodedFrame, FrameChunk } from './stream/chunk.ts';
export {
  type DecryptorStreamCounts,
  SFrameDecryptorStream,
  type SFrameDecryptorStreamOptions,
} from './stream/decryptor-stream.ts';
export {
  type EncryptorStreamCounts,
  SFrameEncryptorStream,
  type SFrameEncryptorStreamOptions,
} from './stream/encryptor-stream.ts';
export {
  FrameDroppedEvent,
  SFrameTransformErrorEvent,
  type SFrameTransformErrorEventInit,
  type SFrameTransformErrorEventType,
} from './stream/event.ts';
export { isNativeSFrameSupported } from './stream/native.ts';
