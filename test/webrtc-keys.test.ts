// Keys of calls: none counts from 0 twice, whatever dies; ratchets, groups, messages, limits.

import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { decodeHeader } from '../src/index.ts';
import { SFrameClientEvent } from '../src/webrtc.ts';
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
} from './webrtc-fakes.ts';

beforeEach(openBrowser);
afterEach(closeBrowser);

const heartbeatSeconds = 0.01;

/** What of a Storage clients use. */
class FakeStorage {
  readonly items: Map<string, string> = new Map();

  getItem(name: string): string | null {
    return this.items.get(name) ?? null;
  }

  setItem(name: string, value: string): void {
    this.items.set(name, value);
  }
}

function meet(options: ConstructorParameters<typeof Person>[0] = {}) {
  const [alice, bob] = [new Person(options), new Person(options)];
  const [sender, receiver] = [new FakeEndpoint(), new FakeEndpoint()];
  alice.client.encrypt(asSender(sender));
  bob.client.decrypt(asReceiver(receiver), 'alice');
  const send = async (...frames: FakeFrame[]) => {
    const sent = await alice.through(sender, ...frames);
    return (await bob.through(receiver, ...sent.map((frame) => arrived(frame)))).map(bytesOf);
  };
  return { alice, bob, sender, receiver, send };
}

/** Kills the worker of a client, and waits for another. */
async function crash({ client, workers }: Person): Promise<void> {
  const before = workers.length;
  workers.at(-1)?.terminate();
  await until(() => workers.length > before);
  await client.stats();
}

