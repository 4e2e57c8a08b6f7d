// MlsExchange against a server that does what it likes: three come, talk, one leaves, one is removed, and all the while
// it loses, delays, repeats and changes letters, pretends to be others, or keeps people apart.

import { ed25519 } from '@noble/curves/ed25519.js';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { readIdentity } from '../src/trust/exchange/identity.ts';
import {
  type Letter,
  messageOf,
  parseLetter,
  type ReceivedLetter,
  writeLetter,
} from '../src/trust/exchange/letter.ts';
import { LeafVerifier, makeCredential } from '../src/trust/mls-exchange/credential.ts';
import { MlsExchange } from '../src/trust/mls-exchange.ts';
import { type Bytes, concat } from '../src/types.ts';
import { Call, isOne, type Member, pass, until, untilOne } from './mls-people.ts';
import { fakeTime, identityKeys, type Keys } from './people.ts';
import { type Conduct, honest, type Mail, Server } from './server.ts';

const JOIN = 32;
const COMMIT = 33;
const WELCOME = 34;
const REMOVE = 37;

let call: Call;
let server: Server;
beforeEach(() => {
  fakeTime();
  server = new Server();
  call = new Call(server);
});
afterEach(() => {
  call.hangUp();
  expect(call.leaks).toEqual([]);
  for (const { failures, name } of call.members) expect(failures, name).toEqual([]);
  vi.useRealTimers();
});

/** For tests that count epochs: more than a slow machine takes for a commit, so that nothing is done twice. */
function withPatience(): void {
  call = new Call(server, { patienceMs: 10_000 });
}

/** Numbers from 0 to 1, the same each time. */
function dice(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}

const letterOf = ({ bytes }: Pick<Mail, 'bytes'>): ReceivedLetter => parseLetter(bytes) as ReceivedLetter;

/** Signs a letter. */
function sealed(letter: Letter, { privateKey }: Keys): Bytes {
  const written = writeLetter(letter);
  return concat(written, ed25519.sign(messageOf(written), privateKey));
}

/** A letter that a member has not written, but could have: with his own key, in his session. */
function letterBy(name: string, to: string, type: number, body: Bytes): Mail {
  const lastOf = (who: string) => letterOf(server.seen.filter(({ from }) => from === who).at(-1) as Mail);
  const known = lastOf(name);
  const toSession = to === '' ? undefined : lastOf(to).session;
  const bytes = sealed(
    { ...known, type, recipient: to, toSession, body, number: known.number + 1000n },
    call.keys.get(name) as Keys,
  );
  return { from: name, to, bytes };
}

/** The scenario. Ends with alice, dave and erin in one group. */
async function scenario(): Promise<void> {
  const { server } = call;
  const conduct = server.conduct;
  const [alice, bob, carol] = (await call.gather('alice', 'bob', 'carol')) as [Member, Member, Member];
  bob.hangUp();
  // A good-bye may be lost: then somebody has to say so.
  await pass(5);
  if (alice.group !== 'alice carol') alice.exchange.forget('bob');
  await untilOne([alice, carol]);
  const dave = call.add('dave');
  await untilOne([alice, carol, dave]);
  carol.exchange.remove('dave');
  await untilOne([alice, carol]);
  const last = alice.say('after');
  expect(dave.hear(last)).toBe('key-id');
  expect(server.conduct).toBe(conduct);
  const [key] = alice.baseKeys.slice(-1);
  expect(dave.baseKeys.some((known) => `${known}` === `${key}`)).toBe(false);
  expect(carol.hear(last)).toBe('after');
}

