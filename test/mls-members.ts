// Members of an MLS group as tests need them: their keys come from the epoch's number instead of from MLS.

import {
  type CipherSuite,
  cipherSuites,
  MlsDecryptor,
  type MlsDecryptorOptions,
  MlsEncryptor,
  type MlsEncryptorOptions,
  type MlsReceivingEpoch,
  SFrameEncryptor,
  SFrameError,
} from '../src/index.ts';
import { noise } from './lengths.ts';

export const cipherSuite = 'AES_128_GCM_SHA256_128';
export const names = Object.keys(cipherSuites) as CipherSuite[];
export const epochBits = 4;
export const frame = noise(60, 1);

/** What decryptors take for the time, in ms. */
export const clock = { ms: 0 };

/** The base key of an epoch; `branch` tells those of commits that crossed. */
export const baseKeyOf = (epoch: number | bigint, branch = 0) =>
  noise(16, 1000 + Number(epoch) + 100_000 * branch);

export function sender(
  epoch: number,
  senderIndex: number,
  options: Partial<MlsEncryptorOptions> & { groupSize?: number; ctr?: bigint; branch?: number } = {},
): MlsEncryptor {
  const { groupSize = 8, ctr, branch, ...rest } = options;
  const encryptor = new MlsEncryptor({ cipherSuite, epochBits, ...rest });
  encryptor.setEpoch({ epoch, baseKey: baseKeyOf(epoch, branch), groupSize, senderIndex, ctr });
  return encryptor;
}

export function receiver(
  epochs: number | number[],
  options: Partial<MlsDecryptorOptions & MlsReceivingEpoch> = {},
): MlsDecryptor {
  const { groupSize = 8, senderIndex, expect: only, graceSeconds, ...rest } = options;
  const decryptor = new MlsDecryptor({ cipherSuite, epochBits, now: () => clock.ms, ...rest });
  for (const epoch of [epochs].flat())
    decryptor.addEpoch({
      epoch,
      baseKey: baseKeyOf(epoch),
      groupSize,
      senderIndex,
      expect: only,
      graceSeconds,
    });
  return decryptor;
}

export const add = (decryptor: MlsDecryptor, epoch: number, options: Partial<MlsReceivingEpoch> = {}) =>
  decryptor.addEpoch({ epoch, baseKey: baseKeyOf(epoch), groupSize: 8, ...options });

/** A genuine frame of a member. */
export function frameOf(
  epoch: number,
  senderIndex: number,
  ctr = 0n,
  options: Parameters<typeof sender>[2] & { plaintext?: Uint8Array } = {},
): Uint8Array<ArrayBuffer> {
  const { plaintext = frame, ...rest } = options;
  const encryptor = sender(epoch, senderIndex, { ctr, engine: 'wasm', ...rest });
  const ciphertext = encryptor.encrypt(plaintext);
  encryptor.destroy();
  return ciphertext;
}

/** A frame with any KID, by somebody who has no key. */
export function forgery(kid: bigint, ctr = 0n, plaintext = frame): Uint8Array<ArrayBuffer> {
  const encryptor = new SFrameEncryptor({ cipherSuite, engine: 'wasm' });
  encryptor.setEncryptionKey(noise(16, 666), kid, { ctr });
  const ciphertext = encryptor.encrypt(plaintext);
  encryptor.destroy();
  return ciphertext;
}

export const kidOf = (epoch: number, senderIndex: number, contextId = 0n, groupSize = 8) =>
  new MlsEncryptor({ cipherSuite, epochBits, contextId }).kidOf({ epoch, groupSize, senderIndex });

/** 'opened', or the code it is refused with. */
export function outcome(decryptor: MlsDecryptor, ciphertext: Uint8Array): string {
  try {
    decryptor.decrypt(ciphertext);
    return 'opened';
  } catch (error) {
    if (error instanceof SFrameError) return error.code;
    throw error;
  }
}

export async function outcomeAsync(decryptor: MlsDecryptor, ciphertext: Uint8Array): Promise<string> {
  try {
    await decryptor.decryptAsync(ciphertext);
    return 'opened';
  } catch (error) {
    if (error instanceof SFrameError) return error.code;
    throw error;
  }
}
