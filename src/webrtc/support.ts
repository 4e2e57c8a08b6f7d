// What the browser can do, and the worker that clients make by default.

import { hasWasmSimd } from '../core/simd.ts';

/** How frames reach a worker: by RTCRtpScriptTransform, or by createEncodedStreams as older Chromium has it. */
export type TransformKind = 'script' | 'streams';

/** What `SFrameClient.support` returns. */
export interface SFrameSupport {
  /** How frames reach the worker; null: they cannot, so this browser cannot take part. */
  readonly transform: TransformKind | null;
  /** Whether there is WebAssembly with SIMD; WebCrypto does without. Policies may forbid to use it all the same. */
  readonly wasm: boolean;
}

interface Browser {
  readonly RTCRtpScriptTransform?: new (worker: Worker, options: unknown) => object;
  readonly RTCRtpSender?: { readonly prototype: object };
}

/** What this realm has; nothing of it is touched before somebody asks. */
export function browserSupport(): SFrameSupport {
  const { RTCRtpScriptTransform, RTCRtpSender } = globalThis as Browser;
  const hasStreams = RTCRtpSender !== undefined && 'createEncodedStreams' in RTCRtpSender.prototype;
  const transform = RTCRtpScriptTransform !== undefined ? 'script' : hasStreams ? 'streams' : null;
  return { transform, wasm: hasWasmSimd() };
}

/** A transform of a track, for the worker. */
export function scriptTransform(worker: Worker, options: unknown): object {
  const { RTCRtpScriptTransform } = globalThis as Browser;
  return new (RTCRtpScriptTransform as NonNullable<Browser['RTCRtpScriptTransform']>)(worker, options);
}

/** Files of workers, for errors: a worker does not say, nor does the event when it cannot be loaded. */
const names: WeakMap<Worker, string> = new WeakMap();

/** What an error calls a worker. */
export function nameOfWorker(worker: Worker): string {
  return names.get(worker) ?? 'given by the application';
}

/**
 * Makes a worker and notes its file: a worker does not say, nor does the event when it cannot be loaded. So what is
 * constructed during this synchronous call is looked at.
 */
export function makeNamed(make: () => Worker): Worker {
  const realm = globalThis as { Worker?: typeof Worker };
  const Native = realm.Worker;
  if (Native === undefined) return make();
  let file: string | undefined;
  const construct = (
    target: typeof Worker,
    args: ConstructorParameters<typeof Worker>,
    as: typeof Worker,
  ) => {
    file = `${args[0]}`;
    return Reflect.construct(target, args, as) as Worker;
  };
  try {
    realm.Worker = new Proxy(Native, { construct });
    const worker = make();
    if (file !== undefined && !names.has(worker)) names.set(worker, file);
    return worker;
  } finally {
    realm.Worker = Native;
  }
}

/** The worker beside this file, in a form that bundlers recognize. */
export function defaultWorker(): Worker {
  return new Worker(new URL('../worker.js', import.meta.url), { type: 'module', name: 'sframe-wasm' });
}

/** A worker whose file is on another origin: browsers load those only through one of their own. */
export function workerFromUrl(url: string): Worker {
  if (typeof url !== 'string') throw new TypeError('url must be a string');
  const { href } = new URL(url, globalThis.location?.href);
  const code = `import ${JSON.stringify(href)};`;
  const blob = URL.createObjectURL(new Blob([code], { type: 'text/javascript' }));
  try {
    const worker = new Worker(blob, { type: 'module', name: 'sframe-wasm' });
    names.set(worker, href);
    return worker;
  } finally {
    // Not at once: the worker may not have begun to load.
    setTimeout(() => URL.revokeObjectURL(blob), 10_000);
  }
}
