// Calls whose keys come from MLS, as stories: what is heard, and what is not.

import { beforeEach, expect, test } from 'vitest';
import { decodeHeader, KeyRotation, MlsDecryptor, MlsEncryptor } from '../src/index.ts';
import { baseKeyOf, cipherSuite, clock, epochBits, forgery, frameOf, kidOf } from './mls-members.ts';

beforeEach(() => {
  clock.ms = 0;
});

/** A member: what his client holds. */
class Member {
  readonly encryptor: MlsEncryptor;
  readonly decryptor: MlsDecryptor = new MlsDecryptor({ cipherSuite, epochBits, now: () => clock.ms });
  readonly index: number;
  readonly opened: string[] = [];

  constructor(index: number, contextId = 0) {
    this.index = index;
    this.encryptor = new MlsEncryptor({ cipherSuite, epochBits, contextId });
  }

  /** A commit was applied. */
  learn(epoch: number, groupSize: number, options: { branch?: number; graceSeconds?: number } = {}): void {
    const { branch, graceSeconds } = options;
    const senderIndex = this.index;
    const baseKey = baseKeyOf(epoch, branch);
    this.decryptor.addEpoch({ epoch, baseKey, groupSize, senderIndex, graceSeconds });
  }

  speak(epoch: number, groupSize: number, branch?: number): void {
    const baseKey = baseKeyOf(epoch, branch);
    this.encryptor.setEpoch({ epoch, baseKey, groupSize, senderIndex: this.index });
  }

  says(text: string): Uint8Array<ArrayBuffer> {
    return this.encryptor.encrypt(new TextEncoder().encode(text));
  }

  /** What is heard, or why nothing is. */
  hears(ciphertext: Uint8Array): string {
    const opened = this.decryptor.tryDecrypt(ciphertext);
    return typeof opened === 'string' ? `(${opened})` : new TextDecoder().decode(opened);
  }
}

/** Members of an epoch, who have all switched to it. */
function groupOf(size: number, epoch = 1): Member[] {
  const members = Array.from({ length: size }, (_, index) => new Member(index));
  for (const member of members) {
    member.learn(epoch, size);
    member.speak(epoch, size);
  }
  return members;
}

test('an epoch changes while frames are in flight, and nobody misses a word', () => {
  const [alice, bob, carol] = groupOf(3) as [Member, Member, Member];
  const onTheWire = [alice.says('one'), bob.says('two')];

  // carol's update reaches bob at once, alice a second later
  for (const member of [carol, bob]) member.learn(2, 3);
  expect(onTheWire.map((ciphertext) => carol.hears(ciphertext))).toEqual(['one', 'two']);
  clock.ms += 1000;
  carol.speak(2, 3);
  const first = carol.says('three');
  expect(bob.hears(first)).toBe('three');
  expect(alice.hears(first), 'she has not seen the commit').toBe('(key-id)');
  alice.learn(2, 3);
  expect(alice.hears(first)).toBe('three');

  // she speaks on in the old epoch until her own switch
  expect([bob, carol].map((member) => member.hears(alice.says('four')))).toEqual(['four', 'four']);
  const late = alice.says('five');
  alice.speak(2, 3);
  expect(bob.hears(alice.says('six'))).toBe('six');
  clock.ms += 2000;
  expect(bob.hears(late), 'a late frame').toBe('five');
  const tooLate = frameOf(1, 0, 9n, { groupSize: 3 });
  clock.ms += 9000;
  expect(bob.hears(tooLate), 'after 12 seconds').toBe('(key-id)');
});

test('two commits cross on the wire: the one that lost leaves no trace', () => {
  const [alice, bob, carol] = groupOf(3) as [Member, Member, Member];
  // bob believes in his own commit at once, though one should wait for the server's word
  bob.learn(2, 3, { branch: 1 });
  bob.speak(2, 3, 1);
  const lost = bob.says('nobody hears this');
  // the server has taken carol's
  for (const member of [alice, carol]) {
    member.learn(2, 3);
    member.speak(2, 3);
  }
  expect(alice.hears(lost)).toBe('(authentication)');
  const early = alice.says('welcome back');
  expect(bob.hears(early)).toBe('(authentication)');
  bob.learn(2, 3);
  bob.speak(2, 3);
  expect(bob.hears(early)).toBe('welcome back');
  expect(alice.hears(bob.says('sorry'))).toBe('sorry');
  expect(alice.hears(lost), 'its counter has come by another frame').toBe('(replay)');
});

test('the group grows over a power of two and shrinks again: KIDs of both lengths are on the wire', () => {
  const members = groupOf(4);
  const [alice, bob] = members as [Member, Member];
  const before = members.map((member, i) => member.says(`short ${i}`));
  const erin = new Member(4);
  for (const member of [...members, erin]) {
    member.learn(2, 5);
    member.speak(2, 5);
  }
  const after = [...members, erin].map((member, i) => member.says(`long ${i}`));
  // interleaved, as they come
  for (let i = 0; i < 5; i++) {
    if (i !== 1) expect(bob.hears(after[i] as Uint8Array)).toBe(`long ${i}`);
    if (i !== 1 && i < 4) expect(bob.hears(before[i] as Uint8Array)).toBe(`short ${i}`);
    expect(erin.hears(before[i % 4] as Uint8Array), 'from before she came').toBe('(key-id)');
  }
  expect(erin.hears(alice.says('hello erin'))).toBe('hello erin');

  // erin leaves: within three seconds nothing of hers is heard
  for (const member of members) {
    member.learn(3, 4, { graceSeconds: 3 });
    member.speak(3, 4);
  }
  expect(bob.hears(erin.says('bye'))).toBe('bye');
  expect(erin.hears(alice.says('secret'))).toBe('(key-id)');
  clock.ms += 3000;
  expect(bob.hears(erin.says('I am still here'))).toBe('(key-id)');
  expect(bob.hears(alice.says('four again'))).toBe('four again');
});

