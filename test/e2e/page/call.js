// @ts-check
// Two RTCPeerConnections of one page, and what they count.

/**
 * Hooks into a negotiation, for attaching transforms early or late.
 * @typedef {object} Steps
 * @property {() => void} [offered] after setLocalDescription(offer)
 * @property {(sdp: string) => string} [editOffer] what the other side reads
 * @property {() => void} [received] after setRemoteDescription(offer), before setLocalDescription(answer)
 * @property {(sdp: string) => string} [editAnswer]
 * @property {() => void} [answered] after setLocalDescription(answer)
 */

/** @param {RTCPeerConnection} connection @param {RTCIceCandidate | null} candidate */
async function add(connection, candidate) {
  if (!candidate?.candidate || connection.signalingState === 'closed') return;
  await connection.addIceCandidate({ candidate: candidate.candidate, sdpMLineIndex: 0 });
}

export class Call {
  /** @param {RTCConfiguration} left @param {RTCConfiguration} right */
  constructor(left, right) {
    // one transport, so that every candidate belongs to the first m-line, whatever a test makes of the others
    this.left = new RTCPeerConnection({ ...left, bundlePolicy: 'max-bundle' });
    this.right = new RTCPeerConnection({ ...right, bundlePolicy: 'max-bundle' });
    this.left.onicecandidate = ({ candidate }) => add(this.right, candidate);
    this.right.onicecandidate = ({ candidate }) => add(this.left, candidate);
  }

  /**
   * One offer and one answer.
   * @param {RTCPeerConnection} [from]
   * @param {Steps} [steps]
   */
  async negotiate(from = this.left, steps = {}) {
    const to = from === this.left ? this.right : this.left;
    await from.setLocalDescription(await from.createOffer());
    steps.offered?.();
    const offer = from.localDescription?.sdp ?? '';
    await to.setRemoteDescription({ type: 'offer', sdp: steps.editOffer?.(offer) ?? offer });
    steps.received?.();
    await to.setLocalDescription(await to.createAnswer());
    steps.answered?.();
    const answer = to.localDescription?.sdp ?? '';
    await from.setRemoteDescription({ type: 'answer', sdp: steps.editAnswer?.(answer) ?? answer });
  }

  close() {
    this.left.close();
    this.right.close();
  }
}

/**
 * Makes a transceiver negotiate one codec only, and its retransmission.
 * @param {RTCRtpTransceiver} transceiver
 * @param {string} codec VP8, VP9, H264, AV1
 */
export function preferCodec(transceiver, codec) {
  const kind = transceiver.receiver.track.kind;
  const all = RTCRtpReceiver.getCapabilities(kind)?.codecs ?? [];
  const chosen = all.filter(({ mimeType, sdpFmtpLine = '' }) => {
    const [, name = ''] = mimeType.toUpperCase().split('/');
    if (name === 'RTX') return true;
    if (name !== codec) return false;
    if (codec === 'H264') return sdpFmtpLine.includes('packetization-mode=1') && /id=42e0/.test(sdpFmtpLine);
    return codec !== 'VP9' || !/profile-id=[1-9]/.test(sdpFmtpLine);
  });
  transceiver.setCodecPreferences(chosen);
}

/** @param {RTCRtpSender | RTCRtpReceiver} end @param {string} type of stats */
async function statsOf(end, type) {
  const entries = [...(await end.getStats()).values()];
  return entries.filter((entry) => entry.type === type);
}

/** @param {any[]} entries @param {string} name */
function sum(entries, name) {
  return entries.reduce((total, entry) => total + (entry[name] ?? 0), 0);
}

/** What came out of a receiver so far. @param {RTCRtpReceiver} receiver */
export async function received(receiver) {
  const entries = await statsOf(receiver, 'inbound-rtp');
  return {
    decoded: sum(entries, 'framesDecoded'),
    energy: sum(entries, 'totalAudioEnergy'),
    // what a decoder put out, not what was made up in its place
    samples: sum(entries, 'totalSamplesReceived') - sum(entries, 'concealedSamples'),
    width: Math.max(0, ...entries.map(({ frameWidth }) => frameWidth ?? 0)),
  };
}

/** What a sender sent so far. framesSent is not asked for: it counts frames that never left. @param {RTCRtpSender} sender */
export async function sent(sender) {
  const entries = await statsOf(sender, 'outbound-rtp');
  return { packets: sum(entries, 'packetsSent') };
}
