// Keys of calls when something goes wrong: letters are lost or late, clients and exchanges refuse, members flood. Nobody
// hears what he should not, and nothing that fails is passed over.

import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { SenderKeyExchange } from '../src/trust/exchange.ts';
import type { MlsEntrance, MlsExchange } from '../src/trust/mls-exchange.ts';
import { ReceivedKeys } from '../src/trust/webrtc-exchange/received-keys.ts';
import {
  connectExchange,
  ExchangeConnectionEvent,
  type ExchangeConnectionOptions,
} from '../src/trust/webrtc-exchange.ts';
import { SFrameClientEvent } from '../src/webrtc.ts';
import type { Mail } from './server.ts';
import { Call, type Caller, untilTalking } from './webrtc-exchange-call.ts';
import { closeBrowser, failure, openBrowser, Person, randomKey, sleep, until } from './webrtc-fakes.ts';

const calls: Call[] = [];

function newCall(kind: 'sender keys' | 'MLS'): Call {
  const call = new Call(kind);
  calls.push(call);
  return call;
}

beforeEach(openBrowser);
afterEach(() => {
  for (const call of calls.splice(0)) call.hangUp();
  closeBrowser();
  vi.restoreAllMocks();
});

/** Of `key` events. */
interface Sent {
  readonly participant: string;
  readonly baseKey: Uint8Array;
  readonly kid: bigint;
}

/** Types of letters. */
const [KEYS, HAVE] = [16, 17];
const typeOf = ({ bytes }: Mail): number => bytes[1] as number;

/** Holds letters of a type back that somebody is to get, or has sent; gives what lets them go. */
function hold({ server }: Call, type: number, whose: Partial<Mail>): () => void {
  const held: Mail[] = [];
  server.conduct = (mail) => {
    const isHeld =
      typeOf(mail) === type && mail.from === (whose.from ?? mail.from) && mail.to === (whose.to ?? mail.to);
    if (isHeld) held.push(mail);
    return isHeld ? [] : [mail];
  };
  return () => {
    server.conduct = (mail) => [mail];
    for (const mail of held) server.inject(mail);
  };
}

