// Who signs letters, and who is believed: identity keys, as verification compares them.

import { subtleCrypto } from '../../core/subtle.ts';
import { prefixed } from '../../names.ts';
import { assertObject, asText, type Bytes } from '../../types.ts';
import { readKey } from '../fields.ts';
import {
  readSigningKey,
  readVerifyingKey,
  type SignatureAlgorithm,
  type SigningKey,
  type VerifyingKey,
} from '../signing-keys.ts';

/** Who this participant is. */
export interface ExchangeIdentity {
  /** His name, the same on all sides; 1 to 512 bytes of UTF-8. Devices and tabs need names of their own. */
  readonly participant: string;
  /**
   * The private half of the identity key: 32 bytes, or a `CryptoKey` that may `sign`, which need not be extractable. It
   * should outlive the call, because people verify it.
   */
  readonly privateKey: Uint8Array | CryptoKey;
  /** The public half, as bytes: what the others see, and what verification compares. */
  readonly publicKey: Uint8Array;
  /** Default Ed25519; of a `CryptoKey` it is known. */
  readonly algorithm?: SignatureAlgorithm | undefined;
}

/** The same, read once. */
export interface OwnIdentity {
  readonly participant: string;
  readonly key: SigningKey;
  readonly publicKey: Bytes;
}

const algorithms: readonly (SignatureAlgorithm | undefined)[] = [undefined, 'Ed25519', 'ECDSA-P256'];

/** TypeErrors and RangeErrors name the option. */
export function readIdentity(identity: ExchangeIdentity): OwnIdentity {
  assertObject(identity, 'identity');
  const { participant, privateKey, publicKey, algorithm } = identity;
  prefixed(participant, 'identity.participant');
  const key = readSigningKey(privateKey, algorithm);
  const own = readKey(publicKey, 'identity.publicKey');
  readVerifyingKey(own, algorithms[key.algorithm]);
  return { participant, key, publicKey: own };
}

/** Keys that are remembered: looking a new one over costs more than verifying with it. */
const MAX_REMEMBERED = 2048;

/** Verifies what others have signed: by WebCrypto, which is several times as fast, where it has the algorithm. */
export class IdentityVerifier {
  readonly #keys: Map<string, Promise<VerifyingKey>> = new Map();

  /** Whether a key of this algorithm has signed the message. False, too, of what is no key. */
  async isSignedBy(
    identityKey: Bytes,
    algorithm: number,
    signature: Bytes,
    message: Bytes,
  ): Promise<boolean> {
    const name = algorithms[algorithm];
    if (name === undefined) return false;
    const index = `${name} ${asText(identityKey)}`;
    const key = this.#keys.get(index) ?? verifyingKey(identityKey, name);
    this.#keys.delete(index);
    this.#keys.set(index, key); // the latest come last
    try {
      return await (await key).verify(signature, message);
    } catch (error) {
      this.#keys.delete(index);
      if (error instanceof RangeError) return false; // what came is no public key
      throw error;
    } finally {
      for (const oldest of this.#keys.keys()) {
        if (this.#keys.size <= MAX_REMEMBERED) break;
        this.#keys.delete(oldest);
      }
    }
  }
}

async function verifyingKey(identityKey: Bytes, name: SignatureAlgorithm): Promise<VerifyingKey> {
  const algorithm = name === 'Ed25519' ? { name } : { name: 'ECDSA', namedCurve: 'P-256' };
  let imported: CryptoKey;
  try {
    imported = await subtleCrypto().importKey('raw', identityKey, algorithm, true, ['verify']);
  } catch {
    return readVerifyingKey(identityKey, name); // it has no such algorithm, or there is something wrong with the key
  }
  return readVerifyingKey(imported, name);
}
