// @ts-check
// The page of the VideoRoom: each person has a tab of his own, in a browser context of his own.

import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { overflow, pixelsOf } from '../demo/in-page.mjs';
import { must, sleep, until } from '../demo/visit.mjs';
import { MediaVisit, narrow, wide } from './media.mjs';

const cli = fileURLToPath(new URL('../../dist/cli.js', import.meta.url));

/** @typedef {import('playwright').Browser} Browser */

/** @param {string} name of one of the others */
export const tile = (name) => `#feeds [data-name="${name}"]`;

let rooms = 0;
const newRoom = () => `room ${++rooms}`;

/**
 * Somebody opens the page and joins.
 * @param {Browser} browser @param {string} origin @param {string} name @param {string} room
 * @param {{ passphrase?: string, simulcast?: boolean, options?: import('../demo/visit.mjs').Options,
 *   prepare?: (page: import('playwright').Page) => Promise<unknown> }} [how]
 */
export async function enter(browser, origin, name, room, how) {
  const visit = await knock(browser, origin, name, room, how);
  await visit.page.locator('#own').waitFor();
  await visit.press('Listen'); // what nobody hears is not decoded
  return visit;
}

/**
 * The same, and perhaps he is not let in.
 * @param {Browser} browser @param {string} origin @param {string} name @param {string} room
 * @param {Parameters<typeof enter>[4]} [how]
 */
async function knock(browser, origin, name, room, { passphrase, simulcast, options = wide, prepare } = {}) {
  const visit = await MediaVisit.visit(browser, `${origin}room.html`, options, prepare);
  const { page } = visit;
  await page.getByLabel('Your name').fill(name);
  await page.getByLabel('Room', { exact: true }).fill(room);
  if (passphrase !== undefined) {
    await page.getByLabel('Everybody knows a passphrase').check();
    await page.getByLabel('The room’s passphrase').fill(passphrase);
  }
  if (simulcast) await page.getByLabel('Send three sizes').check();
  await visit.press('Join');
  return visit;
}

/** @param {MediaVisit} visit */
const keyOf = (visit) => visit.page.locator('#sending-key').textContent();

/** @param {MediaVisit} visit @param {string} text */
const recipients = (visit, text) =>
  until(`keys go to ${text}`, async () => {
    const now = await visit.page.locator('#recipients').textContent();
    return now === text || `to ${now}`;
  });

/** @param {MediaVisit} visit @param {string} text */
const logged = ({ page }, text) =>
  page.locator('#log li').filter({ hasText: text }).first().waitFor({ state: 'attached' });

/** Two people see and hear each other. @param {[string, MediaVisit]} one @param {[string, MediaVisit]} other */
async function seeEachOther([oneName, one], [otherName, other]) {
  await Promise.all([one.playsIn(tile(otherName)), other.playsIn(tile(oneName))]);
  for (const [at, of, from] of /** @type {[MediaVisit, string, MediaVisit][]} */ ([
    [one, otherName, other],
    [other, oneName, one],
  ]))
    await at.looksLike(tile(of), () => from.page.evaluate(pixelsOf, '#own video'));
}

/** @param {MediaVisit[]} visits */
async function finish(visits) {
  const [first] = visits;
  await first?.end(visits.flatMap(({ complaints }) => complaints));
  for (const visit of visits) await visit.close();
}

/**
 * What the offline tool makes of what Janus has recorded of somebody, with the keys that his page has saved.
 * @param {string} folder @param {string} part of the names of files @param {string} participant @param {string} keys
 */
function openRecordings(folder, part, participant, keys) {
  const files = readdirSync(folder).filter((name) => name.includes(part) && name.endsWith('.mjr'));
  must(files.length === 2, `recordings: ${readdirSync(folder)}`);
  return files.map((name) => {
    const args = ['mjr', join(folder, name), '--keys', keys, '--participant', participant, '--json'];
    const output = join(folder, `${name}.out`);
    const tool = spawnSync(process.execPath, [cli, ...args, '-o', output], { encoding: 'utf8' });
    must(tool.status === 0, `exit code ${tool.status}: ${tool.stderr} ${tool.stdout}`);
    const { frames } = JSON.parse(tool.stdout);
    must(frames.opened > 20, tool.stdout);
    must(
      Object.keys(frames.failed).every((reason) => reason === 'incomplete'),
      tool.stdout,
    );
    return frames.opened;
  });
}

