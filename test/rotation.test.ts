// Keys that change while frames flow: stories of calls, and any interleaving of what happens in them.

import fc from 'fast-check';
import { beforeEach, describe, expect, test } from 'vitest';
import { decodeHeader, KeyRetirement, KeyRotation, SFrameDecryptor, SFrameEncryptor } from '../src/index.ts';
import {
  callOf,
  cipherSuite,
  clock,
  codeOf,
  dice,
  frame,
  keyOf,
  kidOf,
  loseMail,
  now,
  numbers,
  post,
  Receiver,
  reset,
  Sender,
  thrown,
  wait,
} from './call.ts';

beforeEach(reset);

describe('a call', () => {
  test('starts: the first frame asks for the first key, and leaves under it', () => {
    const alice = new Sender();
    const bob = alice.join('bob');
    expect(alice.reasons).toEqual([]);
    alice.keyDelay = 0;
    expect(alice.send()).toBe(1);
    expect(alice.reasons).toEqual(['start']);
    wait(1);
    alice.stream(100);
    expect(bob.opened).toEqual(numbers(1, 6));
  });

  test('changes keys after so many frames, and nobody misses one', () => {
    const alice = callOf(['bob', 'carol'], { everyFrames: 100 });
    const kids = alice.stream(10_000);
    // 80 ms of roll-out, four frames, come on top
    expect(kids).toEqual(numbers(0, 500).map((i) => 1 + Math.floor(i / 104)));
    expect(alice.reasons).toEqual(['frames', 'frames', 'frames', 'frames']);
    for (const { opened } of alice.receivers.values()) expect(opened).toEqual(numbers(0, 500));
  });

  test('changes keys after so many seconds, though the page sleeps and no timer fires', () => {
    const alice = callOf(['bob'], { everySeconds: 60 });
    wait(3_600_000);
    expect(alice.reasons).toEqual([]);
    expect(alice.send()).toBe(1);
    expect(alice.reasons).toEqual(['seconds']);
    wait(100);
    expect(alice.send()).toBe(2);
    wait(59_000);
    expect(alice.send()).toBe(2);
    wait(1000);
    alice.rotation.tick();
    expect(alice.reasons).toEqual(['seconds', 'seconds']);
  });

  test('a late joiner gets a key that opens nothing from before, and nobody misses a frame', () => {
    const alice = callOf(['bob']);
    alice.stream(1000);
    const carol = alice.join('carol');
    alice.stream(1000);
    expect(alice.reasons).toEqual(['join']);
    expect(alice.receivers.get('bob')!.opened).toEqual(numbers(0, 100));
    // key and confirmation take 80 ms: four frames
    expect(carol.opened).toEqual(numbers(54, 100));
    for (const [i, ciphertext] of alice.sent.entries()) expect(carol.canOpen(ciphertext)).toBe(i >= 54);
  });

  test('a leaver opens nothing from one second on, whatever he has kept', () => {
    const alice = callOf(['bob', 'carol', 'dave']);
    alice.silent.add('carol').add('dave'); // nobody confirms anything
    alice.stream(1000);
    alice.rotation.leave('bob');
    const bob = alice.receivers.get('bob')!;
    const left = alice.sent.length;
    alice.stream(3000);
    expect(alice.reasons).toEqual(['leave']);
    for (const [i, ciphertext] of alice.sent.entries()) expect(bob.canOpen(ciphertext)).toBe(i < left + 50);
    expect(alice.receivers.get('carol')!.opened).toEqual(numbers(0, 200));
  });

  test('a leaver is not waited for', () => {
    const alice = callOf(['bob', 'carol']);
    alice.rotation.leave('bob');
    wait(81);
    expect(alice.rotation.kid).toBe(2n);
  });

  test('a leaver who is the last to confirm lets the others switch', () => {
    const alice = callOf(['bob', 'carol'], { onLeave: false });
    alice.silent.add('bob');
    const kid = alice.rotate();
    wait(100);
    expect(alice.rotation.kid).toBe(1n);
    alice.rotation.leave('bob');
    expect(alice.rotation.kid).toBe(kid);
    expect(alice.reasons).toEqual([]);
  });

  test('a leaked key is out of use within one second of media, though all confirmations are lost', () => {
    const alice = callOf(['bob', 'carol']);
    alice.silent.add('bob').add('carol');
    alice.rotation.reportLeak();
    const kids = alice.stream(2000);
    expect(kids).toEqual(numbers(0, 100).map((i) => (i < 50 ? 1 : 2)));
    expect(alice.receivers.get('bob')!.opened).toEqual(numbers(0, 100));
  });

  test('lost confirmations hold a routine change up for ten seconds', () => {
    const alice = callOf(['bob', 'carol']);
    alice.silent.add('carol');
    alice.rotate();
    const kids = alice.stream(12_000);
    expect(kids).toEqual(numbers(0, 600).map((i) => (i < 500 ? 1 : 2)));
    expect(alice.receivers.get('carol')!.opened).toEqual(numbers(0, 600));
  });

  test('or for as long as is configured', () => {
    const alice = callOf(['bob'], { rolloutSeconds: 90 });
    alice.silent.add('bob');
    alice.rotate();
    wait(89_999);
    expect(alice.send()).toBe(1);
    wait(1);
    expect(alice.send()).toBe(2);
  });

  test('confirmations count from members, for the staged key, once', () => {
    const alice = callOf(['bob', 'carol', 'dave']);
    const { rotation } = alice;
    rotation.stage(keyOf(7), 7);
    for (const [name, kid] of [
      ['mallory', 7],
      ['mallory', 7],
      ['bob', 7],
      ['bob', 7],
      ['bob', 7],
      ['carol', 1],
      ['carol', 8],
      ['dave', 2n ** 64n - 1n],
    ] as const) {
      rotation.confirm(name, kid);
      expect(rotation.kid).toBe(1n);
    }
    rotation.confirm('carol', 7);
    expect(rotation.kid).toBe(1n);
    rotation.confirm('dave', 7n);
    expect(rotation.kid).toBe(7n);
    for (const name of ['bob', 'carol', 'dave', 'mallory']) rotation.confirm(name, 7); // late
    expect(alice.switches).toEqual([1n, 7n]);
  });

  test('who leaves and comes back has confirmed nothing', () => {
    const alice = callOf(['bob', 'carol'], { onLeave: false, onJoin: false });
    alice.rotation.stage(keyOf(2), 2);
    alice.rotation.confirm('bob', 2);
    alice.rotation.leave('bob');
    alice.rotation.join('bob');
    alice.rotation.confirm('carol', 2);
    expect(alice.rotation.kid).toBe(1n);
    alice.rotation.confirm('bob', 2);
    expect(alice.rotation.kid).toBe(2n);
  });

  test('survives 20 % loss and reordering: what arrives opens', () => {
    const chance = dice(5);
    const alice = callOf(['bob', 'carol'], { everySeconds: 1 });
    alice.frameDelay = () => (chance() < 0.2 ? Number.POSITIVE_INFINITY : 1 + Math.floor(400 * chance()));
    alice.stream(20_000);
    wait(1000);
    expect(alice.switches.length).toBeGreaterThan(15);
    for (const { opened, refused } of alice.receivers.values()) {
      expect(refused).toEqual([]);
      expect(opened.length).toBeGreaterThan(700);
      expect(opened.length).toBeLessThan(900);
      expect(opened, 'they were reordered').not.toEqual([...opened].sort((a, b) => a - b));
      expect(new Set(opened).size).toBe(opened.length);
    }
  });

  test('survives the loss of 20 % of keys and confirmations: only keys that never came are missing', () => {
    const chance = dice(11);
    const alice = callOf(['bob', 'carol', 'dave'], { everySeconds: 15 });
    const missed = new Set<string>();
    alice.give = (name, kid) => {
      if (chance() < 0.2) missed.add(`${name} ${kid}`);
      else {
        post(50 + 300 * chance(), () => alice.receivers.get(name)!.take(kid, keyOf(kid)));
        if (chance() >= 0.2) post(400 + 300 * chance(), () => alice.rotation.confirm(name, kid));
      }
    };
    const kids = alice.stream(200_000);
    expect(new Set(kids).size).toBeGreaterThan(7);
    expect(missed.size).toBeGreaterThan(0);
    for (const { name, opened } of alice.receivers.values())
      expect(opened).toEqual(
        numbers(0, kids.length).filter((i) => kids[i] === 1 || !missed.has(`${name} ${kids[i]}`)),
      );
  });
});

