// Keys that are kept, so that recordings can be opened later: without them, nobody ever could. While nobody records, only
// those in use are.

import type { Bytes, CipherSuite, U64 } from 'sframe-wasm';
import { SFrameClient, type SFrameClientOptions } from 'sframe-wasm/webrtc';

/** Of one participant, while nobody records: the one in use, and the one before, under which frames may still come. */
const KEPT = 2;

/** Of one participant, by KID. */
type Keys = Map<bigint, Bytes>;

/** Adds a key, and returns those that are not wanted any more. */
function keep(keys: Keys, kid: bigint, baseKey: Bytes, most: number): void {
  keys.get(kid)?.fill(0);
  keys.delete(kid);
  keys.set(kid, baseKey);
  for (const [old, bytes] of [...keys].slice(0, -most)) {
    bytes.fill(0);
    keys.delete(old);
  }
}

export class KeptKeys {
  /** Whether all are kept from now on. */
  isRecording = false;
  readonly #plain = new Map<string, Keys>();
  readonly #ratchet = new Map<string, Keys>();

  add(kind: 'plain' | 'ratchet', participant: string, kid: bigint, baseKey: Bytes): void {
    const all = kind === 'plain' ? this.#plain : this.#ratchet;
    const keys: Keys = all.get(participant) ?? new Map();
    all.set(participant, keys);
    keep(keys, kid, baseKey, this.isRecording ? Number.POSITIVE_INFINITY : KEPT);
  }

  /** For `npx sframe-wasm mjr`. */
  toJson(cipherSuite: CipherSuite, ratchetBits: number): string {
    const names = new Set([...this.#plain.keys(), ...this.#ratchet.keys()]);
    const participants = Array.from(names, (participant) => ({
      participant,
      keys: entriesOf(this.#plain.get(participant)),
      ratchetKeys: entriesOf(this.#ratchet.get(participant)),
    }));
    return JSON.stringify({ version: 1, cipherSuite, ratchetBits, participants }, null, 2);
  }

  wipe(): void {
    for (const all of [this.#plain, this.#ratchet]) {
      for (const keys of all.values()) for (const bytes of keys.values()) bytes.fill(0);
      all.clear();
    }
  }
}

function entriesOf(keys: Keys = new Map()): { kid: string; baseKey: string }[] {
  return Array.from(keys, ([kid, bytes]) => ({
    kid: `0x${kid.toString(16)}`,
    baseKey: btoa(String.fromCharCode(...bytes)),
  }));
}

/** A client that keeps what it is given. */
export class KeepingClient extends SFrameClient {
  readonly kept = new KeptKeys();
  readonly #name: string;

  /** @param name whose keys those are that it sends under */
  constructor(name: string, options: SFrameClientOptions) {
    super(options);
    this.#name = name;
  }

  override async setEncryptionKey(baseKey: Uint8Array | CryptoKey, kid?: U64): Promise<bigint> {
    const copy = copyOf(baseKey);
    const used = await super.setEncryptionKey(baseKey, kid);
    if (copy !== undefined) this.kept.add('plain', this.#name, used, copy);
    return used;
  }

  override async setRatchetKey(baseKey: Uint8Array, generation?: U64): Promise<bigint> {
    const copy = new Uint8Array(baseKey);
    const used = await super.setRatchetKey(baseKey, generation);
    this.kept.add('ratchet', this.#name, used, copy);
    return used;
  }

  override async addDecryptionKey(
    participant: string,
    baseKey: Uint8Array | CryptoKey,
    kid: U64,
  ): Promise<void> {
    const copy = copyOf(baseKey);
    await super.addDecryptionKey(participant, baseKey, kid);
    if (copy !== undefined) this.kept.add('plain', participant, BigInt(kid), copy);
  }

  override async addRatchetKey(participant: string, baseKey: Uint8Array, kid: U64): Promise<void> {
    const copy = new Uint8Array(baseKey);
    await super.addRatchetKey(participant, baseKey, kid);
    this.kept.add('ratchet', participant, BigInt(kid), copy);
  }

  override destroy(): void {
    this.kept.wipe();
    super.destroy();
  }
}

function copyOf(baseKey: Uint8Array | CryptoKey): Bytes | undefined {
  return baseKey instanceof Uint8Array ? new Uint8Array(baseKey) : undefined;
}
