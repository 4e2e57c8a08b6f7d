// The exchange's parts and its edges: bytes, arguments, failures, wiping.

import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { SFrameError } from '../src/index.ts';
import { generationBytes, readBundle, writeBundle } from '../src/trust/exchange/key-bundle.ts';
import { MAX_LETTER_LEN, parseLetter, SIGNATURE_LEN, writeLetter } from '../src/trust/exchange/letter.ts';
import { Member } from '../src/trust/exchange/member.ts';
import { Peer } from '../src/trust/exchange/peers.ts';
import { ExchangeKey, Seal } from '../src/trust/exchange/seal.ts';
import {
  type ExchangeEvent,
  SenderKeyExchange,
  type SenderKeyExchangeOptions,
} from '../src/trust/exchange.ts';
import { concat } from '../src/types.ts';
import { cipherSuite, fakeTime, identityKeys, until } from './people.ts';
import { Server } from './server.ts';

const bytes = (len: number): Uint8Array<ArrayBuffer> => crypto.getRandomValues(new Uint8Array(len));
const anyBytes = (maxLength: number) => fc.uint8Array({ maxLength }).map((array) => new Uint8Array(array));
const name = fc.string({ unit: 'grapheme', maxLength: 20 });
const someone = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 20 });

describe('letters', () => {
  const letter = fc.record({
    type: fc.nat(255),
    algorithm: fc.nat(255),
    session: fc.uint8Array({ minLength: 16, maxLength: 16 }).map((array) => new Uint8Array(array)),
    number: fc.bigInt(0n, 2n ** 64n - 1n),
    room: name,
    sender: someone,
    identityKey: anyBytes(70),
    recipient: name,
    toSession: fc.uint8Array({ minLength: 16, maxLength: 16 }).map((array) => new Uint8Array(array)),
    body: anyBytes(100),
  });

  test('say what was written', () => {
    fc.assert(
      fc.property(letter, (written) => {
        const signature = bytes(SIGNATURE_LEN);
        const read = parseLetter(concat(writeLetter(written), signature));
        const toSession = written.recipient === '' ? undefined : written.toSession;
        expect(read).toMatchObject({ ...written, toSession, signature });
      }),
    );
  });

  test('that are cut, too long, or of another version are none', () => {
    const about = { session: bytes(16), number: 1n, room: 'r', sender: 's', identityKey: bytes(32) };
    const whole = concat(
      writeLetter({ ...about, type: 1, algorithm: 1, recipient: '', body: bytes(0) }),
      bytes(SIGNATURE_LEN),
    );
    expect(parseLetter(whole)).toBeDefined();
    for (let len = 0; len < whole.length; len++) expect(parseLetter(whole.slice(0, len))).toBeUndefined();
    expect(parseLetter(new Uint8Array([2, ...whole.slice(1)]))).toBeUndefined();
    expect(parseLetter(concat(whole, new Uint8Array(MAX_LETTER_LEN)))).toBeUndefined();
  });

  test('of any bytes do no harm', () => {
    fc.assert(
      fc.property(anyBytes(400), (any) => {
        any[0] = 1;
        parseLetter(any);
      }),
    );
  });
});

describe('bundles', () => {
  const keys = fc
    .array(
      fc.record({
        kid: fc.bigInt(0n, 2n ** 64n - 1n),
        baseKey: fc.uint8Array({ minLength: 16, maxLength: 80 }).map((array) => new Uint8Array(array)),
      }),
      {
        minLength: 1,
        maxLength: 4,
      },
    )
    .map((list) => list.map((key, i) => ({ generation: i + 1, ...key })));

  test('say what was written, for one suite', () => {
    fc.assert(
      fc.property(keys, (list) => {
        const written = writeBundle(4, list);
        expect(readBundle(written, 4)).toEqual(list);
        expect(readBundle(written, 5)).toBeUndefined();
        expect(readBundle(written.slice(0, -1), 4)).toBeUndefined();
        expect(readBundle(concat(written, new Uint8Array(1)), 4)).toBeUndefined();
      }),
    );
  });

  test('hold generations that rise, and at least one', () => {
    const key = { generation: 2, kid: 1n, baseKey: bytes(16) };
    expect(readBundle(writeBundle(4, [key, key]), 4)).toBeUndefined();
    expect(readBundle(writeBundle(4, [{ ...key, generation: 0 }]), 4)).toBeUndefined();
    expect(readBundle(writeBundle(4, []), 4)).toBeUndefined();
  });
});

describe('seals', () => {
  const [info, aad] = [bytes(40), generationBytes(1)];

  test('open for the key, the information and the generation they were made for', async () => {
    const [key, other] = [new ExchangeKey(), new ExchangeKey()];
    const sealed = await new Seal(await key.publicKey()).seal(bytes(50), info, aad);
    expect(await key.open(sealed, info, aad)).toHaveLength(50);
    expect(await other.open(sealed, info, aad)).toBeUndefined();
    expect(await key.open(sealed, bytes(40), aad)).toBeUndefined();
    expect(await key.open(sealed, info, generationBytes(2))).toBeUndefined();
    expect(await key.open(sealed.slice(0, 64), info, aad)).toBeUndefined();
    for (const at of [0, 1, 64, 65, sealed.length - 1]) {
      const changed = sealed.slice();
      changed[at] = (changed[at] as number) ^ 1;
      expect(await key.open(changed, info, aad)).toBeUndefined();
    }
  });

  test('for what is no public key fail when they are made', async () => {
    await expect(new Seal(new Uint8Array(65)).seal(bytes(5), info, aad)).rejects.toThrow();
  });
});

