// The frames of one sender or receiver, in the worker: in order, each out transformed or not at all. What cannot be
// encrypted or decrypted is dropped and counted, and does not end the stream; nothing passes as it came, but where the
// application has named the track.

import { chooseLayout, payloadTypesOf } from '../codec/choice.ts';
import {
  decryptFrame,
  decryptFrameAsync,
  encryptFrame,
  encryptFrameAsync,
  type FrameForm,
  type FrameOpener,
} from '../codec/frame.ts';
import type { InjectedFrames } from '../codec/injected.ts';
import { sourceOf } from '../codec/source.ts';
import type { SFrameErrorCode } from '../errors.ts';
import { bytesOf, withBytes } from '../stream/chunk.ts';
import type { Bytes, Encryptor } from '../types.ts';
import { Meter } from './meter.ts';
import type { Binding, Notice } from './protocol.ts';
import { TrackNews } from './track-news.ts';

/** What a worker gets of an RTCRtpScriptTransform, or of createEncodedStreams: then no more than the streams. */
export interface Transformer {
  readonly readable: ReadableStream;
  readonly writable: WritableStream;
  /** Called for each frame that is lost because too many wait. */
  onlost?: (() => void) | undefined;
  sendKeyFrameRequest?(): Promise<unknown>;
  generateKeyFrame?(rid?: string): Promise<unknown>;
}

/** What is asked of an encoded frame. */
interface EncodedFrame {
  /** Of video: `key`, `delta` or `empty`. */
  readonly type?: string;
  getMetadata?(): { readonly mimeType?: string; readonly payloadType?: number };
}

/** What tracks need of their session. */
export interface TrackServices {
  readonly encryptor: Encryptor & { readonly kid: bigint | undefined };
  /** Whether frames can be encrypted and decrypted synchronously. */
  readonly hasCore: boolean;
  /** Whether video must not be touched: its suite's tags are too short. */
  readonly audioOnly: boolean;
  readonly injected: InjectedFrames;
  tell(notice: Notice): void;
}

/** Frames shorter than this are not worth a promise. */
const SYNCHRONOUS_LEN = 2048;
/** In ms: how often at most a codec is asked for, and a key frame. */
const ASK_EVERY_MS = 500;
/** How often a key frame is asked for that does not come: senders ignore what comes too soon after another. */
const MAX_ASKED = 10;

/** Why a frame is dropped: a code, or what only tracks know. */
type DropReason =
  | SFrameErrorCode
  | 'codec'
  | 'short-tag'
  | 'unbound'
  | 'frame'
  | 'unverified'
  | 'overload'
  | 'empty';

/** What is counted only: browsers deliver some frames twice, and a server may at will, or packets of padding as frames of no bytes. Nothing is lost by it. */
const HARMLESS: ReadonlySet<DropReason> = new Set(['replay', 'empty'] as const);

/** One sender's or receiver's frames. */
export class Track {
  readonly #services: TrackServices;
  readonly #opener: FrameOpener & { readonly kid: bigint | undefined };
  readonly #meter: Meter = new Meter();
  readonly #news: TrackNews = new TrackNews();
  #binding: Binding | undefined;
  #source: Bytes | undefined;
  #payloadTypes: ReadonlyMap<number, string | undefined> = new Map();
  #transformer: Transformer | undefined;
  /** Whether the first frame since the transformer came was told. */
  #saidActive = false;
  #askedCodecs = Number.NEGATIVE_INFINITY;
  #askedKeyFrame = Number.NEGATIVE_INFINITY;
  /** How often one is still asked for, until it comes. */
  #keyFramesToAsk = 0;
  /** Whether a frame was lost since the last that came out. */
  #hasGap = false;
  /** Of the last frame that came out. */
  #lastKid: bigint | undefined;
  #closed = false;

  /** @param opener of a receiver; senders do not use it */
  constructor(services: TrackServices, opener: FrameOpener & { readonly kid: bigint | undefined }) {
    this.#services = services;
    this.#opener = opener;
  }

  get binding(): Binding | undefined {
    return this.#binding;
  }

  get counts(): Meter['counts'] {
    return this.#meter.counts;
  }

  /** What is to be done with the frames from now on. */
  bind(binding: Binding): void {
    this.#binding = binding;
    this.#source = binding.source === undefined ? undefined : sourceOf(binding.source);
    this.#payloadTypes = payloadTypesOf({ codecs: binding.codecs });
    this.#news.forgive();
  }

  /** Where the frames come from, and go. Those of an earlier transformer may still come. */
  attach(transformer: Transformer): void {
    this.#transformer = transformer;
    this.#saidActive = false;
    transformer.onlost = () => this.#drop('overload');
    const transform = new TransformStream({
      transform: async (frame, controller) => {
        const outcome = await this.#transform(frame);
        if (outcome !== undefined) controller.enqueue(outcome);
      },
    });
    // Ends with the track, or when another transform takes its place.
    transformer.readable
      .pipeThrough(transform)
      .pipeTo(transformer.writable)
      .catch(() => {});
  }

