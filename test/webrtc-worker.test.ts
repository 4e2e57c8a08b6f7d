// Workers that do not start, hang, die, are shared, or have no WebAssembly; and senders that leak.

import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { LeakGuard } from '../src/webrtc/leak-guard.ts';
import { countRtp, type RtpCounts } from '../src/webrtc/rtp-counts.ts';
import { StallGuard } from '../src/webrtc/stall-guard.ts';
import { SFrameClient } from '../src/webrtc.ts';
import {
  asReceiver,
  asSender,
  audio,
  bytesOf,
  cipherSuite,
  closeBrowser,
  FakeEndpoint,
  FakeFrame,
  FakeWorker,
  failure,
  openBrowser,
  Person,
  randomKey,
  sleep,
  talk,
  until,
} from './webrtc-fakes.ts';

beforeEach(openBrowser);
afterEach(() => {
  vi.useRealTimers();
  closeBrowser();
});

describe('a worker', () => {
  test('that cannot be loaded is named, and everything that waits for it rejects', async () => {
    class LostWorker extends FakeWorker {
      constructor(_url: string) {
        super(false);
      }
    }
    vi.stubGlobal('Worker', LostWorker);
    const client = new SFrameClient({ cipherSuite, worker: () => new Worker('/no-such-worker.js') });
    expect(globalThis.Worker).toBe(LostWorker);
    const failed = vi.fn();
    client.addEventListener('worker-failed', failed);
    await expect(client.setEncryptionKey(randomKey())).rejects.toMatchObject({
      code: 'worker-failed',
      message: expect.stringContaining('/no-such-worker.js'),
    });
    expect(failed).toHaveBeenCalledOnce();
    expect(await failure(client.stats())).toBe('worker-failed');
    const sender = new FakeEndpoint();
    client.encrypt(asSender(sender));
    expect(sender.transform, 'so that nothing leaves').not.toBeNull();
    client.destroy();
  });

  test('that never answers has failed within five seconds', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'setInterval', 'clearTimeout', 'clearInterval'] });
    const worker = new FakeWorker();
    worker.hangs = true;
    const client = new SFrameClient({ cipherSuite, worker: () => worker as unknown as Worker });
    const waiting = failure(client.addDecryptionKey('bob', randomKey(), 1));
    vi.advanceTimersByTime(5000);
    expect(await waiting).toBe('worker-failed');
    client.destroy();
    worker.terminate();
  });

  test('that cannot be made is an error of all calls, also where there are no workers at all', async () => {
    vi.stubGlobal('Worker', undefined);
    const client = new SFrameClient({ cipherSuite });
    expect(await failure(client.setEncryptionKey(randomKey()))).toBe('worker-failed');
    expect(() => client.encrypt(asSender(new FakeEndpoint()))).toThrow(
      expect.objectContaining({ code: 'worker-failed' }),
    );
    client.destroy();
  });

  test('that hangs is replaced', async () => {
    const { client, workers } = new Person({ heartbeatSeconds: 0.01 });
    await client.stats();
    workers[0]!.hangs = true;
    const waiting = failure(client.stats());
    await until(() => workers.length === 2);
    expect(await waiting).toBe('worker-failed');
    expect(workers[0]?.isTerminated).toBe(true);
    expect((await client.stats()).workerRestarts).toBe(1);
  });

  test('that dies again and again is given up', async () => {
    const { client, workers } = new Person({ heartbeatSeconds: 0.01 });
    const failed = vi.fn();
    client.addEventListener('worker-failed', failed);
    client.addEventListener('keys-needed', () => kill());
    const kill = async () => {
      await client.stats();
      workers.at(-1)?.terminate();
    };
    await kill();
    await until(() => failed.mock.calls.length > 0);
    expect(workers).toHaveLength(6);
  });

  test('that is only busy is not', async () => {
    const { client, workers } = new Person({ heartbeatSeconds: 0.02 });
    await client.stats();
    workers[0]!.hangs = true;
    await sleep(60);
    workers[0]!.hangs = false;
    await sleep(200);
    await client.stats();
    expect(workers).toHaveLength(1);
  });

  test('of the application that dies is not replaced', async () => {
    const worker = new FakeWorker();
    const { client, events } = new Person({ worker: worker as unknown as Worker, heartbeatSeconds: 0.01 });
    const failed = vi.fn();
    client.addEventListener('worker-failed', failed);
    await client.stats();
    worker.terminate();
    await until(() => failed.mock.calls.length > 0);
    expect(await failure(client.setEncryptionKey(randomKey()))).toBe('worker-failed');
    expect(events).toEqual([]);
  });

  test('that is given up and wakes up sends nothing, and has no keys', async () => {
    const worker = new FakeWorker();
    const alice = new Person({ worker: worker as unknown as Worker, heartbeatSeconds: 0.01 });
    const sender = new FakeEndpoint();
    alice.client.encrypt(asSender(sender));
    await alice.client.setEncryptionKey(randomKey());
    expect(await alice.through(sender, audio(1))).toHaveLength(1);
    const failed = vi.fn();
    alice.client.addEventListener('worker-failed', failed);
    worker.hangs = true;
    await until(() => failed.mock.calls.length > 0);
    worker.hangs = false;
    await until(() => worker.requests.at(-1)?.op === 'destroy');
    const before = sender.transform!.out.length;
    sender.transform!.feed(audio(2));
    await sleep(20);
    expect(sender.transform!.out).toHaveLength(before);
    worker.terminate();
  });

  test('may serve several clients, and the application', async () => {
    const worker = new FakeWorker();
    const shared = { worker: worker as unknown as Worker };
    const [alice, bob] = [new Person(shared), new Person(shared)];
    worker.postMessage('something of the application');
    worker.transform({
      readable: new ReadableStream(),
      writable: new WritableStream(),
      options: { mine: true },
    });
    expect(await talk(alice, bob)).toEqual([1, 50_000, 0, 3000]);
    alice.client.destroy();
    expect(worker.isTerminated, "it is the application's").toBe(false);
    expect(await failure(bob.client.stats())).toBe('none');
    worker.terminate();
  });

  test('drops the frames of a client that has gone', async () => {
    const worker = new FakeWorker();
    const alice = new Person({ worker: worker as unknown as Worker });
    const sender = new FakeEndpoint();
    alice.client.encrypt(asSender(sender));
    await alice.client.setEncryptionKey(randomKey());
    await alice.through(sender, audio(1));
    alice.client.destroy();
    await sleep(5);
    sender.transform?.feed(audio(2));
    await sleep(20);
    expect(sender.transform?.out).toHaveLength(1);
    worker.terminate();
  });

  test('ends a track without a word when the browser does', async () => {
    const alice = new Person();
    const sender = new FakeEndpoint();
    alice.client.encrypt(asSender(sender));
    await alice.client.setEncryptionKey(randomKey());
    await alice.through(sender, audio(1));
    sender.transform?.end();
    await sleep(10);
    expect(alice.statuses).toEqual([]);
  });
});

