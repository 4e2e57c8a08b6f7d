// The other engine: the same frames through SubtleCrypto, for frames so large that AES in hardware wins, and for pages
// that forbid WebAssembly. Keys are derived inside WebCrypto and cannot be exported from it (RFC 9605 §4.4.2).
//
// importKey starts when a key is set; what frames need is derived on first use. AES-GCM's key never is in JavaScript.
// Nk bytes of AES-CTR with HMAC cross once, because WebCrypto cannot split them, and are zeroed; so is the salt when
// the key is closed and the last frame under way is done.

import type { CipherSuiteParameters } from '../cipher-suite.ts';
import { SFrameError } from '../errors.ts';
import { type Bytes, concat } from '../types.ts';

/** What frames need: CryptoKeys and sframe_salt. */
interface FrameKeys {
  readonly cipher: CryptoKey;
  /** Only in the CTR suites. */
  readonly mac: CryptoKey | undefined;
  readonly salt: Bytes;
}

/** One frame on its way: nonce from CTR, aad = header ‖ metadata, and a text of its own. */
export interface Passage {
  readonly ctrHigh: number;
  readonly ctrLow: number;
  readonly aad: Bytes;
  readonly text: Bytes;
}

/** A plain view as it is, if WebCrypto takes such buffers and takes its copy now; else a copy of ours. */
export function forSubtle(bytes: Bytes, now: boolean): Bytes {
  const buffer: ArrayBuffer & { readonly resizable?: boolean } = bytes.buffer;
  return now && buffer.resizable !== true ? bytes : new Uint8Array(bytes);
}

/** Whether there is a WebCrypto at all: pages without a secure context have none. */
export function hasSubtle(): boolean {
  return globalThis.crypto?.subtle !== undefined;
}

/** A (base key, KID) held by WebCrypto. */
export class SubtleKey {
  readonly #suite: CipherSuiteParameters;
  readonly #labelTail: Bytes;
  readonly #baseKey: Promise<CryptoKey>;
  #frameKeys: Promise<FrameKeys> | undefined;
  /** Once derived: frames then go without waiting. */
  #current: FrameKeys | undefined;
  #inUse = 0;
  #closed = false;

  constructor(suite: CipherSuiteParameters, kid: bigint, baseKey: Uint8Array) {
    this.#suite = suite;
    this.#labelTail = new Uint8Array(10);
    const view = new DataView(this.#labelTail.buffer);
    view.setBigUint64(0, kid);
    view.setUint16(8, suite.id);
    // importKey takes its copy before it returns
    const usages: KeyUsage[] = ['deriveBits', 'deriveKey'];
    this.#baseKey = crypto.subtle
      .importKey('raw', baseKey as Bytes, 'HKDF', false, usages)
      .catch(unavailable);
    this.#baseKey.catch(() => {}); // whoever uses the key is told
  }

  /** Whether frames can go at once. */
  get ready(): boolean {
    return this.#current !== undefined;
  }

  /** Derives what frames need, once. */
  prepare(): Promise<FrameKeys> {
    if (this.#frameKeys === undefined) {
      this.#frameKeys = this.#deriveFrameKeys().catch(unavailable);
      this.#frameKeys.catch(() => {});
    }
    return this.#frameKeys;
  }

  /** The same 16 one-way bytes that the core gives for this key; see deriveKey in assembly/key.ts. */
  async fingerprint(): Promise<string> {
    const bits = await crypto.subtle.deriveBits(this.#hkdf('sframe-wasm key id'), await this.#baseKey, 128);
    return String.fromCharCode(...new Uint8Array(bits));
  }

  /** Encrypts: ciphertext ‖ tag. What the passage holds is read before this returns, if the key is ready. */
  seal(passage: Passage): Promise<Bytes> {
    return this.#using((keys) =>
      keys.mac === undefined ? sealGcm(keys, passage) : this.#sealCtr(keys, passage),
    );
  }

  /** Decrypts ciphertext ‖ tag; undefined: it is not authentic. */
  open(passage: Passage): Promise<Bytes | undefined> {
    return this.#using((keys) =>
      keys.mac === undefined ? openGcm(keys, passage) : this.#openCtr(keys, passage),
    );
  }

  /** Wipes the salt, as soon as no frame needs it any more. It must not be used again. */
  close(): void {
    this.#closed = true;
    this.#wipeIfIdle();
  }

  async #using<T>(work: (keys: FrameKeys) => Promise<T>): Promise<T> {
    this.#inUse++;
    try {
      return await work(this.#current ?? (await this.prepare()));
    } finally {
      this.#inUse--;
      this.#wipeIfIdle();
    }
  }

  #wipeIfIdle(): void {
    if (this.#closed && this.#inUse === 0) this.#current?.salt.fill(0);
  }

