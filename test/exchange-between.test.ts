// What a hostile server and an impatient application can do to an exchange between the lines of the protocol: letters of
// other sessions, answers that come late or never, names that are no names.
import { ed25519 } from '@noble/curves/ed25519.js';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { readBundle, writeBundle } from '../src/trust/exchange/key-bundle.ts';
import { messageOf, parseLetter, writeLetter } from '../src/trust/exchange/letter.ts';
import { ExchangeKey, Seal } from '../src/trust/exchange/seal.ts';
import { type Admit, type KeyChannel, SenderKeyExchange } from '../src/trust/exchange.ts';
import { fieldsOf, utf8 } from '../src/trust/fields.ts';
import { VerificationBook } from '../src/trust/verification.ts';
import { concat } from '../src/types.ts';
import { cipherSuite, fakeTime, identityKeys, isTalking, type Keys, Person, pass, until } from './people.ts';
import { type Mail, Server } from './server.ts';

const keys: Record<string, Keys> = {};
for (const name of ['alice', 'bob', 'carol', 'mallory']) keys[name] = identityKeys();
const [HELLO, KEYS, HAVE] = [1, 16, 17];
const bytes = (len: number): Uint8Array<ArrayBuffer> => crypto.getRandomValues(new Uint8Array(len));

let server: Server;
let people: Person[];
beforeEach(() => {
  fakeTime();
  server = new Server();
  people = [];
});
afterEach(() => {
  for (const person of people) person.hangUp();
  vi.useRealTimers();
});

function person(
  name: string,
  options: Partial<ConstructorParameters<typeof Person>[3]> = {},
  as = keys[name] as Keys,
): Person {
  const made = new Person(name, as, server, { admit: () => true, ...options });
  people.push(made);
  return made;
}
async function join(name: string, options: Parameters<typeof person>[1] = {}, as?: Keys): Promise<Person> {
  const made = person(name, options, as);
  await made.exchange.start();
  return made;
}
const typeOf = (mail: Mail): number | undefined => parseLetter(mail.bytes)?.type;

/** Keeps mail for later. */
function holdIn(held: Mail[], mail: Mail): Mail[] {
  held.push(mail);
  return [];
}

/** The session of somebody who has said something. */
function sessionOf(name: string): Uint8Array<ArrayBuffer> | undefined {
  const last = server.seen.filter(({ from }) => from === name).at(-1);
  return last && parseLetter(last.bytes)?.session;
}

/** A letter of anybody's, under any name, session and number. */
function letter(
  as: Keys,
  sender: string,
  session: Uint8Array,
  number: bigint,
  recipient: string,
  type: number,
  body: Uint8Array,
): Uint8Array<ArrayBuffer> {
  const written = writeLetter({
    type,
    algorithm: 1,
    session: new Uint8Array(session),
    number,
    room: 'standup',
    sender,
    identityKey: new Uint8Array(as.publicKey),
    recipient,
    toSession: sessionOf(recipient),
    body: new Uint8Array(body),
  });
  return concat(written, ed25519.sign(messageOf(written), as.privateKey));
}
function helloBody(
  flags: number,
  challenge: Uint8Array,
  proof: Uint8Array,
  exchangeKey: Uint8Array,
): Uint8Array<ArrayBuffer> {
  return concat(concat(new Uint8Array([flags, ...challenge, ...proof]), new Uint8Array([0, 4])), exchangeKey);
}

