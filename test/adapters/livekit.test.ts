/**
 * Real rooms of livekit-client, with the adapter as their manager, in calls: from joining to disconnecting, and with a
 * server that says what it should not.
 */

import { DataPacket, Encryption_Type, UserPacket } from '@livekit/protocol';
import { type BaseE2EEManager, RoomEvent, Track } from 'livekit-client';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import {
  asReceiver,
  asSender,
  audio,
  bytesOf,
  closeBrowser,
  FakeEndpoint,
  FakeFrame,
  failure,
  openBrowser,
  Person,
  randomKey,
  until,
} from '../webrtc-fakes.ts';
import { type Member, openRooms, Server } from './livekit-server.ts';

const { Microphone, Camera } = Track.Source;
const bytes = (frames: FakeFrame[]) => frames.map(bytesOf);

beforeEach(() => {
  openBrowser();
  openRooms();
});
afterEach(() => {
  vi.useRealTimers();
  closeBrowser();
});

/** Gives a sender a key, and the others that. */
async function giveKey(sender: Member, ...receivers: Member[]): Promise<bigint> {
  const baseKey = randomKey();
  const kid = await sender.person.client.setEncryptionKey(baseKey);
  for (const { person } of receivers)
    await person.client.addDecryptionKey(sender.info.identity, baseKey, kid);
  return kid;
}

/** Alice publishes, Bob hears. */
async function call(server = new Server()) {
  const [alice, bob] = [await server.join('alice'), await server.join('bob')];
  const kid = await giveKey(alice, bob);
  const track = await alice.publish(Microphone);
  return { server, alice, bob, kid, track };
}

const senderOf = (track: Track) => (track as unknown as { sender: FakeEndpoint }).sender;
const keysOf = async ({ person }: Member, participant: string) =>
  (await person.client.stats()).receivingKeys.get(participant)?.length ?? 0;

describe('A call', () => {
  test('from the first to the last of it', async () => {
    const { server, alice, bob, track } = await call();
    const [first] = await alice.send(track, audio(1, 2, 3));
    expect(bytesOf(first!)).not.toEqual([1, 2, 3]);
    expect(bytes(await bob.hears(track.sid, [first!]))).toEqual([[1, 2, 3]]);

    // she who comes late, with the key; and he who has another
    const [carol, eve] = [await server.join('carol'), await server.join('eve')];
    await giveKey(carol, alice, bob);
    const baseKey = randomKey();
    const kid = await alice.person.client.setEncryptionKey(baseKey);
    await bob.person.client.addDecryptionKey('alice', baseKey, kid);
    await carol.person.client.addDecryptionKey('alice', baseKey, kid);
    await eve.person.client.addDecryptionKey('alice', randomKey(), kid);
    const sent = await alice.send(track, audio(4), audio(5));
    for (const member of [bob, carol]) expect(bytes(await member.hears(track.sid, sent))).toEqual([[4], [5]]);
    expect(await eve.hears(track.sid, sent)).toEqual([]);
    expect(eve.told).toEqual(['eve encrypted', 'alice authentication']);

    // a second track, and back
    const camera = await carol.publish(Camera);
    const video = new FakeFrame(new Uint8Array([9, 9]), 'video/VP9', 'key');
    const filmed = await carol.send(camera, video);
    expect(filmed).toHaveLength(1);
    expect(bytes(await bob.hears(camera.sid, filmed))).toEqual([[9, 9]]);

    // muting keeps sender and receiver
    const sender = senderOf(track);
    await track.mute();
    expect(bob.room.remoteParticipants.get('alice')?.isMicrophoneEnabled).toBe(false);
    await track.unmute();
    expect(senderOf(track)).toBe(sender);
    expect(bytes(await bob.hears(track.sid, await alice.send(track, audio(6))))).toEqual([[6]]);

    // republishing makes others
    await alice.room.localParticipant.unpublishTrack(track);
    server.unpublish(alice, track.sid);
    const again = await alice.publish(Microphone);
    expect(senderOf(again)).not.toBe(sender);
    expect(bytes(await bob.hears(again.sid, await alice.send(again, audio(7))))).toEqual([[7]]);

    // leaving, and hanging up
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    server.leave(carol);
    vi.advanceTimersByTime(60_000);
    vi.useRealTimers();
    await until(async () => (await keysOf(bob, 'carol')) === 0);
    expect(await keysOf(bob, 'alice')).toBeGreaterThan(0);
    await bob.room.disconnect();
    bob.manager.dispose();
    expect(await failure(bob.person.client.stats())).toBe('destroyed');
    expect(bob.told).toEqual(['bob encrypted', 'alice encrypted', 'carol encrypted', 'alice encrypted']);
  });

  test('goes on, after the room was left and joined again', async () => {
    const { server, alice, bob, track } = await call();
    await bob.room.disconnect();
    server.leave(bob);
    await server.connect(bob);
    expect(bytes(await bob.hears(track.sid, await alice.send(track, audio(1))))).toEqual([[1]]);
    await giveKey(bob, alice);
    const his = await bob.publish(Microphone);
    const [sent] = await bob.send(his, audio(2));
    expect(bytesOf(sent!)).not.toEqual([2]);
    expect(bytes(await alice.hears(his.sid, [sent!]))).toEqual([[2]]);
    // by the engine that the room has now
    const backup = new FakeEndpoint('audio');
    bob.publisher.senders.push(backup);
    bob.publisher.emit('negotiationStarted');
    expect(backup.transform).not.toBe(null);
  });

  test('keeps the keys of who comes back', async () => {
    const { server, alice, bob, track } = await call();
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    server.leave(alice);
    vi.advanceTimersByTime(50_000);
    server.members.add(alice);
    server.update(alice);
    server.leave(alice);
    vi.advanceTimersByTime(50_000);
    server.members.add(alice);
    server.update(alice);
    vi.advanceTimersByTime(60_000);
    vi.useRealTimers();
    server.deliver(alice, track.sid ?? '', bob);
    expect(bytes(await bob.hears(track.sid, await alice.send(track, audio(1))))).toEqual([[1]]);
  });

  test('without a key is silent, and says so, both ways', async () => {
    const server = new Server();
    const [alice, bob] = [await server.join('alice'), await server.join('bob')];
    const track = await alice.publish(Microphone);
    expect(await alice.send(track, audio(1))).toEqual([]);
    await giveKey(alice);
    expect(await bob.hears(track.sid, await alice.send(track, audio(2), audio(3)))).toEqual([]);
    // connected; dropped; active and recovered
    expect(alice.told).toEqual(['alice encrypted', 'alice no-key', 'alice encrypted', 'alice encrypted']);
    expect(bob.told).toEqual(['bob encrypted', 'alice key-id']);
  });
});

