// A receiver of sender keys against a model of it (RFC 9605 §5.1), under any arrival order, loss, duplication and
// forgery. The model knows which step every frame is truly of, counts in whole steps, and remembers everything.

import fc from 'fast-check';
import { afterAll, describe, expect, test } from 'vitest';
import { RatchetDecryptor, RatchetEncryptor } from '../src/index.ts';
import { noise } from './lengths.ts';
import { type Bytes, Chains, chainOf, cipherSuite, codeOf, damaged, frame, underKid } from './ratchets.ts';

/** Steps that there are keys of. */
const LAST = 100;
const WINDOW = 8;
const roots = [noise(32, 1), noise(32, 2), noise(32, 3), noise(32, 4)];
const base = await Promise.all(roots.map((root) => chainOf(root, LAST)));

/** Counters of one key: those seen, and how far an earlier life of the key had come. */
class Window {
  readonly floor: number;
  readonly seen: Set<number> = new Set();

  constructor(floor: number) {
    this.floor = floor;
  }

  get highest(): number {
    return Math.max(this.floor, ...this.seen);
  }

  refuses(ctr: number): boolean {
    return ctr <= this.floor || this.seen.has(ctr) || ctr <= this.highest - WINDOW;
  }
}

/** A generation in the model. */
interface Sender {
  readonly chain: number;
  current: number;
  /** Past steps, and when they were left. */
  readonly past: Map<number, number>;
  readonly windows: Map<number, Window>;
}

/** What stands in a frame, and what it truly is. */
interface Arrival {
  readonly kid: bigint;
  readonly ctr: number;
  readonly chain: number;
  readonly step: number;
  readonly isIntact: boolean;
}

class Model {
  readonly ratchetBits: number;
  readonly maxForward: number;
  readonly maxPast: number;
  time = 0;
  readonly senders: Map<bigint, Sender> = new Map();
  readonly floors: Map<string, number> = new Map();

  constructor(ratchetBits: number, maxForward: number, maxPast: number) {
    this.ratchetBits = ratchetBits;
    this.maxForward = maxForward;
    this.maxPast = maxPast;
  }

  get turn(): bigint {
    return 2n ** BigInt(this.ratchetBits);
  }

  receive({ kid, ctr, chain, step, isIntact }: Arrival): string | undefined {
    this.forget();
    const sender = this.senders.get(kid / this.turn);
    if (sender === undefined) return 'key-id';
    const meant = this.meant(sender, kid % this.turn);
    if (meant === undefined) return 'ratchet-limit';
    if (this.window(sender, meant).refuses(ctr)) return 'replay';
    if (!isIntact || chain !== sender.chain || step !== meant) return 'authentication';
    if (meant > sender.current) this.advance(sender, meant);
    this.window(sender, meant).seen.add(ctr);
    return undefined;
  }

  /** The step that a frame is taken for. */
  meant({ current, past }: Sender, low: bigint): number | undefined {
    const kept = [current, ...past.keys()].filter((step) => BigInt(step) % this.turn === low);
    if (kept.length > 1) throw new Error('ambiguous');
    if (kept.length === 1) return kept[0];
    for (let ahead = 1; ahead <= this.maxForward; ahead++)
      if (BigInt(current + ahead) % this.turn === low) return current + ahead;
    return undefined;
  }

  window(sender: Sender, step: number): Window {
    const known = sender.windows.get(step);
    if (known !== undefined) return known;
    const window = new Window(this.floors.get(`${sender.chain} ${step}`) ?? -1);
    sender.windows.set(step, window);
    return window;
  }

  advance(sender: Sender, to: number): void {
    for (let step = sender.current; step < to; step++) sender.past.set(step, this.time);
    sender.current = to;
    for (const step of sender.past.keys()) if (to - step > this.maxPast) this.leave(sender, step);
  }

  /** Time takes its toll. */
  forget(): void {
    for (const sender of this.senders.values())
      for (const [step, leftAt] of sender.past) if (this.time - leftAt >= 10_000) this.leave(sender, step);
  }

