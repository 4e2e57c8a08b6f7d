/** Passphrases in real rooms of livekit-client, whose sessions travel as attributes. */

import { RoomEvent, Track } from 'livekit-client';
import { RoomKey } from 'sframe-wasm';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { shareRoomKey } from '../../examples/adapters/livekit-room-key.ts';
import { audio, bytesOf, closeBrowser, type FakeFrame, openBrowser, until } from '../webrtc-fakes.ts';
import { type Member, openRooms, Server } from './livekit-server.ts';

const failures: unknown[] = [];
const bytes = (frames: FakeFrame[]) => frames.map(bytesOf);
const kidsOf = async ({ person }: Member, participant: string) =>
  (await person.client.stats()).receivingKeys.get(participant)?.map(({ kid }) => kid) ?? [];

beforeEach(() => {
  failures.length = 0;
  openBrowser();
  openRooms();
});
afterEach(closeBrowser);

/** Somebody joins, with a passphrase. */
async function join(server: Server, participant: string, passphrase = 'correct horse battery staple') {
  const roomKey = await RoomKey.fromPassphrase({
    passphrase,
    app: 'example.org',
    room: 'standup',
    participant,
  });
  const member = await server.join(participant);
  await shareRoomKey(member.room, member.person.client, roomKey, (error) => failures.push(error));
  return member;
}

test('Those who know the passphrase hear each other, whoever came first', async () => {
  const server = new Server();
  const alice = await join(server, 'alice');
  const track = await alice.publish(Track.Source.Microphone);
  const bob = await join(server, 'bob');
  const eve = await join(server, 'eve', 'incorrect horse battery staple');
  const sent = await alice.send(track, audio(1));
  expect(bytes(await bob.hears(track.sid, sent))).toEqual([[1]]);
  expect(await eve.hears(track.sid, sent)).toEqual([]);

  const his = await bob.publish(Track.Source.Microphone);
  await until(async () => (await kidsOf(alice, 'bob')).length === 1);
  expect(bytes(await alice.hears(his.sid, await bob.send(his, audio(2))))).toEqual([[2]]);
  expect(JSON.stringify(alice.info.attributes)).not.toContain('horse');

  // the server has forgotten her, and she comes again; then she goes, and comes again
  const announced = alice.info.attributes['sframe'];
  alice.info.attributes = {};
  alice.room.emit(RoomEvent.Reconnected);
  await until(() => alice.info.attributes['sframe'] === announced);
  const [first] = await kidsOf(bob, 'alice');
  await alice.room.disconnect();
  server.leave(alice);
  await server.connect(alice);
  await until(async () => (await kidsOf(bob, 'alice')).at(-1) !== first);
  const again = await alice.publish(Track.Source.Microphone);
  expect(bytes(await bob.hears(again.sid, await alice.send(again, audio(3))))).toEqual([[3]]);
  expect(failures).toEqual([]);
});

test('After a crash of the worker there is another session, and the keys of the others are back', async () => {
  const server = new Server();
  const [bob, alice] = [await join(server, 'bob'), await join(server, 'alice')];
  const [hers, his] = [
    await alice.publish(Track.Source.Microphone),
    await bob.publish(Track.Source.Microphone),
  ];
  await until(async () => (await kidsOf(bob, 'alice')).length === 1);
  const [before] = await kidsOf(bob, 'alice');
  alice.person.workers.at(-1)?.terminate();
  await until(async () => (await kidsOf(bob, 'alice')).at(-1) !== before);
  await until(async () => (await kidsOf(alice, 'bob')).length === 1);
  expect(bytes(await bob.hears(hers.sid, await alice.send(hers, audio(1))))).toEqual([[1]]);
  expect(bytes(await alice.hears(his.sid, await bob.send(his, audio(2))))).toEqual([[2]]);
  expect(failures).toEqual([]);
});

test('What is no announcement is ignored; of many, the last two count', async () => {
  const server = new Server();
  const [alice, bob] = [await join(server, 'alice'), await join(server, 'bob')];
  const bobs = bob.info.attributes['sframe'] ?? '';
  const session = '00112233445566778899aabbccddeeff';
  const said = ['', 'x', `zz ${session}`, `1 ${session}00`, `10000000000000000 ${session}`, bobs];
  for (const sframe of said) {
    alice.info.attributes = { sframe };
    server.update(alice);
  }
  for (const kid of [1, 2, 3]) {
    alice.info.attributes = { sframe: `${kid} ${session}` };
    server.update(alice);
    await until(async () => (await kidsOf(bob, 'alice')).includes(BigInt(kid)));
  }
  await until(async () => (await kidsOf(bob, 'alice')).length === 2);
  expect(await kidsOf(bob, 'alice')).toEqual([2n, 3n]);
  expect(failures).toEqual([]);
});
