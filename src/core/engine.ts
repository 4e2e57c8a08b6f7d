// The core: one WebAssembly instance for all keys of a realm. The only file that knows WebAssembly, pointers and
// key slots. It is decoded and compiled on the first key, synchronously, and tests itself before it serves.
//
// Memory behind the core's own constants and scratch (assembly/memory.ts) is laid out here:
//
//   slotsBase                 windowBase
//   ├── key slots ─────────────┼─ metadata ─┬─ head room ─┬─ frame ──────────────┬─ tail room ─┤
//
// Slots and window grow on demand; when the slots need room the window moves up, which costs nothing because
// nothing in it outlives a call. Growth happens before any state changes; a refusal is a RangeError.

import type { CipherSuiteParameters } from '../cipher-suite.ts';
import { SFrameError } from '../errors.ts';
import { type Bytes, copyTo, lengthOf } from '../types.ts';
import { passesSelfTest } from './self-test.ts';
import { WASM_BASE64 } from './wasm.ts';

declare global {
  // The one type of the web that the API names, as lib.dom.d.ts declares it, for programs compiled without that.
  namespace WebAssembly {
    interface Module {}
  }
}

/** What assembly/index.ts exports. */
interface CoreExports {
  readonly memory: WebAssembly.Memory;
  readonly SLOT_LEN: WebAssembly.Global<'i32'>;
  readonly HEAD_ROOM: WebAssembly.Global<'i32'>;
  readonly TAIL_ROOM: WebAssembly.Global<'i32'>;
  readonly PARSED: WebAssembly.Global<'i32'>;
  slotsBase(): number;
  deriveKey(slot: number, suite: number, kid: bigint, baseKey: number, len: number): void;
  seal(
    slot: number,
    ctrHigh: number,
    ctrLow: number,
    metadata: number,
    metadataLen: number,
    text: number,
    len: number,
  ): number;
  parse(frame: number, len: number): number;
  open(
    slot: number,
    headerLen: number,
    metadata: number,
    metadataLen: number,
    frame: number,
    len: number,
  ): number;
  wipe(p: number, len: number): void;
}

const PAGE_LEN = 65536;
/** Slots are made in batches: as many again as there are, within these bounds. */
const MIN_BATCH = 8;
const MAX_BATCH = 512;
const NO_METADATA = new Uint8Array(0);

/** The header of the frame that {@link readFrame} has just read. */
export interface FrameHeader {
  /** Length in bytes; 0: malformed. */
  length: number;
  kidHigh: number;
  kidLow: number;
  ctrHigh: number;
  ctrLow: number;
}

class Core {
  readonly #exports: CoreExports;
  readonly #slotsBase: number;
  readonly #slotLen: number;
  readonly #headRoom: number;
  readonly #tailRoom: number;
  readonly #parsed: number;
  /** Views of memory, taken again whenever it grows. */
  #bytes: Uint8Array<ArrayBuffer>;
  #words: Uint32Array;
  #slots = 0;
  readonly #freeSlots: number[] = [];
  #windowBase: number;
  /** Bytes from windowBase that may not be zero. */
  #used = 0;
  /** Where the frame at hand stands: header or, when encrypting, text. */
  #frame = 0;
  #frameLen = 0;
  #metadataLen = 0;
  readonly #header: FrameHeader = { length: 0, kidHigh: 0, kidLow: 0, ctrHigh: 0, ctrLow: 0 };

  constructor(module: WebAssembly.Module) {
    this.#exports = new WebAssembly.Instance(module).exports as unknown as CoreExports;
    this.#slotsBase = this.#exports.slotsBase();
    this.#slotLen = this.#exports.SLOT_LEN.value;
    this.#headRoom = this.#exports.HEAD_ROOM.value;
    this.#tailRoom = this.#exports.TAIL_ROOM.value;
    this.#parsed = this.#exports.PARSED.value >>> 2;
    this.#windowBase = this.#slotsBase;
    this.#bytes = new Uint8Array(this.#exports.memory.buffer as ArrayBuffer);
    this.#words = new Uint32Array(this.#bytes.buffer);
  }

