// Keys of calls that an exchange carries: who hears whom, before and after people come, go, and lose their workers.

import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Candidate } from '../src/trust/exchange.ts';
import { Verification, VerificationBook } from '../src/trust/verification.ts';
import { connectExchange } from '../src/trust/webrtc-exchange.ts';
import { Call, type Caller, type Kind, untilTalking } from './webrtc-exchange-call.ts';
import { audio, cipherSuite, closeBrowser, openBrowser, until } from './webrtc-fakes.ts';

const kinds: Kind[] = ['sender keys', 'MLS'];
const calls: Call[] = [];

function newCall(kind: Kind): Call {
  const call = new Call(kind);
  calls.push(call);
  return call;
}

beforeEach(openBrowser);
afterEach(() => {
  for (const call of calls.splice(0)) call.hangUp();
  closeBrowser();
});

function remove(name: string, ...by: Caller[]): void {
  for (const { exchange } of by) exchange.remove(name);
}

describe.each(kinds)('with %s', (kind) => {
  test('all hear all; who comes does not hear what was before, who is removed nothing that is after', async () => {
    const call = newCall(kind);
    const [alice, bob] = (await call.gather('alice', 'bob')) as [Caller, Caller];
    const before = await alice.say(1);
    const carol = await call.add('carol');
    await untilTalking([alice, bob, carol]);
    expect(await carol.hear('alice', before!)).toBeUndefined();

    remove('carol', alice, bob);
    await until(async () => !(await alice.reaches(carol)) && !(await bob.reaches(carol)));
    await untilTalking([alice, bob]);
    for (let i = 0; i < 5; i++) {
      expect(await alice.reaches(carol)).toBe(false);
      expect(await bob.reaches(carol)).toBe(false);
      expect(await carol.reaches(alice), 'nor does anybody hear her').toBe(false);
    }
    expect([alice, bob].flatMap(({ failures }) => failures)).toEqual([]);
  });

  test('who leaves by himself is gone, and who comes back is heard', async () => {
    const call = newCall(kind);
    const [alice, bob] = (await call.gather('alice', 'bob')) as [Caller, Caller];
    bob.exchange.destroy();
    await until(async () => !(await alice.reaches(bob)));
    expect(await bob.reaches(alice)).toBe(false);
    const again = await call.add('bob');
    await untilTalking([alice, again]);
    expect(await alice.reaches(bob)).toBe(false);
  });

  test('a worker that has died is replaced: its keys come back, and ours is another', async () => {
    const call = newCall(kind);
    const [alice, bob] = (await call.gather('alice', 'bob')) as [Caller, Caller];
    for (let i = 0; i < 2; i++) {
      const kid = await alice.kid();
      await alice.crash();
      await untilTalking([alice, bob]);
      expect(await alice.kid()).not.toBe(kid);
    }
    await bob.crash();
    await untilTalking([alice, bob]);
    expect([alice, bob].flatMap(({ failures }) => failures)).toEqual([]);
  });

  test('a key near its limit is followed by another, in time', async () => {
    const call = newCall(kind);
    const alice = await call.add('alice', { client: { maxFrames: 2048 } });
    const bob = await call.add('bob');
    await untilTalking([alice, bob]);
    for (let i = 0; i < 2; i++) {
      const kid = await alice.kid();
      const { sendingKey } = await alice.person.client.stats();
      const frames = Array.from({ length: 1793 - Number(sendingKey?.ctr) }, () => audio(1));
      await alice.person.through(alice.sender, ...frames);
      await until(async () => (await alice.kid()) !== kid);
      await untilTalking([alice, bob]);
    }
    expect(await alice.person.dropped(alice.sender)).not.toHaveProperty('counter-exhausted');
  });

  test('renew() is for a key that has served for long', async () => {
    const call = newCall(kind);
    const [alice, bob] = (await call.gather('alice', 'bob')) as [Caller, Caller];
    const kid = await alice.kid();
    alice.connection.renew();
    await until(async () => (await alice.kid()) !== kid);
    await untilTalking([alice, bob]);
  });

  test('it may be connected after others have come', async () => {
    const call = newCall(kind);
    const bob = await call.add('bob');
    const alice = await call.add('alice', { isConnected: false });
    await until(() => alice.exchange.participants.some(({ participant }) => participant === 'bob'));
    await until(() => bob.exchange.participants.some(({ participant }) => participant === 'alice'));
    expect(await alice.reaches(bob)).toBe(false);
    alice.connect();
    await untilTalking([alice, bob]);
  });

  test('one book is asked when somebody comes, and for the mark beside his name', async () => {
    const call = newCall(kind);
    const book = new VerificationBook();
    const statuses: string[] = [];
    const admit = ({ participant, status }: Candidate) => {
      if (participant === 'bob') statuses.push(status);
      return status !== 'lapsed';
    };
    const alice = await call.add('alice', { exchange: { book, admit } });
    const bob = await call.add('bob');
    await untilTalking([alice, bob]);
    const known = () => alice.exchange.participants.find(({ participant }) => participant === 'bob');
    expect(known()?.identityKey).toEqual(call.list.get('bob'));
    const isVerified = () => book.isVerified('bob', known()?.identityKey ?? new Uint8Array(32));
    expect(isVerified()).toBe(false);

    const [a, b] = ['alice', 'bob'].map((id) => {
      const identityKey = call.list.get(id)!;
      return { id, identityKey, exchangeKey: identityKey };
    });
    const shared = { room: 'standup', cipherSuite } as const;
    const here = new Verification({ ...shared, book, own: a!, peer: b! });
    const there = new Verification({ ...shared, book: new VerificationBook(), own: b!, peer: a! });
    const reveal = await here.receive((await there.receive(await here.start()))!);
    await there.receive(reveal!);
    expect(here.sas?.digits).toBe(there.sas?.digits);
    here.confirm();
    expect(isVerified()).toBe(true);

    bob.hangUp();
    await until(() => known() === undefined);
    const again = await call.add('bob');
    await untilTalking([alice, again]);
    expect(statuses).toEqual(['unverified', 'verified']);
    expect(isVerified()).toBe(true);

    again.hangUp();
    await until(() => known() === undefined);
    call.keys.delete('bob');
    const other = await call.add('bob');
    await until(() => statuses.length > 2);
    expect(statuses[2]).toBe('lapsed');
    expect(known()).toBeUndefined();
    expect(await alice.reaches(other)).toBe(false);
  });

  test('destroy() and abort() let go of both: nothing changes any more, and another may take over', async () => {
    const call = newCall(kind);
    const controller = new AbortController();
    const alice = await call.add('alice', { connection: { signal: controller.signal } });
    const bob = await call.add('bob');
    await untilTalking([alice, bob]);
    const { client } = alice.person;
    expect(() => connectExchange(client, alice.exchange, { cipherSuite })).toThrow(/client must not be/);
    controller.abort();
    const kid = await alice.kid();
    const carol = await call.add('carol');
    await untilTalking([bob, carol]);
    expect(await alice.kid()).toBe(kid);
    expect(await alice.reaches(bob), 'it keeps what it has').toBe(true);
    expect(await alice.reaches(carol)).toBe(false);
    const { connection } = alice;
    const destroyed = expect.objectContaining({ code: 'destroyed' });
    expect(() => connection.renew()).toThrow(destroyed);
    expect(() => connection.addSignatureBlock(new Uint8Array(1))).toThrow(destroyed);
    connection.destroy();
    expect(() => connectExchange(client, alice.exchange, { cipherSuite, signal: controller.signal })).toThrow(
      /abort/,
    );
    connectExchange(client, alice.exchange, { cipherSuite }).destroy();
  });
});