describe('a session has one identity key', () => {
  test('nobody takes over the session of a candidate, and is shown as him', async () => {
    const book = new VerificationBook();
    const admit: Admit = ({ status }) => status !== 'lapsed';
    const alice = await join('alice', { book, admit });
    // Alice hears Bob's first hello; the server keeps all that follows of him.
    let kept = 0;
    server.conduct = (mail) => (mail.from === 'bob' && kept++ > 0 ? [] : [mail]);
    await join('bob');
    await pass(1);
    const toBob = server.seen.filter(
      (mail) => mail.from === 'alice' && mail.to === 'bob' && typeOf(mail) === HELLO,
    );
    const greeting = toBob.map((mail) => parseLetter(mail.bytes)).find((each) => each?.recipient === 'bob');
    const bobs = parseLetter(server.seen.find(({ from }) => from === 'bob')!.bytes)!;
    const challenge = greeting!.body.slice(1, 17);
    const exchangeKey = new ExchangeKey();
    const body = helloBody(1, bytes(16), challenge, await exchangeKey.publicKey());
    // The server's own identity key, under Bob's name and in Bob's session.
    const own = keys['mallory'] as Keys;
    server.inject({ to: 'alice', bytes: letter(own, 'bob', bobs.session, 50n, 'alice', HELLO, body) });
    await until(() => alice.others.length > 0, 5).catch(() => {});
    const [shown] = alice.exchange.participants;
    alice.exchange.publish(bytes(16), 999);
    const sealedToBob = () => server.seen.filter((mail) => mail.to === 'bob' && typeOf(mail) === KEYS).at(-1);
    await until(() => sealedToBob() !== undefined, 5).catch(() => {});
    const sealed = sealedToBob();
    let opened: Uint8Array | undefined;
    if (sealed !== undefined) {
      const { session, body: keysBody } = parseLetter(sealed.bytes)!;
      for (const publicKey of [keys['bob']!.publicKey, own.publicKey]) {
        const info = fieldsOf(
          utf8('sframe-wasm sender keys'),
          utf8('standup'),
          utf8('alice'),
          keys['alice']!.publicKey,
          session,
          utf8('bob'),
          publicKey,
          bobs.session,
        );
        opened ??= await exchangeKey.open(keysBody.slice(4), info, keysBody.slice(0, 4));
      }
    }
    // Either it opens nothing, or it is shown as what it is.
    const isShownAsBob = shown !== undefined && `${shown.identityKey}` === `${keys['bob']!.publicKey}`;
    expect({ isShownAsBob, isOpened: opened !== undefined }).not.toEqual({
      isShownAsBob: true,
      isOpened: true,
    });
  });
});

describe('an answer that comes late', () => {
  test('does not give the name of somebody who is live to another key', async () => {
    let answer: (is: boolean) => void = () => {};
    const alice = await join('alice', {
      admit: ({ identityKey }) =>
        `${identityKey}` === `${keys['mallory']!.publicKey}`
          ? new Promise<boolean>((resolve) => {
              answer = resolve;
            })
          : true,
    });
    let isCut = true; // the server keeps Bob's proof until it has asked for itself
    server.conduct = (mail) =>
      isCut && mail.from === 'bob' && parseLetter(mail.bytes)?.recipient !== '' ? [] : [mail];
    const bob = await join('bob');
    await pass(1);
    const hello = helloBody(0, new Uint8Array(16), new Uint8Array(16), new Uint8Array(65));
    const own = keys['mallory'] as Keys;
    server.inject({ to: 'alice', bytes: letter(own, 'bob', bytes(16), 0n, '', HELLO, hello) });
    await pass(0.5);
    isCut = false;
    await until(() => isTalking([alice, bob]));
    answer(true); // "may Bob come in?"
    await pass(1);
    alice.rotation.reportLeak();
    await pass(5);
    // Bob's letters are refused from here on: "somebody pretends to be him"
    expect(alice.told('refused')).not.toContain('bob identity');
    await until(() => isTalking([alice, bob]), 30);
  });
});

describe('an answer that comes late, to a server that waits for it,', () => {
  test('is not to send keys of its own as his', async () => {
    let answer: (is: boolean) => void = () => {};
    const own = keys['mallory'] as Keys;
    const alice = await join('alice', {
      admit: ({ identityKey }) =>
        `${identityKey}` === `${own.publicKey}`
          ? new Promise<boolean>((resolve) => {
              answer = resolve;
            })
          : true,
    });
    let isCut = true;
    server.conduct = (mail) =>
      isCut && mail.from === 'bob' && parseLetter(mail.bytes)?.recipient !== '' ? [] : [mail];
    const bob = await join('bob');
    await pass(1);
    const hello = helloBody(0, new Uint8Array(16), new Uint8Array(16), new Uint8Array(65));
    server.inject({ to: 'alice', bytes: letter(own, 'bob', bytes(16), 0n, '', HELLO, hello) });
    await pass(0.5);
    isCut = false;
    await until(() => isTalking([alice, bob]));
    answer(true);
    await pass(1);
    const find = (from: string) =>
      parseLetter(server.seen.filter((mail) => mail.from === from).at(-1)!.bytes)!;
    const [alices, bobs] = [find('alice'), find('bob')];
    const { body } = parseLetter(server.seen.find(({ from }) => from === 'alice')!.bytes)!;
    const info = fieldsOf(
      utf8('sframe-wasm sender keys'),
      utf8('standup'),
      utf8('bob'),
      keys['bob']!.publicKey,
      bobs.session,
      utf8('alice'),
      keys['alice']!.publicKey,
      alices.session,
    );
    const generation = new Uint8Array([0, 0, 0, 99]);
    const bundle = writeBundle(4, [{ generation: 99, kid: 666n, baseKey: bytes(16) }]);
    const sealed = await new Seal(body.slice(33 + 2)).seal(bundle, info, generation);
    server.inject({
      to: 'alice',
      bytes: letter(own, 'bob', bobs.session, 5000n, 'alice', KEYS, concat(generation, sealed)),
    });
    await pass(1);
    expect(alice.exchange.participants[0]?.identityKey).toEqual(keys['bob']!.publicKey);
    expect(alice.events.some(({ type, kid }) => type === 'key' && kid === 666n)).toBe(false);
  });
});