describe('two rotations at once', () => {
  test('of two senders cross on the wire: keys, confirmations and frames pass each other, none is lost', () => {
    const alice = callOf(['bob']);
    const bob = callOf(['alice']);
    for (const sender of [alice, bob]) {
      sender.frameDelay = () => 60;
      sender.rotate();
    }
    for (let i = 0; i < 100; i++) {
      alice.send();
      bob.send();
      wait(20);
    }
    wait(100);
    expect(alice.receivers.get('bob')!.opened).toEqual(numbers(0, 100));
    expect(bob.receivers.get('alice')!.opened).toEqual(numbers(0, 100));
    expect([alice.rotation.kid, bob.rotation.kid]).toEqual([2n, 2n]);
  });

  test('of one sender: confirmations of the first, under way, say nothing of the second', () => {
    const alice = callOf(['bob', 'carol']);
    alice.rotate(); // KID 2, confirmed at 80 ms
    wait(60);
    alice.rotate(); // KID 3, confirmed at 140 ms
    wait(30);
    expect(alice.send()).toBe(1);
    wait(49);
    expect(alice.send()).toBe(1);
    wait(1);
    expect(alice.send()).toBe(3);
    expect(alice.switches).toEqual([1n, 3n]);
    expect(alice.receivers.get('bob')!.opened).toEqual([0, 1, 2]);
  });

  test('of one sender, the second key overtaking the first: frames open, and both old keys go', () => {
    const alice = callOf(['bob']);
    const bob = alice.receivers.get('bob')!;
    alice.keyDelay = 200;
    alice.rotate(); // KID 2
    alice.keyDelay = 20;
    alice.rotate(); // KID 3
    alice.stream(3000);
    expect(bob.opened).toEqual(numbers(0, 150));
    expect([1, 2, 3].map((kid) => bob.decryptor.hasDecryptionKey(kid))).toEqual([false, true, true]);
    // KID 2 came last and was never used: it goes with the next change
    alice.rotate();
    alice.stream(3000);
    expect([1, 2, 3, 4].map((kid) => bob.decryptor.hasDecryptionKey(kid))).toEqual([
      false,
      false,
      false,
      true,
    ]);
  });

  test('a leaver during a routine change: his staged key is never used, his deadline is one second', () => {
    const alice = callOf(['bob', 'carol']);
    alice.silent.add('bob').add('carol');
    const { rotation } = alice;
    alice.rotate(); // KID 2, which bob has, due in 10 s
    const early = alice.stream(5000);
    rotation.leave('bob'); // KID 3
    const late = alice.stream(8000);
    expect(new Set(early)).toEqual(new Set([1]));
    expect(late).toEqual(numbers(0, 400).map((i) => (i < 50 ? 1 : 3)));
    expect(alice.receivers.get('carol')!.opened).toEqual(numbers(0, 650));
  });

  test('a leaver just before a routine deadline: it is not his key that the deadline brings into use', () => {
    const alice = callOf(['bob', 'carol']);
    alice.silent.add('bob').add('carol');
    alice.rotate(); // KID 2, which bob has, due in 10 s
    wait(9900);
    alice.rotation.leave('bob'); // KID 3
    const kids = alice.stream(2000);
    expect(kids).toEqual(numbers(0, 100).map((i) => (i < 50 ? 1 : 3)));
  });

  test('a second leaver does not give the first more time', () => {
    const alice = callOf(['bob', 'carol', 'dave']);
    for (const name of ['bob', 'carol', 'dave']) alice.silent.add(name);
    alice.rotation.leave('bob'); // KID 2, which carol has
    wait(900);
    alice.rotation.leave('carol'); // KID 3
    expect(alice.send()).toBe(1);
    wait(100);
    expect(alice.send()).toBe(3);
    wait(60_000);
    expect(alice.send()).toBe(3);
  });

  test('a joiner after a leaver does not give the leaver more time', () => {
    const alice = callOf(['bob', 'carol']);
    alice.silent.add('carol').add('dave');
    alice.rotation.leave('bob'); // KID 2
    wait(500);
    alice.join('dave'); // KID 3
    wait(499);
    expect(alice.send()).toBe(1);
    wait(1);
    expect(alice.send()).toBe(3);
  });

  test('joiners who keep coming do not put the change off for ever', () => {
    const alice = callOf(['bob']);
    alice.silent.add('bob');
    for (let i = 0; i < 8; i++) {
      alice.silent.add(`joiner ${i}`);
      alice.join(`joiner ${i}`); // a key each
      wait(3000);
      alice.send();
    }
    // due ten seconds after the first, or after the last if that switched
    expect(alice.sent.map(kidOf)).toEqual([1, 1, 1, 5, 5, 5, 5, 9]);
  });

  test('a key that replaces one about to be due still has a second to arrive', () => {
    const alice = callOf(['bob']);
    alice.silent.add('bob').add('carol');
    alice.rotate(); // KID 2, due in 10 s
    wait(9990);
    alice.join('carol'); // KID 3
    wait(999);
    expect(alice.send()).toBe(1);
    wait(1);
    expect(alice.send()).toBe(3);
  });
});

