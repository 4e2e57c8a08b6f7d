// Who somebody is: a key pair, and what he knows of the others. Both outlive a call; here, as long as the page.

import type { Bytes } from 'sframe-wasm';
import { VerificationBook } from 'sframe-wasm/verification';

export interface Identity {
  readonly privateKey: CryptoKey;
  /** What the others see, and what emoji compare. */
  readonly publicKey: Bytes;
  readonly book: VerificationBook;
}

export async function createIdentity(): Promise<Identity> {
  const algorithm = { name: 'ECDSA', namedCurve: 'P-256' };
  const pair = await crypto.subtle.generateKey(algorithm, false, ['sign', 'verify']);
  const publicKey = new Uint8Array(await crypto.subtle.exportKey('raw', pair.publicKey));
  return { privateKey: pair.privateKey, publicKey, book: new VerificationBook() };
}