describe('an answer that does not come', () => {
  test('about a false key does not hold up the true one of that name', async () => {
    const asked: string[] = [];
    const alice = await join('alice', {
      admit: ({ identityKey }) => {
        const isBob = `${identityKey}` === `${keys['bob']!.publicKey}`;
        asked.push(isBob ? 'bob' : 'false');
        return isBob ? true : new Promise(() => {}); // the user does not answer
      },
    });
    const hello = helloBody(0, new Uint8Array(16), new Uint8Array(16), new Uint8Array(65));
    server.inject({ to: 'alice', bytes: letter(keys['mallory']!, 'bob', bytes(16), 0n, '', HELLO, hello) });
    await pass(1);
    await join('bob');
    await pass(150);
    expect(asked).toContain('bob');
    expect(alice.others).toEqual(['bob']);
  });
});

describe('a confirmation of an earlier session', () => {
  test('of the recipient says nothing of the keys of the next', async () => {
    const bob = await join('bob');
    const first = await join('alice');
    await until(() => isTalking([first, bob]));
    const held: Mail[] = [];
    server.conduct = (mail) => (mail.from === 'bob' && typeOf(mail) === HAVE ? holdIn(held, mail) : [mail]);
    first.rotation.reportLeak();
    await until(() => held.length > 0);
    server.disconnect('alice');
    first.hangUp();
    // She comes back; what she seals is lost, and what Bob said before is delivered.
    server.conduct = (mail) => (mail.from === 'alice' && typeOf(mail) === KEYS ? [] : [mail]);
    const second = await join('alice');
    await until(() => second.others.includes('bob'));
    second.exchange.publish(bytes(16), 4242);
    await pass(2);
    for (const { bytes: old } of held) server.inject({ to: 'alice', bytes: old });
    await pass(2);
    const isConfirmed = second.events.some(({ type, kid }) => type === 'confirmed' && kid === 4242n);
    server.conduct = (mail) => [mail]; // from here on it behaves
    await pass(120);
    const hasCome = bob.events.some(({ type, kid }) => type === 'key' && kid === 4242n);
    expect({ isConfirmed, hasCome }).toEqual({ isConfirmed: false, hasCome: true });
  });
});

describe('one side alone forgets', () => {
  test('by forget(): she comes back, and is heard', async () => {
    const both = [await join('alice'), await join('bob')] as const;
    const [alice, bob] = both;
    await until(() => isTalking(both));
    bob.exchange.forget('alice'); // signalling lost sight of her for a moment, and said so to Bob
    await until(() => bob.others.includes('alice'));
    await pass(60);
    bob.exchange.request('alice');
    await pass(10);
    expect(bob.hear('alice', alice.say('hello') as Uint8Array)).toBe('hello');
  });

  test('by remove() and allow(), the same', async () => {
    const both = [await join('alice'), await join('bob')] as const;
    const [alice, bob] = both;
    await until(() => isTalking(both));
    alice.exchange.remove('bob');
    await pass(5);
    alice.exchange.allow('bob');
    await until(() => alice.others.includes('bob'));
    await pass(60);
    alice.exchange.request('bob');
    await pass(10);
    expect(alice.hear('bob', bob.say('hello') as Uint8Array)).toBe('hello');
  });
});

describe('half a handshake', () => {
  test('is finished as soon as letters are: the one who is not believed yet knows it', async () => {
    const bob = await join('bob');
    // Bob's proofs and keys to Carol are lost for 70 s. He has her; she does not have him. He knows that.
    const isHelloToAll = ({ bytes: each }: Mail) =>
      parseLetter(each)!
        .body.slice(17, 33)
        .every((byte) => byte === 0);
    server.conduct = (mail) =>
      mail.from === 'bob' && mail.to === 'carol' && !(typeOf(mail) === HELLO && isHelloToAll(mail))
        ? []
        : [mail];
    const carol = await join('carol');
    await pass(70);
    expect(bob.others).toEqual(['carol']);
    bob.say('starts a key');
    server.conduct = (mail) => [mail];
    // The next hello to all is up to 60 s away.
    await until(() => isTalking([bob, carol]), 35);
  });
});

