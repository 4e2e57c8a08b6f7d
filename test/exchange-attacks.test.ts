// What a server, or somebody it has invented, does to an exchange on purpose; each attack by itself.

import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { parseLetter } from '../src/trust/exchange/letter.ts';
import { SenderKeyExchange } from '../src/trust/exchange.ts';
import { VerificationBook } from '../src/trust/verification.ts';
import {
  cipherSuite,
  fakeTime,
  identityKeys,
  isTalking,
  type Keys,
  Person,
  pass,
  roster,
  until,
} from './people.ts';
import { type Mail, Server } from './server.ts';

const keys: Record<string, Keys> = {};
for (const name of ['alice', 'bob', 'carol', 'mallory']) keys[name] = identityKeys();
const listed = roster(new Map(['alice', 'bob', 'carol'].map((name) => [name, keys[name]!.publicKey])));
const HELLO = 1;
const KEYS = 16;

let server: Server;
/** What the server keeps for later. */
let held: Mail[];
let people: Person[];

beforeEach(() => {
  fakeTime();
  server = new Server();
  held = [];
  people = [];
});
afterEach(() => {
  for (const person of people) person.hangUp();
  vi.useRealTimers();
});

function person(
  name: string,
  options: Partial<ConstructorParameters<typeof Person>[3]> = {},
  as = keys[name]!,
): Person {
  const made = new Person(name, as, server, { admit: listed, ...options });
  people.push(made);
  return made;
}

async function join(name: string, options: Parameters<typeof person>[1] = {}, as?: Keys): Promise<Person> {
  const made = person(name, options, as);
  await made.exchange.start();
  return made;
}

async function pair(): Promise<[Person, Person]> {
  const both: [Person, Person] = [await join('alice'), await join('bob')];
  await until(() => isTalking(both));
  return both;
}

function hold(mail: Mail): Mail[] {
  held.push(mail);
  return [];
}

/** Letters of a type from one to another, as the server has them. */
function letters(from: string, to: string, type: number): Mail[] {
  return server.seen.filter(
    (mail) => mail.from === from && mail.to === to && parseLetter(mail.bytes)?.type === type,
  );
}

describe('swapped identities', () => {
  test('who comes with a key that is not on the list gets nothing, whatever name he gives', async () => {
    const bob = await join('bob');
    const false_ = await join('alice', { admit: () => true }, keys['mallory']);
    await pass(10);
    expect(bob.told('refused')).toEqual(['alice not-admitted']);
    expect(bob.others).toEqual([]);
    expect(false_.told('key')).toEqual([]);
    false_.hangUp();
    const alice = await join('alice');
    await until(() => isTalking([alice, bob]));
  });

  test('a name that is in use has one key', async () => {
    const [, bob] = [await join('alice', { admit: () => true }), await join('bob', { admit: () => true })];
    await until(() => bob.others.includes('alice'));
    await join('alice', { admit: () => true }, keys['mallory']);
    await pass(10);
    expect(bob.told('refused')).toEqual(['alice identity']);
    expect(bob.exchange.participants[0]?.identityKey).toEqual(keys['alice']!.publicKey);
  });

  test('a verified key is asked for, and a false one does not end the verification', async () => {
    const book = new VerificationBook();
    book.markVerified('alice', keys['alice']!.publicKey);
    const statuses: string[] = [];
    const bob = await join('bob', {
      book,
      admit: ({ status }) => {
        statuses.push(status);
        return status === 'verified';
      },
    });
    const false_ = await join('alice', { admit: () => true }, keys['mallory']);
    await pass(5);
    false_.hangUp();
    expect(bob.others).toEqual([]);
    const alice = await join('alice');
    await until(() => isTalking([alice, bob]));
    expect(new Set(statuses)).toEqual(new Set(['lapsed', 'verified']));
    expect(book.isVerified('alice', keys['alice']!.publicKey)).toBe(true);
  });

  test('a false key that is admitted all the same ends the verification', async () => {
    const book = new VerificationBook();
    book.markVerified('alice', keys['alice']!.publicKey);
    const bob = await join('bob', { book, admit: () => true });
    await join('alice', { admit: () => true }, keys['mallory']);
    await until(() => bob.others.includes('alice'));
    expect(book.observe('alice', keys['alice']!.publicKey)).toBe('lapsed');
  });

  test('a letter is not taken from one who puts his own key in', async () => {
    const [, bob] = await pair();
    const { bytes } = letters('alice', 'bob', KEYS)[0]!;
    const forged = bytes.slice();
    const at = forged.length - keys['alice']!.publicKey.length;
    forged.set(keys['mallory']!.publicKey, at > 0 ? 43 + 2 + 7 + 2 + 5 + 2 : 0);
    expect(parseLetter(forged)?.identityKey).toEqual(keys['mallory']!.publicKey);
    server.inject({ to: 'bob', bytes: forged });
    await pass(1);
    expect(bob.told('refused')).toEqual(['alice identity']);
  });
});

