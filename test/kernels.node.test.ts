// The kernels against OpenSSL (node:crypto), with random lengths and contents: every run draws new ones.

import {
  createCipheriv,
  createDecipheriv,
  createHash,
  createHmac,
  hkdfSync,
  randomBytes,
  randomInt,
} from 'node:crypto';
import { expect, test } from 'vitest';
import { type Hash, Kernels } from './kernels.ts';
import { hex } from './oracle.ts';

const kernels = await Kernels.load();
const names = { 'SHA-256': 'sha256', 'SHA-512': 'sha512' } as const;

/** Mostly media-sized, sometimes long. */
function randomLen(): number {
  return randomInt(10) === 0 ? randomInt(200_000) : randomInt(3000);
}

test.each([16, 32])('AES-GCM and AES-CTR with keys of %i bytes, 300 random frames', (keyLen) => {
  for (let i = 0; i < 300; i++) {
    const key = randomBytes(keyLen);
    const nonce = randomBytes(12);
    const aad = randomBytes(randomInt(100));
    const text = randomBytes(randomLen());
    const cipher = createCipheriv(`aes-${keyLen === 16 ? 128 : 256}-gcm`, key, nonce).setAAD(aad);
    const expected = Buffer.concat([cipher.update(text), cipher.final(), cipher.getAuthTag()]);
    const sealed = kernels.sealGcm(key, nonce, aad, text);
    expect(expected.equals(sealed), `gcm of ${text.length}`).toBe(true);

    const decipher = createDecipheriv(`aes-${keyLen === 16 ? 128 : 256}-gcm`, key, nonce).setAAD(aad);
    decipher.setAuthTag(sealed.subarray(text.length));
    expect(
      Buffer.concat([decipher.update(sealed.subarray(0, text.length)), decipher.final()]).equals(text),
    ).toBe(true);
    expect(text.equals(kernels.openGcm(key, nonce, aad, expected) as Uint8Array)).toBe(true);

    const initial = Buffer.concat([nonce, Buffer.alloc(4)]);
    const stream = createCipheriv(`aes-${keyLen === 16 ? 128 : 256}-ctr`, key, initial).update(text);
    expect(stream.equals(kernels.ctr(key, nonce, 0, text)), `ctr of ${text.length}`).toBe(true);
  }
});

test.each(['SHA-256', 'SHA-512'] as Hash[])('%s, HMAC and HKDF, 300 random messages', (hash) => {
  for (let i = 0; i < 300; i++) {
    const message = randomBytes(randomLen());
    const key = randomBytes(randomInt(hash === 'SHA-512' ? 129 : 65));
    const info = randomBytes(randomInt(81));
    const len = 1 + randomInt(200);
    expect(hex(kernels.sha(hash, message))).toBe(createHash(names[hash]).update(message).digest('hex'));
    expect(hex(kernels.hmac(hash, key, message))).toBe(
      createHmac(names[hash], key).update(message).digest('hex'),
    );
    const okm = new Uint8Array(hkdfSync(names[hash], message, '', info, len));
    expect(hex(kernels.hkdfExpand(hash, kernels.hkdfExtract(hash, message), info, len))).toBe(hex(okm));
  }
});
