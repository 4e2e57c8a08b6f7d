// What page and worker say to each other. A request has a number and is answered, with a result or an error; notices come
// from the worker unasked. Base keys only ever go towards the worker, but for the export that an application asks for;
// nothing else in here is secret.
//
// Several clients may share one worker, and an application may talk to it, too: each message names its client.

import type { CipherSuite } from '../cipher-suite.ts';
import type { CodecParameters, FrameMode } from '../codec/choice.ts';
import type { Engine } from '../options.ts';
import type { UsageLimits } from '../rotation/usage.ts';

import type { Bytes } from '../types.ts';

declare global {
  // Types of the web that the API names, as lib.dom.d.ts declares them, for programs compiled without that.
  interface MediaStreamTrack {}
  interface MessagePort {}
  interface RTCConfiguration {}
  interface RTCRtpReceiver {}
  interface RTCRtpSender {}
  interface RTCRtpTransceiver {}
  interface Worker {}
}

/** What goes along with a message, and is gone where it was. */
export type Transfer = ArrayBuffer | MessagePort;

/** The version of all this, in every message: page and worker may come from different copies of the package. */
export const PROTOCOL = 1;

/** What a client configures, once. */
export interface SessionConfig extends UsageLimits {
  readonly cipherSuite: CipherSuite;
  readonly engine: Engine;
  readonly maxFrameLen?: number | undefined;
  readonly replayWindow: number;
  readonly allowShortTags: boolean;
  /** Digests. */
  readonly injectedFrames: readonly Bytes[];
  readonly ratchetBits?: number | undefined;
  readonly maxForward?: number | undefined;
  readonly maxPast?: number | undefined;
  readonly epochBits?: number | undefined;
  /** The name of a lock that the worker is to hold while it lives: another one for every worker. */
  readonly lock: string;
  /** Of the MLS encryptor; another one for every worker. */
  readonly contextId: bigint;
  /** Fingerprints of what this client has sent under before. */
  readonly own: readonly string[];
}

/** The same of all workers that a client may have. */
export type ClientConfig = Omit<SessionConfig, 'own' | 'lock'>;

/** What becomes of a track's frames. `plaintext` is only ever what the application has named. */
export type TrackPolicy = 'protected' | 'plaintext' | 'echo';

/** One sender or receiver. */
export interface Binding {
  readonly track: number;
  /** Which of the page's it is: it may come back as another track, and what it has opened comes back with it. */
  readonly endpoint: number;
  readonly role: 'send' | 'receive';
  readonly policy: TrackPolicy;
  /** Whose frames are received; empty of senders. */
  readonly participant: string;
  readonly kind: 'audio' | 'video' | undefined;
  readonly mode: FrameMode;
  readonly source: string | undefined;
  readonly codecs: CodecParameters['codecs'];
}

/** A base key as it travels: bytes are transferred. */
export type KeyMaterial = Bytes | CryptoKey;

/** An MLS epoch to send in. */
export interface SendingEpoch {
  readonly epoch: bigint;
  readonly baseKey: Bytes;
  readonly groupSize: number;
  readonly senderIndex: number;
  readonly fingerprint: string;
}

/** An MLS epoch to receive in. */
export interface ReceivingEpoch {
  readonly epoch: bigint;
  readonly baseKey: Bytes;
  readonly groupSize: number;
  readonly senderIndex: number | undefined;
  readonly graceSeconds: number | undefined;
  /** Leaf indices by participant. */
  readonly members: ReadonlyMap<string, number>;
}

/** Half of a second and the 99th percentile are of the last 1024 frames, in µs. */
export interface TrackCounts {
  readonly track: number;
  /** Frames that came out: encrypted, decrypted, or as they were. */
  readonly frames: number;
  readonly bytes: number;
  readonly plaintextFrames: number;
  readonly dropped: Readonly<Record<string, number>>;
  readonly p50: number;
  readonly p99: number;
}

/** A key and how long it has been there. */
export interface KeyAge {
  readonly kid: bigint;
  readonly seconds: number;
}

/** What the worker knows of its work. */
export interface SessionCounts {
  readonly engine: 'wasm' | 'webcrypto';
  readonly tracks: readonly TrackCounts[];
  readonly sending: (KeyAge & { readonly ctr: bigint }) | undefined;
  readonly keys: ReadonlyMap<string, readonly KeyAge[]>;
  readonly messages: Omit<TrackCounts, 'track'>;
}

/** As `SignatureAlgorithm` of `sframe-wasm/signature`, which pages need not load. */
export type FrameSignatureAlgorithm = 'Ed25519' | 'ECDSA-P256';

/** What a `FrameSigner` is made of, but for its encryptor. */
export interface SigningRequest {
  readonly participant: string;
  readonly session: Bytes;
  readonly privateKey: KeyMaterial;
  readonly algorithm: FrameSignatureAlgorithm | undefined;
  readonly everyFrames: number | undefined;
  readonly everyMs: number | undefined;
}

