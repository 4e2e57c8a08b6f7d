// A user's TypeScript: every public name once, the way it is meant to be used. It is compiled, not run.

import {
  type Bytes,
  type CipherSuite,
  type CipherSuiteParameters,
  type ContextOptions,
  cipherSuites,
  type Decryptor,
  decodeHeader,
  type Encryptor,
  encodeHeader,
  maxOverhead,
  preload,
  SFrameDecryptor,
  type SFrameDecryptorOptions,
  SFrameEncryptor,
  type SFrameEncryptorOptions,
  SFrameError,
  type SFrameErrorCode,
  type U64,
} from 'sframe-wasm';

const cipherSuite: CipherSuite = 'AES_128_GCM_SHA256_128';
const { Nt }: CipherSuiteParameters = cipherSuites[cipherSuite];
const common: ContextOptions = { cipherSuite, engine: 'auto', maxFrameLen: 2 ** 16 };
const sending: SFrameEncryptorOptions = common;
const receiving: SFrameDecryptorOptions = { ...common, replayWindow: 0 };
const kid: U64 = 2n ** 64n - 1n;
const baseKey = new Uint8Array(16);

preload();

const encryptor = new SFrameEncryptor(sending);
encryptor.setEncryptionKey(baseKey, kid, { ctr: 7 });
const kidInUse: bigint | undefined = encryptor.kid;
const next: bigint = encryptor.ctr;

const decryptor = new SFrameDecryptor(receiving);
decryptor.addDecryptionKey(baseKey, kid);
const known: boolean = decryptor.hasDecryptionKey(kid) && decryptor.removeDecryptionKey(kid);

export async function roundTrip(send: Encryptor, receive: Decryptor): Promise<ArrayBuffer> {
  const target = new Uint8Array(10 + maxOverhead);
  const written: number = send.encryptInto(target, new Uint8Array(10));
  receive.decryptInto(target, target.subarray(0, written));
  const ciphertext: Bytes = send.encrypt(baseKey, target);
  const { kid, ctr, length } = decodeHeader(ciphertext);
  const header: Bytes = encodeHeader(kid, ctr);
  if (header.length !== length || ciphertext.length !== length + baseKey.length + Nt) throw new RangeError();
  const opened = await receive.decryptAsync(await send.encryptAsync(baseKey));
  return opened.buffer;
}

export function codeOf(error: unknown): SFrameErrorCode | undefined {
  return error instanceof SFrameError ? error.code : undefined;
}

// @ts-expect-error a suite that IANA does not know
new SFrameEncryptor({ cipherSuite: 'AES_128_GCM' });
// @ts-expect-error an encryptor cannot decrypt
encryptor.decrypt(baseKey);
// @ts-expect-error a key ID is no text
encryptor.setEncryptionKey(baseKey, '7');

export const seen = [kidInUse, next, known];
roundTrip(encryptor, decryptor).finally(() => {
  encryptor.destroy();
  decryptor.destroy();
});
