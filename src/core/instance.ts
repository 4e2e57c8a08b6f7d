// The memory of the core's one instance: key slots, and the window through which frames pass. The only file that knows
// pointers.
//
// Behind the core's own constants and scratch (assembly/memory.ts) memory is laid out here:
//
//   slotsBase                 windowBase
//   ├── key slots ─────────────┼─ metadata ─┬─ head room ─┬─ frame ──────────────┬─ tail room ─┤
//
// Slots and window grow on demand; when the slots need room the window moves up, which costs nothing because
// nothing in it outlives a call. Growth happens before any state changes; a refusal is a RangeError.

import { type Bytes, copyTo, lengthOf } from '../types.ts';

/** What assembly/index.ts exports. */
export interface CoreExports {
  readonly memory: { readonly buffer: ArrayBuffer | SharedArrayBuffer; grow(pages: number): number };
  readonly SLOT_LEN: Constant;
  readonly HEAD_ROOM: Constant;
  readonly TAIL_ROOM: Constant;
  readonly PARSED: Constant;
  slotsBase(): number;
  deriveKey(slot: number, suite: number, kid: bigint, baseKey: number, len: number): void;
  importKey(slot: number, suite: number, kid: bigint, derived: number): void;
  ratchet(suite: number, baseKey: number, len: number): number;
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

interface Constant {
  readonly value: number;
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

/** One instance of the core, and what its memory holds. */
export class Core {
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
  /** Whether there is one: anything else that uses the window takes its place. */
  #holdsFrame = false;
  readonly #header: FrameHeader = { length: 0, kidHigh: 0, kidLow: 0, ctrHigh: 0, ctrLow: 0 };

  constructor(exports: CoreExports) {
    this.#exports = exports;
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
    this.#exports.wipe(this.#windowBase, this.#used);
    this.#used = 0;
    this.#holdsFrame = false;
  }

  /** Whether open() would find the frame that readFrame has read. */
  get holdsFrame(): boolean {
    return this.#holdsFrame;
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
    this.#holdsFrame = false;
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

  /** Fills a free slot from sframe_key ‖ sframe_salt. */
  importKey(suite: number, kid: bigint, derived: Uint8Array): number {
    if (this.#freeSlots.length === 0) this.#addSlots();
    const at = this.#place(lengthOf(derived), 0);
    const slot = this.#freeSlots.pop() as number;
    this.#bytes.set(derived, at);
    this.#exports.importKey(this.#slotAt(slot), suite, kid, at);
    return slot;
  }

  /** The base key that follows a base key (RFC 9605 §5.1). */
  ratchet(suite: number, baseKey: Uint8Array): Bytes {
    const len = lengthOf(baseKey);
    const at = this.#place(Math.max(len, 64), 0);
    this.#bytes.set(baseKey, at);
    const next = this.#bytes.slice(at, at + this.#exports.ratchet(suite, at, len));
    this.wipeWindow();
    return next;
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
    this.#holdsFrame = true;
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