describe('A server', () => {
  test('that says that tracks are not encrypted gets nothing in the clear, and nothing past a receiver', async () => {
    const server = new Server(Encryption_Type.NONE);
    const { alice, bob, track } = await call(server);
    expect(bob.room.remoteParticipants.get('alice')?.isEncrypted).toBe(false); // what it says
    bob.manager.setParticipantCryptorEnabled(false, 'alice');
    expect(await bob.hears(track.sid, [audio(1, 2, 3, 4)])).toEqual([]);
    const injected = audio(0xf8, 0xff, 0xfe, ...server.sifTrailer);
    expect(await bob.hears(track.sid, [injected])).toEqual([]);
    const [sent] = await alice.send(track, audio(1));
    expect(bytesOf(sent!)).not.toEqual([1]);
    expect(bytes(await bob.hears(track.sid, [sent!]))).toEqual([[1]]);
  });

  test('that uses a receiver again cannot pass one for the other', async () => {
    const { server, alice, bob, track } = await call();
    const carol = await server.join('carol');
    await giveKey(carol, bob);
    const hers = await carol.publish(Microphone);
    const used = bob.receivers.get(track.sid ?? '');
    server.deliver(carol, hers.sid ?? '', bob, used);
    expect(await bob.hears(hers.sid, await alice.send(track, audio(1)))).toEqual([]);
    expect(bytes(await bob.hears(hers.sid, await carol.send(hers, audio(2))))).toEqual([[2]]);
  });

  test('cannot pass a track for another of its sender', async () => {
    const { alice, bob, track } = await call();
    const camera = await alice.publish(Camera);
    expect(await bob.hears(track.sid, await alice.send(camera, audio(1)))).toEqual([]);
    expect(bytes(await bob.hears(camera.sid, await alice.send(camera, audio(2))))).toEqual([[2]]);
  });

  test('is asked for no redundancy and no second codec', async () => {
    const { alice } = await call();
    await alice.publish(Camera);
    expect(alice.published.map(({ encryption }) => encryption)).toEqual([
      Encryption_Type.GCM,
      Encryption_Type.GCM,
    ]);
    expect(alice.published.every(({ disableRed }) => disableRed)).toBe(true);
    expect(alice.published.every(({ simulcastCodecs }) => simulcastCodecs.length < 2)).toBe(true);
  });
});

