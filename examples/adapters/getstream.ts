// GetStream's calls under SFrame: a manager for `call.setE2EEManager(manager)` of @stream-io/video-client, before `join`.
//
// The SDK gives it every sender and every receiver, and names participants by their user ids. Keys are the application's
// to give, to the client. Its types are written here again: the SDK's licence does not let an open project install it.
// There is no switch: what the server says of a call or a track is not listened to.

import type { SFrameClient } from 'sframe-wasm/webrtc';
import { Leavers } from './leavers.ts';

/** The SDK's `E2EEManager`, as it is known to be. */
export interface GetStreamHooks {
  encrypt(sender: RTCRtpSender, codec?: string, trackType?: string): void;
  decrypt(receiver: RTCRtpReceiver, userId: string, trackType?: string): void;
}

/** Of the SDK's `Call`, what is used. */
export interface GetStreamCall {
  readonly state: { readonly participants: readonly { readonly userId: string }[] };
  setE2EEManager(manager: GetStreamHooks): void;
  on(
    event: 'participantLeft',
    listener: (event: { readonly participant?: { readonly userId: string } }) => void,
  ): unknown;
}

export interface GetStreamOptions {
  /**
   * Whether a track's type is authenticated, so that the server cannot deliver a camera as a screen. The SDK does not promise
   * that it names types alike on both sides; where it does not, nothing is heard or seen. Default: false.
   */
  readonly bindTrackType?: boolean;
  /** How long keys of users who have left are kept: they may only be reconnecting. Default: 60. */
  readonly graceSeconds?: number;
}

/** One call's end-to-end encryption. The client is for this call alone. */
export class GetStreamManager implements GetStreamHooks {
  readonly #client: SFrameClient;
  readonly #bindTrackType: boolean;
  readonly #graceSeconds: number | undefined;
  #leavers: Leavers | undefined;

  constructor(client: SFrameClient, { bindTrackType = false, graceSeconds }: GetStreamOptions = {}) {
    this.#client = client;
    this.#bindTrackType = bindTrackType;
    this.#graceSeconds = graceSeconds;
  }

  /** Uses it for a call that is not joined yet, and forgets who leaves it. */
  attach(call: GetStreamCall): void {
    call.setE2EEManager(this);
    this.#leavers?.close();
    const isHere = (userId: string) => call.state.participants.some((one) => one.userId === userId);
    this.#leavers = new Leavers(this.#client, isHere, this.#graceSeconds);
    call.on('participantLeft', ({ participant }) => {
      if (participant !== undefined) this.#leavers?.left(participant.userId);
    });
  }

  /** Frames tell their codecs themselves. A sender that cannot be encrypted sends nothing. */
  encrypt(sender: RTCRtpSender, _codec?: string, trackType?: string): void {
    try {
      this.#client.encrypt(sender, { source: this.#sourceOf(trackType) });
    } catch (error) {
      sender.replaceTrack(null).catch(() => {});
      throw error;
    }
  }

  /** Of whom a receiver is, at the moment: it may have been another's. */
  decrypt(receiver: RTCRtpReceiver, userId: string, trackType?: string): void {
    try {
      this.#client.decrypt(receiver, userId, { source: this.#sourceOf(trackType) });
    } catch (error) {
      receiver.track.stop();
      throw error;
    }
  }

  /** After the call, and not before it might be joined again: wipes all keys. Nothing is sent or opened any more. */
  dispose(): void {
    this.#leavers?.close();
    this.#client.destroy();
  }

  #sourceOf(trackType: string | undefined): string | undefined {
    return this.#bindTrackType ? trackType : undefined;
  }
}
