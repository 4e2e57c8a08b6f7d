// @ts-check
// A relay of simulcast in the place of an SFU: it receives every layer of a sender's, and passes on one of them over a
// connection of its own. Between the two all is ciphertext, which it checks.

import { Scene } from './scene.js';
import { Tap } from './tap.js';

/** It describes frames of the relay's own encoder, and not those that leave in their place. */
const DESCRIPTOR = /a=extmap:\d+\S* \S*dependency-descriptor\S*\r\n/g;

export class Relay extends Tap {
  constructor() {
    super('VP8', new Worker(new URL('./relay-worker.js', import.meta.url), { type: 'module' }));
    this.layers = 0;
  }

  /** The next layer, lowest first. @override @param {RTCRtpTransceiver} transceiver */
  decrypt({ receiver }) {
    receiver.transform = new RTCRtpScriptTransform(this.worker, { layer: this.layers++ });
  }

  /** What is passed on. @param {RTCRtpTransceiver} transceiver */
  encrypt({ sender }) {
    sender.transform = new RTCRtpScriptTransform(this.worker, {});
  }

  /** A call of the relay's with somebody, who receives what is passed on. @param {import('./scene.js').Receiving} subscriber */
  async subscribe(subscriber) {
    const scene = new Scene(this, subscriber, { codec: this.codec, audio: false, size: { fps: 30 } });
    await scene.publish();
    await scene.call.negotiate(scene.call.left, {
      editOffer: (sdp) => sdp.replace(DESCRIPTOR, ''),
      received: () => scene.decryptAll(),
    });
    scene.watch();
    return scene;
  }

  /** Passes on another layer, from its next key frame. @param {number} layer */
  select(layer) {
    return this.ask({ layer });
  }
}
