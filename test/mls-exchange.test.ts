// MlsExchange under an honest server: the group that it makes, and what each member may do and know.

import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { SFrameError } from '../src/index.ts';
import { MlsExchange } from '../src/trust/mls-exchange.ts';
import { Call, isOne, type Member, pass, until, untilOne } from './mls-people.ts';
import { fakeTime, identityKeys } from './people.ts';
import { Server } from './server.ts';

let call: Call;
beforeEach(() => {
  fakeTime();
  // more than a slow machine takes for a commit: nothing is to be done twice here
  call = new Call(new Server(), { patienceMs: 10_000 });
});
afterEach(() => {
  call.hangUp();
  for (const { failures, name } of call.members) expect(failures, name).toEqual([]);
  vi.useRealTimers();
});

async function three(): Promise<[Member, Member, Member]> {
  const [alice, bob, carol] = (await call.gather('alice', 'bob', 'carol')) as [Member, Member, Member];
  return [alice, bob, carol];
}

describe('a group', () => {
  test('of three: all in one epoch, and everybody opens everybody else’s frames', async () => {
    const [alice, bob, carol] = await three();
    expect([alice, bob, carol].map(({ leaf }) => leaf)).toEqual([0, 1, 2]);
    expect(alice.told('join')).toEqual(['bob', 'carol']);
    expect(carol.told('join')).toEqual(['alice', 'bob']);
    expect(alice.exchange.participantOf(1)).toMatchObject({
      participant: 'bob',
      identityKey: call.keys.get('bob')?.publicKey,
    });
    expect(alice.exchange.participantOf(3)).toBeUndefined();
    expect(call.leaks).toEqual([]);
  });

  test('of ten who come at once: one in the end, by few commits', async () => {
    const names = 'abcdefghij'.split('');
    for (const name of names) call.invite(name);
    const members = names.map((name) => call.add(name));
    await untilOne(members);
    expect(members[0]?.exchange.epoch).toBeLessThan(6n);
    expect(new Set(members.map(({ leaf }) => leaf)).size).toBe(10);
  });

  test('who leaves is out at once, and it is another epoch', async () => {
    const [alice, bob, carol] = await three();
    const { epoch } = alice.exchange;
    bob.hangUp();
    await untilOne([alice, carol]);
    expect(alice.exchange.epoch).toBe((epoch as bigint) + 1n);
    expect(carol.told('leave')).toEqual(['bob']);
    const last = carol.events.filter(({ type }) => type === 'epoch').at(-1);
    expect(last).toMatchObject({
      isRemoval: true,
      entrance: { graceSeconds: 3, groupSize: 4, senderIndex: 2 },
    });
  });

  test('goes on when the one leaves who has committed so far', async () => {
    const [alice, bob, carol] = await three();
    alice.hangUp();
    await untilOne([bob, carol]);
    const dave = call.add('dave');
    await untilOne([bob, carol, dave]);
    expect(dave.leaf, 'the free one').toBe(0);
    dave.hangUp();
    await untilOne([bob, carol]);
  });

  test('a member may ask for fresh keys', async () => {
    const [alice, bob, carol] = await three();
    const { epoch } = alice.exchange;
    expect(carol.exchange.rotate()).toBe(true);
    await until(() => alice.exchange.epoch === (epoch as bigint) + 1n);
    await untilOne([alice, bob, carol]);
    await pass(30);
    expect(alice.exchange.epoch, 'once').toBe((epoch as bigint) + 1n);
  });

  test('who comes in cannot open what was said before', async () => {
    const [alice, bob] = (await call.gather('alice', 'bob')) as [Member, Member];
    const before = alice.say('before');
    const carol = call.add('carol');
    await untilOne([alice, bob, carol]);
    expect(carol.hear(before)).toBe('key-id');
    expect(bob.hear(before)).toBe('before');
    const [first] = bob.baseKeys;
    expect(carol.baseKeys.some((key) => `${key}` === `${first}`)).toBe(false);
  });

  test('numbers of epochs never go back, whatever happens', async () => {
    const members = await three();
    call.server.conduct = () => [];
    const [dave, erin] = [call.add('dave'), call.add('erin')];
    await until(() => dave.exchange.epoch !== undefined && erin.exchange.epoch !== undefined);
    dave.exchange.rotate();
    await pass(5);
    call.server.conduct = (mail) => [mail];
    await untilOne([...members, dave, erin]);
    for (const { name, events } of call.members) {
      const epochs = events.flatMap(({ entrance }) => (entrance ? [entrance.epoch] : []));
      expect(epochs, name).toEqual([...epochs].sort((a, b) => Number(a - b)));
    }
  });
});

