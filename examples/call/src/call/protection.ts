// What of a call is encrypted: all of it, unless somebody has said otherwise.

import type { SFrameClient } from 'sframe-wasm/webrtc';

export type Protection = 'everything' | 'video-only' | 'nothing';

export type Kind = 'audio' | 'video';

/** Whether tracks of a kind are to go in the clear. */
function isClear(protection: Protection, kind: Kind): boolean {
  return protection === 'nothing' || (protection === 'video-only' && kind === 'audio');
}

export function protectSender(
  client: SFrameClient,
  sender: RTCRtpSender | RTCRtpTransceiver,
  kind: Kind,
  protection: Protection,
): void {
  if (isClear(protection, kind)) client.passthrough(sender);
  else client.encrypt(sender);
}

export function protectReceiver(
  client: SFrameClient,
  receiver: RTCRtpReceiver,
  from: string,
  protection: Protection,
): void {
  if (isClear(protection, receiver.track.kind as Kind)) client.allowPlaintext(receiver);
  else client.decrypt(receiver, from);
}