describe('a member', () => {
  const member = (): Member =>
    new Member(new Peer('bob', bytes(32), bytes(16)), undefined as unknown as Seal);
  const key = (generation: number) => ({ generation, kid: BigInt(generation), baseKey: bytes(16) });

  test('keeps the last eight keys that are not confirmed, in copies that are zeroed', () => {
    const bob = member();
    const first = key(1);
    bob.add(first);
    const [held] = bob.pending;
    expect(held?.baseKey).toEqual(first.baseKey);
    expect(held?.baseKey).not.toBe(first.baseKey);
    for (let generation = 2; generation <= 9; generation++) bob.add(key(generation));
    expect(bob.pending.map(({ generation }) => generation)).toEqual([2, 3, 4, 5, 6, 7, 8, 9]);
    expect(held?.baseKey).toEqual(new Uint8Array(16));
    const [second] = bob.pending;
    const last = bob.pending.at(-1);
    expect(bob.confirm(8)).toEqual([2n, 3n, 4n, 5n, 6n, 7n, 8n]);
    expect(second?.baseKey).toEqual(new Uint8Array(16));
    bob.close();
    expect(last?.baseKey).toEqual(new Uint8Array(16));
    expect(bob.pending).toEqual([]);
  });

  test('is sent the same again more and more rarely, until he has it', () => {
    const bob = member();
    bob.add(key(1));
    const at: number[] = [];
    for (let time = 0; time < 120_000; time += 500)
      if (bob.isDue(time)) {
        at.push(time / 1000);
        bob.restAt(time);
      }
    expect(at).toEqual([0, 1, 3, 7, 15, 31, 61, 91]);
    bob.confirm(1);
    expect(bob.isDue(10_000_000)).toBe(false);
  });
});