describe('a sending key', () => {
  test('has a random KID of 48 bits if none is given, so that a base key can be shared', async () => {
    const baseKey = randomKey();
    const [alice, bob] = [new Person(), new Person()];
    const kids = [await alice.client.setEncryptionKey(baseKey), await bob.client.setEncryptionKey(baseKey)];
    expect(kids[0]).not.toBe(kids[1]);
    for (const kid of kids) expect(kid < 2n ** 48n).toBe(true);
  });

  test('is taken once by a client, and by all clients of the page', async () => {
    const { client } = new Person();
    const baseKey = randomKey();
    await client.setEncryptionKey(baseKey, 1);
    expect(await failure(client.setEncryptionKey(baseKey, 1))).toBe('key-reuse');
    await client.setEncryptionKey(baseKey, 2);
    expect(await failure(client.setEncryptionKey(baseKey, 1))).toBe('key-reuse');
    client.destroy();
    expect(await failure(new Person().client.setEncryptionKey(baseKey, 2))).toBe('key-reuse');
    const secret = await crypto.subtle.importKey('raw', baseKey, 'HKDF', false, ['deriveBits']);
    expect(await failure(new Person().client.setEncryptionKey(secret, 1))).toBe('key-reuse');
  });

  test('is not taken again after a reload, nor is another refused', async () => {
    const storage = new FakeStorage();
    const baseKey = randomKey();
    await new Person({ storage }).client.setEncryptionKey(baseKey, 1);
    const other = randomKey();
    vi.resetModules(); // another realm: what is left is in the storage
    const { SFrameClient } = await import('../src/webrtc.ts');
    const { FakeWorker } = await import('./webrtc-fakes.ts');
    const worker = new FakeWorker();
    const options = { cipherSuite: 'AES_128_GCM_SHA256_128', worker: worker as unknown as Worker } as const;
    const client = new SFrameClient({ ...options, storage });
    expect(await failure(client.setEncryptionKey(baseKey, 1))).toBe('key-reuse');
    expect(await client.setEncryptionKey(other, 1)).toBe(1n);
    client.destroy();
    worker.terminate();
    const stored = [...storage.items.values()].join();
    expect(stored.split(' ').length).toBe(2);
    expect(stored).not.toContain(btoa(String.fromCharCode(...baseKey)));
  });

  test('does without a storage that may not be used', async () => {
    const denied = () => {
      throw new Error('denied');
    };
    const { client } = new Person({ storage: { getItem: denied, setItem: denied } });
    await client.setEncryptionKey(randomKey());
  });

  test('goes with its worker: nothing is sent until there is another, and not the same', async () => {
    const reasons: string[] = [];
    const { alice, bob, sender, send } = meet({
      heartbeatSeconds,
      keysNeeded: (reason) => reasons.push(reason),
    });
    const baseKey = randomKey();
    await alice.client.setEncryptionKey(baseKey, 1);
    await bob.client.addDecryptionKey('alice', baseKey, 1);
    expect(await send(audio(1))).toEqual([[1]]);
    const { transform } = sender;
    await crash(alice);
    expect(reasons).toEqual(['worker']);
    expect(alice.events.some(({ type, reason }) => type === 'keys-needed' && reason === 'worker')).toBe(true);
    expect(sender.transform, 'a transform for the new worker').not.toBe(transform);
    expect(await send(audio(2))).toEqual([]);
    expect(await failure(alice.client.setEncryptionKey(baseKey, 1))).toBe('key-reuse');
    expect(await send(audio(3))).toEqual([]);
    await alice.client.setEncryptionKey(baseKey, 2);
    await bob.client.addDecryptionKey('alice', baseKey, 2);
    expect(await send(audio(4))).toEqual([[4]]);
    expect((await alice.client.stats()).workerRestarts).toBe(1);
  });

  test('of an earlier worker is still known as our own', async () => {
    const { alice, sender } = meet({ heartbeatSeconds });
    const baseKey = randomKey();
    await alice.client.setEncryptionKey(baseKey, 1);
    const [sent] = await alice.through(sender, audio(1));
    await crash(alice);
    const mirror = new FakeEndpoint();
    alice.client.decrypt(asReceiver(mirror), 'mallory');
    await alice.client.addDecryptionKey('mallory', baseKey, 1);
    expect(await alice.through(mirror, arrived(sent!))).toEqual([]);
  });

  test('may be a CryptoKey', async () => {
    const { alice, bob, send } = meet();
    const key = await crypto.subtle.importKey('raw', randomKey(), 'HKDF', false, ['deriveBits']);
    await bob.client.addDecryptionKey('alice', key, await alice.client.setEncryptionKey(key));
    expect(await send(audio(1), audio(2))).toEqual([[1], [2]]);
    const message = await alice.client.encryptMessage(new Uint8Array([3]));
    expect(await bob.client.decryptMessage('alice', message)).toEqual(new Uint8Array([3]));
  });

  test('is read before the call returns, and left to the caller', async () => {
    const { alice, bob, send } = meet();
    const baseKey = randomKey();
    const copy = baseKey.slice();
    const setting = alice.client.setEncryptionKey(baseKey, 3);
    const adding = bob.client.addDecryptionKey('alice', baseKey, 3);
    expect(baseKey).toEqual(copy);
    baseKey.fill(0);
    await Promise.all([setting, adding]);
    expect(await send(audio(1))).toEqual([[1]]);
    await bob.client.addDecryptionKey('alice', copy, 3);
    expect(await send(audio(2))).toEqual([[2]]);
  });

  test('is refused by name if it is none', async () => {
    const { client } = new Person();
    await expect(client.setEncryptionKey(new Uint8Array(15))).rejects.toThrow(/baseKey/);
    await expect(client.setEncryptionKey('key' as never)).rejects.toThrow(TypeError);
    await expect(client.setEncryptionKey(randomKey(), -1)).rejects.toThrow(/kid/);
    await expect(client.addDecryptionKey('', randomKey(), 1)).rejects.toThrow(/participant/);
    await expect(client.addDecryptionKey('bob', randomKey(), 2 ** 60)).rejects.toThrow(/kid/);
    await expect(client.setRatchetKey(randomKey())).rejects.toThrow(/ratchetBits/);
    await expect(client.addRatchetKey('bob', randomKey(), 1)).rejects.toThrow(/ratchetBits/);
    const epoch = { epoch: 1, baseKey: randomKey(), groupSize: 2 };
    await expect(client.setEpoch({ ...epoch, senderIndex: 0 })).rejects.toThrow(/epochBits/);
    await expect(client.addEpoch({ ...epoch, members: {} })).rejects.toThrow(/epochBits/);
  });

  test('never comes back, in answers or events', async () => {
    const { alice, bob, send, receiver } = meet();
    const baseKey = randomKey();
    await bob.client.addDecryptionKey('alice', baseKey, await alice.client.setEncryptionKey(baseKey));
    await send(audio(...Array(40).fill(77)));
    await bob.through(receiver, audio(1, 2, 3));
    await bob.client.stats();
    const secrets = [[...baseKey].join(), Array(40).fill(77).join()];
    const seen: string[] = [];
    const collect = (value: unknown): void => {
      if (ArrayBuffer.isView(value)) seen.push([...(value as Uint8Array)].join());
      else if (value instanceof Map) for (const entry of value) collect(entry);
      else if (typeof value === 'object' && value !== null) Object.values(value).forEach(collect);
      else seen.push(`${value}`);
    };
    for (const { workers, events } of [alice, bob]) {
      for (const { answers } of workers) answers.forEach(collect);
      for (const { kid, reason, participant, error } of events) collect([kid, reason, participant, error]);
    }
    expect(seen.length).toBeGreaterThan(20);
    for (const secret of secrets) expect(seen.filter((text) => text.includes(secret))).toEqual([]);
  });
});

