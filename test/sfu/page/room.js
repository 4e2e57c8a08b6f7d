// @ts-check
// The usual call through the SFU: Alice sends, Bob receives, and a tap receives what Bob does and has the keys to check it.

import { cipherSuite, Person, shareKey } from '../../e2e/page/client.js';
import { findPlain, Watched } from '../../e2e/page/plain.js';
import { Scene } from '../../e2e/page/scene.js';
import { simulcast } from '../../e2e/page/simulcast.js';
import { isSealed, Tap } from '../../e2e/page/tap.js';
import { must, until } from '../../e2e/page/wait.js';
import { Sfu, SfuCall, subscribeTo } from './sfu.js';

export { cipherSuite };

/**
 * @typedef {object} Options of every case
 * @property {string} sfu where it is
 * @property {string} [codec]
 * @property {boolean} [layered] in three layers, without audio
 */

/**
 * A scene with an SFU in its middle.
 * @param {Sfu} sfu
 * @param {import('../../e2e/page/scene.js').Sending} alice
 * @param {import('../../e2e/page/scene.js').Receiving} bob
 * @param {Options} options
 */
export function sceneThrough(sfu, alice, bob, { codec = 'VP8', layered = false }) {
  const media = { codec, audio: !layered, ...(layered && { rid: 'l' }) };
  return new Scene(alice, bob, {
    ...(layered && simulcast),
    codec,
    audio: !layered,
    connect: (left, right) => new SfuCall(sfu, left, right, media),
  });
}

/** @param {Scene} scene */
export function callOf({ call }) {
  if (call instanceof SfuCall) return call;
  throw new Error('a call without an SFU');
}

/** A client that encrypts nothing and takes everything, in the place of one that does. @param {Person} person */
export function inTheClear({ client }) {
  return {
    configure: (/** @type {RTCConfiguration} */ configuration) => client.configure(configuration),
    encrypt: (/** @type {RTCRtpTransceiver} */ transceiver) => client.passthrough(transceiver),
    decrypt: (/** @type {RTCRtpTransceiver} */ transceiver) => client.allowPlaintext(transceiver),
  };
}

export class Room {
  /** @param {Options} options */
  constructor(options) {
    this.options = options;
    this.sfu = new Sfu(options.sfu);
    this.alice = new Watched('alice');
    this.bob = new Person('bob');
    this.tap = new Tap(options.codec ?? 'VP8');
    this.scene = sceneThrough(this.sfu, this.alice.client, this.bob.client, options);
  }

  /** Alice has a new key, and the others too. */
  async newKey() {
    const key = await shareKey(this.alice, [this.bob]);
    await this.tap.addKey(key.baseKey, key.kid);
    return key;
  }

  /** All are connected. */
  async connect() {
    await this.scene.start();
    await subscribeTo(callOf(this.scene), this.tap);
    return this;
  }

  /** The same people meet in another SFU, with new connections. @param {string} url */
  async move(url) {
    this.scene.close();
    this.sfu = new Sfu(url);
    this.scene = sceneThrough(this.sfu, this.alice.client, this.bob.client, this.options);
    await this.connect();
  }

  /** Nothing came out of Alice's browser that is not under her keys, and no nonce twice. */
  async isSealed() {
    let looked = 0;
    let found = 0;
    await until('frames to look at', 1000, async () => {
      const frames = await this.alice.plaintext();
      ({ looked, found } = findPlain(await this.sfu.seen(callOf(this.scene).name), frames));
      return looked > 10 && (await this.tap.report()).frames > 20;
    });
    must(found === 0, `${found} of ${looked} frames are in what the SFU got`);
    const wire = await this.tap.report();
    isSealed(wire);
    must(this.alice.eventsOf('unprotected').length === 0, 'unprotected was raised');
    return `${wire.frames} frames on the wire sealed, no nonce twice, 0 of ${looked} found in the SFU`;
  }

  /** Frames that Bob's transforms dropped, by reason. */
  async drops() {
    /** @type {Record<string, number>} */
    const sum = {};
    const { receivers } = await this.bob.client.stats();
    for (const { dropped } of receivers)
      for (const [reason, count] of Object.entries(dropped)) sum[reason] = (sum[reason] ?? 0) + Number(count);
    const reasons = Object.entries(sum).filter(([, count]) => count > 0);
    return `dropped ${reasons.map(([reason, count]) => `${count} ${reason}`).join(', ') || '0'}`;
  }
}
