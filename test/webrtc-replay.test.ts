// Each frame once at a receiver, each message once at a client: whatever becomes of tracks, participants and keys.

import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { RatchetDecryptor } from '../src/index.ts';
import { ReplayGuard, ReplayGuards } from '../src/webrtc/replay-guard.ts';
import {
  arrived,
  asReceiver,
  asSender,
  audio,
  bytesOf,
  cipherSuite,
  closeBrowser,
  FakeEndpoint,
  failure,
  openBrowser,
  Person,
  randomKey,
  until,
} from './webrtc-fakes.ts';

beforeEach(openBrowser);
afterEach(closeBrowser);

const text = (n: number): Uint8Array => new Uint8Array([n]);

/** Alice sends under a key that bob has. */
async function call(options: ConstructorParameters<typeof Person>[0] = {}) {
  const [alice, bob] = [new Person(options), new Person(options)];
  const [sender, receiver] = [new FakeEndpoint(), new FakeEndpoint()];
  alice.client.encrypt(asSender(sender));
  bob.client.decrypt(asReceiver(receiver), 'alice');
  const baseKey = randomKey();
  const kid = await alice.client.setEncryptionKey(baseKey);
  await bob.client.addDecryptionKey('alice', baseKey, kid);
  return { alice, bob, sender, receiver, baseKey, kid };
}

describe.each(['auto', 'webcrypto'] as const)('messages, with the engine %s,', (engine) => {
  const options = { engine };

  test('are not opened again because their sender was removed and has come back', async () => {
    const { alice, bob, baseKey, kid } = await call(options);
    const messages = [];
    for (let n = 0; n < 4; n++) messages.push(await alice.client.encryptMessage(text(n)));
    const [first, second, third, late] = messages as [Uint8Array, Uint8Array, Uint8Array, Uint8Array];
    for (const message of [first, third]) await bob.client.decryptMessage('alice', message);
    await bob.client.removeParticipant('alice');
    expect(await failure(bob.client.decryptMessage('alice', first))).toBe('key-id');
    await bob.client.addDecryptionKey('alice', baseKey, kid);
    expect(await failure(bob.client.decryptMessage('alice', first))).toBe('replay');
    expect(await failure(bob.client.decryptMessage('alice', third))).toBe('replay');
    expect(await bob.client.decryptMessage('alice', late)).toEqual(text(3));
    expect(await failure(bob.client.decryptMessage('alice', late))).toBe('replay');
    expect(await bob.client.decryptMessage('alice', second), 'it has never come before').toEqual(text(1));
  });

  test('are not opened again because their key is given as that of somebody else', async () => {
    const { alice, bob, baseKey, kid } = await call(options);
    const message = await alice.client.encryptMessage(text(1));
    await bob.client.decryptMessage('alice', message);
    await bob.client.addDecryptionKey('alice, who has come again', baseKey, kid);
    expect(await failure(bob.client.decryptMessage('alice, who has come again', message))).toBe('replay');
  });

  test('of a key that is here are remembered however many other keys are used', async () => {
    const { alice, bob } = await call(options);
    const message = await alice.client.encryptMessage(text(1));
    await bob.client.decryptMessage('alice', message);
    const { commit } = ReplayGuard.prototype;
    ReplayGuard.prototype.commit = () => true; // as if all that the guard knew was forgotten
    try {
      expect(await failure(bob.client.decryptMessage('alice', message))).toBe('replay');
    } finally {
      ReplayGuard.prototype.commit = commit;
    }
  });
});

describe('messages of a group', () => {
  test('are opened once, though the epoch goes and comes back', async () => {
    const [alice, bob] = [new Person({ epochBits: 4 }), new Person({ epochBits: 4 })];
    const epoch = { epoch: 5, baseKey: randomKey(), groupSize: 2 };
    const members = { alice: 0, bob: 1 };
    await alice.client.setEpoch({ ...epoch, senderIndex: 0 });
    await bob.client.addEpoch({ ...epoch, senderIndex: 1, members });
    const message = await alice.client.encryptMessage(text(1));
    expect(await bob.client.decryptMessage('alice', message)).toEqual(text(1));
    await bob.client.removeParticipant('alice');
    await bob.client.addEpoch({ ...epoch, senderIndex: 1, members });
    expect(await failure(bob.client.decryptMessage('alice', message))).toBe('replay');
    await bob.client.removeEpoch(5);
    await bob.client.addEpoch({ ...epoch, senderIndex: 1, members });
    expect(await failure(bob.client.decryptMessage('alice', message))).toBe('replay');
  });
});

