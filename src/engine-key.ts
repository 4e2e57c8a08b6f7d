// A (base key, KID) in whichever engine there is: the core for everything synchronous and for small frames, WebCrypto
// for large asynchronous ones, or for all where WebAssembly is forbidden. Both make the same frames.

import type { CipherSuiteParameters } from './cipher-suite.ts';
import { isDerived, type KeySource } from './core/derived-key.ts';
import { CoreKey } from './core/engine.ts';
import { hasSubtle, subtleCrypto } from './core/subtle.ts';
import { framesUnderWay, SubtleKey } from './core/webcrypto.ts';
import { SFrameError } from './errors.ts';
import { encodeHeader } from './header.ts';
import type { Engine } from './options.ts';
import { type Bytes, concat, joinU64, lengthOf, viewOf } from './types.ts';

/** Which engines serve a key. */
export class EngineKey {
  readonly kid: bigint;
  readonly #core: CoreKey | undefined;
  #fingerprint: string | undefined;
  readonly #subtle: SubtleKey | undefined;
  readonly #from: { readonly seal: number; readonly open: number };

  /**
   * @throws SFrameError `engine-unavailable` if the engine asked for is not there
   * @throws RangeError if there is no memory for another key
   */
  constructor(engine: Engine, suite: CipherSuiteParameters, kid: bigint, source: KeySource) {
    this.kid = kid;
    this.#from = suite.Nka === undefined ? gcmFrom : ctrFrom;
    const subtle = engine !== 'wasm' && hasSubtle();
    if (engine !== 'webcrypto') {
      try {
        this.#core = new CoreKey(suite, kid, source);
      } catch (error) {
        // Without WebAssembly, 'auto' goes on with WebCrypto alone.
        const unavailable = error instanceof SFrameError && error.code === 'engine-unavailable';
        if (!(subtle && unavailable)) throw error;
      }
    }
    if (subtle) this.#subtle = new SubtleKey(suite, kid, source);
    else if (engine === 'webcrypto') subtleCrypto(); // says why there is none
    this.#fingerprint = isDerived(source) ? source.fingerprint : this.#core?.fingerprint;
  }

  /** Tells keys apart; of a base key it is known at once only with the core, else once it was {@link identify}'d. */
  get fingerprint(): string | undefined {
    return this.#fingerprint;
  }

  /** The same, where it takes WebCrypto to find out. */
  async identify(): Promise<string> {
    this.#fingerprint ??= await (this.#subtle as SubtleKey).fingerprint();
    return this.#fingerprint;
  }

  /** Whether there is {@link core}. */
  get hasCore(): boolean {
    return this.#core !== undefined;
  }

  /** The core's key. @throws SFrameError `engine-unavailable` */
  get core(): CoreKey {
    if (this.#core === undefined)
      throw new SFrameError(
        'engine-unavailable',
        undefined,
        'there is no core: only the asynchronous methods work',
      );
    return this.#core;
  }

  /** Whether a frame of `len` bytes should go to WebCrypto, and can: the first large one starts the preparations. */
  prefersSubtle(way: 'seal' | 'open', len: number): boolean {
    if (this.#subtle === undefined) return false;
    if (this.#core === undefined) return true;
    if (len < minSubtleLen) return false;
    if (!this.#subtle.ready) {
      this.#subtle.prepare();
      return false;
    }
    return len >= this.#from[way] || (len >= inCompanyFrom && inCompany());
  }

  /** Encrypts through WebCrypto under a CTR that was never used. The text is read before this returns. */
  sealSubtle(
    ctrHigh: number,
    ctrLow: number,
    plaintext: Uint8Array,
    metadata: Uint8Array | undefined,
  ): Promise<Bytes> {
    const header = encodeHeader(this.kid, joinU64(ctrHigh, ctrLow));
    const aad = metadata === undefined ? header : concat(header, metadata);
    return (this.#subtle as SubtleKey).seal(header, { ctrHigh, ctrLow }, plaintext, aad);
  }

  /** Decrypts through WebCrypto; undefined: not authentic. The frame is read before this returns. */
  openSubtle(
    header: { readonly length: number; readonly ctrHigh: number; readonly ctrLow: number },
    ciphertext: Uint8Array,
    metadata: Uint8Array | undefined,
  ): Promise<Bytes | undefined> {
    const { length } = header;
    const aad = concat(viewOf(ciphertext, 0, length), metadata);
    const sealed = viewOf(ciphertext, length, lengthOf(ciphertext));
    return (this.#subtle as SubtleKey).open(header, sealed, aad);
  }

  close(): void {
    this.#core?.close();
    this.#subtle?.close();
  }
}

const { process } = globalThis as { process?: { versions?: { node?: string } } };
const inNode = process?.versions?.node !== undefined;

// The lengths in bytes from which WebCrypto is faster than the core, one frame after the other, measured with
// `npm run bench` on a machine with AES instructions. Node 20 hands every call to another thread, which costs 25 µs on an
// idle machine and several times as much if that thread sleeps; Chromium 156 works on the calling thread and pays 6 µs,
// for HMAC as much again, and more for sealing, where the header must be put before what comes out. After that
// WebCrypto does 3 to 6 times as many bytes a second.
const gcmFrom = inNode ? { seal: 40960, open: 40960 } : { seal: 6144, open: 4096 };
const ctrFrom = inNode ? { seal: 40960, open: 40960 } : { seal: 4096, open: 3072 };
/**
 * The same, of any suite, for frames that come while others are under way: Node's threads are awake then, and work side
 * by side. It takes two to tell, so the first of several goes to the core.
 */
const inCompanyFrom = inNode ? 10240 : Number.POSITIVE_INFINITY;

/** No frame shorter than this goes to WebCrypto where there is a core. */
export const minSubtleLen: number = inNode ? inCompanyFrom : ctrFrom.open;

/** Whether another frame between the two thresholds came since the last microtask. */
let company = false;

/** Whether a frame that comes now is not alone. */
function inCompany(): boolean {
  if (framesUnderWay() > 0 || company) return true;
  company = true;
  queueMicrotask(() => {
    company = false;
  });
  return false;
}