  #hkdf(label: string): HkdfParams {
    const text = Uint8Array.from(label, (char) => char.charCodeAt(0));
    const info = concat(text, this.#labelTail);
    return { name: 'HKDF', hash: this.#suite.hash, salt: new Uint8Array(0), info };
  }

  async #deriveFrameKeys(): Promise<FrameKeys> {
    const { subtle } = crypto;
    const { Nk, Nn, Nka, hash } = this.#suite;
    const baseKey = await this.#baseKey;
    const salt = new Uint8Array(
      await subtle.deriveBits(this.#hkdf('SFrame 1.0 Secret salt '), baseKey, 8 * Nn),
    );
    const algorithm = this.#hkdf('SFrame 1.0 Secret key ');
    let keys: FrameKeys;
    if (Nka === undefined) {
      const aes = { name: 'AES-GCM', length: 8 * Nk };
      const cipher = await subtle.deriveKey(algorithm, baseKey, aes, false, ['encrypt', 'decrypt']);
      keys = { cipher, mac: undefined, salt };
    } else {
      const key = new Uint8Array(await subtle.deriveBits(algorithm, baseKey, 8 * Nk));
      const encKey = key.subarray(0, Nka);
      const authKey = key.subarray(Nka);
      const imports = Promise.all([
        subtle.importKey('raw', encKey, 'AES-CTR', false, ['encrypt', 'decrypt']),
        subtle.importKey('raw', authKey, { name: 'HMAC', hash }, false, ['sign']),
      ]);
      const [cipher, mac] = await imports.finally(() => key.fill(0));
      keys = { cipher, mac, salt };
    }
    this.#current = keys;
    this.#wipeIfIdle();
    return keys;
  }

  // AES-CTR with HMAC, RFC 9605 §4.5.1

  async #sealCtr(keys: FrameKeys, passage: Passage): Promise<Bytes> {
    const { Nt } = this.#suite;
    const counter = counterBlock(keys, passage);
    const algorithm = { name: 'AES-CTR', counter, length: 32 };
    const ciphertext = new Uint8Array(await crypto.subtle.encrypt(algorithm, keys.cipher, passage.text));
    const tag = await this.#tag(keys, this.#authData(counter, passage.aad, ciphertext));
    return concat(ciphertext, tag.subarray(0, Nt));
  }

  async #openCtr(keys: FrameKeys, passage: Passage): Promise<Bytes | undefined> {
    const { Nt } = this.#suite;
    const counter = counterBlock(keys, passage);
    const end = passage.text.length - Nt;
    const received = passage.text.slice(end);
    // What is verified is what is decrypted: this copy, which nobody else can change.
    const authData = this.#authData(counter, passage.aad, passage.text.subarray(0, end));
    const tag = await this.#tag(keys, authData);
    let difference = 0;
    for (let i = 0; i < Nt; i++) difference |= (tag[i] as number) ^ (received[i] as number);
    if (difference !== 0) return undefined;
    const ciphertext = authData.subarray(authData.length - end);
    const algorithm = { name: 'AES-CTR', counter, length: 32 };
    return new Uint8Array(await crypto.subtle.decrypt(algorithm, keys.cipher, ciphertext));
  }

  #authData(counter: Bytes, aad: Bytes, ciphertext: Bytes): Bytes {
    const data = new Uint8Array(36 + aad.length + ciphertext.length);
    const view = new DataView(data.buffer);
    view.setBigUint64(0, BigInt(aad.length));
    view.setBigUint64(8, BigInt(ciphertext.length));
    view.setBigUint64(16, BigInt(this.#suite.Nt));
    data.set(counter.subarray(0, 12), 24);
    data.set(aad, 36);
    data.set(ciphertext, 36 + aad.length);
    return data;
  }

  async #tag(keys: FrameKeys, authData: Bytes): Promise<Bytes> {
    return new Uint8Array(await crypto.subtle.sign('HMAC', keys.mac as CryptoKey, authData));
  }
}

function gcmParameters(keys: FrameKeys, passage: Passage): AesGcmParams {
  return {
    name: 'AES-GCM',
    iv: counterBlock(keys, passage).subarray(0, 12),
    additionalData: passage.aad,
    tagLength: 128,
  };
}

async function sealGcm(keys: FrameKeys, passage: Passage): Promise<Bytes> {
  return new Uint8Array(await crypto.subtle.encrypt(gcmParameters(keys, passage), keys.cipher, passage.text));
}

async function openGcm(keys: FrameKeys, passage: Passage): Promise<Bytes | undefined> {
  try {
    return new Uint8Array(
      await crypto.subtle.decrypt(gcmParameters(keys, passage), keys.cipher, passage.text),
    );
  } catch (error) {
    // The one thing that goes wrong with a frame; anything else is not the frame's fault.
    if ((error as Error).name === 'OperationError') return undefined;
    throw error;
  }
}

/** WebCrypto refuses what it should do: a policy, or an algorithm it does not have. */
function unavailable(cause: unknown): never {
  if (cause instanceof SFrameError) throw cause;
  const error = new SFrameError('engine-unavailable', undefined, 'WebCrypto cannot hold this key');
  error.cause = cause;
  throw error;
}

/** nonce = sframe_salt XOR u96be(CTR) (§4.4.3), and four zero bytes: AES-CTR's first counter block. */
function counterBlock({ salt }: FrameKeys, { ctrHigh, ctrLow }: Passage): Bytes {
  const block = new Uint8Array(16);
  block.set(salt);
  const view = new DataView(block.buffer);
  view.setUint32(4, view.getUint32(4) ^ ctrHigh);
  view.setUint32(8, view.getUint32(8) ^ ctrLow);
  return block;
}
