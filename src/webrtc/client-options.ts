// Options of a client, checked. All that decides over encryption is here and in the calls: nothing is taken from SDP,
// servers or peers.

import { type CipherSuiteParameters, cipherSuites } from '../cipher-suite.ts';
import type { FrameMode } from '../codec/choice.ts';
import { InjectedFrames } from '../codec/injected.ts';
import { sourceOf } from '../codec/source.ts';
import { type ContextOptions, readOptions, readReplayWindow } from '../options.ts';
import { KeyUsage, type UsageLimits } from '../rotation/usage.ts';
import { copyOf, toBoolean, toInteger, toU64, type U64 } from '../types.ts';
import type { KeysNeededReason } from './event.ts';
import type { ClientConfig, SessionConfig } from './protocol.ts';
import { browserSupport, defaultWorker, type TransformKind } from './support.ts';
import { type KeyStorage, sessionKeyStorage } from './used-keys.ts';

/** How the frames of one track are encrypted. Both sides must configure the same. */
export interface TrackOptions {
  /**
   * `codec` (default) leaves clear the bytes that the codec's packetizer and servers read; `packetization-raw` encrypts
   * whole frames, where the SDP has negotiated `a=packetization:<payload type> raw`.
   */
  readonly mode?: FrameMode | undefined;
  /**
   * What the track shows, such as `camera` or `screen`, authenticated with every frame. Without it, a server can deliver
   * one's camera as one's screen. Default: none, which other implementations understand.
   */
  readonly source?: string | undefined;
}

/** Options of `SFrameClient`. */
export interface SFrameClientOptions extends ContextOptions, UsageLimits, TrackOptions {
  /**
   * A worker of the file `sframe-wasm/worker`, or how to make one. Only one that can be made can be replaced when it
   * dies. Default: the file beside this one, as Vite and webpack find it.
   */
  readonly worker?: Worker | (() => Worker) | undefined;
  /** Called with each `keys-needed` event. */
  readonly keysNeeded?: ((reason: KeysNeededReason) => void) | undefined;
  /** How frames reach the worker. Default: `script` where there is RTCRtpScriptTransform, else `streams`. */
  readonly transform?: TransformKind | undefined;
  /** Let suites with tags of 32 bits encrypt video and messages, of which many can be tried; default false. */
  readonly allowShortTags?: boolean | undefined;
  /** SHA-256 of frames that a server may put into a track unencrypted, such as a black picture; default none. */
  readonly injectedFrames?: Iterable<Uint8Array> | undefined;
  /** How far behind the newest a frame may arrive, in frames, at each receiver; default 1024, 0 turns it off. */
  readonly replayWindow?: number | undefined;
  /** For ratchet keys: see `RatchetEncryptor` and `RatchetDecryptor`. */
  readonly ratchetBits?: number | undefined;
  readonly maxForward?: number | undefined;
  readonly maxPast?: number | undefined;
  /** For MLS: see `MlsEncryptor`. */
  readonly epochBits?: number | undefined;
  /** For MLS: of the first worker; those that replace it count on from here. Default 0. */
  readonly contextId?: U64 | undefined;
  /**
   * Where fingerprints of used keys outlive the page, so that no key is sent under again after a reload; default
   * `sessionStorage`. Where it throws, only KIDs that are drawn at random are taken. null says that base keys are fresh
   * each time, so that nothing has to be remembered.
   */
  readonly storage?: KeyStorage | null | undefined;
  /** How often senders are looked at for leaks, in seconds; default 1, 0: never, nor for transforms that get no frames. */
  readonly leakPollSeconds?: number | undefined;
  /** How often the worker is asked whether it lives, in seconds; default 0.5. After eight times
   * in vain it is replaced; most browsers tell at once if it dies. */
  readonly heartbeatSeconds?: number | undefined;
}

/** The same, checked. */
export interface ClientSettings {
  readonly suite: CipherSuiteParameters;
  readonly worker: Worker | (() => Worker);
  readonly keysNeeded: ((reason: KeysNeededReason) => void) | undefined;
  readonly transform: TransformKind | null;
  readonly allowShortTags: boolean;
  readonly track: TrackOptions;
  readonly storage: KeyStorage | undefined;
  readonly leakPollMs: number;
  readonly heartbeatMs: number;
  /** What workers are told. */
  readonly config: ClientConfig;
}

/** TypeErrors and RangeErrors name the option. */
export function readClientOptions(options: SFrameClientOptions): ClientSettings {
  const { suite, engine, maxFrameLen } = readOptions(options);
  const { worker = defaultWorker, keysNeeded, storage = sessionKeyStorage() } = options;
  if (typeof worker !== 'function' && typeof worker?.postMessage !== 'function')
    throw new TypeError('worker must be a Worker, or a function that makes one');
  if (keysNeeded !== undefined && typeof keysNeeded !== 'function')
    throw new TypeError('keysNeeded must be a function');
  new KeyUsage(options, suite);
  const { ratchetBits, epochBits, maxForward, maxPast, maxFrames, maxBlocks } = options;
  if (ratchetBits !== undefined) toInteger(ratchetBits, 'ratchetBits', 0, 1, 63);
  if (epochBits !== undefined) toInteger(epochBits, 'epochBits', 0, 1, 32);
  const injectedFrames = Array.from(options.injectedFrames ?? [], copyOf);
  new InjectedFrames(injectedFrames);
  const allowShortTags = toBoolean(options.allowShortTags, 'allowShortTags', false);
  return {
    suite,
    worker,
    keysNeeded,
    transform: readTransform(options.transform),
    allowShortTags,
    track: readTrackOptions(options, {}),
    storage: storage ?? undefined,
    leakPollMs: readSeconds(options.leakPollSeconds, 'leakPollSeconds', 1, 0),
    heartbeatMs: readSeconds(options.heartbeatSeconds, 'heartbeatSeconds', 0.5, 0.01),
    config: {
      cipherSuite: nameOf(suite),
      engine,
      maxFrameLen,
      replayWindow: readReplayWindow(options),
      allowShortTags,
      injectedFrames,
      ratchetBits,
      maxForward,
      maxPast,
      epochBits,
      contextId: options.contextId === undefined ? 0n : toU64(options.contextId, 'contextId'),
      maxFrames,
      maxBlocks,
    },
  };
}

/** How a track is encrypted, where it does not say by default. */
export function readTrackOptions(options: TrackOptions, fallback: TrackOptions): TrackOptions {
  const { mode = fallback.mode, source = fallback.source } = options;
  if (mode !== undefined && mode !== 'codec' && mode !== 'packetization-raw')
    throw new TypeError("mode must be 'codec' or 'packetization-raw'");
  if (source !== undefined) sourceOf(source);
  return { mode, source };
}

function readTransform(transform: TransformKind | undefined): TransformKind | null {
  if (transform === undefined) return browserSupport().transform;
  if (transform !== 'script' && transform !== 'streams')
    throw new TypeError("transform must be 'script' or 'streams'");
  return transform;
}

function readSeconds(value: number | undefined, name: string, fallback: number, min: number): number {
  if (value === undefined) return 1000 * fallback;
  if (typeof value !== 'number') throw new TypeError(`${name} must be a number`);
  if (!(value >= min && value <= 3600)) throw new RangeError(`${name} must be from ${min} to 3600`);
  return 1000 * value;
}

function nameOf(suite: CipherSuiteParameters): SessionConfig['cipherSuite'] {
  const names = Object.keys(cipherSuites) as SessionConfig['cipherSuite'][];
  return names.find((name) => cipherSuites[name] === suite) as SessionConfig['cipherSuite'];
}
