// Verification against whoever carries the messages: no string that he has chosen, and no more tries than he is given.

import { afterEach, describe, expect, test, vi } from 'vitest';
import { partOf, readParty, sharedFields, shortStringOf } from '../src/trust/verification/transcript.ts';
import {
  type Verification,
  VerificationBook,
  type VerificationParticipant,
  verificationEmoji,
} from '../src/trust/verification.ts';
import { noise } from './lengths.ts';
import {
  alice,
  bob,
  type Changes,
  carry,
  commitmentIn,
  commitOf,
  contains,
  expectSame,
  mallory,
  open,
  pair,
  participant,
  revealOf,
  room,
  seedNonces,
  some,
} from './verifiers.ts';

afterEach(() => {
  vi.restoreAllMocks();
  vi.unstubAllGlobals();
});

describe('what somebody substitutes', () => {
  const otherKey = noise(32, 77);
  /** What is different at Bob's, and who finds out: whoever holds something else than the other has. */
  const views: [what: string, view: Changes, atAlice: boolean, atBob: boolean][] = [
    ["Alice's identity key", { peer: { ...alice, identityKey: otherKey } }, false, true],
    ["Alice's exchange key", { peer: { ...alice, exchangeKey: otherKey } }, false, true],
    ["Alice's id", { peer: { ...alice, id: 'alicia' } }, false, true],
    ["Bob's identity key", { own: { ...bob, identityKey: otherKey } }, true, false],
    ["Bob's exchange key", { own: { ...bob, exchangeKey: otherKey } }, true, false],
    ["Bob's id", { own: { ...bob, id: 'bobby' } }, true, false],
    ['room', { room: 'standup 2026-03-03' }, true, true],
    ['cipher suite', { cipherSuite: 'AES_256_GCM_SHA512_128' }, true, true],
    ['context', { context: new Uint8Array(1) }, true, true],
  ];

  test.each(views)('%s: there are no two strings to compare', async (_, view, atAlice, atBob) => {
    const [a, b] = pair({}, view);
    const commits = [await a.start(), await b.start()];
    const reveals = [some(await a.receive(commits[1]!)), some(await b.receive(commits[0]!))];
    await Promise.all([a.receive(reveals[1]!), b.receive(reveals[0]!)]);
    for (const [run, isFound] of [
      [a, atAlice],
      [b, atBob],
    ] as const) {
      expect(run.endReason).toBe(isFound ? 'mismatch' : undefined);
      expect(run.sas === undefined).toBe(isFound);
    }
    // nor in any other order
    for (const begins of [0, 1]) {
      const [c, d] = pair({}, view);
      await (begins === 0 ? carry(await c.start(), d, c) : carry(await d.start(), c, d));
      expect([c.state, d.state]).not.toEqual(['comparing', 'comparing']);
    }
  });

  test.each(views)('%s: the string is another, if somebody commits to it', async (_, view) => {
    // Everybody's own nonce, and for the other side the part as it is seen here: what somebody in between could achieve.
    const stringOf = (own: VerificationParticipant, peer: VerificationParticipant, call: Changes) => {
      const shared = sharedFields(
        call.room ?? room,
        call.cipherSuite === undefined ? 4 : 5,
        call.context ?? undefined,
      );
      const sides = [own, peer].map((side) => {
        const party = readParty(side, 'side');
        return { name: party.name, part: partOf(shared, party, noise(32, 42)) };
      });
      return shortStringOf(sides[0]!, sides[1]!);
    };
    const atAlice = await stringOf(alice, bob, {});
    expect(await stringOf(bob, alice, {})).toEqual(atAlice);
    const atBob = await stringOf(view.own ?? bob, view.peer ?? alice, view);
    expect(atBob.digits).not.toBe(atAlice.digits);
    expect(atBob.emoji).not.toEqual(atAlice.emoji);
  });

  test('where one field ends and the next begins', async () => {
    const [key, other] = [noise(40, 5), noise(40, 6)];
    const whole = new Uint8Array([...key, ...other]);
    const divided = (at: number) => ({
      ...alice,
      identityKey: whole.slice(0, at),
      exchangeKey: whole.slice(at),
    });
    for (const at of [39, 41]) {
      const [a, b] = [open(divided(40), bob), open(bob, divided(at))];
      await carry(await b.start(), a, b);
      expect(b.endReason).toBe('mismatch');
    }
    const [c, d] = [
      open({ ...alice, id: 'li' }, bob, { room: 'Al' }),
      open(bob, { ...alice, id: 'i' }, { room: 'All' }),
    ];
    await carry(await d.start(), c, d);
    expect(d.endReason).toBe('mismatch');
  });

  test('any bit of any message: no string, or an unchanged one', async () => {
    for (let bit = 0; bit < 8 * 98; bit += 5) {
      const [a, b] = pair();
      const commit = await a.start();
      const reveal = some(await b.receive(commit));
      const changed = reveal.slice();
      changed[bit >> 3]! ^= 1 << (bit & 7);
      expect(await a.receive(changed), `bit ${bit}`).toBeUndefined();
      expect(a.state).not.toBe('comparing');
      const isHeard = bit >= 16 && (bit < 16 + 256 || bit >= 16 + 512);
      // of another version, type or run: as if nothing had come
      expect(a.state, `bit ${bit}`).toBe(isHeard ? 'ended' : 'waiting');
      await carry(reveal, a, b);
      expect([a.state, b.state]).toEqual(isHeard ? ['ended', 'waiting'] : ['comparing', 'comparing']);
    }
    for (let bit = 16; bit < 8 * 34; bit += 15) {
      const [a, b] = pair();
      const changed = await a.start();
      changed[bit >> 3]! ^= 1 << (bit & 7);
      await carry(some(await b.receive(changed)), a, b);
      // his answer is to a commitment that is not hers
      expect([a.state, b.state]).toEqual(['waiting', 'waiting']);
      await carry(await b.start(), a, b);
      expect(b.endReason).toBe('mismatch');
    }
  });
});