describe('limits of a key', () => {
  test('are told before, once, and stop it', async () => {
    const reasons: string[] = [];
    const { alice, sender } = meet({ maxFrames: 16, keysNeeded: (reason) => reasons.push(reason) });
    const kid = await alice.client.setEncryptionKey(randomKey());
    expect(await alice.through(sender, ...Array.from({ length: 13 }, (_, i) => audio(i)))).toHaveLength(13);
    expect(reasons).toEqual([]);
    expect(await alice.through(sender, ...Array.from({ length: 6 }, (_, i) => audio(i)))).toHaveLength(3);
    expect(await alice.dropped(sender)).toEqual({ 'counter-exhausted': 3 });
    expect(reasons).toEqual(['limit']);
    expect(alice.events.filter(({ type }) => type === 'key-expiring')).toMatchObject([{ kid }]);
    await alice.client.setEncryptionKey(randomKey());
    expect(await alice.through(sender, audio(1))).toHaveLength(1);
  });
});

describe('a ratchet', () => {
  const options = { ratchetBits: 4, heartbeatSeconds };

  test('is followed by receivers, and by messages', async () => {
    const { alice, bob, send, receiver, sender } = meet(options);
    const baseKey = randomKey();
    const kid = await alice.client.setRatchetKey(baseKey);
    expect(kid).toBe(0n);
    await bob.client.addRatchetKey('alice', baseKey, kid);
    const old = await alice.client.encryptMessage(new Uint8Array([7]));
    for (let step = 1; step < 5; step++) {
      expect(await send(audio(step))).toEqual([[step]]);
      expect(await alice.client.ratchet()).toBe(BigInt(step));
      const message = await alice.client.encryptMessage(new Uint8Array([step]));
      expect(await bob.client.decryptMessage('alice', message)).toEqual(new Uint8Array([step]));
      expect(await failure(bob.client.decryptMessage('alice', message))).toBe('replay');
    }
    expect(await failure(bob.client.decryptMessage('alice', old)), 'its step has passed').not.toBe('none');
    const [sent] = await alice.through(sender, audio(9));
    expect(await bob.through(receiver, arrived(sent!), arrived(sent!))).toHaveLength(1);
    expect(await bob.dropped(receiver)).toEqual({ replay: 1 });
  });

  test('exports its key for joiners, who open what comes after', async () => {
    const { alice, sender } = meet(options);
    await alice.client.setRatchetKey(randomKey());
    const [before] = await alice.through(sender, audio(1));
    await alice.client.ratchet();
    const { baseKey, kid } = await alice.client.exportKey();
    const joiner = new Person(options);
    const receiver = new FakeEndpoint();
    joiner.client.decrypt(asReceiver(receiver), 'alice');
    await joiner.client.addRatchetKey('alice', baseKey, kid);
    const [after] = await alice.through(sender, audio(2));
    expect((await joiner.through(receiver, arrived(before!), arrived(after!))).map(bytesOf)).toEqual([[2]]);
    const message = await alice.client.encryptMessage(new Uint8Array([3]));
    expect(await joiner.client.decryptMessage('alice', message)).toEqual(new Uint8Array([3]));
    expect(await joiner.client.removeRatchetKey('alice', 0)).toBe(true);
    expect(await joiner.client.removeRatchetKey('alice', 0)).toBe(false);
    const [late] = await alice.through(sender, audio(4));
    expect(await joiner.through(receiver, arrived(late!))).toEqual([]);
  });

  test('gives no key away that could then be used as another kind', async () => {
    const { client } = new Person(options);
    await client.setRatchetKey(randomKey());
    await client.ratchet();
    const { baseKey, kid } = await client.exportKey();
    expect(await failure(client.setEncryptionKey(baseKey, kid))).toBe('key-reuse');
    await client.setEncryptionKey(baseKey, kid + 1n);
  });

  test('does not come back once another key has taken its place', async () => {
    const { client } = new Person(options);
    await client.setRatchetKey(randomKey());
    await client.setEncryptionKey(randomKey(), 99);
    expect(await failure(client.ratchet())).toBe('no-key');
  });

  test('takes the next generation after a crash, and never the same key', async () => {
    const { alice } = meet(options);
    const baseKey = randomKey();
    expect(await alice.client.setRatchetKey(baseKey)).toBe(0n);
    await crash(alice);
    expect(await failure(alice.client.ratchet())).toBe('no-key');
    expect(await failure(alice.client.setRatchetKey(baseKey, 0))).toBe('key-reuse');
    expect(await alice.client.setRatchetKey(randomKey())).toBe(16n);
  });

  test('is refused without WebAssembly', async () => {
    const { client } = new Person({ ...options, engine: 'webcrypto' });
    expect(await failure(client.setRatchetKey(randomKey()))).toBe('engine-unavailable');
  });
});

