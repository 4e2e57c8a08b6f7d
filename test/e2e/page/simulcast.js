// @ts-check
// Simulcast without an SFU: the receiver is told that the layers are tracks of their own. What names a layer in RTP
// packets (RID) is read by it as what names a track (MID), because the SDP gives that number to the other extension.

const RID = 'urn:ietf:params:rtp-hdrext:sdes:rtp-stream-id';
const MID = 'urn:ietf:params:rtp-hdrext:sdes:mid';

/** @param {string} sdp of one m-line @returns {[session: string, media: string]} */
function parts(sdp) {
  const start = sdp.indexOf('m=');
  const end = sdp.indexOf('\r\nm=', start);
  return [sdp.slice(0, start), end < 0 ? sdp.slice(start) : sdp.slice(start, end + 2)];
}

/** @param {string} media @param {RegExp} unwanted */
function without(media, unwanted) {
  return media
    .split('\r\n')
    .filter((line) => !unwanted.test(line))
    .join('\r\n');
}

/** The offer of one simulcast track, as one of several tracks. @param {string} sdp @param {string[]} rids */
function splitLayers(sdp, rids) {
  const [session, media] = parts(sdp);
  const plain = without(
    media,
    /^a=(rid|simulcast|msid|ssrc|extmap:\d+ \S*(sdes:mid|repaired-rtp-stream-id))/,
  );
  const named = plain.replace(RID, MID);
  const layers = rids.map((rid) => named.replace(/a=mid:.*/, `a=mid:${rid}\r\na=msid:${rid} ${rid}`));
  return session.replace(/a=group:BUNDLE.*/, `a=group:BUNDLE ${rids.join(' ')}`) + layers.join('');
}

/** The answer to that, as one to the simulcast track. @param {string} sdp @param {string[]} rids */
function joinLayers(sdp, rids) {
  const [session, media] = parts(sdp);
  const layers = rids.map((rid) => `a=rid:${rid} recv\r\n`).join('');
  return (
    session.replace(/a=group:BUNDLE.*/, 'a=group:BUNDLE 0') +
    media.replace(MID, RID).replace(/a=mid:.*/, 'a=mid:0') +
    `${layers}a=simulcast:recv ${rids.join(';')}\r\n`
  );
}

/** Three layers, for a source of 960×540 at least: of less, fewer are sent. */
const rids = ['l', 'm', 'h'];
const scales = [4, 2, 1];

/** What of a scene makes it one of simulcast. */
export const simulcast = {
  audio: false,
  size: { width: 960, height: 540, fps: 15 },
  sendEncodings: rids.map((rid, i) => ({ rid, scaleResolutionDownBy: scales[i] ?? 1 })),
};

/** Begins such a scene. @param {import('./scene.js').Scene} scene @returns {Promise<RTCRtpReceiver[]>} by layer, lowest first */
export async function startLayers(scene) {
  await scene.publish();
  await scene.call.negotiate(scene.call.left, {
    editOffer: (sdp) => splitLayers(sdp, rids),
    received: () => scene.decryptAll(),
    editAnswer: (sdp) => joinLayers(sdp, rids),
  });
  return scene.call.right.getReceivers();
}
