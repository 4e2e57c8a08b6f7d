// Frames through clients: out transformed, in order, or not at all.

import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { decodeHeader, SFrameEncryptor } from '../src/index.ts';
import { SFrameClient } from '../src/webrtc.ts';
import {
  arrived,
  asReceiver,
  asSender,
  audio,
  bytesOf,
  cipherSuite,
  closeBrowser,
  FakeEndpoint,
  FakeFrame,
  openBrowser,
  Person,
  randomKey,
  until,
} from './webrtc-fakes.ts';

beforeEach(openBrowser);
afterEach(closeBrowser);

/** Alice sends, bob receives; keys are set unless told otherwise. */
async function call({ keys = true, options = {}, kind = 'audio' } = {}) {
  const [alice, bob] = [new Person(options), new Person(options)];
  const [sender, receiver] = [new FakeEndpoint(kind), new FakeEndpoint(kind)];
  alice.client.encrypt(asSender(sender));
  bob.client.decrypt(asReceiver(receiver), 'alice');
  const baseKey = randomKey();
  let kid = 0n;
  if (keys) {
    kid = await alice.client.setEncryptionKey(baseKey);
    await bob.client.addDecryptionKey('alice', baseKey, kid);
  }
  return { alice, bob, sender, receiver, baseKey, kid };
}