describe('who is removed', () => {
  test('is told so, opens nothing that is said after, and is not heard', async () => {
    const [alice, bob, carol] = await three();
    expect(carol.exchange.remove('bob'), 'by whom ever').toBe(true);
    await untilOne([alice, carol]);
    await until(() => bob.told('removed').length === 1);
    expect(bob.exchange.participants).toEqual([]);
    expect(() => bob.exchange.rotate()).toThrow(SFrameError);
    expect(bob.hear(alice.say('after'))).toBe('key-id');
    const last = bob.say('still here');
    await pass(4);
    expect(alice.hear(last)).toBe('key-id');
    const [key] = alice.baseKeys.slice(-1);
    expect(bob.baseKeys.some((known) => `${known}` === `${key}`)).toBe(false);
  });

  test('does not come back, until everybody lets him', async () => {
    const [alice, bob, carol] = await three();
    alice.exchange.remove('bob');
    await untilOne([alice, carol]);
    bob.hangUp();
    const again = call.add('bob');
    await pass(60);
    expect([alice.group, carol.group], 'all who were there keep him out').toEqual([
      'alice carol',
      'alice carol',
    ]);
    expect(alice.exchange.allow('bob'), 'there').toBe(true);
    expect(carol.exchange.allow('bob'), 'and by the commit').toBe(true);
    await untilOne([alice, carol, again]);
  });

  test('may be the one who commits', async () => {
    const [alice, bob, carol] = await three();
    bob.exchange.remove('alice');
    await untilOne([bob, carol]);
    await until(() => alice.told('removed').length === 1);
  });

  test('is nobody, if nobody has the name', async () => {
    const [alice] = await three();
    expect(alice.exchange.remove('dave')).toBe(false);
    expect(alice.exchange.remove('alice')).toBe(false);
    expect(alice.exchange.forget('dave')).toBe(false);
  });
});

describe('who comes back', () => {
  test('after a crash has one leaf, and his old session none', async () => {
    const [alice, bob, carol] = await three();
    call.server.disconnect('bob');
    const again = call.add('bob');
    await untilOne([alice, carol, again]);
    expect(alice.exchange.participants).toHaveLength(3);
    expect(again.hear(alice.say('now'))).toBe('now');
    expect(bob.hear(alice.say('now'))).toBe('key-id');
  });

  test('after a crash of all but one finds the group', async () => {
    const [alice, bob, carol] = await three();
    call.server.disconnect('alice');
    call.server.disconnect('bob');
    const again = [call.add('alice'), call.add('bob')];
    await untilOne([carol, ...again]);
    for (const gone of [alice, bob]) expect(gone.hear(carol.say('now'))).toBe('key-id');
  });

  test('because he was thought to be gone, is in again by himself', async () => {
    const [alice, bob, carol] = await three();
    const { epoch } = alice.exchange;
    alice.exchange.forget('carol');
    await until(() => alice.group === 'alice bob');
    await untilOne([alice, bob, carol]);
    expect(alice.exchange.epoch).toBe((epoch as bigint) + 2n);
    expect(carol.told('removed')).toEqual([]);
  });
});