describe('Plaintext', () => {
  test('is not had by setE2EEEnabled: it rejects, and tracks are announced as encrypted again', async () => {
    const { alice, bob } = await call();
    await expect(alice.room.setE2EEEnabled(false)).rejects.toThrow('passthrough');
    await until(() => alice.published.length === 3);
    await until(() => alice.room.localParticipant.getTrackPublication(Microphone)?.isEncrypted);
    expect(alice.published.at(-1)?.encryption).toBe(Encryption_Type.GCM);
    expect(alice.room.isE2EEEnabled).toBe(true);
    const track = alice.room.localParticipant.getTrackPublication(Microphone)?.track;
    const [sent] = await alice.send(track!, audio(1));
    expect(bytesOf(sent!)).not.toEqual([1]);
    expect(bytes(await bob.hears(track!.sid, [sent!]))).toEqual([[1]]);
  });

  test('is had by naming it, and is told', async () => {
    const { alice, bob, track } = await call();
    alice.person.client.passthrough(asSender(senderOf(track)));
    const sent = await alice.send(track, audio(1));
    expect(bytes(sent)).toEqual([[1]]);
    expect(await bob.hears(track.sid, sent)).toEqual([]);
    const receiver = asReceiver(bob.receivers.get(track.sid ?? '')!);
    bob.person.client.allowPlaintext(receiver);
    expect(bytes(await bob.hears(track.sid, sent))).toEqual([[1]]);
    expect([alice.told.at(-1), bob.told.at(-1)]).toEqual(['alice in the clear', 'alice in the clear']);

    // and as long as there is any, nothing else hides it
    const camera = await alice.publish(Camera);
    expect(bytes(await bob.hears(camera.sid, await alice.send(camera, audio(2))))).toEqual([[2]]);
    expect([alice.told.at(-1), bob.told.at(-1)]).toEqual(['alice in the clear', 'alice in the clear']);
    alice.person.client.encrypt(asSender(senderOf(track)), { source: Microphone });
    bob.person.client.decrypt(receiver, 'alice', { source: Microphone });
    expect(bytes(await bob.hears(track.sid, await alice.send(track, audio(3))))).toEqual([[3]]);
    expect([alice.told.at(-1), bob.told.at(-1)]).toEqual(['alice encrypted', 'alice encrypted']);
  });

  test('does not leave by senders that LiveKit makes without an event', async () => {
    const { alice } = await call();
    const [backup, empty] = [new FakeEndpoint('audio'), new FakeEndpoint('audio')];
    empty.track = null;
    alice.publisher.senders.push(backup, empty);
    alice.publisher.emit('negotiationStarted');
    const [sent] = await alice.person.through(backup, audio(1));
    expect(bytesOf(sent!)).not.toEqual([1]);
    expect(empty.transform).toBe(null);
  });

  test('does not leave or play where transforms cannot be had', async () => {
    const { server, alice, bob } = await call();
    for (const { manager } of [alice, bob]) manager.dispose();
    expect(await failure(alice.publish(Camera))).toBe('destroyed');
    expect(alice.publisher.senders.at(-1)?.track).toBe(null);
    const carol = await server.join('carol');
    await carol.publish(Microphone);
    const played = bob.room.remoteParticipants.get('carol')?.getTrackPublication(Microphone)?.track;
    expect(played?.mediaStreamTrack.readyState).toBe('ended');
    expect(bob.told.at(-1)).toMatch(/^carol /);
    const backup = new FakeEndpoint('audio');
    alice.publisher.senders.push(backup);
    alice.publisher.emit('negotiationStarted');
    expect(backup.track).toBe(null);
  });
});

describe('Data', () => {
  for (const option of ['encryption', 'e2ee'] as const)
    test(`is encrypted with the option ${option}`, async () => {
      const server = new Server();
      const alice = await server.join('alice', new Person(), option);
      const [bob, eve] = [await server.join('bob'), await server.join('eve')];
      const kid = await giveKey(alice, bob);
      await eve.person.client.addDecryptionKey('alice', randomKey(), kid);
      const text = new TextEncoder().encode('a secret of theirs');
      await alice.room.localParticipant.publishData(text);
      const [packet] = alice.packets;
      expect(Buffer.from(packet!).includes('secret')).toBe(false);
      for (const member of [bob, eve, bob]) await server.pass(alice, packet, member);
      expect(bob.data).toEqual([[...text]]); // once
      expect(eve.data).toEqual([]);
      await server.pass(eve, packet, bob); // as another's
      expect(bob.data).toHaveLength(1);
    });

  test('that a server makes up is delivered by LiveKit, and looks like any other: a limit that is documented', async () => {
    const { server, alice, bob } = await call();
    const types: unknown[] = [];
    bob.room.on(RoomEvent.DataReceived, (_data, _participant, _kind, _topic, type) => types.push(type));
    await alice.room.localParticipant.publishData(new Uint8Array([1]));
    await server.pass(alice, alice.packets[0], bob);
    const madeUp = new DataPacket({
      value: { case: 'user', value: new UserPacket({ payload: new Uint8Array([2]) }) },
    });
    await server.pass(alice, madeUp.toBinary() as Uint8Array<ArrayBuffer>, bob);
    expect(bob.data).toEqual([[1], [2]]);
    expect(types).toEqual([Encryption_Type.NONE, Encryption_Type.NONE]);
  });

  test('fits the frames of data tracks', async () => {
    const { alice, bob } = await call();
    const { payload, iv, keyIndex } = await alice.manager.encryptData(new Uint8Array([1, 2]));
    expect([iv.length, keyIndex]).toEqual([12, 0]);
    const opened = await bob.manager.handleEncryptedData(payload, iv, 'alice');
    expect(opened.payload).toEqual(new Uint8Array([1, 2]));
    expect(await failure(bob.manager.handleEncryptedData(payload, iv, 'alice'))).toBe('replay');
  });
});

test('A manager is of one room', async () => {
  const { alice, bob } = await call();
  const manager: BaseE2EEManager = alice.manager;
  expect(() => manager.setup(bob.room)).toThrow('room');
  manager.setup(alice.room);
  expect(alice.room.listenerCount(RoomEvent.TrackSubscribed)).toBeLessThanOrEqual(3);
});