describe('replay', () => {
  test('a recorded call does not bring its sessions back', async () => {
    const [alice, bob] = await pair();
    const recorded = server.seen.filter(({ from }) => from === 'alice');
    alice.hangUp();
    await until(() => bob.others.length === 0);
    for (const { bytes } of recorded) server.inject({ to: 'bob', bytes });
    await pass(20);
    expect(bob.others).toEqual([]);
    const again = await join('alice');
    await until(() => isTalking([again, bob]));
    for (const { bytes } of recorded) server.inject({ to: 'bob', bytes });
    await pass(20);
    expect(isTalking([again, bob])).toBe(true);
    expect(bob.told('leave')).toEqual(['alice']);
  });

  test('a hello that was held back does not push a later session out', async () => {
    const bob = await join('bob');
    const isProof = ({ from, bytes }: Mail): boolean =>
      from === 'alice' && parseLetter(bytes)?.recipient === 'bob';
    server.conduct = (mail) => (isProof(mail) ? hold(mail) : [mail]);
    const first = await join('alice');
    await pass(3);
    expect(held.length).toBeGreaterThan(0);
    server.disconnect('alice'); // its good-bye is lost
    first.hangUp();
    server.conduct = (mail) => [mail];
    const second = await join('alice');
    await until(() => isTalking([second, bob]));
    for (const { bytes } of held) server.inject({ to: 'bob', bytes });
    await pass(5);
    expect(isTalking([second, bob])).toBe(true);
    expect(bob.told('leave')).toEqual([]);
  });

  test('keys that were sealed for an earlier session do not open in the next', async () => {
    const [alice, bob] = await pair();
    const [old] = letters('alice', 'bob', KEYS);
    server.disconnect('bob');
    bob.hangUp();
    server.conduct = (mail) => (parseLetter(mail.bytes)?.type === KEYS ? [] : [mail]);
    const again = await join('bob');
    await until(() => again.others.includes('alice'));
    server.inject({ to: 'bob', bytes: old!.bytes });
    await pass(1);
    expect(again.told('key')).toEqual([]);
    server.conduct = (mail) => [mail];
    await until(() => isTalking([alice, again]));
  });

  test('what has come once is not taken twice, and an older key not after a later one', async () => {
    const alice = await join('alice');
    server.conduct = (mail) =>
      parseLetter(mail.bytes)?.type === KEYS && mail.from === 'alice' ? hold(mail) : [mail];
    const bob = await join('bob');
    await until(() => alice.others.includes('bob'));
    alice.exchange.publish(new Uint8Array(16), 1001);
    await until(() => held.length > 0);
    alice.exchange.publish(new Uint8Array(16), 1002);
    await until(() => held.length > 1);
    const heard: unknown[] = [];
    bob.exchange.addEventListener('key', ({ kid, generation }) => heard.push(`${kid} ${generation}`));
    server.inject({ to: 'bob', bytes: held.at(-1)!.bytes });
    await pass(1);
    for (const { bytes } of held) server.inject({ to: 'bob', bytes });
    await pass(1);
    expect(heard).toEqual(['1001 1', '1002 2']);
  });
});

