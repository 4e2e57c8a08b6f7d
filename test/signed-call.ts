// For the tests of sender signatures: a participant who signs, one who listens, Mallory who has all keys but the private
// one, and a clock that moves when it is told to.

import { ed25519 } from '@noble/curves/ed25519.js';
import { p256 } from '@noble/curves/nist.js';
import { type CipherSuite, type FrameDecryptor, SFrameDecryptor, SFrameEncryptor } from '../src/index.ts';
import { bodyOf, headOf, messageOf, type SignedRange } from '../src/trust/signature/block.ts';
import {
  FrameSigner,
  type FrameSignerOptions,
  FrameVerifier,
  type FrameVerifierOptions,
  type VerifierEvent,
  type VerifierEventType,
} from '../src/trust/signature.ts';
import { noise } from './lengths.ts';
import { hex, hkdfExpand, hkdfExtract, oracleSuites } from './oracle.ts';

export type Bytes = Uint8Array<ArrayBuffer>;

export const cipherSuite: CipherSuite = 'AES_128_GCM_SHA256_128';
export const baseKey: Bytes = noise(16, 1);
export const session: Bytes = noise(16, 2);
export const seed: Bytes = noise(32, 3);
export const publicKey: Bytes = new Uint8Array(ed25519.getPublicKey(seed));
export const ecdsaPublicKey: Bytes = new Uint8Array(p256.getPublicKey(seed));

/** The time, in ms. */
export const clock = { ms: 0 };
export const now = (): number => clock.ms;

/** A frame on its way. */
export interface Sent {
  readonly ciphertext: Bytes;
  readonly metadata: Bytes | undefined;
}

/** Who is believed to be speaking. */
export class Alice {
  readonly encryptor: SFrameEncryptor;
  readonly signer: FrameSigner;
  /** What was signed and not been fetched. */
  blocks: Bytes[] = [];
  #sent = 0;

  constructor({
    suite = cipherSuite,
    key = baseKey,
    kid = 1n,
    ctr = 0n,
    ...options
  }: Partial<FrameSignerOptions> & { suite?: CipherSuite; key?: Bytes; kid?: bigint; ctr?: bigint } = {}) {
    this.encryptor = new SFrameEncryptor({ cipherSuite: suite });
    this.encryptor.setEncryptionKey(key, kid, { ctr });
    this.signer = new FrameSigner({
      encryptor: this.encryptor,
      session,
      participant: 'alice',
      privateKey: seed,
      everyFrames: 4,
      now,
      ...options,
    });
    this.signer.addEventListener('block', ({ block }) => {
      this.blocks.push(block!);
    });
  }

