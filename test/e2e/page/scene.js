// @ts-check
// The usual call: Alice sends video and audio, Bob receives both.

import { Call, preferCodec, received, sent } from './call.js';
import { Screen, Source } from './pattern.js';
import { must, sleep, until } from './wait.js';

/** Less than a packet of audio, 20 ms: what decoders count as heard while they fade out. */
const PACKET_SAMPLES = 960;
/** How far a decoded picture may be from the one that was drawn; a wrong one differs by 50 or more. */
const MAX_DIFFERENCE = 25;
/** How old a picture on the screen may be, in frames: 2 s. */
const MAX_AGE = 30;

/**
 * What clients do in a scene: those of the package, and what stands in their place.
 * @typedef {{ configure: Function, encrypt: Function }} Sending
 * @typedef {{ configure: Function, decrypt: Function }} Receiving
 */

/**
 * @typedef {object} SceneOptions
 * @property {string} [codec]
 * @property {boolean} [audio]
 * @property {{ width?: number, height?: number, fps?: number }} [size]
 * @property {RTCRtpEncodingParameters[]} [sendEncodings]
 * @property {Record<string, unknown>} [client] options of the clients
 * @property {(left: RTCConfiguration, right: RTCConfiguration) => Call} [connect] another way for media than directly
 */

/** How long media took to come back in this page, in ms, each time that something had been done to a call. @type {number[]} */
export const resumed = [];

/** @type {Promise<MediaStreamTrack> | undefined} */
let microphone;

/** The fake device's beeps. Firefox wants to be asked for it before it makes a connection. */
export function getMicrophone() {
  microphone ??= navigator.mediaDevices.getUserMedia({ audio: true }).then((stream) => {
    const [track] = stream.getAudioTracks();
    if (track === undefined) throw new Error('no microphone');
    return track;
  });
  return microphone;
}

/** @param {RTCPeerConnection} connection @param {string} kind */
export function receiverOf(connection, kind) {
  const receivers = connection.getTransceivers().map(({ receiver }) => receiver);
  const receiver = receivers.find(({ track }) => track.kind === kind);
  if (receiver === undefined) throw new Error(`no ${kind} receiver`);
  return receiver;
}

export class Scene {
  /** @param {Sending} alice @param {Receiving} bob @param {SceneOptions} [options] */
  constructor(alice, bob, options = {}) {
    const { codec = 'VP8', audio = true, size = {}, sendEncodings = [{}] } = options;
    const { connect = (left, right) => new Call(left, right) } = options;
    this.alice = alice;
    this.bob = bob;
    this.codec = codec;
    this.audio = audio;
    this.sendEncodings = sendEncodings;
    this.source = new Source(size);
    this.call = connect(alice.configure({}), bob.configure({}));
    /** @type {Screen | undefined} */
    this.screen = undefined;
    /** @type {HTMLAudioElement | undefined} */
    this.speaker = undefined;
    /** Whether media has been waited for: the first of a call does not come back. */
    this.hasBegun = false;
  }

  /** Adds Alice's tracks, with her transforms. */
  async publish() {
    // Firefox wants to be asked for it before there is a connection that sends
    const microphone = await getMicrophone();
    const video = this.addVideo(this.source, this.sendEncodings);
    if (!this.audio) return { video, sound: undefined };
    const sound = this.call.left.addTransceiver(microphone, { direction: 'sendonly' });
    this.alice.encrypt(sound);
    return { video, sound };
  }

  /** @param {Source} source @param {RTCRtpEncodingParameters[]} [sendEncodings] */
  addVideo(source, sendEncodings = [{}]) {
    const video = this.call.left.addTransceiver(source.track, { direction: 'sendonly', sendEncodings });
    preferCodec(video, this.codec);
    this.alice.encrypt(video);
    return video;
  }

  /** Alice's first sender of a kind. @param {string} kind */
  sender(kind) {
    const { sender } = this.transceiver(kind);
    return sender;
  }

  /** @param {string} kind */
  transceiver(kind) {
    const all = this.call.left.getTransceivers();
    const transceiver = all.find(({ receiver }) => receiver.track.kind === kind);
    if (transceiver === undefined) throw new Error(`no ${kind}`);
    return transceiver;
  }

  /** Bob's transforms on what he has received. */
  decryptAll() {
    for (const transceiver of this.call.right.getTransceivers())
      if (transceiver.receiver.track.readyState === 'live') this.bob.decrypt(transceiver, 'alice');
  }

  /** Bob looks and listens. The element must not be muted, or there is no energy. */
  watch() {
    this.screen = new Screen(receiverOf(this.call.right, 'video').track);
    if (!this.audio) return;
    this.speaker = document.createElement('audio');
    this.speaker.autoplay = true;
    this.speaker.srcObject = new MediaStream([receiverOf(this.call.right, 'audio').track]);
    document.body.append(this.speaker);
  }

