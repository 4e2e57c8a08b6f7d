// Known answers that the core must give before it serves: both AES key sizes, both hashes, both AEADs, and a damaged
// tag that it must refuse. KID 0x123, CTR 0x4567 and base key 00 01 … 0f are those of the published vectors.

import { type CipherSuiteParameters, cipherSuites } from '../cipher-suite.ts';
import type { Bytes } from '../types.ts';

const knownAnswers: readonly (readonly [CipherSuiteParameters, string])[] = [
  [
    cipherSuites.AES_128_GCM_SHA256_128,
    '9901234567b7412c2513a1b66dbb48841bbaf17f598751176ad847681a69c6d0b091c07018ce4adb34eb',
  ],
  [
    cipherSuites.AES_256_CTR_HMAC_SHA512_80,
    '9901234567b369e03ec6467ad505ddc84914115069280c5c797555be6e32cde6ac25bc9e',
  ],
];

/** What is tested of the core. */
interface Candidate {
  addKey(suite: number, kid: bigint, baseKey: Uint8Array): { slot: number };
  seal(
    slot: number,
    tagLen: number,
    ctrHigh: number,
    ctrLow: number,
    plaintext: Uint8Array,
    metadata: Uint8Array,
  ): Bytes | number;
  readFrame(ciphertext: Uint8Array, metadata: Uint8Array): unknown;
  open(slot: number, tagLen: number): Bytes | number | undefined;
  removeKey(slot: number): void;
}

/** Whether the core computes what it must. It leaves no key behind. */
export function passesSelfTest(core: Candidate): boolean {
  const baseKey = Uint8Array.from({ length: 16 }, (_, i) => i);
  const plaintext = ascii('draft-ietf-sframe-enc');
  const metadata = ascii('IETF SFrame WG');
  return knownAnswers.every(([{ id, Nt }, answer]) => {
    const { slot } = core.addKey(id, 0x123n, baseKey);
    const ciphertext = core.seal(slot, Nt, 0, 0x4567, plaintext, metadata) as Bytes;
    core.readFrame(ciphertext, metadata);
    const opened = core.open(slot, Nt) as Bytes | undefined;
    const right = hex(ciphertext) === answer && opened !== undefined && hex(opened) === hex(plaintext);
    ciphertext[ciphertext.length - 1] = (ciphertext.at(-1) as number) ^ 1;
    core.readFrame(ciphertext, metadata);
    const refused = core.open(slot, Nt) === undefined;
    core.removeKey(slot);
    return right && refused;
  });
}

function ascii(text: string): Uint8Array {
  return Uint8Array.from(text, (char) => char.charCodeAt(0));
}

function hex(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
}
