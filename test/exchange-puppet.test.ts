// A member who says what no exchange would.
import { ed25519 } from '@noble/curves/ed25519.js';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { generationBytes, type SealedKey, writeBundle } from '../src/trust/exchange/key-bundle.ts';
import { messageOf, parseLetter, type ReceivedLetter, writeLetter } from '../src/trust/exchange/letter.ts';
import { ExchangeKey, Seal } from '../src/trust/exchange/seal.ts';
import { fieldsOf, utf8 } from '../src/trust/fields.ts';
import { concat } from '../src/types.ts';
import { fakeTime, identityKeys, type Keys, Person, pass, until } from './people.ts';
import { Server } from './server.ts';

const [HELLO, BYE, KEYS, HAVE] = [1, 2, 16, 17];
const bytes = (len: number): Uint8Array<ArrayBuffer> => crypto.getRandomValues(new Uint8Array(len));
const own = (of: Uint8Array): Uint8Array<ArrayBuffer> => new Uint8Array(of);

class Puppet {
  readonly exchangeKey = new ExchangeKey();
  readonly heard: ReceivedLetter[] = [];
  number = 0n;
  readonly name: string;
  readonly keys: Keys;
  readonly server: Server;
  readonly session: Uint8Array<ArrayBuffer>;
  constructor(name: string, keys: Keys, server: Server, session = bytes(16)) {
    this.session = session;
    this.name = name;
    this.keys = keys;
    this.server = server;
    server.connect(name).onmessage = (each) => void this.heard.push(parseLetter(each)!);
  }
  letter(type: number, body: Uint8Array, to = 'alice', number = this.number++): Uint8Array<ArrayBuffer> {
    const written = writeLetter({
      type,
      algorithm: 1,
      session: this.session,
      number,
      room: 'standup',
      sender: this.name,
      identityKey: own(this.keys.publicKey),
      recipient: to,
      toSession: this.sessionOf(to),
      body: own(body),
    });
    return concat(written, ed25519.sign(messageOf(written), this.keys.privateKey));
  }
  sessionOf(name: string): Uint8Array<ArrayBuffer> | undefined {
    const last = this.server.seen.filter(({ from }) => from === name).at(-1);
    return last && parseLetter(last.bytes)?.session;
  }
  say(type: number, body: Uint8Array): void {
    this.server.inject({ to: 'alice', bytes: this.letter(type, body) });
  }
  async hello(
    challenge: Uint8Array = new Uint8Array(16),
    proof: Uint8Array = new Uint8Array(16),
    flags = 1,
  ): Promise<Uint8Array<ArrayBuffer>> {
    return new Uint8Array([flags, ...challenge, ...proof, 0, 4, ...(await this.exchangeKey.publicKey())]);
  }
  /** What Alice has asked him to prove last. */
  get asked(): Uint8Array | undefined {
    return this.heard
      .filter(({ type, recipient }) => type === HELLO && recipient === this.name)
      .at(-1)
      ?.body.slice(1, 17);
  }
  async enter(alice: Person): Promise<void> {
    this.say(HELLO, await this.hello());
    await until(() => this.asked !== undefined, 5);
    this.say(HELLO, await this.hello(undefined, this.asked));
    await until(() => alice.others.includes(this.name), 5);
  }
  get haves(): number[] {
    return this.heard
      .filter(({ type }) => type === HAVE)
      .map(({ body }) => new DataView(body.buffer).getUint32(0));
  }
}

let server: Server;
let alice: Person;
let eve: Puppet;
const aliceKeys = identityKeys();
let admitted: string[];

beforeEach(async () => {
  fakeTime();
  server = new Server();
  admitted = [];
  alice = new Person('alice', aliceKeys, server, {
    admit: ({ participant }) => admitted.push(participant) > 0,
  });
  await alice.exchange.start();
  eve = new Puppet('eve', identityKeys(), server);
});
afterEach(() => {
  alice.hangUp();
  vi.useRealTimers();
});