  /** Encrypts and signs a frame. */
  send(metadata?: Bytes): Sent {
    const ciphertext = this.encryptor.encrypt(noise(40, ++this.#sent), metadata);
    this.signer.sign(ciphertext, metadata);
    return { ciphertext, metadata };
  }

  sendSome(count: number): Sent[] {
    return Array.from({ length: count }, () => this.send());
  }

  /** The blocks since the last time. */
  take(): Bytes[] {
    const blocks = this.blocks;
    this.blocks = [];
    return blocks;
  }
}

/** Who listens to her. */
export class Bob {
  readonly decryptor: SFrameDecryptor;
  readonly verifier: FrameVerifier;
  /** What he was told, as `verified 1:0,1,2`. */
  readonly news: string[] = [];

  constructor({
    suite = cipherSuite,
    key = baseKey,
    kid = 1n,
    replayWindow = 1024,
    ...options
  }: Partial<FrameVerifierOptions> & {
    suite?: CipherSuite;
    key?: Bytes;
    kid?: bigint;
    replayWindow?: number;
  } = {}) {
    this.decryptor = new SFrameDecryptor({ cipherSuite: suite, replayWindow });
    this.decryptor.addDecryptionKey(key, kid);
    this.verifier = new FrameVerifier({
      decryptor: this.decryptor,
      session,
      participant: 'alice',
      publicKey,
      now,
      ...options,
    });
    const types = ['verified', 'unsigned', 'forged', 'block-refused', 'dropped', 'restored'] as const;
    for (const type of types)
      this.verifier.addEventListener(type, (event) => {
        this.news.push(wordsOf(type, event, options.participant ?? 'alice'));
      });
  }

  /** Decrypts a frame and adds it. Returns whether it may be shown. */
  hear({ ciphertext, metadata }: Sent, decryptor?: FrameDecryptor): boolean {
    (decryptor ?? this.decryptor).decrypt(ciphertext, metadata);
    return this.verifier.add(ciphertext, metadata, decryptor);
  }

  hearAll(frames: readonly Sent[]): boolean[] {
    return frames.map((sent) => this.hear(sent));
  }

  get(blocks: readonly Bytes[]): void {
    for (const block of blocks) this.verifier.addBlock(block);
  }

  /** What he was told since the last time. */
  take(): string[] {
    return this.news.splice(0);
  }
}

function wordsOf(type: VerifierEventType, event: VerifierEvent, expected: string): string {
  const { kid, ctrs, reason, participant } = event;
  if (participant !== expected) throw new Error(`told of ${participant}`);
  if (reason !== undefined) return `${type} ${reason}`;
  return kid === undefined ? type : `${type} ${kid}:${ctrs.join()}`;
}

/** Another member: the same symmetric keys, so he can send as Alice whatever he likes. */
export function mallory(ctr = 0n, plaintext = noise(41, 666)): Sent {
  const encryptor = new SFrameEncryptor({ cipherSuite });
  encryptor.setEncryptionKey(baseKey, 1n, { ctr });
  return { ciphertext: encryptor.encrypt(plaintext), metadata: undefined };
}

/** The fingerprint of a key, by the oracle. */
export function fingerprintOf(key: Bytes, kid: bigint, suite = 4): string {
  const { hash } = oracleSuites.find(({ id }) => id === suite)!;
  const info = new Uint8Array(28);
  info.set(new TextEncoder().encode('sframe-wasm key id'));
  new DataView(info.buffer).setBigUint64(18, kid);
  info[27] = suite;
  return String.fromCharCode(...hkdfExpand(hash, hkdfExtract(hash, new Uint8Array(0), key), info, 16));
}

/** A block that says what it is told to, signed with Alice's key: what a signer would never make. */
export function blockOf(
  range: Partial<SignedRange>,
  {
    by = seed,
    from = session,
    participant = 'alice',
    suite = 4,
  }: { by?: Bytes; from?: Bytes; participant?: string; suite?: number } = {},
): Bytes {
  const body = bodyOf(headOf(1, from, participant, suite), {
    kid: 1n,
    fingerprint: fingerprintOf(baseKey, 1n),
    sequence: 0n,
    firstCtr: 0n,
    digests: noise(32, 9),
    ...range,
  });
  return new Uint8Array([...body, ...ed25519.sign(messageOf(body), by)]);
}

/** A key pair of WebCrypto's: the same as the one in bytes, if it is Ed25519's. */
export async function subtleKeys(
  algorithm: 'Ed25519' | 'ECDSA-P256',
): Promise<{ privateKey: CryptoKey; publicKey: CryptoKey }> {
  const name = algorithm === 'Ed25519' ? algorithm : { name: 'ECDSA', namedCurve: 'P-256' };
  const point = p256.getPublicKey(seed, false);
  const jwk =
    algorithm === 'Ed25519'
      ? { kty: 'OKP', crv: 'Ed25519', x: base64url(publicKey), d: base64url(seed) }
      : {
          kty: 'EC',
          crv: 'P-256',
          x: base64url(point.subarray(1, 33)),
          y: base64url(point.subarray(33)),
          d: base64url(seed),
        };
  const { d: _, ...open } = jwk;
  return {
    privateKey: await crypto.subtle.importKey('jwk', jwk, name, false, ['sign']),
    publicKey: await crypto.subtle.importKey('jwk', open, name, true, ['verify']),
  };
}

function base64url(bytes: Uint8Array): string {
  return btoa(String.fromCharCode(...bytes))
    .replaceAll('+', '-')
    .replaceAll('/', '_')
    .replaceAll('=', '');
}

/** Until a condition holds: WebCrypto takes its time. */
export async function until(holds: () => boolean): Promise<void> {
  for (let i = 0; i < 2000; i++) {
    if (holds()) return;
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
  throw new Error('it never came to that');
}

export const same = (a: Uint8Array, b: Uint8Array): boolean => hex(a) === hex(b);
