// @ts-check
// A whole visit in Chromium at 1280 px, step by step, as somebody would try the page out.

import { countConnections, sharpnessOf } from './in-page.mjs';
import { clear, people } from './trust.mjs';
import { must, sleep, until } from './visit.mjs';

/** @typedef {import('./visit.mjs').Visit} Visit */

/** Whether sound is heard, by its energy. @param {Visit} visit @param {string} at @param {string} of */
async function energy(visit, at, of) {
  const before = (await visit.decoded(at, of)).energy;
  await sleep(1500);
  return (await visit.decoded(at, of)).energy - before;
}

/** Keys, from the first call on. @param {Visit} visit */
async function keys(visit) {
  const { page } = visit;

  await visit.step('before the call', async () => {
    await visit.allShow('Not in a call');
    return visit.axe();
  });

  await visit.step('by keyboard', async () => {
    // not as a person would: the focus stays where it was
    await page.locator('#passphrase-Carol').evaluate((input) => {
      /** @type {HTMLInputElement} */ (input).value = 'not what they said';
    });
    for (const id of ['skip', 'start']) {
      await page.keyboard.press('Tab');
      const focused = await page.evaluate(() => {
        const { className = '', id = '' } = document.activeElement ?? {};
        return `${className} ${id}`;
      });
      must(focused.includes(id), `the focus is on ${focused}, not on ${id}`);
    }
    await page.keyboard.press('Enter');
    await until('focus', () => page.evaluate(() => document.activeElement?.id === 'end'));
    return 'starts the call; the focus goes on';
  });

  await visit.step('a wrong key sees nothing', async () => {
    for (const name of ['Alice', 'Bob']) await visit.shows(name, 'Encrypted');
    await visit.shows('Carol', 'Wrong key');
    await visit.plays('Alice', 'Bob', 20);
    await visit.plays('Bob', 'Alice', 20);
    await visit.seesRight('Alice', 'Bob');
    let packets = 0;
    for (const [at, of] of [
      ['Carol', 'Alice'],
      ['Carol', 'Bob'],
      ['Alice', 'Carol'],
      ['Bob', 'Carol'],
    ]) {
      const { frames, energy, isThere } = await visit.decoded(`${at}`, `${of}`);
      must(isThere && frames === 0 && energy === 0, `${at}, of ${of}: ${frames} frames, energy ${energy}`);
      packets++;
    }
    await page.locator('#end').blur();
    await visit.shoot('wrong-key');
    return `${packets} views with 0 frames decoded`;
  });

  await visit.step('the right key sees all', async () => {
    await visit.type('Carol', await page.getByLabel('Passphrase that Alice types').inputValue());
    await visit.tile('Carol').getByRole('button', { name: 'Use' }).click();
    await visit.allShow('Encrypted');
    await visit.allPlay();
    await visit.seesRight('Carol', 'Alice');
    await visit.allViews('encrypted');
    await visit.shoot('encrypted');
    return visit.axe();
  });

  await visit.step('a wrong key in mid-call', async () => {
    await visit.type('Carol', 'something else');
    await visit.tile('Carol').getByRole('button', { name: 'Use' }).click();
    await visit.shows('Carol', 'Wrong key');
    await visit.standsStill('Carol', 'Alice');
    await visit.standsStill('Alice', 'Carol');
    await visit.press('New');
    await visit.allShow('Encrypted');
    await visit.allPlay();
    return 'stands still, and goes on with a new passphrase';
  });

  await visit.step('all keys change', async () => {
    const before = Number(await visit.keyOf('Alice'));
    await visit.press('Change all keys');
    await until('a new key', async () => Number(await visit.keyOf('Alice')) > before);
    await visit.allPlay();
    await visit.allShow('Encrypted');
    return `key ${before}, then ${await visit.keyOf('Alice')}`;
  });

  await visit.step('keys move on', async () => {
    const before = await visit.keyOf('Bob');
    await visit.press('Move keys one step on');
    await until('a step', async () => (await visit.keyOf('Bob')) === `${before}, step 1`);
    await visit.allPlay();
    await visit.allShow('Encrypted');
    return visit.keyOf('Bob');
  });
}

/** What goes wrong, and right again. @param {Visit} visit */
async function crashes(visit) {
  const { page } = visit;

  await visit.step('workers die', async () => {
    const before = Number((await visit.keyOf('Alice'))?.replace(/,.*/, ''));
    await Promise.all(
      page.workers().map((worker) => worker.evaluate(() => /** @type {any} */ (globalThis).close())),
    );
    await until('a new key', async () => Number(await visit.keyOf('Alice')) > before);
    await visit.allShow('Encrypted');
    await visit.allPlay();
    return 'others take their place';
  });
}

