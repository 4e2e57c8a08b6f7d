// @ts-check
// The second half of the visit at 1280 px: what is in the clear, who is who, who records, who is shut out.

import { readFileSync } from 'node:fs';
import { countOpenConnections, pixelsOf, stripTransforms } from './in-page.mjs';
import { difference, must, until } from './visit.mjs';

/** @typedef {import('./visit.mjs').Visit} Visit */

/** Emoji of one side of the comparison, by name. @param {Visit} visit @param {string} name */
async function emojiOf({ page }, name) {
  const list = page.locator(`#compare-sides [data-name="${name}"] .emoji li`);
  await until('emoji', async () => (await list.count()) === 7);
  return (await list.allInnerTexts()).join(' ');
}

/** Two people compare, and both find that it is the same. @param {Visit} visit @param {string} one @param {string} other */
async function compare(visit, one, other) {
  await visit.press(`Compare emoji with ${other}, as ${one}`);
  const [mine, theirs] = [await emojiOf(visit, one), await emojiOf(visit, other)];
  must(mine === theirs, `${one} sees ${mine}, ${other} sees ${theirs}`);
  await visit.press(`They are the same, says ${one}`);
  await visit.press(`They are the same, says ${other}`);
  await visit.press('Close');
}

/** How many pictures the server could make out. @param {Visit} visit */
async function serverPictures({ page }) {
  return Number(await page.locator('#server-pictures').textContent());
}

/** What is in the clear is said. @param {Visit} visit */
export async function clear(visit) {
  const { page } = visit;
  const banner = page.getByRole('alert');

  await visit.step('video only', async () => {
    await page.getByLabel('Video only').check();
    await visit.allShow('Sound not encrypted');
    await visit.reads(banner, 'Sound is not encrypted.');
    await visit.reads(page.locator('#server-lock'), /^Hears$/);
    must((await page.title()).startsWith('⚠'), 'the title says nothing');
    await page.evaluate(() => scrollTo(0, document.body.scrollHeight));
    const box = await banner.boundingBox();
    must(box !== null && box.y >= 0 && box.width === 1280, 'the banner can be scrolled away');
    await visit.allPlay();
    await visit.shoot('video-only');
    return visit.axe();
  });

  await visit.step('switched off', async () => {
    await page.getByLabel('Switch off: nothing').check();
    await visit.allShow('Not encrypted');
    await visit.reads(banner, 'Encryption is off.');
    await visit.reads(page.locator('#server-lock'), /^Sees and hears$/);
    await visit.allPlay();
    await until('the server sees', async () => {
      const own = await page.evaluate(pixelsOf, '[data-name="Alice"] video.own');
      const seen = await page.evaluate(pixelsOf, '#server-video');
      return own !== undefined && seen !== undefined && difference(own, seen) < 12;
    });
    await visit.allViews('clear');
    await visit.shoot('in-the-clear');
    return visit.axe();
  });

  await visit.step('encrypted again', async () => {
    await visit.press('Encrypt everything again');
    await visit.allShow('Encrypted');
    await until('no banner', async () => !(await banner.isVisible()));
    await visit.reads(page.locator('#server-lock'), /^No keys$/);
    must(await page.getByLabel('Everything').isChecked(), 'the choice still says otherwise');
    await visit.allPlay();
    // the server's decoder may still make noise of something, but no picture
    await until('the server sees nothing', async () => {
      const own = await page.evaluate(pixelsOf, '[data-name="Alice"] video.own');
      const seen = await page.evaluate(pixelsOf, '#server-video');
      const before = await serverPictures(visit);
      await visit.plays('Bob', 'Alice', 24);
      const isStill = (await serverPictures(visit)) - before < 6;
      return isStill || (own !== undefined && seen !== undefined && difference(own, seen) > 40);
    });
    return 'no banner';
  });

  await visit.step('transforms taken away', async () => {
    await page.evaluate(stripTransforms);
    await visit.reads(banner, 'was about to go without encryption');
    await visit.press('I have seen this');
    await until('no banner', async () => !(await banner.isVisible()));
    await visit.allPlay();
    await visit.allShow('Encrypted');
    return 'said, and set again';
  });
}

