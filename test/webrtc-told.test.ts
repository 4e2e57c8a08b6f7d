// What applications are told: why frames are dropped, how old keys are, and every change that lasts.

import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { cipherSuites } from '../src/index.ts';
import { Participant } from '../src/webrtc/participant.ts';
import { TrackNews } from '../src/webrtc/track-news.ts';
import {
  arrived,
  asReceiver,
  asSender,
  audio,
  cipherSuite,
  closeBrowser,
  FakeEndpoint,
  openBrowser,
  Person,
  randomKey,
  until,
} from './webrtc-fakes.ts';

beforeEach(openBrowser);
afterEach(() => {
  vi.restoreAllMocks();
  closeBrowser();
});

describe.each([
  ['in the core', 1],
  ['later', 50_000],
])('frames that open %s, of somebody who does not sign', (_where, length) => {
  test('are dropped as unverified, and that is told, for their receiver too', async () => {
    const [alice, bob] = [new Person(), new Person()];
    const [sender, receiver] = [new FakeEndpoint(), new FakeEndpoint()];
    alice.client.encrypt(asSender(sender));
    bob.client.decrypt(asReceiver(receiver), 'alice');
    const baseKey = randomKey();
    const kid = await alice.client.setEncryptionKey(baseKey);
    await bob.client.addDecryptionKey('alice', baseKey, kid);
    const { publicKey } = (await crypto.subtle.generateKey({ name: 'ECDSA', namedCurve: 'P-256' }, false, [
      'sign',
      'verify',
    ])) as CryptoKeyPair;
    await bob.client.verifyFrames('alice', {
      session: randomKey(),
      publicKey,
      require: true,
      timeoutMs: 100,
    });
    const show = async () => {
      const sent = await alice.through(sender, audio(...new Uint8Array(length)));
      return (await bob.through(receiver, ...sent.map((frame) => arrived(frame)))).length;
    };
    await until(async () => (await show()) === 0);
    const before = (await bob.dropped(receiver))['unverified'];
    expect(before).toBeGreaterThan(0);
    expect(await show()).toBe(0);
    expect(await bob.dropped(receiver)).toEqual({ unverified: (before as number) + 1 });
    const told = bob.events.filter(({ type, reason }) => type === 'status' && reason === 'unverified');
    expect(told.map((event) => [event.participant, event.kid, event.receiver])).toEqual([
      ['alice', kid, undefined],
      ['alice', kid, receiver],
    ]);
  });
});

describe('the age of a key', () => {
  const suite = cipherSuites[cipherSuite];
  const config = {
    cipherSuite,
    replayWindow: 64,
    allowShortTags: false,
    injectedFrames: [],
    ratchetBits: 4,
    contextId: 0n,
    lock: 'a lock',
    own: [],
  } as const;
  let now = 0;
  beforeEach(() => {
    now = 1000;
    vi.spyOn(performance, 'now').mockImplementation(() => now);
  });

  const asItIs = async (key: Uint8Array<ArrayBuffer>) => key.slice();
  const asCryptoKey = (key: Uint8Array<ArrayBuffer>) =>
    crypto.subtle.importKey('raw', key, 'HKDF', false, ['deriveBits']);

  test.each([
    ['auto', 'bytes', asItIs],
    ['auto', 'a CryptoKey', asCryptoKey],
    ['webcrypto', 'bytes', asItIs],
    ['webcrypto', 'a CryptoKey', asCryptoKey],
  ] as const)('begins with the key: engine %s, %s', async (engine, _as, form) => {
    const participant = new Participant({ ...config, engine }, suite);
    const [one, two] = [randomKey(), randomKey()];
    const ages = () => participant.ages.map(({ kid, seconds }) => [kid, seconds]);
    await participant.addKey(await form(one), 7n);
    now += 5000;
    await participant.addKey(await form(one), 7n);
    expect(ages(), 'the same again').toEqual([[7n, 5]]);
    await participant.addKey(await form(two), 7n);
    expect(ages(), 'another').toEqual([[7n, 0]]);
    now += 2000;
    await participant.addKey(await form(one), 8n);
    expect(ages(), 'another KID').toEqual([
      [7n, 2],
      [8n, 0],
    ]);
    participant.removeKey(7n);
    await participant.addKey(await form(two), 7n);
    expect(ages(), 'one that was gone').toEqual([
      [8n, 0],
      [7n, 0],
    ]);
    participant.destroy();
  });

  test('of a ratchet begins with its generation', async () => {
    const participant = new Participant({ ...config, engine: 'auto' }, suite);
    const [one, two] = [randomKey(), randomKey()];
    const ages = () => participant.ages.map(({ kid, seconds }) => [kid, seconds]);
    await participant.addRatchetKey(one, 16n);
    now += 5000;
    await participant.addRatchetKey(one, 16n);
    expect(ages(), 'the same again').toEqual([[16n, 5]]);
    const { nextBaseKey } = await import('../src/core/engine.ts');
    await participant.addRatchetKey(nextBaseKey(suite, one), 17n);
    expect(ages(), 'the next step').toEqual([[16n, 5]]);
    await participant.addRatchetKey(one, 16n);
    expect(ages(), 'one that has passed').toEqual([[16n, 5]]);
    await participant.addRatchetKey(two, 16n);
    expect(ages(), 'another').toEqual([[16n, 0]]);
    participant.destroy();
  });
});

