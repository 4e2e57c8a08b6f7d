// A typed wrapper over build/kernels.wasm: the primitives of the core under explicit keys, for known answers and
// second opinions. Every call places its inputs apart in linear memory and checks that nothing around them moved.

import { loadBuilt } from './load.ts';

interface KernelExports {
  readonly memory: WebAssembly.Memory;
  readonly PARSED: WebAssembly.Global<'i32'>;
  slotsBase(): number;
  ctr(key: number, rounds: number, nonce: number, counter: number, text: number, len: number): void;
  ghashOf(h: number, p: number, blocks: number): void;
  sealGcm(
    key: number,
    rounds: number,
    nonce: number,
    aad: number,
    aadLen: number,
    text: number,
    len: number,
  ): void;
  openGcm(
    key: number,
    rounds: number,
    nonce: number,
    aad: number,
    aadLen: number,
    text: number,
    len: number,
  ): number;
  sealCtrHmac(
    key: number,
    wide: number,
    tagLen: number,
    nonce: number,
    aad: number,
    aadLen: number,
    text: number,
    len: number,
  ): void;
  openCtrHmac(
    key: number,
    wide: number,
    tagLen: number,
    nonce: number,
    aad: number,
    aadLen: number,
    text: number,
    len: number,
  ): number;
  sha(wide: number, p: number, len: number, out: number): void;
  hmacOf(wide: number, key: number, keyLen: number, p: number, len: number, out: number): void;
  hkdfExtract(wide: number, ikm: number, len: number, out: number): void;
  hkdfExpand(wide: number, prk: number, info: number, infoLen: number, out: number, len: number): void;
  encodeHeader(to: number, kid: bigint, ctr: bigint): number;
  readHeader(p: number, len: number): number;
}

type Bytes = Uint8Array<ArrayBuffer>;
export type Hash = 'SHA-256' | 'SHA-512';

/** Room before and behind what is placed: HEAD_ROOM and TAIL_ROOM of the core, and some to notice overruns. */
const ROOM = 256;

export class Kernels {
  readonly #exports: KernelExports;
  #bytes: Bytes;
  #next = 0;

  static async load(): Promise<Kernels> {
    return new Kernels(new WebAssembly.Module(await loadBuilt('kernels.wasm')));
  }

  constructor(module: WebAssembly.Module) {
    this.#exports = new WebAssembly.Instance(module).exports as unknown as KernelExports;
    this.#bytes = new Uint8Array(this.#exports.memory.buffer as ArrayBuffer);
  }