test('a fifth of the frames is lost, others come late or twice, through twelve epochs: all that can be heard is', () => {
  let seed = 20;
  const dice = (): number => {
    seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0;
    return seed / 2 ** 32;
  };
  const members = groupOf(6);
  const listener = members[0] as Member;
  const sent: { at: number; text: string; ciphertext: Uint8Array }[] = [];
  let lost = 0;
  for (let n = 0; n < 3600; n++) {
    clock.ms += 10;
    const epoch = 1 + Math.floor(n / 300);
    if (n % 300 === 0 && n > 0) for (const member of members) member.learn(epoch, 6);
    // each switches when he gets round to it, within a second
    for (const member of members)
      if (member.encryptor.epoch !== BigInt(epoch) && (dice() < 0.03 || n % 300 > 99)) member.speak(epoch, 6);
    const speaker = members[1 + Math.floor(5 * dice())] as Member;
    const text = `${n}`;
    const ciphertext = speaker.says(text);
    if (dice() < 0.2) lost++;
    else sent.push({ at: n + Math.floor(dice() ** 4 * 100), text, ciphertext });
    if (dice() < 0.1) sent.push({ at: n + Math.floor(dice() * 200), text, ciphertext });
    for (const item of sent.filter(({ at }) => at === n))
      listener.opened.push(listener.hears(item.ciphertext));
  }
  const heard = listener.opened.filter((text) => !text.startsWith('('));
  const due = new Set(sent.filter(({ at }) => at < 3600).map(({ text }) => text));
  expect(lost).toBeGreaterThan(600);
  expect(new Set(heard)).toEqual(due);
  expect(heard.length, 'each once').toBe(due.size);
  expect(new Set(listener.opened.filter((text) => text.startsWith('(')))).toEqual(new Set(['(replay)']));
});

test('a client restarts in the middle: same epoch, another context; or another epoch', () => {
  const [alice, bob] = groupOf(2) as [Member, Member];
  for (let i = 0; i < 100; i++) bob.hears(alice.says(`${i}`));

  // what must not be done: she counts from 0 again under the same keys. Bob's window refuses that, too.
  const careless = new Member(0);
  careless.speak(1, 2);
  expect(bob.hears(careless.says('once more'))).toBe('(replay)');

  const again = new Member(0, 1);
  again.learn(1, 2);
  again.speak(1, 2);
  expect(bob.hears(again.says('here I am'))).toBe('here I am');
  expect(again.hears(bob.says('good'))).toBe('good');

  // or, as MLS suggests, she commits an update first
  const updated = new Member(0);
  for (const member of [updated, bob]) member.learn(2, 2);
  updated.speak(2, 2);
  expect(bob.hears(updated.says('a new epoch'))).toBe('a new epoch');

  // bob restarts as well: his windows are new, and only the epoch keeps old frames out
  const fresh = new Member(1);
  fresh.learn(2, 2);
  expect(fresh.hears(updated.says('hello'))).toBe('hello');
  expect(fresh.hears(alice.says('old'))).toBe('(key-id)');
});

test('a flood of forged KIDs changes nothing that a genuine stream can notice', () => {
  const [alice, bob] = groupOf(8) as [Member, Member];
  for (let i = 0; i < 2000; i++) {
    const kid = kidOf(1, i % 8, BigInt(i >> 3));
    expect(bob.hears(forgery(kid, BigInt(i) << 40n))).toBe(i % 8 === 1 ? '(key-id)' : '(authentication)');
    if (i % 100 === 0) expect(bob.hears(alice.says(`${i}`))).toBe(`${i}`);
  }
  // every sender still has all of his places
  for (let contextId = 1; contextId < 16; contextId++) {
    const other = new Member(0, contextId);
    other.speak(1, 8);
    expect(bob.hears(other.says('me too'))).toBe('me too');
  }
});

test('rotation: an epoch waits until the others have confirmed it, or for its deadline', () => {
  const [alice, bob] = groupOf(2) as [Member, Member];
  const rotation = new KeyRotation(alice.encryptor, { cipherSuite, now: () => clock.ms });
  rotation.join('bob');
  const stage = (epoch: number) => {
    const position = { epoch, groupSize: 2, senderIndex: alice.index };
    const kid = alice.encryptor.kidOf(position);
    rotation.stage(baseKeyOf(epoch), kid, (baseKey) => alice.encryptor.setEpoch({ ...position, baseKey }));
    return kid;
  };
  /** The epoch that a frame is heard in. */
  const says = () => {
    const ciphertext = rotation.encrypt(new TextEncoder().encode('hello'));
    expect(bob.hears(ciphertext)).toBe('hello');
    return bob.decryptor.senderOf(decodeHeader(ciphertext).kid)?.epoch;
  };

  const kid = stage(2);
  expect(says()).toBe(1n);
  bob.learn(2, 2);
  rotation.confirm('bob', kid);
  expect(says()).toBe(2n);

  stage(3);
  bob.learn(3, 2); // and his answer is lost
  clock.ms += 9999;
  expect(says()).toBe(2n);
  clock.ms += 1;
  expect(says()).toBe(3n);
});