/** @param {Browser} browser @param {string} origin @param {string} recordings the folder in which they are */
export async function ownKeys(browser, origin, recordings) {
  const room = newRoom();
  const alice = await enter(browser, origin, 'Alice', room);
  const bob = await enter(browser, origin, 'Bob', room);
  /** @type {MediaVisit} */
  let carol;
  const visits = [alice, bob];

  await alice.step('two people', async () => {
    await alice.locks(tile('Bob'), 'Not verified');
    await bob.locks(tile('Alice'), 'Not verified');
    await seeEachOther(['Alice', alice], ['Bob', bob]);
    await recipients(alice, 'Bob');
    await alice.axe();
    return bob.axe();
  });
  await alice.step('emoji', async () => {
    await alice.press('Compare emoji with Bob');
    const emoji = (/** @type {MediaVisit} */ { page }) => page.locator('#compare .emoji').textContent();
    await bob.press('They are the same, says Bob');
    must((await emoji(alice)) === (await emoji(bob)), 'they differ');
    await alice.shoot('janus-room-emoji');
    await alice.axe();
    await alice.press('They are the same, says Alice');
    for (const visit of visits) await visit.press('Close');
    await alice.locks(tile('Bob'), 'Verified');
    await bob.locks(tile('Alice'), 'Verified');
    return alice.axe();
  });
  await alice.step('a late joiner', async () => {
    const before = await keyOf(alice);
    carol = await enter(browser, origin, 'Carol', room);
    visits.push(carol);
    for (const of of ['Alice', 'Bob']) await carol.playsIn(tile(of));
    for (const visit of [alice, bob]) await visit.playsIn(tile('Carol'));
    await alice.locks(tile('Carol'), 'Not verified');
    await recipients(alice, 'Bob and Carol');
    await until('another key', async () => (await keyOf(alice)) !== before);
    await alice.shoot('janus-room');
    return 'sees all, and got a key of her own';
  });
  await alice.step('recording', async () => {
    must(await bob.page.getByRole('button', { name: 'Have Janus record' }).isDisabled(), 'Bob may record');
    await alice.press('Have Janus record');
    for (const { page } of [alice, bob, carol]) {
      const notice = page.getByText('Janus records this room, for Alice. It gets ciphertext');
      await notice.waitFor();
    }
    await bob.shoot('janus-room-recorded');
    await alice.press('Change my key');
    await sleep(3000);
    const [download] = await Promise.all([
      alice.page.waitForEvent('download'),
      alice.press('Save the keys as a file'),
    ]);
    const keys = JSON.parse(readFileSync(await download.path(), 'utf8'));
    const counts = new Map(keys.participants.map((/** @type {any} */ each) => [each.participant, each.keys]));
    must(keys.version === 1 && keys.cipherSuite === 'AES_128_GCM_SHA256_128', JSON.stringify(keys));
    must([...counts.keys()].sort().join() === 'Alice,Bob,Carol', `keys of ${[...counts.keys()]}`);
    for (const each of [...counts.values()].flat())
      must(/^0x[0-9a-f]+$/.test(each.kid) && atob(each.baseKey).length >= 16, 'no key');
    must(counts.get('Alice').length >= 3, 'keys of Alice’s are missing'); // two before, one since
    await alice.press('End the recording');
    for (const { page } of [alice, bob, carol]) await page.locator('#recording').waitFor({ state: 'hidden' });
    const feed = await bob.page.locator(tile('Alice')).getAttribute('data-feed');
    const opened = openRecordings(recordings, `-user-${feed}-`, 'Alice', await download.path());
    return `keys of three, ${counts.get('Alice').length} of Alice’s; frames opened: ${opened.join(', ')}`;
  });
  await alice.step('removed', async () => {
    const before = await Promise.all([alice, bob].map(keyOf));
    await alice.press('Remove Carol');
    await carol.page.getByRole('alert').getByText('You were removed from the room.').waitFor();
    await recipients(alice, 'Bob');
    await recipients(bob, 'Alice');
    for (const [i, visit] of [alice, bob].entries()) {
      await until('another key', async () => (await keyOf(visit)) !== before[i]);
      await visit.page.locator(tile('Carol')).waitFor({ state: 'detached' });
    }
    await seeEachOther(['Alice', alice], ['Bob', bob]);
    return 'the others have new keys';
  });
  await alice.step('removed, and back', async () => {
    await carol.press('Join');
    for (const of of ['Alice', 'Bob']) await carol.sawNothingIn(tile(of));
    must((await carol.page.locator('#recipients').textContent()) === 'nobody', 'Carol’s keys go to somebody');
    await alice.page.locator(tile('Carol')).getByText('gets no keys from you').waitFor();
    await alice.shoot('janus-room-removed');
    await alice.press('Give Carol keys again');
    await carol.playsIn(tile('Alice'));
    await carol.sawNothingIn(tile('Bob'));
    return 'sees nothing, until somebody gives her keys again';
  });
  await alice.step('a name twice', async () => {
    const other = await knock(browser, origin, 'Bob', room);
    const said = other.page.locator('#said').getByText('That did not work');
    await said.waitFor();
    const text = await said.textContent();
    await other.page.getByRole('button', { name: 'Join' }).waitFor();
    await other.close();
    return text;
  });
  await alice.step('a name that is another’s', async () => {
    // the page has the name Mallory everywhere, but Janus is told that it publishes as Bob
    const mallory = await enter(browser, origin, 'Mallory', room, {
      prepare: (page) =>
        page.routeWebSocket(/\/janus$/, (socket) => {
          const server = socket.connectToServer();
          socket.onMessage((message) =>
            server.send(`${message}`.replace('"display":"Mallory"', '"display":"Bob"')),
          );
        }),
    });
    const both = alice.page.locator(tile('Bob'));
    await until('two of one name', async () => (await both.count()) === 2);
    for (const each of await both.all())
      await each.getByText('More than one in this room says that he is Bob').waitFor();
    const last = `${tile('Bob')}:last-child`;
    await alice.sawNothingIn(last);
    await alice.locks(last, 'No key');
    await alice.shoot('janus-room-liar');
    await mallory.press('Leave');
    await mallory.close();
    await until('one of that name', async () => (await both.count()) === 1);
    await alice.playsIn(tile('Bob'));
    return 'is said, and opens nothing';
  });
  await alice.step('leave', async () => {
    await bob.press('Leave');
    await alice.page.locator(tile('Bob')).waitFor({ state: 'detached' });
    return 'the tile is gone';
  });
  await finish(visits);
}

