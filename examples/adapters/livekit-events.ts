// What a client tells, in LiveKit's words: the room passes both on as events of its own.

import {
  CryptorError,
  CryptorErrorReason,
  type E2EEManagerCallbacks,
  EncryptionEvent,
  type Participant,
  type Room,
} from 'livekit-client';
import type { SFrameClient, SFrameClientEvent } from 'sframe-wasm/webrtc';

/** LiveKit tells missing keys and wrong ones from all else. */
const reasons: ReadonlyMap<string, CryptorErrorReason> = new Map([
  ['no-key', CryptorErrorReason.MissingKey],
  ['key-id', CryptorErrorReason.MissingKey],
  ['authentication', CryptorErrorReason.InvalidKey],
  ['forged', CryptorErrorReason.InvalidKey],
]);

/**
 * `participantEncryptionStatusChanged` says of others that frames of theirs were opened, not what the server claims; with
 * false, that at least one of his tracks is in the clear, because the application has said so. `encryptionError` says that
 * frames are dropped, once, however many there are.
 */
export class LiveKitEvents {
  room: Room | undefined;
  readonly #listeners: { readonly [E in keyof E2EEManagerCallbacks]: E2EEManagerCallbacks[E][] } = {
    [EncryptionEvent.ParticipantEncryptionStatusChanged]: [],
    [EncryptionEvent.EncryptionError]: [],
  };
  /** What is in the clear, and whose. */
  readonly #clear: Map<RTCRtpSender | RTCRtpReceiver, Participant> = new Map();

  constructor(client: SFrameClient) {
    client.addEventListener('plaintext', (event) => {
      const [endpoint, participant] = [event.sender ?? event.receiver, this.#participantOf(event)];
      if (endpoint !== undefined && participant !== undefined) this.#clear.set(endpoint, participant);
      this.tellStatus(participant);
    });
    client.addEventListener('active', (event) => {
      const endpoint = event.sender ?? event.receiver;
      if (endpoint !== undefined && event.kid !== undefined) this.#clear.delete(endpoint);
      this.tellStatus(this.#participantOf(event));
    });
    client.addEventListener('status', (event) => {
      const participant = this.#participantOf(event);
      if (event.reason === 'recovered' || event.reason === 'verified') this.tellStatus(participant);
      else this.#tellReason(event.reason, participant);
    });
    client.addEventListener('unprotected', (event) =>
      this.#tellReason(event.type, this.#participantOf(event)),
    );
    client.addEventListener('worker-failed', (event) => this.tellError(event.error, undefined));
  }

  on<E extends keyof E2EEManagerCallbacks>(event: E, listener: E2EEManagerCallbacks[E]): void {
    this.#listeners[event].push(listener);
  }

  tellStatus(participant: Participant | undefined): void {
    if (participant === undefined) return; // gone
    const isEncrypted = ![...this.#clear.values()].includes(participant);
    for (const listener of this.#listeners[EncryptionEvent.ParticipantEncryptionStatusChanged])
      listener(isEncrypted, participant);
  }

  tellError(error: unknown, participant: Participant | undefined): void {
    for (const listener of this.#listeners[EncryptionEvent.EncryptionError])
      listener(error instanceof Error ? error : new Error(`${error}`), participant?.identity);
  }

  #tellReason(reason: string, participant: Participant | undefined): void {
    const code = reasons.get(reason) ?? CryptorErrorReason.InternalError;
    this.tellError(new CryptorError(reason, code, participant?.identity), participant);
  }

  /** Whose frames an event is about. Of plaintext that is received, the event does not say. */
  #participantOf({ sender, receiver, participant }: SFrameClientEvent): Participant | undefined {
    if (sender !== undefined) return this.room?.localParticipant;
    if (participant !== '') return this.room?.getParticipantByIdentity(participant);
    const remote = [...(this.room?.remoteParticipants.values() ?? [])];
    return remote.find((one) =>
      [...one.trackPublications.values()].some(({ track }) => track?.receiver === receiver),
    );
  }
}