describe('frames', () => {
  test('arrive as they were, in order, large and small and empty', async () => {
    const { alice, bob, sender, receiver } = await call();
    const lengths = [0, 1, 70_000, 2, 3000, 0, 40_000, 5];
    const frames = lengths.map((length, i) => new FakeFrame(new Uint8Array(length).fill(i)));
    const sent = await alice.through(sender, ...frames);
    expect(sent.map(({ data }) => data.byteLength).every((length, i) => length > (lengths[i] ?? 0))).toBe(
      true,
    );
    expect(sent.map(({ data }) => decodeHeader(new Uint8Array(data)).ctr)).toEqual(
      lengths.map((_, i) => BigInt(i)),
    );
    const received = await bob.through(receiver, ...sent.map((frame) => arrived(frame)));
    expect(received.map(({ data }) => new Uint8Array(data))).toEqual(
      lengths.map((length, i) => new Uint8Array(length).fill(i)),
    );
  });

  test('of all senders share one counter', async () => {
    const { alice, sender } = await call();
    const second = new FakeEndpoint();
    alice.client.encrypt(asSender(second));
    const sent = [];
    for (let i = 0; i < 3; i++)
      for (const endpoint of [sender, second]) sent.push(...(await alice.through(endpoint, audio(i))));
    expect(sent.map(({ data }) => decodeHeader(new Uint8Array(data)).ctr)).toEqual([0n, 1n, 2n, 3n, 4n, 5n]);
  });

  test('without a key are dropped, sending and receiving, until there is one', async () => {
    const { alice, bob, sender, receiver, baseKey } = await call({ keys: false });
    expect(await alice.through(sender, audio(1), audio(2))).toEqual([]);
    expect(await alice.dropped(sender)).toEqual({ 'no-key': 2 });
    const kid = await alice.client.setEncryptionKey(baseKey, 7);
    expect(kid).toBe(7n);
    const sent = await alice.through(sender, audio(3));
    expect(await bob.through(receiver, ...sent.map((frame) => arrived(frame)))).toEqual([]);
    await bob.client.addDecryptionKey('alice', baseKey, kid);
    const received = await bob.through(receiver, ...sent.map((frame) => arrived(frame)));
    expect(received.map(bytesOf)).toEqual([[3]]);
    expect(alice.statuses).toEqual([' no-key undefined', ' recovered 7']);
    expect(bob.statuses).toEqual(['alice key-id 7', 'alice recovered 7']);
  });

  test('of an unknown codec are dropped, and so is what is no frame; the stream goes on', async () => {
    const { alice, sender } = await call();
    const sent = await alice.through(
      sender,
      new FakeFrame(new Uint8Array(3), 'video/unheard-of', 'key'),
      new FakeFrame(new Uint8Array(3), ''),
      { data: 'no frame', getMetadata: () => ({ mimeType: 'audio/opus' }) },
      audio(1),
    );
    expect(sent).toHaveLength(1);
    expect(await alice.dropped(sender)).toEqual({ codec: 2, frame: 1 });
  });

  test('are known by their payload types, once those are negotiated', async () => {
    const { alice, sender } = await call();
    const frame = () => new FakeFrame(new Uint8Array([1]), '', undefined, 111);
    expect(await alice.through(sender, frame())).toEqual([]);
    sender.codecs = [{ payloadType: 111, mimeType: 'audio/opus' }];
    alice.client.encrypt(asSender(sender));
    expect(await alice.through(sender, frame())).toHaveLength(1);
  });

  test('of which codecs nothing is known make the page look again', async () => {
    const { alice, sender } = await call();
    await alice.client.stats();
    sender.codecs = [{ payloadType: 111, mimeType: 'audio/opus' }];
    const frame = () => new FakeFrame(new Uint8Array([1]), '', undefined, 111);
    await alice.through(sender, frame());
    await until(async () => (await alice.through(sender, frame())).length === 1);
  });

  test('of video keep what servers read clear', async () => {
    const { alice, bob, sender, receiver } = await call({ kind: 'video' });
    const bytes = [0x10, 0, 0, 0x9d, 1, 0x2a, 4, 0, 4, 0, 9, 9, 9];
    const [sent] = await alice.through(sender, new FakeFrame(new Uint8Array(bytes), 'video/VP8', 'key'));
    expect(bytesOf(sent!).slice(0, 10)).toEqual(bytes.slice(0, 10));
    const clear = new Uint8Array(sent!.data.slice(0));
    clear[7] = 5;
    const received = await bob.through(
      receiver,
      new FakeFrame(clear, 'video/VP8', 'key'),
      arrived(sent!, 'video/VP8', 'key'),
    );
    expect(received.map(bytesOf)).toEqual([bytes]);
    expect(await bob.dropped(receiver)).toEqual({ authentication: 1 });
  });

  test('of another source do not open', async () => {
    const { alice, bob, sender, receiver } = await call();
    alice.client.encrypt(asSender(sender), { source: 'camera' });
    bob.client.decrypt(asReceiver(receiver), 'alice', { source: 'screen' });
    const sent = await alice.through(sender, audio(1));
    expect(await bob.through(receiver, ...sent.map((frame) => arrived(frame)))).toEqual([]);
    bob.client.decrypt(asReceiver(receiver), 'alice', { source: 'camera' });
    expect(await bob.through(receiver, ...sent.map((frame) => arrived(frame)))).toHaveLength(1);
  });

  test('that a server injects pass only if they are named', async () => {
    const silence = new Uint8Array([0xf8, 0xff, 0xfe]);
    const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', silence));
    const { bob, receiver } = await call({ options: { injectedFrames: [digest] } });
    const received = await bob.through(receiver, audio(0xf8, 0xff, 0xfe), audio(0xf8, 0xff, 0xff));
    expect(received.map(bytesOf)).toEqual([[...silence]]);
    expect((await bob.client.stats()).receivers[0]).toMatchObject({ plaintextFrames: 1 });
    expect(bob.events.filter(({ type, reason }) => type === 'active' || reason === 'recovered')).toEqual([]);
  });
});

