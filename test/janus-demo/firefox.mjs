// @ts-check
// The pages in Firefox: EchoTest, and a room with somebody in Chromium.

import { FirefoxPage } from '../demo/firefox-page.mjs';
import { pixelsOf } from '../demo/in-page.mjs';
import { difference, must, sleep, until } from '../demo/visit.mjs';
import { decodedInPart } from './media.mjs';
import { enter, tile } from './rooms.mjs';

/** Browsers have other ideas of colours; people are farther apart. */
const MAX_DIFFERENCE = 25;

class FirefoxVisit extends FirefoxPage {
  /** @param {string} part @param {string} word */
  async locks(part, word) {
    await until(`${part}: ${word}`, async () => {
      const text = await this.page.$eval(`${part} .lock`, (lock) => lock.textContent).catch(() => 'nothing');
      return text === word || `it says ${text}`;
    });
  }

  /** @param {string} part */
  async playsIn(part, more = 10) {
    const before = (await this.page.evaluate(decodedInPart, part)).frames;
    await until(`${part} plays`, async () => {
      const { frames } = await this.page.evaluate(decodedInPart, part);
      return frames >= before + more || `${frames - before} frames`;
    });
  }

  /** @param {string} part @param {() => Promise<number[] | undefined>} original */
  async looksLike(part, original) {
    await until(`the right picture in ${part}`, async () => {
      const own = await original();
      const seen = await this.page.evaluate(pixelsOf, `${part} [data-of] video`);
      if (own === undefined || seen === undefined || Math.max(...own) < 100) return 'nothing';
      const apart = difference(own, seen);
      return apart < MAX_DIFFERENCE || `${apart.toFixed(1)} apart`;
    });
  }
}

/** @param {import('puppeteer-core').Browser} gecko @param {string} origin */
export async function firefoxEcho(gecko, origin) {
  const visit = await new FirefoxVisit(await gecko.newPage()).open(`${origin}echo.html`);
  await visit.step('there and back', async () => {
    await visit.press('#start');
    await visit.locks('#echo', 'Encrypted');
    await visit.playsIn('#echo');
    await visit.looksLike('#echo', () => visit.page.evaluate(pixelsOf, '#own video'));
    return 'plays';
  });
  await visit.step('a wrong key', async () => {
    await visit.press('input[value="stranger"]');
    await visit.locks('#echo', 'Wrong key');
    await sleep(1500);
    const { frames, packets } = await visit.page.evaluate(decodedInPart, '#echo');
    must(frames === 0 && packets > 50, `${frames} frames decoded of ${packets} packets`);
    return '0 frames decoded';
  });
  await visit.step('signed, and forged', async () => {
    await visit.press('input[value="own"]');
    await visit.locks('#echo', 'Verified');
    await visit.press('input[value="forged"]');
    await visit.locks('#echo', 'Forged');
    return 'said';
  });
  await visit.end(visit.complaints);
  await visit.page.close();
}

/** @param {import('puppeteer-core').Browser} gecko @param {import('playwright').Browser} browser @param {string} origin */
export async function firefoxRoom(gecko, browser, origin) {
  const room = 'both browsers';
  const alice = await enter(browser, origin, 'Alice', room);
  const bob = await new FirefoxVisit(await gecko.newPage()).open(
    `${origin}room.html#room=${encodeURIComponent(room)}&name=Bob`,
  );
  await bob.step('with Chromium', async () => {
    await bob.press('#join');
    await bob.locks(tile('Alice'), 'Not verified');
    await alice.locks(tile('Bob'), 'Not verified');
    await bob.playsIn(tile('Alice'));
    const ownOf = (/** @type {{ page: { evaluate: (...args: any[]) => Promise<any> } }} */ { page }) =>
      page.evaluate(pixelsOf, '#own video');
    await bob.looksLike(tile('Alice'), () => ownOf(alice));
    await alice.looksLike(tile('Bob'), () => ownOf(bob), MAX_DIFFERENCE);
    const apart = difference(await ownOf(alice), await ownOf(bob));
    must(apart > 1.2 * MAX_DIFFERENCE, `they look like one another: ${apart}`);
    return `see each other; they are ${apart.toFixed(0)} apart`;
  });
  await bob.step('emoji', async () => {
    await bob.press(`${tile('Alice')} .foot button`);
    await alice.press('They are the same, says Alice');
    await bob.press('#compare-sides button');
    await bob.locks(tile('Alice'), 'Verified');
    await alice.locks(tile('Bob'), 'Verified');
    return 'verified';
  });
  await bob.end([...bob.complaints, ...alice.complaints]);
  await bob.page.close();
  await alice.close();
}