  leave(sender: Sender, step: number): void {
    sender.past.delete(step);
    const window = sender.windows.get(step);
    if (window !== undefined && window.highest >= 0)
      this.floors.set(`${sender.chain} ${step}`, window.highest);
    sender.windows.delete(step);
  }

  add(generation: bigint, chain: number, step: number): void {
    this.forget();
    const sender = this.senders.get(generation);
    if (sender?.chain === chain) {
      if (step <= sender.current) return;
      if (step - sender.current <= this.maxForward) {
        this.advance(sender, step);
        return;
      }
    }
    this.remove(generation);
    this.senders.set(generation, { chain, current: step, past: new Map(), windows: new Map() });
  }

  remove(generation: bigint): boolean {
    const sender = this.senders.get(generation);
    if (sender === undefined) return false;
    for (const step of [sender.current, ...sender.past.keys()]) this.leave(sender, step);
    return this.senders.delete(generation);
  }
}

/** R, and limits that go with it. */
const settings = fc.constantFrom(
  { ratchetBits: 1, maxForward: 1, maxPast: 0 },
  { ratchetBits: 1, maxForward: 0, maxPast: 1 },
  { ratchetBits: 2, maxForward: 2, maxPast: 1 },
  { ratchetBits: 2, maxForward: 1, maxPast: 2 },
  { ratchetBits: 3, maxForward: 5, maxPast: 2 },
  { ratchetBits: 3, maxForward: 2, maxPast: 5 },
  { ratchetBits: 4, maxForward: 4, maxPast: 3 },
  { ratchetBits: 8, maxForward: 16, maxPast: 2 },
  { ratchetBits: 31, maxForward: 5, maxPast: 5 },
  { ratchetBits: 32, maxForward: 3, maxPast: 1 },
  { ratchetBits: 33, maxForward: 16, maxPast: 0 },
  { ratchetBits: 53, maxForward: 3, maxPast: 3 },
  { ratchetBits: 63, maxForward: 6, maxPast: 2 },
);

