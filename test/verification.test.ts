// Verification: the same string for two who talk to each other, whatever happens to their messages.

import fc from 'fast-check';
import { afterEach, describe, expect, test, vi } from 'vitest';
import {
  epochFingerprint,
  identityFingerprint,
  Verification,
  VerificationBook,
  type VerificationOptions,
  verificationEmoji,
} from '../src/trust/verification.ts';
import vectors from '../vectors/verification.json' with { type: 'json' };
import { noise } from './lengths.ts';
import { hex, unhex } from './oracle.ts';
import {
  alice,
  bob,
  type Changes,
  carry,
  type cipherSuite,
  commitOf,
  expectSame,
  mallory,
  open,
  pair,
  seedNonces,
  some,
} from './verifiers.ts';

afterEach(() => {
  vi.restoreAllMocks();
  vi.unstubAllGlobals();
});

describe('two who talk to each other', () => {
  test.each(vectors.runs)('vector: $why', async (v) => {
    const [a, b] = v.participants.map(({ id, identityKey, exchangeKey }) => ({
      id,
      identityKey: unhex(identityKey),
      exchangeKey: unhex(exchangeKey),
    }));
    seedNonces(v.participants.map(({ nonce }) => unhex(nonce)));
    const call = {
      room: v.room,
      cipherSuite: v.cipherSuite as 'AES_128_GCM_SHA256_128',
      context: unhex(v.context),
    };
    const [first, second] = [open(a!, b!, call), open(b!, a!, call)];
    const commits = [await first.start(), await second.start()];
    expect(commits.map(hex)).toEqual(v.participants.map(({ commit }) => commit));
    const reveals = [some(await first.receive(commits[1]!)), some(await second.receive(commits[0]!))];
    expect(reveals.map(hex)).toEqual(v.participants.map(({ reveal }) => reveal));
    expect(await first.receive(reveals[1]!)).toBeUndefined();
    expect(await second.receive(reveals[0]!)).toBeUndefined();
    expectSame(first, second);
    expect(first.sas!.emoji).toEqual(v.emoji.map((number) => verificationEmoji[number]));
    expect(first.sas!.emoji.map(({ name }) => name)).toEqual(v.names);
    expect(first.sas!.digits).toBe(v.digits);
  });

  test('whoever begins, and if both do', async () => {
    const [a, b] = pair();
    await carry(await a.start(), b, a);
    expectSame(a, b);
    const [c, d] = pair();
    await carry(await d.start(), c, d);
    expectSame(c, d);
    const [e, f] = pair();
    const [fromE, fromF] = [await e.start(), await f.start()];
    await Promise.all([carry(fromE, f, e), carry(fromF, e, f)]);
    expectSame(e, f);
    expect(new Set([a, c, e].map(({ sas }) => sas!.digits)).size, 'each run has its own').toBe(3);
  });

  test('confirming verifies the peer, and nothing but success does', async () => {
    const [book, other] = [new VerificationBook(), new VerificationBook()];
    const [a, b] = pair({ book }, { book: other });
    expect([a.state, a.sas, a.endReason]).toEqual(['waiting', undefined, undefined]);
    expect([a.confirm(), a.reject()], 'too early').toEqual([false, false]);
    await carry(await a.start(), b, a);
    expect(book.isVerified('bob', bob.identityKey)).toBe(false);
    expect(a.peer).toEqual({ id: 'bob', identityKey: bob.identityKey });
    expect(a.confirm()).toBe(true);
    expect(a.state).toBe('verified');
    expect(a.sas, 'still shown').toEqual(b.sas);
    expect(book.isVerified('bob', bob.identityKey)).toBe(true);
    expect([a.confirm(), a.reject()], 'over').toEqual([false, false]);
    a.abort();
    expect(a.state).toBe('verified');
    expect(b.reject()).toBe(true);
    expect([b.state, b.endReason, b.sas]).toEqual(['ended', 'rejected', undefined]);
    expect([b.confirm(), b.reject()]).toEqual([false, false]);
    expect(other.isVerified('alice', alice.identityKey)).toBe(false);
  });

  test('bytes given may change, and bytes returned own their buffer', async () => {
    const own = { ...alice, identityKey: alice.identityKey.slice(), exchangeKey: alice.exchangeKey.slice() };
    const peer = { ...bob, identityKey: bob.identityKey.slice(), exchangeKey: bob.exchangeKey.slice() };
    const context = noise(32, 9);
    const a = open(own, peer, { context });
    const b = open(bob, alice, { context: noise(32, 9) });
    for (const bytes of [own.identityKey, own.exchangeKey, peer.identityKey, peer.exchangeKey, context])
      bytes.fill(0);
    a.peer.identityKey.fill(0);
    expect(a.peer.identityKey).toEqual(bob.identityKey);
    const commit = await b.start();
    const given = new Uint8Array([9, ...commit, 9]);
    const receiving = a.receive(given.subarray(1, 35));
    given.fill(0);
    const answer = some(await receiving);
    for (const bytes of [commit, answer]) {
      expect(bytes.byteOffset).toBe(0);
      expect(bytes.buffer.byteLength).toBe(bytes.length);
    }
    expect([commit.length, answer.length]).toEqual([34, 98]);
    await carry(answer, b, a);
    expectSame(a, b);
  });
});

