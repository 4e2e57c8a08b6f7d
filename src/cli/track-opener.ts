// Opens the frames of one track: with its codec's layout, the participant's keys, and one window against replay for all of
// them, because the file is one track.

import { decryptFrame, type FrameForm } from '../codec/frame.ts';
import type { SFrameErrorCode } from '../errors.ts';
import type { Bytes } from '../types.ts';
import { ReceiverOpener } from '../webrtc/receiver-opener.ts';
import { ReplayGuard } from '../webrtc/replay-guard.ts';
import { checked, type KeySet, keySetsOf } from './decryptors.ts';
import type { ReadKeys } from './keys-file.ts';
import { SignedFrames } from './signed-frames.ts';

/** Why a frame did not open. */
export type OpeningFailure = SFrameErrorCode | 'unverified' | 'forged';

/** In frames: how far behind the highest counter of its key a frame may be. */
const REPLAY_WINDOW = 1024;
/**
 * What says that another key may be the right one, the one that says most in front. A counter that was used under one key is
 * not used under another of the same KID; windows know keys, not KIDs, so nothing opens twice.
 */
const UNDECIDED: readonly SFrameErrorCode[] = ['replay', 'authentication', 'ratchet-limit', 'key-id'];

/** One track's. */
export class TrackOpener {
  readonly #form: FrameForm;
  readonly #sets: KeySet[];
  readonly #openers: ReceiverOpener[];
  readonly #signed: SignedFrames | undefined;
  /** Of the last frame, if it had a header. */
  #kid: bigint | undefined;

  /**
   * @param now milliseconds, in the time of the recording
   * @throws Failure if a key in the file cannot be one
   */
  constructor(keys: ReadKeys, form: FrameForm, now: () => number) {
    const { signature, cipherSuite } = keys;
    this.#form = form;
    this.#signed = signature && checked(signature.at, () => new SignedFrames(cipherSuite, signature));
    this.#sets = keySetsOf(keys, now);
    const guard = new ReplayGuard(REPLAY_WINDOW);
    this.#openers = this.#sets.map(
      ({ find }) =>
        new ReceiverOpener(
          {
            find,
            refuses: () => false,
            opened: (...frame) => this.#signed?.vouchFor(...frame) ?? true,
          },
          guard,
        ),
    );
  }

  /** The KID of the last frame, if it had a header. It may be forged. */
  get kid(): bigint | undefined {
    return this.#kid;
  }

  /** The frame for the decoder out of what came, or why there is none. */
  open(sent: Uint8Array): Bytes | OpeningFailure {
    let failure: OpeningFailure = this.#openers.length === 0 ? 'key-id' : 'syntax';
    this.#kid = undefined;
    for (const opener of this.#openers) {
      const opened = decryptFrame(opener, this.#form, sent);
      if (typeof opened !== 'string') return opened;
      this.#kid = opener.kid;
      const rank = UNDECIDED.indexOf(opened);
      // `syntax` came before any key was looked for, and would come again.
      if (rank < 0) return this.#reasonOf(opened);
      const before = UNDECIDED.indexOf(failure as SFrameErrorCode);
      if (before < 0 || rank < before) failure = opened;
    }
    return failure;
  }

  /** Wipes all keys. */
  destroy(): void {
    for (const set of this.#sets) set.destroy();
    this.#signed?.destroy();
  }

  #reasonOf(code: SFrameErrorCode): OpeningFailure {
    const isRefused = (code as OpeningFailure) === 'unverified';
    return isRefused && this.#signed !== undefined ? (this.#signed.lastVerdict as OpeningFailure) : code;
  }
}