async function sealed(
  generation: number,
  keys: readonly SealedKey[],
  change: (fields: Uint8Array[]) => void = () => {},
  aad = generation,
): Promise<Uint8Array> {
  const { session, body } = eve.heard.find(({ type, sender }) => type === HELLO && sender === 'alice')!;
  const fields = [
    utf8('sframe-wasm sender keys'),
    utf8('standup'),
    utf8('eve'),
    eve.keys.publicKey,
    eve.session,
    utf8('alice'),
    aliceKeys.publicKey,
    session,
  ];
  change(fields);
  const seal = new Seal(body.slice(33 + 2));
  return concat(
    generationBytes(generation),
    await seal.seal(writeBundle(4, keys), fieldsOf(...fields), generationBytes(aad)),
  );
}
const key = (generation: number): SealedKey => ({ generation, kid: BigInt(generation), baseKey: bytes(16) });
const kids = (): (bigint | undefined)[] =>
  alice.events.filter(({ type }) => type === 'key').map(({ kid }) => kid);

describe('what a member seals', () => {
  test.each(
    ['label', 'room', 'sender', 'his key', 'his session', 'recipient', 'her key', 'her session'].map(
      (name, i) => [name, i] as const,
    ),
  )('with another %s does not open', async (_, at) => {
    await eve.enter(alice);
    eve.say(
      KEYS,
      await sealed(1, [key(1)], (fields) => {
        fields[at] = concat(fields[at]!.slice(1), bytes(1));
      }),
    );
    await until(() => alice.told('refused').includes('eve seal'), 5);
    eve.say(
      KEYS,
      await sealed(1, [key(1)], (fields) => {
        fields.splice(at, 1);
      }),
    );
    await pass(1);
    expect(kids()).toEqual([]);
    eve.say(KEYS, await sealed(1, [key(1)]));
    await until(() => kids().length === 1, 5);
  });

  test('for another generation, or another suite, does not open', async () => {
    await eve.enter(alice);
    eve.say(KEYS, await sealed(2, [key(1)], undefined, 1));
    await until(() => alice.told('refused').includes('eve seal'), 5);
    expect(kids()).toEqual([]);
  });

  test('is taken once, in order, and no further than it says', async () => {
    await eve.enter(alice);
    eve.say(KEYS, await sealed(5, [key(4), key(5)]));
    await until(() => eve.haves.length === 1, 5);
    eve.say(KEYS, await sealed(6, [key(5), key(6)]));
    await until(() => eve.haves.length === 2, 5);
    eve.say(KEYS, await sealed(3, [key(3)]));
    await until(() => eve.haves.length === 3, 5);
    eve.say(KEYS, await sealed(8, [key(7), key(9)]));
    await until(() => eve.haves.length === 4, 5);
    expect(kids()).toEqual([4n, 5n, 6n, 7n]);
    expect(eve.haves).toEqual([5, 6, 3, 7]);
  });

  test('is no longer taken by a listener that has removed him', async () => {
    await eve.enter(alice);
    alice.exchange.addEventListener('key', () => void alice.exchange.remove('eve'));
    eve.say(KEYS, await sealed(2, [key(1), key(2)]));
    await pass(2);
    expect(kids()).toEqual([1n]);
    expect(eve.haves).toEqual([]);
  });
});

