// @ts-check
// EchoTest: what is sent comes back.

import { encryptHandle } from '../../../dist/janus.js';
import { Person, randomKey } from '../../e2e/page/client.js';
import { Source } from '../../e2e/page/pattern.js';
import { getMicrophone } from '../../e2e/page/scene.js';
import { connect, Plugin } from './session.js';
import { View } from './view.js';

/**
 * @param {object} options
 * @param {string} options.url
 * @param {string} [options.codec]
 * @param {boolean} [options.trickle]
 * @param {'echo' | 'stranger'} [options.as] whose the frames that come back are taken for
 */
export async function echo({ url, codec = 'VP8', trickle = true, as = 'echo' }) {
  const microphone = await getMicrophone();
  const session = await connect(url);
  const plugin = await Plugin.attach(session, 'echotest');
  const { client } = new Person('alice');
  const baseKey = randomKey();
  const kid = await client.setEncryptionKey(baseKey);
  if (as === 'stranger') await client.addDecryptionKey('stranger', randomKey(), kid);
  encryptHandle(plugin.handle, client, as === 'echo' ? { echo: true } : { participant: () => 'stranger' });
  const source = new Source();
  const jsep = await plugin.offer({
    trickle,
    tracks: [
      { type: 'audio', capture: microphone.clone(), recv: true },
      { type: 'video', capture: source.track, recv: true },
    ],
  });
  const { jsep: answer } = await plugin.request(
    { audio: true, video: true, videocodec: codec.toLowerCase() },
    (_, given) => given,
    jsep,
  );
  await plugin.accept(answer);
  const view = new View(plugin.connection);
  const seen = as === 'echo' ? await view.plays() : await view.isSilent();
  const flags = { offered: jsep.e2ee, answered: answer.e2ee };
  const { sdp } = plugin.connection.remoteDescription ?? {};
  const used = sdp?.match(/a=rtpmap:\d+ (VP8|VP9|AV1|H264)\//)?.[1];
  view.close();
  source.stop();
  client.destroy();
  session.destroy({});
  return { seen, flags, codec: used };
}
