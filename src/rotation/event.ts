// What a key rotation tells the application.

/**
 * Why a key is needed.
 *
 * - `start`: a frame is to be sent, and there is no key yet
 * - `frames`, `seconds`: the key has been in use for as long as configured
 * - `join`, `leave`: a member came, or went
 * - `leak`: the key is known to somebody who must not know it
 * - `limit`: the key's usage limit is near
 */
export type RotationReason = 'start' | 'frames' | 'seconds' | 'join' | 'leave' | 'leak' | 'limit';

/**
 * The events of {@link KeyRotation}.
 *
 * - `key-needed`: stage a new key; `reason` says why. Not repeated while it is unanswered, except by the schedule
 *   (`everyFrames`, `everySeconds`), or when it has become urgent.
 * - `key-expiring`: the key in use, `kid`, is at 7/8 of a usage limit; once a key, before `key-needed`
 * - `switched`: frames leave under `kid` from now on, no longer under `previousKid`. A good moment to ask the video
 *   encoder for a key frame (RFC 9605 §6.2), and to tell receivers that the old key may go.
 * - `switch-failed`: the key staged as `kid` could not be activated, because of `error`; it is gone. `key-needed`
 *   follows if it was the answer to one.
 */
export type RotationEventType = 'key-needed' | 'key-expiring' | 'switched' | 'switch-failed';

/**
 * What a {@link KeyRotation} dispatches, synchronously: the frame that is being sent waits for the listeners, and goes
 * out even if they throw.
 *
 * @example
 * ```js
 * import { KeyRotation, SFrameEncryptor } from 'sframe-wasm';
 *
 * const cipherSuite = 'AES_128_GCM_SHA256_128';
 * const rotation = new KeyRotation(new SFrameEncryptor({ cipherSuite }), { cipherSuite });
 * rotation.addEventListener('switched', (event) => console.log(event.previousKid, event.kid)); // undefined 1n 1n 2n
 * rotation.stage(crypto.getRandomValues(new Uint8Array(16)), 1);
 * rotation.stage(crypto.getRandomValues(new Uint8Array(16)), 2);
 * ```
 */
export class RotationEvent extends Event {
  /** Of `key-needed`. */
  readonly reason: RotationReason | undefined;
  /** The KID in use, if any; of `switch-failed`, the one that could not be. */
  readonly kid: bigint | undefined;
  /** Of `switched`: the KID in use before, if any. */
  readonly previousKid: bigint | undefined;
  /** Of `switch-failed`: what the activation threw. */
  readonly error: unknown;

  constructor(
    type: RotationEventType,
    about: {
      readonly reason?: RotationReason | undefined;
      readonly kid?: bigint | undefined;
      readonly previousKid?: bigint | undefined;
      readonly error?: unknown;
    },
  ) {
    super(type);
    this.reason = about.reason;
    this.kid = about.kid;
    this.previousKid = about.previousKid;
    this.error = about.error;
  }
}
