// @ts-check
// The SFU as a page sees it: offers go there by HTTP, and answers come back.

import { Call, preferCodec } from '../../e2e/page/call.js';

/** @param {RTCPeerConnection} connection */
async function gathered(connection) {
  while (connection.iceGatheringState !== 'complete')
    await new Promise((resolve) =>
      connection.addEventListener('icegatheringstatechange', resolve, { once: true }),
    );
}

export class Sfu {
  /** @param {string} url */
  constructor(url) {
    this.url = url;
  }

  /** @param {string} path @param {Record<string, string | number>} query @param {string} [body] of a POST */
  async ask(path, query, body) {
    const text = new URLSearchParams(Object.entries(query).map(([name, value]) => [name, `${value}`]));
    const method = body === undefined ? 'GET' : 'POST';
    const response = await fetch(`${this.url}/${path}?${text}`, {
      method,
      ...(body !== undefined && { body }),
    });
    if (!response.ok) throw new Error(`SFU: ${await response.text()}`);
    return response;
  }

  /** @param {string} path @param {Record<string, string>} query @param {RTCPeerConnection} connection */
  async #offer(path, query, connection) {
    await connection.setLocalDescription(await connection.createOffer());
    await gathered(connection);
    const response = await this.ask(path, query, connection.localDescription?.sdp ?? '');
    await connection.setRemoteDescription({ type: 'answer', sdp: await response.text() });
  }

  /** Sends what a connection has to send. @param {string} id @param {RTCPeerConnection} connection */
  publish(id, connection) {
    return this.#offer('publish', { id }, connection);
  }

  /**
   * Receives what a publisher sends.
   * @param {string} id
   * @param {string} to the publisher
   * @param {RTCPeerConnection} connection
   * @param {string} [rid] the layer to begin with, of simulcast
   */
  subscribe(id, to, connection, rid = '') {
    return this.#offer('subscribe', { id, to, rid }, connection);
  }

  /** Another layer. @param {string} id @param {string} rid */
  select(id, rid) {
    return this.ask('switch', { id, rid }, '');
  }

  /** What happens to media from now on, from 0 to 1. @param {{ loss?: number, reorder?: number, duplicate?: number }} faults */
  setNetwork(faults) {
    return this.ask('network', faults, '');
  }

  /** What has happened to it. @returns {Promise<{ Packets: number, Lost: number, Reordered: number, Duplicated: number }>} */
  async network() {
    return (await this.ask('network', {})).json();
  }

  /** Layers of a publisher that have come. @param {string} id @returns {Promise<string[]>} */
  async layers(id) {
    return (await this.ask('layers', { id })).json();
  }

  /** All payloads of a publisher's packets, one after another. @param {string} id */
  async seen(id) {
    return new Uint8Array(await (await this.ask('seen', { id })).arrayBuffer());
  }
}

/**
 * Transceivers for what a publisher sends, with transforms in time: before there is an offer.
 * @param {RTCPeerConnection} connection
 * @param {{ codec: string, audio: boolean }} media
 * @param {{ decrypt: Function }} receiving
 */
function addReceivers(connection, { codec, audio }, receiving) {
  const video = connection.addTransceiver('video', { direction: 'recvonly' });
  preferCodec(video, codec);
  const all = audio ? [video, connection.addTransceiver('audio', { direction: 'recvonly' })] : [video];
  for (const transceiver of all) receiving.decrypt(transceiver, 'alice');
}

/**
 * A connection more, for somebody else who receives the same.
 * @param {Pick<SfuCall, 'sfu' | 'name' | 'media'>} call
 * @param {{ configure: Function, decrypt: Function }} receiving
 */
export async function subscribeTo({ sfu, name, media }, receiving) {
  const connection = new RTCPeerConnection(receiving.configure({ bundlePolicy: 'max-bundle' }));
  addReceivers(connection, media, receiving);
  await sfu.subscribe(crypto.randomUUID(), name, connection, media.rid);
  return connection;
}

/** A call of one who sends and one who receives, with an SFU between them. */
export class SfuCall extends Call {
  /**
   * @param {Sfu} sfu
   * @param {RTCConfiguration} left
   * @param {RTCConfiguration} right
   * @param {{ codec: string, audio: boolean, rid?: string }} media what is sent; `rid`: with layers, of which this first
   */
  constructor(sfu, left, right, media) {
    super(left, right);
    this.left.onicecandidate = null;
    this.right.onicecandidate = null;
    this.sfu = sfu;
    this.media = media;
    /** @type {string} */
    this.name = crypto.randomUUID();
    this.subscriber = crypto.randomUUID();
  }

  /** Both negotiate with the SFU. @override @param {RTCPeerConnection} [_from] @param {import('../../e2e/page/call.js').Steps} [steps] */
  async negotiate(_from, steps = {}) {
    await this.sfu.publish(this.name, this.left);
    const { codec, audio, rid } = this.media;
    preferCodec(this.right.addTransceiver('video', { direction: 'recvonly' }), codec);
    if (audio) this.right.addTransceiver('audio', { direction: 'recvonly' });
    steps.received?.();
    await this.sfu.subscribe(this.subscriber, this.name, this.right, rid);
  }
}