/** Pictures and sound. @param {Visit} visit @param {readonly string[]} codecs */
async function media(visit, codecs) {
  const { page } = visit;

  await visit.step('mute', async () => {
    await visit.press('Listen, Bob');
    await until('sound', async () => (await energy(visit, 'Bob', 'Alice')) > 0);
    await visit.press('Mute, Alice');
    await until('silence', async () => (await energy(visit, 'Bob', 'Alice')) < 1e-9);
    await visit.press('Mute, Alice');
    await until('sound again', async () => (await energy(visit, 'Bob', 'Alice')) > 0);
    await visit.press('Listen, Bob');
    return 'heard, not heard, heard again';
  });

  await visit.step('camera off', async () => {
    await visit.press('Camera off, Alice');
    await until('black', async () => {
      const pixels = (await visit.pixels('Bob', 'Alice')) ?? [];
      const brightest = Math.max(...pixels);
      return brightest < 30 || `brightest ${brightest}`;
    });
    await visit.press('Camera off, Alice');
    await visit.seesRight('Bob', 'Alice');
    return 'black, and back';
  });

  await visit.step('blur', async () => {
    const [own, seen] = ['[data-name="Alice"] video.own', '[data-name="Bob"] [data-of="Alice"] video'];
    const sharp = await page.evaluate(sharpnessOf, own);
    await until('a sharp picture', async () => (await page.evaluate(sharpnessOf, seen)) > 0.7 * sharp);
    await visit.press('Blur, Alice');
    await until('blur', async () => {
      const [here, there] = [await page.evaluate(sharpnessOf, own), await page.evaluate(sharpnessOf, seen)];
      return (here < 0.4 * sharp && there < 0.4 * sharp) || `sharpness ${here}, ${there}; was ${sharp}`;
    });
    await visit.press('Blur, Alice');
    return 'the edges of the window are gone, here and there';
  });

  await visit.step('camera and microphone', async () => {
    await page.getByLabel('Alice’s picture', { exact: true }).selectOption('Your camera');
    await page.getByLabel('Alice’s sound', { exact: true }).selectOption('Your microphone');
    await until('another picture', async () => {
      const seen = (await visit.pixels('Bob', 'Alice')) ?? [];
      const sumOf = (/** @type {number} */ colour) =>
        seen.filter((_, i) => i % 3 === colour).reduce((sum, value) => sum + value, 0);
      const [red, green] = [sumOf(0), sumOf(1)];
      return green > 1.5 * red || `red ${red}, green ${green}`; // Chromium's fake camera is green
    });
    await page.getByLabel('Alice’s picture', { exact: true }).selectOption('A drawing');
    await page.getByLabel('Alice’s sound', { exact: true }).selectOption('A soft tone');
    await visit.seesRight('Bob', 'Alice');
    return 'seen, and back';
  });

  for (const codec of codecs)
    await visit.step(`as ${codec}`, async () => {
      await page.getByLabel('Video format').selectOption(codec);
      await until(codec, async () => {
        const { codec: used } = await visit.decoded('Bob', 'Alice');
        return used.toUpperCase() === `VIDEO/${codec}` || used;
      });
      await visit.allPlay();
      await visit.seesRight('Bob', 'Alice');
      await visit.allShow('Encrypted');
      return 'everybody sees everybody';
    });

  await visit.step('two sizes', async () => {
    await page.getByLabel('Video format').selectOption('VP8');
    await page.getByLabel('Send two sizes').check();
    await visit.allShow('Encrypted');
    const width = async () => (await visit.decoded('Bob', 'Alice')).width;
    await until('the large one', async () => (await width()) > 320); // busy browsers make it a little smaller
    const large = await width();
    await page.getByLabel('Size that is passed on').selectOption('Small');
    await until('the small one', async () => {
      const small = await width();
      return small > 0 && small <= 320; // half of what the large one has when nothing is busy
    });
    const small = await width();
    await visit.seesRight('Bob', 'Alice');
    await page.getByLabel('Size that is passed on').selectOption('Large');
    await page.getByLabel('Send two sizes').uncheck();
    await visit.allShow('Encrypted');
    return `${large} and ${small} wide`;
  });

  await visit.step('another suite', async () => {
    for (const suite of ['AES_256_GCM_SHA512_128', 'AES_128_CTR_HMAC_SHA256_64', 'AES_128_GCM_SHA256_128']) {
      const before = await page.evaluate(countConnections);
      await page.getByLabel('Strength').selectOption(suite);
      await until('a new call', async () => (await page.evaluate(countConnections)) > before);
      await visit.allShow('Encrypted');
      await visit.allPlay();
    }
    return 'three of them';
  });
}

/** @param {Visit} visit @param {readonly string[]} codecs */
export async function desktop(visit, codecs) {
  await keys(visit);
  await crashes(visit);
  await media(visit, codecs);
  await clear(visit);
  await people(visit);
}
