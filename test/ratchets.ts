// For the tests of sender keys: chains of base keys, derived by WebCrypto, and genuine, damaged and forged frames of
// every step, without the ratchet under test.

import {
  type CipherSuite,
  cipherSuites,
  decodeHeader,
  encodeHeader,
  SFrameEncryptor,
  SFrameError,
} from '../src/index.ts';
import { noise } from './lengths.ts';

export type Bytes = Uint8Array<ArrayBuffer>;

export const cipherSuite: CipherSuite = 'AES_128_GCM_SHA256_128';
export const frame: Bytes = noise(100, 3);

/** base_key[0] to base_key[steps] (RFC 9605 §5.1). */
export async function chainOf(
  baseKey: Uint8Array,
  steps: number,
  suite: CipherSuite = cipherSuite,
): Promise<Bytes[]> {
  const { hash, Nh } = cipherSuites[suite];
  const info = new TextEncoder().encode('SFrame 1.0 Ratchet');
  const chain = [new Uint8Array(baseKey)];
  for (let step = 1; step <= steps; step++) {
    const from = await crypto.subtle.importKey('raw', chain[step - 1]!, 'HKDF', false, ['deriveBits']);
    const parameters = { name: 'HKDF', hash, salt: new Uint8Array(0), info };
    chain.push(new Uint8Array(await crypto.subtle.deriveBits(parameters, from, 8 * Nh)));
  }
  return chain;
}

/** A sender who can be at any step of any generation, and at any counter. */
export class Chains {
  readonly ratchetBits: number;
  readonly #suite: CipherSuite;
  /** Base keys by generation and step. */
  readonly #chains: Bytes[][];

  constructor(ratchetBits: number, chains: Bytes[][], suite: CipherSuite = cipherSuite) {
    this.ratchetBits = ratchetBits;
    this.#chains = chains;
    this.#suite = suite;
  }

  baseKey(step: number, generation = 0): Bytes {
    return this.#chains[generation]![step]!;
  }

  kid(step: number, generation = 0): bigint {
    const turn = 1n << BigInt(this.ratchetBits);
    return BigInt(generation) * turn + (BigInt(step) % turn);
  }

  /** What a joiner is given. */
  key(step: number, generation = 0): [baseKey: Bytes, kid: bigint] {
    return [this.baseKey(step, generation), this.kid(step, generation)];
  }

  frame(step: number, ctr = 0, { generation = 0, plaintext = frame } = {}): Bytes {
    const encryptor = new SFrameEncryptor({ cipherSuite: this.#suite, engine: 'wasm' });
    encryptor.setEncryptionKey(this.baseKey(step, generation), this.kid(step, generation), { ctr });
    const ciphertext = encryptor.encrypt(plaintext);
    encryptor.destroy();
    return ciphertext;
  }
}

/** The same with another last byte. */
export function damaged(ciphertext: Uint8Array): Bytes {
  return ciphertext.map((byte, i) => (i === ciphertext.length - 1 ? byte ^ 1 : byte)) as Bytes;
}

/** The same under another KID: what anybody can make of a frame. */
export function underKid(ciphertext: Uint8Array, kid: bigint): Bytes {
  const { ctr, length } = decodeHeader(ciphertext);
  return Uint8Array.of(...encodeHeader(kid, ctr), ...ciphertext.subarray(length));
}

/** The code a call is refused with; undefined if it is not. Other errors are passed on. */
export function codeOf(call: () => unknown): string | undefined {
  try {
    call();
  } catch (error) {
    if (error instanceof SFrameError) return error.code;
    throw error;
  }
  return undefined;
}

/** How a promise ends: the error's code, or 'opened'. */
export async function outcome(promise: Promise<unknown>): Promise<string> {
  try {
    await promise;
    return 'opened';
  } catch (error) {
    return (error as { code?: string }).code ?? String(error);
  }
}
