/**
 * The adapter for Janus, on a handle that behaves as janus.js does: when its hooks come, what it forgets, and what its
 * plugins tell of streams. Real calls through a real Janus are in test/janus.
 */
import { describe, expect, it, vi } from 'vitest';
import { encryptHandle, type JanusHandle, type JanusJsep, JanusTextRoom } from '../src/janus.ts';

type Params = Parameters<JanusHandle['createAnswer']>[0];
type Said = { onmessage?: (message: object, jsep?: JanusJsep) => void; oncleanup?: () => void };

/** What a client was told, in order. */
class FakeClient {
  readonly calls: unknown[][] = [];
  failure: Error | undefined;
  encrypt(target: unknown, options: unknown) {
    this.#note('encrypt', (target as FakeTransceiver).name, options);
  }
  decrypt(receiver: unknown, participant: string, options: unknown) {
    this.#note('decrypt', (receiver as { name: string }).name, participant, options);
  }
  decryptEcho(receiver: unknown) {
    this.#note('echo', (receiver as { name: string }).name);
  }
  /** As `[verb, what, participant]`, since the last time. */
  news() {
    return this.calls
      .splice(0)
      .map(([verb, name, participant]) =>
        [verb, name, ...(verb === 'decrypt' ? [`${participant}`.replace(/^nobody .*/, 'nobody')] : [])].join(
          ' ',
        ),
      );
  }
  #note(...call: unknown[]) {
    if (this.failure) throw this.failure;
    this.calls.push(call);
  }
}

type FakeTransceiver = ReturnType<typeof transceiver>;

function transceiver(name: string, direction: string, mid: string | null = name, kind = 'video') {
  const isSending = direction.startsWith('send');
  return {
    name,
    mid,
    direction,
    sender: { name, track: isSending ? { kind } : (null as { kind: string } | null) },
    receiver: { name, track: { kind } },
  };
}

/** A handle whose connection has these transceivers when it is negotiated. */
function fakeHandle(transceivers: FakeTransceiver[], plugin = 'janus.plugin.videoroom') {
  const asked: Params[] = [];
  const webrtcStuff: { pc: { getTransceivers: () => FakeTransceiver[] } | null } = { pc: null };
  /** As janus.js: tracks, the hook, and the outcome; the flag where there is trickle. */
  const negotiate = (type: string) => (params: Params) => {
    asked.push(params);
    webrtcStuff.pc ??= { getTransceivers: () => transceivers };
    try {
      params.customizeSdp?.({ type, sdp: 'v=0' });
    } catch (error) {
      params.error?.(error);
      return;
    }
    if (params.trickle === false) {
      params.success?.(null);
      params.success?.({ type, sdp: 'v=0' });
    } else params.success?.({ type, sdp: 'v=0', ...(params.externalEncryption ? { e2ee: true } : {}) });
  };
  const accepted: Params[] = [];
  const handle = {
    getPlugin: () => plugin,
    webrtcStuff,
    createOffer: negotiate('offer'),
    createAnswer: negotiate('answer'),
    handleRemoteJsep: (params: Params) => accepted.push(params),
    send: () => {},
    data: () => {},
  };
  return { handle: handle as unknown as JanusHandle & Said, asked, accepted, webrtcStuff };
}

const jsep = { type: 'offer', sdp: 'v=0' };

