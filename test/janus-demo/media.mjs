// @ts-check
// A visitor of the pages with Janus: what comes in is in articles, each with one picture from elsewhere.

import { keepConnections, pixelsOf } from '../demo/in-page.mjs';
import { difference, must, sleep, until, Visit } from '../demo/visit.mjs';

/** How far compressed pictures may be apart from what was drawn, 0 to 255. */
const MAX_DIFFERENCE = 16;

export const wide = { viewport: { width: 1280, height: 1000 } };
export const narrow = { viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true };

/**
 * What the browser has decoded of what is in a part of the page.
 * @param {string} part
 */
export async function decodedInPart(part) {
  const video = /** @type {HTMLVideoElement | null} */ (document.querySelector(`${part} [data-of] video`));
  const stream = video?.srcObject;
  const tracks = stream instanceof MediaStream ? stream.getTracks() : [];
  /** @type {RTCPeerConnection[]} */
  const connections = /** @type {any} */ (globalThis).testConnections;
  const counts = { frames: 0, energy: 0, codec: '', width: 0, packets: 0 };
  for (const receiver of connections.flatMap((connection) => connection.getReceivers())) {
    if (!tracks.includes(receiver.track)) continue;
    const stats = [...(await receiver.getStats()).values()];
    const codecs = new Map(stats.map((entry) => [entry.id, entry.mimeType]));
    for (const entry of stats) {
      if (entry.type !== 'inbound-rtp') continue;
      counts.frames += entry.framesDecoded ?? 0;
      counts.energy += entry.totalAudioEnergy ?? 0;
      counts.packets += entry.packetsReceived ?? 0;
      counts.width = Math.max(counts.width, entry.frameWidth ?? 0);
      if (entry.kind === 'video') counts.codec = codecs.get(entry.codecId) ?? '';
    }
  }
  return counts;
}

export class MediaVisit extends Visit {
  /**
   * @param {import('playwright').Browser} browser
   * @param {string} url
   * @param {import('../demo/visit.mjs').Options} options
   * @param {(page: import('playwright').Page) => Promise<unknown>} [prepare]
   */
  static async visit(browser, url, options = wide, prepare = async () => {}) {
    const context = await browser.newContext({ ...options, acceptDownloads: true });
    const page = await context.newPage();
    await page.addInitScript(keepConnections);
    await prepare(page);
    const visit = new MediaVisit(page);
    await page.goto(url);
    return visit;
  }

  /** Waits for the lock of a part of the page to say something. @param {string} part @param {string} word */
  async locks(part, word) {
    await until(`${part}: ${word}`, async () => {
      const text = await this.page.locator(`${part} .lock`).first().textContent();
      return text === word || `it says ${text}`;
    });
  }

  /** @param {string} part */
  decodedIn(part) {
    return this.page.evaluate(decodedInPart, part);
  }

  /** Pictures are decoded, and sound. @param {string} part */
  async playsIn(part, more = 10) {
    const before = await this.decodedIn(part);
    await until(`${part} plays`, async () => {
      const { frames, energy } = await this.decodedIn(part);
      const isNew = frames >= before.frames + more && energy > 0;
      return isNew || `${frames - before.frames} frames, energy ${energy}`;
    });
  }

  /** What is seen in a part is what is seen at another place. @param {string} part @param {string} original selector */
  async seesRightIn(part, original) {
    await this.looksLike(part, () => this.page.evaluate(pixelsOf, original));
  }

  /** @param {string} part @param {() => Promise<number[] | undefined>} original @param {number} [most] how far apart */
  async looksLike(part, original, most = MAX_DIFFERENCE) {
    await until(`the right picture in ${part}`, async () => {
      const own = await original();
      const seen = await this.page.evaluate(pixelsOf, `${part} [data-of] video`);
      if (own === undefined || seen === undefined || Math.max(...own) < 100) return 'nothing';
      const apart = difference(own, seen);
      return apart < most || `${apart.toFixed(1)} apart`;
    });
  }

  /** Packets have come, and not one frame was ever decoded. @param {string} part */
  async sawNothingIn(part) {
    await until('packets', async () => (await this.decodedIn(part)).packets > 50);
    await sleep(1500);
    const { frames, energy } = await this.decodedIn(part);
    must(frames === 0 && energy === 0, `${frames} frames decoded, energy ${energy}`);
    return '0 frames decoded, no sound';
  }

  /** Nothing more is decoded, though packets come. @param {string} part */
  async standsStillIn(part) {
    await sleep(1500); // what decoders have in hand
    const before = await this.decodedIn(part);
    await until('packets', async () => (await this.decodedIn(part)).packets > before.packets + 50);
    const { frames } = await this.decodedIn(part);
    must(frames === before.frames, `${frames - before.frames} more frames`);
  }
}