  /** Grows memory to `end` bytes at least. */
  #growTo(end: number): void {
    const memory = this.#exports.memory;
    const missing = Math.ceil((end - this.#bytes.length) / PAGE_LEN);
    if (missing <= 0) return;
    try {
      memory.grow(missing);
    } catch {
      throw new RangeError(`out of memory: the core cannot grow to ${end} bytes`);
    }
    this.#bytes = new Uint8Array(memory.buffer as ArrayBuffer);
    this.#words = new Uint32Array(this.#bytes.buffer);
  }

  /** Makes more slots from the window's first bytes, and moves the window behind them. */
  #addSlots(): void {
    const batch = Math.min(Math.max(this.#slots, MIN_BATCH), MAX_BATCH);
    const windowBase = this.#slotsBase + (this.#slots + batch) * this.#slotLen;
    this.#growTo(windowBase);
    this.wipeWindow();
    this.#windowBase = windowBase;
    for (let i = batch - 1; i >= 0; i--) this.#freeSlots.push(this.#slots + i);
    this.#slots += batch;
  }

  /** Zeroes what frames have left in the window. */
  wipeWindow(): void {
    this.#bytes.fill(0, this.#windowBase, this.#windowBase + this.#used);
    this.#used = 0;
  }

  /** Zeroes all that calls have left: the window, and the last header. */
  forget(): void {
    this.wipeWindow();
    this.#words.fill(0, this.#parsed, this.#parsed + 4);
  }

  #slotAt(slot: number): number {
    if (slot < 0) throw new Error('a closed key was used');
    return this.#slotsBase + slot * this.#slotLen;
  }

  /** Makes room for a frame or a text of `len` bytes, with its metadata, and says where the frame goes. */
  #place(len: number, metadataLen: number): number {
    const aligned = (metadataLen + 15) & ~15;
    const frame = this.#windowBase + 2 * aligned + this.#headRoom;
    const end = frame + len + this.#tailRoom;
    this.#growTo(end);
    this.#used = Math.max(this.#used, end - this.#windowBase);
    return frame;
  }

  /** Derives a key into a free slot. */
  addKey(suite: number, kid: bigint, baseKey: Uint8Array): { slot: number; fingerprint: string } {
    if (this.#freeSlots.length === 0) this.#addSlots();
    const len = lengthOf(baseKey);
    const at = this.#place(len, 0);
    const slot = this.#freeSlots.pop() as number;
    this.#bytes.set(baseKey, at);
    this.#exports.deriveKey(this.#slotAt(slot), suite, kid, at, len);
    const fingerprint = String.fromCharCode(...this.#bytes.subarray(at, at + 16));
    return { slot, fingerprint };
  }

  /** Wipes a slot, and what the last calls left. */
  removeKey(slot: number): void {
    this.#exports.wipe(this.#slotAt(slot), this.#slotLen);
    this.#freeSlots.push(slot);
    this.forget();
  }

  /** Takes memory for a frame before anything changes. */
  reserve(len: number, metadataLen: number): void {
    this.#place(len, metadataLen);
  }

  seal(
    slot: number,
    tagLen: number,
    ctrHigh: number,
    ctrLow: number,
    plaintext: Uint8Array,
    metadata: Uint8Array = NO_METADATA,
    target?: Uint8Array,
  ): Bytes | number {
    const len = lengthOf(plaintext);
    const metadataLen = lengthOf(metadata);
    const text = this.#place(len, metadataLen);
    this.#bytes.set(plaintext, text);
    if (metadataLen > 0) this.#bytes.set(metadata, this.#windowBase);
    const headerLen = this.#exports.seal(
      this.#slotAt(slot),
      ctrHigh,
      ctrLow,
      this.#windowBase,
      metadataLen,
      text,
      len,
    );
    return this.#take(text - headerLen, text + len + tagLen, target);
  }

  /** Copies bytes of the window out: to a buffer of their own, or into the target. */
  #take(from: number, to: number, target: Uint8Array | undefined): Bytes | number {
    if (target === undefined) return this.#bytes.slice(from, to);
    copyTo(target, this.#bytes.subarray(from, to));
    return to - from;
  }

  readFrame(ciphertext: Uint8Array, metadata: Uint8Array = NO_METADATA): Readonly<FrameHeader> {
    this.#frameLen = lengthOf(ciphertext);
    this.#metadataLen = lengthOf(metadata);
    this.#frame = this.#place(this.#frameLen, this.#metadataLen);
    this.#bytes.set(ciphertext, this.#frame);
    if (this.#metadataLen > 0) this.#bytes.set(metadata, this.#windowBase);
    const header = this.#header;
    header.length = this.#exports.parse(this.#frame, this.#frameLen);
    header.kidLow = this.#words[this.#parsed] as number;
    header.kidHigh = this.#words[this.#parsed + 1] as number;
    header.ctrLow = this.#words[this.#parsed + 2] as number;
    header.ctrHigh = this.#words[this.#parsed + 3] as number;
    return header;
  }

  /** Decrypts the frame that readFrame has just read; undefined: its tag is wrong. Whoever calls wipes the window. */
  open(slot: number, tagLen: number, target?: Uint8Array): Bytes | number | undefined {
    const headerLen = this.#header.length;
    const opened = this.#exports.open(
      this.#slotAt(slot),
      headerLen,
      this.#windowBase,
      this.#metadataLen,
      this.#frame,
      this.#frameLen,
    );
    if (opened === 0) return undefined;
    return this.#take(this.#frame + headerLen, this.#frame + this.#frameLen - tagLen, target);
  }
}

let core: Core | undefined;

/** Slots of contexts that were dropped without destroy() are wiped when the collector finds them. */
let dropped: FinalizationRegistry<number> | undefined;

function theCore(): Core {
  if (core === undefined) preload();
  return core as Core;
}

/**
 * Compiles and tests the core now instead of on the first key. Runtimes that forbid compiling at run time
 * (workerd) pass the module they import from `sframe-wasm/core.wasm`. Once the core runs, further calls do nothing.
 *
 * @param module the compiled `core.wasm` of this version; by default the copy inside this package is compiled
 * @throws TypeError if `module` is not that
 * @throws {@link SFrameError} `engine-unavailable` if the page's Content-Security-Policy forbids WebAssembly (it
 * needs `'wasm-unsafe-eval'`), the engine has none with SIMD, or the core fails its self-test
 *
 * @example
 * ```js
 * import { preload } from 'sframe-wasm';
 *
 * preload();
 * ```
 */
export function preload(module?: WebAssembly.Module): void {
  if (module !== undefined && !isModule(module)) throw notOurs();
  if (core !== undefined) return;
  const candidate = module === undefined ? new Core(compile()) : coreOf(module);
  if (!passesSelfTest(candidate)) throw unavailable('the core failed its self-test');
  dropped = new FinalizationRegistry((slot) => candidate.removeKey(slot));
  core = candidate;
}

function isModule(module: WebAssembly.Module): boolean {
  try {
    return WebAssembly.Module.exports(module).length > 0;
  } catch {
    return false;
  }
}

/** A core of somebody's module, if it is like one: the self-test then sees whether it is ours. */
function coreOf(module: WebAssembly.Module): Core {
  try {
    return new Core(module);
  } catch {
    throw notOurs();
  }
}

function notOurs(): TypeError {
  return new TypeError("module must be this version's core.wasm, compiled");
}

function compile(): WebAssembly.Module {
  const bytes = Uint8Array.from(atob(WASM_BASE64), (char) => char.charCodeAt(0));
  try {
    return new WebAssembly.Module(bytes);
  } catch (cause) {
    const error = unavailable(
      "WebAssembly cannot be compiled here: the Content-Security-Policy needs 'wasm-unsafe-eval', the engine SIMD; " +
        'where compiling is forbidden, pass the imported sframe-wasm/core.wasm to preload()',
    );
    error.cause = cause;
    throw error;
  }
}

function unavailable(message: string): SFrameError {
  return new SFrameError('engine-unavailable', undefined, message);
}

/** Zeroes what the frame at hand has left in the core. */
export function wipeWindow(): void {
  core?.wipeWindow();
}

/** Zeroes all that calls have left in the core, if it runs. */
export function forgetCalls(): void {
  core?.forget();
}

/** Reads the header of a frame and keeps both for {@link CoreKey.open}, which must be the next call. */
export function readFrame(ciphertext: Uint8Array, metadata?: Uint8Array): Readonly<FrameHeader> {
  return theCore().readFrame(ciphertext, metadata);
}

/** A (base key, KID) expanded in a slot of the core (RFC 9605 §4.4.2). */
export class CoreKey {
  /** 16 one-way bytes that tell (base key, KID, suite) from any other; see deriveKey in assembly/key.ts. */
  readonly fingerprint: string;
  readonly #core: Core;
  /** -1 when closed. */
  #slot: number;
  readonly #tagLen: number;