describe('news of a track', () => {
  /** As the application has it: what it was told last. */
  class Told {
    readonly news = new TrackNews();
    readonly times: number[] = [];
    isFailing = false;

    fail(reason: string, now: number): void {
      if (!this.news.fails(reason, now)) return;
      this.isFailing = true;
      this.times.push(now);
    }

    work(): void {
      if (this.news.works()) this.isFailing = false;
    }
  }

  /** A track whose frames were made to alternate until that is told once a minute, and has just been. */
  function flapped(): { told: Told; now: number } {
    const told = new Told();
    let now = 0;
    for (; told.times.length < 12; now += 100) {
      told.fail('authentication', now);
      told.work();
    }
    return { told, now };
  }

  test('of what lasts come within five seconds, however much alternated before', () => {
    const { told, now: start } = flapped();
    let now = start;
    for (; !told.isFailing && now < start + 70_000; now += 100) told.fail('authentication', now);
    expect(now - start).toBeLessThanOrEqual(5200);
    told.work();
    expect(told.isFailing).toBe(false);
  });

  test('of what does not last are as rare as before', () => {
    const { told, now: start } = flapped();
    const before = told.times.length;
    for (let now = start; now < start + 600_000; now += 100) {
      told.fail('authentication', now);
      if (now % 4000 === 0) told.work();
    }
    expect(told.times.length - before).toBeLessThan(12);
  });

  test('never leave an application with the wrong idea for longer, nor come in a storm', () => {
    const step = fc.record({
      kind: fc.constantFrom('fails', 'works', 'alternates'),
      reason: fc.constantFrom('authentication', 'key-id', 'syntax'),
      pause: fc.constantFrom(20, 100, 400, 1000),
      times: fc.integer({ min: 1, max: 80 }),
      forgives: fc.boolean(),
    });
    fc.assert(
      fc.property(fc.array(step, { minLength: 5, maxLength: 30 }), (steps) => {
        const told = new Told();
        let now = 0;
        let forgiven = 0;
        const since: Record<string, number> = {};
        const succeed = () => {
          told.work();
          for (const reason of Object.keys(since)) delete since[reason];
          expect(told.isFailing).toBe(false);
        };
        for (const { kind, reason, pause, times, forgives } of steps) {
          if (forgives) {
            told.news.forgive();
            forgiven++;
          }
          for (let i = 0; i < times; i++) {
            now += pause;
            if (kind !== 'works') {
              since[reason] ??= now;
              told.fail(reason, now);
              if (now - since[reason] >= 5000) expect(told.isFailing).toBe(true);
            }
            if (kind !== 'fails') succeed();
          }
        }
        // Three reasons, each at most once a second, and again when the application has changed something.
        expect(told.times.length).toBeLessThanOrEqual(3 * (now / 1000 + 1 + forgiven));
      }),
    );
  });
});