describe('in any order', () => {
  /** All orders of some letters. */
  function ordersOf(letters: string): string[] {
    if (letters === '') return [''];
    return [...new Set(letters)].flatMap((letter) =>
      ordersOf(letters.replace(letter, '')).map((rest) => letter + rest),
    );
  }

  /** Alice and Bob, and what each has said: commits by C, c, reveals by R, r. */
  class Table {
    readonly a: Verification;
    readonly b: Verification;
    readonly said: Map<string, Uint8Array> = new Map();
    constructor() {
      [this.a, this.b] = pair();
    }
    async start(who: 'C' | 'c'): Promise<void> {
      this.said.set(who, await (who === 'C' ? this.a : this.b).start());
    }
    /** Delivers a message, if it has been said. */
    async deliver(letter: string): Promise<void> {
      const message = this.said.get(letter);
      const fromAlice = letter === letter.toUpperCase();
      if (message === undefined) return;
      const answer = await (fromAlice ? this.b : this.a).receive(message);
      if (answer === undefined) return;
      const name = fromAlice ? 'r' : 'R';
      expect(answer[1], 'answers are reveals, and always the same').toBe(2);
      if (this.said.has(name)) expect(answer).toEqual(this.said.get(name));
      this.said.set(name, answer);
    }
    async settle(): Promise<void> {
      for (const letter of 'CcRrRr') await this.deliver(letter);
    }
  }

  test.each([
    ['both begin', 'Cc'],
    ['one begins', 'C'],
  ])('%s: every order of all messages, each delivered twice', async (_, beginners) => {
    const orders = ordersOf('CCccRRrr');
    expect(orders).toHaveLength(2520);
    const strings = new Set<string>();
    for (const order of orders) {
      const table = new Table();
      for (const who of beginners) await table.start(who as 'C' | 'c');
      for (const letter of order) await table.deliver(letter);
      await table.settle();
      expectSame(table.a, table.b);
      strings.add(table.a.sas!.digits);
    }
    expect(strings.size).toBe(2520);
  });

  test('lost, repeated, late and out of order, as long as one keeps asking', async () => {
    const step = fc.constantFrom('start', 'begin', 'C', 'c', 'R', 'r');
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 30 }), async (steps) => {
        const table = new Table();
        for (const step of steps) {
          if (step === 'start') await table.start('C');
          else if (step === 'begin') await table.start('c');
          else await table.deliver(step);
        }
        // Whatever has been lost: two commits, sent again, bring it all about.
        await table.start('C');
        await table.start('c');
        await table.settle();
        expectSame(table.a, table.b);
      }),
      { numRuns: 200 },
    );
  });

  test('all at once', async () => {
    const [a, b] = pair();
    const commits = [await a.start(), await b.start()] as const;
    const answers = await Promise.all([a.receive(commits[1]), a.receive(commits[1]), b.receive(commits[0])]);
    expect(answers[0]).toEqual(answers[1]);
    const none = await Promise.all([
      a.receive(answers[2]!),
      a.receive(answers[2]!),
      b.receive(answers[0]!),
      b.receive(answers[1]!),
    ]);
    expect(none).toEqual([undefined, undefined, undefined, undefined]);
    expectSame(a, b);
    // a false one behind a true one, which takes longer to open
    const [c, d] = pair();
    const reveal = some(await d.receive(await c.start()));
    const falsified = reveal.slice().fill(0, 66);
    const answer = some((await Promise.all([c.receive(reveal), c.receive(falsified)]))[0]);
    await d.receive(answer);
    expectSame(c, d);
  });
});