describe('nobody reveals before he holds a commitment', () => {
  test('a hostile peer who waits gets no nonce, whatever else he sends', async () => {
    const drawn = seedNonces();
    const a = open(alice, bob);
    const nonce = drawn[0]!;
    const heard: (Uint8Array | undefined)[] = [await a.start(), await a.start()];
    const commitment = commitmentIn(heard[0]!);
    const zeros = new Uint8Array(32);
    const junk = [
      new Uint8Array(0),
      new Uint8Array([1]),
      new Uint8Array([1, 1]),
      new Uint8Array([1, 2]),
      commitOf(noise(31, 1)),
      commitOf(noise(33, 1)),
      commitOf(noise(96, 1)),
      new Uint8Array([2, ...commitOf(zeros).subarray(1)]),
      new Uint8Array([1, 0, ...zeros]),
      new Uint8Array([1, 3, ...zeros]),
      revealOf(zeros, zeros, zeros),
      revealOf(zeros, zeros, zeros).subarray(0, 97),
      revealOf(commitment, commitment, zeros),
      revealOf(commitment, zeros, zeros),
      commitOf(commitment),
      ...Array.from({ length: 100 }, (_, i) => noise(i, i)),
    ];
    for (const message of junk) heard.push(await a.receive(message));
    expect(heard.slice(2).filter((answer) => answer !== undefined)).toEqual([]);
    expect(a.state).toBe('waiting');
    // a reveal that opens nothing
    heard.push(await a.receive(revealOf(zeros, commitment, zeros)));
    expect(a.endReason).toBe('mismatch');
    expect(heard.some((answer) => contains(answer, nonce))).toBe(false);
    heard.push(await a.receive(commitOf(zeros)));
    expect(
      heard.some((answer) => contains(answer, nonce)),
      'not after its end either',
    ).toBe(false);
  });

  test('and with a commitment he is bound to it', async () => {
    const drawn = seedNonces();
    const a = open(alice, bob);
    const [m, second] = [open(bob, alice), open(bob, alice)];
    const commits = [await m.start(), await second.start()];
    const reveal = some(await a.receive(commits[0]!));
    expect(contains(reveal, drawn[0]!)).toBe(true);
    // another commitment, now that he knows the nonce
    expect(await a.receive(commits[1]!)).toBeUndefined();
    expect(a.state).toBe('waiting');
    expect(await a.receive(some(await second.receive(await a.start())))).toBeUndefined();
    expect([a.state, a.endReason]).toEqual(['ended', 'mismatch']);
    expect(await a.receive(some(await m.receive(reveal)))).toBeUndefined();
    expect(a.state).toBe('ended');
  });

  test('which he may do by a reveal alone, if his commit is lost', async () => {
    const [a, b] = pair();
    const commit = await a.start();
    const reveal = some(await b.receive(commit));
    const answer = some(await a.receive(reveal));
    expect(await b.receive(answer)).toBeUndefined();
    expectSame(a, b);
    expect(await a.receive(await b.start()), 'his commit, late').toEqual(answer);
    expect(await a.receive(reveal)).toBeUndefined();
    expectSame(a, b);
  });
});