describe('sender keys', () => {
  test('are not sent under before all have confirmed them', async () => {
    const call = newCall('sender keys');
    const [alice, bob] = (await call.gather('alice', 'bob')) as [Caller, Caller];
    const release = hold(call, HAVE, { from: 'bob', to: 'alice' });
    const kid = await alice.kid();
    const carol = await call.add('carol');
    await until(() => carol.exchange.participants.length === 2);
    await until(async () => (await bob.kidsOf('alice')).length === 2);
    await sleep(600);
    expect(await alice.kid()).toBe(kid);
    expect(await alice.reaches(bob), 'who has both').toBe(true);
    expect(await alice.reaches(carol), 'who never gets the one before').toBe(false);
    release();
    await untilTalking([alice, bob, carol]);
    expect(await alice.kid()).not.toBe(kid);
  });

  test('that a leaver has are given up soon, whoever does not confirm', async () => {
    const call = newCall('sender keys');
    const [alice, bob, carol] = (await call.gather('alice', 'bob', 'carol')) as [Caller, Caller, Caller];
    hold(call, HAVE, { from: 'bob', to: 'alice' });
    const kid = await alice.kid();
    alice.exchange.remove('carol');
    await until(async () => (await alice.kid()) !== kid);
    expect(await alice.reaches(carol)).toBe(false);
    expect(await alice.reaches(bob)).toBe(true);
  });

  test('do not come: frames are dropped, until they do', async () => {
    const call = newCall('sender keys');
    const alice = await call.add('alice');
    const release = hold(call, KEYS, { to: 'bob' });
    const bob = await call.add('bob');
    await until(() => bob.reaches(alice));
    expect(await alice.reaches(bob)).toBe(false);
    expect(bob.person.statuses.some((status) => status.startsWith('alice key-id'))).toBe(true);
    release();
    await untilTalking([alice, bob]);
  });

  test('that are missing are asked for', async () => {
    const call = newCall('sender keys');
    const [, bob] = (await call.gather('alice', 'bob')) as [Caller, Caller];
    const asked = vi.spyOn(bob.exchange as SenderKeyExchange, 'request');
    const alice = call.callers[0]!;
    await alice.person.client.setEncryptionKey(randomKey(), 99);
    await until(async () => !(await alice.reaches(bob)) && asked.mock.calls.length > 0);
    expect(asked.mock.calls[0]).toEqual(['alice']);
  });

  test('of one who floods are not kept: eight are', async () => {
    const call = newCall('sender keys');
    const [alice, bob] = (await call.gather('alice', 'bob')) as [Caller, Caller];
    for (let i = 0; i < 30; i++) {
      (alice.exchange as SenderKeyExchange).publish(randomKey(), 1000 + i);
      await until(async () => (await bob.kidsOf('alice')).includes(BigInt(1000 + i)));
    }
    const last = Array.from({ length: 8 }, (_, i) => BigInt(1022 + i)).join();
    await until(async () => (await bob.kidsOf('alice')).join() === last);
    await bob.crash();
    await until(async () => (await bob.kidsOf('alice')).join() === last);
  });

  test('of ours that a participant gives for his do not keep us from sending under them', async () => {
    const call = newCall('sender keys');
    const [alice, bob, carol] = (await call.gather('alice', 'bob', 'carol')) as [Caller, Caller, Caller];
    bob.exchange.addEventListener('key', (event) => {
      const { participant, baseKey, kid } = event as Event & Sent;
      if (participant === 'alice') (bob.exchange as SenderKeyExchange).publish(baseKey, kid);
    });
    alice.exchange.remove('carol');
    bob.exchange.remove('carol');
    await until(() => alice.failures.length > 0);
    expect(alice.failures[0]).toMatch(/^bob: .*our own key/);
    await until(async () => !(await alice.reaches(carol)) && (await alice.reaches(bob)));
    expect(alice.failures.every((failure) => `${failure}`.startsWith('bob: '))).toBe(true);
  });

  test('of a participant go with him', async () => {
    const call = newCall('sender keys');
    const [, bob] = (await call.gather('alice', 'bob')) as [Caller, Caller];
    bob.exchange.remove('alice');
    await until(async () => (await bob.kidsOf('alice')).length === 0);
    await bob.crash();
    await sleep(50);
    expect(await bob.kidsOf('alice')).toEqual([]);
  });

  test('are wiped, here too, when they have been given', async () => {
    const call = newCall('sender keys');
    const alice = call.make('alice');
    const bob = call.make('bob');
    const seen: Uint8Array[] = [];
    const { client } = alice.person;
    const [set, add] = [client.setEncryptionKey.bind(client), client.addDecryptionKey.bind(client)];
    client.setEncryptionKey = (baseKey, kid) => {
      seen.push(baseKey as Uint8Array);
      return set(baseKey, kid);
    };
    client.addDecryptionKey = (participant, baseKey, kid) => {
      seen.push(baseKey as Uint8Array);
      return add(participant, baseKey, kid);
    };
    const published = vi.spyOn(alice.exchange as SenderKeyExchange, 'publish');
    for (const { exchange } of [alice, bob]) await exchange.start();
    await untilTalking([alice, bob]);
    await alice.crash();
    await untilTalking([alice, bob]);
    alice.hangUp();
    expect(seen.length).toBeGreaterThan(3);
    expect(published.mock.calls.length).toBeGreaterThan(1);
    for (const key of [...seen, ...published.mock.calls.map(([baseKey]) => baseKey)])
      expect(key.every((byte) => byte === 0)).toBe(true);
  });

  test('that the client refuses are told of, and another is tried', async () => {
    const call = newCall('sender keys');
    const [alice, bob, carol] = (await call.gather('alice', 'bob', 'carol')) as [Caller, Caller, Caller];
    const { client } = alice.person;
    vi.spyOn(client, 'setEncryptionKey').mockRejectedValueOnce(new RangeError('no memory'));
    alice.exchange.remove('carol');
    await until(() => alice.failures.length > 0);
    expect(alice.failures).toEqual([': RangeError: no memory']);
    await until(async () => !(await alice.reaches(carol)) && (await alice.reaches(bob)));
    vi.spyOn(bob.person.client, 'addDecryptionKey').mockRejectedValueOnce(new RangeError('no memory'));
    alice.connection.renew();
    await until(() => bob.failures.length > 0);
    expect(bob.failures).toEqual(['alice: RangeError: no memory']);
  });
});

