// LiveKit's calls under SFrame: a custom manager for `new Room({ encryption: { e2eeManager } })` of livekit-client.
//
// It finds senders and receivers by the room's events, and names participants by their identities. Keys are the
// application's to give, to the client. Encryption is never switched off through LiveKit: what its server says of tracks
// (`trackInfo.encryption`, trailers of frames that it injects) is not listened to, and `room.setE2EEEnabled(false)` rejects.
// Plaintext is for `client.passthrough(sender)` and `client.allowPlaintext(receiver)` alone.

import {
  type BaseE2EEManager,
  type E2EEManagerCallbacks,
  EngineEvent,
  ParticipantEvent,
  type Room,
  RoomEvent,
} from 'livekit-client';
import type { SFrameClient } from 'sframe-wasm/webrtc';
import { Leavers } from './leavers.ts';
import { LiveKitEvents } from './livekit-events.ts';

type Bytes = Uint8Array<ArrayBuffer>;
type Engine = Parameters<BaseE2EEManager['setupEngine']>[0];
type Encrypted = Awaited<ReturnType<BaseE2EEManager['encryptData']>>;
type Decrypted = Awaited<ReturnType<BaseE2EEManager['handleEncryptedData']>>;

/** One room's end-to-end encryption. The client is for this room alone. */
export class LiveKitManager implements BaseE2EEManager {
  readonly isEnabled = true;
  readonly #client: SFrameClient;
  readonly #events: LiveKitEvents;
  readonly #leavers: Leavers;
  readonly #known: WeakSet<RTCRtpSender> = new WeakSet();
  #room: Room | undefined;

  /** @param graceSeconds how long keys of participants who have left are kept: they may only be reconnecting */
  constructor(client: SFrameClient, graceSeconds?: number) {
    this.#client = client;
    this.#events = new LiveKitEvents(client);
    const isHere = (identity: string) => this.#room?.remoteParticipants.has(identity) ?? false;
    this.#leavers = new Leavers(client, isHere, graceSeconds);
  }

  /** Data is encrypted with the older option `e2ee`, too, under which LiveKit would not have it so. */
  get isDataChannelEncryptionEnabled(): boolean {
    return true;
  }

  set isDataChannelEncryptionEnabled(_isEnabled: boolean) {}

  setup(room: Room): void {
    if (this.#room === room) return;
    if (this.#room !== undefined) throw new Error('this manager has a room already');
    this.#room = room;
    this.#events.room = room;
    // Tracks that are announced as encrypted get no RED, and no backup codecs, of whose senders LiveKit tells nobody.
    void room.setE2EEEnabled(true);
    const { localParticipant } = room;
    localParticipant.on(ParticipantEvent.LocalSenderCreated, (sender, { source }) =>
      this.#encrypt(sender, source),
    );
    room
      .on(RoomEvent.SignalConnected, () => this.#events.tellStatus(localParticipant))
      .on(RoomEvent.TrackSubscribed, ({ receiver, mediaStreamTrack }, { source }, participant) => {
        try {
          if (receiver === undefined) throw new Error('a remote track has no receiver');
          // Of whom, and of what: LiveKit uses receivers again, for others.
          this.#client.decrypt(receiver, participant.identity, { source });
        } catch (error) {
          mediaStreamTrack.stop(); // before the application hears of it: its listeners came later
          this.#events.tellError(error, participant);
        }
      })
      .on(RoomEvent.ParticipantDisconnected, ({ identity }) => this.#leavers.left(identity));
  }

  /** Frames tell their codecs themselves. What is left to see to are senders that LiveKit makes without an event. */
  setupEngine(engine: Engine): void {
    engine.on(EngineEvent.TransportsCreated, (publisher) => {
      publisher.on('negotiationStarted', () => {
        for (const sender of publisher.getSenders()) {
          if (sender.track === null || this.#known.has(sender)) continue;
          try {
            this.#encrypt(sender);
          } catch (error) {
            this.#events.tellError(error, this.#room?.localParticipant);
          }
        }
      });
    });
  }

  /**
   * Of others, LiveKit says what its server says: it counts for nothing. Of ourselves, it is what `room.setE2EEEnabled(false)`
   * comes to, after all tracks were announced anew, as unencrypted. They are not; so that is taken back, and the call rejects.
   */
  setParticipantCryptorEnabled(enabled: boolean, participantIdentity: string): void {
    const local = this.#room?.localParticipant;
    if (enabled || participantIdentity !== local?.identity) return;
    local.setE2EEEnabled(true).catch((error) => this.#events.tellError(error, local));
    throw new Error('encryption is not switched off for a room: see passthrough(sender) of the client');
  }

  /** Frames that end in it are the server's, in plaintext. They are dropped, as all that does not open. */
  setSifTrailer(_trailer: Bytes): void {}

  /** Messages carry KID and counter themselves; LiveKit's packets need an IV of 12 bytes all the same. */
  async encryptData(data: Bytes): Promise<Encrypted> {
    const payload = await this.#client.encryptMessage(data);
    return { uuid: '', payload, iv: new Uint8Array(12), keyIndex: 0 };
  }

  async handleEncryptedData(payload: Bytes, _iv: Bytes, participantIdentity: string): Promise<Decrypted> {
    return { uuid: '', payload: await this.#client.decryptMessage(participantIdentity, payload) };
  }

  on<E extends keyof E2EEManagerCallbacks>(event: E, listener: E2EEManagerCallbacks[E]): this {
    this.#events.on(event, listener);
    return this;
  }

  /** After the call: wipes all keys. Nothing is sent or opened any more. */
  dispose(): void {
    this.#leavers.close();
    this.#client.destroy();
  }

  /** A sender that cannot be encrypted sends nothing. */
  #encrypt(sender: RTCRtpSender, source?: string): void {
    try {
      this.#client.encrypt(sender, { source });
      this.#known.add(sender);
    } catch (error) {
      sender.replaceTrack(null).catch(() => {});
      throw error;
    }
  }
}
