// A recording that is being made: what Janus writes is what it gets, which is encrypted.

import type { Bytes, CipherSuite } from 'sframe-wasm';
import { encryptHandle } from 'sframe-wasm/janus';
import { SFrameClient } from 'sframe-wasm/webrtc';
import type { Codec } from '../../../call/src/call/codecs.ts';
import { Watch } from '../../../call/src/status/watch.ts';
import type { Plugin } from '../janus/plugin.ts';
import type { Session } from '../janus/session.ts';
import type { Media } from '../ui/media.ts';
import { KID } from './key.ts';

export const cipherSuite: CipherSuite = 'AES_128_GCM_SHA256_128';

export class Recorder {
  readonly client = new SFrameClient({ cipherSuite, storage: null }); // its base key is fresh
  readonly watch: Watch;
  #plugin: Plugin | undefined;

  constructor(changed: () => void) {
    this.watch = new Watch(this.client, changed);
  }

  async start(session: Session, media: Media, title: string, codec: Codec, baseKey: Bytes): Promise<void> {
    await this.client.setEncryptionKey(baseKey, KID);
    const plugin = await session.attach('recordplay');
    this.#plugin = plugin;
    encryptHandle(plugin.handle, this.client);
    const jsep = await plugin.offer([
      { type: 'audio', capture: media.voice.track, recv: false },
      { type: 'video', capture: media.picture.track, recv: false },
    ]);
    const request = { request: 'record', name: title, videocodec: codec.toLowerCase() };
    const { jsep: answer } = await plugin.request(
      request,
      ({ result }) => result?.status === 'recording',
      jsep,
    );
    if (answer === undefined) throw new Error('Janus has not answered the offer');
    await plugin.accept(answer);
  }

  async stop(): Promise<void> {
    await this.#plugin?.request({ request: 'stop' }, ({ result }) => result?.status === 'stopped');
  }

  close(): void {
    this.#plugin?.detach();
    this.watch.close();
    this.client.destroy();
  }
}
