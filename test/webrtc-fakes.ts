// A browser for clients: senders and receivers whose frames tests make, and workers that live in the same realm, behind
// message channels as real ones do.

import { expect, vi } from 'vitest';
import type { CipherSuite } from '../src/index.ts';
import { WorkerHost, type WorkerScope } from '../src/webrtc/host.ts';
import { SFrameClient, type SFrameClientEvent, type SFrameClientOptions } from '../src/webrtc.ts';

export const cipherSuite: CipherSuite = 'AES_128_GCM_SHA256_128';
export const randomKey = (): Uint8Array<ArrayBuffer> => crypto.getRandomValues(new Uint8Array(16));
export const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** Polls until something holds. */
export async function until(holds: () => unknown): Promise<void> {
  for (const start = performance.now(); !(await holds()); await sleep(2))
    if (performance.now() - start > 10_000) throw new Error('it never came to hold');
}

/** Like a Worker. What goes through it is kept: nothing secret may come out. */
export class FakeWorker extends EventTarget {
  readonly requests: { op: string; args: unknown }[] = [];
  readonly answers: unknown[] = [];
  /** What was sent to it while it hung. */
  readonly #waiting: unknown[] = [];
  #hangs = false;
  readonly #outside: MessagePort;
  readonly #inside: MessagePort;
  readonly #scope: EventTarget = new EventTarget();
  isTerminated = false;

