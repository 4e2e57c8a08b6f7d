// Sender signatures in a call: who is told what, whatever is lost, late, doubled or out of order on its way.

import { ed25519 } from '@noble/curves/ed25519.js';
import { beforeEach, describe, expect, test } from 'vitest';
import {
  type CipherSuite,
  cipherSuites,
  MlsDecryptor,
  MlsEncryptor,
  RatchetDecryptor,
  RatchetEncryptor,
  SFrameDecryptor,
  SFrameEncryptor,
} from '../src/index.ts';
import { parseBlock } from '../src/trust/signature/block.ts';
import { FrameSigner, FrameVerifier, type SignatureAlgorithm } from '../src/trust/signature.ts';
import { readSigningKey } from '../src/trust/signing-keys.ts';
import vectors from '../vectors/signatures.json' with { type: 'json' };
import { noise } from './lengths.ts';
import { hex, unhex } from './oracle.ts';
import {
  Alice,
  Bob,
  type Bytes,
  baseKey,
  cipherSuite,
  clock,
  ecdsaPublicKey,
  mallory,
  publicKey,
  type Sent,
  seed,
  session,
  subtleKeys,
  until,
} from './signed-call.ts';

beforeEach(() => {
  clock.ms = 1e6;
});

describe('frames', () => {
  test('are verified when their block comes, and the participant is named', () => {
    const [alice, bob] = [new Alice(), new Bob()];
    expect(bob.hearAll(alice.sendSome(3))).toEqual([true, true, true]);
    expect(alice.blocks).toEqual([]);
    expect(bob.verifier.counts.waiting).toBe(3);
    bob.hear(alice.send());
    bob.get(alice.take());
    expect(bob.take()).toEqual(['verified 1:0,1,2,3']);
    expect(bob.verifier.counts).toEqual({
      verified: 4,
      unsigned: 0,
      forged: 0,
      waiting: 0,
      blocks: 1,
      repeated: 0,
      refused: 0,
    });
  });

  test('are what RFC 9605 makes of them, signed or not', () => {
    const encryptor = new SFrameEncryptor({ cipherSuite });
    encryptor.setEncryptionKey(baseKey, 1n);
    const before = new Uint8Array(encryptor.encrypt(noise(40, 1)));
    const { ciphertext } = new Alice({ everyFrames: 1 }).send();
    expect(ciphertext).toEqual(before);
  });

  test('of empty, some and other metadata', () => {
    const [alice, bob] = [new Alice(), new Bob()];
    for (const metadata of [undefined, new Uint8Array(0), noise(3, 1), noise(2000, 2)])
      bob.hear(alice.send(metadata));
    bob.get(alice.take());
    expect(bob.take()).toEqual(['verified 1:0,1,2,3']);
  });

  test.each(Object.keys(cipherSuites) as (keyof typeof cipherSuites)[])('of %s', (suite) => {
    const [alice, bob] = [new Alice({ suite }), new Bob({ suite })];
    bob.hearAll(alice.sendSome(4));
    bob.get(alice.take());
    expect(bob.take()).toEqual(['verified 1:0,1,2,3']);
  });

  test('at the ends of counters and KIDs', () => {
    const last = 2n ** 64n - 1n;
    const at = { kid: last, ctr: last - 3n };
    const [alice, bob] = [new Alice({ ...at, everyFrames: 3 }), new Bob(at)];
    bob.hearAll(alice.sendSome(3));
    bob.get(alice.take());
    expect(bob.take()).toEqual([`verified ${last}:${last - 3n},${last - 2n},${last - 1n}`]);
  });

  test('that come after their block are judged at once', () => {
    const [alice, bob] = [new Alice(), new Bob()];
    const frames = alice.sendSome(4);
    bob.get(alice.take());
    expect(bob.hear(frames[2]!)).toBe(true);
    expect(bob.take()).toEqual(['verified 1:2']);
    expect(bob.hear(mallory(3n))).toBe(false);
    expect(bob.take()).toEqual(['forged 1:3']);
  });

  test('of senders with ratchets and of MLS groups', () => {
    const senders = new RatchetEncryptor({ cipherSuite, ratchetBits: 4 });
    senders.setEncryptionKey(baseKey);
    const followers = new RatchetDecryptor({ cipherSuite, ratchetBits: 4 });
    followers.addDecryptionKey(baseKey, 0);
    const group = { epoch: 5, baseKey, groupSize: 4 };
    const member = new MlsEncryptor({ cipherSuite, epochBits: 4 });
    member.setEpoch({ ...group, senderIndex: 2 });
    const others = new MlsDecryptor({ cipherSuite, epochBits: 4 });
    others.addEpoch(group);
    for (const [encryptor, decryptor, step] of [
      [senders, followers, () => senders.ratchet()],
      [member, others, () => {}],
    ] as const) {
      const [alice, bob] = [new Alice({ encryptor }), new Bob({ decryptor })];
      const send = () => {
        const ciphertext = encryptor.encrypt(noise(20, 1));
        alice.signer.sign(ciphertext);
        decryptor.decrypt(ciphertext);
        bob.verifier.add(ciphertext);
      };
      send();
      step();
      for (let i = 0; i < 4; i++) send();
      alice.signer.flush();
      bob.get(alice.take());
      expect(bob.verifier.counts).toMatchObject({ verified: 5, waiting: 0, refused: 0 });
    }
  });

  test('of tracks with a decryptor each, and copies of frames', () => {
    const [alice, bob] = [new Alice(), new Bob()];
    const other = new SFrameDecryptor({ cipherSuite });
    other.addDecryptionKey(baseKey, 1n);
    const frames = alice.sendSome(4);
    bob.hear(frames[0]!);
    bob.hear(frames[1]!, other);
    bob.hear(frames[0]!, other);
    expect(bob.verifier.counts.waiting).toBe(2);
    bob.get(alice.take());
    bob.hear(frames[1]!);
    expect(bob.take()).toEqual(['verified 1:0,1']);
    expect(bob.verifier.counts).toMatchObject({ verified: 2, waiting: 0 });
  });

  test('whose key has gone meanwhile are unsigned, at once', () => {
    const [alice, bob] = [new Alice({ everyFrames: 1 }), new Bob()];
    const { ciphertext } = alice.send();
    bob.decryptor.decrypt(ciphertext);
    bob.decryptor.removeDecryptionKey(1n);
    expect(bob.verifier.add(ciphertext)).toBe(true);
    expect(bob.take()).toEqual(['unsigned 1:0']);
  });

  test('where there is no WebAssembly', async () => {
    const options = { cipherSuite, engine: 'webcrypto' } as const;
    const encryptor = new SFrameEncryptor(options);
    encryptor.setEncryptionKey(baseKey, 1n);
    const decryptor = new SFrameDecryptor(options);
    decryptor.addDecryptionKey(baseKey, 1n);
    const [alice, bob] = [new Alice({ encryptor, everyFrames: 2 }), new Bob({ decryptor })];
    const [first, second] = await Promise.all([1, 2].map((i) => encryptor.encryptAsync(noise(9, i))));
    // the key is another by now, and WebCrypto alone knows both
    encryptor.setEncryptionKey(noise(16, 7), 2n);
    const third = await encryptor.encryptAsync(noise(9, 3));
    decryptor.addDecryptionKey(noise(16, 7), 2n);
    for (const ciphertext of [third, second!, first!]) {
      alice.signer.sign(ciphertext);
      await decryptor.decryptAsync(ciphertext);
      bob.verifier.add(ciphertext);
    }
    alice.signer.flush();
    bob.get(alice.take());
    expect(bob.take().sort()).toEqual(['verified 1:0,1', 'verified 2:0']);
  });
});

