// A call whose keys travel over servers of all kinds. The scenario is always the same: three people join, talk, one leaves,
// one is removed; in the end nothing that the server has seen was of use to it, and the honest talk.

import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { fakeTime, holds, identityKeys, isTalking, Person, pass, roster, until } from './people.ts';
import { type Conduct, honest, type Mail, Server } from './server.ts';

/** Numbers that look random and are the same every time. */
function dice(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}

function losing(share: number): Conduct {
  const roll = dice(1);
  return (mail) => (roll() < share ? [] : [mail]);
}

/** Holds mail back, up to `depth` pieces, and lets any of it go. */
function shuffling(depth: number): Conduct {
  const roll = dice(2);
  const held: Mail[] = [];
  return (mail) => {
    held.push(mail);
    const out: Mail[] = [];
    while (held.length > depth) out.push(...held.splice(Math.floor(roll() * held.length), 1));
    return out;
  };
}

/** Delivers everything, and something old as well. */
function replaying(): Conduct {
  const roll = dice(3);
  return (mail, { seen }) => {
    const old = Array.from({ length: 3 }, () => seen[Math.floor(roll() * seen.length)] as Mail);
    return [mail, mail, ...old, ...old.map(({ bytes }) => ({ ...mail, bytes }))];
  };
}

/** Changes a bit of every other letter. */
function damaging(): Conduct {
  const roll = dice(4);
  return (mail) => {
    if (roll() < 0.5) return [mail];
    const bytes = mail.bytes.slice();
    const at = Math.floor(roll() * bytes.length);
    bytes[at] = (bytes[at] as number) ^ (1 << Math.floor(roll() * 8));
    return [{ ...mail, bytes }];
  };
}

/** Delivers mail to somebody else as well. */
function misdelivering(): Conduct {
  return (mail) => ['alice', 'bob', 'carol'].map((to) => ({ ...mail, to }));
}

const servers: [string, () => Conduct][] = [
  ['is honest', () => honest],
  ['loses a third', () => losing(0.33)],
  ['delays and reorders', () => shuffling(7)],
  ['replays', replaying],
  ['damages', damaging],
  ['delivers everything to everybody', misdelivering],
];

beforeEach(fakeTime);
afterEach(() => vi.useRealTimers());

describe.each(servers)('over a server that %s', (_, conduct) => {
  test('three people join, talk, one leaves, one is removed', async () => {
    const server = new Server(conduct());
    const keys = new Map(['alice', 'bob', 'carol', 'mallory'].map((name) => [name, identityKeys()]));
    const publicKeys = new Map([...keys].map(([name, { publicKey }]) => [name, publicKey]));
    publicKeys.delete('mallory');
    const admit = roster(publicKeys);
    const join = async (name: string): Promise<Person> => {
      const person = new Person(
        name,
        keys.get(name) as typeof keys extends Map<string, infer K> ? K : never,
        server,
        { admit },
      );
      await person.exchange.start();
      return person;
    };

    const alice = await join('alice');
    const bob = await join('bob');
    await until(() => isTalking([alice, bob]));
    const before = alice.say('before carol') as Uint8Array;
    bob.hear('alice', before);

    const carol = await join('carol');
    const mallory = await join('mallory');
    await until(() => isTalking([alice, bob, carol]));
    expect(['key-id', 'authentication']).toContain(carol.hear('alice', before));
    await pass(20); // the server has its time

    carol.hangUp();
    await until(() => alice.others.join() === 'bob' && bob.others.join() === 'alice', 600).catch(() => {
      // her good-bye was lost: signalling says that she is gone
      for (const person of [alice, bob]) person.exchange.forget('carol');
    });
    await until(() => isTalking([alice, bob]));

    const dave = new Person('dave', identityKeys(), server, { admit: () => true });
    for (const person of [alice, bob]) expect(person.others).not.toContain('dave');
    dave.hangUp();

    alice.exchange.remove('bob');
    await pass(15);
    const after = alice.say('after bob');
    if (after !== undefined) expect(['key-id', 'authentication']).toContain(bob.hear('alice', after));
    expect(alice.others).toEqual([]);

    expect(mallory.others.filter((name) => name !== 'dave')).toEqual([]);
    expect(mallory.told('key')).toEqual([]);
    const secrets = [alice, bob, carol].flatMap(({ baseKeys }) => baseKeys);
    expect(secrets.length).toBeGreaterThan(4);
    const plaintext = new TextEncoder().encode('before carol');
    for (const { bytes } of server.seen)
      for (const secret of [...secrets, plaintext]) expect(holds(bytes, secret)).toBe(false);
    for (const person of [alice, bob, mallory]) {
      expect(person.told('failed')).toEqual([]);
      person.hangUp();
    }
  });
});