  /** @param loads whether its file is there */
  constructor(loads = true) {
    super();
    const { port1, port2 } = new MessageChannel();
    this.#outside = port1;
    this.#inside = port2;
    if (!loads) {
      setTimeout(() => this.dispatchEvent(new Event('error')), 1);
      return;
    }
    const scope = this.#scope as EventTarget & { postMessage: unknown };
    scope.postMessage = (message: unknown, transfer: Transferable[]) => {
      if (!this.isTerminated) port2.postMessage(message, transfer);
    };
    new WorkerHost(scope as unknown as WorkerScope);
    port1.onmessage = ({ data }) => {
      this.answers.push(data);
      this.dispatchEvent(new MessageEvent('message', { data }));
    };
    port2.onmessage = ({ data }) => {
      this.requests.push(data);
      if (this.#hangs) this.#waiting.push(data);
      else if (!this.isTerminated) scope.dispatchEvent(new MessageEvent('message', { data }));
    };
  }

  /** Requests are not heard while it hangs, but when it goes on. */
  set hangs(hangs: boolean) {
    this.#hangs = hangs;
    if (hangs || this.isTerminated) return;
    for (const data of this.#waiting.splice(0))
      this.#scope.dispatchEvent(new MessageEvent('message', { data }));
  }

  postMessage(message: unknown, transfer: Transferable[] = []): void {
    this.#outside.postMessage(message, transfer);
  }

  terminate(): void {
    this.isTerminated = true;
    this.#outside.close();
    this.#inside.close();
  }

  transform(transformer: object): void {
    const event = Object.assign(new Event('rtctransform'), { transformer });
    if (!this.isTerminated) this.#scope.dispatchEvent(event);
  }
}

/** As browsers have them. */
export class FakeFrame {
  readonly type: string | undefined;
  #data: ArrayBuffer;
  readonly #metadata: object;

  constructor(bytes: Uint8Array, mimeType = 'audio/opus', type?: string, payloadType?: number) {
    this.#data = new Uint8Array(bytes).buffer;
    this.#metadata = { ...(mimeType && { mimeType }), payloadType };
    if (type !== undefined) this.type = type;
  }

  get data(): ArrayBuffer {
    return this.#data;
  }

  set data(data: ArrayBuffer) {
    this.#data = data;
  }

  getMetadata(): object {
    return this.#metadata;
  }
}

export const audio = (...bytes: number[]): FakeFrame => new FakeFrame(new Uint8Array(bytes));

/** An RTCRtpScriptTransform, with the encoder or network on one side and what comes out on the other. */
class FakeTransform {
  readonly out: FakeFrame[] = [];
  fed = 0;
  #input: ReadableStreamDefaultController | undefined;
  keyFrameRequests = 0;
  keyFrames = 0;

  constructor(worker: FakeWorker, options: unknown) {
    const readable = new ReadableStream({
      start: (controller) => {
        this.#input = controller;
      },
    });
    const writable = new WritableStream({
      write: (frame) => {
        this.out.push(frame);
      },
    });
    const sendKeyFrameRequest = async () => ++this.keyFrameRequests;
    const generateKeyFrame = async () => ++this.keyFrames;
    setTimeout(() =>
      worker.transform({
        readable,
        writable,
        options: structuredClone(options),
        sendKeyFrameRequest,
        generateKeyFrame,
      }),
    );
  }

  feed(frame: unknown): void {
    this.fed++;
    this.#input?.enqueue(frame);
  }

  end(): void {
    this.#input?.close();
  }
}

/** An RTCRtpSender, or an RTCRtpReceiver. */
export class FakeEndpoint {
  track: { kind: string; id: string } | null;
  transform: FakeTransform | null = null;
  transport: { state: string } | null = null;
  codecs: { payloadType: number; mimeType: string }[] = [];
  packetsSent = 0;
  readonly replaced: unknown[] = [];

  constructor(kind = 'audio') {
    this.track = { kind, id: crypto.randomUUID() };
  }

  getParameters(): object {
    return { codecs: this.codecs };
  }

  async getStats(): Promise<Map<string, object>> {
    return new Map([['1', { type: 'outbound-rtp', packetsSent: this.packetsSent }]]);
  }

  async replaceTrack(track: null): Promise<void> {
    this.replaced.push(track);
    this.track = track;
  }
}

export const asSender = (endpoint: FakeEndpoint): RTCRtpSender => endpoint as unknown as RTCRtpSender;
export const asReceiver = (endpoint: FakeEndpoint): RTCRtpReceiver => endpoint as unknown as RTCRtpReceiver;

/** A client with its workers and events at hand. */
export class Person {
  readonly workers: FakeWorker[] = [];
  readonly events: SFrameClientEvent[] = [];
  readonly client: SFrameClient;

  constructor(options: Partial<SFrameClientOptions> = {}) {
    const worker = () => {
      const made = new FakeWorker();
      this.workers.push(made);
      return made as unknown as Worker;
    };
    this.client = new SFrameClient({ cipherSuite, storage: null, leakPollSeconds: 0, worker, ...options });
    for (const type of [
      'active',
      'status',
      'plaintext',
      'unprotected',
      'key-expiring',
      'keys-needed',
    ] as const)
      this.client.addEventListener(type, (event) => this.events.push(event));
    people.push(this);
  }

  /** What `status` events say, as they come. */
  get statuses(): string[] {
    const all = this.events.filter(({ type }) => type === 'status');
    return all.map(({ participant, reason, kid }) => `${participant} ${reason} ${kid}`);
  }

  /** Feeds frames, and gives what comes out for them. */
  async through(endpoint: FakeEndpoint, ...frames: unknown[]): Promise<FakeFrame[]> {
    await until(() => endpoint.transform !== null);
    const transform = endpoint.transform as FakeTransform;
    const before = transform.out.length;
    const done = (await this.handled(endpoint)) + frames.length;
    for (const frame of frames) transform.feed(frame);
    await until(async () => (await this.handled(endpoint)) >= done);
    await sleep(1); // what has come out is written
    return transform.out.slice(before);
  }

  /** How many frames of an endpoint have come out, or have not. */
  async handled(endpoint: FakeEndpoint): Promise<number> {
    const { senders, receivers } = await this.client.stats();
    const track = [...senders, ...receivers].find(({ trackId }) => trackId === endpoint.track?.id);
    return Object.values(track?.dropped ?? {}).reduce((sum, n) => sum + n, track?.frames ?? 0);
  }

  /** Why frames of an endpoint were dropped, and how many. */
  async dropped(endpoint: FakeEndpoint): Promise<Record<string, number>> {
    const { senders, receivers } = await this.client.stats();
    const track = [...senders, ...receivers].find(({ trackId }) => trackId === endpoint.track?.id);
    return { ...track?.dropped };
  }
}

const people: Person[] = [];

/** Before each test. */
export function openBrowser(): void {
  vi.stubGlobal('RTCRtpScriptTransform', FakeTransform);
}

/** After each. */
export function closeBrowser(): void {
  for (const { client, workers } of people.splice(0)) {
    client.destroy();
    for (const worker of workers) worker.terminate();
  }
  vi.unstubAllGlobals();
}

export const bytesOf = ({ data }: FakeFrame): number[] => [...new Uint8Array(data)];

/** A copy, as it arrives elsewhere. */
export function arrived(frame: FakeFrame, mimeType = 'audio/opus', type?: string): FakeFrame {
  return new FakeFrame(new Uint8Array(frame.data), mimeType, type);
}

/** The code or name of what a promise rejects with. */
export function failure(promise: Promise<unknown>): Promise<string> {
  return promise.then(
    () => 'none',
    (error) => error?.code ?? error?.name ?? `${error}`,
  );
}

/** Sends frames of all kinds from alice to bob, and says what arrives. */
export async function talk(alice: Person, bob: Person): Promise<number[]> {
  const [sender, receiver] = [new FakeEndpoint('video'), new FakeEndpoint('video')];
  alice.client.encrypt(asSender(sender));
  bob.client.decrypt(asReceiver(receiver), 'alice');
  const baseKey = randomKey();
  await bob.client.addDecryptionKey('alice', baseKey, await alice.client.setEncryptionKey(baseKey));
  const lengths = [1, 50_000, 0, 3000];
  const frames = lengths.map((length) => new FakeFrame(new Uint8Array(length), 'video/VP9', 'key'));
  const sent = await alice.through(sender, ...frames);
  const again = sent.slice(0, 1);
  const received = await bob.through(
    receiver,
    ...[...sent, ...again].map((frame) => arrived(frame, 'video/VP9', 'key')),
  );
  expect(await bob.dropped(receiver)).toEqual({ replay: 1 });
  const message = await alice.client.encryptMessage(new Uint8Array([5]));
  expect(await bob.client.decryptMessage('alice', message)).toEqual(new Uint8Array([5]));
  return received.map(({ data }) => data.byteLength);
}