describe('a connection ends', () => {
  test('with the client, and says so', async () => {
    const call = newCall('sender keys');
    const [alice, bob] = (await call.gather('alice', 'bob')) as [Caller, Caller];
    alice.person.client.destroy();
    bob.connection.renew();
    await until(() => alice.failures.length > 0);
    expect(alice.failures).toEqual([expect.stringMatching(/destroy/)]);
    expect(() => alice.connection.renew()).toThrow(expect.objectContaining({ code: 'destroyed' }));
  });

  test('with the exchange, and says so', async () => {
    const call = newCall('sender keys');
    const [alice] = (await call.gather('alice')) as [Caller];
    alice.exchange.destroy();
    alice.connection.renew();
    await until(() => alice.failures.length > 0);
    expect(() => alice.connection.renew()).toThrow(expect.objectContaining({ code: 'destroyed' }));
  });

  test('when no worker is to be had, which the client tells', async () => {
    const call = newCall('sender keys');
    const [alice, bob] = (await call.gather('alice', 'bob')) as [Caller, Caller];
    const failed = new Promise((resolve) => alice.person.client.addEventListener('worker-failed', resolve));
    for (let i = 0; i < 7; i++) {
      alice.person.workers.at(-1)?.terminate();
      await sleep(250);
    }
    await failed;
    expect(await bob.reaches(alice).catch(() => false)).toBe(false);
    const tried = vi.spyOn(alice.person.client, 'setEncryptionKey');
    alice.connection.renew();
    await until(() => tried.mock.calls.length > 0);
    expect(await failure(tried.mock.results[0]?.value as Promise<unknown>)).toBe('worker-failed');
    expect(alice.failures).toEqual([]);
  });

  test('what is no client, or no exchange, is refused', () => {
    const { client } = new Person();
    const exchange = newCall('sender keys').make('alice', { isConnected: false }).exchange;
    const options = { cipherSuite: 'AES_128_GCM_SHA256_128' } as const;
    expect(() => connectExchange({} as never, exchange, options)).toThrow(/client/);
    expect(() => connectExchange(null as never, exchange, options)).toThrow(/client/);
    expect(() => connectExchange(client, {} as never, options)).toThrow(/exchange/);
    expect(() => connectExchange(client, exchange, {} as never)).toThrow(/cipherSuite/);
    connectExchange(client, exchange, options).destroy();
    exchange.destroy();
  });

  test('an event says what it was told', () => {
    const error = new Error('no');
    expect(new ExchangeConnectionEvent('failed', { error })).toMatchObject({ participant: '', error });
  });
});

