// Signed blocks, by a second implementation: node:crypto (OpenSSL), from the description in docs/signatures.md alone. It
// verifies the vectors, and what this library signs.

import { createHash, createPublicKey, hkdfSync, type KeyObject, verify } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import vectors from '../vectors/signatures.json' with { type: 'json' };
import { Alice, clock, ecdsaPublicKey, publicKey, subtleKeys } from './signed-call.ts';

const bytes = (hex: string): Buffer => Buffer.from(hex, 'hex');

/** A public key as OpenSSL takes it. */
function keyOf(algorithm: string, raw: Uint8Array): KeyObject {
  const prefix =
    algorithm === 'Ed25519'
      ? '302a300506032b6570032100'
      : raw.length === 33
        ? '3039301306072a8648ce3d020106082a8648ce3d030107032200'
        : '3059301306072a8648ce3d020106082a8648ce3d030107034200';
  return createPublicKey({ key: Buffer.concat([bytes(prefix), raw]), format: 'der', type: 'spki' });
}

/** Whether a block's signature is good. */
function isSigned(algorithm: string, key: KeyObject, block: Buffer): boolean {
  const message = Buffer.concat([Buffer.from('sframe-wasm signed frames'), block.subarray(0, -64)]);
  const hash = algorithm === 'Ed25519' ? null : 'sha256';
  return verify(hash, message, { key, dsaEncoding: 'ieee-p1363' }, block.subarray(-64));
}

/** What a block says. */
function read(block: Buffer) {
  let at = 0;
  const take = (len: number) => {
    at += len;
    return block.subarray(at - len, at);
  };
  const number = (len: number) => BigInt(`0x${take(len).toString('hex')}`);
  const [version, algorithm] = take(2);
  const session = take(Number(number(2))).toString('hex');
  const participant = take(Number(number(2))).toString('utf8');
  const [suite, kid] = [Number(number(2)), number(8)];
  const fingerprint = take(16).toString('hex');
  const [sequence, firstCtr, count] = [number(8), number(8), Number(number(2))];
  const digests = Array.from({ length: count }, () => take(32).toString('hex'));
  expect(block.length - at).toBe(64);
  return { version, algorithm, session, participant, suite, kid, fingerprint, sequence, firstCtr, digests };
}

const digestOf = (metadata: Uint8Array, ciphertext: Uint8Array): string => {
  const hash = createHash('sha256');
  for (const part of [metadata, ciphertext]) {
    const length = Buffer.alloc(4);
    length.writeUInt32BE(part.length);
    hash.update(length).update(part);
  }
  return hash.digest('hex');
};

const cases = vectors.signers.flatMap((signer) => signer.blocks.map((block) => ({ ...signer, ...block })));

describe('vectors', () => {
  test.each(cases)('$why: $sequence', (v) => {
    const block = bytes(v.block);
    expect(isSigned(v.algorithm, keyOf(v.algorithm, bytes(v.publicKey)), block)).toBe(true);
    const info = Buffer.alloc(28);
    info.write('sframe-wasm key id');
    info.writeBigUInt64BE(BigInt(v.kid), 18);
    info.writeUInt16BE(v.suite, 26);
    const hash = v.suiteName.includes('SHA512') ? 'sha512' : 'sha256';
    const fingerprint = Buffer.from(hkdfSync(hash, bytes(v.baseKey), '', info, 16)).toString('hex');
    expect(fingerprint).toBe(v.fingerprint);
    expect(read(block)).toEqual({
      version: 1,
      algorithm: v.algorithm === 'Ed25519' ? 1 : 2,
      session: v.session,
      participant: v.participant,
      suite: v.suite,
      kid: BigInt(v.kid),
      fingerprint,
      sequence: BigInt(v.sequence),
      firstCtr: BigInt(v.firstCtr),
      digests: v.frames.map((frame) =>
        frame === null ? '0'.repeat(64) : digestOf(bytes(frame.metadata), bytes(frame.ciphertext)),
      ),
    });
    v.frames.forEach((frame, i) => {
      if (frame !== null) expect(frame.ctr).toBe(String(BigInt(v.firstCtr) + BigInt(i)));
    });
    expect(v.message).toBe(
      `${Buffer.from('sframe-wasm signed frames').toString('hex')}${v.block.slice(0, -128)}`,
    );
    expect(v.block.endsWith(v.signature)).toBe(true);
  });
});

describe('what this library signs', () => {
  test.each([
    ['Ed25519', 'bytes'],
    ['Ed25519', 'CryptoKey'],
    ['ECDSA-P256', 'bytes'],
    ['ECDSA-P256', 'CryptoKey'],
  ] as const)('%s by %s', async (algorithm, kind) => {
    clock.ms = 0;
    const { privateKey } = kind === 'bytes' ? {} : await subtleKeys(algorithm);
    const alice = new Alice({ algorithm, everyFrames: 3, ...(privateKey && { privateKey }) });
    const frames = alice.sendSome(30);
    await alice.signer.flush();
    const blocks = alice.take().map((block) => Buffer.from(block));
    const key = keyOf(algorithm, algorithm === 'Ed25519' ? publicKey : ecdsaPublicKey);
    expect(blocks).toHaveLength(10);
    blocks.forEach((block, i) => {
      expect(isSigned(algorithm, key, block)).toBe(true);
      const digests = frames
        .slice(3 * i, 3 * i + 3)
        .map(({ ciphertext }) => digestOf(Buffer.alloc(0), ciphertext));
      expect(read(block)).toMatchObject({ sequence: BigInt(i), firstCtr: BigInt(3 * i), digests });
    });
  });
});
