// @ts-check
// In the place of an SFrameClient, when the measurements themselves are tested: encrypts nothing.

export class StandIn {
  /** @param {'pass' | 'drop'} mode */
  constructor(mode) {
    this.mode = mode;
    this.worker = new Worker(new URL('./stand-in-worker.js', import.meta.url), { type: 'module' });
  }

  /** @param {RTCConfiguration} [configuration] */
  configure(configuration) {
    return { ...configuration, encodedInsertableStreams: true };
  }

  /** @param {RTCRtpTransceiver} transceiver */
  encrypt({ sender }) {
    sender.transform = new RTCRtpScriptTransform(this.worker, { mode: 'pass' });
  }

  /** @param {RTCRtpTransceiver} transceiver */
  decrypt({ receiver }) {
    receiver.transform = new RTCRtpScriptTransform(this.worker, { mode: this.mode });
  }

  destroy() {
    this.worker.terminate();
  }
}
