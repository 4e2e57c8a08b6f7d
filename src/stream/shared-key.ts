// The keys of all encryptor streams of a realm. Streams that are given the same suite, base key and KID, as those of one
// sender's audio and video are, encrypt under one counter, so that no nonce comes twice (RFC 9605 §9.1). Where it stands
// is kept by fingerprint (see deriveKey in assembly/key.ts) when the last of them has closed, and the key with it.
//
// It is never forgotten: there is no count or age at which repeating a nonce would be safe. One key costs about 150
// bytes, none if no frame was sent, and only the application makes keys.

import { isDerived, type KeySource } from '../core/derived-key.ts';
import { EngineKey } from '../engine-key.ts';
import { FrameEncryptor, SendKeys } from '../frame-encryptor.ts';
import type { Context } from '../options.ts';
import type { Bytes } from '../types.ts';

/** By fingerprint: all that are in use, and all that were used. */
const keys: Map<string, SharedKey> = new Map();

/** Leases of streams that were dropped without being closed. */
let dropped: FinalizationRegistry<SharedKey> | undefined;

/** No shorter than any stream's own limit. */
const MAX_FRAME_LEN = 2 ** 30;

/** An encryptor of one key, which goes on counting where an earlier one has stopped. */
class OneKeyEncryptor extends FrameEncryptor {
  constructor(context: Context, source: KeySource, kid: bigint, ctr: bigint) {
    const sendKeys = new SendKeys({ ...context, maxFrameLen: MAX_FRAME_LEN });
    sendKeys.use(source, kid, ctr);
    super(sendKeys);
  }
}

/** A key, its counter, and how many use it. */
class SharedKey {
  readonly #fingerprint: string;
  /** While there are users. */
  #encryptor: FrameEncryptor | undefined;
  /** The next CTR, while there are none. */
  #ctr = 0n;
  #users = 0;

  constructor(fingerprint: string) {
    this.#fingerprint = fingerprint;
  }

  /** One user more. @param make an encryptor that counts from `ctr` */
  enter(make: (ctr: bigint) => FrameEncryptor): void {
    this.#encryptor ??= make(this.#ctr);
    this.#users++;
  }

  /** One less: the last one wipes the key. */
  leave(): void {
    this.#users--;
    if (this.#users > 0 || this.#encryptor === undefined) return;
    this.#ctr = this.#encryptor.ctr;
    this.#encryptor.destroy();
    this.#encryptor = undefined;
    if (this.#ctr === 0n) keys.delete(this.#fingerprint);
  }

  async encrypt(plaintext: Bytes): Promise<Bytes> {
    this.#users++; // a frame under way keeps the key, though its stream should change it
    try {
      return await (this.#encryptor as FrameEncryptor).encryptAsync(plaintext);
    } finally {
      this.leave();
    }
  }
}

/** One stream's right to a key. */
export class KeyLease {
  readonly #key: SharedKey;

  /** @internal */
  constructor(key: SharedKey) {
    this.#key = key;
    dropped ??= new FinalizationRegistry((abandoned) => abandoned.leave());
    dropped.register(this, key, this);
  }

  /** As {@link FrameEncryptor.encryptAsync}. The counter is taken, and the plaintext read, before the call returns. */
  encrypt(plaintext: Bytes): Promise<Bytes> {
    return this.#key.encrypt(plaintext);
  }

  /** The stream does not use the key any more, nor this lease. */
  release(): void {
    dropped?.unregister(this);
    this.#key.leave();
  }
}

/**
 * Takes a key for a stream, with the engine of the first stream that has it. All of this is synchronous: of two streams
 * that take one key at the same time, one is second.
 *
 * @returns undefined if it takes WebCrypto to know which key that is
 * @throws SFrameError `engine-unavailable`
 * @throws RangeError if there is no memory for another key
 */
export function leaseKey(context: Context, source: KeySource, kid: bigint): KeyLease | undefined {
  const fingerprint = fingerprintOf(context, source, kid);
  if (fingerprint === undefined) return undefined;
  const key = keys.get(fingerprint) ?? new SharedKey(fingerprint);
  key.enter((ctr) => new OneKeyEncryptor(context, source, kid, ctr));
  keys.set(fingerprint, key);
  return new KeyLease(key);
}

function fingerprintOf({ engine, suite }: Context, source: KeySource, kid: bigint): string | undefined {
  if (isDerived(source)) return source.fingerprint;
  const key = new EngineKey(engine, suite, kid, source);
  key.close();
  return key.fingerprint;
}
