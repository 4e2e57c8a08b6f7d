// @ts-check
// A member in Node who sends: frames that come from elsewhere, under a key of its own.

import { randomBytes } from 'node:crypto';
import {
  MediaStreamTrack,
  RTCPeerConnection,
  RtpHeader,
  RtpPacket,
  useNACK,
  useOPUS,
  usePLI,
  useVP8,
} from 'werift';
import { FrameFormat } from '../../dist/codec.js';
import { SFrameEncryptor } from '../../dist/index.js';

/** How much of a frame goes into a packet. */
const SHARE_LEN = 1100;

const formats = {
  video: new FrameFormat({ mimeType: 'video/VP8' }),
  audio: new FrameFormat({ mimeType: 'audio/opus' }),
};

/** A frame's payloads: VP8's with a descriptor of one byte (RFC 7741 §4.2), Opus's as it is. @param {'video' | 'audio'} kind @param {Uint8Array} frame */
function payloadsOf(kind, frame) {
  if (kind === 'audio') return [Buffer.from(frame)];
  const payloads = [];
  for (let at = 0; at < frame.length; at += SHARE_LEN)
    payloads.push(Buffer.concat([Uint8Array.of(at === 0 ? 0x10 : 0), frame.subarray(at, at + SHARE_LEN)]));
  return payloads;
}

export class NodeSpeaker {
  sent = 0;
  /** Called when the SFU wants one. */
  onkeyframeneeded = () => {};
  #encryptor;
  #kid = 0n;
  #baseKey = new Uint8Array(randomBytes(16));
  #connection = new RTCPeerConnection({
    codecs: { video: [useVP8({ rtcpFeedback: [useNACK(), usePLI()] })], audio: [useOPUS()] },
    iceAdditionalHostAddresses: ['127.0.0.1'], // where there is no other
    iceServers: [], // nobody outside is asked
    iceUseIpv6: false,
  });
  #tracks = {
    video: new MediaStreamTrack({ kind: 'video' }),
    audio: new MediaStreamTrack({ kind: 'audio' }),
  };
  #numbers = { video: 0, audio: 0 };

  /** @param {import('../../dist/index.js').CipherSuite} cipherSuite */
  constructor(cipherSuite) {
    this.#encryptor = new SFrameEncryptor({ cipherSuite });
    this.#kid = BigInt(`0x${randomBytes(6).toString('hex')}`);
    this.#encryptor.setEncryptionKey(this.#baseKey, this.#kid);
  }

  /** @param {string} url of the SFU @returns whom to subscribe to, and the key: not for the SFU */
  async publish(url) {
    for (const track of Object.values(this.#tracks)) {
      const { sender } = this.#connection.addTransceiver(track, { direction: 'sendonly' });
      sender.onPictureLossIndication.subscribe(() => this.onkeyframeneeded());
    }
    await this.#connection.setLocalDescription(await this.#connection.createOffer());
    const publisher = crypto.randomUUID();
    const body = this.#connection.localDescription?.sdp ?? '';
    const response = await fetch(`${url}/publish?id=${publisher}`, { method: 'POST', body });
    if (!response.ok) throw new Error(`SFU: ${await response.text()}`);
    await this.#connection.setRemoteDescription({ type: 'answer', sdp: await response.text() });
    return { publisher, baseKey: Buffer.from(this.#baseKey).toString('hex'), kid: `${this.#kid}` };
  }

  /** @param {'video' | 'audio'} kind @param {Uint8Array} frame @param {number} timestamp */
  send(kind, frame, timestamp) {
    if (this.#connection.connectionState !== 'connected') return;
    const sent = formats[kind].encrypt(this.#encryptor, frame);
    const payloads = payloadsOf(kind, sent);
    for (const [i, payload] of payloads.entries()) {
      const sequenceNumber = this.#numbers[kind]++ & 0xffff;
      const marker = kind === 'video' && i === payloads.length - 1;
      const header = new RtpHeader({ sequenceNumber, timestamp, marker, payloadType: 96 });
      this.#tracks[kind].writeRtp(new RtpPacket(header, payload));
    }
    this.sent++;
  }

  async close() {
    this.#encryptor.destroy();
    await this.#connection.close();
  }
}