describe('blocks', () => {
  test('are due after so many frames, so many ms, on request and when the key changes', () => {
    const alice = new Alice({ everyFrames: 3, everyMs: 200 });
    const counts = () => alice.take().map((block) => parseBlock(block)!.digests.length / 32);
    alice.sendSome(7);
    expect(counts()).toEqual([3, 3]);
    clock.ms += 199;
    alice.signer.tick();
    expect(counts()).toEqual([]);
    clock.ms += 1;
    alice.signer.tick();
    expect(counts()).toEqual([1]);
    alice.sendSome(1);
    clock.ms += 200;
    alice.sendSome(1);
    expect(counts()).toEqual([2]);
    alice.sendSome(2);
    alice.signer.flush();
    alice.signer.flush();
    expect(counts()).toEqual([2]);
    alice.sendSome(2);
    alice.encryptor.setEncryptionKey(noise(16, 8), 2n);
    expect(counts()).toEqual([]);
    alice.sendSome(2);
    expect(counts()).toEqual([2]);
  });

  test('number themselves, and own their buffer', () => {
    const alice = new Alice({ everyFrames: 1 });
    alice.sendSome(3);
    const blocks = alice.take();
    expect(blocks.map((block) => parseBlock(block)!.sequence)).toEqual([0n, 1n, 2n]);
    for (const { byteOffset, buffer, length } of blocks)
      expect([byteOffset, buffer.byteLength]).toEqual([0, length]);
  });

  test('lost, late, doubled and out of order', () => {
    const [alice, bob] = [new Alice({ everyFrames: 2 }), new Bob()];
    bob.hearAll(alice.sendSome(10));
    const [a, , c, d, e] = alice.take() as [Bytes, Bytes, Bytes, Bytes, Bytes];
    bob.get([e, c, c, a, e, d]);
    expect(bob.take()).toEqual(['verified 1:8,9', 'verified 1:4,5', 'verified 1:0,1', 'verified 1:6,7']);
    clock.ms += 5000;
    bob.verifier.tick();
    expect(bob.take()).toEqual(['unsigned 1:2,3']);
    expect(bob.verifier.counts).toMatchObject({ blocks: 4, repeated: 2, refused: 0 });
  });

  test('name no frame that the signer was not given: it is unsigned, not forged', () => {
    const [alice, bob] = [new Alice(), new Bob()];
    const frames = alice.sendSome(2);
    const unnamed = { ciphertext: alice.encryptor.encrypt(noise(5, 5)), metadata: undefined };
    frames.push(unnamed, alice.send());
    clock.ms += 1000;
    alice.signer.tick();
    expect(alice.signer.sign(unnamed.ciphertext), 'too late').toBe(false);
    bob.hearAll(frames);
    bob.get(alice.take());
    clock.ms += 5000;
    bob.verifier.tick();
    expect(bob.take()).toEqual(['verified 1:0,1,3', 'unsigned 1:2']);
  });

  test('wait for frames that WebCrypto encrypts longer, but not for ever', () => {
    const alice = new Alice({ everyMs: 100 });
    const made = Array.from({ length: 9 }, (_, i) => alice.encryptor.encrypt(noise(9, i)));
    const sign = (...ctrs: number[]) => ctrs.map((ctr) => alice.signer.sign(made[ctr]!));
    const ranges = () =>
      alice.take().map((block) => {
        const { firstCtr, digests } = parseBlock(block)!;
        const named = Array.from({ length: digests.length / 32 }, (_, i) => {
          return digests.subarray(32 * i, 32 * i + 32).some((byte) => byte !== 0) ? '█' : '░';
        });
        return `${firstCtr} ${named.join('')}`;
      });
    expect(sign(1, 0, 2)).toEqual([true, true, true]);
    expect(ranges()).toEqual([]);
    sign(4);
    expect(ranges()).toEqual(['0 ███']);
    sign(6, 7, 5);
    expect(sign(5), 'twice').toEqual([false]);
    expect(ranges()).toEqual([]);
    clock.ms += 50;
    sign(8);
    alice.signer.flush();
    expect(ranges()).toEqual([]);
    sign(3);
    expect(ranges()).toEqual(['3 ██████']);
    expect(sign(3, 8)).toEqual([false, false]);

    const next = Array.from({ length: 5 }, (_, i) => alice.encryptor.encrypt(noise(9, i)));
    for (const i of [0, 2]) alice.signer.sign(next[i]!);
    clock.ms += 99;
    alice.signer.sign(next[4]!);
    alice.signer.tick();
    expect(ranges()).toEqual([]);
    clock.ms += 1;
    alice.signer.tick();
    expect(ranges()).toEqual(['9 █░█']);
    clock.ms += 100;
    alice.signer.tick();
    expect(ranges()).toEqual(['13 █']);
  });

  test('have 256 frames at most, and the signer keeps no more', () => {
    const alice = new Alice({ everyFrames: 256, everyMs: 60_000 });
    const waiting = Array.from({ length: 600 }, () => alice.encryptor.encrypt(noise(3, 1)));
    for (const ciphertext of waiting.slice(1)) alice.signer.sign(ciphertext); // the first never comes
    const ranges = alice.take().map((block) => parseBlock(block)!);
    expect(ranges.map(({ firstCtr, digests }) => [firstCtr, digests.length / 32])).toEqual([
      [1n, 256],
      [257n, 256],
    ]);
    // every other frame
    for (let i = 0; i < 600; i++) {
      const ciphertext = alice.encryptor.encrypt(noise(3, 1));
      if (i % 2 === 0) alice.signer.sign(ciphertext);
    }
    for (const block of alice.take()) expect(block.length).toBeLessThan(9073);
  });

  test('after a leap of the counter begin there', () => {
    const [alice, bob] = [new Alice({ everyFrames: 2 }), new Bob()];
    bob.hearAll(alice.sendSome(2));
    alice.encryptor.setEncryptionKey(noise(16, 8), 2n, { ctr: 5n });
    bob.decryptor.addDecryptionKey(noise(16, 8), 2n);
    bob.hearAll(alice.sendSome(2));
    for (let i = 0; i < 300; i++) alice.encryptor.encrypt(new Uint8Array(0));
    bob.hearAll(alice.sendSome(2));
    clock.ms += 1000;
    alice.signer.tick();
    bob.get(alice.take());
    expect(bob.take()).toEqual(['verified 1:0,1', 'verified 2:5,6', 'verified 2:307,308']);
  });

  test('of keys that come and go', () => {
    const [alice, bob] = [new Alice({ everyFrames: 3 }), new Bob()];
    const late: Sent[] = [];
    for (let kid = 2n; kid < 12n; kid++) {
      alice.encryptor.setEncryptionKey(noise(16, Number(kid)), kid);
      bob.decryptor.addDecryptionKey(noise(16, Number(kid)), kid);
      late.push({ ciphertext: alice.encryptor.encrypt(noise(5, 5)), metadata: undefined });
      bob.hearAll(alice.sendSome(4));
    }
    // the encryptor knows the last four
    expect(() => alice.signer.sign(late[5]!.ciphertext)).toThrow(/^ciphertext /);
    expect(alice.signer.sign(late[9]!.ciphertext)).toBe(true);
    clock.ms += 1000;
    alice.signer.tick();
    bob.get(alice.take());
    expect(bob.verifier.counts).toMatchObject({ verified: 40, waiting: 0, refused: 0 });
  });
});