describe('asking', () => {
  test('is not repeated while it is unanswered, unless it becomes urgent', () => {
    const alice = callOf(['bob', 'carol', 'dave', 'erin']);
    alice.answers = false;
    alice.join('frank');
    alice.join('grace');
    expect(alice.reasons).toEqual(['join']);
    alice.rotation.leave('bob');
    alice.rotation.leave('carol');
    alice.rotation.reportLeak();
    alice.join('heidi');
    expect(alice.reasons).toEqual(['join', 'leave']);
    wait(500);
    // one key answers all, and is for those who are there now
    expect(alice.rotation.stage(keyOf(9), 9)).toEqual(['dave', 'erin', 'frank', 'grace', 'heidi']);
    wait(500);
    expect(alice.send()).toBe(9);
  });

  test('is repeated by the schedule', () => {
    const alice = callOf(['bob'], { everyFrames: 10, everySeconds: 60 });
    alice.answers = false;
    for (let i = 0; i < 35; i++) alice.send();
    expect(alice.reasons).toEqual(['frames', 'frames', 'frames']);
    wait(60_000);
    alice.send();
    expect(alice.reasons).toEqual(['frames', 'frames', 'frames', 'frames']);
    alice.rotate();
    wait(100);
    for (let i = 0; i < 10; i++) alice.send();
    expect(alice.reasons.length).toBe(4);
    alice.send();
    expect(alice.reasons.length).toBe(5);
  });

  test('names what is open, also when the schedule repeats it', () => {
    const alice = callOf(['bob', 'carol'], { everySeconds: 60 });
    alice.answers = false;
    alice.rotation.leave('bob');
    wait(60_000);
    alice.rotation.tick();
    expect(alice.reasons).toEqual(['leave', 'leave']);
  });

  test('a schedule waits while a key is staged', () => {
    const alice = callOf(['bob'], { everyFrames: 1 });
    alice.silent.add('bob');
    alice.stream(5000);
    expect(alice.reasons).toEqual(['frames']);
  });

  test('is for those who are members: the first key of a call needs no questions', () => {
    const alice = new Sender();
    alice.answers = false;
    for (const name of ['bob', 'carol']) alice.join(name);
    alice.rotation.leave('bob');
    alice.rotation.reportLeak();
    alice.rotation.tick();
    expect(alice.reasons).toEqual([]);
    expect(codeOf(() => alice.send())).toBe('no-key');
    expect(codeOf(() => alice.send())).toBe('no-key');
    expect(alice.reasons).toEqual(['start']);
    expect(alice.rotation.stage(keyOf(1), 1)).toEqual(['carol']);
    expect(alice.send()).toBe(1);
  });

  test('not for joiners, not for leavers, if so configured', () => {
    const alice = callOf(['bob', 'carol'], { onJoin: false, onLeave: false });
    alice.join('dave');
    alice.rotation.leave('bob');
    expect(alice.stream(2000).at(-1)).toBe(1);
    expect(alice.reasons).toEqual([]);
    // who joins while a key is staged is waited for
    alice.rotation.stage(keyOf(2), 2);
    alice.join('erin');
    for (const name of ['carol', 'dave']) alice.rotation.confirm(name, 2);
    expect(alice.rotation.kid).toBe(1n);
    alice.rotation.confirm('erin', 2);
    expect(alice.rotation.kid).toBe(2n);
    // but a leak is a leak
    alice.answers = false;
    alice.rotation.reportLeak();
    expect(alice.reasons).toEqual(['leak']);
  });

  test('joining twice and leaving twice is once', () => {
    const alice = callOf(['bob', 'carol']);
    expect(alice.rotation.join('bob')).toBe(false);
    expect(alice.rotation.leave('mallory')).toBe(false);
    expect(alice.reasons).toEqual([]);
    expect(alice.rotation.leave('bob')).toBe(true);
    expect(alice.rotation.leave('bob')).toBe(false);
    expect(alice.reasons).toEqual(['leave']);
  });
});