/** @param {Browser} browser @param {string} origin */
export async function passphrase(browser, origin) {
  const room = newRoom();
  const right = 'correct horse battery';
  const alice = await enter(browser, origin, 'Alice', room, { passphrase: right });
  const bob = await enter(browser, origin, 'Bob', room, { passphrase: right });
  const carol = await enter(browser, origin, 'Carol', room, { passphrase: 'correct horse batterz' });
  const visits = [alice, bob, carol];

  await alice.step('who knows it', async () => {
    await alice.locks(tile('Bob'), 'Encrypted');
    await bob.locks(tile('Alice'), 'Encrypted');
    await seeEachOther(['Alice', alice], ['Bob', bob]);
    return 'see each other';
  });
  await alice.step('who does not', async () => {
    for (const of of ['Alice', 'Bob']) {
      await carol.locks(tile(of), 'Wrong key');
      await carol.sawNothingIn(tile(of));
    }
    await carol.locks('#own', 'Wrong key');
    await alice.locks(tile('Carol'), 'Wrong key');
    await alice.sawNothingIn(tile('Carol'));
    await carol.shoot('janus-room-wrong-key');
    await carol.axe();
    return '0 frames decoded, here and there';
  });
  await alice.step('a late joiner', async () => {
    const dora = await enter(browser, origin, 'Dora', room, { passphrase: right });
    visits.push(dora);
    await seeEachOther(['Alice', alice], ['Dora', dora]);
    await alice.locks(tile('Carol'), 'Wrong key');
    return 'sees, and is seen';
  });
  await finish(visits);
}