describe('damage', () => {
  test('no byte of a letter can be changed', async () => {
    const alice = await join('alice');
    server.conduct = (mail) =>
      parseLetter(mail.bytes)?.type === KEYS && mail.from === 'alice' ? hold(mail) : [mail];
    const bob = await join('bob');
    await until(() => bob.others.includes('alice') && alice.others.includes('bob'));
    alice.exchange.publish(crypto.getRandomValues(new Uint8Array(16)), 77);
    await until(() => held.length > 0);
    const { bytes } = held[0]!;
    for (let i = 0; i < bytes.length; i++) {
      const changed = bytes.slice();
      changed[i] = (changed[i] as number) ^ 1;
      server.inject({ to: 'bob', bytes: changed });
      server.inject({ to: 'bob', bytes: bytes.slice(0, i) });
    }
    await pass(10);
    expect(bob.told('key')).toEqual([]);
    server.inject({ to: 'bob', bytes });
    await until(() => bob.told('key').length === 1);
  });

  test('a letter of another room means nothing, nor one to somebody else', async () => {
    const [alice, bob] = await pair();
    const other = await join('carol', { room: 'another' });
    await pass(3);
    expect(alice.told('refused')).toEqual([' context']);
    expect(other.others).toEqual([]);
    const carol = await join('carol');
    await until(() => isTalking([alice, bob, carol]));
    await pass(2);
    const before = carol.events.length;
    for (const { bytes } of letters('alice', 'bob', KEYS)) server.inject({ to: 'carol', bytes });
    await pass(1);
    expect(carol.events.length).toBe(before);
  });

  test('another cipher suite is another room', async () => {
    const alice = await join('alice');
    const other = new SenderKeyExchange({
      channel: server.connect('bob'),
      room: 'standup',
      cipherSuite: 'AES_256_GCM_SHA512_128',
      identity: { participant: 'bob', ...keys['bob']! },
      admit: listed,
    });
    await other.start();
    await pass(3);
    expect(alice.told('refused')).toEqual(['bob context']);
    expect(alice.others).toEqual([]);
    other.destroy();
  });
});

describe('invention and flood', () => {
  test('invented participants get nothing, and the others do not notice', async () => {
    const [alice, bob] = await pair();
    for (let i = 0; i < 20; i++) await join(`agent ${i}`, { admit: () => true }, identityKeys());
    await pass(5);
    expect(alice.others).toEqual(['bob']);
    expect(alice.told('refused')).toHaveLength(20);
    expect(isTalking([alice, bob])).toBe(true);
    for (const agent of people.slice(2)) expect(agent.told('key')).toEqual([]);
  });

  test('no more than maxParticipants are admitted', async () => {
    const alice = await join('alice', { admit: () => true, maxParticipants: 3 });
    for (let i = 0; i < 6; i++) await join(`guest ${i}`, { admit: () => true }, identityKeys());
    await pass(5);
    expect(alice.others).toHaveLength(3);
    expect(alice.told('refused')).toHaveLength(3);
  });

  test('a flood is dropped, told once, and survived', async () => {
    const [alice, bob] = await pair();
    for (let i = 0; i < 10_000; i++) server.inject({ to: 'bob', bytes: new Uint8Array(i % 300) });
    const [{ bytes }] = letters('alice', 'bob', KEYS) as [Mail];
    for (let i = 0; i < 6000; i++) server.inject({ to: 'bob', bytes });
    await pass(2);
    expect(bob.told('refused').sort()).toEqual([' busy', ' syntax']);
    alice.rotation.reportLeak();
    await until(() => isTalking([alice, bob]));
  });

  test('somebody else under our own name is told of, and nothing else', async () => {
    const [alice] = await pair();
    await join('carol'); // who will hear both
    const double = new SenderKeyExchange({
      channel: server.connect('double'),
      room: 'standup',
      cipherSuite,
      identity: { participant: 'alice', ...keys['mallory']! },
      admit: () => true,
    });
    await double.start();
    await until(() => alice.told('refused').length > 0);
    expect(alice.told('refused')).toEqual(['alice own-name']);
    double.destroy();
  });
});

