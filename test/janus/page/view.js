// @ts-check
// What comes out of a connection's receivers: pictures read back, sound measured.

import { received } from '../../e2e/page/call.js';
import { Screen } from '../../e2e/page/pattern.js';
import { must, sleep, until } from '../../e2e/page/wait.js';

/** Mean absolute difference of a decoded picture from what was drawn, 0 to 255. */
const MAX_DIFFERENCE = 30;

export class View {
  /** @param {RTCPeerConnection} connection */
  constructor(connection) {
    this.receivers = connection
      .getTransceivers()
      .filter(({ direction }) => direction === 'recvonly' || direction === 'sendrecv')
      .map(({ receiver }) => receiver);
    const video = this.receivers.find(({ track }) => track.kind === 'video');
    this.screen = video && new Screen(video.track);
    const sound = this.receivers.filter(({ track }) => track.kind === 'audio').map(({ track }) => track);
    this.speaker = document.createElement('audio');
    this.speaker.autoplay = true;
    this.speaker.srcObject = new MediaStream(sound);
    document.body.append(this.speaker);
  }

  async counts() {
    const all = await Promise.all(
      this.receivers.map(async (receiver) => ({ kind: receiver.track.kind, ...(await received(receiver)) })),
    );
    const of = (/** @type {string} */ kind) =>
      all.find((one) => one.kind === kind) ?? { decoded: 0, energy: 0, samples: 0, width: 0 };
    const { decoded, width } = of('video');
    const { energy, samples } = of('audio');
    return { decoded, width, energy, samples };
  }

  /** Right pictures, two at least, and sound, from now on. @param {number} target ms */
  async plays(target = 2000) {
    const before = await this.counts();
    const numbers = new Set();
    let worst = 0;
    let now = before;
    let seen = '';
    const ms = await until('media', target, async () => {
      now = await this.counts();
      const picture = this.screen?.read();
      if (picture && picture.difference < MAX_DIFFERENCE) {
        numbers.add(picture.number);
        worst = Math.max(worst, picture.difference);
      }
      seen = `${now.decoded - before.decoded} decoded, ${numbers.size} pictures, last differing by ${picture?.difference.toFixed(1)}, energy +${(now.energy - before.energy).toExponential(0)}`;
      const isHeard = now.energy > before.energy && now.samples > before.samples;
      return (numbers.size >= 2 && isHeard && now.decoded > before.decoded) || seen;
    });
    return { ms, worst: Math.round(worst * 10) / 10, width: now.width, seen };
  }

  /** Exactly nothing has ever been decoded, though packets came. @param {number} [ms] */
  async isSilent(ms = 1500) {
    await until('packets', 2000, async () => (await this.packets()) > 20);
    await sleep(ms);
    const { decoded, energy } = await this.counts();
    must(decoded === 0 && energy === 0, `${decoded} frames decoded, energy ${energy}`);
    return '0 decoded, energy 0';
  }

  async packets() {
    const stats = await Promise.all(this.receivers.map((receiver) => receiver.getStats()));
    return stats
      .flatMap((report) => [...report.values()])
      .reduce(
        (sum, { type, packetsReceived = 0 }) => sum + (type === 'inbound-rtp' ? packetsReceived : 0),
        0,
      );
  }

  close() {
    this.screen?.close();
    this.speaker.remove();
  }
}
