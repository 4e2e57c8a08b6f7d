// No copy of a key outlives its use, whatever fails: on the page, on its way, and in the worker.

import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';

/** Every array that bytes were copied or sliced into: keys come about in no other way, but those that WebCrypto gives. */
const copies: Uint8Array[] = [];
const typedArray = Object.getPrototypeOf(Uint8Array.prototype) as Uint8Array;
const { set, slice } = typedArray;
typedArray.set = function (this: Uint8Array, source: ArrayLike<number>, offset?: number): void {
  if (this.length <= 64) copies.push(this);
  set.call(this, source, offset);
};
typedArray.slice = function (this: Uint8Array, from?: number, to?: number): Uint8Array<ArrayBuffer> {
  const copy = slice.call(this, from, to) as Uint8Array<ArrayBuffer>;
  if (copy.length <= 64) copies.push(copy);
  return copy;
};

/** What WebCrypto derived under the label of messages, and what happens when it has. */
const messageKeys: ArrayBuffer[] = [];
let derived = () => {};
const deriveBits = crypto.subtle.deriveBits.bind(crypto.subtle);
crypto.subtle.deriveBits = async (algorithm, key, length) => {
  const bits = await deriveBits(algorithm as HkdfParams, key, length as number);
  const { info } = algorithm as HkdfParams;
  if (!new TextDecoder().decode(info).startsWith('sframe-wasm message key')) return bits;
  messageKeys.push(bits);
  derived();
  return bits;
};

const { cipherSuite, closeBrowser, FakeWorker, failure, openBrowser, Person, until } = await import(
  './webrtc-fakes.ts'
);
const { cipherSuites, MlsDecryptor, MlsEncryptor, RatchetEncryptor, SFrameDecryptor, SFrameEncryptor } =
  await import('../src/index.ts');
const { WorkerHost } = await import('../src/webrtc/host.ts');
const { messageMetadata } = await import('../src/webrtc/message-key.ts');
const { RatchetMessages } = await import('../src/webrtc/ratchet-messages.ts');
const { Session } = await import('../src/webrtc/session.ts');

beforeEach(() => {
  copies.length = 0;
  messageKeys.length = 0;
  derived = () => {};
  openBrowser();
});
afterEach(() => {
  vi.restoreAllMocks();
  closeBrowser();
});

/** In how many arrays a key stands, but in the one that it is known by. */
function copiesOf(key: Uint8Array): number {
  const isIt = (copy: Uint8Array) =>
    copy !== key && copy.length === key.length && copy.every((byte, i) => byte === key[i]);
  return copies.filter(isIt).length;
}

const isZero = (bytes: Uint8Array): boolean => bytes.every((byte) => byte === 0);
const areWiped = (): boolean => messageKeys.every((bits) => isZero(new Uint8Array(bits)));

const options = { ratchetBits: 4, epochBits: 4 };
/** What structured cloning refuses. */
const uncloneable = (() => 1) as unknown as number;
const keyBytes = (): Uint8Array<ArrayBuffer> => crypto.getRandomValues(new Uint8Array(32));

type Give = (client: InstanceType<typeof Person>['client'], key: Uint8Array) => Promise<unknown>;
interface Sent {
  readonly baseKey?: Uint8Array;
  readonly privateKey?: Uint8Array;
}

/** Lets something happen around a method, until the test is over. */
function around(
  prototype: object,
  name: string,
  act: (call: () => unknown, args: readonly unknown[]) => unknown,
): void {
  const methods = prototype as Record<string, (...args: unknown[]) => unknown>;
  const real = methods[name]!;
  vi.spyOn(methods, name).mockImplementation(function (this: unknown, ...args) {
    return act(() => real.apply(this, args), args);
  });
}