describe('what a member sends as keys', () => {
  test('is base keys, and no more of them than there can be', () => {
    const of = (generation: number, len: number) => ({ generation, kid: 1n, baseKey: bytes(len) });
    // SFrameDecryptor.addDecryptionKey would throw in the listener: in Node an uncaught exception ends the process
    expect(readBundle(writeBundle(4, [of(1, 1)]), 4)).toBeUndefined();
    expect(readBundle(writeBundle(4, [of(1, 5000)]), 4)).toBeUndefined();
    // 30 000 would fit into a letter; each costs 6 KB in a decryptor.
    const many = Array.from({ length: 30_000 }, (_, i) => of(i + 1, 16));
    expect(readBundle(writeBundle(4, many), 4)).toBeUndefined();
  });
});

describe('a channel whose promise is never settled', () => {
  test('for one recipient holds up nobody else, nor wiping', async () => {
    const channel = server.connect('alice');
    const { send } = channel;
    channel.send = (to, sent) => {
      send(to, sent);
      return to === 'carol' ? new Promise(() => {}) : undefined; // the server does not acknowledge
    };
    const alice = new SenderKeyExchange({
      channel,
      room: 'standup',
      cipherSuite,
      admit: () => true,
      identity: { participant: 'alice', ...(keys['alice'] as Keys) },
    });
    await alice.start();
    const carol = await join('carol');
    await until(() => carol.others.length > 0, 30).catch(() => {});
    const bob = await join('bob');
    await pass(70);
    expect(bob.others).toContain('alice');
    alice.destroy();
  });
});

describe('a key that is published while another is on its way', () => {
  test('follows at once', async () => {
    const channel = server.connect('alice');
    const { send } = channel;
    let release: () => void = () => {};
    let isSlow = false;
    channel.send = (to, sent) => {
      send(to, sent);
      return isSlow
        ? new Promise<void>((resolve) => {
            release = resolve;
          })
        : undefined;
    };
    const alice = new SenderKeyExchange({
      channel,
      room: 'standup',
      cipherSuite,
      admit: () => true,
      identity: { participant: 'alice', ...(keys['alice'] as Keys) },
    });
    await alice.start();
    const bob = await join('bob');
    await until(() => alice.participants.length > 0 && bob.others.length > 0);
    await pass(2);
    isSlow = true;
    alice.publish(bytes(16), 1);
    await pass(0.25);
    alice.publish(bytes(16), 2); // somebody has left: 1 may be used for a second at most
    isSlow = false;
    release();
    await pass(0.75);
    const kids = bob.events.filter(({ type }) => type === 'key').map(({ kid }) => kid);
    alice.destroy();
    expect(kids).toEqual([1n, 2n]);
  });
});

describe('a listener that shuts out', () => {
  test('somebody whose session has just changed is obeyed', async () => {
    const [alice, bob] = [await join('alice'), await join('bob')];
    await until(() => isTalking([alice, bob]));
    alice.exchange.addEventListener('leave', ({ participant }) => void alice.exchange.remove(participant));
    server.disconnect('bob');
    bob.hangUp();
    const again = await join('bob');
    await pass(5);
    alice.exchange.publish(bytes(16), 777);
    await pass(5);
    expect(again.events.some(({ type, kid }) => type === 'key' && kid === 777n)).toBe(false);
    expect(alice.others).toEqual([]);
  });
});

describe('who was removed', () => {
  test('does not come back under another name with this identity key', async () => {
    const [alice, bob] = [await join('alice'), await join('bob')];
    await until(() => isTalking([alice, bob]));
    alice.exchange.remove('bob');
    bob.hangUp();
    await join('bob ', {}, keys['bob'] as Keys);
    await pass(10);
    expect(alice.others).toEqual([]);
  });
});

