// Room passphrases: what they promise in a call, what they refuse, and what they leave behind.

import { afterEach, describe, expect, test, vi } from 'vitest';
import {
  generatePassphrase,
  RoomKey,
  type RoomKeyOptions,
  SFrameDecryptor,
  SFrameEncryptor,
  SFrameError,
} from '../src/index.ts';
import vectors from '../vectors/passphrase.json' with { type: 'json' };
import { noise } from './lengths.ts';
import { hex, hkdfExpand, hkdfExtract, unhex } from './oracle.ts';

const cipherSuite = 'AES_128_GCM_SHA256_128';
const frame = noise(50, 1);
const session = noise(16, 2);
const passphrase = 'kx7m-q2hd-9wvr-b3ze-tn4f';
const call = { passphrase, app: 'example.org', room: 'standup' };

afterEach(() => {
  vi.restoreAllMocks();
  vi.unstubAllGlobals();
});

const open = (participant: string, changes: Partial<RoomKeyOptions> = {}) =>
  RoomKey.fromPassphrase({ ...call, participant, ...changes });

// PBKDF2 is slow on purpose, and a room's key is never changed: tests share the members they need.
const members = new Map<string, Promise<RoomKey>>();
function member(participant: string): Promise<RoomKey> {
  const known = members.get(participant) ?? open(participant);
  members.set(participant, known);
  return known;
}

function sender(baseKey: Uint8Array): SFrameEncryptor {
  const encryptor = new SFrameEncryptor({ cipherSuite });
  encryptor.setEncryptionKey(baseKey, 0);
  return encryptor;
}

function receiver(baseKey: Uint8Array): SFrameDecryptor {
  const decryptor = new SFrameDecryptor({ cipherSuite });
  decryptor.addDecryptionKey(baseKey, 0);
  return decryptor;
}

const authentication = expect.objectContaining({ code: 'authentication' });

describe('in a call', () => {
  test('same passphrase, room and participant started twice: other frames, and both open', async () => {
    // two page loads, and nothing stored between them
    const [first, second] = [await open('alice'), await open('alice')];
    const sessions = [await first.sendingKey(), await first.sendingKey(), await second.sendingKey()];
    const frames = sessions.map(({ baseKey }) => sender(baseKey).encrypt(frame));
    expect(new Set(sessions.map((started) => hex(started.baseKey))).size).toBe(3);
    expect(new Set(sessions.map((started) => hex(started.session))).size).toBe(3);
    // the same KID and CTR each time, so the same nonce under the same key would be the same bytes
    expect(new Set(frames.map((ciphertext) => hex(ciphertext))).size).toBe(3);
    const bob = await member('bob');
    for (const [i, { session }] of sessions.entries()) {
      const decryptor = receiver(await bob.receivingKey('alice', session));
      expect(decryptor.decrypt(frames[i]!)).toEqual(frame);
      expect(() => decryptor.decrypt(frames[(i + 1) % 3]!)).toThrow();
    }
  });

  test('sessions started at once differ too', async () => {
    const alice = await member('alice');
    const started = await Promise.all(Array.from({ length: 20 }, () => alice.sendingKey()));
    expect(new Set(started.map(({ baseKey }) => hex(baseKey))).size).toBe(20);
    expect(new Set(started.map(({ session }) => hex(session))).size).toBe(20);
  });

  test('keys and sessions are 32 and 16 bytes that own their buffer', async () => {
    const { baseKey, session } = await (await member('alice')).sendingKey();
    const received = await (await member('bob')).receivingKey('alice', session);
    expect(received).toEqual(baseKey);
    for (const [bytes, len] of [
      [baseKey, 32],
      [session, 16],
      [received, 32],
    ] as const) {
      expect(bytes.length).toBe(len);
      expect(bytes.byteOffset).toBe(0);
      expect(bytes.buffer.byteLength).toBe(len);
    }
  });

  test('a sender under another name does not open', async () => {
    const { baseKey, session } = await (await member('alice')).sendingKey();
    const relabelled = receiver(await (await member('bob')).receivingKey('carol', session));
    expect(() => relabelled.decrypt(sender(baseKey).encrypt(frame))).toThrow(authentication);
  });

  test('a sender in another session does not open', async () => {
    const { baseKey, session } = await (await member('alice')).sendingKey();
    session[15]! ^= 1;
    const other = receiver(await (await member('bob')).receivingKey('alice', session));
    expect(() => other.decrypt(sender(baseKey).encrypt(frame))).toThrow(authentication);
  });

  test('the session announced may change hands while the key is derived, and be a view of anything', async () => {
    const bob = await member('bob');
    const large = new Uint8Array([1, 2, 3, ...session, 4]);
    expect(await bob.receivingKey('alice', large.subarray(3, 19))).toEqual(
      await bob.receivingKey('alice', session),
    );
    if ('resizable' in ArrayBuffer.prototype) {
      const view = new Uint8Array(Reflect.construct(ArrayBuffer, [16, { maxByteLength: 32 }]) as ArrayBuffer);
      view.set(session);
      expect(await bob.receivingKey('alice', view)).toEqual(await bob.receivingKey('alice', session));
    }
    const given = session.slice();
    const deriving = bob.receivingKey('alice', given);
    given.fill(0);
    expect(await deriving).toEqual(await bob.receivingKey('alice', session));
    expect(session).toEqual(noise(16, 2));
  });
});

