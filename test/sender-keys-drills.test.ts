// Calls with sender keys, as stories: who joins, who leaves, who falls behind, and what the network does meanwhile.

import { beforeEach, describe, expect, test } from 'vitest';
import { RatchetDecryptor, RatchetEncryptor, SFrameDecryptor } from '../src/index.ts';
import { noise } from './lengths.ts';
import { cipherSuite, codeOf, damaged, underKid } from './ratchets.ts';

const ratchetBits = 6;

/** The time in milliseconds, and what is on its way. */
let time = 0;
let mail: { at: number; open: () => void }[] = [];

beforeEach(() => {
  time = 1e6;
  mail = [];
});

function post(delay: number, open: () => void): void {
  mail.push({ at: time + delay, open });
}

function wait(ms: number): void {
  const end = time + ms;
  for (;;) {
    const next = mail.filter(({ at }) => at <= end).sort((a, b) => a.at - b.at)[0];
    if (next === undefined) break;
    mail.splice(mail.indexOf(next), 1);
    time = Math.max(time, next.at);
    next.open();
  }
  time = end;
}

/** Pseudo-random numbers from 0 up to 1, the same in every run. */
function dice(seed: number): () => number {
  const bytes = noise(65_536, seed);
  let at = 0;
  return () => (bytes[at++ % bytes.length]! * 256 + bytes[at++ % bytes.length]!) / 65_536;
}

let seed = 100;
/** A fresh base key, as getRandomValues would give it. */
const freshKey = () => noise(32, seed++);

/** A participant's ear for one sender. */
class Ear {
  decryptor: RatchetDecryptor = this.make();
  /** Numbers of the frames opened, in order. */
  readonly heard: number[] = [];
  readonly refused: (string | undefined)[] = [];

  make(): RatchetDecryptor {
    return new RatchetDecryptor({ cipherSuite, ratchetBits, now: () => time });
  }

  /** The page is loaded again. */
  reload(): void {
    this.decryptor.destroy();
    this.decryptor = this.make();
  }

  take({ baseKey, kid }: { baseKey: Uint8Array; kid: bigint }): void {
    this.decryptor.addDecryptionKey(baseKey, kid);
  }

  hear(ciphertext: Uint8Array): string | undefined {
    const code = codeOf(() => {
      const plaintext = this.decryptor.decrypt(ciphertext);
      this.heard.push(new DataView(plaintext.buffer).getUint32(0));
    });
    if (code !== undefined) this.refused.push(code);
    return code;
  }
}

/** A sender, and all that ever left her. */
class Voice {
  encryptor: RatchetEncryptor = new RatchetEncryptor({ cipherSuite, ratchetBits });
  readonly sent: Uint8Array[] = [];
  /** Who gets her frames, and how late each of them; Infinity: lost. */
  readonly ears: Map<Ear, () => number> = new Map();

  constructor() {
    this.encryptor.setEncryptionKey(freshKey());
  }

  /** Somebody gets the current key, and frames from now on. */
  admit(ear: Ear, delay: () => number = () => 0): void {
    ear.take(this.encryptor.exportKey());
    this.ears.set(ear, delay);
  }

  say(): Uint8Array {
    const plaintext = new Uint8Array(50);
    new DataView(plaintext.buffer).setUint32(0, this.sent.length);
    const ciphertext = this.encryptor.encrypt(plaintext);
    this.sent.push(ciphertext);
    for (const [ear, delay] of this.ears) {
      const ms = delay();
      if (ms === 0) ear.hear(ciphertext);
      else if (ms < Number.POSITIVE_INFINITY) post(ms, () => ear.hear(ciphertext));
    }
    return ciphertext;
  }

  /** 50 frames a second. */
  talk(ms: number): void {
    for (let passed = 0; passed < ms; passed += 20) {
      this.say();
      wait(20);
    }
  }
}

const numbers = (from: number, to: number): number[] => Array.from({ length: to - from }, (_, i) => from + i);