describe('the scenario goes well under a server that', () => {
  const random = dice(7);
  const later = (ms: () => number): Conduct => {
    return (mail, server) => {
      setTimeout(() => server.inject(mail), ms());
      return [];
    };
  };
  const old: Mail[] = [];
  const conducts: Record<string, () => Conduct> = {
    'is honest': () => honest,
    'loses three in ten': () => (mail) => (random() < 0.3 ? [] : [mail]),
    'takes a second': () => later(() => 1000),
    'takes up to two seconds, so that letters overtake each other': () => later(() => 2000 * random()),
    'says everything twice, and now and again something that was said long ago': () => (mail) => {
      old.push(mail);
      const again = old[Math.floor(random() * old.length)] as Mail;
      return random() < 0.5 ? [mail, mail, again] : [mail, mail];
    },
    'turns a bit in one of ten': () => (mail) => {
      if (random() > 0.1) return [mail];
      const bytes = mail.bytes.slice();
      const at = Math.floor(random() * bytes.length);
      bytes[at] = (bytes[at] as number) ^ 1;
      return [{ ...mail, bytes }];
    },
    'sends everything to everybody': () => (mail) =>
      ['alice', 'bob', 'carol', 'dave'].map((to) => ({ ...mail, to })),
    'puts keys of its own in place of others’': () => {
      const keys = identityKeys();
      return (mail) => {
        const forged = sealed({ ...letterOf(mail), identityKey: keys.publicKey as Bytes }, keys);
        return [{ ...mail, bytes: forged }, mail];
      };
    },
  };

  test.each(Object.keys(conducts))('%s', async (name) => {
    server.conduct = (conducts[name] as () => Conduct)();
    await scenario();
  });

  test('invents participants, and pretends to be those who are there', async () => {
    const ghosts = ['mallory', 'alice', 'bob'].map((participant) => {
      const keys = identityKeys();
      // what it has of its own: a channel that hears everything
      const channel = {
        send: (to: string, bytes: Uint8Array) => server.inject({ to, bytes: bytes as Bytes }),
        broadcast: (bytes: Uint8Array) => {
          for (const to of ['alice', 'bob', 'carol', 'dave']) server.inject({ to, bytes: bytes as Bytes });
        },
        onmessage: null as ((bytes: Uint8Array) => void) | null,
      };
      const identity = { participant, ...keys };
      const exchange = new MlsExchange({ channel, room: 'standup', identity, admit: () => true });
      void exchange.start();
      return { channel, exchange };
    });
    server.conduct = (mail) => {
      for (const { channel } of ghosts) channel.onmessage?.(mail.bytes.slice());
      return [mail];
    };
    await scenario();
    const members = call.members.flatMap(({ exchange }) => exchange.participants);
    for (const { participant, identityKey } of members)
      expect(identityKey).toEqual(call.keys.get(participant)?.publicKey);
    for (const { exchange } of ghosts) {
      expect(exchange.participants.length, 'alone').toBeLessThan(2);
      exchange.destroy();
    }
  });
});

describe('nobody is stalled', () => {
  test('when the one is cut off whose turn it is', async () => {
    const [alice, bob, carol] = (await call.gather('alice', 'bob', 'carol')) as [Member, Member, Member];
    server.conduct = (mail) => (mail.from === 'alice' || mail.to === 'alice' ? [] : [mail]);
    const dave = call.add('dave');
    await until(() => isOne([bob, carol, dave]) || bob.group === 'alice bob carol dave');
    await until(() => [bob, carol, dave].every(({ exchange }) => exchange.epoch === bob.exchange.epoch));
    expect(carol.exchange.forget('alice')).toBe(true);
    await untilOne([bob, carol, dave]);
    server.conduct = honest;
    await untilOne([alice, bob, carol, dave]);
  });

  test('when only the commits of that one are lost', async () => {
    const [alice, bob, carol] = (await call.gather('alice', 'bob', 'carol')) as [Member, Member, Member];
    server.conduct = (mail) => (mail.from === 'alice' && mail.bytes[1] === COMMIT ? [] : [mail]);
    const { epoch } = carol.exchange;
    carol.exchange.rotate();
    await until(() => (carol.exchange.epoch as bigint) > (epoch as bigint));
    server.conduct = honest;
    await untilOne([alice, bob, carol]);
  });

  test('when all welcomes of one are lost', async () => {
    const [alice, bob] = (await call.gather('alice', 'bob')) as [Member, Member];
    server.conduct = (mail) => (mail.from === 'alice' && mail.bytes[1] === WELCOME ? [] : [mail]);
    const carol = call.add('carol');
    await pass(20);
    server.conduct = honest;
    await untilOne([alice, bob, carol]);
  });

  test('when letters of a group come that is not there any more', async () => {
    call.invite('bob');
    const bob = call.add('bob');
    await untilOne([bob]);
    bob.hangUp();
    const old = server.seen.filter(({ bytes }) => bytes[1] === 1).map((mail) => ({ ...mail, to: 'alice' }));
    call.invite('alice');
    server.conduct = (mail, all) => {
      for (const ghost of server.seen.filter(({ from }) => from === 'bob').slice(0, 3))
        all.inject({ to: 'alice', bytes: ghost.bytes });
      return [mail];
    };
    const alice = call.add('alice');
    for (const mail of old) server.inject(mail);
    await untilOne([alice]);
  });
});

