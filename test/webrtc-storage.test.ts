// No (base key, KID) counts from 0 twice: what is done where nobody could tell, and KIDs that come twice.

import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { SFrameEncryptor } from '../src/index.ts';
import { sessionKeyStorage } from '../src/webrtc/used-keys.ts';
import {
  arrived,
  asReceiver,
  asSender,
  audio,
  bytesOf,
  cipherSuite,
  closeBrowser,
  FakeEndpoint,
  FakeFrame,
  failure,
  openBrowser,
  Person,
  randomKey,
  until,
} from './webrtc-fakes.ts';

beforeEach(openBrowser);
afterEach(() => {
  vi.restoreAllMocks();
  closeBrowser();
});

const denied = (): never => {
  throw new Error('denied');
};

/** Storages that do not remember. */
const storages = {
  'refuses everything': { getItem: denied, setItem: denied },
  'is full': { getItem: () => null, setItem: denied },
  'cannot be read': { getItem: denied, setItem: () => {} },
};

const epoch = (baseKey: Uint8Array) => ({ epoch: 1, baseKey, groupSize: 2, senderIndex: 0 });

describe.each(Object.entries(storages))('where the storage %s', (_why, storage) => {
  const options = { storage, ratchetBits: 4, epochBits: 4 };

  test('KIDs that would be the same after a reload are refused, and the storage is named', async () => {
    const { client } = new Person(options);
    const baseKey = randomKey();
    for (const setting of [
      () => client.setEncryptionKey(baseKey, 1),
      () => client.setRatchetKey(baseKey),
      () => client.setEpoch(epoch(baseKey)),
    ]) {
      await expect(setting()).rejects.toMatchObject({
        code: 'key-reuse',
        message: expect.stringContaining('storage'),
      });
      expect((await client.stats()).sendingKey).toBeUndefined();
    }
  });

  test('a KID that is drawn is taken', async () => {
    const [alice, bob] = [new Person(options), new Person(options)];
    const [sender, receiver] = [new FakeEndpoint(), new FakeEndpoint()];
    alice.client.encrypt(asSender(sender));
    bob.client.decrypt(asReceiver(receiver), 'alice');
    const baseKey = randomKey();
    await bob.client.addDecryptionKey('alice', baseKey, await alice.client.setEncryptionKey(baseKey));
    const [sent] = await alice.through(sender, audio(1));
    expect((await bob.through(receiver, arrived(sent!))).map(bytesOf)).toEqual([[1]]);
  });

  test('what was refused may come again when there is room', async () => {
    let isDenied = true;
    const items = new Map<string, string>();
    const later = {
      getItem: (name: string) => (isDenied ? storage.getItem() : (items.get(name) ?? null)),
      setItem: (name: string, value: string) => {
        if (isDenied) storage.setItem();
        items.set(name, value);
      },
    };
    const { client } = new Person({ storage: later });
    const baseKey = randomKey();
    expect(await failure(client.setEncryptionKey(baseKey, 1))).toBe('key-reuse');
    isDenied = false;
    expect(await client.setEncryptionKey(baseKey, 1)).toBe(1n);
    expect(await failure(client.setEncryptionKey(baseKey, 1))).toBe('key-reuse');
  });
});

test('an application that has said so does without a storage', async () => {
  const { client } = new Person({ storage: null, ratchetBits: 4, epochBits: 4 });
  const baseKey = randomKey();
  expect(await client.setEncryptionKey(baseKey, 1)).toBe(1n);
  expect(await failure(client.setEncryptionKey(baseKey, 1))).toBe('key-reuse');
  await client.setRatchetKey(randomKey());
  await client.setEpoch(epoch(randomKey()));
});

describe("the tab's storage", () => {
  const stub = (get: () => unknown) => {
    const descriptor = Object.getOwnPropertyDescriptor(globalThis, 'sessionStorage');
    Object.defineProperty(globalThis, 'sessionStorage', { configurable: true, get });
    const storage = sessionKeyStorage();
    if (descriptor === undefined) Reflect.deleteProperty(globalThis, 'sessionStorage');
    else Object.defineProperty(globalThis, 'sessionStorage', descriptor);
    return storage;
  };

  test('is the default, and throws where it may not be used', () => {
    const storage = { getItem: () => null, setItem: () => {} };
    expect(stub(() => storage)).toBe(storage);
    for (const forbidden of [stub(denied), stub(() => null)]) {
      expect(() => forbidden?.getItem('a')).toThrow('forbidden');
      expect(() => forbidden?.setItem('a', 'b')).toThrow('forbidden');
    }
    expect(
      stub(() => undefined),
      'no page',
    ).toBeUndefined();
  });
});