/** What a `FrameVerifier` is made of, but for its decryptor. */
export interface VerifyingRequest {
  readonly participant: string;
  /** What the participant calls himself, if that is not what he is called here. */
  readonly signer: string | undefined;
  readonly session: Bytes;
  readonly publicKey: KeyMaterial;
  readonly algorithm: FrameSignatureAlgorithm | undefined;
  readonly timeoutMs: number | undefined;
  readonly require: boolean | undefined;
}

/** All requests: what they take, and what they give. */
export interface Operations {
  /** Answers whether the lock is held. */
  setup: { args: SessionConfig; result: { isLocked: boolean } };
  bind: { args: Binding; result: undefined };
  /** Where a track's frames come from, and go, without RTCRtpScriptTransform. */
  port: { args: { track: number; port: MessagePort }; result: undefined };
  unbind: { args: { track: number }; result: undefined };
  setKey: { args: { baseKey: KeyMaterial; kid: bigint; fingerprint: string }; result: bigint };
  addKey: { args: { participant: string; baseKey: KeyMaterial; kid: bigint }; result: undefined };
  removeKey: { args: { participant: string; kid: bigint }; result: boolean };
  removeParticipant: { args: { participant: string }; result: undefined };
  setRatchetKey: { args: { baseKey: Bytes; generation: bigint; fingerprint: string }; result: bigint };
  /** Answers under which key frames leave now: the page cannot know its fingerprint. */
  ratchet: { args: undefined; result: { kid: bigint; fingerprint: string } };
  exportKey: { args: undefined; result: { baseKey: Bytes; kid: bigint } };
  addRatchetKey: { args: { participant: string; baseKey: Bytes; kid: bigint }; result: undefined };
  removeGeneration: { args: { participant: string; generation: bigint }; result: boolean };
  setEpoch: { args: SendingEpoch; result: bigint };
  addEpoch: { args: ReceivingEpoch; result: undefined };
  removeEpoch: { args: { epoch: bigint }; result: boolean };
  encryptMessage: { args: { data: Bytes }; result: Bytes };
  decryptMessage: { args: { participant: string; data: Bytes }; result: Bytes };
  signFrames: { args: SigningRequest; result: undefined };
  verifyFrames: { args: VerifyingRequest; result: undefined };
  addBlock: { args: { participant: string; block: Bytes }; result: undefined };
  counts: { args: undefined; result: SessionCounts };
  ping: { args: undefined; result: undefined };
  destroy: { args: undefined; result: undefined };
}

export type Operation = keyof Operations;

/** Page to worker. */
export interface Request<O extends Operation = Operation> {
  readonly sframe: typeof PROTOCOL;
  readonly client: string;
  readonly id: number;
  readonly op: O;
  readonly args: Operations[O]['args'];
}

/** An error as it travels. */
export interface WireError {
  readonly name: string;
  readonly message: string;
  readonly code: string | undefined;
  readonly kid: bigint | undefined;
}

/** Worker to page, to a request. */
export interface Answer {
  readonly sframe: typeof PROTOCOL;
  readonly client: string;
  readonly id: number;
  readonly result?: unknown;
  readonly error?: WireError;
}

/**
 * What the worker tells unasked.
 *
 * - `active`: the first frame of a track has come out since it was attached
 * - `status`: its frames are dropped for a reason, or no longer: `recovered`
 * - `expiring`: the sending key is at 7/8 of a usage limit
 * - `verdict`: what signatures say of a participant's frames has changed
 * - `block`: signatures of ours, for all who receive our frames
 * - `codecs`: a payload type is unknown: negotiation may have changed them
 */
export type Notice =
  | { readonly type: 'active'; readonly track: number; readonly kid: bigint | undefined }
  | {
      readonly type: 'status';
      readonly track: number;
      readonly participant: string;
      readonly reason: string;
      readonly kid: bigint | undefined;
    }
  | {
      readonly type: 'verdict';
      readonly participant: string;
      readonly reason: string;
      readonly kid: bigint | undefined;
    }
  | { readonly type: 'block'; readonly block: Bytes }
  | { readonly type: 'expiring'; readonly kid: bigint }
  | { readonly type: 'codecs'; readonly track: number };

/** Worker to page, unasked. */
export interface Notification {
  readonly sframe: typeof PROTOCOL;
  readonly client: string;
  readonly notice: Notice;
}

/** The options of an RTCRtpScriptTransform: which track it is for. */
export interface TransformOptions {
  readonly sframe: typeof PROTOCOL;
  readonly client: string;
  readonly track: number;
}

/** What of a request, or of an answer, is secret. */
interface Secrets {
  readonly baseKey?: unknown;
  readonly privateKey?: unknown;
}

/** Zeroes the keys among arguments or in a result, as far as they are here: what was transferred is gone. */
export function wipeSecrets(message: object | undefined): void {
  const { baseKey, privateKey }: Secrets = message ?? {};
  for (const key of [baseKey, privateKey])
    if (ArrayBuffer.isView(key) && key.byteLength > 0) (key as Bytes).fill(0);
}

/** Whether a message, or a transform's options, are ours. */
export function isOurs(value: unknown): value is { readonly client: string } {
  return typeof value === 'object' && value !== null && (value as { sframe?: unknown }).sframe === PROTOCOL;
}
