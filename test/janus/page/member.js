// @ts-check
// Somebody in a VideoRoom: publishes, and subscribes to others. All of it goes through the adapter.

import { encryptHandle } from '../../../dist/janus.js';
import { Source } from '../../e2e/page/pattern.js';
import { getMicrophone } from '../../e2e/page/scene.js';
import { sleep } from '../../e2e/page/wait.js';
import { connect, Plugin } from './session.js';
import { View } from './view.js';

/** @typedef {import('../../e2e/page/client.js').Person} Person */

/** Tries to subscribe to a feed that has just been published, each 200 ms. */
const TRIES = 50;

/** @param {number[]} key */
export const keyOf = (key) => Uint8Array.from(key);

export class Member {
  /** @type {any} */
  session;
  /** @type {Plugin} */
  publisher = new Plugin();
  /** @type {Source | undefined} */
  source;
  /** @type {Map<string, { plugin: Plugin, view: View, encryption: any, since: number }>} by participant */
  views = new Map();
  /** Feeds by the name that they display. @type {Map<string, number>} */
  feeds = new Map();

  /** @param {string} url @param {number} room @param {Person} person */
  static async enter(url, room, person) {
    await getMicrophone();
    const member = new Member(room, person);
    await member.reenter(url);
    return member;
  }

  /** @param {number} room @param {Person} person */
  constructor(room, person) {
    this.room = room;
    this.person = person;
    this.name = person.name;
    this.client = person.client;
  }

  /** Connects, perhaps again: nothing is left of what there was, but the client. @param {string} url */
  async reenter(url) {
    for (const { view } of this.views.values()) view.close();
    this.views.clear();
    this.feeds.clear();
    this.source?.stop();
    this.session = await connect(url);
    const plugin = await Plugin.attach(this.session, 'videoroom');
    this.publisher = plugin;
    encryptHandle(plugin.handle, this.client);
    plugin.onmessage = ({ publishers = [] }) => {
      for (const { id, display } of publishers) this.feeds.set(display, id);
    };
  }

  /** @param {Record<string, unknown>} [options] */
  createRoom(options = {}) {
    return this.publisher.ask({
      request: 'create',
      room: this.room,
      publishers: 20,
      bitrate: 2_000_000,
      videocodec: 'vp8,vp9,av1,h264',
      ...options,
    });
  }

  async join() {
    const { message } = await this.publisher.request(
      { request: 'join', ptype: 'publisher', room: this.room, display: this.name },
      ({ videoroom }) => videoroom === 'joined',
    );
    this.id = message['id'];
  }

  /**
   * @param {object} options
   * @param {string} [options.codec]
   * @param {{ width?: number, height?: number, fps?: number }} [options.size]
   * @param {boolean} [options.simulcast]
   * @param {(jsep: any) => void} [options.edit] what Janus is told
   */
  async publish({ codec = 'VP8', size = {}, simulcast = false, edit } = {}) {
    this.source = new Source(size);
    const microphone = await getMicrophone();
    const tracks = [
      { type: 'audio', capture: microphone.clone(), recv: false },
      { type: 'video', capture: this.source.track, recv: false, simulcast },
    ];
    const jsep = await this.publisher.offer({ tracks });
    edit?.(jsep);
    const { message, jsep: answer } = await this.publisher.request(
      { request: 'publish', videocodec: codec.toLowerCase() },
      ({ configured }) => configured === 'ok',
      jsep,
    );
    await this.publisher.accept(answer);
    return { codec: message['video_codec'] ?? message['streams'], e2ee: answer.e2ee };
  }

  /** Joins as one who watches. A feed that has just been published is not there at once. @param {string} participant */
  async subscribe(participant) {
    for (let i = 0; ; i++) {
      const feed = this.feeds.get(participant);
      try {
        if (feed === undefined) throw new Error(`428: ${participant} is not there`);
        return await this.#subscribe(participant, feed);
      } catch (error) {
        if (i === TRIES || !/^Error: 428/.test(`${error}`)) throw error;
        await sleep(200);
      }
    }
  }

  /** @param {string} participant @param {number} feed */
  async #subscribe(participant, feed) {
    const since = performance.now();
    const plugin = await Plugin.attach(this.session, 'videoroom');
    const encryption = encryptHandle(plugin.handle, this.client, {
      participant: ({ feed_display }) => feed_display,
    });
    try {
      const { jsep } = await plugin.request(
        { request: 'join', ptype: 'subscriber', room: this.room, streams: [{ feed }] },
        ({ videoroom }) => videoroom === 'attached',
      );
      const answer = await plugin.answer({ jsep });
      await plugin.request({ request: 'start' }, ({ started }) => started === 'ok', answer);
      const view = new View(plugin.connection);
      this.views.set(participant, { plugin, view, encryption, since });
      return { offered: jsep.e2ee, answered: answer.e2ee };
    } catch (error) {
      plugin.detach();
      throw error;
    }
  }

  /** @param {string} participant */
  view(participant) {
    const found = this.views.get(participant);
    if (found === undefined) throw new Error(`${participant} is not watched`);
    return found;
  }

  leave() {
    for (const { view } of this.views.values()) view.close();
    this.source?.stop();
    this.client.destroy();
    return new Promise((resolve) => this.session.destroy({ success: () => resolve(undefined) }));
  }
}