describe('invented names', () => {
  const hello = helloBody(0, new Uint8Array(16), new Uint8Array(16), new Uint8Array(65));
  const junk = (sender: string): Uint8Array<ArrayBuffer> => {
    const made = letter(keys['mallory'] as Keys, 'x', bytes(16), 0n, '', HELLO, hello);
    const { session } = parseLetter(made)!;
    const written = writeLetter({
      type: HELLO,
      algorithm: 1,
      session,
      number: 0n,
      room: 'standup',
      sender,
      identityKey: new Uint8Array(keys['mallory']!.publicKey),
      recipient: '',
      body: new Uint8Array(hello),
    });
    return concat(written, new Uint8Array(64));
  };

  test('do not silence the warning that matters', async () => {
    const [alice, bob] = [await join('alice'), await join('bob')];
    await until(() => isTalking([alice, bob]));
    for (let i = 0; i < 1100; i++) server.inject({ to: 'alice', bytes: junk(`n${i}`) });
    await until(() => alice.told('refused').length >= 1024, 600);
    await pass(5);
    expect(alice.told('refused')).toHaveLength(1024);
    server.inject({ to: 'alice', bytes: letter(keys['mallory']!, 'bob', bytes(16), 0n, '', HELLO, hello) });
    await pass(1);
    expect(alice.told('refused')).toContain('bob identity');
  });

  test('are as long as names may be', async () => {
    expect(parseLetter(junk('x'.repeat(513)))).toBeUndefined();
    expect(parseLetter(junk(''))).toBeUndefined();
  });

  test('none is empty: letters to him would go to everybody', async () => {
    const alice = await join('alice');
    const bob = await join('bob');
    await until(() => isTalking([alice, bob]));
    const channel: KeyChannel = server.connect('nobody');
    const exchangeKey = new ExchangeKey();
    const publicKey = await exchangeKey.publicKey();
    const session = bytes(16);
    const own = keys['mallory'] as Keys;
    const say = (number: bigint, proof: Uint8Array) =>
      server.inject({
        to: 'alice',
        bytes: letter(
          own,
          '',
          session,
          number,
          'alice',
          HELLO,
          helloBody(1, new Uint8Array(16), proof, publicKey),
        ),
      });
    say(0n, new Uint8Array(16));
    await pass(0.5);
    const greeting = server.seen
      .filter((mail) => mail.from === 'alice' && mail.to === 'bob')
      .map((mail) => parseLetter(mail.bytes)!)
      .filter(
        ({ type, recipient, body }) =>
          type === HELLO && recipient === '' && body.slice(1, 17).some((byte) => byte !== 0),
      );
    if (greeting.length > 0) say(1n, greeting.at(-1)!.body.slice(1, 17));
    await pass(5);
    expect(channel.onmessage).toBe(null);
    expect(alice.others).toEqual(['bob']);
    expect(bob.told('refused')).toEqual([]);
  });
});