describe('a receiver', () => {
  test('opens a frame once, and says nothing of the second time', async () => {
    const { alice, bob, sender, receiver } = await call();
    const [sent] = await alice.through(sender, audio(1));
    expect(await bob.through(receiver, arrived(sent!), arrived(sent!), arrived(sent!))).toHaveLength(1);
    expect(await bob.dropped(receiver)).toEqual({ replay: 2 });
    expect(bob.statuses).toEqual([]);
  });

  test('has windows of its own: another receiver of the same feed gets every frame', async () => {
    const { alice, bob, sender, receiver } = await call();
    const second = new FakeEndpoint();
    bob.client.decrypt(asReceiver(second), 'alice');
    const [sent] = await alice.through(sender, audio(1));
    expect(await bob.through(receiver, arrived(sent!))).toHaveLength(1);
    expect(await bob.through(second, arrived(sent!), arrived(sent!))).toHaveLength(1);
  });

  test('keeps its windows when keys go and come back', async () => {
    const { alice, bob, sender, receiver, baseKey, kid } = await call();
    const [sent] = await alice.through(sender, audio(1));
    expect(await bob.through(receiver, arrived(sent!))).toHaveLength(1);
    expect(await bob.client.removeDecryptionKey('alice', kid)).toBe(true);
    expect(await bob.client.removeDecryptionKey('alice', kid)).toBe(false);
    expect(await bob.through(receiver, arrived(sent!))).toEqual([]);
    await bob.client.addDecryptionKey('alice', baseKey, kid);
    expect(await bob.through(receiver, arrived(sent!))).toEqual([]);
    expect(await bob.dropped(receiver)).toEqual({ 'key-id': 1, replay: 1 });
  });

  test('opens nothing of another participant, until it is bound to him', async () => {
    const { alice, bob, sender, receiver, baseKey, kid } = await call();
    await bob.client.removeParticipant('alice');
    await bob.client.addDecryptionKey('carol', baseKey, kid);
    const [sent] = await alice.through(sender, audio(1));
    expect(await bob.through(receiver, arrived(sent!))).toEqual([]);
    const { transform } = receiver;
    bob.client.decrypt(asReceiver(receiver), 'carol');
    expect(receiver.transform).toBe(transform);
    expect(await bob.through(receiver, arrived(sent!))).toHaveLength(1);
    expect(bob.statuses).toEqual([`alice key-id ${kid}`, `carol recovered ${kid}`]);
  });

  test('never opens what its own client has sent, an echo apart', async () => {
    const { alice, sender, baseKey, kid } = await call();
    const mirror = new FakeEndpoint();
    alice.client.decrypt(asReceiver(mirror), 'mallory');
    await alice.client.addDecryptionKey('mallory', baseKey, kid);
    const [sent] = await alice.through(sender, audio(1));
    expect(await alice.through(mirror, arrived(sent!))).toEqual([]);
    expect(await alice.dropped(mirror)).toEqual({ 'key-id': 1 });
    alice.client.decryptEcho(asReceiver(mirror));
    expect((await alice.through(mirror, arrived(sent!))).map(bytesOf)).toEqual([[1]]);
  });

  test('is told of once, however many frames fail, and never in a storm', async () => {
    const { alice, bob, sender, receiver, kid } = await call();
    const forger = new SFrameEncryptor({ cipherSuite });
    forger.setEncryptionKey(randomKey(), kid);
    const forged = () => new FakeFrame(forger.encrypt(new Uint8Array(9)));
    await bob.through(receiver, ...Array.from({ length: 50 }, forged));
    expect(bob.statuses).toEqual([`alice authentication ${kid}`]);
    for (let i = 0; i < 20; i++) {
      const [sent] = await alice.through(sender, audio(i));
      expect(await bob.through(receiver, forged(), arrived(sent!))).toHaveLength(1);
    }
    expect(bob.statuses).toEqual([`alice authentication ${kid}`, `alice recovered ${kid}`]);
    expect(await bob.dropped(receiver)).toEqual({ authentication: 70 });
  });

  test('asks for a key frame when a decoder must have missed some', async () => {
    const { alice, bob, sender, receiver, baseKey } = await call({ keys: false, kind: 'video' });
    const kid = await alice.client.setEncryptionKey(baseKey);
    const delta = (n: number) => new FakeFrame(new Uint8Array([n]), 'video/VP9', 'delta');
    const sent = await alice.through(sender, delta(1), delta(2));
    await bob.through(receiver, arrived(sent[0]!, 'video/VP9', 'delta'));
    expect(receiver.transform?.keyFrameRequests).toBe(0);
    await bob.client.addDecryptionKey('alice', baseKey, kid);
    expect(receiver.transform?.keyFrameRequests).toBe(1);
    expect(sender.transform?.keyFrames).toBeGreaterThan(0);
  });
});