describe('without WebAssembly', () => {
  test('WebCrypto does it if it is asked to', async () => {
    const options = { engine: 'webcrypto' } as const;
    const [alice, bob] = [new Person(options), new Person(options)];
    expect(await talk(alice, bob)).toEqual([1, 50_000, 0, 3000]);
    expect((await alice.client.stats()).engine).toBe('webcrypto');
  });
});

describe('without RTCRtpScriptTransform', () => {
  /** A sender or receiver with createEncodedStreams, which works once. */
  class OldEndpoint extends FakeEndpoint {
    readonly out: FakeFrame[] = [];
    #input: ReadableStreamDefaultController | undefined;
    #isCreated = false;

    createEncodedStreams() {
      if (this.#isCreated) throw new DOMException('too late', 'InvalidStateError');
      this.#isCreated = true;
      const start = (controller: ReadableStreamDefaultController) => {
        this.#input = controller;
      };
      const write = (frame: { data: ArrayBuffer }) => {
        this.out.push(new FakeFrame(new Uint8Array(frame.data)));
      };
      return { readable: new ReadableStream({ start }), writable: new WritableStream({ write }) };
    }

    feed(...frames: FakeFrame[]): void {
      // What structured cloning leaves of a fake; browsers clone theirs.
      for (const { data } of frames) this.#input?.enqueue({ data });
    }

    end(): void {
      this.#input?.close();
    }
  }

  const options = { transform: 'streams', mode: 'packetization-raw', heartbeatSeconds: 0.01 } as const;

  test('frames go through the page, also to another worker, and to another client', async () => {
    const [alice, bob] = [new Person(options), new Person(options)];
    const [sender, receiver] = [new OldEndpoint(), new OldEndpoint()];
    alice.client.encrypt(asSender(sender));
    alice.client.encrypt(asSender(sender));
    bob.client.decrypt(asReceiver(receiver), 'alice');
    const baseKey = randomKey();
    await bob.client.addDecryptionKey('alice', baseKey, await alice.client.setEncryptionKey(baseKey));
    const pass = async (frame: FakeFrame, by: Person) => {
      const [before, decrypted] = [sender.out.length, receiver.out.length];
      sender.feed(frame);
      await until(() => sender.out.length > before);
      expect(await by.handled(sender)).toBeGreaterThan(0);
      receiver.feed(...sender.out.slice(before));
      await until(() => receiver.out.length > decrypted);
      return bytesOf(receiver.out.at(-1)!);
    };
    expect(await pass(audio(1), alice)).toEqual([1]);

    alice.workers[0]?.terminate();
    await until(() => alice.workers.length === 2);
    sender.feed(audio(2));
    await until(async () => (await alice.dropped(sender))['no-key'] === 1);
    await bob.client.addDecryptionKey('alice', baseKey, await alice.client.setEncryptionKey(baseKey));
    expect(await pass(audio(3), alice)).toEqual([3]);

    const again = new Person(options);
    again.client.encrypt(asSender(sender));
    await bob.client.addDecryptionKey('alice', baseKey, await again.client.setEncryptionKey(baseKey));
    expect(await pass(audio(4), again)).toEqual([4]);
    sender.end();
  });
});

describe('a sender that leaks', () => {
  /** Polls go on by themselves; packets are sent between. */
  async function watch({ packets, frames }: { packets: number[]; frames: number[] }) {
    const alice = new Person({ leakPollSeconds: 0.03 });
    const sender = new FakeEndpoint();
    alice.client.encrypt(asSender(sender));
    await alice.client.setEncryptionKey(randomKey());
    await alice.client.stats();
    let polls = 0;
    const getStats = sender.getStats.bind(sender);
    sender.getStats = async () => {
      sender.packetsSent += packets[polls] ?? 0;
      const stats = await getStats();
      for (let i = 0; i < (frames[polls] ?? 0); i++) sender.transform?.feed(audio(i));
      polls++;
      return stats;
    };
    await until(() => polls > packets.length);
    return { alice, sender };
  }

  const unprotected = ({ events }: Person) => events.filter(({ type }) => type === 'unprotected');

  test('is emptied, and its track is handed back', async () => {
    const { alice, sender } = await watch({ packets: [5, 5, 5, 0, 0], frames: [0, 0, 0, 0, 0] });
    expect(sender.replaced).toEqual([null]);
    expect(unprotected(alice)).toMatchObject([{ sender, track: { kind: 'audio' } }]);
  });

  test('is not one whose frames are written', async () => {
    const { alice, sender } = await watch({ packets: [5, 5, 5, 5, 5], frames: [1, 1, 1, 1, 1] });
    expect(sender.replaced).toEqual([]);
    expect(unprotected(alice)).toEqual([]);
  });

  test('is not one that sends the rest of what was written, or starts to count anew', async () => {
    const { alice, sender } = await watch({ packets: [50, 5, -40, 5, 0, 5], frames: [1, 0, 0, 0, 0, 0] });
    expect(sender.replaced).toEqual([]);
    expect(unprotected(alice)).toEqual([]);
  });

  test('since its transform was taken away is emptied at once, and a receiver gets it back', async () => {
    const alice = new Person({ leakPollSeconds: 1 });
    const [sender, receiver, plain] = [new FakeEndpoint(), new FakeEndpoint(), new FakeEndpoint()];
    alice.client.encrypt(asSender(sender));
    alice.client.decrypt(asReceiver(receiver), 'bob');
    alice.client.passthrough(asSender(plain));
    for (const endpoint of [sender, receiver, plain]) endpoint.transform = null;
    await until(() => unprotected(alice).length === 2);
    expect(unprotected(alice)).toMatchObject([
      { sender, track: { kind: 'audio' } },
      { receiver, participant: 'bob' },
    ]);
    expect([sender.transform, receiver.transform]).not.toContain(null);
    expect([sender.replaced, receiver.replaced, plain.transform]).toEqual([[null], [], null]);
    await sleep(150);
    expect(unprotected(alice)).toHaveLength(2);
  });

  test('is not one of video that encodes nothing: that is padding', async () => {
    const guard = new LeakGuard();
    let [packetsSent, framesEncoded, retransmittedPacketsSent] = [0, 0, 0];
    const sender = new FakeEndpoint();
    sender.getStats = async () =>
      new Map([['1', { type: 'outbound-rtp', packetsSent, framesEncoded, retransmittedPacketsSent }]]);
    const poll = async (packets: number, frames: number, repeated = 0) => {
      packetsSent += packets;
      framesEncoded += frames;
      retransmittedPacketsSent += repeated;
      const counts = await countRtp(asSender(sender), 1000);
      return guard.isLeaking(sender, counts as RtpCounts, 0);
    };
    for (let i = 0; i < 4; i++) expect(await poll(5, 0)).toBe(false);
    for (let i = 0; i < 4; i++) expect(await poll(5, 1, 5)).toBe(false);
    expect([await poll(5, 1), await poll(5, 1), await poll(5, 1)]).toEqual([false, true, false]);
  });

  test('is not one that was named', async () => {
    const alice = new Person({ leakPollSeconds: 0.01 });
    const sender = new FakeEndpoint();
    alice.client.passthrough(asSender(sender));
    for (let i = 0; i < 10; i++) {
      sender.packetsSent += 5;
      await sleep(10);
    }
    expect(sender.replaced).toEqual([]);
  });

  test('is found though the worker is gone', async () => {
    const alice = new Person({ leakPollSeconds: 0.01, heartbeatSeconds: 10 });
    const sender = new FakeEndpoint();
    alice.client.encrypt(asSender(sender));
    await alice.client.stats();
    alice.client.addEventListener('unprotected', () => {});
    const worker = new FakeWorker(false);
    const lost = new SFrameClient({
      cipherSuite,
      leakPollSeconds: 0.01,
      worker: worker as unknown as Worker,
    });
    const other = new FakeEndpoint();
    lost.encrypt(asSender(other));
    await expect(lost.stats()).rejects.toMatchObject({ code: 'worker-failed' });
    await until(() => {
      other.packetsSent += 5;
      return other.replaced.length > 0;
    });
    lost.destroy();
  });
});

describe('a transform that no frames come to', () => {
  /** A call whose encoder works, or whose network brings something. */
  async function call(role: 'send' | 'receive', report: () => object) {
    const alice = new Person({ leakPollSeconds: 1 });
    const endpoint = new FakeEndpoint();
    endpoint.transport = { state: 'connected' };
    endpoint.getStats = async () => new Map([['1', report()]]);
    if (role === 'send') alice.client.encrypt(asSender(endpoint));
    else alice.client.decrypt(asReceiver(endpoint), 'bob');
    await alice.client.stats();
    return { endpoint, first: endpoint.transform };
  }

  let count = 0;
  test.each([
    ['of a video sender', 'send', () => ({ type: 'outbound-rtp', framesEncoded: ++count })],
    ['of an audio sender', 'send', () => ({ type: 'media-source', totalSamplesDuration: ++count })],
    ['of a receiver', 'receive', () => ({ type: 'inbound-rtp', packetsReceived: ++count })],
  ] as const)('%s is replaced, until some come', async (_, role, report) => {
    const { endpoint, first } = await call(role, report);
    await until(() => endpoint.transform !== first);
    const second = endpoint.transform;
    await until(() => endpoint.transform !== second);
    const third = endpoint.transform;
    for (let i = 0; i < 12; i++) {
      endpoint.transform?.feed(audio(i));
      await sleep(125);
    }
    expect(endpoint.transform).toBe(third);
  });

  test.each([
    ['encodes nothing', () => ({ type: 'outbound-rtp', framesEncoded: 5 }), 'connected'],
    ['is not connected', () => ({ type: 'media-source', totalSamplesDuration: ++count }), 'new'],
  ] as const)('stays if its sender %s', async (_, report, state) => {
    const { endpoint, first } = await call('send', report);
    endpoint.transport = { state };
    await sleep(1000);
    expect(endpoint.transform).toBe(first);
  });

  test('is replaced more and more rarely', () => {
    const guard = new StallGuard();
    const endpoint = {};
    const times: number[] = [];
    for (let now = 0; now < 300_000; now += 250) {
      const counts = { sent: 0, encoded: now, recorded: 0, received: 0 };
      if (guard.isStalled(endpoint, counts, 7, now)) times.push(now);
    }
    const pauses = times.slice(1).map((time, i) => time - (times[i] as number));
    expect(pauses).toEqual([500, 1000, 2000, 4000, 8000, 16_000, 32_000, 60_000, 60_000, 60_000]);
  });

  test('is not looked for where stats never come', async () => {
    const { endpoint, first } = await call('send', () => ({ type: 'outbound-rtp', framesEncoded: ++count }));
    let asked = 0;
    endpoint.getStats = () => {
      asked++;
      return new Promise(() => {});
    };
    await until(() => asked > 1); // the polls go on
    expect(endpoint.transform).toBe(first);
  });
});