describe('keys', () => {
  const raw = {
    Ed25519: { privateKey: seed, publicKey, algorithm: 'Ed25519' as const },
    'ECDSA-P256': { privateKey: seed, publicKey: ecdsaPublicKey, algorithm: 'ECDSA-P256' as const },
  };

  test.each([
    ['Ed25519', 'bytes', 'CryptoKey'],
    ['Ed25519', 'CryptoKey', 'bytes'],
    ['Ed25519', 'CryptoKey', 'CryptoKey'],
    ['ECDSA-P256', 'bytes', 'bytes'],
    ['ECDSA-P256', 'bytes', 'CryptoKey'],
    ['ECDSA-P256', 'CryptoKey', 'bytes'],
    ['ECDSA-P256', 'CryptoKey', 'CryptoKey'],
  ] as const)('%s: signed by %s, verified by %s', async (name, by, for_) => {
    const subtle = { ...(await subtleKeys(name)), algorithm: name };
    const { privateKey } = by === 'bytes' ? raw[name] : subtle;
    const { publicKey } = for_ === 'bytes' ? raw[name] : subtle;
    const alice = new Alice({ privateKey, algorithm: name, everyFrames: 1 });
    const bob = new Bob({ publicKey, algorithm: name });
    bob.hearAll(alice.sendSome(16)); // half of WebCrypto's signatures by ECDSA have a high s
    await alice.signer.flush();
    const blocks = alice.take();
    expect(blocks.map((block) => parseBlock(block)!.sequence)).toEqual(blocks.map((_, i) => BigInt(i)));
    bob.get(blocks);
    await until(() => bob.verifier.counts.verified === 16);
    expect(bob.verifier.counts).toMatchObject({ blocks: 16, refused: 0 });
  });

  test('of P-256 may be compressed or not', async () => {
    const { publicKey } = await subtleKeys('ECDSA-P256');
    const whole = new Uint8Array(await crypto.subtle.exportKey('raw', publicKey));
    expect(whole).toHaveLength(65);
    const alice = new Alice({ algorithm: 'ECDSA-P256' });
    const bob = new Bob({ publicKey: whole, algorithm: 'ECDSA-P256' });
    bob.hearAll(alice.sendSome(4));
    bob.get(alice.take());
    expect(bob.take()).toEqual(['verified 1:0,1,2,3']);
  });

  test('and sessions are copied', () => {
    const mine = { privateKey: seed.slice(), session: session.slice() };
    const his = { publicKey: publicKey.slice(), session: session.slice() };
    const [alice, bob] = [new Alice(mine), new Bob(his)];
    for (const bytes of [...Object.values(mine), ...Object.values(his)]) bytes.fill(0);
    bob.hearAll(alice.sendSome(4));
    bob.get(alice.take());
    expect(bob.take()).toEqual(['verified 1:0,1,2,3']);
  });

  test.each(['Ed25519', 'ECDSA-P256'] as const)('of %s as bytes are wiped by destroy()', (algorithm) => {
    const message = noise(50, 1);
    const key = readSigningKey(seed, algorithm);
    const before = key.sign(message);
    key.destroy();
    if (algorithm === 'ECDSA-P256') expect(() => key.sign(message), 'there is no key 0').toThrow();
    else expect(key.sign(message)).toEqual(ed25519.sign(message, new Uint8Array(32)));
    expect(readSigningKey(seed, algorithm).sign(message)).toEqual(before);
  });

  test('by which WebCrypto signs the last block first: they leave in their order all the same', async () => {
    const { privateKey } = await subtleKeys('Ed25519');
    const alice = new Alice({ privateKey, everyFrames: 1 });
    const { sign } = crypto.subtle;
    let delay = 60;
    crypto.subtle.sign = async (...args) => {
      const signature = await sign.apply(crypto.subtle, args);
      delay -= 20;
      await new Promise((resolve) => setTimeout(resolve, delay));
      return signature;
    };
    try {
      alice.sendSome(3);
      await alice.signer.flush();
    } finally {
      crypto.subtle.sign = sign;
    }
    expect(alice.take().map((block) => parseBlock(block)!.sequence)).toEqual([0n, 1n, 2n]);
  });

  test('that WebCrypto cannot use after all: the application is told', async () => {
    const { privateKey } = await subtleKeys('ECDSA-P256');
    const alice = new Alice({ privateKey, everyFrames: 2 });
    const failed: unknown[] = [];
    alice.signer.addEventListener('signing-failed', ({ error, block }) => failed.push(error, block));
    const { sign } = crypto.subtle;
    crypto.subtle.sign = () => Promise.reject(new Error('no'));
    try {
      alice.sendSome(2);
    } finally {
      crypto.subtle.sign = sign;
    }
    alice.sendSome(2);
    await alice.signer.flush();
    expect(failed).toEqual([new Error('no'), undefined]);
    expect(alice.take().map((block) => parseBlock(block)!.sequence)).toEqual([1n]);
  });
});

