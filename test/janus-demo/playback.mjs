// @ts-check
// The page of Record & Play: recorded with a key, played in a fresh page with it and with another.

import { pixelsOf } from '../demo/in-page.mjs';
import { must, sleep, until } from '../demo/visit.mjs';
import { MediaVisit, wide } from './media.mjs';

const PLAYER = '#player';

/** @param {import('playwright').Browser} browser @param {string} origin */
export async function playback(browser, origin) {
  const recorder = await MediaVisit.visit(browser, `${origin}playback.html`, wide);
  const player = await MediaVisit.visit(browser, `${origin}playback.html`, wide);
  let key = '';
  /** @type {number[]} */
  let drawn = [];

  await recorder.step('record', async () => {
    await recorder.axe();
    await recorder.press('Record');
    await recorder.locks('#recorder', 'Encrypted');
    drawn = (await recorder.page.evaluate(pixelsOf, '#own-view video')) ?? [];
    await recorder.shoot('janus-recording');
    await sleep(6000); // is recorded
    await recorder.press('Stop recording');
    await recorder.page.locator('#recordings option:not([value=""])').first().waitFor({ state: 'attached' });
    key = (await recorder.page.locator('#key').textContent()) ?? '';
    must(/^([0-9a-f]{4} ?){8}$/.test(key), `the key is ${key}`);
    return recorder.axe();
  });
  await recorder.step('the right key', async () => {
    await player.page.reload();
    await player.page.locator('#recordings option:not([value=""])').first().waitFor({ state: 'attached' });
    await player.page.getByLabel('Key of the recording').fill(key);
    await player.press('Listen'); // what nobody hears is not decoded
    await player.press('Play');
    await player.locks(PLAYER, 'Encrypted');
    await player.playsIn(PLAYER);
    await player.looksLike(PLAYER, async () => drawn);
    await player.shoot('janus-playing');
    await player.locks(PLAYER, 'Over');
    const said = await player.page.locator('#player-sentence').textContent();
    must(/^[1-9]\d+ frames were opened, 0 were not/.test(said ?? ''), `${said}`);
    return said;
  });
  await recorder.step('a wrong key', async () => {
    const wrong = key.replace(/^./, (digit) => (digit === '0' ? '1' : '0'));
    await player.page.getByLabel('Key of the recording').fill(wrong);
    await player.press('Play');
    await player.locks(PLAYER, 'Wrong key');
    await player.page.getByText('this key does not fit: nothing is shown').waitFor();
    const nothing = await player.sawNothingIn(PLAYER);
    await player.shoot('janus-playing-wrong-key');
    await player.axe();
    await player.locks(PLAYER, 'Over');
    const said = await player.page.locator('#player-sentence').textContent();
    must(said?.startsWith('0 frames were opened'), `${said}`);
    return nothing;
  });
  await recorder.step('no key at all', async () => {
    const field = player.page.getByLabel('Key of the recording');
    await field.fill('0123');
    await player.press('Play');
    await until('the field', () => field.evaluate((input) => input === document.activeElement));
    return 'said at the field';
  });
  await recorder.end([...recorder.complaints, ...player.complaints]);
  for (const visit of [recorder, player]) await visit.close();
}
