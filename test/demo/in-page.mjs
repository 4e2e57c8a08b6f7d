// @ts-check
// What tests ask the page, beside what it shows: the browser's own counts, and its pictures. These functions run in the
// page, and know nothing of what is outside of them.

/** Keeps the page's connections where tests find them. Runs before the page does. */
export function keepConnections() {
  const realm = /** @type {any} */ (globalThis);
  /** @type {RTCPeerConnection[]} */
  const connections = [];
  const Native = realm.RTCPeerConnection;
  realm.RTCPeerConnection = class extends Native {
    /** @param {...any} args */
    constructor(...args) {
      super(...args);
      connections.push(/** @type {any} */ (this));
    }
  };
  realm.testConnections = connections;
}

/** Takes away what encrypts frames. Runs before the page does. */
export function removeTransforms() {
  const realm = /** @type {any} */ (globalThis);
  delete realm.RTCRtpScriptTransform;
  delete realm.RTCRtpSender.prototype.createEncodedStreams;
}

/** Leaves only the older of the two interfaces. Runs before the page does. */
export function removeScriptTransform() {
  delete (/** @type {any} */ (globalThis).RTCRtpScriptTransform);
}

/**
 * What the browser has decoded for one person of what comes from another.
 * @param {{ at: string, of: string }} view
 */
export async function decodedIn({ at, of }) {
  const video = /** @type {HTMLVideoElement | null} */ (
    document.querySelector(`[data-name="${at}"] [data-of="${of}"] video`)
  );
  const stream = video?.srcObject;
  const tracks = stream instanceof MediaStream ? stream.getTracks() : [];
  /** @type {RTCPeerConnection[]} */
  const connections = /** @type {any} */ (globalThis).testConnections;
  const receivers = connections.flatMap((connection) => connection.getReceivers());
  const counts = { frames: 0, energy: 0, codec: '', width: 0, isThere: false };
  for (const receiver of receivers) {
    if (!tracks.includes(receiver.track)) continue;
    const stats = [...(await receiver.getStats()).values()];
    const codecs = new Map(stats.map((entry) => [entry.id, entry.mimeType]));
    for (const entry of stats) {
      if (entry.type !== 'inbound-rtp') continue;
      counts.isThere = true;
      counts.frames += entry.framesDecoded ?? 0;
      counts.energy += entry.totalAudioEnergy ?? 0;
      counts.width = Math.max(counts.width, entry.frameWidth ?? 0);
      if (entry.kind === 'video') counts.codec = codecs.get(entry.codecId) ?? '';
    }
  }
  return counts;
}

/**
 * What a video shows, in small: 32 times 18 pixels, red, green and blue; undefined if nothing.
 * @param {string} selector
 */
export function pixelsOf(selector) {
  const video = /** @type {HTMLVideoElement | null} */ (document.querySelector(selector));
  if (video === null || video.videoWidth === 0 || video.readyState < 2) return;
  const canvas = document.createElement('canvas');
  canvas.width = 32;
  canvas.height = 18;
  const context = canvas.getContext('2d');
  if (context === null) return;
  context.drawImage(video, 0, 0, 32, 18);
  return [...context.getImageData(0, 0, 32, 18).data].filter((_, i) => i % 4 !== 3);
}

/**
 * How much neighbouring pixels differ at the top left of a video, where the window of the room is, and no person.
 * @param {string} selector
 */
export function sharpnessOf(selector) {
  const video = /** @type {HTMLVideoElement | null} */ (document.querySelector(selector));
  if (video === null || video.videoWidth === 0) return 0;
  const [width, height] = [320, 180];
  const canvas = document.createElement('canvas');
  canvas.width = width;
  canvas.height = height;
  const context = canvas.getContext('2d');
  if (context === null) return 0;
  context.drawImage(video, 0, 0, width, height);
  const { data } = context.getImageData(0, 0, width / 4, height / 2);
  let largest = 0;
  for (let i = 4; i < data.length; i += 4)
    if ((i / 4) % (width / 4) !== 0)
      largest = Math.max(largest, Math.abs((data[i] ?? 0) - (data[i - 4] ?? 0)));
  return largest;
}

/** Whether anything is wider than the window. */
export function overflow() {
  return document.documentElement.scrollWidth - document.documentElement.clientWidth;
}

/** How many connections were made so far. */
export function countConnections() {
  return /** @type {any} */ (globalThis).testConnections.length;
}

/** How many of them are not closed. */
export function countOpenConnections() {
  /** @type {RTCPeerConnection[]} */
  const connections = /** @type {any} */ (globalThis).testConnections;
  return connections.filter(({ signalingState }) => signalingState !== 'closed').length;
}

/** What a program would do that is not the page's own: takes the encryption off all that is sent. */
export function stripTransforms() {
  /** @type {RTCPeerConnection[]} */
  const connections = /** @type {any} */ (globalThis).testConnections;
  for (const connection of connections)
    for (const sender of connection.getSenders())
      if (sender.track !== null) /** @type {any} */ (sender).transform = null;
}