describe('encryptHandle', () => {
  it('names senders and receivers before the local description is set', () => {
    const { handle, asked } = fakeHandle([
      transceiver('camera', 'sendonly'),
      transceiver('both', 'sendrecv'),
    ]);
    const client = new FakeClient();
    encryptHandle(handle, client as never, { participant: () => 'bob' });
    const order: string[] = [];
    handle.createOffer({
      tracks: [{ type: 'video' }],
      customizeSdp: () => order.push(`hook after ${client.calls.length} calls`),
      success: ({ e2ee }) => order.push(`success, ${e2ee}, after ${client.calls.length}`),
    });
    expect(order).toEqual(['hook after 0 calls', 'success, true, after 3']);
    expect(client.news()).toEqual(['encrypt camera', 'encrypt both', 'decrypt both bob']);
    expect(asked[0]).toMatchObject({ externalEncryption: true, tracks: [{ type: 'video' }] });
  });

  it('names each once: what the application makes of it afterwards stays', () => {
    const { handle } = fakeHandle([transceiver('both', 'sendrecv')]);
    const client = new FakeClient();
    encryptHandle(handle, client as never, { participant: () => 'bob' });
    handle.createOffer({});
    client.news();
    handle.createOffer({});
    handle.handleRemoteJsep({ jsep });
    expect(client.news()).toEqual([]);
  });

  it('names senders that have a direction or a track, whatever comes first', () => {
    const early = transceiver('early', 'sendonly');
    early.sender.track = null;
    const late = transceiver('late', 'recvonly');
    late.sender.track = { kind: 'video' };
    const { handle } = fakeHandle([
      early,
      late,
      transceiver('other', 'recvonly'),
      transceiver('gone', 'inactive'),
    ]);
    const client = new FakeClient();
    encryptHandle(handle, client as never, { participant: () => 'bob' });
    handle.createOffer({});
    expect(client.news()).toEqual(['encrypt early', 'encrypt late', 'decrypt late bob', 'decrypt other bob']);
  });

  it('sets the flag that janus.js loses without trickle, and tells of a description once', () => {
    const { handle } = fakeHandle([]);
    encryptHandle(handle, new FakeClient() as never);
    const given: unknown[] = [];
    handle.createOffer({ trickle: false, success: (offer) => given.push(offer) });
    handle.createAnswer({ jsep, trickle: false, success: (answer) => given.push(answer) });
    expect(given).toEqual([
      { type: 'offer', sdp: 'v=0', e2ee: true },
      { type: 'answer', sdp: 'v=0', e2ee: true },
    ]);
  });

  it('fails where the client does, and nothing is negotiated', () => {
    const { handle, accepted } = fakeHandle([transceiver('camera', 'sendonly')]);
    const client = new FakeClient();
    encryptHandle(handle, client as never);
    client.failure = new Error('engine-unavailable');
    const errors: unknown[] = [];
    const told: unknown[] = [];
    handle.createOffer({ success: (offer) => told.push(offer), error: (error) => errors.push(error) });
    handle.handleRemoteJsep({
      jsep,
      success: () => told.push('accepted'),
      error: (error) => errors.push(error),
    });
    expect(() => handle.handleRemoteJsep({ jsep })).toThrow('engine-unavailable');
    expect(errors).toEqual([client.failure, client.failure]);
    expect([told, accepted]).toEqual([[], []]);
  });

  it('opens nothing of what is nobody’s', () => {
    const { handle } = fakeHandle([transceiver('0', 'recvonly'), transceiver('1', 'recvonly', null)]);
    const client = new FakeClient();
    const encryption = encryptHandle(handle, client as never);
    handle.createAnswer({ jsep });
    expect(client.news()).toEqual(['decrypt 0 nobody', 'decrypt 1 nobody']);
    expect(encryption.participantAt('0')).toBeUndefined();
    const other = fakeHandle([transceiver('0', 'recvonly')]);
    encryptHandle(other.handle, client as never, { participant: () => '' });
    other.handle.createAnswer({ jsep });
    expect(client.news()).toEqual(['decrypt 0 nobody']);
  });

  it('goes by what the server says of streams, and binds anew when that changes, before the application hears of it', () => {
    const { handle } = fakeHandle([transceiver('0', 'recvonly'), transceiver('1', 'recvonly')]);
    const client = new FakeClient();
    const heard: string[] = [];
    handle.onmessage = () => heard.push(encryption.participantAt('0') ?? 'nobody');
    const encryption = encryptHandle(handle, client as never, {
      participant: ({ feed_display }) => feed_display,
    });
    const say = (...names: (string | undefined)[]) =>
      handle.onmessage?.({ streams: names.map((feed_display, i) => ({ mid: `${i}`, feed_display })) });
    say('alice', 'bob');
    handle.createAnswer({ jsep });
    expect(client.news()).toEqual(['decrypt 0 alice', 'decrypt 1 bob']);
    say('carol', 'bob');
    say('carol', undefined);
    expect(client.news()).toEqual(['decrypt 0 carol', 'decrypt 1 nobody']);
    expect(heard).toEqual(['nobody', 'carol', 'carol']);
    handle.onmessage?.({ streams: [null, 1, { mid: 1 }, {}, 'x'] } as object);
    handle.onmessage?.({ streams: 'none' } as object);
    expect(client.news()).toEqual([]);
  });

  it('passes on what a track is', () => {
    const { handle } = fakeHandle([transceiver('0', 'recvonly'), transceiver('1', 'sendonly')]);
    const client = new FakeClient();
    let source = 'camera';
    const encryption = encryptHandle(handle, client as never, {
      participant: () => ({ participant: 'bob', source }),
      sending: () => ({ source: 'screen' }),
    });
    handle.createAnswer({ jsep });
    source = 'screen';
    encryption.rebind();
    encryption.rebind();
    expect(client.calls.map(([verb, , ...rest]) => [verb, ...rest])).toEqual([
      ['decrypt', 'bob', { mode: undefined, source: 'camera' }],
      ['encrypt', { source: 'screen' }],
      ['decrypt', 'bob', { mode: undefined, source: 'screen' }],
    ]);
  });

  it('forgets streams with their connection', () => {
    const streams = [transceiver('0', 'recvonly')];
    const { handle, webrtcStuff } = fakeHandle(streams);
    const client = new FakeClient();
    encryptHandle(handle, client as never, { participant: ({ feed_display }) => feed_display });
    handle.onmessage?.({ streams: [{ mid: '0', feed_display: 'alice' }] });
    handle.createAnswer({ jsep });
    webrtcStuff.pc = null;
    handle.oncleanup?.();
    streams[0] = transceiver('0', 'recvonly');
    handle.createAnswer({ jsep });
    expect(client.news()).toEqual(['decrypt 0 alice', 'decrypt 0 nobody']);
  });

  it('opens one’s own frames for an echo only', () => {
    const { handle } = fakeHandle([transceiver('0', 'sendrecv')], 'janus.plugin.echotest');
    const client = new FakeClient();
    const encryption = encryptHandle(handle, client as never, { echo: true });
    handle.createOffer({});
    handle.onmessage?.({ streams: [{ mid: '0' }] });
    encryption.rebind();
    handle.createOffer({});
    expect(client.news()).toEqual(['encrypt 0', 'echo 0']);
  });

  it('refuses plugins that decode, handles that are late, and wrong arguments', () => {
    const client = new FakeClient() as never;
    for (const plugin of ['audiobridge', 'voicemail', 'nosip', 'sip'])
      expect(() => encryptHandle(fakeHandle([], `janus.plugin.${plugin}`).handle, client)).toThrow(
        new RegExp(
          `handle must not be of janus.plugin.${plugin}, which .*: it refuses end-to-end encryption`,
        ),
      );
    const late = fakeHandle([]);
    late.handle.createOffer({});
    expect(() => encryptHandle(late.handle, client)).toThrow('handle must not have a connection yet');
    expect(() => encryptHandle({} as never, client)).toThrow('handle must be a handle of janus.js');
    expect(() => encryptHandle(null as never, client)).toThrow(TypeError);
    const { handle } = fakeHandle([]);
    expect(() => encryptHandle(handle, null as never)).toThrow('client');
    expect(() => encryptHandle(handle, client, { participant: 'bob' as never })).toThrow('participant');
    expect(() => encryptHandle(handle, client, { sending: {} as never })).toThrow('sending');
    expect(() => encryptHandle(handle, client, { echo: 1 as never })).toThrow('echo');
    expect(() => encryptHandle(handle, client, { echo: true, participant: () => 'bob' })).toThrow('echo');
    encryptHandle(handle, client);
    expect(() => handle.createOffer({ tracks: [{ type: 'video', transforms: {} }] })).toThrow('transforms');
  });
});

