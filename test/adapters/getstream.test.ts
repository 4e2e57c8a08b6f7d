/**
 * The adapter under a stand-in for GetStream's SDK, which calls the hooks as that does: right after a sender was made, and
 * when a remote track comes. The SDK itself is not here: its licence is not for that.
 */

import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import {
  type GetStreamCall,
  type GetStreamHooks,
  GetStreamManager,
  type GetStreamOptions,
} from '../../examples/adapters/getstream.ts';
import {
  arrived,
  asReceiver,
  asSender,
  audio,
  bytesOf,
  closeBrowser,
  FakeEndpoint,
  type FakeFrame,
  failure,
  openBrowser,
  Person,
  randomKey,
  until,
} from '../webrtc-fakes.ts';

beforeEach(openBrowser);
afterEach(() => {
  vi.useRealTimers();
  closeBrowser();
});

/** A receiver's track is stopped where it must not play. */
class Receiver extends FakeEndpoint {
  constructor() {
    super();
    this.track = Object.assign(this.track ?? { kind: '', id: '' }, { readyState: 'live', stop: this.#stop });
  }

  get readyState(): string {
    return (this.track as unknown as { readyState: string }).readyState;
  }

  #stop(this: { readyState: string }): void {
    this.readyState = 'ended';
  }
}

/** Somebody in a call: of a `Call`, as much as is used. */
class Member {
  readonly person: Person = new Person();
  readonly manager: GetStreamManager;
  readonly state: { participants: { userId: string }[] } = { participants: [] };
  readonly userId: string;
  #hooks: GetStreamHooks | undefined;
  #left: ((event: { participant?: { userId: string } }) => void) | undefined;

  constructor(userId: string, options?: GetStreamOptions) {
    this.userId = userId;
    this.manager = new GetStreamManager(this.person.client, options);
    this.manager.attach(this as GetStreamCall);
  }

  setE2EEManager(manager: GetStreamHooks): void {
    this.#hooks = manager;
  }

  on(event: string, listener: (event: { participant?: { userId: string } }) => void): void {
    if (event === 'participantLeft') this.#left = listener;
  }

  publish(trackType = 'AUDIO'): FakeEndpoint {
    const sender = new FakeEndpoint();
    this.#hooks?.encrypt(asSender(sender), 'opus', trackType);
    return sender;
  }

  subscribe(userId: string, trackType = 'AUDIO', receiver = new Receiver()): Receiver {
    this.#hooks?.decrypt(asReceiver(receiver), userId, trackType);
    return receiver;
  }

  sees(...userIds: string[]): void {
    this.state.participants = userIds.map((userId) => ({ userId }));
  }

  seesLeave(participant?: { userId: string }): void {
    this.state.participants = this.state.participants.filter(({ userId }) => userId !== participant?.userId);
    this.#left?.({ ...(participant && { participant }) });
  }

  async hears(receiver: Receiver, frames: FakeFrame[]): Promise<number[][]> {
    const heard = await this.person.through(receiver, ...frames.map((frame) => arrived(frame)));
    return heard.map(bytesOf);
  }
}

async function giveKey(sender: Member, ...receivers: Member[]): Promise<bigint> {
  const baseKey = randomKey();
  const kid = await sender.person.client.setEncryptionKey(baseKey);
  for (const { person } of receivers) await person.client.addDecryptionKey(sender.userId, baseKey, kid);
  return kid;
}

const keysOf = async ({ person }: Member, userId: string) =>
  (await person.client.stats()).receivingKeys.get(userId)?.length ?? 0;

test('A call, from the first to the last of it', async () => {
  const [alice, bob] = [new Member('alice'), new Member('bob')];
  await giveKey(alice, bob);
  bob.sees('alice', 'bob');
  const sender = alice.publish();
  const receiver = bob.subscribe('alice');
  const [first] = await alice.person.through(sender, audio(1, 2, 3));
  expect(bytesOf(first!)).not.toEqual([1, 2, 3]);
  expect(await bob.hears(receiver, [first!])).toEqual([[1, 2, 3]]);

  // late, with the key; and with another
  const [carol, eve] = [new Member('carol'), new Member('eve')];
  const kid = await giveKey(alice, bob, carol);
  await eve.person.client.addDecryptionKey('alice', randomKey(), kid);
  const sent = await alice.person.through(sender, audio(4));
  expect(await carol.hears(carol.subscribe('alice'), sent)).toEqual([[4]]);
  expect(await eve.hears(eve.subscribe('alice'), sent)).toEqual([]);
  expect(eve.person.statuses).toEqual([`alice authentication ${kid}`]);

  // muting and unmuting comes to the same sender again, publishing anew to another
  const track = sender.track;
  await sender.replaceTrack(null);
  sender.track = track;
  expect(await bob.hears(receiver, await alice.person.through(sender, audio(5)))).toEqual([[5]]);
  const again = alice.publish();
  expect(await bob.hears(bob.subscribe('alice'), await alice.person.through(again, audio(6)))).toEqual([[6]]);

  // leaving; of two devices of one user's, only the last
  await giveKey(carol, bob);
  bob.sees('alice', 'bob', 'carol', 'carol');
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  bob.state.participants.pop();
  bob.seesLeave();
  vi.advanceTimersByTime(60_000);
  vi.useRealTimers();
  expect(await keysOf(bob, 'carol')).toBe(1);
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  bob.seesLeave({ userId: 'carol' });
  vi.advanceTimersByTime(60_000);
  vi.useRealTimers();
  await until(async () => (await keysOf(bob, 'carol')) === 0);
  bob.manager.dispose();
  expect(await failure(bob.person.client.stats())).toBe('destroyed');
});

test('A receiver that is used again opens frames of the new one only, and none in the clear', async () => {
  const [alice, bob, carol] = [new Member('alice'), new Member('bob'), new Member('carol')];
  await giveKey(alice, bob);
  await giveKey(carol, bob);
  const [hers, other] = [alice.publish(), carol.publish()];
  const receiver = bob.subscribe('alice');
  bob.subscribe('carol', 'AUDIO', receiver);
  expect(await bob.hears(receiver, await alice.person.through(hers, audio(1)))).toEqual([]);
  expect(await bob.hears(receiver, [audio(2)])).toEqual([]);
  expect(await bob.hears(receiver, await carol.person.through(other, audio(3)))).toEqual([[3]]);
});

test('Types of tracks are authenticated on demand', async () => {
  for (const bindTrackType of [false, true]) {
    const [alice, bob] = [new Member('alice', { bindTrackType }), new Member('bob', { bindTrackType })];
    await giveKey(alice, bob);
    const sent = await alice.person.through(alice.publish('VIDEO'), audio(1));
    expect(await bob.hears(bob.subscribe('alice', 'SCREEN_SHARE'), sent)).toEqual(bindTrackType ? [] : [[1]]);
    expect(await bob.hears(bob.subscribe('alice', 'VIDEO'), sent)).toEqual([[1]]);
  }
});

test('Nothing leaves or plays where transforms cannot be had', () => {
  const alice = new Member('alice');
  alice.manager.dispose();
  const [sender, receiver] = [new FakeEndpoint(), new Receiver()];
  expect(() => alice.manager.encrypt(asSender(sender))).toThrow('destroy()');
  expect(sender.track).toBe(null);
  expect(() => alice.subscribe('bob', 'AUDIO', receiver)).toThrow('destroy()');
  expect(receiver.readyState).toBe('ended');
});