describe('plaintext', () => {
  test('is sent only by a sender that was named, and seen in events and stats', async () => {
    const { alice, sender } = await call();
    alice.client.passthrough(asSender(sender));
    expect((await alice.through(sender, audio(1, 2))).map(bytesOf)).toEqual([[1, 2]]);
    expect(alice.events.filter(({ type }) => type === 'plaintext')).toHaveLength(1);
    expect((await alice.client.stats()).senders).toMatchObject([{ policy: 'plaintext', plaintextFrames: 1 }]);
    alice.client.encrypt(asSender(sender));
    expect(bytesOf((await alice.through(sender, audio(1, 2)))[0]!)).not.toEqual([1, 2]);
  });

  test('ends the moment that encryption is asked for, whatever the worker has heard', async () => {
    const { alice, sender } = await call();
    alice.client.passthrough(asSender(sender));
    const { transform } = sender;
    await alice.through(sender, audio(1, 2));
    alice.client.encrypt(asSender(sender));
    expect(sender.transform).not.toBe(transform);
    const sent = await alice.through(sender, audio(1, 2), audio(1, 2));
    expect(sent.map(bytesOf)).not.toContainEqual([1, 2]);
    expect(sent).toHaveLength(2);
  });

  test('is taken only by a receiver that was named', async () => {
    const { bob, receiver } = await call();
    expect(await bob.through(receiver, audio(1, 2), audio(0xf8))).toEqual([]);
    bob.client.allowPlaintext(asReceiver(receiver));
    expect((await bob.through(receiver, audio(1, 2))).map(bytesOf)).toEqual([[1, 2]]);
    bob.client.decrypt(asReceiver(receiver), 'alice');
    expect(await bob.through(receiver, audio(1, 2))).toEqual([]);
  });
});

describe('tracks', () => {
  test('keep their transform when they are named again', async () => {
    const { alice, sender } = await call();
    const { transform } = sender;
    alice.client.encrypt(asSender(sender));
    expect(sender.transform).toBe(transform);
    sender.transform = null; // by somebody else
    alice.client.encrypt(asSender(sender));
    expect(sender.transform).not.toBeNull();
  });

  test('tell of their first frame', async () => {
    const { alice, sender, kid } = await call();
    await alice.through(sender, audio(1), audio(2));
    const active = alice.events.filter(({ type }) => type === 'active');
    expect(active).toMatchObject([{ sender, kid, track: sender.track }]);
  });

  test('belong to the client that had them last', async () => {
    const { alice, sender, baseKey } = await call();
    const again = new Person();
    again.client.encrypt(asSender(sender));
    await again.client.setEncryptionKey(baseKey);
    const sent = await again.through(sender, audio(1));
    expect(sent).toHaveLength(1);
    expect((await alice.client.stats()).senders).toEqual([]);
    alice.client.encrypt(asSender(sender));
    expect(await alice.through(sender, audio(2))).toHaveLength(1);
    expect((await again.client.stats()).senders).toEqual([]);
  });

  test('give nothing of one participant to another, though it was under way', async () => {
    const { alice, bob, sender, receiver } = await call({ options: { engine: 'webcrypto' } });
    const sent = await alice.through(sender, new FakeFrame(new Uint8Array(200_000)));
    await until(() => receiver.transform !== null);
    receiver.transform?.feed(arrived(sent[0]!));
    bob.client.decrypt(asReceiver(receiver), 'carol');
    await until(async () => (await bob.handled(receiver)) === 1);
    const [track] = (await bob.client.stats()).receivers;
    // Either it was done before, or it is dropped: what came out counts as alice's.
    expect([track?.dropped, receiver.transform?.out.length]).toEqual([
      track?.frames === 1 ? {} : { [Object.keys(track!.dropped)[0]!]: 1 },
      track?.frames,
    ]);
  });

  test('may be transceivers', async () => {
    const { alice } = await call();
    const [sender, receiver] = [new FakeEndpoint('video'), new FakeEndpoint('video')];
    sender.track = null;
    alice.client.encrypt({ sender, receiver } as unknown as RTCRtpTransceiver);
    alice.client.decrypt({ sender, receiver } as unknown as RTCRtpTransceiver, 'bob');
    expect([sender.transform, receiver.transform]).not.toContain(null);
    expect((await alice.client.stats()).senders[1]).toMatchObject({ kind: 'video', trackId: '' });
  });

  test('are forgotten when their connection is closed', async () => {
    const { alice, sender } = await call({ options: { leakPollSeconds: 0.01 } });
    expect((await alice.client.stats()).senders).toHaveLength(1);
    sender.transport = { state: 'closed' };
    await until(async () => (await alice.client.stats()).senders.length === 0);
  });

  test('of video are refused under tags of 32 bits, and of audio are not', async () => {
    const options = { cipherSuite: 'AES_128_CTR_HMAC_SHA256_32' } as const;
    const { alice, sender } = await call({ options });
    const video = new FakeEndpoint('video');
    expect(() => alice.client.encrypt(asSender(video))).toThrow(TypeError);
    expect(() => alice.client.decrypt(asReceiver(video), 'bob')).toThrow(/32 bits/);
    const sent = await alice.through(sender, audio(1), new FakeFrame(new Uint8Array(3), 'video/VP9', 'key'));
    expect(sent).toHaveLength(1);
    expect(await alice.dropped(sender)).toEqual({ 'short-tag': 1 });
    await expect(alice.client.encryptMessage(new Uint8Array(1))).rejects.toThrow(/32 bits/);
    new Person({ ...options, allowShortTags: true }).client.encrypt(asSender(video));
  });
});