describe('joining', () => {
  test('a late joiner hears all from now on and nothing from before; the others need no message', () => {
    const [alice, bob, carol] = [new Voice(), new Ear(), new Ear()];
    alice.admit(bob);
    alice.talk(1000);
    alice.encryptor.ratchet();
    alice.admit(carol);
    alice.talk(1000);
    expect(bob.heard).toEqual(numbers(0, 100));
    expect(carol.heard).toEqual(numbers(50, 100));
    // Carol has recorded everything
    for (const ciphertext of alice.sent.slice(0, 50)) expect(carol.hear(ciphertext)).toBe('ratchet-limit');
    const tools = new SFrameDecryptor({ cipherSuite });
    tools.addDecryptionKey(alice.encryptor.exportKey().baseKey, 0); // the only other thing she could try
    for (const ciphertext of alice.sent.slice(0, 50))
      expect(codeOf(() => tools.decrypt(ciphertext))).toBe('authentication');
  });

  test('who is given the key without a ratchet hears the step that is going on, from its beginning', () => {
    const [alice, carol] = [new Voice(), new Ear()];
    alice.talk(1000);
    alice.encryptor.ratchet();
    alice.talk(1000);
    alice.admit(carol);
    for (const ciphertext of alice.sent) carol.hear(ciphertext);
    expect(carol.heard).toEqual(numbers(50, 100));
  });

  test('a hundred join, one a second: nobody misses a frame', () => {
    const alice = new Voice();
    const ears = Array.from({ length: 100 }, () => {
      const ear = new Ear();
      alice.encryptor.ratchet();
      alice.admit(ear);
      alice.talk(200);
      return ear;
    });
    expect(alice.encryptor.step).toBe(100n);
    for (const [i, { heard, refused }] of ears.entries()) {
      expect(heard).toEqual(numbers(10 * i, 1000));
      expect(refused).toEqual([]);
    }
  });

  test('the key comes later than the frames, which is key-id until then', () => {
    const [alice, bob] = [new Voice(), new Ear()];
    alice.ears.set(bob, () => 0);
    alice.talk(100);
    post(50, () => bob.take(alice.encryptor.exportKey()));
    alice.talk(200);
    expect(bob.refused).toEqual(Array(8).fill('key-id'));
    expect(bob.heard).toEqual(numbers(8, 15));
  });
});

describe('leaving', () => {
  test('a ratchet does not lock a leaver out, a fresh key does', () => {
    const [alice, bob, carol] = [new Voice(), new Ear(), new Ear()];
    alice.admit(bob);
    alice.admit(carol);
    alice.talk(200);
    // Carol leaves, but still gets at the wire
    alice.encryptor.ratchet();
    alice.talk(200);
    expect(carol.heard).toEqual(numbers(0, 20));
    alice.encryptor.setEncryptionKey(freshKey());
    bob.take(alice.encryptor.exportKey());
    alice.talk(200);
    expect(carol.heard).toEqual(numbers(0, 20));
    expect(new Set(carol.refused)).toEqual(new Set(['key-id']));
    expect(bob.heard).toEqual(numbers(0, 30));
    // late frames of the old generation open until it is removed
    expect(bob.decryptor.removeGeneration(0)).toBe(true);
    expect(bob.hear(alice.sent[5]!)).toBe('key-id');
    alice.encryptor.ratchet();
    alice.talk(200);
    expect(bob.heard).toEqual(numbers(0, 40));
  });

  test('the new key crosses frames of the old one on the wire', () => {
    const [alice, bob] = [new Voice(), new Ear()];
    alice.admit(bob, () => 80);
    alice.talk(400);
    const baseKey = freshKey();
    // announced first, used 100 ms later (RFC 9605 §4.4.1)
    post(60, () => bob.take({ baseKey, kid: 1n << BigInt(ratchetBits) }));
    alice.talk(100);
    alice.encryptor.setEncryptionKey(baseKey);
    alice.encryptor.ratchet(); // and somebody joins at once
    alice.talk(400);
    wait(1000);
    expect(bob.heard).toEqual(numbers(0, 45));
    expect(bob.refused).toEqual([]);
  });
});