describe('sessions', () => {
  test('a challenge is for one session of one participant', async () => {
    eve.say(HELLO, await eve.hello());
    await until(() => eve.asked !== undefined, 5);
    for (const other of [
      new Puppet('eve', eve.keys, server), // another session
      new Puppet('mallory', identityKeys(), server, eve.session), // another name
    ]) {
      other.say(HELLO, await other.hello(undefined, eve.asked));
      await pass(1);
      expect(alice.others).toEqual([]);
    }
  });

  test('a letter that comes again is not answered again', async () => {
    await eve.enter(alice);
    const once = eve.letter(KEYS, await sealed(1, [key(1)]));
    for (let i = 0; i < 20; i++) server.inject({ to: 'alice', bytes: once });
    await until(() => eve.haves.length > 0, 5);
    await pass(1);
    expect(eve.haves).toEqual([1]);
  });

  test('a proof from before he was forgotten is void', async () => {
    await eve.enter(alice);
    await until(() => eve.heard.filter(({ type }) => type === HELLO).length > 2, 5);
    const held = eve.letter(HELLO, await eve.hello(undefined, eve.asked));
    alice.exchange.forget('eve');
    server.inject({ to: 'alice', bytes: held });
    await pass(1);
    expect(alice.others).toEqual([]);
  });

  test('hellos of one who is not live are not answered twice', async () => {
    const two = [
      eve.letter(HELLO, await eve.hello(bytes(16))),
      eve.letter(HELLO, await eve.hello(bytes(16))),
    ];
    const { sent } = server;
    for (let i = 0; i < 40; i++) server.inject({ to: 'alice', bytes: two[i % 2]! });
    await pass(1);
    expect(server.sent - sent).toBeLessThan(5);
  });

  test('no other letter is taken of one who is not live', async () => {
    eve.say(HELLO, await eve.hello());
    await until(() => eve.asked !== undefined, 5);
    eve.say(KEYS, await sealed(1, [key(1)]));
    eve.say(BYE, new Uint8Array(0));
    await pass(1);
    expect(kids()).toEqual([]);
    expect(admitted).toEqual(['eve']);
  });

  test('who has left is asked about again', async () => {
    await eve.enter(alice);
    eve.say(BYE, new Uint8Array(0));
    await until(() => alice.others.length === 0, 5);
    await new Puppet('eve', eve.keys, server).enter(alice);
    expect(admitted).toEqual(['eve', 'eve']);
  });

  test('who was removed is not asked about', async () => {
    await eve.enter(alice);
    alice.exchange.remove('eve');
    eve.say(HELLO, await eve.hello());
    await pass(2);
    expect(admitted).toEqual(['eve']);
  });

  test('a hello that is too short, or of another length, is none', async () => {
    for (const len of [0, 10, 32, 33]) eve.say(HELLO, (await eve.hello()).slice(0, len));
    await until(() => eve.asked !== undefined, 5);
    eve.say(HELLO, (await eve.hello(undefined, eve.asked)).slice(0, 40));
    await pass(1);
    expect(alice.told('refused')).toEqual(['eve syntax', 'eve syntax']);
    expect(alice.others).toEqual([]);
  });
});

test('who is admitted late counts', async () => {
  const answers: ((isAdmitted: boolean) => void)[] = [];
  const busy = new Person('alice', aliceKeys, server, {
    maxParticipants: 1,
    admit: () => new Promise((resolve) => answers.push(resolve)),
  });
  await busy.exchange.start();
  for (const name of ['one', 'two']) {
    const puppet = new Puppet(name, identityKeys(), server);
    puppet.say(HELLO, await puppet.hello());
  }
  await until(() => answers.length === 2, 5);
  for (const answer of answers) answer(true);
  await until(() => busy.told('refused').length > 0, 5);
  expect(busy.told('refused')).toEqual(['two not-admitted']);
  busy.hangUp();
});

test('asking makes us send again, but not more often than twice a second', async () => {
  await eve.enter(alice);
  alice.exchange.publish(bytes(16), 1);
  const count = () => eve.heard.filter(({ type }) => type === KEYS).length;
  await until(() => count() > 0, 5);
  await pass(20); // now it repeats rarely
  const before = count();
  for (let i = 0; i < 20; i++) eve.say(18, new Uint8Array(0));
  await until(() => count() > before, 5);
  await pass(0.5);
  expect(count()).toBeLessThan(before + 4);
  eve.say(HAVE, generationBytes(1));
  await until(() => alice.told('confirmed').length === 1, 5);
  await pass(1);
  const after = count();
  eve.say(18, new Uint8Array(0));
  await pass(5);
  expect(count()).toBe(after);
});