describe('MLS', () => {
  test('who is removed forgets everybody, and is not sent for any more', async () => {
    const call = newCall('MLS');
    const [alice, bob, carol] = (await call.gather('alice', 'bob', 'carol')) as [Caller, Caller, Caller];
    const kid = await carol.kid();
    const removed = new Promise((resolve) => carol.exchange.addEventListener('removed', resolve));
    alice.exchange.remove('carol');
    await removed;
    await until(async () => (await carol.kid()) !== kid);
    expect(await alice.reaches(carol)).toBe(false);
    expect(await carol.reaches(alice)).toBe(false);
    expect(() => carol.connection.renew()).toThrow(expect.objectContaining({ code: 'destroyed' }));
    expect(carol.failures).toEqual([]);
    await untilTalking([alice, bob]);
  });

  test('an epoch that cannot be exported is told of; nobody hears anything until the next', async () => {
    const call = newCall('MLS');
    const alice = call.make('alice');
    let isBroken = false;
    const { exchange } = alice;
    const dispatch = exchange.dispatchEvent.bind(exchange);
    exchange.dispatchEvent = (event: Event) => {
      const { entrance } = event as Event & { entrance?: MlsEntrance };
      const isToFail = isBroken && entrance !== undefined;
      if (isToFail) {
        isBroken = false;
        const exporter = () => Promise.reject(new Error('no export'));
        Object.assign(event, { entrance: { ...entrance, exporter } });
      }
      return dispatch(event);
    };
    const [bob, carol] = [call.make('bob'), call.make('carol')];
    for (const one of [alice, bob, carol]) await one.exchange.start();
    await untilTalking([alice, bob, carol]);
    const stopped = vi.spyOn(alice.person.client, 'setEncryptionKey');
    const renewed = vi.spyOn(alice.exchange as MlsExchange, 'rotate');
    isBroken = true;
    bob.exchange.remove('carol');
    await until(() => alice.failures.length > 0);
    expect(alice.failures).toEqual([': Error: no export']);
    expect(stopped).toHaveBeenCalledOnce();
    expect(renewed).toHaveBeenCalledOnce();
    await untilTalking([alice, bob]);
    expect(await alice.reaches(carol)).toBe(false);
  });

  /** A client, and an exchange that says what a test makes it say. */
  function puppet(options: Partial<ExchangeConnectionOptions> = {}) {
    const { client } = new Person({ epochBits: 8 });
    const exchange = Object.assign(new EventTarget(), {
      epoch: 7n as bigint | undefined,
      rotate: () => true,
    });
    const connection = connectExchange(client, exchange as never, {
      cipherSuite: 'AES_128_GCM_SHA256_128',
      ...options,
    });
    const enter = (epoch: bigint, fill: number, identityKey = new Uint8Array(32)) => {
      const entrance = {
        epoch,
        groupSize: 2,
        senderIndex: 0,
        graceSeconds: undefined,
        exporter: (_: string, __: Uint8Array, length: number) => new Uint8Array(length).fill(fill),
      };
      const participants = [
        { participant: 'alice', identityKey: new Uint8Array(32), senderIndex: 0 },
        { participant: 'bob', identityKey, senderIndex: 1 },
      ];
      exchange.dispatchEvent(Object.assign(new Event('epoch'), { entrance, participants }));
    };
    return { client, connection, enter, exchange };
  }

  test('who has left is in no epoch that the next worker gets', async () => {
    const { client, connection, enter, exchange } = puppet();
    const added = vi.spyOn(client, 'addEpoch').mockResolvedValue(undefined);
    vi.spyOn(client, 'setEpoch').mockResolvedValue(1n);
    enter(5n, 1);
    enter(6n, 2);
    await until(() => added.mock.calls.length === 2);
    expect(added.mock.calls.map(([{ epoch, members }]) => [epoch, members])).toEqual([
      [5n, { bob: 1 }],
      [6n, { bob: 1 }],
    ]);
    added.mockClear();
    exchange.dispatchEvent(Object.assign(new Event('leave'), { participant: 'bob' }));
    client.dispatchEvent(new SFrameClientEvent('keys-needed', { reason: 'worker' }));
    await until(() => added.mock.calls.length === 2);
    expect(added.mock.calls.map(([{ epoch, members }]) => [epoch, members])).toEqual([
      [5n, {}],
      [6n, {}],
    ]);
    connection.destroy();
  });

  test('frames are verified by the identity key that the tree has now', async () => {
    const { client, connection, enter } = puppet({ verifying: {} });
    const verified = vi.spyOn(client, 'verifyFrames').mockResolvedValue(undefined);
    enter(5n, 1);
    enter(6n, 2);
    expect(verified).toHaveBeenCalledOnce();
    const other = new Uint8Array(32).fill(1);
    enter(7n, 3, other);
    expect(verified).toHaveBeenCalledTimes(2);
    expect(verified.mock.lastCall).toMatchObject(['bob', { publicKey: other }]);
    connection.destroy();
  });

  test('a commit that has lost is not sent under, though it was entered', async () => {
    const { client, connection, enter } = puppet();
    const set = vi.spyOn(client, 'setEpoch');
    const used: number[][] = [];
    set.mockImplementation(async ({ epoch, baseKey }) => {
      used.push([Number(epoch), baseKey[0] as number]);
      return 1n;
    });
    enter(5n, 1);
    await until(() => used.length === 1);
    enter(6n, 2); // which loses
    enter(6n, 3);
    enter(7n, 4);
    await until(() => used.length === 3);
    expect(used).toEqual([
      [5, 1],
      [6, 3],
      [7, 4],
    ]);
    connection.destroy();
  });
});

