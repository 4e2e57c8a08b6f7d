// @ts-check
// The parts that a page has in a call with a member in Node.

import { received } from '../../../e2e/page/call.js';
import { Person, randomKey } from '../../../e2e/page/client.js';
import { Screen } from '../../../e2e/page/pattern.js';
import { Watched } from '../../../e2e/page/plain.js';
import { receiverOf } from '../../../e2e/page/scene.js';
import { until } from '../../../e2e/page/wait.js';
import { callOf, cipherSuite, sceneThrough } from '../room.js';
import { Sfu, subscribeTo } from '../sfu.js';

/** @typedef {import('../room.js').Options} Options */

/** @type {{ alice: Watched, scene: import('../../../e2e/page/scene.js').Scene } | undefined} */
let stage;

function current() {
  if (stage === undefined) throw new Error('not begun');
  return stage;
}

/** @param {Uint8Array} bytes */
function toHex(bytes) {
  return [...bytes].map((byte) => byte.toString(16).padStart(2, '0')).join('');
}

/** Alice is in the room, and has no key yet. @param {Options} options */
export async function memberAwaited(options) {
  const alice = new Watched('alice');
  const scene = sceneThrough(new Sfu(options.sfu), alice.client, new Person('bob').client, options);
  await scene.start();
  stage = { alice, scene };
  return { publisher: callOf(scene).name, cipherSuite };
}

/** She has one, and tells it: not through the SFU. */
export async function memberHasKey() {
  const baseKey = randomKey();
  const kid = await current().alice.client.setEncryptionKey(baseKey);
  return { baseKey: toHex(baseKey), kid: `${kid}` };
}

/** What her encoders made, in its order. */
export async function plaintextOfAlice() {
  const frames = await current().alice.plaintext();
  return frames.map(({ kind, data }) => [kind, toHex(data)]);
}

/** @param {string} hex */
function fromHex(hex) {
  return Uint8Array.from(hex.match(/../g) ?? [], (byte) => Number.parseInt(byte, 16));
}

/**
 * Carol has the key of the member in Node only, who says after Alice what she says.
 * @param {{ sfu: string, publisher: string, baseKey: string, kid: string }} options
 */
export async function hearsMember({ sfu, publisher, baseKey, kid }) {
  const { client } = new Person('carol');
  await client.addDecryptionKey('member', fromHex(baseKey), BigInt(kid));
  const connection = await subscribeTo(
    { sfu: new Sfu(sfu), name: publisher, media: { codec: 'VP8', audio: true } },
    {
      configure: (/** @type {RTCConfiguration} */ configuration) => client.configure(configuration),
      decrypt: (/** @type {RTCRtpTransceiver} */ transceiver) => client.decrypt(transceiver, 'member'),
    },
  );
  const speaker = document.createElement('audio');
  speaker.autoplay = true;
  speaker.srcObject = new MediaStream([receiverOf(connection, 'audio').track]);
  document.body.append(speaker);
  const receiver = receiverOf(connection, 'video');
  const screen = new Screen(receiver.track);
  const { ms } = await current().scene.plays(2000, { receiver, screen, audio: false, isFirst: true });
  const heard = await until('energy', 1000, async () => {
    const { energy } = await received(receiverOf(connection, 'audio'));
    return energy > 0 || `${energy}`;
  });
  return `pictures after ${ms} ms, sound after ${heard} ms more`;
}