/** @param {Browser} browser @param {string} origin */
export async function simulcast(browser, origin) {
  const room = newRoom();
  const alice = await enter(browser, origin, 'Alice', room, { simulcast: true });
  const bob = await enter(browser, origin, 'Bob', room);
  const width = () => bob.decodedIn(tile('Alice')).then((counts) => counts.width);

  await alice.step('three sizes', async () => {
    await bob.playsIn(tile('Alice'));
    /** @type {number[]} */
    const widths = [];
    for (const [size, isIt] of /** @type {[string, (width: number) => boolean][]} */ ([
      ['Small', (now) => now > 0 && now <= 240],
      ['Medium', (now) => now > 240 && now <= 480],
      ['Large', (now) => now > 480],
    ])) {
      await bob.page.getByLabel('Size of Alice').selectOption(size);
      await until(size, async () => isIt(await width()) || `${await width()} wide`);
      widths.push(await width());
      await bob.playsIn(tile('Alice'));
    }
    await bob.locks(tile('Alice'), 'Not verified');
    await bob.shoot('janus-room-sizes');
    await bob.axe();
    return `${widths.join(', ')} wide`;
  });
  await finish([alice, bob]);
}

/** The page's line to Janus, to be cut. @param {import('playwright').Page} page */
async function cuttable(page) {
  const line = { isDown: false, cut: () => {} };
  await page.routeWebSocket(/\/janus$/, (socket) => {
    if (line.isDown) {
      socket.close();
      return;
    }
    const server = socket.connectToServer();
    line.cut = () => {
      server.close();
      socket.close();
    };
  });
  return line;
}

/** @param {Browser} browser @param {string} origin */
export async function lost(browser, origin) {
  const room = newRoom();
  const alice = await enter(browser, origin, 'Alice', room);
  /** @type {Awaited<ReturnType<typeof cuttable>>} */
  let line = { isDown: false, cut: () => {} };
  const bob = await enter(browser, origin, 'Bob', room, {
    async prepare(page) {
      line = await cuttable(page);
    },
  });
  const alarm = bob.page.getByRole('alert').getByText('The connection to Janus is lost.');

  await alice.step('for a moment', async () => {
    await seeEachOther(['Alice', alice], ['Bob', bob]);
    line.isDown = true;
    line.cut();
    await alarm.waitFor();
    await bob.shoot('janus-room-lost');
    await bob.playsIn(tile('Alice')); // media needs no signalling
    line.isDown = false;
    await logged(bob, 'nothing was lost');
    await alarm.waitFor({ state: 'hidden' });
    await seeEachOther(['Alice', alice], ['Bob', bob]);
    return 'claimed again';
  });
  await alice.step('for long', async () => {
    line.isDown = true;
    line.cut();
    await alarm.waitFor();
    await alice.page.locator(tile('Bob')).waitFor({ state: 'detached' }); // Janus has given him up
    line.isDown = false;
    await logged(bob, 'joined anew');
    await alarm.waitFor({ state: 'hidden' });
    await seeEachOther(['Alice', alice], ['Bob', bob]);
    await bob.locks(tile('Alice'), 'Not verified');
    return 'joined anew, encrypted';
  });
  await finish([alice, bob]);
}

/** @param {Browser} browser @param {string} origin */
export async function phone(browser, origin) {
  const options = narrow;
  const room = newRoom();
  const visit = await MediaVisit.visit(browser, `${origin}index.html`, options);
  const narrowEnough = async (/** @type {MediaVisit} */ { page }) => {
    const wider = await page.evaluate(overflow);
    must(wider <= 0, `${wider} px wider than the window`);
  };
  await visit.step('pages', async () => {
    for (const page of ['index', 'echo', 'room', 'playback']) {
      await visit.page.goto(`${origin}${page}.html`);
      await visit.page.locator('h1').waitFor();
      await narrowEnough(visit);
      await visit.axe();
      await visit.shoot(`janus-phone-${page}`);
    }
    return 'nothing is wider than the window';
  });
  await visit.close();
  const alice = await enter(browser, origin, 'Alice', room, { options });
  const bob = await enter(browser, origin, 'Bob', room);
  await visit.step('a room', async () => {
    await alice.playsIn(tile('Bob'));
    await alice.locks(tile('Bob'), 'Not verified');
    await narrowEnough(alice);
    await alice.shoot('janus-phone-in-the-room');
    return alice.axe();
  });
  await finish([alice, bob]);
}
