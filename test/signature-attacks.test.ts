// Sender signatures against members who have all symmetric keys, and a server that may do anything with what it relays:
// each attack is a test.

import { ed25519 } from '@noble/curves/ed25519.js';
import { p256 } from '@noble/curves/nist.js';
import { beforeEach, describe, expect, test } from 'vitest';
import { decodeHeader, SFrameDecryptor, SFrameEncryptor } from '../src/index.ts';
import { messageOf, parseBlock } from '../src/trust/signature/block.ts';
import { frameDigest } from '../src/trust/signature/digest.ts';
import { FrameVerifier } from '../src/trust/signature.ts';
import { dice } from './call.ts';
import { noise } from './lengths.ts';
import { aesEncryptBlock, ghash, oracleDerive, sha512 } from './oracle.ts';
import {
  Alice,
  Bob,
  type Bytes,
  baseKey,
  blockOf,
  cipherSuite,
  clock,
  ecdsaPublicKey,
  fingerprintOf,
  mallory,
  now,
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

const bytes = (...values: (number | Uint8Array)[]): Bytes =>
  new Uint8Array(values.flatMap((value) => (typeof value === 'number' ? [value] : [...value])));
const xor = (a: Uint8Array, b: Uint8Array): Bytes => Uint8Array.from(a, (byte, i) => byte ^ b[i]!);
const digestOf = ({ ciphertext, metadata }: Sent): Bytes => frameDigest(ciphertext, metadata);
const digestsOf = (frames: readonly Sent[]): Bytes => bytes(...frames.map(digestOf));

/** x • y in GF(2^128). */
const times = (x: Uint8Array, y: Uint8Array): Bytes => ghash(y, x);

/** 1/x = x^(2^128 - 2). */
function inverse(x: Bytes): Bytes {
  let square = times(x, x);
  let product = square;
  for (let i = 2; i < 128; i++) {
    square = times(square, square);
    product = times(product, square);
  }
  return product;
}

/** What GCM does under a key and nonce. */
function gcmUnder(suite: number, key: Bytes, kid: bigint, ctr: bigint) {
  const derived = oracleDerive(suite, kid, key);
  const nonce = derived.salt.slice();
  for (let i = 0; i < 8; i++) nonce[11 - i]! ^= Number((ctr >> BigInt(8 * i)) & 255n);
  const block = (counter: number) => aesEncryptBlock(derived.key, bytes(nonce, 0, 0, 0, counter));
  return { h: aesEncryptBlock(derived.key, new Uint8Array(16)), block };
}

describe('a member forges', () => {
  test('a frame before the one he was sent arrives', () => {
    const [alice, bob] = [new Alice(), new Bob()];
    const frames = alice.sendSome(4);
    bob.hear(frames[0]!);
    expect(bob.hear(mallory(1n)), 'nobody can know yet').toBe(true);
    expect(() => bob.hear(frames[1]!)).toThrow(expect.objectContaining({ code: 'replay' }));
    bob.hear(frames[3]!);
    bob.get(alice.take());
    expect(bob.take()).toEqual(['verified 1:0', 'forged 1:1', 'verified 1:3']);
    expect(bob.verifier.counts).toMatchObject({ verified: 2, forged: 1, waiting: 0 });
  });

  // What broke the signatures of SFrame's first drafts, which covered tags alone.
  test.each([
    ['AES_128_GCM_SHA256_128', 4],
    ['AES_256_GCM_SHA512_128', 5],
  ] as const)('%s: another payload under the same header, nonce and tag', (suite, id) => {
    const [alice, bob] = [new Alice({ suite, kid: 0x123n, ctr: 0x4567n }), new Bob({ suite, kid: 0x123n })];
    const said = new TextEncoder().encode('I never said that she stole my money. -- Alice, to everyone ....');
    const wanted = new TextEncoder().encode('I have stolen the money myself, yes. -- Alice, ');
    expect([said.length % 16, wanted.length]).toEqual([0, said.length - 17]);
    const ciphertext = alice.encryptor.encrypt(said);
    alice.signer.sign(ciphertext);

    // He knows the key, so: what he wants to have been said, and in the last block what makes GHASH come out the same.
    const text = ciphertext.subarray(5, 5 + said.length);
    const difference = bytes(xor(said, wanted).subarray(0, wanted.length), 0).subarray(0, 48);
    const { h } = gcmUnder(id, baseKey, 0x123n, 0x4567n);
    const forged = bytes(
      ciphertext.subarray(0, 5),
      xor(text, bytes(difference, ghash(h, difference))),
      ciphertext.subarray(5 + said.length),
    );
    expect(forged.subarray(-16), 'the tag').toEqual(ciphertext.subarray(-16));
    expect(forged).not.toEqual(ciphertext);

    const opened = bob.decryptor.decrypt(forged);
    expect(new TextDecoder().decode(opened)).toContain('I have stolen the money myself, yes. -- Alice, ');
    bob.verifier.add(forged);
    alice.signer.flush();
    bob.get(alice.take());
    expect(bob.take()).toEqual([`forged ${0x123}:${0x4567}`]);
  });

  test('the metadata of a frame, with a tag of its own', () => {
    const [alice, bob] = [new Alice({ everyFrames: 1 }), new Bob()];
    const plaintext = noise(40, 1);
    const encryptor = new SFrameEncryptor({ cipherSuite });
    encryptor.setEncryptionKey(baseKey, 1n);
    alice.signer.sign(alice.encryptor.encrypt(plaintext, bytes(1)), bytes(1));
    bob.hear({ ciphertext: encryptor.encrypt(plaintext, bytes(2)), metadata: bytes(2) });
    bob.get(alice.take());
    expect(bob.take()).toEqual(['forged 1:0']);
  });

  test('nor can metadata and ciphertext change places', () => {
    const [a, b] = [noise(10, 1), noise(10, 2)];
    const digests = [
      frameDigest(a, b),
      frameDigest(b, a),
      frameDigest(bytes(a, b), undefined),
      frameDigest(new Uint8Array(0), bytes(a, b)),
      frameDigest(bytes(a, 0, 0, 0, 10, b), undefined),
      frameDigest(bytes(0, 0, 0, 10, a), b),
    ];
    expect(new Set(digests.map(String)).size).toBe(digests.length);
    expect(frameDigest(a, undefined)).toEqual(frameDigest(a, new Uint8Array(0)));
  });

  test('ahead of her: unsigned, and what she sends there is not told of again', () => {
    const [alice, bob] = [new Alice({ everyFrames: 1 }), new Bob()];
    bob.hear(mallory(2n));
    bob.hearAll(alice.sendSome(1));
    bob.get(alice.take());
    clock.ms += 5000;
    const [, third] = alice.sendSome(2);
    expect(() => bob.hear(third!)).toThrow(expect.objectContaining({ code: 'replay' }));
    bob.get(alice.take());
    expect(bob.take()).toEqual(['verified 1:0', 'unsigned 1:2']);
  });

  test('several frames of one counter, where there is no replay window', () => {
    const [alice, bob] = [new Alice({ everyFrames: 2 }), new Bob({ replayWindow: 0 })];
    bob.hear(mallory(0n));
    bob.hearAll(alice.sendSome(2));
    bob.hear(mallory(1n, noise(9, 9)));
    bob.hear(mallory(1n, noise(9, 8)));
    bob.get(alice.take());
    expect(bob.take()).toEqual(['forged 1:0', 'verified 1:0,1', 'forged 1:1,1']);
    expect(bob.hear(mallory(1n, noise(9, 7)))).toBe(false);
    expect(bob.verifier.counts).toMatchObject({ verified: 2, forged: 4, waiting: 0 });
  });

  test('a block: his own key signs nothing of hers', () => {
    const [alice, bob] = [new Alice(), new Bob()];
    const forged = mallory();
    bob.hear(forged);
    bob.get([blockOf({ digests: digestOf(forged) }, { by: noise(32, 66) })]);
    expect(bob.take()).toEqual(['block-refused signature']);
    alice.sendSome(4);
    bob.get(alice.take());
    expect(bob.take()).toEqual(['forged 1:0']);
  });

  test('or signs her frames as his: they are not', () => {
    const bob = new Bob({
      participant: 'alice',
      publicKey: new Uint8Array(ed25519.getPublicKey(noise(32, 66))),
    });
    bob.hear(mallory());
    bob.get([blockOf({ digests: digestOf(mallory()) }, { by: noise(32, 66), participant: 'mallory' })]);
    expect(bob.take()).toEqual(['block-refused context']);
  });
});

describe('a block', () => {
  const oneBlock = () => {
    const alice = new Alice({ everyFrames: 2 });
    const frames = alice.sendSome(2);
    return { frames, block: alice.take()[0]! };
  };

  test('replayed changes nothing', () => {
    const { frames, block } = oneBlock();
    const bob = new Bob();
    bob.hearAll(frames);
    bob.get([block, block, block.slice()]);
    clock.ms += 10_000;
    bob.verifier.tick();
    bob.get([block]);
    expect(bob.take()).toEqual(['verified 1:0,1']);
    expect(bob.verifier.counts).toMatchObject({ blocks: 1, repeated: 3, refused: 0 });
  });

  test('replayed while WebCrypto still has it counts once', async () => {
    const { frames, block } = oneBlock();
    const bob = new Bob(await subtleKeys('Ed25519'));
    bob.hearAll(frames);
    bob.get([block, block, block]);
    await until(() => bob.verifier.counts.repeated === 2);
    expect(bob.take()).toEqual(['verified 1:0,1']);
    expect(bob.verifier.counts).toMatchObject({ blocks: 1, refused: 0 });
  });

  test('cut anywhere, or with bytes behind it, is none', () => {
    const { frames, block } = oneBlock();
    const bob = new Bob();
    bob.hearAll(frames);
    for (let len = 0; len < block.length; len++) bob.verifier.addBlock(block.subarray(0, len));
    bob.verifier.addBlock(bytes(block, 0));
    bob.verifier.addBlock(bytes(block, new Uint8Array(20_000)));
    expect(bob.take(), 'once').toEqual(['block-refused syntax']);
    expect(bob.verifier.counts).toMatchObject({ refused: block.length + 2, waiting: 2, blocks: 0 });
    bob.get([block]);
    expect(bob.take()).toEqual(['verified 1:0,1']);
    bob.get([block.subarray(1), block.subarray(1)]);
    expect(bob.take(), 'and once more, since one was good').toEqual(['block-refused syntax']);
  });

  test.each(['Ed25519', 'ECDSA-P256'] as const)(
    'with any bit of any byte flipped is refused: %s',
    (algorithm) => {
      const alice = new Alice({ everyFrames: 1, algorithm });
      const bob = new Bob({ algorithm, publicKey: algorithm === 'Ed25519' ? publicKey : ecdsaPublicKey });
      bob.hear(alice.send());
      const [block] = alice.take();
      const roll = dice(7);
      for (let at = 0; at < block!.length; at++) {
        const flipped = block!.slice();
        flipped[at]! ^= 1 << Math.floor(8 * roll());
        bob.verifier.addBlock(flipped);
      }
      expect(bob.verifier.counts).toMatchObject({ refused: block!.length, blocks: 0, waiting: 1 });
      bob.get([block!]);
      expect(bob.verifier.counts).toMatchObject({ verified: 1 });
    },
  );

  test('of all sorts of junk is refused', () => {
    const { block } = oneBlock();
    const bob = new Bob();
    const head = parseBlock(block)!.head;
    const junk = [
      bytes(head, noise(42 + 96, 1)),
      bytes(head, new Uint8Array(42 + 96)),
      bytes(head, new Uint8Array(42 + 96).fill(255)),
      bytes(block.subarray(0, -64), new Uint8Array(64)),
      bytes(block.subarray(0, -64), new Uint8Array(64).fill(255)),
      ...Array.from({ length: 300 }, (_, i) => noise(i, i + 1)),
      ...Array.from({ length: 300 }, (_, i) => bytes(1, 1, noise(i, i + 1))),
    ];
    for (const one of junk) bob.verifier.addBlock(one);
    expect(bob.verifier.counts).toMatchObject({ refused: junk.length, blocks: 0, repeated: 0 });
    expect(bob.take()).toHaveLength(1);
  });

  test.each([
    ['session', { session: noise(16, 77) }],
    ['session that begins alike', { session: bytes(session, 0) }],
    ['participant', { participant: 'alice2' }],
    ['suite', { suite: 'AES_128_CTR_HMAC_SHA256_80' }],
    ['algorithm', { algorithm: 'ECDSA-P256' }],
  ] as const)('of another %s is refused', (_, from) => {
    const { frames } = oneBlock();
    const bob = new Bob();
    bob.hearAll(frames);
    const other = new Alice({ everyFrames: 2, ...from });
    other.sendSome(2);
    bob.get(other.take());
    expect(bob.take()).toEqual(['block-refused context']);
  });

  test('in which session and participant are joined otherwise is refused', () => {
    const bob = new Bob({ session: bytes(session, 0x61), participant: 'lice' });
    const alice = new Alice({ everyFrames: 1, session, participant: 'alice' });
    alice.sendSome(1);
    bob.get(alice.take());
    expect(bob.take()).toEqual(['block-refused context']);
  });

  test('of another KID says nothing of these frames', () => {
    const [, bob] = [new Alice(), new Bob()];
    const frames = new Alice().sendSome(2);
    bob.hearAll(frames);
    bob.get([blockOf({ kid: 2n, digests: digestsOf(frames) })]);
    clock.ms += 5000;
    bob.verifier.tick();
    expect(bob.take()).toEqual(['unsigned 1:0,1']);
  });

  test('of another key with the same KID says nothing of these frames', () => {
    const bob = new Bob();
    const frames = new Alice().sendSome(2);
    bob.hearAll(frames);
    bob.get([blockOf({ fingerprint: fingerprintOf(noise(16, 5), 1n), digests: digestsOf(frames) })]);
    clock.ms += 5000;
    bob.verifier.tick();
    expect(bob.take()).toEqual(['unsigned 1:0,1']);
  });

  // AES-GCM does not commit to its key: a sender could show each receiver something else, and sign it once.
  test('for a ciphertext that opens under two keys is good for one of them', () => {
    const [keyOfBob, keyOfCarol] = [baseKey, noise(16, 5)];
    const [bob, carol] = [new Bob(), new Bob({ key: keyOfCarol })];
    const header = bytes(0x10); // KID 1, CTR 0
    const text = bytes(new TextEncoder().encode('what Bob is told'), new Uint8Array(32));
    const unders = [keyOfBob, keyOfCarol].map((key) => gcmUnder(4, key, 1n, 0n));
    const [b, c] = unders as [(typeof unders)[0], (typeof unders)[0]];
    const body = xor(text, bytes(b.block(2), b.block(3), b.block(4)));
    body.fill(0, 32); // the block that makes both tags one
    const lengths = bytes(new Uint8Array(7), 8, new Uint8Array(6), (8 * 48) >> 8, (8 * 48) & 255);
    const tagUnder = ({ h, block }: typeof b) =>
      xor(block(1), ghash(h, bytes(header, new Uint8Array(15), body, lengths)));
    const sum = xor(b.h, c.h);
    body.set(times(xor(tagUnder(b), tagUnder(c)), inverse(times(sum, sum))), 32);
    const ciphertext = bytes(header, body, tagUnder(b));

    const told = [bob, carol].map(({ decryptor }) => decryptor.decrypt(ciphertext));
    expect(new TextDecoder().decode(told[0]!.subarray(0, 16))).toBe('what Bob is told');
    expect(told[1]).not.toEqual(told[0]);
    const digests = frameDigest(ciphertext, undefined);
    for (const listener of [bob, carol]) {
      listener.verifier.add(ciphertext);
      listener.get([blockOf({ digests })]);
      clock.ms += 5000;
      listener.verifier.tick();
    }
    expect([bob.take(), carol.take()]).toEqual([['verified 1:0'], ['unsigned 1:0']]);
  });

  describe('whose range', () => {
    const frames = new Alice().sendSome(12);
    const range = (sequence: bigint, from: number, to: number) =>
      blockOf({ sequence, firstCtr: BigInt(from), digests: digestsOf(frames.slice(from, to)) });
    const listen = () => {
      const bob = new Bob();
      bob.hearAll(frames);
      bob.get([range(5n, 4, 8)]);
      expect(bob.take()).toEqual(['verified 1:4,5,6,7']);
      return bob;
    };

    test.each([
      ['is another’s', 6n, 4, 8],
      ['begins in another', 6n, 7, 9],
      ['ends in another', 4n, 2, 5],
      ['contains another', 6n, 3, 9],
      ['is inside another', 6n, 5, 6],
      ['is before that of an earlier block', 6n, 0, 4],
      ['is behind that of a later block', 4n, 8, 12],
    ])('%s: refused', (_, sequence, from, to) => {
      const bob = listen();
      bob.get([range(sequence, from, to)]);
      expect(bob.take()).toEqual(['block-refused range']);
      expect(bob.verifier.counts).toMatchObject({ verified: 4, waiting: 8 });
      // its number is not used up: the one that should have it may come
      const isLater = sequence > 5n;
      bob.get([isLater ? range(6n, 8, 10) : range(4n, 2, 4)]);
      expect(bob.take()).toEqual([isLater ? 'verified 1:8,9' : 'verified 1:2,3']);
    });

    test('touches, or leaves a gap: accepted', () => {
      const bob = listen();
      bob.get([range(9n, 10, 12), range(4n, 2, 4), range(6n, 8, 9), range(1n, 0, 1)]);
      expect(bob.take()).toEqual(['verified 1:10,11', 'verified 1:2,3', 'verified 1:8', 'verified 1:0']);
      clock.ms += 5000;
      bob.verifier.tick();
      expect(bob.take()).toEqual(['unsigned 1:1,9']);
    });

    test('overlaps one that was forgotten: refused', () => {
      const bob = listen();
      clock.ms += 5000;
      bob.verifier.tick();
      bob.take();
      bob.get([range(6n, 7, 9), range(6n, 0, 4)]);
      expect(bob.take()).toEqual(['block-refused range']);
      bob.get([range(6n, 8, 9)]);
      expect(bob.verifier.counts).toMatchObject({ refused: 2, blocks: 2 });
    });

    test('goes beyond the last counter: none', () => {
      const bob = new Bob();
      bob.get([blockOf({ firstCtr: 2n ** 64n - 1n, digests: noise(64, 1) })]);
      expect(bob.take()).toEqual(['block-refused syntax']);
      bob.get([blockOf({ firstCtr: 2n ** 64n - 2n, digests: noise(64, 1) })]);
      expect(bob.verifier.counts).toMatchObject({ blocks: 1 });
    });
  });

  test('of a session that has come to its last number: the window of numbers does not go round', () => {
    const bob = new Bob();
    bob.get([blockOf({ sequence: 2n ** 64n - 1n })]);
    bob.get([blockOf({ sequence: 0n, firstCtr: 5n })]);
    expect(bob.verifier.counts).toMatchObject({ blocks: 1, repeated: 1 });
  });
});

describe('signatures', () => {
  const L = 2n ** 252n + 27742317777372353535851937790883648493n;
  const P = 2n ** 255n - 19n;
  const little = (value: bigint): Bytes =>
    Uint8Array.from({ length: 32 }, (_, i) => Number((value >> BigInt(8 * i)) & 255n));
  const number = (all: Uint8Array): bigint => all.reduceRight((sum, byte) => (sum << 8n) | BigInt(byte), 0n);
  const options = { decryptor: new SFrameDecryptor({ cipherSuite }), session, participant: 'alice', now };

  // The points of small order, and other encodings of them (Chalkias, Garillot, Nikolaenko 2020, table 1, and mirrored).
  const smallOrder = [
    '0100000000000000000000000000000000000000000000000000000000000000',
    'ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
    '0000000000000000000000000000000000000000000000000000000000000000',
    '0000000000000000000000000000000000000000000000000000000000000080',
    'c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a',
    'c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa',
    '26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05',
    '26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85',
    '0100000000000000000000000000000000000000000000000000000000000080',
    'ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff',
    'eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
    'eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff',
    'edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
    'edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff',
  ].map((hex) => Uint8Array.from(hex.match(/../g)!, (byte) => Number.parseInt(byte, 16)));

  test('of keys of small or mixed order, or in another form, are none', () => {
    const torsion = ed25519.Point.fromBytes(smallOrder[4]!, true);
    const mixed = new Uint8Array(ed25519.Point.fromBytes(publicKey).add(torsion).toBytes());
    // y = 3 is on the curve; so it is as p + 3, for who takes that
    const isPoint = (y: bigint, zip215: boolean) => ed25519.utils.isValidPublicKey(little(y), zip215);
    const twice = Array.from({ length: 19 }, (_, y) => P + BigInt(y)).filter((y) => isPoint(y, true));
    expect(twice.length).toBeGreaterThan(4);
    for (const key of [...smallOrder, mixed, ...twice.map(little), little(2n)])
      expect(() => new FrameVerifier({ ...options, publicKey: key })).toThrow(
        /^publicKey must be a canonical/,
      );
    expect(() => new FrameVerifier({ ...options, publicKey })).not.toThrow();
  });

  test('of such keys are none, too, when WebCrypto has them', async () => {
    for (const key of [smallOrder[0]!, smallOrder[5]!, smallOrder[10]!]) {
      const imported = await crypto.subtle
        .importKey('raw', key, 'Ed25519', true, ['verify'])
        .catch(() => undefined);
      if (imported === undefined) continue; // then it cannot come here
      const bob = new Bob({ publicKey: imported });
      const forged = mallory();
      bob.hear(forged);
      // R = the neutral element, S = 0: for a key of small order this is good for one message in eight at least
      const block = blockOf({ digests: digestOf(forged) });
      for (let sequence = 0; sequence < 32; sequence++) {
        const body = block.slice(0, -64);
        body[body.length - 32 - 11] = sequence;
        bob.get([bytes(body, smallOrder[0]!, new Uint8Array(32))]);
      }
      await until(() => bob.verifier.counts.refused === 32);
      expect(bob.verifier.counts).toMatchObject({ verified: 0, blocks: 0 });
    }
  });

  test('by Ed25519 whose S is not reduced are refused', () => {
    const bob = new Bob();
    const block = blockOf({});
    const S = number(block.subarray(-32)) + L;
    expect(S < 2n ** 256n).toBe(true);
    bob.get([bytes(block.subarray(0, -32), little(S))]);
    expect(bob.take()).toEqual(['block-refused signature']);
    bob.get([block]);
    expect(bob.verifier.counts.blocks).toBe(1);
  });

  test('by Ed25519 that ZIP 215 would take, and RFC 8032 does not, are refused', () => {
    const bob = new Bob();
    const block = blockOf({});
    const message = messageOf(block.subarray(0, -64));
    // Alice herself makes R the neutral element, written as y = p + 1; S = k · a.
    const R = little(P + 1n);
    const { scalar } = ed25519.utils.getExtendedPublicKey(seed);
    const k = number(sha512(bytes(R, publicKey, message))) % L;
    const odd = bytes(R, little((k * scalar) % L));
    expect(ed25519.verify(odd, message, publicKey, { zip215: true })).toBe(true);
    bob.get([bytes(block.subarray(0, -64), odd)]);
    expect(bob.take()).toEqual(['block-refused signature']);
  });

  test.each(['bytes', 'CryptoKey'])('by ECDSA with a high s are refused: %s', async (kind) => {
    const keys = await subtleKeys('ECDSA-P256');
    const bob = new Bob({
      algorithm: 'ECDSA-P256',
      publicKey: kind === 'bytes' ? ecdsaPublicKey : keys.publicKey,
    });
    const alice = new Alice({ everyFrames: 1, algorithm: 'ECDSA-P256' });
    bob.hear(alice.send());
    const [block] = alice.take();
    const { r, s } = p256.Signature.fromBytes(block!.subarray(-64), 'compact');
    const high = new p256.Signature(r, p256.Point.Fn.neg(s)).toBytes('compact');
    const message = messageOf(block!.subarray(0, -64));
    expect(p256.verify(high, message, ecdsaPublicKey, { lowS: false }), 'a good one').toBe(true);
    bob.get([bytes(block!.subarray(0, -64), high), bytes(block!.subarray(0, -64), new Uint8Array(64))]);
    await until(() => bob.verifier.counts.refused === 2);
    bob.get([block!]);
    await until(() => bob.verifier.counts.verified === 1);
    expect(bob.take()).toEqual(['block-refused signature', 'verified 1:0']);
  });
});

describe('the relay', () => {
  test('withholds all blocks: unsigned, an event, on frames or without', () => {
    const [alice, bob] = [new Alice(), new Bob()];
    bob.hearAll(alice.sendSome(2));
    clock.ms += 4999;
    bob.verifier.tick();
    expect(bob.take()).toEqual([]);
    clock.ms += 1;
    bob.hear(alice.send());
    expect(bob.take()).toEqual(['unsigned 1:0,1']);
    clock.ms += 5000;
    bob.verifier.tick();
    expect(bob.take()).toEqual(['unsigned 1:2']);
    expect(bob.verifier.counts).toMatchObject({ unsigned: 3, waiting: 0 });
  });

  test('gives the blocks later than a page sleeps: still verified', () => {
    const [alice, bob] = [new Alice(), new Bob()];
    bob.hearAll(alice.sendSome(4));
    clock.ms += 60_000;
    bob.get(alice.take());
    expect(bob.take()).toEqual(['verified 1:0,1,2,3']);
  });

  test('restarts a receiver and plays an old session: its blocks are of that', () => {
    const alice = new Alice();
    const frames = alice.sendSome(4);
    const bob = new Bob({ session: noise(16, 99) });
    bob.hearAll(frames);
    bob.get(alice.take());
    clock.ms += 5000;
    bob.verifier.tick();
    expect(bob.take()).toEqual(['block-refused context', 'unsigned 1:0,1,2,3']);
  });

  test.each([1, 2, 3])('loses, doubles and reorders a fifth, and helps Mallory: call %i', (call) => {
    const roll = dice(call);
    const [alice, bob] = [new Alice({ everyFrames: 10, everyMs: 300 }), new Bob()];
    interface Packet {
      readonly at: number;
      readonly open: () => void;
    }
    const way: Packet[] = [];
    const verdicts = new Map<bigint, string[]>();
    for (const type of ['verified', 'unsigned', 'forged'] as const)
      bob.verifier.addEventListener(type, ({ ctrs }) => {
        for (const ctr of ctrs) verdicts.set(ctr, [...(verdicts.get(ctr) ?? []), type]);
      });
    const heard = new Map<bigint, 'alice' | 'mallory'>();
    const got = new Set<bigint>();
    const send = (open: () => void) => {
      for (let copies = roll() < 0.2 ? 0 : roll() < 0.2 ? 2 : 1; copies > 0; copies--)
        way.push({ at: clock.ms + (roll() < 0.2 ? 400 * roll() : 20), open });
    };
    const hear = (sent: Sent, by: 'alice' | 'mallory') => () => {
      try {
        bob.hear(sent);
      } catch {
        return; // a replay
      }
      heard.set(decodeHeader(sent.ciphertext).ctr, by);
    };
    for (let i = 0; i < 1000; i++) {
      if (roll() < 0.1) send(hear(mallory(alice.encryptor.ctr + BigInt(Math.floor(4 * roll()))), 'mallory'));
      send(hear(alice.send(), 'alice'));
      for (const block of alice.take()) {
        const { firstCtr, digests } = parseBlock(block)!;
        send(() => {
          bob.verifier.addBlock(block);
          for (let n = 0n; n < BigInt(digests.length / 32); n++) got.add(firstCtr + n);
        });
      }
      clock.ms += 20;
      for (const packet of way.splice(0)) {
        if (packet.at > clock.ms) way.push(packet);
        else packet.open();
      }
    }
    for (const { open } of way) open();
    clock.ms += 5000;
    bob.verifier.tick();
    const { verified, unsigned, forged, waiting, refused } = bob.verifier.counts;
    expect([waiting, refused]).toEqual([0, 0]);
    expect(verified + unsigned + forged).toBe([...verdicts.values()].flat().length);
    expect(Math.min(verified, unsigned, forged)).toBeGreaterThan(20);
    for (const [ctr, all] of verdicts) {
      expect(all, `${ctr}`).toHaveLength(1);
      const [verdict] = all;
      if (!got.has(ctr)) expect(verdict, `${ctr}`).toBe('unsigned');
      else expect(verdict, `${ctr}`).toBe(heard.get(ctr) === 'alice' ? 'verified' : 'forged');
    }
  });
});

describe('a flood', () => {
  test('of unsigned frames keeps no more than maxFrames, and the last of them', () => {
    const bob = new Bob({ maxFrames: 256, replayWindow: 0 });
    const alice = new Alice({ everyFrames: 256, ctr: 5000n });
    const encryptor = new SFrameEncryptor({ cipherSuite });
    encryptor.setEncryptionKey(baseKey, 1n);
    for (let i = 0; i < 3000; i++) {
      bob.hear({ ciphertext: encryptor.encrypt(noise(4, 1)), metadata: undefined });
      expect(bob.verifier.counts.waiting).toBeLessThanOrEqual(256);
    }
    expect(bob.verifier.counts).toMatchObject({ waiting: 256, unsigned: 2744 });
    bob.hearAll(alice.sendSome(256));
    bob.get(alice.take());
    expect(bob.verifier.counts).toMatchObject({ verified: 256, waiting: 0, unsigned: 3000 });
  });

  test('of frames under KIDs that have no key here keeps nothing', () => {
    const bob = new Bob();
    for (let kid = 2n; kid < 500n; kid++) {
      const { ciphertext } = new Alice({ kid, everyFrames: 256 }).send();
      bob.verifier.add(ciphertext);
    }
    expect(bob.verifier.counts).toMatchObject({ waiting: 0, unsigned: 498 });
  });

  test('of junk blocks keeps nothing, and is told of once', () => {
    const bob = new Bob();
    for (let i = 0; i < 20_000; i++) bob.verifier.addBlock(noise(i % 700, i));
    expect(bob.take()).toEqual(['block-refused syntax']);
    expect(bob.verifier.counts).toMatchObject({ refused: 20_000, blocks: 0, waiting: 0 });
  });

  test('of blocks that look good gives WebCrypto 32 at a time', async () => {
    const bob = new Bob(await subtleKeys('Ed25519'));
    const block = blockOf({});
    for (let i = 0; i < 100; i++) {
      const junk = block.slice();
      junk[junk.length - 1 - (i % 60)]! ^= 1 + Math.floor(i / 60);
      bob.verifier.addBlock(junk);
    }
    expect(bob.verifier.counts).toMatchObject({ refused: 68 });
    expect(bob.take()).toEqual(['block-refused busy']);
    await until(() => bob.verifier.counts.refused === 100);
    bob.get([block]);
    await until(() => bob.verifier.counts.blocks === 1);
  });

  test('of keys, of a signer gone mad, keeps 64 that nothing waits for', () => {
    const bob = new Bob();
    let sequence = 0n;
    const rangesOf = (kid: bigint) => {
      bob.get([blockOf({ sequence: sequence++, kid })]);
      clock.ms += 5000;
      bob.verifier.tick();
      return bob.verifier.counts.refused;
    };
    expect(rangesOf(1000n)).toBe(0);
    expect(rangesOf(1000n), 'its counters are remembered').toBe(1);
    for (let kid = 0n; kid < 63n; kid++) rangesOf(kid);
    expect(rangesOf(1000n)).toBe(2);
    rangesOf(63n);
    expect(rangesOf(1000n), 'and forgotten').toBe(2);
  });

  test('of good blocks, of a signer gone mad, keeps no more than maxFrames digests', () => {
    const bob = new Bob({ maxFrames: 256 });
    const early = new Alice({ everyFrames: 250 });
    const frames = early.sendSome(250);
    bob.get(early.take());
    for (let i = 1n; i < 40n; i++)
      bob.get([blockOf({ sequence: i, kid: i + 1n, digests: noise(32 * 30, 1) })]);
    expect(bob.verifier.counts.blocks).toBe(40);
    bob.hearAll(frames);
    expect(bob.verifier.counts, 'its digests went').toMatchObject({ verified: 0, waiting: 250 });
  });
});
