// @ts-check
// Record & Play: what one has sent is played back by another, who has the key, or has not.

import { encryptHandle } from '../../../dist/janus.js';
import { Person } from '../../e2e/page/client.js';
import { Source } from '../../e2e/page/pattern.js';
import { Watched } from '../../e2e/page/plain.js';
import { getMicrophone } from '../../e2e/page/scene.js';
import { must, sleep, until } from '../../e2e/page/wait.js';
import { keyOf } from './member.js';
import { plainFramesOf } from './plain.js';
import { connect, Plugin } from './session.js';
import { View } from './view.js';

/**
 * Records for a while, under one key after the other.
 * @param {{ url: string, codec: string, ms: number, keys: { key: number[], kid: string }[], plaintext?: boolean }} options
 */
export async function record({ url, codec, ms, keys, plaintext = false }) {
  const microphone = await getMicrophone();
  const session = await connect(url);
  const plugin = await Plugin.attach(session, 'recordplay');
  const alice = new Watched('alice');
  const { client } = alice;
  encryptHandle(plugin.handle, client);
  const [first, ...later] = keys;
  // before there is a connection: a frame that is dropped would leave a gap that nobody asks to have filled
  if (first) await client.setEncryptionKey(keyOf(first.key), BigInt(first.kid));
  const source = new Source();
  const jsep = await plugin.offer({
    tracks: [
      { type: 'audio', capture: microphone.clone(), recv: false },
      { type: 'video', capture: source.track, recv: false, codec: codec.toLowerCase() },
    ],
  });
  if (plaintext) for (const sender of plugin.connection.getSenders()) client.passthrough(sender);
  const { message, jsep: answer } = await plugin.request(
    { request: 'record', name: codec },
    ({ result }) => result?.status === 'recording',
    jsep,
  );
  await plugin.accept(answer);
  await until('connection', 1000, () => plugin.connection.connectionState === 'connected');
  const share = ms / (later.length + 1);
  await sleep(share);
  for (const { key, kid } of later) {
    await client.setEncryptionKey(keyOf(key), BigInt(kid));
    await sleep(share);
  }
  await plugin.request({ request: 'stop' }, ({ result }) => result?.status === 'stopped');
  plugin.handle.hangup(); // it would write on for a moment
  await sleep(500);
  const plain = await plainFramesOf(alice);
  source.stop();
  client.destroy();
  session.destroy({});
  return { id: message['result'].id, plain };
}

/**
 * Plays it back, as somebody else who has these keys.
 * @param {{ url: string, id: number, keys?: { key: number[], kid: string }[], as?: 'member' | 'stranger' | 'plaintext' }} options
 */
export async function replay({ url, id, keys = [], as = 'member' }) {
  await getMicrophone();
  const session = await connect(url);
  const plugin = await Plugin.attach(session, 'recordplay');
  const { client } = new Person('bob');
  for (const { key, kid } of keys) await client.addDecryptionKey('alice', keyOf(key), BigInt(kid));
  encryptHandle(plugin.handle, client, { participant: () => 'alice' });
  const { jsep } = await plugin.request({ request: 'play', id }, (_, given) => given);
  const answer = await plugin.answer({ jsep });
  if (as === 'plaintext')
    for (const receiver of plugin.connection.getReceivers()) client.allowPlaintext(receiver);
  await plugin.request({ request: 'start' }, ({ result }) => result?.status === 'playing', answer);
  const view = new View(plugin.connection);
  const seen =
    as === 'member'
      ? await view.plays()
      : as === 'stranger'
        ? await view.isSilent()
        : await readsNothing(view);
  view.close();
  client.destroy();
  session.destroy({});
  return { seen, offered: jsep.e2ee, answered: answer.e2ee };
}

/** Whatever a decoder makes of it, there is no picture of ours in it. @param {View} view */
async function readsNothing(view) {
  await until('packets', 2000, async () => (await view.packets()) > 50);
  for (const end = performance.now() + 2000; performance.now() < end; await sleep(30)) {
    const picture = view.screen?.read();
    must(!picture || picture.difference > 60, `a picture that differs by ${picture?.difference}`);
  }
  const { decoded } = await view.counts();
  return `${decoded} decoded, none of ours`;
}