describe('no new key', () => {
  test('after a leaver: frames are refused from one second on, until there is one', () => {
    const alice = callOf(['bob', 'carol']);
    alice.answers = false;
    alice.rotation.leave('bob');
    wait(999);
    expect(alice.send()).toBe(1);
    wait(1);
    const { ctr } = alice.encryptor;
    for (let i = 0; i < 3; i++) {
      expect(thrown(() => alice.send())).toMatchObject({ code: 'no-key', kid: 1n });
      wait(60_000);
    }
    expect(alice.encryptor.ctr).toBe(ctr);
    // nobody to wait for: there is no key to go on with
    alice.rotate();
    expect(alice.rotation.kid).toBe(2n);
    expect(alice.send()).toBe(2);
  });

  test('in time for a routine change: the old one goes on', () => {
    const alice = callOf(['bob'], { everyFrames: 10 });
    alice.answers = false;
    expect(new Set(alice.stream(100_000))).toEqual(new Set([1]));
  });
});

describe('the clock', () => {
  test('set back, does not give a leaver more than the time it jumped over', () => {
    const alice = callOf(['bob', 'carol']);
    alice.answers = false;
    alice.rotation.leave('bob');
    wait(500);
    expect(alice.send()).toBe(1);
    clock.time -= 3_600_000;
    expect(alice.send()).toBe(1);
    wait(499);
    expect(alice.send()).toBe(1);
    wait(1);
    expect(codeOf(() => alice.send())).toBe('no-key');
    clock.time -= 3_600_000;
    expect(codeOf(() => alice.send())).toBe('no-key');
  });

  test('jumping ahead while a laptop sleeps: what is due is done on the first frame', () => {
    const alice = callOf(['bob', 'carol'], { everySeconds: 600 });
    alice.silent.add('carol');
    alice.rotation.leave('bob');
    loseMail(); // nothing was delivered
    clock.time += 8 * 3_600_000;
    expect(alice.send()).toBe(2);
    expect(alice.reasons).toEqual(['leave']);
    clock.time += 600_000;
    alice.send();
    expect(alice.reasons).toEqual(['leave', 'seconds']);
  });

  test('standing still, everything but deadlines works', () => {
    const alice = callOf(['bob']);
    const kid = alice.rotate();
    alice.rotation.confirm('bob', kid);
    expect(alice.send()).toBe(2);
  });

  test.each([Number.NaN, Number.POSITIVE_INFINITY, '5'])('saying %s, stops everything', (value) => {
    const alice = callOf(['bob']);
    clock.time = value as number;
    expect(() => alice.rotation.encrypt(frame)).toThrow(new RangeError('now must return a finite number'));
    expect(alice.encryptor.ctr).toBe(0n);
  });

  test('is performance.now by default', () => {
    const rotation = new KeyRotation(new SFrameEncryptor({ cipherSuite }), { cipherSuite });
    rotation.stage(keyOf(1), 1);
    expect(kidOf(rotation.encrypt(frame))).toBe(1);
    const retirement = new KeyRetirement(new SFrameDecryptor({ cipherSuite }), { graceSeconds: 0 });
    retirement.addDecryptionKey(keyOf(1), 1);
    retirement.addDecryptionKey(keyOf(2), 2);
    expect(retirement.retireBefore(2)).toBe(true);
    retirement.tick();
    expect(retirement.removeDecryptionKey(1)).toBe(false);
  });
});

