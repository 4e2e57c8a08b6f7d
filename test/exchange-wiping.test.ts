// No copy of a sender key outlives its use.
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { Member } from '../src/trust/exchange/member.ts';
import { ExchangeKey, Seal } from '../src/trust/exchange/seal.ts';
import { fakeTime, identityKeys, Person, until } from './people.ts';
import { Server } from './server.ts';

beforeEach(fakeTime);
afterEach(() => {
  vi.restoreAllMocks();
  vi.useRealTimers();
});

test('every copy of a key is zeroed: published, sealed, opened', async () => {
  const held: Record<string, Uint8Array[]> = { published: [], sealed: [], opened: [] };
  const { seal } = Seal.prototype;
  const { open } = ExchangeKey.prototype;
  const { add } = Member.prototype;
  vi.spyOn(Seal.prototype, 'seal').mockImplementation(function (this: Seal, plaintext, ...rest) {
    held['sealed']!.push(plaintext);
    return seal.call(this, plaintext, ...rest);
  });
  vi.spyOn(ExchangeKey.prototype, 'open').mockImplementation(async function (this: ExchangeKey, ...all) {
    const plaintext = await open.apply(this, all);
    if (plaintext !== undefined) held['opened']!.push(plaintext);
    return plaintext;
  });
  vi.spyOn(Member.prototype, 'add').mockImplementation(function (this: Member, key) {
    held['published']!.push(key.baseKey);
    add.call(this, key);
    held['published']!.push(...this.pending.map(({ baseKey }) => baseKey));
  });
  const server = new Server();
  const people = ['alice', 'bob'].map(
    (name) => new Person(name, identityKeys(), server, { admit: () => true }),
  );
  const [alice, bob] = people as [Person, Person];
  for (const person of people) await person.exchange.start();
  await until(() => alice.others.length > 0 && bob.others.length > 0);
  alice.exchange.publish(new Uint8Array(16).fill(7), 1);
  await until(() => alice.told('confirmed').length > 0);
  for (const [which, list] of Object.entries(held)) {
    expect([which, list.length > 0]).toEqual([which, true]);
    for (const each of list) expect([which, each.every((byte) => byte === 0)]).toEqual([which, true]);
  }
  for (const person of people) person.hangUp();
});
