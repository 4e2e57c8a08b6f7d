// @ts-check
// Keys carried by a TextRoom: an exchange for each member, and nobody to trust but the list of identity keys.

import { JanusTextRoom } from '../../../dist/janus.js';
import { SenderKeyExchange } from '../../../dist/trust/exchange.js';
import { connectExchange } from '../../../dist/trust/webrtc-exchange.js';
import { cipherSuite } from '../../e2e/page/client.js';
import { heard } from './eavesdropper.js';
import { member } from './room.js';
import { Plugin } from './session.js';

/** @typedef {{ exchange: SenderKeyExchange, connection: ReturnType<typeof connectExchange>, list: Map<string, string>, used: string[], kids: string[], failures: string[], room: number, channel: JanusTextRoom }} Crew */

/** @type {Map<string, Crew>} */
const crews = new Map();

/** @param {string} name */
function crew(name) {
  const found = crews.get(name);
  if (found === undefined) throw new Error(`${name} exchanges nothing`);
  return found;
}

/** @param {Uint8Array | CryptoKey} key */
function hexOf(key) {
  if (!(key instanceof Uint8Array)) throw new Error('a CryptoKey');
  return [...key].map((byte) => byte.toString(16).padStart(2, '0')).join('');
}

/** Comes into the TextRoom; to be admitted and started. @param {{ name: string, room: number, create?: boolean }} options @returns {Promise<string>} his identity key */
export async function prepareExchange({ name, room, create = false }) {
  const { client, session } = member(name);
  const plugin = await Plugin.attach(session, 'textroom');
  if (create) await plugin.ask({ request: 'create', room });
  const channel = new JanusTextRoom({ room, participant: name });
  await channel.open(plugin.handle);
  const ecdsa = { name: 'ECDSA', namedCurve: 'P-256' };
  const { privateKey, publicKey } = await crypto.subtle.generateKey(ecdsa, false, ['sign', 'verify']);
  const raw = new Uint8Array(await crypto.subtle.exportKey('raw', publicKey));
  /** @type {Map<string, string>} */
  const list = new Map();
  const exchange = new SenderKeyExchange({
    channel,
    room: `room ${room}`,
    cipherSuite,
    identity: { participant: name, privateKey, publicKey: raw },
    admit: ({ participant, identityKey }) => list.get(participant) === hexOf(identityKey),
  });
  channel.onleave = (participant) => exchange.forget(participant);
  /** @type {string[]} */
  const used = [];
  /** @type {string[]} */
  const kids = [];
  const { setEncryptionKey } = client;
  client.setEncryptionKey = async (/** @type {Uint8Array} */ key, /** @type {bigint} */ kid) => {
    used.push(hexOf(key));
    const set = await setEncryptionKey.call(client, key, kid);
    kids.push(`${set}`);
    return set;
  };
  const connection = connectExchange(client, exchange, { cipherSuite });
  /** @type {string[]} */
  const failures = [];
  connection.addEventListener('failed', ({ error }) => failures.push(`${error}`));
  crews.set(name, { exchange, connection, list, used, kids, failures, room, channel });
  return hexOf(raw);
}

/** @param {{ name: string, list: [name: string, identityKey: string][] }} options */
export async function startExchange({ name, list }) {
  const { exchange, list: admitted } = crew(name);
  for (const [participant, identityKey] of list) admitted.set(participant, identityKey);
  await exchange.start();
}

/** Lets another in. @param {{ name: string, list: [name: string, identityKey: string][] }} options */
export async function admit({ name, list }) {
  for (const [participant, identityKey] of list) crew(name).list.set(participant, identityKey);
}

/** @param {{ name: string }} options */
export async function renew({ name }) {
  crew(name).connection.renew();
}

/** @param {{ name: string, who: string }} options */
export async function remove({ name, who }) {
  return crew(name).exchange.remove(who);
}

/** What he has sent under so far, whom he knows, and what went wrong. @param {{ name: string }} options */
export async function keysOf({ name }) {
  const { exchange, used, kids, failures } = crew(name);
  return { used, kids, failures, known: exchange.participants.map(({ participant }) => participant) };
}

/** The TextRoom again, by another handle and session. @param {{ name: string }} options */
export async function reopenTextRoom({ name }) {
  const plugin = await Plugin.attach(member(name).session, 'textroom');
  await crew(name).channel.open(plugin.handle);
}

/** All that this page has given to Janus. */
export async function givenToJanus() {
  return heard();
}