/** A TextRoom of some people, as Janus has it; `answer` may say something else. */
class FakeRoom {
  readonly people = new Map<string, TextHandle>();
  sent: Record<string, unknown>[] = [];
  answer: (request: Record<string, unknown>) => object | undefined = ({ transaction }) => ({
    textroom: 'success',
    transaction,
  });
}

type TextHandle = ReturnType<typeof textHandle>;

function textHandle(room: FakeRoom) {
  const handle = {
    ondata: (_: unknown) => {},
    ondataopen: () => {},
    onmessage: (_: object, __?: JanusJsep) => {},
    oncleanup: () => {},
    getPlugin: () => 'janus.plugin.textroom',
    webrtcStuff: {},
    createOffer() {},
    handleRemoteJsep() {},
    createAnswer: ({ success }: Params) => success?.({ type: 'answer', sdp: 'v=0' }),
    send({ message, jsep: answer }: { message: { request: string }; jsep?: JanusJsep }) {
      if (message.request === 'setup') queueMicrotask(() => handle.onmessage({ textroom: 'event' }, jsep));
      if (message.request === 'ack' && answer) queueMicrotask(() => handle.ondataopen());
    },
    data({ text }: { text: string }) {
      const request = JSON.parse(text);
      room.sent.push(request);
      const { textroom, username, to, room: number } = request;
      const answer = room.answer(request);
      queueMicrotask(() => {
        if (textroom === 'join') room.people.set(username, handle);
        const from = [...room.people].find(([, one]) => one === handle)?.[0];
        if (textroom === 'message')
          for (const [name, other] of room.people)
            if (to === undefined || name === to)
              other.ondata(JSON.stringify({ textroom, room: number, from, text: request.text }));
        if (answer) handle.ondata(JSON.stringify(answer));
      });
    },
  };
  return handle;
}

