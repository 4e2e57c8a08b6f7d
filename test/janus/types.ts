// The adapter's shapes against janus.js's own types: handles of the real thing are taken.

import type { JanusJS } from 'janus-gateway';
import { encryptHandle, type HandleEncryption, type JanusTextRoom } from '../../dist/janus.js';
import type { SFrameClient } from '../../dist/webrtc.js';

export function encrypt(handle: JanusJS.PluginHandle, client: SFrameClient): HandleEncryption {
  return encryptHandle(handle, client, { participant: ({ feed_display }) => feed_display });
}

export function open(channel: JanusTextRoom, handle: JanusJS.PluginHandle): Promise<void> {
  return channel.open(handle);
}
