// The other engine: the same frames through SubtleCrypto, for frames so large that AES in hardware wins, and for pages
// that forbid WebAssembly. Keys are derived inside WebCrypto and cannot be exported from it (RFC 9605 §4.4.2).
//
// importKey starts when a key is set; what frames need is derived on first use. AES-GCM's key never is in JavaScript.
// Nk bytes of AES-CTR with HMAC cross once, because WebCrypto cannot split them, and are zeroed; so is the salt when
// the key is closed and the last frame under way is done.

import type { CipherSuiteParameters } from '../cipher-suite.ts';
import { type Bytes, concat, isSame, lengthOf, viewOf } from '../types.ts';
import { expandLabel, fingerprintOf, infoOf, isDerived, type KeySource } from './derived-key.ts';
import { giveScratch, takeScratch } from './scratch.ts';
import { importHkdfKey, unavailable } from './subtle.ts';

/** What frames need: CryptoKeys and sframe_salt. */
interface FrameKeys {
  readonly cipher: CryptoKey;
  /** Only in the CTR suites. */
  readonly mac: CryptoKey | undefined;
  readonly salt: Bytes;
}

/** A CTR in halves. */
interface Counter {
  readonly ctrHigh: number;
  readonly ctrLow: number;
}

/** u64be(len aad) ‖ u64be(len ct) ‖ u64be(Nt) ‖ nonce, before aad and ct (§4.5.1). */
const AUTH_PREFIX_LEN = 36;
const NONCE_LEN = 12;

/** Frames that WebCrypto has at hand, of all keys. */
let underWay = 0;

/** How many there are. */
export function framesUnderWay(): number {
  return underWay;
}

/** A (base key, KID) held by WebCrypto. */
export class SubtleKey {
  readonly #suite: CipherSuiteParameters;
  readonly #kid: bigint;
  readonly #baseKey: Promise<CryptoKey> | undefined;
  #frameKeys: Promise<FrameKeys> | undefined;
  /** Once derived: frames then go without waiting. */
  #current: FrameKeys | undefined;
  #inUse = 0;
  #closed = false;

  /** The source is copied before this returns. */
  constructor(suite: CipherSuiteParameters, kid: bigint, source: KeySource) {
    this.#suite = suite;
    this.#kid = kid;
    if (isDerived(source)) this.#begin(this.#importKeys(source.bytes));
    else {
      const given = viewOf(source, 0, lengthOf(source));
      const taken = plain(given, true);
      this.#baseKey = importHkdfKey(taken, 'deriveKey');
      if (taken !== given) taken.fill(0); // the import has its copy
      this.#baseKey.catch(() => {}); // whoever uses the key is told
    }
  }

  /** Whether frames can go at once. */
  get ready(): boolean {
    return this.#current !== undefined;
  }

  /** Derives what frames need, once. */
  prepare(): Promise<FrameKeys> {
    return this.#frameKeys ?? this.#begin(this.#deriveKeys());
  }

  /** The same 16 one-way bytes that the core gives for this key, if it has its base key. */
  async fingerprint(): Promise<string> {
    return fingerprintOf(this.#suite, this.#kid, await (this.#baseKey as Promise<CryptoKey>));
  }

  /** Encrypts a whole frame: header ‖ ciphertext ‖ tag. The text is read before this returns, if the key is ready. */
  async seal(header: Bytes, counter: Counter, plaintext: Uint8Array, aad: Bytes): Promise<Bytes> {
    const text = plain(viewOf(plaintext, 0, lengthOf(plaintext)), this.ready);
    this.#enter();
    try {
      const keys = this.#current ?? (await this.prepare());
      if (keys.mac !== undefined) return await this.#sealCtr(keys, header, counter, text, aad);
      const sealed = await crypto.subtle.encrypt(gcm(keys, counter, aad), keys.cipher, text);
      return concat(header, new Uint8Array(sealed));
    } finally {
      this.#leave();
    }
  }

  /** Decrypts ciphertext ‖ tag; undefined: it is not authentic. It is read before this returns, if the key is ready. */
  async open(counter: Counter, sealed: Bytes, aad: Bytes): Promise<Bytes | undefined> {
    const text = plain(sealed, this.ready);
    this.#enter();
    try {
      const keys = this.#current ?? (await this.prepare());
      if (keys.mac !== undefined) return await this.#openCtr(keys, counter, text, aad);
      const opening = crypto.subtle.decrypt(gcm(keys, counter, aad), keys.cipher, text);
      const opened = await opening.catch(notAuthentic);
      return opened === undefined ? undefined : new Uint8Array(opened);
    } finally {
      this.#leave();
    }
  }

  /** Wipes the salt, as soon as no frame needs it any more. It must not be used again. */
  close(): void {
    this.#closed = true;
    this.#wipeIfIdle();
  }

  #enter(): void {
    this.#inUse++;
    underWay++;
  }