  /** An offer of Alice's and Bob's answer, with his transforms in time. @param {RTCPeerConnection} [from] */
  negotiate(from = this.call.left) {
    return this.call.negotiate(from, { received: () => this.decryptAll() });
  }

  /** All of it, in the order that an application should keep. */
  async start() {
    await this.publish();
    await this.negotiate();
    this.watch();
    return this;
  }

  /** What Bob's decoders have put out so far. @param {RTCRtpReceiver} [receiver] of video */
  async output(receiver = receiverOf(this.call.right, 'video')) {
    const { decoded } = await received(receiver);
    if (!this.audio) return { decoded, energy: 0, samples: 0 };
    const { energy, samples } = await received(receiverOf(this.call.right, 'audio'));
    return { decoded, energy, samples };
  }

  /** What Alice's senders have sent so far, in packets. */
  async sentPackets() {
    const senders = this.call.left.getSenders();
    const counts = await Promise.all(senders.map(async (sender) => (await sent(sender)).packets));
    return counts.reduce((total, count) => total + count, 0);
  }

  /**
   * Waits until Bob hears something, and sees a right picture that was drawn after this call; and a second one, lest it
   * be a key frame that nothing follows.
   * @param {number} target milliseconds
   * @param {object} [expected]
   * @param {Source} [expected.source]
   * @param {boolean} [expected.audio]
   * @param {RTCRtpReceiver} [expected.receiver]
   * @param {Screen | undefined} [expected.screen]
   * @param {boolean} [expected.isFirst] of its media; what comes back is told at the end
   */
  async plays(
    target = 1000,
    {
      source = this.source,
      audio = this.audio,
      receiver,
      screen = this.screen,
      isFirst = !this.hasBegun,
    } = {},
  ) {
    this.hasBegun = true;
    const before = await this.output(receiver);
    const from = source.count;
    let seen = 'nothing';
    let first = -1;
    const ms = await until('media', target, async () => {
      const { decoded, energy, samples } = await this.output(receiver);
      const picture = screen?.read();
      const age = picture && source.ageOf(picture.number);
      seen = `${decoded - before.decoded} decoded, energy +${(energy - before.energy).toExponential(0)}, picture ${
        picture
          ? `${picture.number}, aged ${age}, differing by ${picture.difference.toFixed(1)}`
          : 'unreadable'
      }`;
      const isRight =
        decoded > before.decoded &&
        (!audio || (energy > before.energy && samples > before.samples)) &&
        picture &&
        age !== undefined &&
        age < source.count - from &&
        picture.difference < MAX_DIFFERENCE;
      if (!isRight) return seen;
      if (first < 0) first = picture.number;
      return picture.number !== first || `${seen}, and none after it`;
    });
    if (!isFirst) resumed.push(ms);
    return { ms, seen };
  }

  /** Bob has never decoded a frame, nor heard anything: exactly nothing, though packets came. */
  async isSilent(ms = 1000) {
    this.hasBegun = true;
    await until('packets', 500, async () => (await this.sentPackets()) > 20);
    await sleep(ms);
    const { decoded, energy } = await this.output();
    must(decoded === 0 && energy === 0, `${decoded} frames decoded, energy ${energy}`);
    return `0 decoded, energy 0`;
  }

  /** Bob decodes nothing more from now on, give or take what the decoders have in hand. */
  async staysSilent(ms = 1000) {
    await sleep(500);
    const before = await this.output();
    await sleep(ms);
    const after = await this.output();
    const decoded = after.decoded - before.decoded;
    const samples = after.samples - before.samples;
    must(
      decoded === 0 && samples < PACKET_SAMPLES,
      `${decoded} more frames decoded, ${samples} samples heard`,
    );
    return `0 more decoded`;
  }

  /**
   * Reads pictures for a while: each must be fresh, and what was drawn under its number.
   * @param {number} ms
   */
  async readsPictures(ms = 1000) {
    const before = (await this.output()).decoded;
    const numbers = new Set();
    let worst = 0;
    for (const end = performance.now() + ms; performance.now() < end; await sleep(30)) {
      const picture = this.screen?.read();
      if (picture === undefined) continue;
      const age = this.source.ageOf(picture.number);
      must(age !== undefined && age <= MAX_AGE, `picture ${picture.number} is aged ${age}`);
      must(picture.difference < MAX_DIFFERENCE, `picture differs by ${picture.difference}`);
      worst = Math.max(worst, picture.difference);
      numbers.add(picture.number);
    }
    const decoded = (await this.output()).decoded - before;
    must(numbers.size >= 3, `${numbers.size} pictures read`);
    return `${decoded} decoded, ${numbers.size} read back, differing by ${worst.toFixed(1)} at most`;
  }

  close() {
    this.screen?.close();
    this.speaker?.remove();
    this.source.stop();
    this.call.close();
  }
}
