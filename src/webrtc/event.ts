// What a client tells the application. Events are dispatched once per change of state.

import type { Bytes } from '../types.ts';

/**
 * The events of `SFrameClient`.
 *
 * - `active`: the first frame of a sender or receiver has come out of the worker, since it was attached
 * - `status`: its frames are dropped, for `reason`; or come out again, `recovered`. Of signatures: `verified`, `unverified`
 *   or `forged` of a participant; with a receiver, `unverified` means that its frames are dropped for it
 * - `plaintext`: it sends or takes frames unencrypted from now on, because the application has said so
 * - `unprotected`: **a protected sender or receiver was without its transform.** It has another now. A sender has been
 *   emptied: its track is in `track`
 * - `key-expiring`: the sending key `kid` is at 7/8 of a usage limit: set another
 * - `signature-block`: `block` is to be sent to all who receive our frames; see `SFrameClient.signFrames`
 * - `keys-needed`: all keys are gone, because of `reason`: give the sending key, another than before, and those of all
 *   participants
 * - `worker-failed`: the worker did not start, or has died and there is no other: nothing is sent or received any more
 */
export type SFrameClientEventType =
  | 'active'
  | 'status'
  | 'plaintext'
  | 'unprotected'
  | 'key-expiring'
  | 'signature-block'
  | 'keys-needed'
  | 'worker-failed';

/**
 * Why keys are needed.
 *
 * - `worker`: the worker has died, and another was started
 * - `limit`: the sending key is near a usage limit; those of participants stay
 */
export type KeysNeededReason = 'worker' | 'limit';

/** What an event is about. */
export interface SFrameClientEventInit {
  readonly sender?: RTCRtpSender | undefined;
  readonly receiver?: RTCRtpReceiver | undefined;
  readonly track?: MediaStreamTrack | null | undefined;
  readonly participant?: string | undefined;
  readonly kid?: bigint | undefined;
  readonly reason?: string | undefined;
  readonly error?: Error | undefined;
  readonly block?: Bytes | undefined;
}

/**
 * What an `SFrameClient` dispatches.
 *
 * @example
 * ```js
 * import { SFrameClientEvent } from 'sframe-wasm/webrtc';
 *
 * const target = new EventTarget();
 * target.addEventListener('status', (event) => {
 *   if (event instanceof SFrameClientEvent) console.log(event.participant, event.reason, event.kid); // bob key-id 7n
 * });
 * target.dispatchEvent(new SFrameClientEvent('status', { participant: 'bob', reason: 'key-id', kid: 7n }));
 * ```
 */
export class SFrameClientEvent extends Event {
  /** Which sender, if it is about one. */
  readonly sender: RTCRtpSender | undefined;
  /** Which receiver, if it is about one. */
  readonly receiver: RTCRtpReceiver | undefined;
  /** What it sends or receives. Of `unprotected`: what the sender had; yours to put back. */
  readonly track: MediaStreamTrack | null;
  /** Whose frames a receiver gets; empty otherwise, and of echoes. */
  readonly participant: string;
  /** The KID concerned. That of a frame which did not open comes from whoever made it. */
  readonly kid: bigint | undefined;
  /**
   * Of `status`: an error's code (`key-id`, `authentication`, `syntax`, `ratchet-limit`, `no-key`, `counter-exhausted`,
   * …), `recovered`, `codec` (the codec is unknown), `short-tag` (video, under a suite of 32-bit tags), or `frame` (it is no
   * frame that can be handled). Of a participant whose signatures are asked for, `verified`, `unverified`, `forged` or
   * `block-refused`; `sender` and `receiver` are undefined then. Of `keys-needed`: see {@link KeysNeededReason}.
   */
  readonly reason: string;
  /** Of `worker-failed`. */
  readonly error: Error | undefined;
  /** Of `signature-block`. */
  readonly block: Bytes | undefined;

  constructor(type: SFrameClientEventType, about: SFrameClientEventInit = {}) {
    super(type);
    this.sender = about.sender;
    this.receiver = about.receiver;
    this.track = about.track ?? null;
    this.participant = about.participant ?? '';
    this.kid = about.kid;
    this.reason = about.reason ?? '';
    this.error = about.error;
    this.block = about.block;
  }
}