describe('an exchange', () => {
  let server: Server;
  const made: SenderKeyExchange[] = [];

  beforeEach(() => {
    fakeTime();
    server = new Server();
  });
  afterEach(() => {
    for (const exchange of made.splice(0)) exchange.destroy();
    vi.useRealTimers();
  });

  function options(participant: string): SenderKeyExchangeOptions {
    return {
      channel: server.connect(participant),
      room: 'room',
      cipherSuite,
      identity: { participant, ...identityKeys() },
      admit: () => true,
    };
  }

  async function start(
    participant: string,
    more: Partial<SenderKeyExchangeOptions> = {},
  ): Promise<SenderKeyExchange> {
    const exchange = new SenderKeyExchange({ ...options(participant), ...more });
    made.push(exchange);
    await exchange.start();
    return exchange;
  }

  function collect(exchange: SenderKeyExchange, type: ExchangeEvent['type']): ExchangeEvent[] {
    const events: ExchangeEvent[] = [];
    exchange.addEventListener(type as 'key', (event) => events.push(event));
    return events;
  }

  test('refuses arguments by name', () => {
    const good = options('alice');
    const { identity } = good;
    const bad: [Partial<Record<keyof SenderKeyExchangeOptions, unknown>>, RegExp][] = [
      [{ channel: undefined }, /channel/],
      [{ channel: { send: () => {} } }, /channel/],
      [{ room: '' }, /room/],
      [{ room: 5 }, /room/],
      [{ admit: undefined }, /admit/],
      [{ book: {} }, /book/],
      [{ maxParticipants: 0 }, /maxParticipants/],
      [{ cipherSuite: 'AES' }, /cipherSuite/],
      [{ identity: undefined }, /identity/],
      [{ identity: { ...identity, participant: '' } }, /participant/],
      [{ identity: { ...identity, privateKey: bytes(31) } }, /privateKey/],
      [{ identity: { ...identity, publicKey: bytes(31) } }, /publicKey/],
      [{ identity: { ...identity, publicKey: new Uint8Array(32) } }, /publicKey/],
      [{ now: 5 }, /now/],
    ];
    for (const [change, message] of bad)
      expect(() => new SenderKeyExchange({ ...good, ...change } as SenderKeyExchangeOptions)).toThrow(
        message,
      );
    expect(() => new SenderKeyExchange(null as unknown as SenderKeyExchangeOptions)).toThrow(/options/);
    const exchange = new SenderKeyExchange(good);
    expect(() => exchange.publish(bytes(3), 1)).toThrow(/baseKey/);
    expect(() => exchange.publish(bytes(16), -1)).toThrow(/kid/);
    exchange.destroy();
  });

  test('gives a key once, and zeroes it when the listeners have had it', async () => {
    const [alice, bob] = [await start('alice'), await start('bob')];
    const keys = collect(bob, 'key');
    const seen: Uint8Array[] = [];
    bob.addEventListener('key', ({ baseKey }) => seen.push(baseKey.slice()));
    const confirmed = collect(alice, 'confirmed');
    await until(() => alice.participants.length === 1);
    const baseKey = bytes(32);
    alice.publish(baseKey, 2n ** 63n);
    await until(() => confirmed.length === 1);
    expect(seen).toEqual([baseKey]);
    expect(keys).toHaveLength(1);
    expect(keys[0]).toMatchObject({
      participant: 'alice',
      kid: 2n ** 63n,
      generation: 1,
      baseKey: new Uint8Array(32),
    });
    expect(confirmed[0]).toMatchObject({ participant: 'bob', kid: 2n ** 63n });
  });

  test('gives a key to those who are named, and to nobody else', async () => {
    const [alice, bob, carol] = [await start('alice'), await start('bob'), await start('carol')];
    const [toBob, toCarol] = [collect(bob, 'key'), collect(carol, 'key')];
    await until(() => alice.participants.length === 2);
    alice.publish(bytes(16), 1, ['carol', 'nobody']);
    await until(() => toCarol.length === 1);
    alice.publish(bytes(16), 2);
    await until(() => toBob.length === 1 && toCarol.length === 2);
    expect(toBob[0]?.kid).toBe(2n);
  });

  test('works with CryptoKeys that are not extractable, and between algorithms', async () => {
    const { privateKey, publicKey } = await crypto.subtle.generateKey(
      { name: 'ECDSA', namedCurve: 'P-256' },
      false,
      ['sign', 'verify'],
    );
    const raw = new Uint8Array(await crypto.subtle.exportKey('raw', publicKey));
    const alice = await start('alice', { identity: { participant: 'alice', privateKey, publicKey: raw } });
    const bob = await start('bob');
    await until(() => alice.participants.length === 1 && bob.participants.length === 1);
    expect(bob.participants).toEqual([{ participant: 'alice', identityKey: raw }]);
  });

  test('tells what failed, and goes on', async () => {
    const about = options('alice');
    const { send } = about.channel;
    let isBroken = true;
    about.channel.send = (to, letter) => {
      if (isBroken) throw new Error('no line');
      send(to, letter);
    };
    const alice = new SenderKeyExchange(about);
    made.push(alice);
    await alice.start();
    const failures = collect(alice, 'failed');
    let isAsking = true;
    const bob = await start('bob', {
      admit: () => {
        if (isAsking) throw new Error('no answer');
        return true;
      },
    });
    const refusals = collect(bob, 'failed');
    await until(() => failures.length > 0 && refusals.length > 0);
    expect(failures[0]).toMatchObject({ participant: 'bob', error: new Error('no line') });
    expect(refusals[0]).toMatchObject({ participant: 'alice', error: new Error('no answer') });
    isBroken = false;
    isAsking = false;
    await until(() => alice.participants.length === 1 && bob.participants.length === 1);
  });

  test('waits for an answer that takes its time, without holding others up', async () => {
    let answer: (isAdmitted: boolean) => void = () => {};
    let asked = 0;
    const alice = await start('alice', {
      admit: ({ participant }) => {
        if (participant !== 'bob') return true;
        asked += 1;
        return new Promise((resolve) => {
          answer = resolve;
        });
      },
    });
    await start('bob');
    await start('carol');
    await until(() => alice.participants.length === 1);
    expect(alice.participants[0]?.participant).toBe('carol');
    expect(asked).toBe(1);
    answer(true);
    await until(() => alice.participants.length === 2);
  });

  test('takes nothing but true for a yes', async () => {
    const alice = await start('alice', { admit: (() => 'yes') as unknown as () => boolean });
    const refused = collect(alice, 'refused');
    await start('bob');
    await until(() => refused.length === 1);
    expect(refused[0]?.reason).toBe('not-admitted');
    expect(alice.participants).toEqual([]);
  });

  test('is silent after destroy(), says good-bye before, and refuses to be used', async () => {
    const [alice, bob] = [await start('alice'), await start('bob')];
    const left = collect(bob, 'leave');
    await until(() => bob.participants.length === 1 && alice.participants.length === 1);
    alice.destroy();
    alice.destroy();
    await until(() => left.length === 1);
    const { sent } = server;
    await until(() => false, 70).catch(() => {});
    expect(server.seen.slice(sent).filter(({ from }) => from === 'alice')).toEqual([]);
    for (const call of [
      () => alice.publish(bytes(16), 1),
      () => alice.request('bob'),
      () => alice.remove('bob'),
      () => alice.forget('bob'),
      () => alice.allow('bob'),
    ])
      expect(call).toThrow(expect.objectContaining({ code: 'destroyed' }) as SFrameError);
    await expect(alice.start()).rejects.toMatchObject({ code: 'destroyed' });
    expect(bob.request('alice')).toBe(false);
    expect(bob.forget('alice')).toBe(false);
  });
});