describe('keys that were received', () => {
  const key = (fill: number) => new Uint8Array(16).fill(fill);
  const kids = (keys: ReceivedKeys) => [...keys.all()].map(({ kid }) => Number(kid));

  test('go twelve seconds after the next one came, wiped', () => {
    const keys = new ReceivedKeys();
    keys.add('alice', 1n, key(1), 0);
    const first = keys.get('alice', 1n)!;
    keys.add('bob', 1n, key(9), 0);
    keys.add('alice', 2n, key(2), 5000);
    keys.add('alice', 3n, key(3), 9000);
    expect(keys.expire(16_999)).toEqual([]);
    expect(keys.expire(17_000)).toEqual([{ participant: 'alice', kid: 1n }]);
    expect(first).toEqual(new Uint8Array(16));
    expect(keys.expire(21_000)).toEqual([{ participant: 'alice', kid: 2n }]);
    expect(keys.expire(1e9)).toEqual([]);
    expect(kids(keys)).toEqual([3, 1]);
  });

  test('go after three when somebody has left, who has them', () => {
    const keys = new ReceivedKeys();
    keys.add('alice', 1n, key(1), 0);
    keys.leave('mallory', 1000);
    keys.add('alice', 2n, key(2), 1500);
    expect(keys.expire(4499)).toEqual([]);
    expect(keys.expire(4500)).toEqual([{ participant: 'alice', kid: 1n }]);
    // the other way round: the answer is faster than the news
    keys.add('alice', 3n, key(3), 20_000);
    keys.leave('trudy', 21_000);
    expect(keys.expire(24_000)).toEqual([{ participant: 'alice', kid: 2n }]);
  });

  test('are copies, of which a KID has one, and a participant eight', () => {
    const keys = new ReceivedKeys();
    const given = key(1);
    keys.add('alice', 1n, given, 0);
    given.fill(0);
    expect(keys.get('alice', 1n)).toEqual(key(1));
    const old = keys.get('alice', 1n);
    keys.add('alice', 1n, key(2), 0);
    expect(old).toEqual(new Uint8Array(16));
    for (let kid = 2n; kid < 9n; kid++) expect(keys.add('alice', kid, key(3), 0)).toEqual([]);
    const first = keys.get('alice', 1n);
    expect(keys.add('alice', 9n, key(3), 0)).toEqual([{ participant: 'alice', kid: 1n }]);
    expect(first).toEqual(new Uint8Array(16));
    const all = [...keys.all()].map(({ baseKey }) => baseKey);
    keys.leave('alice', 0);
    for (const baseKey of all) expect(baseKey).toEqual(new Uint8Array(16));
    expect(kids(keys)).toEqual([]);
  });
});