describe('an exchange', () => {
  test('without WebCrypto: engine-unavailable', () => {
    const real = globalThis.crypto;
    vi.stubGlobal('crypto', { getRandomValues: real.getRandomValues.bind(real) });
    try {
      expect(
        () =>
          new SenderKeyExchange({
            channel: server.connect('alice'),
            room: 'standup',
            cipherSuite,
            admit: () => true,
            identity: { participant: 'alice', ...(keys['alice'] as Keys) },
          }),
      ).toThrow(expect.objectContaining({ code: 'engine-unavailable' }));
    } finally {
      vi.unstubAllGlobals();
    }
  });

  test('destroying an exchange does not silence the next one on its channel', async () => {
    const channel = server.connect('alice');
    const options = {
      channel,
      room: 'standup',
      cipherSuite,
      admit: () => true,
      identity: { participant: 'alice', ...(keys['alice'] as Keys) },
    } as const;
    const first = new SenderKeyExchange(options);
    const second = new SenderKeyExchange(options);
    first.destroy();
    await second.start();
    await join('bob');
    await pass(5);
    expect(second.participants).toHaveLength(1);
    second.destroy();
  });

  test('one recorded hello does not ask the application again and again', async () => {
    let asked = 0;
    const alice = await join('alice', {
      admit: () => {
        asked += 1;
        return false;
      },
    });
    const hello = helloBody(0, new Uint8Array(16), new Uint8Array(16), new Uint8Array(65));
    const recorded = letter(keys['mallory']!, 'bob', bytes(16), 0n, '', HELLO, hello);
    for (let i = 0; i < 200; i++) server.inject({ to: 'alice', bytes: recorded });
    await pass(2);
    expect(alice.others).toEqual([]);
    expect(asked).toBeLessThan(10);
  });

  test('two recorded hellos of one name in turn are not answered without end', async () => {
    const alice = await join('alice');
    const hello = helloBody(0, new Uint8Array(16), new Uint8Array(16), new Uint8Array(65));
    const two = [0, 1].map(() => letter(keys['bob']!, 'bob', bytes(16), 0n, '', HELLO, hello));
    const { sent } = server;
    for (let i = 0; i < 200; i++)
      server.inject({ to: 'alice', bytes: two[i % 2] as Uint8Array<ArrayBuffer> });
    await pass(1);
    expect(alice.others).toEqual([]);
    expect(server.sent - sent).toBeLessThan(10);
  });

  test('request() for each frame without a key does not flood', async () => {
    const [alice, bob] = [await join('alice'), await join('bob')];
    await until(() => isTalking([alice, bob]));
    const { sent } = server;
    for (let i = 0; i < 100; i++) bob.exchange.request('alice');
    await pass(1);
    expect(server.sent - sent).toBeLessThan(10);
  });

  test('a proof that was held back for an hour is not "there now"', async () => {
    const alice = await join('alice');
    const held: Mail[] = [];
    server.conduct = (mail) =>
      mail.from === 'bob' && parseLetter(mail.bytes)?.recipient === 'alice' ? holdIn(held, mail) : [mail];
    const bob = await join('bob');
    await until(() =>
      held.some((mail) =>
        parseLetter(mail.bytes)!
          .body.slice(17, 33)
          .some((byte) => byte !== 0),
      ),
    );
    bob.hangUp();
    await pass(10);
    vi.advanceTimersByTime(3_600_000);
    server.conduct = (mail) => [mail];
    for (const { bytes: old } of held) server.inject({ to: 'alice', bytes: old });
    await pass(2);
    expect(alice.others).toEqual([]);
  });

  test('an answer after destroy() ends no verification', async () => {
    const book = new VerificationBook();
    book.markVerified('bob', keys['bob']!.publicKey);
    let answer: (is: boolean) => void = () => {};
    const alice = await join('alice', {
      book,
      admit: () =>
        new Promise((resolve) => {
          answer = resolve;
        }),
    });
    const hello = helloBody(0, new Uint8Array(16), new Uint8Array(16), new Uint8Array(65));
    server.inject({ to: 'alice', bytes: letter(keys['mallory']!, 'bob', bytes(16), 0n, '', HELLO, hello) });
    await pass(1);
    alice.exchange.destroy();
    answer(true);
    await pass(1);
    expect(book.isVerified('bob', keys['bob']!.publicKey)).toBe(true);
  });

  test('letters of our own earlier session are no alarm', async () => {
    await join('bob');
    const first = await join('alice');
    await pass(1);
    first.hangUp();
    await pass(1);
    const old = server.seen.filter(({ from }) => from === 'alice');
    expect(old.length).toBeGreaterThan(0);
    const second = await join('alice');
    for (const { bytes: each } of old) server.inject({ to: 'alice', bytes: each });
    await pass(1);
    expect(second.told('refused')).toEqual([]);
  });

  test('a participant who is being asked about can be removed', async () => {
    let answer: (is: boolean) => void = () => {};
    const alice = await join('alice', {
      admit: () =>
        new Promise((resolve) => {
          answer = resolve;
        }),
    });
    await join('bob');
    await pass(1);
    alice.exchange.remove('bob');
    answer(true);
    await pass(10);
    expect(alice.others).toEqual([]);
  });

  test('recipients are not the letters of a name', async () => {
    const alice = await join('alice');
    expect(() => alice.exchange.publish(bytes(16), 1, 'bob' as unknown as string[])).toThrow(TypeError);
  });

  test('the key in use is not given up for one that replaces the staged one', async () => {
    const [alice, bob] = [await join('alice'), await join('bob')];
    await until(() => isTalking([alice, bob]));
    server.conduct = (mail) =>
      mail.from === 'alice' && mail.to === 'bob' && typeOf(mail) === KEYS ? [] : [mail];
    const before = alice.rotation.kid;
    alice.rotation.reportLeak(); // Bob is cut off, and the key goes into use without him
    await until(() => alice.say('x') !== undefined && alice.rotation.kid !== before);
    const inUse = alice.rotation.kid;
    await pass(1);
    // two come, one after the other: a key is staged, and another instead of it
    for (const name of ['guest 1', 'guest 2']) alice.rotation.join(name);
    expect(alice.rotation.kid).toBe(inUse);
    server.conduct = (mail) => [mail];
    bob.exchange.request('alice');
    await pass(1);
    expect(alice.rotation.kid).toBe(inUse);
    expect(bob.events.some(({ type, kid }) => type === 'key' && kid === inUse)).toBe(true);
  });
});