  /** @throws RangeError if there is no memory for another key */
  constructor(suite: CipherSuiteParameters, kid: bigint, baseKey: Uint8Array) {
    this.#core = theCore();
    const { slot, fingerprint } = this.#core.addKey(suite.id, kid, baseKey);
    this.#slot = slot;
    this.#tagLen = suite.Nt;
    this.fingerprint = fingerprint;
    dropped?.register(this, slot, this);
  }

  /** Takes the memory that {@link seal} will need. @throws RangeError if there is not enough */
  reserve(len: number, metadataLen: number): void {
    this.#core.reserve(len, metadataLen);
  }

  /** Encrypts under a CTR that was never used: a buffer of its own, or the bytes written to `target`. */
  seal(
    ctrHigh: number,
    ctrLow: number,
    plaintext: Uint8Array,
    metadata: Uint8Array | undefined,
    target?: Uint8Array,
  ): Bytes | number {
    return this.#core.seal(this.#slot, this.#tagLen, ctrHigh, ctrLow, plaintext, metadata, target);
  }

  /** Decrypts what {@link readFrame} has just read; undefined: it is not authentic, and `target` is as it was. */
  open(target?: Uint8Array): Bytes | number | undefined {
    return this.#core.open(this.#slot, this.#tagLen, target);
  }

  /** Wipes the key, once. It must not be used again: every further call of a slot fails. */
  close(): void {
    if (this.#slot < 0) return;
    dropped?.unregister(this);
    this.#core.removeKey(this.#slot);
    this.#slot = -1;
  }
}
