// A LiveKit server, and rooms of livekit-client in it. The rooms are real; of their engines, what would reach the network is
// replaced. The server says what a test has it say. Frames go from senders to receivers by `hears`.

import { EventEmitter } from 'node:events';
import {
  type AddTrackRequest,
  DataPacket,
  JoinResponse,
  ParticipantInfo,
  ParticipantInfo_State,
  ParticipantPermission,
  TrackInfo,
} from '@livekit/protocol';
import {
  EngineEvent,
  LocalAudioTrack,
  type LocalTrack,
  LocalVideoTrack,
  Room,
  RoomEvent,
  setLogLevel,
  Track,
} from 'livekit-client';
import { vi } from 'vitest';
import { LiveKitManager } from '../../examples/adapters/livekit.ts';
import { arrived, FakeEndpoint, type FakeFrame, Person } from '../webrtc-fakes.ts';

/** A MediaStreamTrack that nobody looks at. */
class FakeMediaTrack extends EventTarget {
  readonly kind: string;
  readonly id: string;
  enabled = true;
  readyState = 'live';

  constructor(kind: string, id: string) {
    super();
    this.kind = kind;
    this.id = id;
  }

  getSettings(): object {
    return { width: 640, height: 360 };
  }

  getConstraints(): object {
    return {};
  }

  stop(): void {
    this.readyState = 'ended';
  }
}

class FakeMediaStream extends EventTarget {
  id = '';
}

/** What rooms ask of a browser. */
export function openRooms(): void {
  setLogLevel('silent');
  vi.stubGlobal('MediaStream', FakeMediaStream);
  vi.stubGlobal('MediaStreamTrack', FakeMediaTrack);
  vi.stubGlobal(
    'RTCPeerConnection',
    class {
      addTransceiver(): void {}
    },
  );
}

/** A connection of an engine's. */
class FakeTransport extends EventEmitter {
  readonly senders: FakeEndpoint[] = [];
  getSenders = () => this.senders;
  getTransceivers = () => [];
}

/** What of an engine is used here. */
interface Engine extends EventEmitter {
  handleDataMessage(message: { data: ArrayBuffer }): Promise<void>;
}

/** Somebody in the room, and his browser. */
export class Member {
  readonly person: Person;
  readonly manager: LiveKitManager;
  readonly room: Room;
  readonly info: ParticipantInfo;
  readonly publisher: FakeTransport = new FakeTransport();
  /** What his server was asked to publish. */
  readonly published: AddTrackRequest[] = [];
  /** What LiveKit tells the application, of encryption and of data. */
  readonly told: string[] = [];
  readonly data: number[][] = [];
  /** Packets of data, as they leave. */
  readonly packets: Uint8Array<ArrayBuffer>[] = [];
  /** Receivers by the SID of their track. */
  readonly receivers: Map<string, FakeEndpoint> = new Map();

  constructor(identity: string, person: Person, option: 'encryption' | 'e2ee') {
    this.person = person;
    this.manager = new LiveKitManager(person.client);
    this.room = new Room({ [option]: { e2eeManager: this.manager } });
    this.info = new ParticipantInfo({
      sid: `PA_${identity}_${crypto.randomUUID()}`,
      identity,
      state: ParticipantInfo_State.ACTIVE,
      permission: new ParticipantPermission({ canPublish: true, canSubscribe: true }),
    });
    this.room
      .on(RoomEvent.ParticipantEncryptionStatusChanged, (isEncrypted, participant) =>
        this.told.push(`${participant?.identity} ${isEncrypted ? 'encrypted' : 'in the clear'}`),
      )
      .on(RoomEvent.EncryptionError, ({ message }, participant) =>
        this.told.push(`${participant?.identity} ${message}`),
      )
      .on(RoomEvent.DataReceived, (data) => this.data.push([...data]));
  }

  get engine(): Engine {
    return (this.room as unknown as { engine: Engine }).engine;
  }

  async publish(source: Track.Source): Promise<LocalTrack> {
    const isAudio = source === Track.Source.Microphone;
    const media = new FakeMediaTrack(isAudio ? 'audio' : 'video', crypto.randomUUID());
    const given = media as unknown as MediaStreamTrack;
    const track = (isAudio ? new LocalAudioTrack(given) : new LocalVideoTrack(given)) as LocalTrack;
    track.source = source;
    await this.room.localParticipant.publishTrack(track, { simulcast: false });
    return track;
  }

  /** Frames of a track, as they leave. */
  send(track: Track, ...frames: FakeFrame[]): Promise<FakeFrame[]> {
    return this.person.through((track as unknown as { sender: FakeEndpoint }).sender, ...frames);
  }

  /** What comes out of his receiver for frames that are delivered as those of a track. */
  hears(trackSid: string | undefined, frames: FakeFrame[]): Promise<FakeFrame[]> {
    const receiver = this.receivers.get(trackSid ?? '');
    if (receiver === undefined) throw new Error(`not subscribed to ${trackSid}`);
    return this.person.through(receiver, ...frames.map((frame) => arrived(frame)));
  }
}

/** Where they meet. It would like to listen. */
export class Server {
  readonly members: Set<Member> = new Set();
  /** What it says of tracks. */
  readonly saysEncryption: TrackInfo['encryption'] | undefined;
  readonly sifTrailer: Uint8Array<ArrayBuffer> = new Uint8Array([0x4c, 0x4b, 0x52, 0x4f, 0x43, 0x4b, 0x53]);
  #nextSid = 1;