describe('a restart in the middle of a rotation', () => {
  test('of the sender: he begins with a fresh key, and nothing is sent twice', () => {
    const before = callOf(['bob']);
    const bob = before.receivers.get('bob')!;
    before.stream(200);
    before.silent.add('bob');
    before.rotate(); // KID 2 is on its way to bob when the worker dies
    before.rotation.destroy();
    before.encryptor.destroy();
    wait(40);

    const after = new Sender({}, 3n);
    after.receivers.set('bob', bob);
    after.rotation.join('bob');
    after.keyDelay = 0;
    after.send(); // KID 3, before bob has it
    wait(0);
    after.stream(3000);
    expect(bob.opened).toEqual([...numbers(0, 10), ...numbers(1, 151)]);
    expect(bob.refused).toEqual(['key-id']);
    expect([1, 2, 3].map((kid) => bob.decryptor.hasDecryptionKey(kid))).toEqual([false, false, true]);
  });

  test('of the sender, who has stored how far he was: he goes on counting', () => {
    const alice = callOf(['bob']);
    alice.stream(200);
    const stored = alice.encryptor.ctr; // written before use
    alice.rotation.destroy();

    const encryptor = new SFrameEncryptor({ cipherSuite });
    const rotation = new KeyRotation(encryptor, { cipherSuite, now, everyFrames: 20, maxFrames: 22 });
    const setAgain = (baseKey: Uint8Array, kid: bigint) =>
      encryptor.setEncryptionKey(baseKey, kid, { ctr: stored });
    rotation.stage(keyOf(1), 1, setAgain);
    const ciphertext = rotation.encrypt(frame);
    expect(decodeHeader(ciphertext)).toMatchObject({ kid: 1n, ctr: 10n });
    expect(alice.receivers.get('bob')!.retirement.decrypt(ciphertext)).toEqual(frame);
    // the frames of before count
    for (let i = 11; i < 22; i++) rotation.encrypt(frame);
    expect(codeOf(() => rotation.encrypt(frame))).toBe('counter-exhausted');
  });

  test('of a receiver: he comes back as a new member, and gets the next key', () => {
    const alice = callOf(['bob', 'carol']);
    alice.stream(200);
    alice.rotate();
    wait(20);
    alice.rotation.leave('bob'); // his page reloads
    wait(300);
    const bob = alice.join('bob');
    wait(100);
    const first = alice.sent.length;
    alice.stream(1000);
    expect(bob.opened).toEqual(numbers(first, first + 50));
    expect(bob.refused).toEqual([]);
  });

  test('with a key set before: it is taken over', () => {
    const encryptor = new SFrameEncryptor({ cipherSuite });
    encryptor.setEncryptionKey(keyOf(5), 5, { ctr: 6 });
    const rotation = new KeyRotation(encryptor, { cipherSuite, now, maxFrames: 8 });
    expect(rotation.kid).toBe(5n);
    rotation.encrypt(frame);
    rotation.encrypt(frame);
    expect(codeOf(() => rotation.encrypt(frame))).toBe('counter-exhausted');
    expect(codeOf(() => rotation.stage(keyOf(6), 5))).toBe('key-reuse');
    rotation.join('bob');
    rotation.stage(keyOf(6), 6);
    expect(rotation.kid).toBe(5n);
    // used up: better a key that bob does not have yet than no frame at all
    expect(kidOf(rotation.encrypt(frame))).toBe(6);
    expect(codeOf(() => rotation.stage(keyOf(7), 5))).toBe('key-reuse');
  });
});