describe('reflection', () => {
  test('of messages: as if nothing had come', async () => {
    const drawn = seedNonces();
    const [a, b] = pair();
    const commit = await a.start();
    expect(await a.receive(commit)).toBeUndefined();
    const own = commitmentIn(commit);
    expect(await a.receive(revealOf(own, own, drawn[0]!))).toBeUndefined();
    expect(a.state).toBe('waiting');
    const reveal = some(await a.receive(await b.start()));
    expect(await a.receive(reveal)).toBeUndefined();
    expect(await a.receive(revealOf(own, own, drawn[0]!))).toBeUndefined();
    expect(a.state).toBe('waiting');
    await carry(reveal, b, a);
    await carry(commit, b, a);
    expectSame(a, b);
  });

  test('of the nonce under a commitment of his own', async () => {
    const drawn = seedNonces();
    const a = open(alice, bob);
    const commitment = noise(32, 8);
    const commit = await a.start();
    expect(await a.receive(commitOf(commitment))).toBeDefined();
    await a.receive(revealOf(commitment, commitmentIn(commit), drawn[0]!));
    expect(a.endReason).toBe('mismatch');
  });

  test('of id and keys: refused before anything is said', () => {
    const mirrors: [name: keyof VerificationParticipant, peer: VerificationParticipant][] = [
      ['id', { ...bob, id: 'alice' }],
      ['identityKey', { ...bob, identityKey: alice.identityKey.slice() }],
      ['exchangeKey', { ...bob, exchangeKey: alice.exchangeKey.slice() }],
    ];
    for (const [name, peer] of mirrors) {
      expect(() => open(alice, peer)).toThrow(RangeError);
      expect(() => open(alice, peer)).toThrow(`peer.${name} `);
    }
  });

  test('of a whole run: between two runs of the same person', async () => {
    const [a, b] = [open(alice, bob), open(alice, mallory)];
    await carry(await a.start(), b, a);
    expect([a.sas, b.sas]).toEqual([undefined, undefined]);
    expect([a.endReason, b.endReason]).toContain('mismatch');
  });
});

describe('attempts', () => {
  const exhausted = expect.objectContaining({ name: 'SFrameError', code: 'attempts-exhausted' });

  /** Somebody commits, takes the nonce, and is not heard of again. */
  async function tease(book: VerificationBook, peer = bob): Promise<Verification> {
    const run = open(alice, peer, { book });
    const answer = await run.receive(await open(peer, alice).start());
    expect(answer === undefined).toBe(run.state === 'ended');
    run.abort();
    return run;
  }

  test('are counted when a commitment is answered, and capped', async () => {
    const book = new VerificationBook();
    const unanswered = open(alice, bob, { book });
    await unanswered.start();
    expect(book.attemptsLeft('bob')).toBe(10);
    for (let left = 9; left >= 0; left--) {
      await tease(book);
      expect(book.attemptsLeft('bob')).toBe(left);
    }
    expect(() => open(alice, bob, { book })).toThrow(exhausted);
    // a new key does not help
    expect(() => open(alice, { ...bob, identityKey: noise(32, 50) }, { book })).toThrow(exhausted);
    expect(book.attemptsLeft('mallory')).toBe(10);
    // nor do objects made beforehand
    expect(await unanswered.receive(await open(bob, alice).start())).toBeUndefined();
    expect([unanswered.state, unanswered.endReason]).toEqual(['ended', 'attempts']);
  });

  test('made at once are no more', async () => {
    const book = new VerificationBook({ maxAttempts: 3 });
    const runs = Array.from({ length: 8 }, () => open(alice, bob, { book }));
    const commits = await Promise.all(runs.map(() => open(bob, alice).start()));
    const answers = await Promise.all(runs.map((run, i) => run.receive(commits[i]!)));
    expect(answers.filter((answer) => answer !== undefined)).toHaveLength(3);
    expect(runs.filter(({ endReason }) => endReason === 'attempts')).toHaveLength(5);
  });

  test('by reveals alone are counted as well; wrong ones and repeated ones not', async () => {
    const book = new VerificationBook({ maxAttempts: 1 });
    const wrong = open(alice, bob, { book });
    await wrong.receive(revealOf(noise(32, 1), commitmentIn(await wrong.start()), noise(32, 2)));
    expect([wrong.endReason, book.attemptsLeft('bob')]).toEqual(['mismatch', 1]);
    const [a, spare] = [open(alice, bob, { book }), open(alice, bob, { book })];
    const b = open(bob, alice);
    const reveal = some(await b.receive(await a.start()));
    await a.receive(reveal);
    await a.receive(reveal);
    expect([a.state, book.attemptsLeft('bob')]).toEqual(['comparing', 0]);
    const late = some(await open(bob, alice).receive(await spare.start()));
    expect(await spare.receive(late)).toBeUndefined();
    expect([spare.endReason, spare.sas]).toEqual(['attempts', undefined]);
  });

  test('under invented names: ten times as many in all', async () => {
    const book = new VerificationBook({ maxAttempts: 2 });
    for (let i = 0; i < 20; i++) await tease(book, participant(`bob ${i}`, 100 + i));
    expect(() => open(alice, participant('bob 20', 120), { book })).toThrow(exhausted);
    expect(book.attemptsLeft('bob')).toBe(0);
    book.markVerified('bob 7', noise(32, 1));
    expect([book.attemptsLeft('bob'), book.attemptsLeft('bob 7')]).toEqual([1, 1]);
  });

  test('are given again to whom is verified, and to nobody else', async () => {
    const book = new VerificationBook({ maxAttempts: 2 });
    await tease(book);
    const [a, b] = pair({ book });
    await carry(await a.start(), b, a);
    expect(book.attemptsLeft('bob')).toBe(0);
    expect(book.forget('bob')).toBe(false);
    expect(new VerificationBook({ stored: book.export(), maxAttempts: 2 }).attemptsLeft('bob')).toBe(0);
    a.confirm();
    expect(book.attemptsLeft('bob')).toBe(2);
  });
});