describe('falling behind', () => {
  test('a receiver in a tunnel misses forty steps, asks for the key, and goes on', () => {
    const [alice, bob] = [new Voice(), new Ear()];
    alice.admit(bob);
    alice.talk(1000);
    alice.ears.delete(bob);
    for (let joins = 0; joins < 40; joins++) {
      alice.encryptor.ratchet();
      alice.talk(1000);
    }
    const missed = alice.sent.length;
    alice.ears.set(bob, () => 0);
    alice.talk(100);
    expect(bob.refused).toEqual(Array(5).fill('ratchet-limit'));
    bob.take(alice.encryptor.exportKey());
    alice.talk(1000);
    expect(bob.heard).toEqual([...numbers(0, 50), ...numbers(missed + 5, missed + 55)]);
    // the message comes a second time, and an old one after it
    const old = { baseKey: alice.encryptor.exportKey().baseKey, kid: alice.encryptor.kid! };
    alice.encryptor.ratchet();
    alice.talk(100);
    bob.take(old);
    alice.talk(100);
    expect(bob.heard.at(-1)).toBe(alice.sent.length - 1);
    expect(bob.hear(alice.sent.at(-1)!)).toBe('replay');
  });

  test('exactly as many steps as KIDs were missed: the KID looks familiar, the frame is not', () => {
    const [alice, bob] = [new Voice(), new Ear()];
    alice.admit(bob);
    alice.talk(100);
    alice.ears.delete(bob);
    for (let joins = 0; joins < 2 ** ratchetBits; joins++) alice.encryptor.ratchet();
    expect(alice.encryptor.kid).toBe(0n);
    alice.ears.set(bob, () => 0);
    for (let i = 0; i < 6; i++) alice.say();
    // their counters are those of frames that were heard: not even looked at
    expect(bob.refused).toEqual([...Array(5).fill('replay'), 'authentication']);
    bob.take(alice.encryptor.exportKey());
    for (let i = 0; i < 5; i++) alice.say();
    expect(bob.heard.slice(5)).toEqual(numbers(11, 16));
  });

  test('a laptop sleeps for a night in the middle of a step', () => {
    const [alice, bob] = [new Voice(), new Ear()];
    alice.admit(bob);
    alice.talk(100);
    alice.encryptor.ratchet();
    alice.talk(100);
    wait(8 * 3_600_000);
    alice.talk(100);
    expect(bob.heard).toEqual(numbers(0, 15));
    expect(bob.hear(alice.sent[2]!)).toBe('ratchet-limit');
  });
});

describe('a bad network', () => {
  test('audio overtakes video, so they switch steps at different moments: both stay whole', () => {
    const [alice, bob] = [new Voice(), new Ear()];
    let isVideo = false;
    alice.admit(bob, () => (isVideo ? 180 : 30));
    for (let second = 0; second < 20; second++) {
      for (let tick = 0; tick < 50; tick++) {
        isVideo = tick % 2 === 1;
        alice.say();
        // two join in the same moment
        if (tick === 25) for (let joins = second % 3; joins > 0; joins--) alice.encryptor.ratchet();
        wait(20);
      }
    }
    wait(1000);
    expect(bob.refused).toEqual([]);
    expect([...bob.heard].sort((a, b) => a - b)).toEqual(numbers(0, 1000));
    expect(bob.heard).not.toEqual(numbers(0, 1000));
  });

  test('20 % loss, jitter, doubles, and a step every second: all that arrives opens, once', () => {
    const random = dice(1);
    const [alice, bob] = [new Voice(), new Ear()];
    const arrived = new Set<number>();
    alice.admit(bob, () => {
      const i = alice.sent.length - 1;
      if (random() < 0.2) return Number.POSITIVE_INFINITY;
      const delay = 20 + 300 * random();
      arrived.add(i);
      if (random() < 0.1) post(delay + 200 * random(), () => bob.hear(alice.sent[i]!));
      return delay;
    });
    for (let step = 0; step < 100; step++) {
      alice.talk(1000);
      alice.encryptor.ratchet();
    }
    wait(2000);
    expect([...bob.heard].sort((a, b) => a - b)).toEqual([...arrived].sort((a, b) => a - b));
    expect(new Set(bob.refused)).toEqual(new Set(['replay']));
    expect(arrived.size).toBeLessThan(0.83 * alice.sent.length);
  });

  test('a burst of loss takes fifteen whole steps with it', () => {
    const [alice, bob] = [new Voice(), new Ear()];
    alice.admit(bob);
    alice.talk(100);
    alice.ears.delete(bob);
    for (let step = 0; step < 15; step++) {
      alice.encryptor.ratchet();
      alice.talk(100);
    }
    alice.encryptor.ratchet();
    alice.ears.set(bob, () => 0);
    alice.talk(100);
    expect(bob.heard).toEqual([...numbers(0, 5), ...numbers(80, 85)]);
    // the last two of the steps lost were only late
    for (const i of numbers(65, 80)) bob.hear(alice.sent[i]!);
    expect(bob.heard.slice(10)).toEqual(numbers(70, 80));
  });
});

