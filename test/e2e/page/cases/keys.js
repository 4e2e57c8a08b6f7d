// @ts-check
// New keys in a running call.

import { Person, randomKey, shareKey } from '../client.js';
import { Scene } from '../scene.js';
import { must, sleep, until } from '../wait.js';

/** @typedef {import('../scene.js').SceneOptions} Options */

/** Three new keys, Bob having each before Alice uses it. @param {Options} options */
export async function rotation(options) {
  const alice = new Person('alice', options.client);
  const bob = new Person('bob', options.client);
  await shareKey(alice, [bob], { kid: 1n });
  const scene = await new Scene(alice.client, bob.client, options).start();
  await scene.plays();
  const times = [];
  for (const kid of [2n, 3n, 4n]) {
    const baseKey = randomKey();
    await bob.client.addDecryptionKey('alice', baseKey, kid);
    await alice.client.setEncryptionKey(baseKey, kid);
    const { ms } = await scene.plays();
    await bob.client.removeDecryptionKey('alice', kid - 1n);
    times.push(ms);
  }
  return `after ${times.join(', ')} ms; ${await scene.readsPictures()}`;
}

/** Bob has the new key half a second after Alice uses it. @param {Options} options */
export async function lateRotation(options) {
  const alice = new Person('alice', options.client);
  const bob = new Person('bob', options.client);
  await shareKey(alice, [bob], { kid: 1n });
  const scene = await new Scene(alice.client, bob.client, options).start();
  await scene.plays();
  const baseKey = randomKey();
  await alice.client.setEncryptionKey(baseKey, 2n);
  await sleep(500);
  await bob.client.addDecryptionKey('alice', baseKey, 2n);
  const { ms } = await scene.plays();
  return `after ${ms} ms`;
}

/** Five steps of a ratchet, of which Bob is not told. @param {Options} options */
export async function ratchet(options) {
  const client = { ratchetBits: 8, ...options.client };
  const alice = new Person('alice', client);
  const bob = new Person('bob', client);
  const baseKey = randomKey();
  const kid = await alice.client.setRatchetKey(baseKey.slice());
  await bob.client.addRatchetKey('alice', baseKey, kid);
  const scene = await new Scene(alice.client, bob.client, options).start();
  await scene.plays();
  const times = [];
  for (let step = 0; step < 5; step++) {
    await alice.client.ratchet();
    times.push((await scene.plays()).ms);
  }
  return `after ${times.join(', ')} ms; ${await scene.readsPictures()}`;
}

/** Bob forgets Alice: nothing of hers is decoded any more, until he has her key again. @param {Options} options */
export async function participantRemoved(options) {
  const alice = new Person('alice', options.client);
  const bob = new Person('bob', options.client);
  const { baseKey, kid } = await shareKey(alice, [bob]);
  const scene = await new Scene(alice.client, bob.client, options).start();
  await scene.plays();
  await bob.client.removeParticipant('alice');
  const silent = await scene.staysSilent();
  await bob.client.addDecryptionKey('alice', baseKey, kid);
  const { ms } = await scene.plays();
  return `${silent}; then after ${ms} ms`;
}

/** A receiver opens frames of its own participant only, and of another when it is bound to that. @param {Options} options */
export async function rebinding(options) {
  const alice = new Person('alice', options.client);
  const bob = new Person('bob', options.client);
  await shareKey(alice, [bob]);
  const scene = await new Scene(alice.client, bob.client, options).start();
  await scene.plays();
  for (const receiver of scene.call.right.getReceivers()) bob.client.decrypt(receiver, 'carol');
  const silent = await scene.staysSilent();
  for (const receiver of scene.call.right.getReceivers()) bob.client.decrypt(receiver, 'alice');
  const { ms } = await scene.plays();
  return `as another's: ${silent}; as hers after ${ms} ms`;
}

/** Messages over a data channel, one of them twice. @param {Options} options */
export async function messages(options) {
  const alice = new Person('alice', options.client);
  const bob = new Person('bob', options.client);
  await shareKey(alice, [bob]);
  const scene = new Scene(alice.client, bob.client, options);
  const channel = scene.call.left.createDataChannel('chat');
  /** @type {Promise<string>[]} */
  const arrived = [];
  scene.call.right.ondatachannel = (event) => {
    event.channel.binaryType = 'arraybuffer';
    event.channel.onmessage = ({ data }) => {
      const opening = bob.client.decryptMessage('alice', new Uint8Array(data));
      arrived.push(
        opening.then(
          (/** @type {Uint8Array<ArrayBuffer>} */ bytes) => new TextDecoder().decode(bytes),
          (/** @type {{ code: string }} */ { code }) => code,
        ),
      );
    };
  };
  await scene.start();
  await until('a channel', 1000, () => channel.readyState === 'open');
  for (let i = 0; i < 20; i++) {
    const message = await alice.client.encryptMessage(new TextEncoder().encode(`message ${i}`));
    channel.send(message);
    if (i === 19) channel.send(message);
  }
  await until('messages', 1000, () => arrived.length === 21);
  const texts = await Promise.all(arrived);
  for (let i = 0; i < 20; i++) must(texts[i] === `message ${i}`, `${texts[i]}`);
  must(texts[20] === 'replay', `the same again: ${texts[20]}`);
  await scene.plays();
  return '20 messages, and one of them again: replay';
}