describe('messages of elsewhere', () => {
  test('late, replayed and foreign ones change nothing', async () => {
    const books = { book: new VerificationBook() };
    const bobs = { book: new VerificationBook() };
    const [old, oldBob] = pair(books, bobs);
    const heard = [await old.start(), await oldBob.start()];
    heard.push(some(await oldBob.receive(heard[0]!)), some(await old.receive(heard[1]!)));
    old.abort();
    oldBob.abort();
    const [c, d] = [open(mallory, alice), open(alice, mallory)];
    const foreign = [some(await d.receive(await c.start()))];
    foreign.push(some(await c.receive(foreign[0]!)));

    const [a, b] = pair(books, bobs);
    const insult = async () => {
      for (const message of [...heard, ...foreign]) {
        expect(await a.receive(message)).toBeUndefined();
        expect(await b.receive(message)).toBeUndefined();
      }
    };
    const replay = async () => {
      for (const message of heard)
        for (const run of [a, b]) expect(await run.receive(message)).toBeUndefined();
    };
    await replay();
    const commits = [await a.start(), await b.start()];
    await replay();
    const reveals = [some(await a.receive(commits[1]!)), some(await b.receive(commits[0]!))];
    await insult();
    await Promise.all([a.receive(reveals[1]!), b.receive(reveals[0]!)]);
    expectSame(a, b);
    const { sas } = a;
    await insult();
    expectSame(a, b);
    expect(a.sas).toEqual(sas);
    a.confirm();
    await insult();
    expect(a.state).toBe('verified');
  });

  test('what is no bytes is refused', async () => {
    const [a] = pair();
    for (const message of [undefined, null, 'commit', [1, 1], new ArrayBuffer(34), new Uint16Array(34)]) {
      await expect(a.receive(message as unknown as Uint8Array)).rejects.toThrow(TypeError);
      await expect(a.receive(message as unknown as Uint8Array)).rejects.toThrow(/^message /);
    }
    expect(a.state).toBe('waiting');
  });
});

describe('ends', () => {
  test('for good: another try has other nonces', async () => {
    const drawn = seedNonces();
    const [a, b] = pair();
    const commit = await b.start();
    const reveal = some(await a.receive(commit));
    a.abort();
    expect([a.state, a.endReason]).toEqual(['ended', 'aborted']);
    expect(await a.receive(commit), 'not even again').toBeUndefined();
    expect(await a.receive(some(await b.receive(reveal)))).toBeUndefined();
    expect([a.confirm(), a.reject(), a.sas]).toEqual([false, false, undefined]);
    await expect(a.start()).rejects.toMatchObject({ code: 'destroyed' });
    a.abort();
    expect(a.endReason).toBe('aborted');
    const again = await open(alice, bob).start();
    expect(hex(again)).not.toBe(hex(reveal.slice(0, 34)));
    expect(new Set(drawn.map(hex)).size).toBe(3);
  });

  test('a peer who comes again with the same nonce is not answered', async () => {
    const book = new VerificationBook();
    const b = open(bob, alice);
    const first = open(alice, bob, { book });
    const commit = await b.start();
    expect(await first.receive(commit)).toBeDefined();
    first.abort();
    const second = open(alice, bob, { book });
    expect(await second.receive(commit)).toBeUndefined();
    expect(await second.receive(some(await b.receive(await second.start())))).toBeUndefined();
    expect(second.state).toBe('waiting');
  });

  test('in mid-message: nothing gets out any more', async () => {
    for (const give of ['commit', 'reveal'] as const) {
      const [a, b] = pair();
      const commit = await a.start();
      const message = give === 'commit' ? await b.start() : some(await b.receive(commit));
      const answering = a.receive(message);
      a.abort();
      expect(await answering).toBeUndefined();
      expect([a.state, a.sas]).toEqual(['ended', undefined]);
    }
  });

  test('by time', async () => {
    let time = 1000;
    const now = () => time;
    const [a, b] = pair({ now }, { now });
    await carry(await a.start(), b, a);
    time += 599_999;
    expectSame(a, b);
    time += 1;
    expect([a.state, a.endReason, a.sas]).toEqual(['ended', 'expired', undefined]);
    expect(b.confirm()).toBe(false);
    expect(b.endReason).toBe('expired');
    const [c, d] = pair({ now, lifeSeconds: 5 }, { now });
    time += 5000;
    expect(await c.receive(await d.start())).toBeUndefined();
    await expect(c.start()).rejects.toMatchObject({ code: 'destroyed' });
    const [e, f] = pair({ now }, { now });
    await carry(await e.start(), f, e);
    e.confirm();
    time += 1e9;
    expect(e.state, 'no more once verified').toBe('verified');
  });

  test('where there is no WebCrypto', async () => {
    const a = open(alice, bob);
    vi.stubGlobal('crypto', { getRandomValues: () => undefined });
    const unavailable = { code: 'engine-unavailable' };
    await expect(a.start()).rejects.toMatchObject(unavailable);
    await expect(a.receive(commitOf(noise(32, 1)))).rejects.toMatchObject(unavailable);
    await expect(identityFingerprint(noise(32, 1))).rejects.toMatchObject(unavailable);
    await expect(epochFingerprint(noise(32, 1))).rejects.toMatchObject(unavailable);
  });
});