describe('a group', () => {
  const options = { epochBits: 4, heartbeatSeconds };
  const members = { alice: 0, bob: 1, carol: 2 };

  async function enter(person: Person, epoch: number, baseKey: Uint8Array, senderIndex: number) {
    await person.client.addEpoch({ epoch, baseKey, groupSize: 3, senderIndex, members });
    return person.client.setEpoch({ epoch, baseKey, groupSize: 3, senderIndex });
  }

  test('opens frames and messages of each member where he is expected', async () => {
    const { alice, bob, send, sender } = meet(options);
    const baseKey = randomKey();
    await enter(alice, 5, baseKey, 0);
    await enter(bob, 5, baseKey, 1);
    expect(await send(audio(1))).toEqual([[1]]);
    const carols = new FakeEndpoint();
    bob.client.decrypt(asReceiver(carols), 'carol');
    const [sent] = await alice.through(sender, audio(2));
    expect(await bob.through(carols, arrived(sent!))).toEqual([]);
    const message = await alice.client.encryptMessage(new Uint8Array([3]));
    expect(await failure(bob.client.decryptMessage('carol', message))).toBe('key-id');
    expect(await bob.client.decryptMessage('alice', message)).toEqual(new Uint8Array([3]));
    await bob.client.removeParticipant('alice');
    expect(await send(audio(4))).toEqual([]);
  });

  test('has one context for each worker, and one epoch for each page', async () => {
    const { alice, bob, sender, send } = meet(options);
    const baseKey = randomKey();
    const kid = await enter(alice, 5, baseKey, 0);
    await enter(bob, 5, baseKey, 1);
    await alice.through(sender, audio(1));
    expect(await failure(enter(alice, 5, baseKey, 0))).toBe('key-reuse');
    await crash(alice);
    const again = await enter(alice, 5, baseKey, 0);
    expect([kid, again]).toEqual([5n, 5n | (1n << 6n)]);
    expect(await send(audio(2))).toEqual([[2]]);
    expect(await failure(enter(new Person(options), 5, baseKey, 0))).toBe('key-reuse');
    expect(await bob.client.removeEpoch(5)).toBe(true);
    expect(await bob.client.removeEpoch(5)).toBe(false);
    expect(await send(audio(3))).toEqual([]);
  });

  test('can be tried with an echo', async () => {
    const { alice, sender } = meet(options);
    await enter(alice, 5, randomKey(), 0);
    const echo = new FakeEndpoint();
    alice.client.decryptEcho(asReceiver(echo));
    const [sent] = await alice.through(sender, audio(1));
    expect((await alice.through(echo, arrived(sent!))).map(bytesOf)).toEqual([[1]]);
  });
});

