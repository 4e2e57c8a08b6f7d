// @ts-check
// A member in Node, on werift: a bot or a recorder that is openly one, with keys that it was given. It subscribes in the SFU
// like everybody else, puts packets together again, and opens the frames.

import { RTCPeerConnection, useAV1X, useNACK, useOPUS, usePLI, useVP8, useVP9 } from 'werift';
import { FrameFormat } from '../../dist/codec.js';
import { SFrameDecryptor, SFrameError } from '../../dist/index.js';
import { Frames, formats } from './frames.mjs';

/** How long connecting may take, in ms. */
const CONNECT_MS = 10_000;

const rtcpFeedback = [useNACK(), usePLI()];
const videoCodecs = {
  VP8: useVP8({ rtcpFeedback }),
  VP9: useVP9({ rtcpFeedback }),
  AV1: useAV1X({ mimeType: 'video/AV1', rtcpFeedback }),
};

/** @typedef {keyof typeof videoCodecs} VideoCodec */

export class NodeMember {
  /** Opened, in their order. @type {{ video: Uint8Array[], audio: Uint8Array[] }} */
  frames = { video: [], audio: [] };
  /** By reason. @type {Record<string, number>} */
  dropped = {};
  #connection;
  /** Called with each. @type {(kind: 'video' | 'audio', frame: Uint8Array<ArrayBuffer>, timestamp: number) => void} */
  onframe = () => {};
  /** What the video is. */
  #codec;
  #askForKeyFrame = () => {};
  /** A replay window for each track. */
  #decryptors;

  /** @param {VideoCodec} codec @param {import('../../dist/index.js').CipherSuite} cipherSuite */
  constructor(codec, cipherSuite) {
    this.#codec = codec;
    this.#decryptors = {
      video: new SFrameDecryptor({ cipherSuite }),
      audio: new SFrameDecryptor({ cipherSuite }),
    };
    this.#connection = new RTCPeerConnection({
      codecs: { video: [videoCodecs[codec]], audio: [useOPUS()] },
      iceAdditionalHostAddresses: ['127.0.0.1'], // where there is no other
      iceServers: [], // nobody outside is asked
      iceUseIpv6: false,
    });
  }

  /** @param {Uint8Array} baseKey @param {bigint} kid */
  addKey(baseKey, kid) {
    for (const decryptor of Object.values(this.#decryptors)) decryptor.addDecryptionKey(baseKey, kid);
  }

  /** Receives what a publisher sends. @param {string} url of the SFU @param {string} publisher */
  async subscribe(url, publisher) {
    this.#receive('video', this.#codec);
    this.#receive('audio', 'opus');
    await this.#connection.setLocalDescription(await this.#connection.createOffer());
    const query = new URLSearchParams({ id: crypto.randomUUID(), to: publisher });
    const body = this.#connection.localDescription?.sdp ?? '';
    const response = await fetch(`${url}/subscribe?${query}`, { method: 'POST', body });
    if (!response.ok) throw new Error(`SFU: ${await response.text()}`);
    await this.#connection.setRemoteDescription({ type: 'answer', sdp: await response.text() });
    if (this.#connection.connectionState !== 'connected')
      await this.#connection.connectionStateChange.watch((state) => state === 'connected', CONNECT_MS);
  }

  /** @param {'video' | 'audio'} kind @param {string} codec */
  #receive(kind, codec) {
    const depacketize = formats[codec];
    if (depacketize === undefined) throw new Error(`${codec} is not known`);
    const frames = new Frames(depacketize);
    const format = new FrameFormat({ mimeType: `${kind}/${codec}` });
    const transceiver = this.#connection.addTransceiver(kind, { direction: 'recvonly' });
    transceiver.onTrack.subscribe((track) => {
      if (kind === 'video') this.#askForKeyFrame = () => transceiver.receiver.sendRtcpPLI(track.ssrc ?? 0);
      track.onReceiveRtp.subscribe((packet) => {
        for (const { data, timestamp } of frames.add(packet)) {
          const opened = this.#open(kind, format, data);
          if (opened === undefined) continue;
          this.frames[kind].push(opened);
          this.onframe(kind, opened, timestamp);
        }
      });
    });
  }

  /** @param {'video' | 'audio'} kind @param {FrameFormat} format @param {Uint8Array} data */
  #open(kind, format, data) {
    try {
      return format.decrypt(this.#decryptors[kind], data);
    } catch (error) {
      if (!(error instanceof SFrameError)) throw error;
      this.dropped[error.code] = (this.dropped[error.code] ?? 0) + 1;
      return;
    }
  }

  /** Of the video. */
  askForKeyFrame() {
    this.#askForKeyFrame();
  }

  async close() {
    for (const decryptor of Object.values(this.#decryptors)) decryptor.destroy();
    await this.#connection.close();
  }
}