describe('one hears nothing of oneself', () => {
  test('under the own name', async () => {
    const alice = await member('alice');
    const { session: own } = await alice.sendingKey();
    for (const announced of [own, session])
      await expect(alice.receivingKey('alice', announced)).rejects.toThrow(/^participant /);
    await expect(alice.receivingKey('alice', session)).rejects.toThrow(RangeError);
  });

  test("in an own session under another's name", async () => {
    const alice = await member('alice');
    const { session: own } = await alice.sendingKey();
    await alice.sendingKey();
    const reflected = alice.receivingKey('bob', own.slice());
    await expect(reflected).rejects.toThrow(RangeError);
    await expect(reflected).rejects.toThrow(/^session /);
    // what others hear of them is their own affair
    expect(await (await member('bob')).receivingKey('alice', own)).toHaveLength(32);
    expect(await alice.receivingKey('bob', session)).toHaveLength(32);
  });

  test('changing the bytes that were returned changes nothing of that', async () => {
    const alice = await member('alice');
    const started = await alice.sendingKey();
    const own = started.session.slice();
    started.session.fill(0);
    await expect(alice.receivingKey('bob', own)).rejects.toThrow(/^session /);
  });
});

describe('which key it is', () => {
  const keyOf = async (changes: Partial<RoomKeyOptions>) =>
    hex(await (await open('bob', changes)).receivingKey('alice', session));

  test.each(vectors.rooms)('vector: $why', async (v) => {
    const { passphrase, app, room, iterations } = v;
    const own = { passphrase, app, room, participant: 'nobody', iterations };
    const roomKey = await RoomKey.fromPassphrase(own);
    for (const { participant, session, info, baseKey } of v.baseKeys) {
      expect(hex(await roomKey.receivingKey(participant, unhex(session)))).toBe(baseKey);
      const prk = hkdfExtract('sha256', unhex(session), unhex(v.roomKey));
      expect(hex(hkdfExpand('sha256', prk, unhex(info), 32))).toBe(baseKey);
    }
  });

  test('however a keyboard composes é', async () => {
    const [composed, decomposed] = ['caf\u00e9 cr\u00e8me', 'cafe\u0301 cre\u0300me'];
    expect(composed).not.toBe(decomposed);
    expect(await keyOf({ passphrase: composed })).toBe(await keyOf({ passphrase: decomposed }));
  });

  test('each part of the room makes another, and where names end is part of them', async () => {
    const keys = await Promise.all([
      keyOf({}),
      keyOf({ passphrase: passphrase.toUpperCase() }),
      keyOf({ passphrase: `${passphrase} ` }),
      // alike, but not canonically equivalent: NFC leaves them apart
      keyOf({ passphrase: 'five \ufb01sh' }),
      keyOf({ passphrase: 'five fish' }),
      keyOf({ app: 'ab', room: 'c' }),
      keyOf({ app: 'a', room: 'bc' }),
      keyOf({ app: 'a', room: 'b' }),
      keyOf({ app: 'b', room: 'a' }),
      keyOf({ iterations: 600_001 }),
    ]);
    expect(new Set(keys).size).toBe(keys.length);
    // names are compared as bytes: composed or not is another name
    const bob = await member('bob');
    const names = ['Zo\u00eb', 'Zoe\u0308', 'zo\u00eb', 'Zo\u00eb\0', '\ufffd'];
    const ofNames = await Promise.all(names.map(async (name) => hex(await bob.receivingKey(name, session))));
    expect(new Set(ofNames).size).toBe(names.length);
  });
});