describe('somebody in between, with keys of his own on both sides', () => {
  /** To Alice he is Bob, to Bob he is Alice. */
  const asBob = { ...mallory, id: 'bob' };
  const asAlice = { ...participant('mallory', 4), id: 'alice' };

  /** How many bits two strings have in common, from the beginning. */
  function alike(a: Verification, b: Verification): number {
    const bits = [a, b].map(({ sas }) =>
      sas!.emoji.map((emoji) => verificationEmoji.indexOf(emoji).toString(2).padStart(6, '0')).join(''),
    );
    const differs = [...bits[0]!].findIndex((bit, i) => bit !== bits[1]![i]);
    return differs < 0 ? 42 : differs;
  }

  test('gets two strings, which are alike in b bits once in 2^b times', async () => {
    seedNonces();
    const tries = 1024;
    const found = [0, 0, 0, 0, 0, 0, 0];
    for (let i = 0; i < tries; i++) {
      const [a, toAlice] = [open(alice, asBob), open(asBob, alice)];
      const [b, toBob] = [open(bob, asAlice), open(asAlice, bob)];
      await carry(await a.start(), toAlice, a);
      await carry(await toBob.start(), b, toBob);
      expectSame(a, toAlice);
      expectSame(b, toBob);
      expect(a.sas!.digits).not.toBe(b.sas!.digits);
      const bits = alike(a, b);
      expect(bits).toBeLessThan(42);
      for (let at = 0; at <= 6; at++) if (bits >= at) found[at]!++;
    }
    for (let bits = 0; bits <= 6; bits++) {
      const expected = tries / 2 ** bits;
      expect(Math.abs(found[bits]! - expected), `${bits} bits`).toBeLessThanOrEqual(4 * Math.sqrt(expected));
    }
  });

  /** What he gets when he may choose his nonce last: as many bits as he has patience for. */
  async function grind(
    a: Verification,
    nonceOfBob: Uint8Array<ArrayBuffer>,
  ): Promise<Uint8Array<ArrayBuffer>> {
    const shared = sharedFields(room, 4, undefined);
    const [b, m] = [readParty(bob, 'b'), readParty(asAlice, 'm')];
    const part = partOf(shared, b, nonceOfBob);
    for (let i = 0; i < 2000; i++) {
      const nonce = noise(32, 10_000 + i);
      const sas = await shortStringOf({ ...b, part }, { ...m, part: partOf(shared, m, nonce) });
      if (sas.emoji[0] === a.sas!.emoji[0]) return nonce;
    }
    throw new Error('no luck in 2000 tries at 2^-6');
  }

  test('commitments are what stops him: who knows both nonces first wins every time, offline', async () => {
    const drawn = seedNonces();
    for (let i = 0; i < 10; i++) {
      const [a, toAlice] = [open(alice, asBob), open(asBob, alice)];
      await carry(await a.start(), toAlice, a);
      const b = open(bob, asAlice);
      const nonceOfBob = drawn.at(-1) as Uint8Array<ArrayBuffer>;

      // a protocol without commitments: Bob's nonce is sent, then comes the one that fits
      const fitting = await grind(a, nonceOfBob);
      const shared = sharedFields(room, 4, undefined);
      const sides = [readParty(bob, 'b'), readParty(asAlice, 'm')] as const;
      const atBob = await shortStringOf(
        { ...sides[0], part: partOf(shared, sides[0], nonceOfBob) },
        { ...sides[1], part: partOf(shared, sides[1], fitting) },
      );
      expect(atBob.emoji[0], 'he wins').toEqual(a.sas!.emoji[0]);

      // with them: he has to commit before he sees it, and is held to that
      const toBob = open(asAlice, bob);
      const commit = await toBob.start();
      const reveal = some(await b.receive(commit));
      expect(contains(reveal, nonceOfBob)).toBe(true);
      await b.receive(revealOf(commitmentIn(commit), commitmentIn(reveal), fitting));
      expect([b.endReason, b.sas], 'he is found out').toEqual(['mismatch', undefined]);
    }
  });
});
