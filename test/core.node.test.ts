// The core by itself: what it writes, what it makes of large frames, and the fingerprint it gives.

import { createCipheriv, createHmac, hkdfSync } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { CoreExports } from '../src/core/instance.ts';
import {
  type CipherSuite,
  cipherSuites,
  encodeHeader,
  SFrameDecryptor,
  SFrameEncryptor,
} from '../src/index.ts';
import { noise } from './lengths.ts';
import { oracleDerive } from './oracle.ts';
import { root } from './tools.ts';

const suites = Object.entries(cipherSuites) as [CipherSuite, (typeof cipherSuites)[CipherSuite]][];

const module = new WebAssembly.Module(readFileSync(join(root, 'build/core.wasm')));

describe('writes nowhere but where it says', () => {
  const core = new WebAssembly.Instance(module).exports as unknown as CoreExports;
  core.memory.grow(2);
  const memory = new Uint8Array(core.memory.buffer);
  const slotLen = core.SLOT_LEN.value;
  // between two slots that must stay as they are, then a guarded window
  const slot = core.slotsBase() + slotLen;
  const behind = slot + slotLen;
  const METADATA = behind + slotLen + 1024;
  const FRAME = METADATA + 1024;

  /** Addresses from the first slot on, outside the ranges, that are not what they were filled with. */
  function touched(...allowed: [from: number, to: number][]): number[] {
    const found: number[] = [];
    for (let at = core.slotsBase(); at < memory.length; at++)
      if (memory[at] !== 0xa5 && !allowed.some(([from, to]) => at >= from && at < to)) found.push(at);
    return found;
  }

  test.each(suites)('%s', (_name, { id, Nt }) => {
    const headRoom = core.HEAD_ROOM.value;
    const tailRoom = core.TAIL_ROOM.value;
    for (const [kid, ctr] of [
      [0n, 0],
      [0x123n, 9],
      [2n ** 64n - 1n, 0xffffffff],
    ] as const) {
      memory.fill(0xa5, core.slotsBase());
      const baseKey = noise(16 + (ctr % 50), id);
      memory.fill(0, slot, behind);
      memory.set(baseKey, FRAME);
      core.deriveKey(slot, id, kid, FRAME, baseKey.length);
      expect(touched([slot, behind], [FRAME, FRAME + baseKey.length + tailRoom])).toEqual([]);
      for (const metadataLen of [0, 1, 15, 16, 17, 64])
        for (let len = 0; len < 130; len += metadataLen % 3 === 0 ? 1 : 7) {
          memory.fill(0xa5, behind);
          memory.set(noise(metadataLen, 1), METADATA);
          const own: [number, number][] = [
            [slot, behind],
            [METADATA, METADATA + metadataLen],
          ];
          memory.set(noise(len, 2), FRAME);
          const headerLen = core.seal(slot, ctr, ctr, METADATA, metadataLen, FRAME, len);
          const room: [number, number] = [FRAME - headRoom - metadataLen, FRAME + len + tailRoom];
          expect(touched(...own, room), `seal ${len} ${metadataLen}`).toEqual([]);

          const frame = memory.slice(FRAME - headerLen, FRAME + len + Nt);
          memory.fill(0xa5, behind);
          memory.set(noise(metadataLen, 1), METADATA);
          memory.set(frame, FRAME);
          expect(core.parse(FRAME, frame.length)).toBe(headerLen);
          expect(core.open(slot, headerLen, METADATA, metadataLen, FRAME, frame.length)).toBe(1);
          const end = FRAME + headerLen + len + tailRoom;
          expect(
            touched(...own, [FRAME - headRoom - metadataLen, end]),
            `open ${len} ${metadataLen}`,
          ).toEqual([]);
        }
    }
  });
});

describe('large frames are those of OpenSSL', () => {
  const plaintext = Buffer.alloc(2 ** 24);
  for (let i = 0; i < plaintext.length; i += 7) plaintext[i] = i >> 3;
  const metadata = noise(70_000, 5);
  const baseKey = noise(32, 6);

  test.each(suites)('%s: 16 MB with metadata of 70 kB', (cipherSuite, { id, hash, Nka, Nt }) => {
    const encryptor = new SFrameEncryptor({ cipherSuite });
    encryptor.setEncryptionKey(baseKey, 300n);
    const ciphertext = Buffer.from(encryptor.encrypt(plaintext, metadata));
    const header = encodeHeader(300n, 0n);
    const { key, salt: nonce } = oracleDerive(id, 300n, baseKey); // CTR 0: the nonce is the salt
    const aad = Buffer.concat([header, metadata]);
    let expected: Buffer;
    if (Nka === undefined) {
      const cipher = createCipheriv(key.length === 16 ? 'aes-128-gcm' : 'aes-256-gcm', key, nonce).setAAD(
        aad,
      );
      expected = Buffer.concat([header, cipher.update(plaintext), cipher.final(), cipher.getAuthTag()]);
    } else {
      const initial = Buffer.concat([nonce, Buffer.alloc(4)]);
      const name = Nka === 16 ? 'aes-128-ctr' : 'aes-256-ctr';
      const ct = createCipheriv(name, key.subarray(0, Nka), initial).update(plaintext);
      const lengths = Buffer.alloc(24);
      [aad.length, ct.length, Nt].forEach((len, i) => {
        lengths.writeBigUInt64BE(BigInt(len), 8 * i);
      });
      const mac = createHmac(hash === 'SHA-256' ? 'sha256' : 'sha512', key.subarray(Nka));
      const tag = mac.update(lengths).update(nonce).update(aad).update(ct).digest().subarray(0, Nt);
      expected = Buffer.concat([header, ct, tag]);
    }
    expect(ciphertext.equals(expected)).toBe(true);
    const decryptor = new SFrameDecryptor({ cipherSuite });
    decryptor.addDecryptionKey(baseKey, 300n);
    expect(plaintext.equals(decryptor.decrypt(expected, metadata))).toBe(true);
    encryptor.destroy();
    decryptor.destroy();
  });
});

test.each(suites)('%s: the fingerprint is HKDF over KID and suite', (_name, { id, hash }) => {
  const core = new WebAssembly.Instance(module).exports as unknown as CoreExports;
  const slot = core.slotsBase();
  const at = slot + core.SLOT_LEN.value;
  const baseKey = noise(40, 8);
  const memory = new Uint8Array(core.memory.buffer);
  memory.set(baseKey, at);
  core.deriveKey(slot, id, 0x0102030405060708n, at, baseKey.length);
  const info = Buffer.concat([
    Buffer.from('sframe-wasm key id'),
    Buffer.from('0102030405060708', 'hex'),
    Buffer.of(0, id),
  ]);
  const expected = hkdfSync(hash === 'SHA-256' ? 'sha256' : 'sha512', baseKey, '', info, 16);
  expect(Buffer.from(memory.slice(at, at + 16)).equals(Buffer.from(expected))).toBe(true);
});
