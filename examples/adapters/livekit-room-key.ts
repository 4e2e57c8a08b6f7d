// A passphrase as the keys of a LiveKit room: everybody announces the session that he sends under as an attribute of his,
// which those who come later find as well. The server sees sessions, and derives nothing from them. It can withhold them, or
// repeat an earlier call's: name the call by `room` when the key is made, not the place.

import { ConnectionState, type Participant, type Room, RoomEvent } from 'livekit-client';
import type { RoomKey } from 'sframe-wasm';
import type { SFrameClient } from 'sframe-wasm/webrtc';

const ATTRIBUTE = 'sframe';
/** Of a participant, keys of this many sessions are kept: frames of the last but one may be on their way. */
const MAX_SESSIONS = 2;

const hexOf = (bytes: Uint8Array) => Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
const bytesOf = (hex: string) => Uint8Array.from(hex.match(/../g) ?? [], (byte) => Number.parseInt(byte, 16));

/**
 * Sends under a session of the room's key, and opens those of the others. Call it once, before the room is connected or after;
 * the token must grant `canUpdateOwnMetadata`.
 *
 * @param failed called where it goes wrong later: an announcement, or another key when one is needed
 */
export async function shareRoomKey(
  room: Room,
  client: SFrameClient,
  roomKey: RoomKey,
  failed: (error: unknown) => void,
): Promise<void> {
  const { localParticipant, remoteParticipants } = room;
  const sessions = new Map<string, bigint[]>();
  let announcement = '';

  const announce = () => localParticipant.setAttributes({ [ATTRIBUTE]: announcement });

  async function send(): Promise<void> {
    const { baseKey, session } = await roomKey.sendingKey();
    const kid = await client.setEncryptionKey(baseKey).finally(() => baseKey.fill(0));
    announcement = `${kid.toString(16)} ${hexOf(session)}`;
    await announce();
  }

  /** What comes by the network may be anything: what is no session of his is left alone. */
  async function receive({ identity, attributes, isLocal }: Participant): Promise<void> {
    const [, kidText, session] = /^([0-9a-f]{1,16}) ([0-9a-f]{32})$/.exec(attributes[ATTRIBUTE] ?? '') ?? [];
    if (isLocal || kidText === undefined || session === undefined) return;
    const kid = BigInt(`0x${kidText}`);
    const baseKey = await roomKey.receivingKey(identity, bytesOf(session)).catch(() => undefined);
    if (baseKey === undefined) return;
    await client.addDecryptionKey(identity, baseKey, kid).finally(() => baseKey.fill(0));
    const kids = [...(sessions.get(identity) ?? []).filter((known) => known !== kid), kid];
    sessions.set(identity, kids.slice(-MAX_SESSIONS));
    for (const old of kids.slice(0, -MAX_SESSIONS)) await client.removeDecryptionKey(identity, old);
  }

  const start = () => Promise.all([send(), ...Array.from(remoteParticipants.values(), receive)]);

  room
    .on(RoomEvent.Connected, () => void start().catch(failed))
    .on(RoomEvent.ParticipantConnected, (participant) => void receive(participant).catch(failed))
    .on(RoomEvent.ParticipantAttributesChanged, (_, participant) => void receive(participant).catch(failed))
    .on(RoomEvent.Reconnected, () => void announce().catch(failed)); // as somebody new, to the server
  client.addEventListener('keys-needed', () => void start().catch(failed));
  if (room.state === ConnectionState.Connected) await start();
}