describe('what is refused', () => {
  const book = new VerificationBook();
  const notText = [undefined, null, 7, ['alice'], '\ud83e'];
  const notBytes = [undefined, null, 'key', [1], new ArrayBuffer(32)];
  const long = 'x'.repeat(513);
  const cases: [argument: string, error: ErrorConstructor, values: Changes[]][] = [
    ['book', TypeError, [{}, null, new Map()].map((book) => ({ book: book as unknown as VerificationBook }))],
    ['room', TypeError, notText.map((room) => ({ room: room as string }))],
    ['room', RangeError, ['', long].map((room) => ({ room }))],
    ['cipherSuite', TypeError, ['AES', 4].map((suite) => ({ cipherSuite: suite as typeof cipherSuite }))],
    ...(['own', 'peer'] as const).flatMap((side): typeof cases => [
      [side, TypeError, [undefined, null, 'bob'].map((value) => ({ [side]: value }))],
      [`${side}.id`, TypeError, notText.map((id) => ({ [side]: { ...mallory, id } }))],
      [`${side}.id`, RangeError, ['', long].map((id) => ({ [side]: { ...mallory, id } }))],
      ...(['identityKey', 'exchangeKey'] as const).flatMap((key): typeof cases => [
        [`${side}.${key}`, TypeError, notBytes.map((bytes) => ({ [side]: { ...mallory, [key]: bytes } }))],
        [
          `${side}.${key}`,
          RangeError,
          [0, 31, 4097].map((len) => ({ [side]: { ...mallory, [key]: noise(len, 1) } })),
        ],
      ]),
    ]),
    [
      'context',
      TypeError,
      notBytes.slice(1).map((context) => ({ context: context as unknown as Uint8Array })),
    ],
    ['context', RangeError, [{ context: new Uint8Array(4097) }]],
    ['lifeSeconds', TypeError, [{ lifeSeconds: '5' as unknown as number }]],
    ['lifeSeconds', RangeError, [0, -1, 0.5, 86_401, Number.NaN].map((lifeSeconds) => ({ lifeSeconds }))],
    ['now', TypeError, [{ now: 5 as unknown as () => number }]],
    ['now', RangeError, [{ now: () => Number.NaN }]],
  ];

  test.each(cases)('%s: %o', (argument, error, values) => {
    const draw = vi.spyOn(crypto, 'getRandomValues');
    for (const changes of values) {
      const make = () => open(alice, bob, { book, ...changes });
      expect(make).toThrow(error);
      expect(make).toThrow(new RegExp(`^${argument.replace('.', '\\.')} `));
    }
    expect(draw, 'no work').not.toHaveBeenCalled();
    expect(book.export(), 'nothing noted').toEqual(new VerificationBook().export());
  });

  test('options that are none', () => {
    for (const options of [undefined, null, 'alice'])
      expect(() => new Verification(options as unknown as VerificationOptions)).toThrow(/^options /);
    for (const options of [null, 'alice'])
      expect(() => new VerificationBook(options as unknown as object)).toThrow(/^options /);
  });

  test('of the book', () => {
    for (const [maxAttempts, error] of [
      [0, RangeError],
      [1001, RangeError],
      [1.5, RangeError],
      ['10', TypeError],
    ] as const) {
      const make = () => new VerificationBook({ maxAttempts: maxAttempts as number });
      expect(make).toThrow(error);
      expect(make).toThrow(/^maxAttempts /);
    }
    expect(() => new VerificationBook({ stored: [1] as unknown as Uint8Array })).toThrow(/^stored /);
    const calls = ['isVerified', 'observe', 'markVerified'] as const;
    for (const call of calls) {
      for (const id of notText) expect(() => book[call](id as string, noise(32, 1))).toThrow(/^id /);
      for (const key of [...notBytes, noise(31, 1)])
        expect(() => book[call]('bob', key as unknown as unknown as Uint8Array)).toThrow(/^identityKey /);
    }
    for (const call of ['forget', 'attemptsLeft'] as const)
      for (const id of [...notText, '', long]) expect(() => book[call](id as string)).toThrow(/^id /);
    expect(book.export()).toEqual(new VerificationBook().export());
  });

  test('the longest that is taken', async () => {
    const [a, b] = ['a', 'b'].map((letter, i) => ({
      id: letter.repeat(512),
      identityKey: noise(4096, i),
      exchangeKey: noise(4096, 7 + i),
    }));
    const call = { room: 'é'.repeat(256), context: noise(4096, 3), lifeSeconds: 86_400 };
    const [first, second] = [open(a!, b!, call), open(b!, a!, call)];
    await carry(await first.start(), second, first);
    expectSame(first, second);
  });
});
