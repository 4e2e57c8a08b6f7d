// `sframe-wasm/janus`: end-to-end encryption for calls through Janus, on its own janus.js. Types and glue: nothing of Janus
// is imported, and nothing of this package but errors.

export {
  encryptHandle,
  type HandleEncryption,
  type HandleEncryptionOptions,
} from './janus/encrypt-handle.ts';
export type { JanusHandle, JanusJsep, JanusMessage, JanusStream } from './janus/janus-js.ts';
export type { CallClient, ParticipantTrack } from './janus/receivers.ts';
export { JanusTextRoom, type JanusTextRoomOptions } from './janus/text-room.ts';
