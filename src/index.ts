// sframe-wasm: SFrame (RFC 9605). The synchronous core.

export { type CipherSuite, type CipherSuiteParameters, cipherSuites } from './cipher-suite.ts';
export { preload } from './core/engine.ts';
export { SFrameDecryptor, type SFrameDecryptorOptions } from './decryptor.ts';
export { SFrameEncryptor, type SFrameEncryptorOptions } from './encryptor.ts';
export { SFrameError, type SFrameErrorCode } from './errors.ts';
export { decodeHeader, encodeHeader } from './header.ts';
export type { ContextOptions, Engine } from './options.ts';
export { type Bytes, type Decryptor, type Encryptor, maxOverhead, type U64 } from './types.ts';