  #leave(): void {
    underWay--;
    this.#inUse--;
    this.#wipeIfIdle();
  }

  #wipeIfIdle(): void {
    if (this.#closed && this.#inUse === 0) this.#current?.salt.fill(0);
  }

  #begin(keys: Promise<FrameKeys>): Promise<FrameKeys> {
    this.#frameKeys = keys.then((current) => {
      this.#current = current;
      this.#wipeIfIdle();
      return current;
    }, unavailable);
    this.#frameKeys.catch(() => {});
    return this.#frameKeys;
  }

  async #deriveKeys(): Promise<FrameKeys> {
    const { Nk, Nn, Nka, hash } = this.#suite;
    const baseKey = await (this.#baseKey as Promise<CryptoKey>);
    const expand = (label: string, len: number) => expandLabel(this.#suite, this.#kid, baseKey, label, len);
    const salt = await expand('SFrame 1.0 Secret salt ', Nn);
    const label = 'SFrame 1.0 Secret key ';
    if (Nka !== undefined) {
      const key = await expand(label, Nk);
      const bytes = concat(key, salt);
      key.fill(0);
      salt.fill(0);
      return this.#importKeys(bytes).finally(() => bytes.fill(0));
    }
    const info = infoOf(label, this.#suite, this.#kid);
    const algorithm: HkdfParams = { name: 'HKDF', hash, salt: new Uint8Array(0), info };
    const aes = { name: 'AES-GCM', length: 8 * Nk };
    const cipher = await crypto.subtle.deriveKey(algorithm, baseKey, aes, false, ['encrypt', 'decrypt']);
    return { cipher, mac: undefined, salt };
  }

  /** Takes sframe_key ‖ sframe_salt, which is copied before this returns. */
  async #importKeys(derived: Bytes): Promise<FrameKeys> {
    const { subtle } = crypto;
    const { Nk, Nka, hash } = this.#suite;
    const salt = derived.slice(Nk);
    const [name, cipherLen] = Nka === undefined ? ['AES-GCM', Nk] : ['AES-CTR', Nka];
    const key = derived.subarray(0, cipherLen);
    const importing = subtle.importKey('raw', key, name, false, ['encrypt', 'decrypt']);
    if (Nka === undefined) return { cipher: await importing, mac: undefined, salt };
    const hmac = { name: 'HMAC', hash };
    const authKey = derived.subarray(Nka, Nk);
    const [cipher, mac] = await Promise.all([
      importing,
      subtle.importKey('raw', authKey, hmac, false, ['sign']),
    ]);
    return { cipher, mac, salt };
  }

  // AES-CTR with HMAC, RFC 9605 §4.5.1

  async #sealCtr(keys: FrameKeys, header: Bytes, counter: Counter, text: Bytes, aad: Bytes): Promise<Bytes> {
    const { Nt } = this.#suite;
    const block = counterBlock(keys, counter);
    const algorithm = { name: 'AES-CTR', counter: block, length: 32 };
    const ciphertext = new Uint8Array(await crypto.subtle.encrypt(algorithm, keys.cipher, text));
    const covered = this.#authData(block, aad, ciphertext);
    try {
      const tag = await this.#tag(keys, covered);
      const frame = new Uint8Array(header.length + ciphertext.length + Nt);
      frame.set(header);
      frame.set(ciphertext, header.length);
      frame.set(tag.subarray(0, Nt), header.length + ciphertext.length);
      return frame;
    } finally {
      giveScratch(covered);
    }
  }

  async #openCtr(keys: FrameKeys, counter: Counter, sealed: Bytes, aad: Bytes): Promise<Bytes | undefined> {
    const { Nt } = this.#suite;
    const end = sealed.length - Nt;
    const received = sealed.slice(end);
    const block = counterBlock(keys, counter);
    // What is verified is what is decrypted: this copy, which nobody else can change.
    const covered = this.#authData(block, aad, sealed.subarray(0, end));
    try {
      const tag = await this.#tag(keys, covered);
      if (!isSame(tag.subarray(0, Nt), received)) return undefined;
      const algorithm = { name: 'AES-CTR', counter: block, length: 32 };
      const ciphertext = covered.subarray(covered.length - end);
      return new Uint8Array(await crypto.subtle.decrypt(algorithm, keys.cipher, ciphertext));
    } finally {
      giveScratch(covered);
    }
  }

  /** auth_data, in a scratch buffer. */
  #authData(block: Bytes, aad: Bytes, ciphertext: Bytes): Bytes {
    const data = takeScratch(AUTH_PREFIX_LEN + aad.length + ciphertext.length);
    const view = new DataView(data.buffer);
    view.setBigUint64(0, BigInt(aad.length));
    view.setBigUint64(8, BigInt(ciphertext.length));
    view.setBigUint64(16, BigInt(this.#suite.Nt));
    data.set(block.subarray(0, NONCE_LEN), AUTH_PREFIX_LEN - NONCE_LEN);
    data.set(aad, AUTH_PREFIX_LEN);
    data.set(ciphertext, AUTH_PREFIX_LEN + aad.length);
    return data;
  }

  async #tag(keys: FrameKeys, covered: Bytes): Promise<Bytes> {
    return new Uint8Array(await crypto.subtle.sign('HMAC', keys.mac as CryptoKey, covered));
  }
}

/** The one thing that goes wrong with a frame; anything else is not the frame's fault. */
function notAuthentic(error: Error): undefined {
  if (error.name !== 'OperationError') throw error;
}

/** A view as it is, if WebCrypto takes such buffers and takes its copy now; else a copy of ours. */
function plain(bytes: Bytes, now: boolean): Bytes {
  const buffer: ArrayBuffer & { readonly resizable?: boolean } = bytes.buffer;
  return now && buffer.resizable !== true ? bytes : new Uint8Array(bytes);
}

function gcm(keys: FrameKeys, counter: Counter, aad: Bytes): AesGcmParams {
  const iv = counterBlock(keys, counter).subarray(0, NONCE_LEN);
  return { name: 'AES-GCM', iv, additionalData: aad };
}

/** nonce = sframe_salt XOR u96be(CTR) (§4.4.3), and four zero bytes: AES-CTR's first counter block. */
function counterBlock({ salt }: FrameKeys, { ctrHigh, ctrLow }: Counter): Bytes {
  const block = new Uint8Array(16);
  block.set(salt);
  const view = new DataView(block.buffer);
  view.setUint32(4, view.getUint32(4) ^ ctrHigh);
  view.setUint32(8, view.getUint32(8) ^ ctrLow);
  return block;
}
