// The core: one WebAssembly instance for all keys of a realm, decoded and compiled on the first key, synchronously, and
// tested before it serves. The only file that mentions WebAssembly.

import type { CipherSuiteParameters } from '../cipher-suite.ts';
import { SFrameError } from '../errors.ts';
import type { Bytes } from '../types.ts';
import { isDerived, type KeySource } from './derived-key.ts';
import { Core, type CoreExports, type FrameHeader } from './instance.ts';
import { passesSelfTest } from './self-test.ts';
import { WASM_BASE64 } from './wasm.ts';

declare global {
  // A type of the web that the API names, as lib.dom.d.ts declares it, for programs compiled without that.
  namespace WebAssembly {
    interface Module {}
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
  const candidate = module === undefined ? instantiate(compile()) : coreOf(module);
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
    return instantiate(module);
  } catch {
    throw notOurs();
  }
}

function instantiate(module: WebAssembly.Module): Core {
  return new Core(new WebAssembly.Instance(module).exports as unknown as CoreExports);
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

/** Whether the frame that {@link readFrame} has read still stands there for {@link CoreKey.open}. */
export function holdsFrame(): boolean {
  return core?.holdsFrame === true;
}

/** Reads the header of a frame and keeps both for {@link CoreKey.open}, while {@link holdsFrame}. */
export function readFrame(ciphertext: Uint8Array, metadata?: Uint8Array): Readonly<FrameHeader> {
  return theCore().readFrame(ciphertext, metadata);
}

/**
 * The base key that follows a base key (RFC 9605 §5.1), Nh bytes.
 * @throws SFrameError `engine-unavailable`
 */
export function nextBaseKey({ id }: CipherSuiteParameters, baseKey: Uint8Array): Bytes {
  return theCore().ratchet(id, baseKey);
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
  constructor(suite: CipherSuiteParameters, kid: bigint, source: KeySource) {
    this.#core = theCore();
    if (isDerived(source)) {
      this.#slot = this.#core.importKey(suite.id, kid, source.bytes);
      this.fingerprint = source.fingerprint;
    } else {
      const { slot, fingerprint } = this.#core.addKey(suite.id, kid, source);
      this.#slot = slot;
      this.fingerprint = fingerprint;
    }
    this.#tagLen = suite.Nt;
    dropped?.register(this, this.#slot, this);
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