  /** Its keys have changed. A decoder that has missed frames needs a key frame, and so do receivers of new keys. */
  keysChanged(): void {
    this.#news.forgive();
    const transformer = this.#transformer;
    if (this.#binding?.role === 'send') transformer?.generateKeyFrame?.().catch(() => {});
    else if (this.#hasGap) this.#requestKeyFrame(true);
  }

  /** All frames are dropped from now on. */
  close(): void {
    this.#closed = true;
  }

  async #transform(frame: EncodedFrame): Promise<unknown> {
    try {
      const binding = this.#binding;
      if (this.#closed || binding === undefined) return this.#drop('unbound');
      if (binding.policy === 'plaintext') return this.#pass(frame);
      const form = this.#formOf(frame, binding);
      if (typeof form === 'string') return this.#drop(form);
      const bytes = bytesOf(frame);
      if (bytes.length === 0 && binding.role === 'receive') return this.#drop('empty');
      const started = performance.now();
      const made = binding.role === 'send' ? this.#encrypt(form, bytes) : this.#decrypt(form, bytes);
      const outcome = made instanceof Promise ? await made : made;
      if (this.#closed || this.#isOther(binding)) return this.#drop('unbound');
      if (typeof outcome !== 'string') {
        this.#meter.count(bytes.length, performance.now() - started);
        return this.#out(withBytes(frame, outcome), frame, binding);
      }
      if (binding.role !== 'receive' || !(await this.#services.injected.allows(bytes)))
        return this.#drop(outcome);
      if (this.#closed || this.#isOther(binding)) return this.#drop('unbound');
      this.#meter.pass(bytes.length); // it says nothing of keys, nor that anything works
      return frame;
    } catch {
      return this.#drop('frame'); // no frame, or one that is too long: nothing that should end the stream
    }
  }

  /** Whether the track has been bound anew while a frame was under way. */
  #isOther({ policy, participant }: Binding): boolean {
    return this.#binding?.policy !== policy || this.#binding.participant !== participant;
  }

  #encrypt(form: FrameForm, bytes: Bytes): Bytes | SFrameErrorCode | Promise<Bytes | SFrameErrorCode> {
    const { encryptor } = this.#services;
    if (encryptor.kid === undefined) return 'no-key'; // without an exception for each frame
    return this.#isSynchronous(bytes)
      ? encryptFrame(encryptor, form, bytes)
      : encryptFrameAsync(encryptor, form, bytes);
  }

  #decrypt(form: FrameForm, bytes: Bytes): Bytes | SFrameErrorCode | Promise<Bytes | SFrameErrorCode> {
    return this.#isSynchronous(bytes)
      ? decryptFrame(this.#opener, form, bytes)
      : decryptFrameAsync(this.#opener, form, bytes);
  }

  #isSynchronous(bytes: Bytes): boolean {
    return this.#services.hasCore && bytes.length < SYNCHRONOUS_LEN;
  }

  /** How a frame lies, or why it cannot be told. */
  #formOf(frame: EncodedFrame, binding: Binding): FrameForm | DropReason {
    const metadata = frame.getMetadata?.() ?? {};
    if (this.#services.audioOnly && isVideo(frame, metadata.mimeType, binding)) return 'short-tag';
    const layout = chooseLayout(metadata, this.#payloadTypes, binding.mode);
    if (layout !== undefined) return { layout, source: this.#source };
    this.#askCodecs(binding.track);
    return 'codec';
  }

  /** A frame leaves as it came: the application has said so. */
  #pass(frame: EncodedFrame): unknown {
    this.#meter.pass(bytesOf(frame).length);
    return this.#out(frame, frame, this.#binding as Binding);
  }

  #out(outcome: unknown, frame: EncodedFrame, binding: Binding): unknown {
    const { track, role, participant, policy } = binding;
    const kid = role === 'send' ? this.#services.encryptor.kid : this.#opener.kid;
    if (!this.#saidActive) {
      this.#saidActive = true;
      this.#services.tell({ type: 'active', track, kid: policy === 'plaintext' ? undefined : kid });
    }
    if (this.#news.works())
      this.#services.tell({ type: 'status', track, participant, reason: 'recovered', kid });
    // The decoder may wait for frames that went with another worker, here or there: of those RTP knows nothing.
    if (this.#hasGap || kid !== this.#lastKid) this.#keyFramesToAsk = MAX_ASKED;
    if (frame.type === 'key') this.#keyFramesToAsk = 0;
    if (this.#keyFramesToAsk > 0 && role === 'receive' && frame.type === 'delta')
      this.#requestKeyFrame(false);
    this.#lastKid = kid;
    this.#hasGap = false;
    return outcome;
  }

  #drop(reason: DropReason): undefined {
    this.#meter.drop(reason);
    if (HARMLESS.has(reason) || this.#closed) return;
    this.#hasGap = true;
    const binding = this.#binding;
    if (binding === undefined || !this.#news.fails(reason, performance.now())) return;
    const { track, role, participant } = binding;
    const kid = role === 'send' ? this.#services.encryptor.kid : this.#opener.kid;
    this.#services.tell({ type: 'status', track, participant, reason, kid });
  }

  #askCodecs(track: number): void {
    const now = performance.now();
    if (now - this.#askedCodecs < ASK_EVERY_MS) return;
    this.#askedCodecs = now;
    this.#services.tell({ type: 'codecs', track });
  }

  #requestKeyFrame(now: boolean): void {
    const time = performance.now();
    if (!now && time - this.#askedKeyFrame < ASK_EVERY_MS) return;
    this.#askedKeyFrame = time;
    this.#keyFramesToAsk -= 1;
    this.#transformer?.sendKeyFrameRequest?.().catch(() => {});
  }
}

/** Where nothing says what it is, it is taken for video: rather too careful. */
function isVideo(frame: EncodedFrame, mimeType: string | undefined, { kind }: Binding): boolean {
  if (mimeType) return !/^audio\//i.test(mimeType);
  return kind === undefined ? frame.type !== undefined : kind === 'video';
}