describe('SFrameClient', () => {
  test('configures connections to fail closed, and leaves what it was given alone', () => {
    const { client } = new Person();
    const given = { iceServers: [] };
    expect(client.configure(given)).toEqual({ iceServers: [], encodedInsertableStreams: true });
    expect(given).toEqual({ iceServers: [] });
    expect(client.configure()).toEqual({ encodedInsertableStreams: true });
  });

  test('says what there is', () => {
    expect(SFrameClient.support()).toEqual({ transform: 'script', wasm: true });
  });

  test('refuses what is wrong by name', () => {
    const refuses = (options: object, name: string) =>
      expect(() => new Person(options), name).toThrow(new RegExp(name));
    refuses({ cipherSuite: 'none' }, 'cipherSuite');
    refuses({ engine: 'fast' }, 'engine');
    refuses({ worker: {} }, 'worker');
    refuses({ keysNeeded: 1 }, 'keysNeeded');
    refuses({ transform: 'none' }, 'transform');
    refuses({ mode: 'raw' }, 'mode');
    refuses({ source: '' }, 'source');
    refuses({ allowShortTags: 1 }, 'allowShortTags');
    refuses({ injectedFrames: [new Uint8Array(3)] }, 'injectedFrames');
    refuses({ replayWindow: -1 }, 'replayWindow');
    refuses({ maxFrames: 0 }, 'maxFrames');
    refuses({ ratchetBits: 64 }, 'ratchetBits');
    refuses({ epochBits: 0 }, 'epochBits');
    refuses({ leakPollSeconds: -1 }, 'leakPollSeconds');
    refuses({ heartbeatSeconds: 0 }, 'heartbeatSeconds');
    const { client } = new Person();
    expect(() => client.decrypt(asReceiver(new FakeEndpoint()), '')).toThrow(/participant/);
    expect(() => client.encrypt(asSender(new FakeEndpoint()), { mode: 'x' as never })).toThrow(/mode/);
  });

  test('ends once, and with it all that it did', async () => {
    const { alice, sender } = await call();
    const pending = alice.client.stats();
    alice.client.destroy();
    alice.client.destroy();
    await expect(pending).rejects.toMatchObject({ code: 'destroyed' });
    await expect(alice.client.setEncryptionKey(randomKey())).rejects.toMatchObject({ code: 'destroyed' });
    expect(() => alice.client.encrypt(asSender(sender))).toThrow(
      expect.objectContaining({ code: 'destroyed' }),
    );
    expect(alice.workers[0]?.isTerminated).toBe(true);
    expect(sender.transform).not.toBeNull();
  });

  test('says so where there are no transforms', () => {
    const { client } = new Person({ transform: 'streams' });
    expect(() => client.encrypt(asSender(new FakeEndpoint()))).toThrow(
      expect.objectContaining({ code: 'engine-unavailable' }),
    );
  });
});