describe('admission', () => {
  test('a member whom the application does not want is not followed: the old epoch stays', async () => {
    const [alice, bob] = (await call.gather('alice', 'bob')) as [Member, Member];
    const carol = call.add('carol', { admit: ({ participant }) => participant !== 'dave', patienceMs: 3000 });
    await untilOne([alice, bob, carol]);
    const { epoch } = carol.exchange;
    const dave = call.add('dave');
    await until(() => alice.group === 'alice bob carol dave');
    await until(() => carol.told('refused').includes('dave not-admitted'));
    await pass(20);
    expect(carol.exchange.epoch).toBe(epoch);
    expect(carol.group).toBe('alice bob carol');
    expect(dave.hear(carol.say('not for dave'))).toBe('key-id');
    dave.hangUp();
    await untilOne([alice, bob, carol]);
  });

  test('may take its time: who waits follows later, and holds nobody up', async () => {
    const [alice, bob] = (await call.gather('alice', 'bob')) as [Member, Member];
    let answer: (isWanted: boolean) => void = () => {};
    const asked = new Promise<boolean>((resolve) => {
      answer = resolve;
    });
    const carol = call.add('carol', { admit: ({ participant }) => participant !== 'dave' || asked });
    await untilOne([alice, bob, carol]);
    const dave = call.add('dave');
    await until(() => isOne([alice, bob]) === false && alice.group === 'alice bob carol dave');
    await pass(10);
    expect(carol.group).toBe('alice bob carol');
    answer(true);
    await untilOne([alice, bob, carol, dave]);
  });

  test('what is no true throws the application’s error as `failed`', async () => {
    call.invite('alice');
    call.invite('bob');
    const alice = call.add('alice', {
      admit: () => {
        throw new RangeError('no');
      },
    });
    call.add('bob');
    await until(() => alice.told('failed').includes('bob'));
    await until(() => alice.group === 'alice');
  });
});

describe('the class', () => {
  test('names options that are wrong', () => {
    const keys = identityKeys();
    const good = {
      channel: call.server.connect('zoe'),
      room: 'standup',
      identity: { participant: 'zoe', ...keys },
      admit: () => true,
    };
    expect(() => new MlsExchange({ ...good, foundAfterMs: 0 })).toThrow(/^foundAfterMs must be/);
    expect(() => new MlsExchange({ ...good, patienceMs: '1' as unknown as number })).toThrow(
      /^patienceMs must be/,
    );
    expect(() => new MlsExchange(null as never)).toThrow(TypeError);
    expect(() => new MlsExchange({ ...good, room: '' })).toThrow(/^room must be/);
  });

  test('is in no group before it has started, and throws when it is destroyed', async () => {
    const keys = identityKeys();
    const exchange = new MlsExchange({
      channel: call.server.connect('zoe'),
      room: 'standup',
      identity: { participant: 'zoe', ...keys },
      admit: () => true,
    });
    expect(exchange.epoch).toBeUndefined();
    expect(exchange.epochAuthenticator).toBeUndefined();
    expect(exchange.participants).toEqual([]);
    expect(exchange.rotate()).toBe(false);
    const started = exchange.start();
    exchange.destroy();
    exchange.destroy();
    const destroyed = expect.objectContaining({ code: 'destroyed' });
    await expect(started).rejects.toEqual(destroyed);
    for (const use of [
      () => exchange.remove('bob'),
      () => exchange.allow('bob'),
      () => exchange.forget('bob'),
      () => exchange.rotate(),
    ])
      expect(use).toThrow(destroyed);
  });

  test('keeps no exporter of an epoch that is long over', async () => {
    const [alice] = await three();
    const [first] = alice.events.filter(({ type }) => type === 'epoch');
    const old = first?.entrance?.exporter('label', new Uint8Array(0), 16);
    await expect(old).rejects.toMatchObject({ code: 'destroyed' });
  });

  test('ends its epochs when it is destroyed', async () => {
    const [alice] = await three();
    const last = alice.events.filter(({ type }) => type === 'epoch').at(-1);
    alice.hangUp();
    await expect(last?.entrance?.exporter('label', new Uint8Array(0), 16)).rejects.toMatchObject({
      code: 'destroyed',
    });
    expect(alice.exchange.epochAuthenticator).toBeUndefined();
  });
});