describe('messages of a ratchet', () => {
  async function ratcheting(options: ConstructorParameters<typeof Person>[0]) {
    const [alice, bob] = [new Person(options), new Person(options)];
    const baseKey = randomKey();
    const kid = await alice.client.setRatchetKey(baseKey);
    await bob.client.addRatchetKey('alice', baseKey, kid);
    return { alice, bob, baseKey, kid };
  }

  /** Alice's next message, after so many steps. */
  async function after(alice: Person, steps: number, n: number): Promise<Uint8Array> {
    for (let i = 0; i < steps; i++) await alice.client.ratchet();
    return alice.client.encryptMessage(text(n));
  }

  test('are not opened again because their sender was removed and has come back', async () => {
    const { alice, bob, baseKey, kid } = await ratcheting({ ratchetBits: 4 });
    const messages = [await after(alice, 0, 0), await after(alice, 1, 1), await after(alice, 1, 2)];
    for (const [n, message] of messages.entries())
      expect(await bob.client.decryptMessage('alice', message)).toEqual(text(n));
    await bob.client.removeParticipant('alice');
    await bob.client.addRatchetKey('alice', baseKey, kid);
    for (const message of messages)
      expect(await failure(bob.client.decryptMessage('alice', message))).toBe('replay');
    expect(await bob.client.decryptMessage('alice', await after(alice, 0, 9))).toEqual(text(9));
  });

  // The KIDs of steps come back after 2^R.
  test.each([
    [1, 1],
    [2, 1],
    [2, 2],
    [3, 4],
    [4, 7],
    [4, 13],
  ])('with R = %d are followed by %d steps at a time, for ever', async (ratchetBits, steps) => {
    const { alice, bob } = await ratcheting({ ratchetBits });
    for (let n = 0; n < 9; n++) {
      const message = await after(alice, n === 0 ? 0 : steps, n);
      expect(await bob.client.decryptMessage('alice', message)).toEqual(text(n));
      expect(await failure(bob.client.decryptMessage('alice', message))).toBe('replay');
    }
  });

  const limits = [
    { ratchetBits: 1 },
    { ratchetBits: 2 },
    { ratchetBits: 3 },
    { ratchetBits: 4 },
    { ratchetBits: 8 },
    { ratchetBits: 8, maxPast: 4, maxForward: 5 },
    { ratchetBits: 8, maxPast: 0 },
    { ratchetBits: 2, maxPast: 0 },
    { ratchetBits: 2, maxForward: 3 },
    { ratchetBits: 2, maxPast: 2 },
  ];

  test.each(limits)('are opened ahead, and late, for as many steps as frames are: %o', async (options) => {
    const { alice, bob, baseKey, kid } = await ratcheting(options);
    const sender = new FakeEndpoint();
    alice.client.encrypt(asSender(sender));
    /** Of each step, two. */
    const sent: { frames: Uint8Array[]; messages: Uint8Array[] }[] = [];
    for (let step = 0; step < 19; step++) {
      if (step > 0) await alice.client.ratchet();
      const frames = await alice.through(sender, audio(step), audio(step));
      const messages = [await after(alice, 0, step), await after(alice, 0, step)];
      sent.push({ frames: frames.map(({ data }) => new Uint8Array(data)), messages });
    }
    const open = async (decryptor: RatchetDecryptor, person: Person, step: number, which: number) => {
      const { frames, messages } = sent[step]!;
      const opening = [
        decryptor.decryptAsync(frames[which]!),
        person.client.decryptMessage('alice', messages[which]!),
      ];
      return (await Promise.all(opening.map(failure))).map((code) => code === 'none');
    };
    const decryptorAt0 = () => {
      const decryptor = new RatchetDecryptor({ cipherSuite, ...options });
      decryptor.addDecryptionKey(baseKey, kid);
      return decryptor;
    };
    for (const ahead of sent.keys()) {
      const carol = new Person(options);
      await carol.client.addRatchetKey('alice', baseKey, kid);
      const [frame, message] = await open(decryptorAt0(), carol, ahead, 0);
      expect(message, `${ahead} ahead`).toBe(frame);
      carol.client.destroy();
    }
    const decryptor = decryptorAt0();
    for (const step of sent.keys()) expect(await open(decryptor, bob, step, 0)).toEqual([true, true]);
    for (const step of sent.keys()) {
      const [frame, message] = await open(decryptor, bob, step, 1);
      expect(message, `late at ${step}`).toBe(frame);
    }
  });

  test('go on when their first key is given once more', async () => {
    const { alice, bob, baseKey, kid } = await ratcheting({ ratchetBits: 8 });
    for (let n = 1; n < 4; n++)
      expect(await bob.client.decryptMessage('alice', await after(alice, 10, n))).toEqual(text(n));
    await bob.client.addRatchetKey('alice', baseKey, kid);
    expect(await bob.client.decryptMessage('alice', await after(alice, 10, 4))).toEqual(text(4));
    const { baseKey: current, kid: now } = await alice.client.exportKey();
    await bob.client.addRatchetKey('alice', current, now);
    expect(await bob.client.decryptMessage('alice', await after(alice, 0, 5))).toEqual(text(5));
    for (let i = 0; i < 5; i++) await alice.client.ratchet();
    const ahead = await alice.client.exportKey();
    await bob.client.addRatchetKey('alice', ahead.baseKey, ahead.kid);
    expect(await bob.client.decryptMessage('alice', await after(alice, 16, 6))).toEqual(text(6));
  });

  test('are opened under another key that takes the place of a generation', async () => {
    const { alice, bob } = await ratcheting({ ratchetBits: 4 });
    const old = await after(alice, 0, 1);
    await bob.client.decryptMessage('alice', await after(alice, 0, 2));
    await bob.client.decryptMessage('alice', await after(alice, 1, 2));
    const another = new Person({ ratchetBits: 4 });
    const baseKey = randomKey();
    await bob.client.addRatchetKey('alice', baseKey, await another.client.setRatchetKey(baseKey));
    for (const step of [0, 1])
      expect(await bob.client.decryptMessage('alice', await after(another, step, 3))).toEqual(text(3));
    expect(await failure(bob.client.decryptMessage('alice', old))).not.toBe('none');
  });

  test('of our own do not open, at a step that has sent no frames either', async () => {
    const alice = new Person({ ratchetBits: 4 });
    const baseKey = randomKey();
    const kid = await alice.client.setRatchetKey(baseKey);
    await alice.client.addRatchetKey('mallory', baseKey, kid);
    expect(await failure(alice.client.decryptMessage('mallory', await after(alice, 0, 1)))).toBe('key-id');
    expect(await failure(alice.client.decryptMessage('mallory', await after(alice, 1, 2)))).toBe('key-id');
  });

  test('forged ones change nothing', async () => {
    const { alice, bob } = await ratcheting({ ratchetBits: 4 });
    const forged = (await after(alice, 2, 1)).slice();
    forged[forged.length - 1]! ^= 1;
    expect(await failure(bob.client.decryptMessage('alice', forged))).toBe('authentication');
    expect(await bob.client.decryptMessage('alice', await after(alice, 0, 2))).toEqual(text(2));
  });
});