describe('two groups become one', () => {
  const halves = (mail: Mail): boolean => 'ab'.includes(mail.from) === 'ab'.includes(mail.to);

  test('that were founded apart', async () => {
    for (const name of ['a', 'b', 'c', 'd']) call.invite(name);
    server.conduct = (mail) => (halves(mail) ? [mail] : []);
    const members = ['a', 'b', 'c', 'd'].map((name) => call.add(name));
    await untilOne(members.slice(0, 2));
    await untilOne(members.slice(2));
    server.conduct = honest;
    await untilOne(members);
  });

  test('that the server has split, and that went on by themselves', async () => {
    const members = await call.gather('a', 'b', 'c', 'd');
    server.conduct = (mail) => (halves(mail) ? [mail] : []);
    const [a, b, c, d] = members as [Member, Member, Member, Member];
    a.exchange.rotate();
    c.exchange.rotate();
    await until(() => c.exchange.epoch === a.exchange.epoch && c.exchange.epoch === d.exchange.epoch);
    d.exchange.forget('a');
    c.exchange.forget('b');
    await untilOne([c, d]);
    server.conduct = honest;
    await untilOne([a, b, c, d]);
  });
});

describe('of two commits for one epoch', () => {
  test('the one by the lower leaf wins: who has applied the other goes one step back', async () => {
    withPatience();
    const [alice, bob, carol] = (await call.gather('alice', 'bob', 'carol')) as [Member, Member, Member];
    const { epoch } = alice.exchange;
    const held: Mail[] = [];
    server.conduct = (mail) => {
      if (mail.from !== 'alice') return mail.to === 'alice' ? [] : [mail];
      held.push(mail);
      return [];
    };
    alice.exchange.rotate();
    bob.exchange.rotate();
    await until(() => [alice, bob, carol].every(({ exchange }) => exchange.epoch === (epoch as bigint) + 1n));
    const lost = carol.exchange.epochAuthenticator;
    expect(bob.exchange.epochAuthenticator).toEqual(lost);
    expect(alice.exchange.epochAuthenticator).not.toEqual(lost);
    server.conduct = (mail) => (mail.bytes[1] === JOIN ? [] : [mail]); // a step back, no joining again
    for (const mail of held) server.inject(mail);
    await untilOne([alice, bob, carol]);
    const won = carol.exchange.epochAuthenticator;
    expect(won).not.toEqual(lost);
    expect(alice.exchange.epoch).toBe((epoch as bigint) + 1n);
    const bobs = server.seen
      .filter(({ from, bytes }) => from === 'bob' && bytes[1] === COMMIT)
      .at(-1) as Mail;
    server.inject(letterBy('bob', 'carol', COMMIT, letterOf(bobs).body));
    await pass(1);
    expect(carol.exchange.epochAuthenticator, 'and it stays so').toEqual(won);
  });

  test('what the loser wanted is done all the same', async () => {
    const [alice, bob, carol] = (await call.gather('alice', 'bob', 'carol')) as [Member, Member, Member];
    const held: Mail[] = [];
    server.conduct = (mail) => {
      if (mail.from !== 'alice' && mail.to !== 'alice') return [mail];
      held.push(mail);
      return [];
    };
    const dave = call.add('dave');
    alice.exchange.rotate();
    await until(() => carol.group === 'alice bob carol dave');
    server.conduct = honest;
    for (const mail of held) server.inject(mail);
    await untilOne([alice, bob, carol, dave]);
  });
});

