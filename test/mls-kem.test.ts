// Keys of DHKEM(P-256): the same as @hpke/core makes where WebCrypto can do all that it asks for.

import { type CiphersuiteImpl, getCiphersuiteFromName, getCiphersuiteImpl } from 'ts-mls';
import { beforeAll, expect, test } from 'vitest';
import { kem } from '../src/trust/mls-exchange/kem.ts';

let hpke: CiphersuiteImpl['hpke'];

beforeAll(async () => {
  const suite = getCiphersuiteFromName('MLS_128_DHKEMP256_AES128GCM_SHA256_P256');
  ({ hpke } = await getCiphersuiteImpl({ ...suite, signature: 'Ed25519' }));
});

test('pairs are derived as RFC 9180 says, public half included, and private ones can be taken out again', async () => {
  for (let i = 0; i < 20; i++) {
    const ikm = crypto.getRandomValues(new Uint8Array(32));
    const [theirs, ours] = [await hpke.deriveKeyPair(ikm), await kem.deriveKeyPair(ikm)];
    expect(await hpke.exportPublicKey(ours.publicKey)).toEqual(await hpke.exportPublicKey(theirs.publicKey));
    expect(await kem.exportPrivateKey(ours.privateKey)).toEqual(
      await hpke.exportPrivateKey(theirs.privateKey),
    );
  }
});

test('what was sealed for a key opens when that was taken out and in again', async () => {
  const text = new Uint8Array([1, 2, 3]);
  for (let i = 0; i < 20; i++) {
    const { privateKey, publicKey } = await kem.deriveKeyPair(crypto.getRandomValues(new Uint8Array(32)));
    const { enc, ct } = await hpke.seal(publicKey, text, text, text);
    const again = await kem.importPrivateKey(await kem.exportPrivateKey(privateKey));
    expect(await hpke.open(again, enc, ct, text, text)).toEqual(text);
  }
});