  /** Starts a call: everything behind the kernels' own memory is free. */
  #begin(len: number): void {
    this.#next = this.#exports.slotsBase();
    const missing = this.#next + len - this.#bytes.length;
    if (missing > 0) this.#exports.memory.grow(Math.ceil(missing / 65536));
    this.#bytes = new Uint8Array(this.#exports.memory.buffer as ArrayBuffer);
  }

  #place(bytes: Uint8Array, before = 0, behind = ROOM): number {
    const at = this.#next + before;
    this.#bytes.set(bytes, at);
    this.#next = at + bytes.length + behind;
    return at;
  }

  #read(at: number, len: number): Bytes {
    return this.#bytes.slice(at, at + len);
  }

  ctr(key: Uint8Array, nonce: Uint8Array, counter: number, text: Uint8Array): Bytes {
    this.#begin(text.length + 1024);
    const k = this.#place(key);
    const n = this.#place(nonce);
    const t = this.#place(text);
    this.#bytes.fill(0xa5, t + text.length, t + text.length + 16);
    this.#exports.ctr(k, key.length / 4 + 6, n, counter, t, text.length);
    if (this.#read(t + text.length, 16).some((byte) => byte !== 0xa5))
      throw new Error('wrote behind the text');
    return this.#read(t, text.length);
  }

  ghash(h: Uint8Array, blocks: Uint8Array): Bytes {
    this.#begin(blocks.length + 1024);
    const at = this.#place(h);
    this.#exports.ghashOf(at, this.#place(blocks), blocks.length / 16);
    return this.#read(at, 16);
  }

  /** Ciphertext ‖ tag. */
  sealGcm(key: Uint8Array, nonce: Uint8Array, aad: Uint8Array, plaintext: Uint8Array): Bytes {
    this.#begin(2 * aad.length + plaintext.length + 2048);
    const k = this.#place(key);
    const n = this.#place(nonce);
    const a = this.#place(aad);
    const t = this.#place(plaintext, aad.length + ROOM);
    this.#exports.sealGcm(k, key.length / 4 + 6, n, a, aad.length, t, plaintext.length);
    return this.#read(t, plaintext.length + 16);
  }

  openGcm(key: Uint8Array, nonce: Uint8Array, aad: Uint8Array, sealed: Uint8Array): Bytes | undefined {
    this.#begin(2 * aad.length + sealed.length + 2048);
    const k = this.#place(key);
    const n = this.#place(nonce);
    const a = this.#place(aad);
    const t = this.#place(sealed, aad.length + ROOM);
    const len = sealed.length - 16;
    const opened = this.#exports.openGcm(k, key.length / 4 + 6, n, a, aad.length, t, len);
    return this.#opened(opened, t, sealed.subarray(0, len));
  }

  sealCtrHmac(
    hash: Hash,
    tagLen: number,
    key: Uint8Array,
    nonce: Uint8Array,
    aad: Uint8Array,
    plaintext: Uint8Array,
  ): Bytes {
    this.#begin(2 * aad.length + plaintext.length + 2048);
    const k = this.#place(key);
    const n = this.#place(nonce);
    const a = this.#place(aad);
    const t = this.#place(plaintext, aad.length + ROOM);
    this.#exports.sealCtrHmac(k, wide(hash), tagLen, n, a, aad.length, t, plaintext.length);
    return this.#read(t, plaintext.length + tagLen);
  }

  openCtrHmac(
    hash: Hash,
    tagLen: number,
    key: Uint8Array,
    nonce: Uint8Array,
    aad: Uint8Array,
    sealed: Uint8Array,
  ): Bytes | undefined {
    this.#begin(2 * aad.length + sealed.length + 2048);
    const k = this.#place(key);
    const n = this.#place(nonce);
    const a = this.#place(aad);
    const t = this.#place(sealed, aad.length + ROOM);
    const len = sealed.length - tagLen;
    const opened = this.#exports.openCtrHmac(k, wide(hash), tagLen, n, a, aad.length, t, len);
    return this.#opened(opened, t, sealed.subarray(0, len));
  }

  /** The text, or undefined if it was refused: then it must still be the ciphertext. */
  #opened(opened: number, at: number, ciphertext: Uint8Array): Bytes | undefined {
    const text = this.#read(at, ciphertext.length);
    if (opened === 1) return text;
    if (text.some((byte, i) => byte !== ciphertext[i])) throw new Error('touched a text it refused');
    return undefined;
  }

  sha(hash: Hash, message: Uint8Array): Bytes {
    this.#begin(message.length + 1024);
    const p = this.#place(message);
    const out = this.#place(new Uint8Array(64));
    this.#exports.sha(wide(hash), p, message.length, out);
    return this.#read(out, digestLen(hash));
  }

  hmac(hash: Hash, key: Uint8Array, message: Uint8Array): Bytes {
    this.#begin(message.length + 1024);
    const k = this.#place(key);
    const p = this.#place(message);
    const out = this.#place(new Uint8Array(64));
    this.#exports.hmacOf(wide(hash), k, key.length, p, message.length, out);
    return this.#read(out, digestLen(hash));
  }

  hkdfExtract(hash: Hash, ikm: Uint8Array): Bytes {
    this.#begin(ikm.length + 1024);
    const p = this.#place(ikm);
    const out = this.#place(new Uint8Array(64));
    this.#exports.hkdfExtract(wide(hash), p, ikm.length, out);
    return this.#read(out, digestLen(hash));
  }

  hkdfExpand(hash: Hash, prk: Uint8Array, info: Uint8Array, len: number): Bytes {
    this.#begin(len + 2048);
    const k = this.#place(prk);
    const i = this.#place(info);
    const out = this.#place(new Uint8Array(len));
    this.#exports.hkdfExpand(wide(hash), k, i, info.length, out, len);
    return this.#read(out, len);
  }

  encodeHeader(kid: bigint, ctr: bigint): Bytes {
    this.#begin(1024);
    const at = this.#place(new Uint8Array(32));
    return this.#read(at, this.#exports.encodeHeader(at, kid, ctr));
  }

  /** undefined: refused. */
  decodeHeader(bytes: Uint8Array): { kid: bigint; ctr: bigint; length: number } | undefined {
    this.#begin(bytes.length + 1024);
    const length = this.#exports.readHeader(this.#place(bytes), bytes.length);
    if (length === 0) return undefined;
    const [kid, ctr] = new BigUint64Array(this.#bytes.buffer, this.#exports.PARSED.value, 2);
    return { kid: kid as bigint, ctr: ctr as bigint, length };
  }
}

function wide(hash: Hash): number {
  return hash === 'SHA-512' ? 1 : 0;
}

function digestLen(hash: Hash): number {
  return hash === 'SHA-512' ? 64 : 32;
}