describe('what was recorded', () => {
  test('of an old session does not take the place of the present one', async () => {
    withPatience();
    const [alice, , carol] = (await call.gather('alice', 'bob', 'carol')) as [Member, Member, Member];
    server.disconnect('bob');
    const old = server.seen.filter(({ from }) => from === 'bob');
    const again = call.add('bob');
    await untilOne([alice, carol, again]);
    const { epoch } = alice.exchange;
    for (const mail of old) for (const to of ['alice', 'carol']) server.inject({ ...mail, to });
    await pass(30);
    expect(alice.exchange.epoch).toBe(epoch);
    await untilOne([alice, carol, again]);
  });

  test('a key package that was held back does not put its owner out', async () => {
    withPatience();
    const [alice, bob] = (await call.gather('alice', 'bob')) as [Member, Member];
    const held: Mail[] = [];
    server.conduct = (mail) => {
      if (mail.from !== 'carol' || mail.bytes[1] !== JOIN || held.length > 0) return [mail];
      held.push(mail);
      return [];
    };
    const carol = call.add('carol');
    await untilOne([alice, bob, carol]);
    const { epoch } = alice.exchange;
    expect(held).toHaveLength(1);
    for (const mail of held) server.inject(mail);
    await pass(20);
    expect(alice.exchange.epoch).toBe(epoch);
  });
});

describe('who was shut out', () => {
  test('is not met again in another half of the group, which knows nothing of it', async () => {
    const members = await call.gather('a', 'b', 'c', 'd', 'x');
    const [a, b, c, d, x] = members as [Member, Member, Member, Member, Member];
    const half = (name: string) => 'ab'.includes(name);
    server.conduct = (mail) => (half(mail.from) === half(mail.to) ? [mail] : []);
    a.exchange.remove('x');
    await until(() => b.group === 'a b c d');
    for (let i = 0; i < 3; i++) {
      const { epoch } = d.exchange;
      c.exchange.rotate();
      await until(() => (d.exchange.epoch as bigint) > (epoch as bigint));
    }
    const before = new Set([a, b].flatMap(({ baseKeys }) => baseKeys.map(String)));
    server.conduct = honest;
    await untilOne([a, b, c, d]);
    const after = [a, b].flatMap(({ baseKeys }) => baseKeys.map(String)).filter((key) => !before.has(key));
    expect(after.length).toBeGreaterThan(0);
    expect(
      after.filter((key) => x.baseKeys.map(String).includes(key)),
      'none with x',
    ).toEqual([]);
  });

  test('leads nobody into a group of his own, whatever epoch that has', async () => {
    const [alice, bob, carol] = (await call.gather('alice', 'bob', 'carol')) as [Member, Member, Member];
    server.conduct = (mail) => (mail.from === 'bob' || mail.to === 'bob' ? [] : [mail]);
    for (let i = 1; i <= 4; i++) {
      const { epoch } = bob.exchange;
      bob.exchange.rotate();
      await until(() => (bob.exchange.epoch as bigint) > (epoch as bigint));
    }
    alice.exchange.remove('bob');
    await untilOne([alice, carol]);
    const { epoch } = carol.exchange;
    expect(bob.exchange.epoch as bigint).toBeGreaterThan(epoch as bigint);
    server.conduct = honest;
    await pass(60);
    expect([alice.group, carol.group]).toEqual(['alice carol', 'alice carol']);
    expect(carol.exchange.epoch).toBe(epoch);
  });
});

describe('the name on a leaf', () => {
  test('is true for one key, in one room, by one identity', async () => {
    const { privateKey, publicKey } = identityKeys();
    const own = readIdentity({ participant: 'zoe', privateKey, publicKey });
    const [leafKey, other] = [1, 2].map((byte) => new Uint8Array(65).fill(byte)) as [Bytes, Bytes];
    const credential = await makeCredential('standup', own, new Uint8Array(16), 1, leafKey);
    const isTrue = (room: string, key: Bytes, named = credential) =>
      new LeafVerifier(room).validateCredential(named, key);
    expect(await isTrue('standup', leafKey)).toBe(true);
    expect(await isTrue('standup', other)).toBe(false);
    expect(await isTrue('another', leafKey)).toBe(false);
    const { identity } = credential as { identity: Uint8Array };
    for (let at = 1; at < identity.length; at += 7) {
      const changed = identity.slice();
      changed[at] = (changed[at] as number) ^ 1;
      expect(await isTrue('standup', leafKey, { credentialType: 'basic', identity: changed }), `${at}`).toBe(
        false,
      );
    }
  });
});

