// sframe-wasm: SFrame (RFC 9605). The synchronous core.

export { type CipherSuite, type CipherSuiteParameters, cipherSuites } from './cipher-suite.ts';
export { preload } from './core/engine.ts';
export { SFrameDecryptor, type SFrameDecryptorOptions } from './decryptor.ts';
export { SFrameEncryptor, type SFrameEncryptorOptions } from './encryptor.ts';
export { SFrameError, type SFrameErrorCode } from './errors.ts';
export type { FrameDecryptor } from './frame-decryptor.ts';
export type { FrameEncryptor } from './frame-encryptor.ts';
export { decodeHeader, encodeHeader } from './header.ts';
export type { KnownTarget } from './known-target.ts';
export type { MlsPosition, MlsReceivingEpoch, MlsSender, MlsSendingEpoch } from './mls.ts';
export { MlsDecryptor, type MlsDecryptorOptions, MlsEncryptor, type MlsEncryptorOptions } from './mls.ts';
export type { ContextOptions, DecryptorOptions, Engine } from './options.ts';
export { generatePassphrase } from './passphrase.ts';
export { deriveSsrcKey } from './per-ssrc.ts';
export { KeyRetirement, type KeyRetirementOptions, type RetiringDecryptor } from './retirement.ts';
export { RoomKey, type RoomKeyOptions, type SendingKey } from './room-key.ts';
export type { RotationTriggers } from './rotation/demand.ts';
export type { RotationEvent, RotationEventType, RotationReason } from './rotation/event.ts';
export type { RotatedEncryptor } from './rotation/staged-key.ts';
export type { UsageLimits } from './rotation/usage.ts';
export { KeyRotation, type KeyRotationOptions } from './rotation.ts';
export {
  RatchetDecryptor,
  type RatchetDecryptorOptions,
  RatchetEncryptor,
  type RatchetEncryptorOptions,
} from './sender-keys.ts';
export { type Bytes, type Decryptor, type Encryptor, maxOverhead, type U64 } from './types.ts';