/** Each way of giving a key, well and wrongly. */
const ways: Record<string, { give: Give; wrong: Give[] }> = {
  setEncryptionKey: {
    give: (client, key) => client.setEncryptionKey(key),
    wrong: [
      (client, key) => client.setEncryptionKey(key, -1),
      (client, key) => client.setEncryptionKey(key, 2 ** 60),
    ],
  },
  setRatchetKey: {
    give: (client, key) => client.setRatchetKey(key),
    wrong: [
      (client, key) => client.setRatchetKey(key, -1),
      (client, key) => client.setRatchetKey(key, 2n ** 61n),
    ],
  },
  setEpoch: {
    give: (client, baseKey) => client.setEpoch({ epoch: 1, baseKey, groupSize: 2, senderIndex: 0 }),
    wrong: [
      (client, baseKey) => client.setEpoch({ epoch: -1, baseKey, groupSize: 2, senderIndex: 0 }),
      (client, baseKey) => client.setEpoch({ epoch: 1, baseKey, groupSize: 0, senderIndex: 0 }),
      (client, baseKey) => client.setEpoch({ epoch: 1, baseKey, groupSize: 2, senderIndex: 2 }),
    ],
  },
  addDecryptionKey: {
    give: (client, key) => client.addDecryptionKey('bob', key, 1),
    wrong: [(client, key) => client.addDecryptionKey('bob', key, -1)],
  },
  addRatchetKey: {
    give: (client, key) => client.addRatchetKey('bob', key, 1),
    wrong: [(client, key) => client.addRatchetKey('bob', key, -1)],
  },
  addEpoch: {
    give: (client, baseKey) => client.addEpoch({ epoch: 1, baseKey, groupSize: 2, members: {} }),
    wrong: [
      (client, baseKey) => client.addEpoch({ epoch: 1, baseKey, groupSize: uncloneable, members: {} }),
      (client, baseKey) => client.addEpoch({ epoch: 1, baseKey, groupSize: 0, members: {} }),
    ],
  },
  signFrames: {
    give: async (client, privateKey) =>
      client.signFrames({ participant: 'me', session: new Uint8Array(16), privateKey }),
    wrong: [
      (client, privateKey) => client.signFrames({ participant: 'me', session: 1 as never, privateKey }),
      (client, privateKey) =>
        client.signFrames({
          participant: 'me',
          session: new Uint8Array(16),
          privateKey,
          everyMs: uncloneable,
        }),
    ],
  },
};

describe.each(Object.entries(ways))('%s leaves no copy', (_name, { give, wrong }) => {
  test.each(wrong)('when it is called wrongly (%#)', async (call) => {
    const { client, workers } = new Person(options);
    const key = keyBytes();
    expect(await failure(call(client, key))).not.toBe('none');
    await client.stats();
    expect(copiesOf(key)).toBe(0);
    for (const { args } of workers[0]!.requests) {
      const { baseKey, privateKey } = (args ?? {}) as Sent;
      for (const sent of [baseKey, privateKey]) expect(sent ?? new Uint8Array(1)).toSatisfy(isZero);
    }
  });

  test('when it was done, but of what the worker needs', async () => {
    const worker = new FakeWorker();
    const { client } = new Person({ ...options, worker: worker as unknown as Worker });
    await client.setEncryptionKey(keyBytes());
    const key = keyBytes();
    await give(client, key);
    const { baseKey, privateKey } = worker.requests.at(-1)!.args as Sent;
    expect((baseKey ?? privateKey) as Uint8Array).toSatisfy(isZero);
    client.destroy();
    await until(() => copiesOf(key) === 0);
    worker.terminate();
  });

  test('when there is no worker, or the client is gone', async () => {
    const worker = new FakeWorker(false);
    const lost = new Person({ ...options, worker: worker as unknown as Worker });
    await failure(lost.client.stats());
    const key = keyBytes();
    expect(await failure(give(lost.client, key))).toBe('worker-failed');
    expect(copiesOf(key)).toBe(0);
    lost.client.destroy();
    expect(await failure(give(lost.client, key))).toBe('destroyed');
    const { client } = new Person(options);
    const giving = [give(client, key), client.setEncryptionKey(key)].map(failure);
    client.destroy();
    expect((await Promise.all(giving)).at(-1)).toBe('destroyed');
    expect(copiesOf(key)).toBe(0);
  });
});

test('a sending key that was used before leaves no copy', async () => {
  const { client } = new Person();
  const key = keyBytes();
  await client.setEncryptionKey(key, 1);
  expect(await failure(client.setEncryptionKey(key, 1))).toBe('key-reuse');
  expect(copiesOf(key)).toBe(0);
});

test('nor does one whose fingerprint cannot be had', async () => {
  const { client } = new Person();
  await client.stats();
  const key = keyBytes();
  vi.spyOn(crypto.subtle, 'importKey').mockRejectedValue(new Error('not today'));
  expect(await failure(client.setEncryptionKey(key))).toBe('engine-unavailable');
  expect(copiesOf(key)).toBe(0);
});