describe('starting again', () => {
  test('a receiver reloads his page: the current key is all he needs, and old frames stay shut', () => {
    const [alice, bob] = [new Voice(), new Ear()];
    alice.admit(bob);
    alice.talk(1000);
    alice.encryptor.ratchet();
    bob.reload();
    alice.talk(100);
    bob.take(alice.encryptor.exportKey());
    alice.talk(1000);
    expect(bob.heard).toEqual([...numbers(0, 50), ...numbers(55, 105)]);
    // a relay plays him what he heard before
    for (const ciphertext of alice.sent.slice(0, 50)) expect(bob.hear(ciphertext)).toBe('ratchet-limit');
    for (const ciphertext of alice.sent.slice(55)) expect(bob.hear(ciphertext)).toBe('replay');
  });

  test('a sender reloads her page: a fresh key, under a generation of its own or not', () => {
    const [alice, bob] = [new Voice(), new Ear()];
    alice.admit(bob);
    alice.encryptor.ratchet();
    alice.talk(1000);
    for (const generation of [0, 1]) {
      alice.encryptor.destroy();
      alice.encryptor = new RatchetEncryptor({ cipherSuite, ratchetBits });
      alice.encryptor.setEncryptionKey(freshKey(), generation);
      alice.talk(100);
      bob.take(alice.encryptor.exportKey());
      alice.talk(1000);
    }
    // what left before bob had the key is lost
    expect(bob.heard).toEqual([...numbers(0, 50), ...numbers(55, 105), ...numbers(110, 160)]);
    // the relay plays what was said before the reloads
    for (const i of numbers(0, 50))
      expect(bob.hear(alice.sent[i]!)).toMatch(/authentication|ratchet-limit|replay/);
    for (const i of numbers(55, 105)) expect(bob.hear(alice.sent[i]!)).toBe('replay');
  });
});

describe('a hostile relay', () => {
  test('forges KIDs at ten times the rate of the call: nobody notices', () => {
    const random = dice(2);
    const [alice, bob] = [new Voice(), new Ear()];
    alice.admit(bob);
    for (let step = 0; step < 30; step++) {
      for (let tick = 0; tick < 25; tick++) {
        const genuine = alice.say();
        for (let i = 0; i < 10; i++) {
          const kid = BigInt(Math.floor(random() * 2 ** ratchetBits * 2));
          expect(bob.hear(damaged(underKid(genuine, kid)))).toBeDefined();
        }
        wait(20);
      }
      alice.encryptor.ratchet();
    }
    expect(bob.heard).toEqual(numbers(0, 750));
  });

  test('holds a frame of the next step back, and plays the old ones: the step is taken when it comes', () => {
    const [alice, bob] = [new Voice(), new Ear()];
    alice.admit(bob);
    alice.talk(100);
    alice.ears.clear();
    alice.encryptor.ratchet();
    const held = alice.say();
    for (const ciphertext of alice.sent.slice(0, 5)) expect(bob.hear(ciphertext)).toBe('replay');
    wait(60_000);
    expect(bob.hear(held)).toBeUndefined();
    expect(bob.hear(held)).toBe('replay');
  });

  test('gives the frames of one sender out as those of another: they have other keys under the same KIDs', () => {
    const [alice, mallory, bob] = [new Voice(), new Voice(), new Ear()];
    alice.admit(bob);
    mallory.encryptor.ratchet();
    expect(bob.hear(mallory.say())).toBe('authentication');
    alice.talk(100);
    expect(bob.heard).toEqual(numbers(0, 5));
  });
});