/** Who is who, who records, who is shut out. @param {Visit} visit */
export async function people(visit) {
  const { page } = visit;

  await visit.step('keys of their own', async () => {
    await page.getByLabel('Everybody has keys of their own').check();
    await visit.allShow('Not verified');
    await visit.allPlay();
    await visit.allViews('unverified');
    await visit.shoot('unverified');
    return visit.axe();
  });

  await visit.step('they compare emoji', async () => {
    await visit.press('Compare emoji with Bob, as Alice');
    await emojiOf(visit, 'Alice');
    await visit.shoot('comparing');
    await visit.axe();
    await visit.press('Close');
    for (const [one, other] of [
      ['Alice', 'Bob'],
      ['Alice', 'Carol'],
      ['Bob', 'Carol'],
    ])
      await compare(visit, `${one}`, `${other}`);
    await visit.allShow('Verified');
    await visit.shoot('verified');
    return 'all are verified';
  });

  await visit.step('they differ', async () => {
    await visit.press('Compare again with Bob, as Alice');
    await emojiOf(visit, 'Alice');
    await visit.press('They differ, says Alice');
    await visit.reads(page.locator('#compare-sides'), 'somebody may be in between');
    await visit.press('Close');
    await visit.shows('Alice', 'Not verified');
    await compare(visit, 'Alice', 'Bob');
    await visit.allShow('Verified');
    return 'not verified any more, until they compare anew';
  });

  await visit.step('a recorder', async () => {
    await visit.press('Let the recorder in');
    await visit.shows('Recorder', 'Encrypted');
    must(await visit.tile('Recorder').getByText('Recorder for Example Ltd').isVisible(), 'no badge');
    await visit.plays('Recorder', 'Alice');
    await visit.reads(page.locator('#recipients'), 'Bob, Carol and Recorder');
    await visit.reads(page.locator('#recording'), 'Recorded for Example Ltd');
    await visit.axe();
    await visit.shoot('recorder', page.locator('#guests'));
    await visit.press('Send the recorder away');
    await visit.reads(page.locator('#recipients'), 'Bob and Carol');
    await visit.allPlay();
    return 'with its badge, in the list of those who get keys';
  });

  await visit.step('shut out', async () => {
    await visit.press('Shut Carol out');
    await visit.shows('Carol', 'No key');
    await visit.standsStill('Carol', 'Alice');
    await visit.press('Let Carol in again');
    await visit.allShow('Verified');
    await visit.allPlay();
    return 'sees nothing, and is let in again';
  });

  await visit.step('record here', async () => {
    await visit.press('Record here, Bob');
    for (const name of ['Alice', 'Carol'])
      await visit.tile(name).getByText('Bob is recording this call.').waitFor();
    await page.locator('#recording').getByText('Recording: Bob.').waitFor();
    await visit.shoot('recording');
    await visit.plays('Bob', 'Alice', 24);
    await visit.press('Record here, Bob');
    const link = page.getByRole('link', { name: /^Alice, as Bob saw it/ });
    const [download] = await Promise.all([page.waitForEvent('download'), link.click()]);
    const file = readFileSync(await download.path());
    must(file.length > 5000, `${file.length} bytes`);
    must(file.readUInt32BE() === 0x1a45dfa3, 'it is no WebM file');
    await until('no notice', async () => !(await page.locator('#recording').isVisible()));
    return `${download.suggestedFilename()}, ${file.length} bytes`;
  });

  await visit.step('the end', async () => {
    await visit.press('End the call');
    await visit.allShow('Not in a call');
    const open = await page.evaluate(countOpenConnections);
    must(open === 0, `${open} connections are open`);
    return 'nothing stays open';
  });
}
