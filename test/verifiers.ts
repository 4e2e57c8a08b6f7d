// Two who verify each other, for the tests of verification, and what stands between them.

import { expect, vi } from 'vitest';
import {
  Verification,
  VerificationBook,
  type VerificationOptions,
  type VerificationParticipant,
} from '../src/trust/verification.ts';
import { noise } from './lengths.ts';
import { hex } from './oracle.ts';

export type Changes = Partial<VerificationOptions>;

export const room = 'standup 2026-03-02';
export const cipherSuite = 'AES_128_GCM_SHA256_128';
export const participant = (id: string, seed: number): VerificationParticipant => ({
  id,
  identityKey: noise(32, seed),
  exchangeKey: noise(32, seed + 1000),
});
export const alice = participant('alice', 1);
export const bob = participant('bob', 2);
export const mallory = participant('mallory', 3);

export const open = (own: VerificationParticipant, peer: VerificationParticipant, changes: Changes = {}) =>
  new Verification({ book: new VerificationBook(), room, cipherSuite, own, peer, ...changes });

/** Alice's and Bob's ends of one verification. */
export const pair = (ofAlice: Changes = {}, ofBob: Changes = {}) =>
  [open(alice, bob, ofAlice), open(bob, alice, ofBob)] as const;

/** What it must not return, asserted away. */
export const some = <T>(value: T | undefined): T => {
  expect(value).toBeDefined();
  return value as T;
};

/** Carries messages to and fro, beginning with one to `to`, until nothing more is said. */
export async function carry(message: Uint8Array, to: Verification, from: Verification): Promise<void> {
  let [next, at, other] = [message as Uint8Array | undefined, to, from];
  for (let i = 0; next !== undefined; i++) {
    expect(i, 'they stop').toBeLessThan(10);
    next = await at.receive(next);
    [at, other] = [other, at];
  }
}

/** Nonces that are the same in every run. Returns those that were drawn. */
export function seedNonces(nonces?: Uint8Array[]): Uint8Array[] {
  const drawn: Uint8Array[] = [];
  vi.spyOn(crypto, 'getRandomValues').mockImplementation((array) => {
    const bytes = nonces?.[drawn.length] ?? noise(32, 5000 + drawn.length);
    (array as unknown as Uint8Array).set(bytes);
    drawn.push(bytes);
    return array;
  });
  return drawn;
}

export const contains = (whole: Uint8Array | undefined, piece: Uint8Array) =>
  whole !== undefined && hex(whole).includes(hex(piece));

/** Commit and reveal as bytes, from their description. */
export const commitOf = (commitment: Uint8Array) => new Uint8Array([1, 1, ...commitment]);
export const revealOf = (commitment: Uint8Array, answers: Uint8Array, nonce: Uint8Array) =>
  new Uint8Array([1, 2, ...commitment, ...answers, ...nonce]);
export const commitmentIn = (message: Uint8Array) => message.slice(2, 34);

export function expectSame(a: Verification, b: Verification): void {
  expect([a.state, b.state]).toEqual(['comparing', 'comparing']);
  expect(a.sas).toEqual(b.sas);
}