describe('frames', () => {
  test('are not opened again because plaintext was allowed meanwhile', async () => {
    const { alice, bob, sender, receiver } = await call();
    const [sent] = await alice.through(sender, audio(1));
    expect(await bob.through(receiver, arrived(sent!))).toHaveLength(1);
    const { transform } = receiver;
    bob.client.allowPlaintext(asReceiver(receiver));
    bob.client.decrypt(asReceiver(receiver), 'alice');
    expect(receiver.transform, 'as before').not.toBe(transform);
    expect(await bob.through(receiver, arrived(sent!))).toEqual([]);
    expect(await bob.dropped(receiver)).toEqual({ replay: 1 });
    const [next] = await alice.through(sender, audio(2));
    expect((await bob.through(receiver, arrived(next!))).map(bytesOf)).toEqual([[2]]);
  });

  test('are not opened again because the receiver was with another client meanwhile', async () => {
    const { alice, bob, sender, receiver } = await call();
    const [sent] = await alice.through(sender, audio(1));
    expect(await bob.through(receiver, arrived(sent!))).toHaveLength(1);
    const other = new Person();
    other.client.decrypt(asReceiver(receiver), 'alice');
    bob.client.decrypt(asReceiver(receiver), 'alice');
    expect(await bob.through(receiver, arrived(sent!))).toEqual([]);
    expect(await bob.dropped(receiver)).toEqual({ replay: 1 });
  });

  test('are not opened again because the receiver was bound to another participant meanwhile', async () => {
    const { alice, bob, sender, receiver, baseKey, kid } = await call();
    const [sent] = await alice.through(sender, audio(1));
    expect(await bob.through(receiver, arrived(sent!))).toHaveLength(1);
    bob.client.decrypt(asReceiver(receiver), 'carol');
    await bob.client.addDecryptionKey('carol', baseKey, kid);
    expect(await bob.through(receiver, arrived(sent!))).toEqual([]);
    expect(await bob.dropped(receiver)).toEqual({ replay: 1 });
  });

  test('have windows of their own at each receiver, and still have after plaintext', async () => {
    const { alice, bob, sender, receiver } = await call();
    const second = new FakeEndpoint();
    bob.client.decrypt(asReceiver(second), 'alice');
    const [sent] = await alice.through(sender, audio(1));
    expect(await bob.through(receiver, arrived(sent!))).toHaveLength(1);
    for (const endpoint of [receiver, second]) {
      bob.client.allowPlaintext(asReceiver(endpoint));
      bob.client.decrypt(asReceiver(endpoint), 'alice');
    }
    expect(await bob.through(second, arrived(sent!))).toHaveLength(1);
    expect(await bob.through(receiver, arrived(sent!))).toEqual([]);
  });

  test('are opened by the next worker, which knows of none: so it is documented', async () => {
    const { alice, bob, sender, receiver, baseKey, kid } = await call({ heartbeatSeconds: 0.01 });
    const [sent] = await alice.through(sender, audio(1));
    expect(await bob.through(receiver, arrived(sent!))).toHaveLength(1);
    bob.workers[0]?.terminate();
    await until(() => bob.workers.length === 2);
    await bob.client.addDecryptionKey('alice', baseKey, kid);
    expect(await bob.through(receiver, arrived(sent!))).toHaveLength(1);
    expect(await bob.through(receiver, arrived(sent!))).toEqual([]);
  });
});

describe('windows of receivers', () => {
  test('are kept for those in use, and for the last that were let go', () => {
    const guards = new ReplayGuards(64);
    guards.take(1).commit('key', 0, 7);
    guards.take(2).commit('key', 0, 7);
    guards.leave(2);
    guards.leave(3); // it never opened anything
    for (let endpoint = 10; endpoint < 1000; endpoint++) {
      guards.take(endpoint).commit('key', 0, 9);
      guards.leave(endpoint);
    }
    expect(guards.take(1).accepts('key', 0, 7)).toBe(false);
    expect(guards.take(999).accepts('key', 0, 9)).toBe(false);
    expect(guards.take(2).accepts('key', 0, 7), 'it is not for ever').toBe(true);
  });

  test('are one receiver’s, however often it is asked for', () => {
    const guards = new ReplayGuards(64);
    const guard = guards.take(1);
    expect(guards.take(1)).toBe(guard);
    guards.leave(1);
    guards.leave(1);
    expect(guards.take(1)).toBe(guard);
    expect(guards.take(2)).not.toBe(guard);
  });
});