describe('with require', () => {
  test('who stays unsigned is dropped, until a block verifies a frame', () => {
    const [alice, bob] = [new Alice({ everyMs: 9000 }), new Bob({ require: true })];
    const send = (count: number) =>
      alice.sendSome(count).map((sent) => {
        clock.ms += 1000;
        return bob.hear(sent);
      });
    expect(send(5)).toEqual([true, true, true, true, true]);
    expect(bob.verifier.isDropped).toBe(false);
    expect(send(2), 'the block was withheld').toEqual([false, false]);
    expect(bob.take()).toEqual(['unsigned 1:0', 'dropped', 'unsigned 1:1']);
    const frames = send(1);
    expect(frames).toEqual([false]);
    bob.get(alice.take());
    expect(bob.take()).toEqual(['unsigned 1:2', 'verified 1:3', 'restored', 'verified 1:4,5,6,7']);
    expect(send(1)).toEqual([true]);
  });

  test('a lost block drops nobody, nor does silence', () => {
    const [alice, bob] = [new Alice({ everyFrames: 2 }), new Bob({ require: true })];
    for (let i = 0; i < 20; i++) {
      clock.ms += 500;
      expect(bob.hear(alice.send())).toBe(true);
      const blocks = alice.take();
      if (i !== 5) bob.get(blocks);
    }
    expect(bob.take().filter((words) => !words.startsWith('verified'))).toEqual([
      'unsigned 1:4',
      'unsigned 1:5',
    ]);
    clock.ms += 100_000;
    bob.verifier.tick();
    expect(bob.hear(alice.send())).toBe(true);
    expect(bob.verifier.isDropped).toBe(false);
  });

  test('as whom somebody forges is dropped, until nobody has for a while', () => {
    const [alice, bob] = [new Alice({ everyFrames: 1 }), new Bob({ require: true })];
    const speak = () => {
      const shown = bob.hear(alice.send());
      bob.get(alice.take());
      return shown;
    };
    expect(speak()).toBe(true);
    alice.send();
    bob.get(alice.take());
    expect(bob.hear(mallory(1n)), 'not even once').toBe(false);
    expect(bob.take().slice(1)).toEqual(['forged 1:1', 'dropped']);
    expect(speak()).toBe(false);
    clock.ms += 4999;
    expect(speak()).toBe(false);
    clock.ms += 1;
    expect(speak()).toBe(false);
    expect(speak(), 'verified since').toBe(true);
    expect(bob.take().at(-2)).toBe('restored');
  });

  test('without it, nobody is', () => {
    const [alice, bob] = [new Alice(), new Bob()];
    for (let i = 0; i < 20; i++) {
      clock.ms += 1000;
      expect(bob.hear(alice.send())).toBe(true);
    }
    expect(bob.verifier.isDropped).toBe(false);
    expect(bob.take().every((words) => words.startsWith('unsigned'))).toBe(true);
  });
});

