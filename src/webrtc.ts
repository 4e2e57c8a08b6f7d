// `sframe-wasm/webrtc`: end-to-end encrypted calls. Safe to import where there is no browser.

export { SFrameClient, type SFrameReceivingEpoch } from './webrtc/client.ts';
export type { SFrameClientOptions, TrackOptions } from './webrtc/client-options.ts';
export {
  type KeysNeededReason,
  SFrameClientEvent,
  type SFrameClientEventInit,
  type SFrameClientEventType,
} from './webrtc/event.ts';
export type { SFrameSendingEpoch } from './webrtc/sending-keys.ts';
export type { SFrameSigningOptions, SFrameVerifyingOptions } from './webrtc/signing-options.ts';
export type { SFrameKeyStats, SFrameStats, SFrameTrackStats } from './webrtc/stats.ts';
export type { SFrameSupport, TransformKind } from './webrtc/support.ts';
export type { KeyStorage } from './webrtc/used-keys.ts';