describe('what is refused', () => {
  const long = 'x'.repeat(513);
  const [high, low] = ['half \ud83e of a pair', 'half \udd86 of a pair'];
  const notText = [undefined, null, 7, ['alice'], new String('alice')];

  const badOptions: [argument: keyof RoomKeyOptions, error: ErrorConstructor, values: unknown[]][] = [
    ['passphrase', TypeError, [...notText, high, low]],
    // seven characters of fourteen code units; 1025 bytes
    [
      'passphrase',
      RangeError,
      ['', 'x', '1234567', '\u{1f986}'.repeat(7), 'x'.repeat(1025), 'é'.repeat(513)],
    ],
    ['app', TypeError, [...notText, high, low]],
    ['app', RangeError, ['', long, 'é'.repeat(257)]],
    ['room', TypeError, [...notText, high, low]],
    ['room', RangeError, ['', long]],
    ['participant', TypeError, [...notText, high, low]],
    ['participant', RangeError, ['', long]],
    ['iterations', TypeError, [null, '600000', 600_000n]],
    ['iterations', RangeError, [0, 1, 100_000, 599_999, 600_000.5, -600_000, Number.NaN, 1e8 + 1, 2 ** 32]],
  ];
  test.each(badOptions)('%s: %o', async (argument, error, values) => {
    const derive = vi.spyOn(crypto.subtle, 'deriveBits');
    for (const value of values) {
      const opening = open('alice', { [argument]: value });
      await expect(opening, String(value)).rejects.toThrow(error);
      await expect(opening, String(value)).rejects.toThrow(new RegExp(`^${argument} `));
    }
    expect(derive, 'no work').not.toHaveBeenCalled();
  });

  test('options that are none', async () => {
    for (const options of [undefined, null, 'kx7m', 7]) {
      const opening = RoomKey.fromPassphrase(options as unknown as RoomKeyOptions);
      await expect(opening).rejects.toThrow(TypeError);
      await expect(opening).rejects.toThrow(/^options /);
    }
  });

  test('names and sessions that signalling cannot mean', async () => {
    const bob = await member('bob');
    for (const [error, value] of [
      ...[...notText, high, low].map((value) => [TypeError, value] as const),
      ...['', long].map((value) => [RangeError, value] as const),
    ]) {
      await expect(bob.receivingKey(value as string, session)).rejects.toThrow(error);
      await expect(bob.receivingKey(value as string, session)).rejects.toThrow(/^participant /);
    }
    for (const [error, value] of [
      ...[0, 15, 17, 32].map((len) => [RangeError, noise(len, 1)] as const),
      ...[undefined, null, hex(session), [...session], session.buffer].map(
        (value) => [TypeError, value] as const,
      ),
    ]) {
      await expect(bob.receivingKey('alice', value as Uint8Array)).rejects.toThrow(error);
      await expect(bob.receivingKey('alice', value as Uint8Array)).rejects.toThrow(/^session /);
    }
  });

  test('the shortest and the longest that are taken', async () => {
    const derive = vi.spyOn(crypto.subtle, 'deriveBits').mockResolvedValue(new ArrayBuffer(32));
    for (const taken of ['12345678', '\u{1f986}'.repeat(8), 'x'.repeat(1024)])
      await open('alice', { passphrase: taken, room: 'r', app: 'é'.repeat(256) });
    await open('x'.repeat(512), { iterations: 100_000_000 });
    expect(derive.mock.calls.map(([algorithm]) => (algorithm as Pbkdf2Params).iterations)).toEqual([
      600_000, 600_000, 600_000, 100_000_000,
    ]);
  });

  test('use after destroy()', async () => {
    const alice = await open('alice');
    const { session: own } = await alice.sendingKey();
    const zeroed = vi.spyOn(Uint8Array.prototype, 'fill');
    const underWay = [alice.sendingKey(), alice.receivingKey('bob', session)];
    alice.destroy();
    alice.destroy();
    const late = [...underWay, alice.sendingKey(), alice.receivingKey('bob', own)];
    for (const settled of await Promise.allSettled<unknown>(late))
      expect(settled).toMatchObject({ reason: { name: 'SFrameError', code: 'destroyed' } });
    // the base keys that nobody was given
    const wiped = zeroed.mock.instances as unknown as Uint8Array[];
    expect(wiped.filter((bytes) => bytes.length === 32 && bytes.every((byte) => byte === 0))).toHaveLength(2);
  });
});

