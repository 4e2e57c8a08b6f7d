// Options of a connection, checked.

import type { CipherSuite, CipherSuiteParameters } from '../../cipher-suite.ts';
import { isCryptoKey } from '../../core/subtle.ts';
import { prefixed } from '../../names.ts';
import { readOptions } from '../../options.ts';
import { assertObject, copyOf, toBoolean } from '../../types.ts';
import type { ExchangeIdentity } from '../exchange/identity.ts';
import { readSigningKey, type SignatureAlgorithm } from '../signing-keys.ts';

/** How our frames are signed. */
export interface ExchangeSigning {
  /** Who signs: the same that the exchange was given. A private key as bytes is copied, and wiped at the end. */
  readonly identity: Omit<ExchangeIdentity, 'publicKey'>;
  /** A block after so many frames, and after so many ms: see `FrameSigner`. */
  readonly everyFrames?: number | undefined;
  readonly everyMs?: number | undefined;
}

/** How the frames of participants are verified. */
export interface ExchangeVerifying {
  /** How long a frame waits for its block, in ms; see `FrameVerifier`. */
  readonly timeoutMs?: number | undefined;
  /** Whether frames are dropped while they are forged or stay unsigned; default false. */
  readonly require?: boolean | undefined;
}

/** Options of `connectExchange`. */
export interface ExchangeConnectionOptions {
  /** The cipher suite of the client, and of the exchange. */
  readonly cipherSuite: CipherSuite;
  /** Signs our frames by the identity key. */
  readonly signing?: ExchangeSigning | undefined;
  /** Verifies everybody's frames by the identity keys that the exchange has authenticated. */
  readonly verifying?: ExchangeVerifying | undefined;
  /** Ends the connection when it is aborted. */
  readonly signal?: AbortSignal | undefined;
}

/** What {@link ExchangeSigning} says, with a key of our own. */
export interface SigningSettings {
  readonly participant: string;
  readonly privateKey: Uint8Array | CryptoKey;
  readonly algorithm: SignatureAlgorithm | undefined;
  readonly everyFrames: number | undefined;
  readonly everyMs: number | undefined;
}

/** The same, checked. */
export interface ConnectionSettings {
  readonly cipherSuite: CipherSuite;
  readonly suite: CipherSuiteParameters;
  readonly signing: SigningSettings | undefined;
  readonly verifying: ExchangeVerifying | undefined;
}

/** TypeErrors and RangeErrors name the option. Numbers are checked where they are used: the client rejects. */
export function readConnectionOptions(options: ExchangeConnectionOptions): ConnectionSettings {
  const { suite } = readOptions(options);
  const { cipherSuite, signing, verifying } = options;
  if (verifying !== undefined) {
    assertObject(verifying, 'verifying');
    toBoolean(verifying.require, 'verifying.require', false);
  }
  return {
    cipherSuite,
    suite,
    signing: signing === undefined ? undefined : readSigning(signing),
    verifying: verifying === undefined ? undefined : { ...verifying },
  };
}

function readSigning(signing: ExchangeSigning): SigningSettings {
  assertObject(signing, 'signing');
  const { identity, everyFrames, everyMs } = signing;
  assertObject(identity, 'signing.identity');
  const { participant, privateKey: given, algorithm } = identity;
  prefixed(participant, 'signing.identity.participant');
  readSigningKey(given, algorithm).destroy();
  const privateKey = isCryptoKey(given) ? given : copyOf(given);
  return { participant, privateKey, algorithm, everyFrames, everyMs };
}
