// @ts-check
// VideoCall: two people, one of whom calls the other by name.

import { encryptHandle } from '../../../dist/janus.js';
import { Person } from '../../e2e/page/client.js';
import { Source } from '../../e2e/page/pattern.js';
import { getMicrophone } from '../../e2e/page/scene.js';
import { keyOf } from './member.js';
import { connect, Plugin } from './session.js';
import { View } from './view.js';

/** @type {{ plugin: Plugin, tracks: () => object[], view: View | undefined } | undefined} */
let phone;

/** @param {string} status */
const says =
  (status) =>
  (/** @type {any} */ { result }) =>
    result?.event === status;

function ready() {
  if (phone === undefined) throw new Error('nobody has registered');
  return phone;
}

/** @param {{ url: string, name: string, other: string, key: number[], otherKey: number[] }} options */
export async function register({ url, name, other, key, otherKey }) {
  const microphone = await getMicrophone();
  const plugin = await Plugin.attach(await connect(url), 'videocall');
  const { client } = new Person(name);
  await client.setEncryptionKey(keyOf(key), 1n);
  await client.addDecryptionKey(other, keyOf(otherKey), 1n);
  encryptHandle(plugin.handle, client, { participant: () => other });
  const source = new Source();
  const tracks = () => [
    { type: 'audio', capture: microphone.clone(), recv: true },
    { type: 'video', capture: source.track, recv: true },
  ];
  phone = { plugin, tracks, view: undefined };
  await plugin.request({ request: 'register', username: name }, says('registered'));
}

/** @param {{ other: string }} options */
export async function call({ other }) {
  const { plugin, tracks } = ready();
  const jsep = await plugin.offer({ tracks: tracks() });
  const { jsep: answer } = await plugin.request({ request: 'call', username: other }, says('accepted'), jsep);
  await plugin.accept(answer);
  ready().view = new View(plugin.connection);
  return { e2ee: answer.e2ee };
}

export async function takeCall() {
  const { plugin, tracks } = ready();
  const { jsep } = await plugin.heard(says('incomingcall'));
  const answer = await plugin.answer({ jsep, tracks: tracks() });
  await plugin.request({ request: 'accept' }, says('accepted'), answer);
  ready().view = new View(plugin.connection);
  return { e2ee: jsep.e2ee };
}

export function callPlays() {
  return ready().view?.plays();
}