describe('what is left behind', () => {
  test('nothing that passed through JavaScript, and no key that can be exported', async () => {
    const imports = vi.spyOn(crypto.subtle, 'importKey');
    const derived = vi.spyOn(crypto.subtle, 'deriveBits');
    const alice = await open('alice');
    const calls = imports.mock.calls as unknown as [string, Uint8Array, string, boolean, KeyUsage[]][];
    expect(calls.map(([, , algorithm]) => algorithm)).toEqual(['PBKDF2', 'HKDF']);
    for (const [, bytes, , extractable, usages] of calls) {
      expect(extractable).toBe(false);
      expect(usages).toEqual(['deriveBits']);
      expect([...bytes].every((byte) => byte === 0)).toBe(true);
    }
    const roomKey = new Uint8Array((await derived.mock.results[0]!.value) as ArrayBuffer);
    expect(roomKey).toEqual(new Uint8Array(32));
    expect(Reflect.ownKeys(alice)).toEqual([]);
    expect(JSON.stringify(alice)).toBe('{}');
    alice.destroy();
  });

  test('nothing where WebCrypto fails, at whichever step', async () => {
    for (const [method, failing] of [
      ['importKey', 1],
      ['deriveBits', 1],
      ['importKey', 2],
    ] as const) {
      const original = crypto.subtle[method].bind(crypto.subtle) as (...args: unknown[]) => Promise<never>;
      const refusal = new DOMException('not here', 'NotSupportedError');
      const imports = vi.spyOn(crypto.subtle, 'importKey');
      const calls = method === 'importKey' ? imports : vi.spyOn(crypto.subtle, method as 'importKey');
      calls.mockImplementation((...args: unknown[]) =>
        calls.mock.calls.length === failing ? Promise.reject(refusal) : original(...args),
      );
      const opening = open('alice');
      await expect(opening).rejects.toMatchObject({ code: 'engine-unavailable', cause: refusal });
      await expect(opening).rejects.not.toThrow(passphrase);
      const given = imports.mock.calls.map((args) => args[1] as Uint8Array);
      expect(given).toHaveLength(method === 'importKey' ? failing : 1);
      for (const bytes of given) expect(bytes.every((byte) => byte === 0)).toBe(true);
      vi.restoreAllMocks();
    }
  });

  test('where WebCrypto fails later, the key says so and serves on', async () => {
    const alice = await member('alice');
    vi.spyOn(crypto.subtle, 'deriveBits').mockRejectedValueOnce(new DOMException('no', 'OperationError'));
    await expect(alice.sendingKey()).rejects.toMatchObject({ code: 'engine-unavailable' });
    expect((await alice.sendingKey()).baseKey).toHaveLength(32);
  });

  test('no passphrase in an error', async () => {
    for (const changes of [{ passphrase: 'secret' }, { passphrase: 'sec\ud83eret12' }, { iterations: 5 }]) {
      const error = (await open('alice', changes).catch((refusal) => refusal)) as Error;
      expect(`${error.message} ${error.stack} ${JSON.stringify(error)}`).not.toMatch(/sec|kx7m/);
    }
  });
});

test('without WebCrypto, as on an insecure page, it says so', async () => {
  const bob = await member('bob');
  vi.stubGlobal('crypto', { getRandomValues: (bytes: Uint8Array) => bytes.fill(7) });
  for (const call of [
    () => open('alice'),
    () => bob.sendingKey(),
    () => bob.receivingKey('alice', session),
  ]) {
    const error = await call().catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(SFrameError);
    expect(error).toMatchObject({ code: 'engine-unavailable' });
  }
});

describe('generatePassphrase', () => {
  const alphabet = [...'23456789abcdefghjkmnpqrstvwxyz'];

  test('20 symbols in groups of four; at 30 a symbol, 98 bits', () => {
    expect(generatePassphrase()).toMatch(/^(?:[2-9a-hjkmnp-tv-z]{4}-){4}[2-9a-hjkmnp-tv-z]{4}$/);
  });

  test('every symbol at every place as often as any other', () => {
    const draws = 6000;
    const drawn = Array.from({ length: draws }, () => generatePassphrase().replaceAll('-', ''));
    expect(new Set(drawn).size).toBe(draws);
    for (let place = 0; place < 20; place++) {
      const counts = new Map<string, number>();
      for (const text of drawn) counts.set(text[place]!, (counts.get(text[place]!) ?? 0) + 1);
      expect([...counts.keys()].sort()).toEqual(alphabet);
      // chi-squared with 29 degrees of freedom: above 90 once in ten million places
      const expected = draws / alphabet.length;
      const chi2 = [...counts.values()].reduce((sum, count) => sum + (count - expected) ** 2 / expected, 0);
      expect(chi2).toBeLessThan(90);
    }
  });

  test('is taken as a passphrase, and draws again what has no symbol', async () => {
    const given = [30, 31, 62, 255, 0, 1, 29, 32].map((byte) => (bytes: Uint8Array) => bytes.fill(byte));
    vi.stubGlobal('crypto', { getRandomValues: (bytes: Uint8Array) => given.shift()!(bytes) });
    expect(generatePassphrase()).toBe('2222-2222-2222-2222-2222');
    expect(generatePassphrase()).toBe('3333-3333-3333-3333-3333');
    expect(generatePassphrase()).toBe('zzzz-zzzz-zzzz-zzzz-zzzz');
    expect(generatePassphrase()).toBe('2222-2222-2222-2222-2222');
    const scarce = [1, 2].map((byte) => (bytes: Uint8Array) => bytes.fill(255).fill(byte, 50));
    given.push(...scarce);
    expect(generatePassphrase()).toBe('3333-3333-3333-3344-4444');
    vi.unstubAllGlobals();
    expect(await open('alice', { passphrase: generatePassphrase() })).toBeInstanceOf(RoomKey);
  });
});