const generation = fc.constantFrom(0, 0, 0, 1);
/** Of a generation: the chain it began with, and rarely another. */
const isOther = fc.integer({ min: 0, max: 9 }).map((n) => n === 0);
/** A step, from where the receiver is. */
const offset = fc.oneof(
  { weight: 6, arbitrary: fc.integer({ min: -3, max: 3 }) },
  { weight: 2, arbitrary: fc.integer({ min: -20, max: 20 }) },
);
const ctr = fc.integer({ min: 0, max: 20 });
const move = fc.oneof(
  {
    weight: 12,
    arbitrary: fc.record({ does: fc.constant('send' as const), generation, isOther, offset, ctr }),
  },
  {
    weight: 6,
    arbitrary: fc.record({
      does: fc.constant('forge' as const),
      generation,
      isOther,
      offset,
      ctr,
      how: fc.constantFrom('tag', 'kid', 'both'),
      claim: fc.oneof(offset, fc.constantFrom(-(2 ** 31), 2 ** 31, 2 ** 33, 2 ** 52)),
      claimed: fc.constantFrom(0, 0, 0, 1, 2),
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({ does: fc.constant('repeat' as const), back: fc.integer({ min: 0, max: 15 }) }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      does: fc.constant('wait' as const),
      ms: fc.constantFrom(1, 1000, 4999, 5001, 9999, 10_000),
    }),
  },
  { weight: 3, arbitrary: fc.record({ does: fc.constant('add' as const), generation, isOther, offset }) },
  {
    weight: 1,
    arbitrary: fc.record({ does: fc.constant('remove' as const), generation: fc.constantFrom(0, 0, 1, 2) }),
  },
);
type Move = typeof move extends fc.Arbitrary<infer T> ? T : never;

/** How often each end was met: a property that never meets one shows nothing of it. */
const met: Record<string, number> = {};

/** The receiver and the model side by side. */
class Stage {
  readonly model: Model;
  readonly decryptor: RatchetDecryptor;
  readonly #chains: Chains[];
  readonly #sent: { ciphertext: Bytes; arrival: Arrival }[] = [];
  readonly #plaintext: Bytes;

  constructor(o: { ratchetBits: number; maxForward: number; maxPast: number }, plaintext: Bytes) {
    this.model = new Model(o.ratchetBits, o.maxForward, o.maxPast);
    this.decryptor = new RatchetDecryptor({
      cipherSuite,
      ...o,
      replayWindow: WINDOW,
      now: () => this.model.time,
    });
    // chains 0 and 2 are of generation 0, 1 and 3 of generation 1
    this.#chains = [0, 1, 2, 3].map(
      (i) => new Chains(o.ratchetBits, i % 2 === 0 ? [base[i]!] : [[], base[i]!]),
    );
    this.#plaintext = plaintext;
    for (const first of [0, 1]) this.add(first, first, first * 30);
  }

  /** What happens on the stage; a frame comes out as what is to be decrypted, and how that must end. */
  play(move: Move): { ciphertext: Bytes; expected: string | undefined } | undefined {
    if (move.does === 'wait') {
      this.model.time += move.ms;
    } else if (move.does === 'remove') {
      const wasThere = this.decryptor.removeGeneration(move.generation);
      expect(wasThere).toBe(this.model.remove(BigInt(move.generation)));
    } else if (move.does === 'repeat') {
      const sent = this.#sent.at(-1 - move.back);
      return sent && this.#arrive(sent.ciphertext, sent.arrival);
    } else {
      const chain = move.generation + (move.isOther ? 2 : 0);
      const step = this.#stepAt(move.generation, move.offset);
      if (move.does === 'add') this.add(move.generation, chain, step);
      else return this.#frame(move, chain, step);
    }
    return undefined;
  }

  add(generation: number, chain: number, step: number): void {
    this.decryptor.addDecryptionKey(...this.#chains[chain]!.key(step, generation));
    this.model.add(BigInt(generation), chain, step);
  }

  #stepAt(generation: number, offset: number): number {
    const current = this.model.senders.get(BigInt(generation))?.current ?? 0;
    return Math.min(LAST, Math.max(0, current + offset));
  }

  #frame(move: Extract<Move, { ctr: number }>, chain: number, step: number) {
    const { generation, ctr } = move;
    const plaintext = this.#plaintext;
    const genuine = this.#chains[chain]!.frame(step, ctr, { generation, plaintext });
    const kid = this.#chains[chain]!.kid(step, generation);
    const arrival: Arrival = { kid, ctr, chain, step, isIntact: true };
    if (move.does === 'send') {
      this.#sent.push({ ciphertext: genuine, arrival });
      return this.#arrive(genuine, arrival);
    }
    const { turn } = this.model;
    const low = (((BigInt(step + move.claim) % turn) + turn) % turn) as bigint;
    const claimed = (BigInt(move.claimed) * turn + low) % 2n ** 64n;
    const forged = move.how === 'tag' ? genuine : underKid(genuine, claimed);
    const isIntact = move.how === 'kid' && claimed === kid;
    return this.#arrive(move.how === 'kid' ? forged : damaged(forged), {
      ...arrival,
      kid: move.how === 'tag' ? kid : claimed,
      isIntact,
    });
  }

  #arrive(ciphertext: Bytes, arrival: Arrival) {
    const expected = this.model.receive(arrival);
    met[expected ?? 'opened'] = (met[expected ?? 'opened'] ?? 0) + 1;
    return { ciphertext, expected };
  }
}

const moves = (maxLength: number) => fc.array(move, { minLength: maxLength / 2, maxLength, size: 'max' });

