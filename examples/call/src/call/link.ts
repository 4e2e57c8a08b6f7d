// From one sender to one receiver: two RTCPeerConnections of this page, as a server would have one with each of them.

import type { SFrameClient } from 'sframe-wasm/webrtc';
import { type Codec, preferCodec } from './codecs.ts';
import { joinLayers, type Layer, layers, simulcastEncodings, splitLayers } from './layers.ts';
import { type Kind, type Protection, protectReceiver, protectSender } from './protection.ts';

/** Who sends. */
export interface Sending {
  readonly name: string;
  readonly client: SFrameClient;
  readonly video: MediaStreamTrack;
  readonly audio: MediaStreamTrack;
}

/** Who receives. */
export interface Receiving {
  readonly name: string;
  /** The server has none: it takes what comes as it comes. */
  readonly client?: SFrameClient;
  /** A track has come. */
  take(from: string, track: MediaStreamTrack, layer: Layer): void;
}

export interface LinkOptions {
  readonly codec: Codec;
  readonly isSimulcast: boolean;
  readonly protection: Protection;
}

async function addCandidate(connection: RTCPeerConnection, candidate: RTCIceCandidate | null) {
  if (!candidate?.candidate) return;
  try {
    // one transport for all: every candidate belongs to the first section, whatever the other side makes of the rest
    await connection.addIceCandidate({ candidate: candidate.candidate, sdpMLineIndex: 0 });
  } catch (error) {
    if (connection.signalingState !== 'closed') throw error;
  }
}

export class Link {
  readonly from: Sending;
  readonly to: Receiving;
  readonly #near: RTCPeerConnection;
  readonly #far: RTCPeerConnection;
  readonly #video: RTCRtpTransceiver;
  readonly #audio: RTCRtpTransceiver;
  readonly #isSimulcast: boolean;
  #protection: Protection;
  #turn: Promise<unknown> = Promise.resolve();

  /** Whatever is sent has its transform before anything is negotiated. */
  constructor(from: Sending, to: Receiving, { codec, isSimulcast, protection }: LinkOptions) {
    this.from = from;
    this.to = to;
    this.#isSimulcast = isSimulcast;
    this.#protection = protection;
    const bundlePolicy = 'max-bundle';
    this.#near = new RTCPeerConnection({ ...from.client.configure(), bundlePolicy });
    this.#far = new RTCPeerConnection({ ...to.client?.configure(), bundlePolicy });
    this.#near.onicecandidate = ({ candidate }) => addCandidate(this.#far, candidate);
    this.#far.onicecandidate = ({ candidate }) => addCandidate(this.#near, candidate);
    this.#far.ontrack = ({ transceiver, receiver }) => this.#onTrack(transceiver.mid, receiver);
    const direction = 'sendonly';
    const sendEncodings = isSimulcast ? simulcastEncodings : [{ maxBitrate: 400_000 }];
    this.#video = this.#near.addTransceiver(from.video, { direction, sendEncodings });
    this.#audio = this.#near.addTransceiver(from.audio, { direction });
    preferCodec(this.#video, codec);
    protectSender(from.client, this.#video, 'video', protection);
    protectSender(from.client, this.#audio, 'audio', protection);
  }

  /** Offers and answers, also when something has changed. */
  negotiate(): Promise<void> {
    const done = this.#turn.then(() => this.#negotiate());
    this.#turn = done.catch(() => {});
    return done;
  }

  async setCodec(codec: Codec): Promise<void> {
    preferCodec(this.#video, codec);
    await this.negotiate();
  }

  /** Another microphone. */
  async replaceAudio(track: MediaStreamTrack): Promise<void> {
    await this.#audio.sender.replaceTrack(track);
  }

  /** The sending side of {@link Protection}. */
  protectSenders(protection: Protection): void {
    this.#protection = protection;
    const ends: [Kind, RTCRtpTransceiver][] = [
      ['video', this.#video],
      ['audio', this.#audio],
    ];
    for (const [kind, { sender }] of ends) protectSender(this.from.client, sender, kind, protection);
  }

  /** The receiving side of it. */
  protectReceivers(protection: Protection): void {
    this.#protection = protection;
    const { client } = this.to;
    if (client === undefined) return;
    for (const receiver of this.#far.getReceivers())
      protectReceiver(client, receiver, this.from.name, protection);
  }

  close(): void {
    this.#near.close();
    this.#far.close();
  }

  async #negotiate(): Promise<void> {
    if (this.#near.signalingState === 'closed') return;
    await this.#near.setLocalDescription(await this.#near.createOffer());
    const offer = this.#near.localDescription?.sdp ?? '';
    await this.#far.setRemoteDescription({
      type: 'offer',
      sdp: this.#isSimulcast ? splitLayers(offer) : offer,
    });
    await this.#far.setLocalDescription(await this.#far.createAnswer());
    const answer = this.#far.localDescription?.sdp ?? '';
    await this.#near.setRemoteDescription({
      type: 'answer',
      sdp: this.#isSimulcast ? joinLayers(answer) : answer,
    });
  }

  #onTrack(mid: string | null, receiver: RTCRtpReceiver): void {
    const { name, client } = { name: this.from.name, client: this.to.client };
    if (client !== undefined) protectReceiver(client, receiver, name, this.#protection);
    this.to.take(name, receiver.track, layers.find((layer) => layer === mid) ?? 'large');
  }
}
