// Constructor options that all contexts share, checked.

import { type CipherSuite, type CipherSuiteParameters, cipherSuites } from './cipher-suite.ts';
import { assertBytes, assertObject, maxOverhead, toInteger } from './types.ts';

/**
 * What does the cryptography.
 *
 * - `auto`: WebAssembly for all synchronous calls and small asynchronous ones; WebCrypto for asynchronous calls with
 *   frames so large that it is faster, and for all of them where WebAssembly is forbidden
 * - `wasm`: WebAssembly only
 * - `webcrypto`: WebCrypto only; the synchronous methods throw `engine-unavailable`
 */
export type Engine = 'auto' | 'wasm' | 'webcrypto';

/** Options of every encryption and decryption context. */
export interface ContextOptions {
  /** The IANA name of the cipher suite; both sides must agree on it beforehand (RFC 9605 §4.5). */
  readonly cipherSuite: CipherSuite;
  /** What does the cryptography; default `auto`. All engines make the same frames. */
  readonly engine?: Engine | undefined;
  /**
   * The longest plaintext and the longest metadata taken, in bytes; default 2^24 (16 MiB), at most 2^30. A
   * ciphertext may have {@link maxOverhead} more.
   */
  readonly maxFrameLen?: number | undefined;
}

/** Options of every decryption context. */
export interface DecryptorOptions extends ContextOptions {
  /**
   * How far behind the highest counter of its key a frame may arrive, in frames; default 1024, at most 2^20.
   * 0 turns replay protection off.
   */
  readonly replayWindow?: number | undefined;
}

/** The same, checked and looked up. */
export interface Context {
  readonly suite: CipherSuiteParameters;
  readonly engine: Engine;
  readonly maxFrameLen: number;
}

/** Checks the common options. TypeErrors and RangeErrors name the option. */
export function readOptions(options: ContextOptions): Context {
  assertObject(options, 'options');
  const { cipherSuite, engine = 'auto' } = options;
  if (typeof cipherSuite !== 'string' || !Object.hasOwn(cipherSuites, cipherSuite))
    throw new TypeError('cipherSuite must be the IANA name of an SFrame cipher suite');
  if (engine !== 'auto' && engine !== 'wasm' && engine !== 'webcrypto')
    throw new TypeError("engine must be 'auto', 'wasm' or 'webcrypto'");
  const maxFrameLen = toInteger(options.maxFrameLen, 'maxFrameLen', 2 ** 24, 1, 2 ** 30);
  return { suite: cipherSuites[cipherSuite], engine, maxFrameLen };
}

/** The window's size in frames. */
export function readReplayWindow({ replayWindow }: DecryptorOptions): number {
  return toInteger(replayWindow, 'replayWindow', 1024, 0, 2 ** 20);
}

/**
 * Checks what enters a frame: the text, and the metadata if there is any. Returns whether the text is short enough: a
 * plaintext that is not is the caller's mistake and throws, a ciphertext may come from anywhere.
 */
export function assertFrame(
  text: Uint8Array,
  name: 'plaintext' | 'ciphertext',
  metadata: Uint8Array | undefined,
  { maxFrameLen }: Context,
): boolean {
  const len = assertBytes(text, name);
  if (name === 'plaintext' && len > maxFrameLen)
    throw new RangeError(`plaintext must be at most ${maxFrameLen} bytes long`);
  if (metadata !== undefined && assertBytes(metadata, 'metadata') > maxFrameLen)
    throw new RangeError(`metadata must be at most ${maxFrameLen} bytes long`);
  return len <= maxFrameLen + maxOverhead;
}

/** Checks that `target` can take `len` bytes. */
export function assertTarget(target: Uint8Array, len: number): void {
  assertRoom(assertBytes(target, 'target'), len);
}

/** Checks that a target as long as `room` can. */
export function assertRoom(room: number, len: number): void {
  if (room < len) throw new RangeError(`target must be at least ${len} bytes long`);
}