describe('a receiver does what the model does', () => {
  test('decrypt, decryptInto', () => {
    fc.assert(
      fc.property(settings, moves(120), (setting, sequence) => {
        const stage = new Stage(setting, frame);
        const target = new Uint8Array(frame.length);
        for (const [i, move] of sequence.entries()) {
          const arrived = stage.play(move);
          if (arrived === undefined) continue;
          target.fill(0);
          const code = codeOf(() =>
            i % 2 === 0
              ? target.set(stage.decryptor.decrypt(arrived.ciphertext))
              : stage.decryptor.decryptInto(target, arrived.ciphertext),
          );
          expect(code, `${i}: ${JSON.stringify(move)}`).toBe(arrived.expected);
          expect(target).toEqual(code === undefined ? frame : new Uint8Array(frame.length));
        }
        stage.decryptor.destroy();
      }),
      { numRuns: 200 },
    );
  });

  test.each([
    ['small', 100, 60],
    ['large', 40_000, 25],
  ])('decryptAsync, %s frames', async (_what, len, numRuns) => {
    const plaintext = noise(len, 9);
    await fc.assert(
      fc.asyncProperty(settings, moves(60), async (setting, sequence) => {
        const stage = new Stage(setting, plaintext);
        for (const [i, move] of sequence.entries()) {
          const arrived = stage.play(move);
          if (arrived === undefined) continue;
          const opened = await stage.decryptor.tryDecryptAsync(arrived.ciphertext);
          expect(typeof opened === 'string' ? opened : undefined, `${i}: ${JSON.stringify(move)}`).toBe(
            arrived.expected,
          );
          if (typeof opened !== 'string')
            expect(opened.every((byte, at) => byte === plaintext[at])).toBe(true);
        }
        stage.decryptor.destroy();
      }),
      { numRuns },
    );
  });

  afterAll(() => {
    // also says what the random sequences were worth
    for (const end of ['opened', 'authentication', 'replay', 'ratchet-limit', 'key-id'])
      expect(met[end], end).toBeGreaterThan(500);
  });
});

describe('a sender who ratchets, on a bad network', () => {
  /** A frame now and then, a ratchet now and then; each frame is late, lost or doubled. */
  const timeline = fc.array(
    fc.record({
      ratchets: fc.constantFrom(0, 0, 0, 0, 0, 1, 1, 2),
      delay: fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 12 })),
      fate: fc.constantFrom('once', 'once', 'once', 'lost', 'twice', 'damaged'),
    }),
    { minLength: 20, maxLength: 100, size: 'max' },
  );

  test('every frame that is not too late opens, once', () => {
    fc.assert(
      fc.property(settings, timeline, ({ ratchetBits, maxForward, maxPast }, sent) => {
        const encryptor = new RatchetEncryptor({ cipherSuite, ratchetBits });
        encryptor.setEncryptionKey(roots[0]!);
        const decryptor = new RatchetDecryptor({
          cipherSuite,
          ratchetBits,
          maxForward,
          maxPast,
          now: () => 0,
        });
        decryptor.addDecryptionKey(roots[0]!, 0);
        const arrivals = sent.flatMap(({ ratchets, delay, fate }, i) => {
          for (let n = 0; n < ratchets && encryptor.step! < LAST; n++) encryptor.ratchet();
          const ciphertext = encryptor.encrypt(Uint8Array.of(i));
          const step = Number(encryptor.step);
          if (fate === 'lost') return [];
          const arrival = {
            at: i + delay,
            i,
            step,
            ciphertext: fate === 'damaged' ? damaged(ciphertext) : ciphertext,
          };
          return fate === 'twice' ? [arrival, { ...arrival, at: arrival.at + 3 }] : [arrival];
        });
        const opened = new Set<number>();
        let current = 0;
        for (const { i, step, ciphertext } of arrivals.sort((a, b) => a.at - b.at)) {
          const code = codeOf(() => expect(decryptor.decrypt(ciphertext)).toEqual(Uint8Array.of(i)));
          const isInReach = step >= current - maxPast && step <= current + maxForward;
          const isWanted = isInReach && !opened.has(i) && sent[i]!.fate !== 'damaged';
          expect(code === undefined, `${i} of step ${step}, at ${current}: ${code}`).toBe(isWanted);
          if (code !== undefined) continue;
          opened.add(i);
          current = Math.max(current, step);
        }
        encryptor.destroy();
        decryptor.destroy();
      }),
      { numRuns: 300 },
    );
  });
});