describe('steps of a ratchet', () => {
  const items = new Map<string, string>();
  const storage = {
    getItem: (name: string) => items.get(name) ?? null,
    setItem: (name: string, value: string) => void items.set(name, value),
  };

  test('are keys that were used, though the page never had them', async () => {
    const options = { ratchetBits: 4, storage, heartbeatSeconds: 0.01 };
    const { client, workers } = new Person(options);
    const bob = new Person(options);
    const baseKey = randomKey();
    const kid = await client.setRatchetKey(baseKey);
    expect(await client.ratchet()).toBe(kid + 1n);
    expect([...items.values()].join().split(' ').length).toBe(2);
    // Bob follows, and says that this is the key to send under.
    const exported = await client.exportKey();
    expect(await failure(bob.client.setEncryptionKey(exported.baseKey, exported.kid))).toBe('key-reuse');
    // And, to the next worker, that it is his own.
    const sender = new FakeEndpoint();
    client.encrypt(asSender(sender));
    await until(() => sender.transform !== null);
    const [sent] = await through(client, sender);
    workers[0]?.terminate();
    await until(() => workers.length === 2);
    await client.stats();
    const mirror = new FakeEndpoint();
    client.decrypt(asReceiver(mirror), 'mallory');
    await client.addRatchetKey('mallory', exported.baseKey, exported.kid);
    await until(() => mirror.transform !== null);
    mirror.transform?.feed(arrived(sent!));
    await until(async () => (await client.stats()).receivers[0]?.dropped['key-id'] === 1);
    expect(mirror.transform?.out).toEqual([]);
  });

  async function through(client: Person['client'], sender: FakeEndpoint): Promise<FakeFrame[]> {
    sender.transform?.feed(audio(1));
    await until(() => (sender.transform?.out.length ?? 0) > 0);
    await client.stats();
    return sender.transform?.out ?? [];
  }
});

describe('a KID that is drawn twice', () => {
  /** The same numbers, whoever asks. */
  const alwaysDraw = (kid: bigint) => {
    const { getRandomValues } = crypto;
    vi.spyOn(crypto, 'getRandomValues').mockImplementation(((
      array: Uint8Array<ArrayBuffer> | BigUint64Array,
    ) =>
      array instanceof BigUint64Array
        ? array.fill(kid << 16n)
        : getRandomValues.call(crypto, array)) as typeof crypto.getRandomValues);
  };

  test('of one base key is refused, and nothing is sent under it again', async () => {
    alwaysDraw(5n);
    const alice = new Person();
    const sender = new FakeEndpoint();
    alice.client.encrypt(asSender(sender));
    const baseKey = randomKey();
    expect(await alice.client.setEncryptionKey(baseKey)).toBe(5n);
    await alice.through(sender, audio(1));
    expect(await failure(alice.client.setEncryptionKey(baseKey))).toBe('key-reuse');
    await alice.through(sender, audio(2));
    expect((await alice.client.stats()).sendingKey).toMatchObject({ kid: 5n, ctr: 2n });
    expect(await failure(new Person().client.setEncryptionKey(baseKey))).toBe('key-reuse');
  });

  test('of another base key is another key', async () => {
    alwaysDraw(6n);
    const [alice, bob] = [new Person(), new Person()];
    const [sender, receiver] = [new FakeEndpoint(), new FakeEndpoint()];
    alice.client.encrypt(asSender(sender));
    bob.client.decrypt(asReceiver(receiver), 'alice');
    bob.client.encrypt(asSender(new FakeEndpoint()));
    await bob.client.setEncryptionKey(randomKey());
    await bob.client.addDecryptionKey('carol', randomKey(), 6);
    for (let n = 0; n < 2; n++) {
      const baseKey = randomKey();
      expect(await alice.client.setEncryptionKey(baseKey)).toBe(6n);
      const [late] = await alice.through(sender, audio(n));
      await bob.client.addDecryptionKey('alice', baseKey, 6);
      expect((await bob.through(receiver, arrived(late!))).map(bytesOf)).toEqual([[n]]);
      const message = await alice.client.encryptMessage(new Uint8Array([n]));
      expect(await bob.client.decryptMessage('alice', message)).toEqual(new Uint8Array([n]));
      expect(await failure(bob.client.decryptMessage('carol', message))).not.toBe('none');
    }
  });

  test.each(['auto', 'webcrypto'] as const)(
    'and is that of a participant with the same base key is refused (engine %s)',
    async (engine) => {
      alwaysDraw(7n);
      const alice = new Person({ engine, heartbeatSeconds: 0.01 });
      const baseKey = randomKey();
      await alice.client.addDecryptionKey('bob', baseKey, 7);
      expect(await failure(alice.client.setEncryptionKey(baseKey))).toBe('key-reuse');
      expect(await failure(alice.client.setEncryptionKey(baseKey, 7))).toBe('key-reuse');
      expect((await alice.client.stats()).sendingKey).toBeUndefined();
      expect(await alice.client.setEncryptionKey(baseKey, 8)).toBe(8n);

      // What bob sends is his all the same, also for the next worker.
      const bob = new SFrameEncryptor({ cipherSuite });
      bob.setEncryptionKey(baseKey, 7);
      const receiver = new FakeEndpoint();
      alice.client.decrypt(asReceiver(receiver), 'bob');
      const frame = (n: number) => new FakeFrame(bob.encrypt(new Uint8Array([n])));
      expect((await alice.through(receiver, frame(1))).map(bytesOf)).toEqual([[1]]);
      alice.workers[0]?.terminate();
      await until(() => alice.workers.length === 2);
      await alice.client.addDecryptionKey('bob', baseKey, 7);
      expect((await alice.through(receiver, frame(2))).map(bytesOf)).toEqual([[2]]);
    },
  );

  test('and is that of a ratchet of a participant is refused', async () => {
    alwaysDraw(0n);
    const alice = new Person({ ratchetBits: 4 });
    const baseKey = randomKey();
    await alice.client.addRatchetKey('bob', baseKey, 0);
    expect(await failure(alice.client.setEncryptionKey(baseKey))).toBe('key-reuse');
    const another = randomKey();
    await alice.client.addRatchetKey('bob', another, 16);
    expect(await failure(alice.client.setRatchetKey(another, 1))).toBe('key-reuse');
    expect(await alice.client.setRatchetKey(another, 2)).toBe(32n);
  });
});