async function enter(room: FakeRoom, participant: string) {
  const handle = textHandle(room);
  const channel = new JanusTextRoom({ room: 1234, participant });
  const got: string[] = [];
  channel.onmessage = (bytes) => got.push([...bytes].join());
  await channel.open(handle as never);
  return { channel, got, handle };
}

const bytes = (...list: number[]) => Uint8Array.from(list);

describe('JanusTextRoom', () => {
  it('carries letters to one and to all', async () => {
    const room = new FakeRoom();
    const alice = await enter(room, 'alice');
    const bob = await enter(room, 'bob');
    const carol = await enter(room, 'carol');
    await alice.channel.send('bob', bytes(0, 255, 128));
    await bob.channel.broadcast(bytes(7));
    expect([alice.got, bob.got, carol.got]).toEqual([['7'], ['0,255,128', '7'], ['7']]);
    expect(room.sent[0]).toMatchObject({ textroom: 'join', room: 1234, username: 'alice' });
  });

  it('leaves chat, other rooms and nonsense alone', async () => {
    const room = new FakeRoom();
    const { handle, got } = await enter(room, 'alice');
    const say = (text: unknown, number: unknown = 1234) =>
      handle.ondata(JSON.stringify({ textroom: 'message', room: number, from: 'bob', text }));
    say('hello');
    say('sframe:AAAA', 1);
    say('sframe:%%%');
    say(['sframe:AAAA']);
    say(`sframe:${'A'.repeat(2 ** 20)}`);
    for (const data of ['{', 'null', '1', '[]', new Uint8Array(3), undefined]) handle.ondata(data);
    expect(got).toEqual([]);
    say('sframe:AAAA');
    expect(got).toEqual(['0,0,0']);
  });

  it('rejects what Janus refuses, and what was not sent', async () => {
    const room = new FakeRoom();
    const { channel, handle } = await enter(room, 'alice');
    room.answer = ({ transaction }) => ({ textroom: 'error', error: 'No such user', transaction });
    await expect(channel.send('bob', bytes(1))).rejects.toThrow('TextRoom: No such user');
    room.answer = () => undefined;
    const waiting = channel.send('bob', bytes(1));
    handle.oncleanup();
    await expect(waiting).rejects.toThrow('the connection was lost');
    expect(channel.isOpen).toBe(false);
    await expect(channel.broadcast(bytes(1))).rejects.toThrow('not open');
  });

  it('tells who has gone', async () => {
    const { channel, handle } = await enter(new FakeRoom(), 'alice');
    const gone: string[] = [];
    const say = (message: object) => handle.ondata(JSON.stringify(message));
    say({ textroom: 'leave', room: 1234, username: 'bob' });
    channel.onleave = (participant) => gone.push(participant);
    say({ textroom: 'leave', room: 1234, username: 'bob' });
    say({ textroom: 'kicked', room: 1234, username: 'carol' });
    say({ textroom: 'leave', room: 1, username: 'dave' });
    say({ textroom: 'join', room: 1234, username: 'erin' });
    say({ textroom: 'leave', room: 1234, username: 5 });
    expect(gone).toEqual(['bob', 'carol']);
  });

  it('rejects what is not answered, at last, and more than can wait', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    try {
      const room = new FakeRoom();
      const { channel } = await enter(room, 'alice');
      room.answer = () => undefined;
      const all = Array.from({ length: 1025 }, () => channel.send('bob', bytes(1)).catch(String));
      expect(await all[1024]).toContain('does not answer');
      vi.advanceTimersByTime(10_000);
      expect(new Set(await Promise.all(all.slice(0, 1024)))).toEqual(
        new Set(['Error: the TextRoom did not answer']),
      );
    } finally {
      vi.useRealTimers();
    }
  });

  it('is not open where Janus says nothing, at last', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    try {
      const channel = new JanusTextRoom({ room: 1234, participant: 'alice' });
      const mute = textHandle(new FakeRoom());
      mute.send = () => {};
      const opening = channel.open(mute as never).catch(String);
      vi.advanceTimersByTime(30_000);
      expect(await opening).toBe('Error: the TextRoom did not connect');
      expect(vi.getTimerCount()).toBe(0);
      await channel.open(textHandle(new FakeRoom()) as never);
      expect([channel.isOpen, vi.getTimerCount()]).toEqual([true, 0]);
    } finally {
      vi.useRealTimers();
    }
  });

  it('is not open where Janus refuses, or another handle came in between', async () => {
    const channel = new JanusTextRoom({ room: 1234, participant: 'alice' });
    const refused = textHandle(new FakeRoom());
    refused.send = () => refused.onmessage({ error: 'No such plugin' });
    await expect(channel.open(refused as never)).rejects.toThrow('TextRoom: No such plugin');
    const room = new FakeRoom();
    const [first, second] = [textHandle(room), textHandle(room)];
    const opening = channel.open(first as never);
    const reopening = channel.open(second as never);
    await expect(opening).rejects.toThrow('another handle');
    await reopening;
    expect(channel.isOpen).toBe(true);
    expect(room.sent).toHaveLength(1);
    room.answer = () => undefined;
    const waiting = channel.broadcast(bytes(1));
    room.answer = ({ transaction }) => ({ textroom: 'success', transaction });
    await channel.open(textHandle(room) as never);
    await expect(waiting).rejects.toThrow('another handle');
  });

  it('opens again with another handle, and hears nothing of the old one', async () => {
    const room = new FakeRoom();
    const { channel, got, handle: old } = await enter(room, 'alice');
    const bob = await enter(room, 'bob');
    await channel.open(textHandle(room) as never);
    old.oncleanup();
    old.ondata(JSON.stringify({ textroom: 'message', room: 1234, text: 'sframe:AAAA' }));
    await bob.channel.send('alice', bytes(9));
    expect([channel.isOpen, got]).toEqual([true, ['9']]);
    await channel.close();
    await channel.close();
    expect(room.sent.filter(({ textroom }) => textroom === 'leave')).toHaveLength(1);
    expect(channel.isOpen).toBe(false);
  });

  it('refuses wrong arguments', async () => {
    expect(() => new JanusTextRoom({ room: 1.5, participant: 'alice' })).toThrow('room');
    expect(() => new JanusTextRoom({ room: 1, participant: '' })).toThrow('participant');
    expect(() => new JanusTextRoom({ room: 1, participant: 'alice', pin: 1 as never })).toThrow('pin');
    const channel = new JanusTextRoom({ room: 1, participant: 'alice' });
    await expect(channel.open({ getPlugin: () => 'janus.plugin.echotest' } as never)).rejects.toThrow(
      'textroom',
    );
    await expect(channel.open(null as never)).rejects.toThrow(TypeError);
    const { channel: open } = await enter(new FakeRoom(), 'alice');
    await expect(open.send(1 as never, bytes(1))).rejects.toThrow('to must be');
    await expect(open.broadcast('x' as never)).rejects.toThrow('bytes');
  });
});
