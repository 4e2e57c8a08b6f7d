// Our key packages: each goes out once, and its private half stays here until a welcome comes.

import {
  type CiphersuiteImpl,
  type Credential,
  decodeMlsMessage,
  encodeMlsMessage,
  generateKeyPackageWithKey,
  type KeyPackage,
  type PrivateKeyPackage,
} from 'ts-mls';
import { type Bytes, copyOf } from '../../types.ts';
import { SUITE } from './suite.ts';

/** Both halves. */
export interface OwnPackage {
  readonly publicPackage: KeyPackage;
  readonly privatePackage: PrivateKeyPackage;
}

/** How many welcomes are waited for at once: attempts overlap when letters are slow. */
const MAX_KEPT = 3;
const FOREVER = { notBefore: 0n, notAfter: 2n ** 63n - 1n };

/** The bytes of a key package. */
export function writeKeyPackage(keyPackage: KeyPackage): Bytes {
  return copyOf(encodeMlsMessage({ version: 'mls10', wireformat: 'mls_key_package', keyPackage }));
}

/** undefined if the bytes are none of this suite's. */
export function readKeyPackage(bytes: Bytes): KeyPackage | undefined {
  try {
    const message = decodeMlsMessage(bytes, 0)?.[0];
    if (message?.wireformat !== 'mls_key_package') return undefined;
    return message.keyPackage.cipherSuite === SUITE ? message.keyPackage : undefined;
  } catch {
    return undefined;
  }
}

/** Makes key packages, and remembers the last ones. */
export class KeyPackages {
  readonly #impl: CiphersuiteImpl;
  readonly #name: (attempt: number, leafKey: Uint8Array) => Promise<Credential>;
  readonly #kept: OwnPackage[] = [];
  #attempt = 0;

  /** @param name names the leaf */
  constructor(impl: CiphersuiteImpl, name: (attempt: number, leafKey: Uint8Array) => Promise<Credential>) {
    this.#impl = impl;
    this.#name = name;
  }

  /** Those that a welcome may be for, the latest first. */
  get kept(): readonly OwnPackage[] {
    return this.#kept;
  }

  async make(): Promise<OwnPackage> {
    this.#attempt += 1;
    const keys = await this.#impl.signature.keygen();
    const credential = await this.#name(this.#attempt, keys.publicKey);
    const capabilities = {
      versions: ['mls10' as const],
      ciphersuites: [SUITE],
      extensions: [],
      proposals: [],
      credentials: ['basic' as const],
    };
    return generateKeyPackageWithKey(credential, capabilities, FOREVER, [], keys, this.#impl);
  }

  /** It is on its way. */
  keep(made: OwnPackage): void {
    this.#kept.unshift(made);
    for (const old of this.#kept.splice(MAX_KEPT)) wipePackage(old);
  }

  /**
   * A welcome has come for this one. Its keys live on in the group, but for the one that welcomes are sealed for. Those
   * before it are of no use any more; those after it may be on their way into the group.
   */
  use(used: OwnPackage): void {
    const at = this.#kept.indexOf(used);
    if (at < 0) return;
    used.privatePackage.initPrivateKey.fill(0);
    for (const old of this.#kept.splice(at).slice(1)) wipePackage(old);
  }

  wipe(): void {
    for (const one of this.#kept.splice(0)) wipePackage(one);
  }
}

function wipePackage({ privatePackage }: OwnPackage): void {
  const { initPrivateKey, hpkePrivateKey, signaturePrivateKey } = privatePackage;
  for (const key of [initPrivateKey, hpkePrivateKey, signaturePrivateKey]) key.fill(0);
}