// Any interleaving

const names = ['bob', 'carol', 'dave', 'erin'];
type Step =
  | { readonly do: 'join' | 'leave'; readonly name: string }
  | { readonly do: 'confirm'; readonly name: string; readonly back: number }
  | { readonly do: 'wait'; readonly ms: number }
  | { readonly do: 'stage' | 'leak' | 'frame' | 'tick' };

const someone = fc.constantFrom(...names);
const does = <T extends string>(what: T) => fc.constant({ do: what } as const);
const steps: fc.Arbitrary<Step> = fc.oneof(
  { weight: 6, arbitrary: does('frame') },
  { weight: 4, arbitrary: does('stage') },
  { weight: 1, arbitrary: fc.oneof(does('leak'), does('tick')) },
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constant('wait' as const),
      ms: fc.oneof(fc.constantFrom(1, 20, 499, 999, 1000, 1999, 2000, 9000, 10_000, 1e8), fc.nat(3000)),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({ do: fc.constantFrom('join' as const, 'leave' as const), name: someone }),
  },
  {
    weight: 6,
    arbitrary: fc.record({ do: fc.constant('confirm' as const), name: someone, back: fc.nat(2) }),
  },
);

const scripts = fc.array(steps, { minLength: 5, maxLength: 80, size: 'max' });

