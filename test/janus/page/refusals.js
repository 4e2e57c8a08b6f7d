// @ts-check
// What is asked of plugins that take no encrypted media.

import { encryptHandle } from '../../../dist/janus.js';
import { Person } from '../../e2e/page/client.js';
import { getMicrophone } from '../../e2e/page/scene.js';
import { connect, Plugin } from './session.js';

/** @param {{ url: string, plugin: string }} options */
export async function encryptPlugin({ url, plugin }) {
  const { handle } = await Plugin.attach(await connect(url), plugin);
  encryptHandle(handle, new Person('alice').client);
}

/** Without the adapter, but with what it would tell Janus. @param {{ url: string, plugin: string }} options */
export async function offerFlagged({ url, plugin: name }) {
  const plugin = await Plugin.attach(await connect(url), name);
  const microphone = await getMicrophone();
  const jsep = await plugin.offer({
    externalEncryption: true,
    tracks: [{ type: 'audio', capture: microphone.clone() }],
  });
  /** @type {Record<string, object>} */
  const requests = {
    audiobridge: { request: 'join', room: 1234 },
    voicemail: { request: 'record' },
    nosip: { request: 'generate' },
  };
  if (name === 'audiobridge') await plugin.ask({ request: 'create', room: 1234 }).catch(() => {});
  await plugin.request(requests[name] ?? {}, () => true, jsep);
}