describe('what is refused', () => {
  const encryptor = new SFrameEncryptor({ cipherSuite });
  const decryptor = new SFrameDecryptor({ cipherSuite });
  const mine = { encryptor, session, participant: 'alice', privateKey: seed };
  const his = { decryptor, session, participant: 'alice', publicKey };
  const notBytes = [undefined, null, 'x', [1], new ArrayBuffer(16)];
  const notNumbers = ['1', null];

  const shared: [option: string, error: ErrorConstructor, values: unknown[]][] = [
    ['session', TypeError, notBytes],
    ['session', RangeError, [new Uint8Array(15), new Uint8Array(256)]],
    ['participant', TypeError, [undefined, null, 7, '\ud83e']],
    ['participant', RangeError, ['', 'x'.repeat(513)]],
    ['algorithm', TypeError, [null, 'ed25519', 'toString']],
    ['now', TypeError, [1, null]],
  ];

  test.each([
    ...shared,
    ['encryptor', TypeError, [undefined, null, {}, decryptor.decrypt]],
    ['privateKey', TypeError, notBytes],
    ['privateKey', RangeError, [new Uint8Array(31), new Uint8Array(64)]],
    ['everyFrames', TypeError, notNumbers],
    ['everyFrames', RangeError, [0, 257, 1.5]],
    ['everyMs', TypeError, notNumbers],
    ['everyMs', RangeError, [0, 60_001]],
  ] as typeof shared)('by a signer: %s, %o', (option, error, values) => {
    for (const value of values) {
      const make = () => new FrameSigner({ ...mine, [option]: value } as never);
      expect(make).toThrow(error);
      expect(make).toThrow(new RegExp(`^${option} `));
    }
  });

  test.each([
    ...shared,
    ['decryptor', TypeError, [undefined, null, {}]],
    ['publicKey', TypeError, notBytes],
    ['publicKey', RangeError, [new Uint8Array(31), new Uint8Array(33)]],
    ['timeoutMs', TypeError, notNumbers],
    ['timeoutMs', RangeError, [99, 600_001]],
    ['maxFrames', TypeError, notNumbers],
    ['maxFrames', RangeError, [255, 65_537]],
    ['require', TypeError, [1, null, 'yes']],
  ] as typeof shared)('by a verifier: %s, %o', (option, error, values) => {
    for (const value of values) {
      const make = () => new FrameVerifier({ ...his, [option]: value } as never);
      expect(make).toThrow(error);
      expect(make).toThrow(new RegExp(`^${option} `));
    }
  });

  test('options that are none, and keys for something else', async () => {
    for (const options of [undefined, null, 7]) {
      expect(() => new FrameSigner(options as never)).toThrow(/^options /);
      expect(() => new FrameVerifier(options as never)).toThrow(/^options /);
    }
    const algorithm = 'ECDSA-P256' as const;
    for (const privateKey of [new Uint8Array(32), new Uint8Array(32).fill(255)])
      expect(() => new FrameSigner({ ...mine, privateKey, algorithm })).toThrow(/^privateKey .* P-256/);
    for (const publicKey of [new Uint8Array(33), new Uint8Array(65).fill(4), new Uint8Array(32)])
      expect(() => new FrameVerifier({ ...his, publicKey, algorithm })).toThrow(RangeError);
    const ed = await subtleKeys('Ed25519');
    const ec = await subtleKeys('ECDSA-P256');
    expect(() => new FrameSigner({ ...mine, privateKey: ed.publicKey })).toThrow(/^privateKey .* private/);
    expect(() => new FrameVerifier({ ...his, publicKey: ed.privateKey })).toThrow(/^publicKey .* public/);
    expect(() => new FrameSigner({ ...mine, privateKey: ed.privateKey, algorithm })).toThrow(/^algorithm /);
    expect(() => new FrameVerifier({ ...his, publicKey: ec.publicKey, algorithm: 'Ed25519' })).toThrow(
      /^algorithm /,
    );
    const hidden = await crypto.subtle.importKey('raw', publicKey, 'Ed25519', false, ['verify']);
    expect(() => new FrameVerifier({ ...his, publicKey: hidden })).toThrow(/^publicKey .* extractable/);
    const useless = await crypto.subtle.importKey('raw', publicKey, 'Ed25519', true, []);
    expect(() => new FrameVerifier({ ...his, publicKey: useless })).toThrow(/^publicKey .* verify/);
    const p384 = await crypto.subtle.generateKey({ name: 'ECDSA', namedCurve: 'P-384' }, false, ['sign']);
    expect(() => new FrameSigner({ ...mine, privateKey: p384.privateKey })).toThrow(TypeError);
    const hmac = await crypto.subtle.generateKey({ name: 'HMAC', hash: 'SHA-256' }, false, ['sign']);
    expect(() => new FrameSigner({ ...mine, privateKey: hmac })).toThrow(TypeError);
  });

  test('arguments', () => {
    const [alice, bob] = [new Alice(), new Bob()];
    const { ciphertext } = alice.send();
    for (const value of notBytes) {
      expect(() => alice.signer.sign(value as never)).toThrow(/^ciphertext must be a Uint8Array/);
      expect(() => bob.verifier.add(value as never)).toThrow(/^ciphertext must be a Uint8Array/);
      expect(() => bob.verifier.addBlock(value as never)).toThrow(/^block must be a Uint8Array/);
      if (value === undefined) continue;
      expect(() => alice.signer.sign(ciphertext, value as never)).toThrow(/^metadata /);
      expect(() => bob.verifier.add(ciphertext, value as never)).toThrow(/^metadata /);
      expect(() => bob.verifier.add(ciphertext, undefined, value as never)).toThrow(/^decryptor /);
    }
    const ofAnother = new Alice({ kid: 9n }).send().ciphertext;
    for (const other of [new Uint8Array(0), new Uint8Array([0x08, 0x00]), ofAnother])
      expect(() => alice.signer.sign(other)).toThrow(/^ciphertext must be a frame of this encryptor/);
    expect(() => bob.verifier.add(new Uint8Array(0))).toThrow(RangeError);
  });

  test('after destroy(), everything', async () => {
    const [alice, bob] = [new Alice(), new Bob()];
    const sent = alice.send();
    bob.hear(sent);
    for (let i = 0; i < 2; i++) {
      alice.signer.destroy();
      bob.verifier.destroy();
    }
    const destroyed = expect.objectContaining({ code: 'destroyed' });
    for (const call of [
      () => alice.signer.sign(sent.ciphertext),
      () => alice.signer.tick(),
      () => bob.verifier.add(sent.ciphertext),
      () => bob.verifier.addBlock(new Uint8Array(9)),
      () => bob.verifier.tick(),
    ])
      expect(call).toThrow(destroyed);
    await expect(alice.signer.flush()).rejects.toThrow(destroyed);
    expect(bob.verifier.counts.waiting).toBe(0);
    expect(alice.blocks).toEqual([]);
    expect(bob.news).toEqual([]);
  });

  test('what was under way in WebCrypto when it was destroyed says nothing more', async () => {
    const keys = await subtleKeys('Ed25519');
    const [alice, bob] = [new Alice(), new Bob(keys)];
    bob.hearAll(alice.sendSome(4));
    bob.get(alice.take());
    bob.verifier.destroy();
    const slow = new Alice({ privateKey: keys.privateKey });
    slow.sendSome(4);
    const flushed = slow.signer.flush();
    slow.signer.destroy();
    await flushed;
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(slow.blocks).toEqual([]);
    expect(bob.news).toEqual([]);
    expect(bob.verifier.counts).toMatchObject({ verified: 0, blocks: 0, refused: 0 });
  });

  test('listeners may do anything', () => {
    const [alice, bob] = [new Alice({ everyFrames: 1 }), new Bob()];
    const block = new Alice({ everyFrames: 1 });
    block.send();
    const [again] = block.take();
    bob.verifier.addEventListener('verified', () => {
      bob.verifier.addBlock(again!);
      bob.verifier.destroy();
    });
    alice.signer.addEventListener('block', () => alice.signer.destroy());
    bob.hear(alice.send());
    bob.get(alice.take());
    expect(bob.take()).toEqual(['verified 1:0']);
    expect(bob.verifier.counts).toMatchObject({ repeated: 1 });
    expect(() => alice.signer.tick()).toThrow();
    const clocked: Alice = new Alice({
      now() {
        clocked.signer.destroy();
        return 1;
      },
    });
    expect(() => clocked.signer.tick()).toThrow(expect.objectContaining({ code: 'destroyed' }));
    expect(() => new Alice({ now: () => Number.NaN }).signer.tick()).toThrow(/^now /);
  });
});

