// @ts-check
// The page of the EchoTest: there and back, right key and wrong key, signed and forged, every codec.

import { until } from '../demo/visit.mjs';
import { MediaVisit, wide } from './media.mjs';

const [OWN, BACK] = ['#own', '#echo'];

/** @param {import('playwright').Browser} browser @param {string} origin */
export async function echo(browser, origin) {
  const visit = await MediaVisit.visit(browser, `${origin}echo.html`, wide);
  const { page } = visit;
  const sent = () => page.locator('#n-sent').textContent();

  await visit.step('before', async () => {
    await visit.locks(BACK, 'Not in a call');
    return visit.axe();
  });
  await visit.step('there and back', async () => {
    await visit.press('Start');
    await visit.press('Listen'); // what nobody hears is not decoded
    await visit.locks(BACK, 'Encrypted');
    await visit.playsIn(BACK);
    await visit.seesRightIn(BACK, `${OWN} video`);
    await until('frames', async () => Number(await sent()) > 20);
    await visit.shoot('janus-echo');
    return visit.axe();
  });
  await visit.step('a wrong key', async () => {
    await page.getByLabel('A stranger, who has another key').check();
    await visit.locks(BACK, 'Wrong key');
    await page.locator(`${BACK} .cover`).getByText('the key does not fit').waitFor();
    await until('frames', async () => Number(await page.locator('#n-refused').textContent()) > 50);
    return visit.sawNothingIn(BACK);
  });
  await visit.step('the right one', async () => {
    await page.getByLabel('A friend, who has your key').check();
    await visit.locks(BACK, 'Encrypted');
    await visit.playsIn(BACK);
    return 'opened by another client';
  });
  await visit.step('signed', async () => {
    await page.getByLabel('On: you sign what you send').check();
    await visit.locks(BACK, 'Verified');
    await visit.playsIn(BACK);
    await visit.locks(BACK, 'Verified');
    await visit.shoot('janus-echo-verified');
    return page.locator('#n-signatures').textContent();
  });
  await visit.step('forged', async () => {
    await page.getByLabel('somebody else who has the key sends in your name').check();
    await visit.locks(BACK, 'Forged');
    await page.locator(`${BACK} .cover`).getByText('not shown').waitFor();
    await visit.standsStillIn(BACK);
    await visit.locks(BACK, 'Forged');
    await visit.shoot('janus-echo-forged');
    return visit.axe();
  });
  await visit.step('your own echo', async () => {
    await page.getByLabel('You, as your own echo').check();
    await visit.locks(BACK, 'Encrypted');
    await visit.playsIn(BACK);
    await until('off', () => page.getByLabel('Off', { exact: true }).isChecked());
    return 'signatures are off';
  });
  for (const codec of ['VP9', 'H264', 'AV1'])
    await visit.step(`as ${codec}`, async () => {
      await page.getByLabel('Video format').selectOption(codec);
      await until(codec, async () => {
        const used = (await visit.decodedIn(BACK)).codec.toUpperCase();
        return used === `VIDEO/${codec}` || `it is ${used}`;
      });
      await visit.locks(BACK, 'Encrypted');
      await visit.playsIn(BACK);
      await visit.seesRightIn(BACK, `${OWN} video`);
      return page.locator('#n-codec').textContent();
    });
  await visit.step('the end', async () => {
    await visit.press('End');
    await visit.locks(BACK, 'Not in a call');
    await page.getByRole('button', { name: 'Start' }).waitFor();
    return 'over';
  });
  await visit.end(visit.complaints);
  await visit.close();
}