describe('the worker', () => {
  const config = {
    ...options,
    cipherSuite,
    engine: 'auto',
    replayWindow: 64,
    allowShortTags: false,
    injectedFrames: [],
    contextId: 0n,
    lock: 'a lock',
    own: [],
  } as const;
  const session = () => new Session(config, () => {});

  const epoch = { epoch: 1n, groupSize: 2, graceSeconds: undefined, members: new Map([['bob', 1]]) };
  const requests = {
    setKey: (baseKey: Uint8Array<ArrayBuffer>) => ({ baseKey, kid: 1n, fingerprint: 'one' }),
    setRatchetKey: (baseKey: Uint8Array<ArrayBuffer>) => ({ baseKey, generation: 0n, fingerprint: 'one' }),
    setEpoch: (baseKey: Uint8Array<ArrayBuffer>) => ({
      ...epoch,
      baseKey,
      senderIndex: 0,
      fingerprint: 'one',
    }),
    addKey: (baseKey: Uint8Array<ArrayBuffer>) => ({ participant: 'bob', baseKey, kid: 1n }),
    addRatchetKey: (baseKey: Uint8Array<ArrayBuffer>) => ({ participant: 'bob', baseKey, kid: 1n }),
    addEpoch: (baseKey: Uint8Array<ArrayBuffer>) => ({ ...epoch, baseKey, senderIndex: undefined }),
  };
  const names = Object.keys(requests) as (keyof typeof requests)[];

  test.each(names)('wipes what %s has derived, and what it was given', async (op) => {
    const own = session();
    const key = keyBytes();
    const given = key.slice();
    await own.handle(op, requests[op](given) as never);
    expect(given).toSatisfy(isZero);
    expect(messageKeys.length).toBeGreaterThan(0);
    expect(areWiped()).toBe(true);
    own.destroy();
    expect(copiesOf(key)).toBe(0);
  });

  test.each(names)('wipes it when there is no memory for another key: %s', async (op) => {
    const own = session();
    for (const [prototype, name] of [
      [SFrameDecryptor.prototype, 'addDecryptionKey'],
      [SFrameEncryptor.prototype, 'setEncryptionKey'],
      [MlsDecryptor.prototype, 'addEpoch'],
      [MlsEncryptor.prototype, 'setEpoch'],
    ] as const)
      around(prototype, name, (call, [given]) => {
        const { buffer } = ArrayBuffer.isView(given) ? given : (given as { baseKey: Uint8Array }).baseKey;
        // Frames have had their key then.
        if (messageKeys.includes(buffer as ArrayBuffer)) throw new RangeError('no memory');
        return call();
      });
    const key = keyBytes();
    expect(await failure(own.handle(op, requests[op](key.slice()) as never))).toBe('RangeError');
    expect(messageKeys.length).toBeGreaterThan(0);
    expect(areWiped()).toBe(true);
    own.destroy();
    expect(copiesOf(key)).toBe(0);
  });

  /** What decryptors take after this. */
  function watchDecryptors(): unknown[] {
    const taken: unknown[] = [];
    for (const [prototype, name] of [
      [SFrameDecryptor.prototype, 'addDecryptionKey'],
      [MlsDecryptor.prototype, 'addEpoch'],
    ] as const)
      around(prototype, name, (call, args) => {
        call();
        taken.push(args);
      });
    return taken;
  }

  const moments = names.flatMap((op) => (/^set/.test(op) ? [1, 2] : [1]).map((n) => [op, n] as const));
  test.each(moments)('wipes it when it ends meanwhile, and takes nothing any more: %s, %d', async (op, n) => {
    const own = session();
    let taken: unknown[] = [];
    derived = () => {
      if (messageKeys.length !== n) return;
      own.destroy();
      taken = watchDecryptors();
    };
    const key = keyBytes();
    expect(await failure(own.handle(op, requests[op](key.slice()) as never))).toBe('destroyed');
    expect(messageKeys).toHaveLength(n);
    expect(areWiped()).toBe(true);
    expect(taken).toEqual([]);
    expect(copiesOf(key)).toBe(0);
  });

  test.each([
    ['setKey', SFrameEncryptor.prototype, 'setEncryptionKey', 2],
    ['setRatchetKey', SFrameEncryptor.prototype, 'setEncryptionKey', 1],
    ['setEpoch', MlsEncryptor.prototype, 'setEpoch', 2],
  ] as const)('has no key for echoes when it ended before: %s', async (op, prototype, name, times) => {
    const own = session();
    let taken: unknown[] = [];
    let count = 0;
    around(prototype, name, (call) => {
      call();
      if (++count !== times) return;
      own.destroy();
      taken = watchDecryptors();
    });
    const key = keyBytes();
    expect(await failure(own.handle(op, requests[op](key.slice()) as never))).toBe('destroyed');
    expect(count).toBe(times);
    expect(taken).toEqual([]);
    expect(copiesOf(key)).toBe(0);
  });

  test.each(['nothing', 'importKey', 'deriveBits', 'no WebCrypto', 'no memory'])(
    'wipes the keys that a message of a ratchet is tried with, and %s fails',
    async (failing) => {
      const alice = new RatchetEncryptor({ cipherSuite, ratchetBits: 4 });
      const first = keyBytes();
      alice.setEncryptionKey(first);
      const messages = new RatchetMessages(config, cipherSuites[cipherSuite]);
      await messages.add(first, 0n);
      for (let i = 0; i < 3; i++) alice.ratchet();
      const { baseKey: third, kid } = alice.exportKey();
      const frame = alice.encrypt(new Uint8Array(3)); // no message: it cannot be authentic
      alice.destroy();
      const { subtle } = crypto;
      if (failing === 'importKey' || failing === 'deriveBits')
        vi.spyOn(subtle, failing).mockRejectedValue(new Error('not today'));
      if (failing === 'no WebCrypto')
        Object.defineProperty(crypto, 'subtle', { configurable: true, value: undefined });
      if (failing === 'no memory')
        vi.spyOn(SFrameDecryptor.prototype, 'addDecryptionKey').mockImplementation(() => {
          throw new RangeError('no memory');
        });
      const outcome = await messages.tryDecryptAsync(frame, messageMetadata()).catch((error) => error.name);
      expect(outcome).not.toBeInstanceOf(Uint8Array);
      expect(kid).toBe(3n);
      vi.restoreAllMocks();
      Reflect.deleteProperty(crypto, 'subtle'); // what is left is its prototype's
      messages.destroy();
      expect(areWiped()).toBe(true);
      expect([first, third].map(copiesOf)).toEqual([0, 0]);
    },
  );

  test('keeps no key of a ratchet whose messages it could not derive a key for', async () => {
    const messages = new RatchetMessages(config, cipherSuites[cipherSuite]);
    vi.spyOn(crypto.subtle, 'deriveBits').mockRejectedValue(new Error('not today'));
    const key = keyBytes();
    expect(await failure(messages.add(key, 0n))).toBe('engine-unavailable');
    expect(copiesOf(key)).toBe(0);
  });

  test('keeps no key of a ratchet that another has taken the place of, or that was removed', async () => {
    const messages = new RatchetMessages(config, cipherSuites[cipherSuite]);
    const [one, two] = [keyBytes(), keyBytes()];
    await messages.add(one, 0n);
    expect(copiesOf(one)).toBe(1);
    await messages.add(two, 0n);
    expect([one, two].map(copiesOf)).toEqual([0, 1]);
    messages.removeGeneration(0n);
    expect(copiesOf(two)).toBe(0);
  });

  test('keeps no copy of the key that it has exported, nor of one that could not leave', async () => {
    const { client } = new Person(options);
    await client.setRatchetKey(keyBytes());
    copies.length = 0;
    const { baseKey } = await client.exportKey();
    expect(baseKey.some((byte) => byte !== 0)).toBe(true);
    expect(copiesOf(baseKey), 'the ratchet has one').toBe(0);

    const exported: Uint8Array[] = [];
    around(RatchetEncryptor.prototype, 'exportKey', (call) => {
      const result = call() as { baseKey: Uint8Array };
      exported.push(result.baseKey);
      return result;
    });
    const scope = new EventTarget() as EventTarget & { postMessage(message: { result?: object }): void };
    const answers: { result?: object; error?: object }[] = [];
    scope.postMessage = (message) => {
      if (message.result !== undefined && 'baseKey' in message.result) throw new Error('it cannot leave');
      answers.push(message);
    };
    new WorkerHost(scope as never);
    const ask = (op: string, args?: object) =>
      scope.dispatchEvent(new MessageEvent('message', { data: { sframe: 1, client: 'c', id: 1, op, args } }));
    ask('setup', config);
    ask('setRatchetKey', { baseKey: keyBytes(), generation: 0n, fingerprint: 'one' });
    ask('exportKey');
    await until(() => answers.some(({ error }) => error !== undefined));
    expect(exported.length).toBeGreaterThan(1);
    for (const copy of exported) expect(copy).toSatisfy(isZero);
  });

  test('wipes what comes for a client that it does not know', async () => {
    const worker = new FakeWorker();
    const answer = new Promise((resolve) =>
      worker.addEventListener('message', (event) => resolve((event as MessageEvent).data)),
    );
    worker.postMessage({
      sframe: 1,
      client: 'nobody',
      id: 7,
      op: 'addKey',
      args: requests.addKey(keyBytes()),
    });
    expect(await answer).toMatchObject({ id: 7, error: { code: 'destroyed' } });
    const { args } = worker.requests[0] as { args: { baseKey: Uint8Array } };
    expect(args.baseKey).toSatisfy(isZero);
    worker.terminate();
  });
});

test('the search finds what is there', async () => {
  const key = keyBytes();
  const copy = key.slice();
  expect(copiesOf(key)).toBe(1);
  copy.fill(0);
  expect(copiesOf(key)).toBe(0);
  await new Person().client.setEncryptionKey(key);
  expect(messageKeys, 'and for echoes').toHaveLength(2);
});