describe('vectors', () => {
  const optionsOf = (v: (typeof vectors.signers)[number]) => ({
    algorithm: v.algorithm as SignatureAlgorithm,
    session: unhex(v.session),
    participant: v.participant,
    suite: v.suiteName as CipherSuite,
  });

  /** A listener who has the keys that a signer's blocks need. */
  function listenTo(v: (typeof vectors.signers)[number]): Bob {
    const bob = new Bob({ ...optionsOf(v), publicKey: unhex(v.publicKey) });
    for (const { baseKey, kid } of v.blocks) bob.decryptor.addDecryptionKey(unhex(baseKey), BigInt(kid));
    return bob;
  }

  test.each(vectors.signers.filter(({ privateKey }) => privateKey))('signed: $why', (v) => {
    const privateKey = unhex(v.privateKey!);
    const alice = new Alice({ ...optionsOf(v), privateKey, everyFrames: 256, key: noise(16, 99), kid: 99n });
    let inUse = '';
    for (const block of v.blocks) {
      const kid = BigInt(block.kid);
      const key = `${kid} ${block.baseKey}`;
      if (key !== inUse) {
        alice.encryptor.setEncryptionKey(unhex(block.baseKey), kid, { ctr: BigInt(block.firstCtr) });
        inUse = key;
      }
      for (const frame of block.frames) {
        const metadata = unhex(frame?.metadata ?? '');
        const ciphertext = alice.encryptor.encrypt(unhex(frame?.plaintext ?? ''), metadata);
        if (frame === null) continue;
        expect(hex(ciphertext)).toBe(frame.ciphertext);
        alice.signer.sign(ciphertext, metadata);
      }
      clock.ms += 1000;
      alice.signer.tick();
      expect(alice.take().map(hex)).toEqual([block.block]);
    }
  });

  test.each(vectors.signers)('verified: $why', (v) => {
    const bob = listenTo(v);
    for (const { block, frames, kid } of v.blocks) {
      const sent = frames.flatMap((frame) => frame ?? []);
      for (const { ciphertext, metadata } of sent)
        bob.hear({ ciphertext: unhex(ciphertext), metadata: unhex(metadata) });
      bob.get([unhex(block)]);
      expect(bob.take()).toEqual([`verified ${kid}:${sent.map(({ ctr }) => ctr).join()}`]);
    }
    expect(bob.verifier.counts).toMatchObject({ blocks: v.blocks.length, waiting: 0, refused: 0 });
  });

  test.each(vectors.refused)('refused: $why', ({ signer, block, reason }) => {
    const v = vectors.signers[signer]!;
    const bob = listenTo(v);
    bob.get([unhex(block)]);
    expect(bob.take()).toEqual([`block-refused ${reason}`]);
    bob.get([unhex(v.blocks[0]!.block)]);
    expect(bob.verifier.counts).toMatchObject({ blocks: 1 });
  });

  test.each(vectors.refusedKeys)('no public key: $why', ({ publicKey }) => {
    expect(() => new Bob({ publicKey: unhex(publicKey) })).toThrow(/^publicKey must be a canonical point/);
  });
});