  constructor(saysEncryption?: TrackInfo['encryption']) {
    this.saysEncryption = saysEncryption;
  }

  async join(
    identity: string,
    person: Person = new Person(),
    option: 'encryption' | 'e2ee' = 'encryption',
  ): Promise<Member> {
    const member = new Member(identity, person, option);
    await this.connect(member);
    return member;
  }

  async connect(member: Member): Promise<void> {
    const { publisher, packets, info, room } = member;
    (room as unknown as { maybeCreateEngine(): void }).maybeCreateEngine(); // not the first time
    const { engine } = member;
    Object.assign(engine, {
      _isClosed: false,
      join: async () => {
        const otherParticipants = Array.from(this.members, (other) => other.info);
        const { sifTrailer } = this;
        const joinResponse = new JoinResponse({ participant: info, otherParticipants, sifTrailer });
        engine.emit(EngineEvent.SignalConnected, joinResponse);
        return { joinResponse, serverInfo: { version: '1.9.0' } };
      },
      waitForPCInitialConnection: async () => {},
      verifyTransport: () => true,
      pcManager: { currentState: 2, publisher, close: async () => {}, getMaxPublisherMessageSize: () => 0 },
      createSender: async ({ kind }: Track) => {
        const sender = new FakeEndpoint(kind);
        publisher.senders.push(sender);
        return sender;
      },
      removeTrack: () => true,
      addTrack: async (request: AddTrackRequest) => this.#publish(member, request),
      negotiate: async () => publisher.emit('negotiationStarted'),
      updateMuteStatus: (sid: string, isMuted: boolean) => this.#mute(member, sid, isMuted),
      ensurePublisherConnected: async () => {},
    });
    const lossyChannel = {
      send: async (packet: Uint8Array<ArrayBuffer>) => packets.push(packet),
      stopThresholdTuning: () => {},
    };
    Object.defineProperty(engine, 'lossyChannel', { value: lossyChannel });
    Object.assign(room.localParticipant, {
      setAttributes: async (attributes: Record<string, string>) => {
        info.attributes = { ...info.attributes, ...attributes };
        this.update(member);
      },
    });
    engine.emit(EngineEvent.TransportsCreated, publisher);
    await room.connect('ws://127.0.0.1', 'token');
    for (const other of this.members) other.engine.emit(EngineEvent.ParticipantUpdate, [info]);
    this.members.add(member);
    for (const other of this.members)
      for (const { sid } of other.info.tracks) this.deliver(other, sid, member);
  }

  /** Somebody has gone, or so it says. */
  leave(member: Member): void {
    this.members.delete(member);
    member.info.state = ParticipantInfo_State.DISCONNECTED;
    this.update(member);
    member.info.state = ParticipantInfo_State.ACTIVE;
  }

  /** Tells the others what it says of a member. */
  update(member: Member): void {
    for (const other of this.members)
      if (other !== member) other.engine.emit(EngineEvent.ParticipantUpdate, [member.info]);
  }

  /** A track that is not published any more. */
  unpublish(member: Member, trackSid: string | undefined): void {
    member.info.tracks = member.info.tracks.filter(({ sid }) => sid !== trackSid);
    this.update(member);
  }

  /** Somebody's track comes to somebody else, at a receiver that may have been used before. */
  deliver(from: Member, trackSid: string, to: Member, receiver?: FakeEndpoint): void {
    if (from === to) return;
    const track = from.info.tracks.find(({ sid }) => sid === trackSid);
    const kind = track?.type === 0 ? 'audio' : 'video';
    const endpoint = receiver ?? new FakeEndpoint(kind);
    to.receivers.set(trackSid, endpoint);
    const stream = Object.assign(new FakeMediaStream(), { id: `${from.info.sid}|${trackSid}` });
    to.engine.emit(EngineEvent.MediaTrackAdded, new FakeMediaTrack(kind, trackSid), stream, endpoint);
  }

  /** A packet of somebody's data comes to somebody else. */
  async pass(from: Member, packet: Uint8Array<ArrayBuffer> | undefined, to: Member): Promise<void> {
    const said = DataPacket.fromBinary(packet ?? new Uint8Array());
    said.participantIdentity = from.info.identity;
    said.participantSid = from.info.sid;
    const data = said.toBinary() as Uint8Array<ArrayBuffer>;
    await to.engine.handleDataMessage({ data: data.slice().buffer });
  }

  #mute(member: Member, trackSid: string, isMuted: boolean): void {
    for (const track of member.info.tracks) if (track.sid === trackSid) track.muted = isMuted;
    this.update(member);
  }

  #publish(member: Member, request: AddTrackRequest): TrackInfo {
    const { type, source, encryption, muted } = request;
    const sid = `TR_${this.#nextSid++}`;
    const said = this.saysEncryption ?? encryption;
    const track = new TrackInfo({ sid, type, source, muted, mimeType: 'audio/opus', encryption: said });
    member.published.push(request);
    member.info.tracks.push(track);
    this.update(member);
    for (const other of this.members) this.deliver(member, sid, other);
    return track;
  }
}