describe('letters that a member could have written, but not so', () => {
  async function three(): Promise<[Member, Member, Member]> {
    withPatience();
    return (await call.gather('alice', 'bob', 'carol')) as [Member, Member, Member];
  }

  test('commits that are noise, or another’s, or are changed: nothing happens', async () => {
    const members = await three();
    const { epoch } = members[0].exchange;
    const commit = letterOf(server.seen.filter(({ bytes }) => bytes[1] === COMMIT).at(-1) as Mail).body;
    const changed = commit.slice();
    changed[changed.length - 1] = (changed.at(-1) as number) ^ 1;
    const noise = crypto.getRandomValues(new Uint8Array(900));
    for (const body of [noise, changed, commit.slice(0, 4), new Uint8Array(0), commit])
      server.inject(letterBy('carol', 'bob', COMMIT, body));
    for (const type of [JOIN, WELCOME, 35, 36, REMOVE, 38, 99])
      for (const body of [noise, new Uint8Array(0)]) server.inject(letterBy('carol', 'bob', type, body));
    await pass(10);
    expect(members.map(({ exchange }) => exchange.epoch)).toEqual([epoch, epoch, epoch]);
    await untilOne(members);
    expect(members[1].told('refused')).toContain('carol seal');
  });

  test('a commit of alice’s that carol brings as her own is not taken', async () => {
    const [alice, bob, carol] = await three();
    const { epoch } = bob.exchange;
    let stolen: Bytes | undefined;
    server.conduct = (mail) => {
      if (mail.from === 'alice' && mail.bytes[1] === COMMIT) stolen = letterOf(mail).body;
      return mail.to === 'bob' ? [] : [mail];
    };
    alice.exchange.rotate();
    await until(() => stolen !== undefined);
    server.inject(letterBy('carol', 'bob', COMMIT, stolen as Bytes));
    const own = (stolen as Bytes).slice();
    own[3] = carol.leaf;
    server.inject(letterBy('carol', 'bob', COMMIT, own));
    await pass(1);
    expect(bob.exchange.epoch).toBe(epoch);
    server.conduct = honest;
    await untilOne([alice, bob, carol]);
  });

  test('who is admitted, but not in the group, has no say in it', async () => {
    const [alice, bob, carol] = await three();
    const session = letterOf(server.seen.find(({ from }) => from === 'bob') as Mail).session;
    server.conduct = (mail) => (mail.bytes[1] === JOIN || mail.bytes[1] === WELCOME ? [] : [mail]);
    call.add('dave', { foundAfterMs: 600_000 });
    await pass(5); // live by now
    for (const to of ['alice', 'bob', 'carol'])
      server.inject(letterBy('dave', to, REMOVE, concat(new Uint8Array([1]), session)));
    await pass(20);
    expect([alice.group, bob.group, carol.group]).toEqual(Array(3).fill('alice bob carol'));
  });

  test('a key package that is no good keeps nobody else out', async () => {
    const [alice, bob, carol] = await three();
    let isFirst = true;
    const joins: Mail[] = [];
    server.conduct = (mail) => {
      if (mail.bytes[1] !== JOIN) return [mail];
      joins.push(mail);
      return [];
    };
    const [dave, erin] = [call.add('dave'), call.add('erin')];
    await until(() => new Set(joins.map(({ from }) => from)).size === 2);
    server.conduct = (mail, all) => {
      if (mail.bytes[1] === JOIN && mail.from === 'dave') {
        const { body, ...letter } = letterOf(mail);
        const changed = body.slice();
        changed[changed.length - 1] = (changed.at(-1) as number) ^ 1;
        all.inject({ ...mail, bytes: sealed({ ...letter, body: changed }, call.keys.get('dave') as Keys) });
        if (isFirst) for (const erins of joins.filter(({ from }) => from === 'erin')) all.inject(erins);
        isFirst = false;
        return [];
      }
      return [mail];
    };
    await until(() => alice.group === 'alice bob carol erin');
    await until(() => alice.told('refused').includes('dave seal'));
    server.conduct = honest;
    await untilOne([alice, bob, carol, dave, erin]);
  });

  test('a key package in another’s name is not taken', async () => {
    const [alice, bob, carol] = await three();
    const { epoch } = alice.exchange;
    const join = letterOf(
      server.seen.filter(({ from, bytes }) => from === 'bob' && bytes[1] === JOIN).at(-1) as Mail,
    );
    server.inject(letterBy('carol', 'alice', JOIN, join.body));
    await pass(10);
    expect(alice.exchange.epoch).toBe(epoch);
    expect(alice.told('refused')).toEqual(['carol syntax']);
    await untilOne([alice, bob, carol]);
  });
});
