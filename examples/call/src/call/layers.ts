// Simulcast without a server that picks: the sender makes two sizes of one picture, and the receiver is told that they
// are two tracks. What names a layer in RTP packets (RID) is read by it as what names a track (MID).

const RID = 'urn:ietf:params:rtp-hdrext:sdes:rtp-stream-id';
const MID = 'urn:ietf:params:rtp-hdrext:sdes:mid';

/** Names of the layers, the smaller picture first. */
export const layers = ['small', 'large'] as const;

export type Layer = (typeof layers)[number];

/** What the sender is asked to make. */
export const simulcastEncodings: RTCRtpEncodingParameters[] = [
  { rid: 'small', scaleResolutionDownBy: 2 },
  { rid: 'large', scaleResolutionDownBy: 1 },
];

/** The part of a session, and those of its media. */
function sectionsOf(sdp: string): [session: string, media: string[]] {
  const [session = '', ...media] = sdp.split(/(?=^m=)/m);
  return [session, media];
}

function without(section: string, unwanted: RegExp): string {
  return section
    .split('\r\n')
    .filter((line) => !unwanted.test(line))
    .join('\r\n');
}

function bundle(session: string, mids: readonly string[]): string {
  return session.replace(/^a=group:BUNDLE.*$/m, `a=group:BUNDLE ${mids.join(' ')}`);
}

/** An offer of video in layers as mid 0, and audio as mid 1: as one of a track for each layer, and audio. */
export function splitLayers(offer: string): string {
  const [session, [video = '', audio = '']] = sectionsOf(offer);
  const plain = without(
    video,
    /^a=(rid|simulcast|msid|ssrc|extmap:\d+ \S*(sdes:mid|repaired-rtp-stream-id))/,
  ).replace(RID, MID);
  const stream = crypto.randomUUID();
  const tracks = layers.map((layer) =>
    plain.replace(/^a=mid:.*$/m, `a=mid:${layer}\r\na=msid:${stream} ${stream}-${layer}`),
  );
  // else the same extension would have two numbers
  const sound = without(audio, /^a=extmap:\d+ \S*sdes:mid/);
  return [bundle(session, [...layers, '1']), ...tracks, sound].join('');
}

/** The answer to that, as one to what was offered. */
export function joinLayers(answer: string): string {
  const [session, [video = '', , audio = '']] = sectionsOf(answer);
  const joined = video.replace(MID, RID).replace(/^a=mid:.*$/m, 'a=mid:0');
  const rids = layers.map((layer) => `a=rid:${layer} recv\r\n`).join('');
  return [bundle(session, ['0', '1']), joined, rids, `a=simulcast:recv ${layers.join(';')}\r\n`, audio].join(
    '',
  );
}