/** What must be so, kept in another way: per key, who has it, and until when it may be used. */
class Model {
  readonly encryptor: SFrameEncryptor = new SFrameEncryptor({ cipherSuite });
  readonly rotation: KeyRotation;
  /** All there ever were. */
  readonly receivers: Receiver[] = [];
  readonly onJoin: boolean;
  readonly onLeave: boolean;
  readonly members: Map<string, Receiver> = new Map();
  readonly former: Receiver[] = [];
  /** From this time on no frame may leave under a KID. */
  readonly ends: Map<number, number> = new Map();
  /** KIDs that frames have left under. */
  readonly sentUnder: number[] = [];
  inUse = 0;
  staged: { kid: number; at: number; confirmed: Set<string> } | undefined;
  kid = 0;

  constructor(onJoin: boolean, onLeave: boolean) {
    this.onJoin = onJoin;
    this.onLeave = onLeave;
    this.rotation = new KeyRotation(this.encryptor, { cipherSuite, now, onJoin, onLeave });
  }

  destroy(): void {
    this.encryptor.destroy();
    for (const { decryptor, loot } of this.receivers) {
      decryptor.destroy();
      loot.destroy();
    }
  }

  /** The staged key, if any, must never be used. */
  void(): void {
    if (this.staged !== undefined) this.ends.set(this.staged.kid, 0);
    this.staged = undefined;
  }

  /** Somebody has the keys who must not. */
  urgent(): void {
    this.void();
    if (this.inUse > 0) this.ends.set(this.inUse, Math.min(this.endOf(this.inUse), clock.time + 1000));
  }

  endOf(kid: number): number {
    return this.ends.get(kid) ?? Number.POSITIVE_INFINITY;
  }

  /** Brings a key into use. */
  use(kid: number): void {
    this.inUse = kid;
    this.staged = undefined;
  }

  /** What rotation does on any call that reads the clock. */
  settle(): void {
    const { staged } = this;
    if (staged === undefined) return;
    const all = [...this.members.keys()].every((name) => staged.confirmed.has(name));
    if (all || clock.time >= this.endOf(this.inUse) || this.rotation.kid === BigInt(staged.kid)) {
      // A routine deadline is the rotation's to know, within its bounds.
      if (!all && clock.time < this.endOf(this.inUse))
        expect(clock.time).toBeGreaterThanOrEqual(staged.at + 1000);
      this.use(staged.kid);
    } else expect(clock.time, 'ten seconds are the most').toBeLessThan(staged.at + 10_000);
  }