describe('messages', () => {
  test('open once, at whom they are from, and are no frames', async () => {
    const { alice, bob, receiver, sender } = meet();
    const baseKey = randomKey();
    expect(await failure(alice.client.encryptMessage(new Uint8Array(1)))).toBe('no-key');
    const kid = await alice.client.setEncryptionKey(baseKey);
    await bob.client.addDecryptionKey('alice', baseKey, kid);
    const data = new Uint8Array([1, 2, 3]);
    const message = await alice.client.encryptMessage(data);
    expect(decodeHeader(message)).toMatchObject({ kid, ctr: 0n });
    expect(data).toEqual(new Uint8Array([1, 2, 3]));
    expect(await failure(bob.client.decryptMessage('carol', message))).toBe('key-id');
    expect(await bob.client.decryptMessage('alice', message)).toEqual(data);
    expect(await failure(bob.client.decryptMessage('alice', message))).toBe('replay');
    expect(await bob.through(receiver, audio(...message))).toEqual([]);
    const [, frame] = await alice.through(sender, audio(1, 2, 3), audio(1, 2, 3));
    expect(await failure(bob.client.decryptMessage('alice', new Uint8Array(frame!.data)))).toBe(
      'authentication',
    );
    expect(await failure(bob.client.decryptMessage('alice', new Uint8Array(0)))).toBe('syntax');
    expect((await bob.client.stats()).messages).toEqual({
      count: 1,
      bytes: 3,
      dropped: { 'key-id': 1, replay: 1, authentication: 1, syntax: 1 },
    });
  });

  test('of our own do not open', async () => {
    const { client } = new Person();
    const baseKey = randomKey();
    const kid = await client.setEncryptionKey(baseKey);
    await client.addDecryptionKey('mallory', baseKey, kid);
    const message = await client.encryptMessage(new Uint8Array(1));
    expect(await failure(client.decryptMessage('mallory', message))).toBe('key-id');
  });
});

test('frames of no bytes are counted, and no more: nothing is wrong', async () => {
  const { alice, bob, receiver, send } = meet();
  await alice.client.setEncryptionKey(new Uint8Array(16), 1);
  await bob.client.addDecryptionKey('alice', new Uint8Array(16), 1);
  expect(await bob.through(receiver, audio(), audio())).toEqual([]);
  expect(await send(audio(1), audio())).toEqual([[1], []]); // what was encrypted may be empty
  expect(await bob.dropped(receiver)).toEqual({ empty: 2 });
  expect(bob.events.filter(({ type }) => type === 'status')).toEqual([]);
});

test('stats tell keys and their ages', async () => {
  const { alice, bob, sender, receiver, send } = meet();
  const baseKey = randomKey();
  const kid = await alice.client.setEncryptionKey(baseKey);
  await bob.client.addDecryptionKey('alice', baseKey, kid);
  await send(audio(1), audio(2));
  const sending = await alice.client.stats();
  expect(sending.senders[0]?.sender).toBe(sender);
  expect(sending.senders[0]?.receiver).toBeUndefined();
  expect((await bob.client.stats()).receivers[0]?.receiver).toBe(receiver);
  expect(sending).toMatchObject({
    cipherSuite: 'AES_128_GCM_SHA256_128',
    engine: 'wasm',
    workerRestarts: 0,
    sendingKey: { kid, ctr: 2n },
  });
  expect(sending.sendingKey?.ageSeconds).toBeGreaterThan(0);
  expect(sending.senders).toMatchObject([
    { frames: 2, bytes: 2, kind: 'audio', policy: 'protected', dropped: {} },
  ]);
  expect(sending.senders[0]?.cryptoP99).toBeGreaterThanOrEqual(0);
  const receiving = await bob.client.stats();
  expect(receiving.receivers).toMatchObject([{ frames: 2, participant: 'alice' }]);
  expect(receiving.receivingKeys.get('alice')).toMatchObject([{ kid }]);
});

test('an event says nothing that it was not told', () => {
  expect(new SFrameClientEvent('active')).toMatchObject({
    participant: '',
    reason: '',
    track: null,
    kid: undefined,
  });
});