describe('members', () => {
  test('who was removed gets no key, comes back with no session, and is let in again when he is allowed', async () => {
    const [alice, bob] = await pair();
    expect(alice.exchange.remove('bob')).toBe(true);
    expect(alice.exchange.remove('bob')).toBe(false);
    const keysOfBob = bob.told('key').length;
    await pass(15);
    alice.say('secret');
    server.disconnect('bob');
    bob.hangUp();
    const again = await join('bob');
    await pass(15);
    expect(again.told('key')).toEqual([]);
    expect(bob.told('key')).toHaveLength(keysOfBob);
    expect(alice.exchange.allow('bob')).toBe(true);
    await until(() => isTalking([alice, again]));
  });

  test('a new session of a member ends the old one', async () => {
    const [alice, bob] = await pair();
    server.disconnect('bob');
    bob.hangUp();
    const again = await join('bob');
    await until(() => isTalking([alice, again]));
    expect(alice.told('leave')).toEqual(['bob']);
    expect(alice.told('join')).toEqual(['bob', 'bob']);
  });

  test('who is cut off holds nobody up, and has everything when he is back', async () => {
    const trio = [await join('alice'), await join('bob'), await join('carol')];
    const [alice, bob, carol] = trio as [Person, Person, Person];
    await until(() => isTalking(trio));
    server.conduct = (mail) => (mail.from === 'carol' || mail.to === 'carol' ? [] : [mail]);
    alice.rotation.reportLeak();
    await until(() => isTalking([alice, bob]));
    await pass(100);
    expect(carol.hear('alice', alice.say('now') as Uint8Array)).toBe('key-id');
    server.conduct = (mail) => [mail];
    expect(carol.exchange.request('alice')).toBe(true);
    await until(() => isTalking(trio), 5);
  });

  test('good-bye is believed of the one who is there, not of a recording', async () => {
    const [alice, bob] = await pair();
    bob.hangUp();
    await until(() => alice.others.length === 0);
    const bye = server.seen.filter(({ from, to }) => from === 'bob' && to === 'alice').at(-1);
    const again = await join('bob');
    await until(() => isTalking([alice, again]));
    server.inject({ to: 'alice', bytes: bye!.bytes });
    await pass(2);
    expect(alice.others).toEqual(['bob']);
  });

  test('hellos of a live session are not answered without end', async () => {
    const [alice] = await pair();
    await pass(5);
    const hellos = server.seen.filter(({ bytes }) => parseLetter(bytes)?.type === HELLO);
    const { sent } = server;
    for (let i = 0; i < 50; i++) for (const { to, bytes } of hellos) server.inject({ to, bytes });
    await pass(1);
    expect(server.sent - sent).toBeLessThan(10);
    expect(alice.others).toEqual(['bob']);
  });
});

describe('a stolen identity key', () => {
  test('opens nothing that was recorded', async () => {
    const [, bob] = await pair();
    bob.hangUp();
    const thief = await join('bob', { admit: () => true });
    for (const { from, bytes } of [...server.seen]) if (from === 'alice') server.inject({ to: 'bob', bytes });
    server.conduct = () => [];
    await pass(5);
    expect(thief.told('key')).toEqual([]);
  });

  test('takes part from then on, in sight of all, until its owner is removed', async () => {
    const [alice] = await pair();
    const thief = await join('bob');
    await until(() => isTalking([alice, thief]));
    expect(alice.told('join')).toEqual(['bob', 'bob']);
    alice.exchange.remove('bob');
    await pass(2);
    const after = alice.say('after');
    if (after !== undefined) expect(thief.hear('alice', after)).toBe('key-id');
    expect(alice.others).toEqual([]);
  });
});