  run(step: Step): void {
    switch (step.do) {
      case 'wait':
        clock.time += step.ms;
        return;
      case 'join':
        if (this.members.has(step.name)) expect(this.rotation.join(step.name)).toBe(false);
        else {
          const receiver = new Receiver(step.name);
          this.receivers.push(receiver);
          this.members.set(step.name, receiver);
          if (this.onJoin && this.inUse > 0) this.void();
          this.rotation.join(step.name);
          this.settle();
        }
        return;
      case 'leave': {
        const leaver = this.members.get(step.name);
        this.members.delete(step.name);
        this.staged?.confirmed.delete(step.name);
        if (leaver !== undefined && this.onLeave) {
          this.former.push(leaver);
          this.urgent();
        }
        expect(this.rotation.leave(step.name)).toBe(leaver !== undefined);
        if (leaver !== undefined) this.settle();
        return;
      }
      case 'leak':
        this.urgent();
        this.rotation.reportLeak();
        this.settle();
        return;
      case 'confirm': {
        const kid = Math.max(0, this.kid - step.back);
        if (this.staged?.kid === kid && this.members.has(step.name)) this.staged.confirmed.add(step.name);
        this.rotation.confirm(step.name, kid);
        this.settle();
        return;
      }
      case 'stage': {
        this.void();
        const kid = ++this.kid;
        this.staged = { kid, at: clock.time, confirmed: new Set() };
        const recipients = this.rotation.stage(keyOf(kid), kid);
        expect(recipients).toEqual([...this.members.keys()]);
        for (const name of recipients) this.members.get(name)!.take(BigInt(kid), keyOf(kid));
        if (this.inUse === 0) this.use(kid);
        this.settle();
        return;
      }
      case 'tick':
        this.rotation.tick();
        this.settle();
        return;
      case 'frame':
        this.sendFrame();
    }
  }

  sendFrame(): void {
    let ciphertext: Uint8Array<ArrayBuffer>;
    try {
      ciphertext = this.rotation.encrypt(frame);
    } catch (error) {
      expect(error).toMatchObject({ code: 'no-key' });
      expect(this.staged, 'there was a key').toBeUndefined();
      if (this.inUse > 0) expect(clock.time).toBeGreaterThanOrEqual(this.endOf(this.inUse));
      return;
    }
    this.settle();
    const kid = kidOf(ciphertext);
    expect(kid).toBe(this.inUse);
    expect(clock.time, 'never later than allowed').toBeLessThan(this.endOf(kid));
    if (this.sentUnder.at(-1) !== kid) {
      expect(this.sentUnder).not.toContain(kid);
      this.sentUnder.push(kid);
    }
    for (const { name, loot, retirement } of this.members.values()) {
      const code = codeOf(() => retirement.decrypt(ciphertext));
      expect(code, name).toBe(loot.hasDecryptionKey(kid) ? undefined : 'key-id');
    }
    for (const receiver of this.former)
      if (receiver.canOpen(ciphertext))
        expect(this.endOf(kid), 'he has left').toBeLessThanOrEqual(clock.time + 1000);
  }
}

describe('any interleaving of joins, leaves, leaks, keys, confirmations, frames and time', () => {
  test('sends nothing under a key that has ended, nor twice under one; and who has the key opens the frame', () => {
    let switches = 0;
    let refusals = 0;
    fc.assert(
      fc.property(scripts, fc.boolean(), fc.boolean(), (script, onJoin, onLeave) => {
        clock.time = 5;
        const model = new Model(onJoin, onLeave);
        model.rotation.addEventListener('switched', () => switches++);
        for (const step of script) {
          model.run(step);
          if (model.inUse > 0 && clock.time >= model.endOf(model.inUse)) refusals++;
        }
        model.destroy();
      }),
      { numRuns: 400 },
    );
    // else it would prove nothing
    expect(switches).toBeGreaterThan(400);
    expect(refusals).toBeGreaterThan(100);
  });
});
