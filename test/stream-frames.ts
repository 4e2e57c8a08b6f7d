// What tests write into streams of frames, and what they read from them.

import { type CipherSuite, decodeHeader } from '../src/index.ts';
import { SFrameDecryptorStream, SFrameEncryptorStream } from '../src/stream.ts';
import { noise } from './lengths.ts';

export const cipherSuite: CipherSuite = 'AES_128_GCM_SHA256_128';
let seed = 1;
/** A base key that no other test has. */
export const freshKey = (): Uint8Array<ArrayBuffer> => crypto.getRandomValues(noise(16, seed++));

export const hkdfKey = (bytes: Uint8Array<ArrayBuffer>): Promise<CryptoKey> =>
  crypto.subtle.importKey('raw', bytes, 'HKDF', false, ['deriveBits']);

/** As browsers have them, with an accessor. */
export class VideoFrame {
  readonly type = 'key';
  readonly timestamp = 90_000;
  #data: ArrayBuffer;

  constructor(bytes: Uint8Array) {
    this.#data = new Uint8Array(bytes).buffer;
  }

  get data(): ArrayBuffer {
    return this.#data;
  }

  set data(data: ArrayBuffer) {
    this.#data = data;
  }

  getMetadata(): { mimeType: string } {
    return { mimeType: 'video/VP8' };
  }
}

type Stream = SFrameEncryptorStream | SFrameDecryptorStream;

/** Writes all, closes the stream, and reads all that comes out. */
export async function through(stream: Stream, chunks: readonly unknown[]): Promise<unknown[]> {
  const writing = (async () => {
    const writer = stream.writable.getWriter();
    for (const chunk of chunks) await writer.write(chunk);
    await writer.close();
  })();
  const all = await readAll(stream);
  await writing;
  return all;
}

/** All that comes out until the stream is closed. */
export async function readAll(stream: Stream): Promise<unknown[]> {
  const all: unknown[] = [];
  const reader = stream.readable.getReader();
  for (let next = await reader.read(); !next.done; next = await reader.read()) all.push(next.value);
  return all;
}

/** A stream with its ends at hand: a chunk in, what comes of it out. */
export class Line<Kind extends Stream = Stream> {
  readonly stream: Kind;
  readonly writer: WritableStreamDefaultWriter;
  readonly reader: ReadableStreamDefaultReader;

  constructor(stream: Kind) {
    this.stream = stream;
    this.writer = stream.writable.getWriter();
    this.reader = stream.readable.getReader();
  }

  /** One that comes out. */
  readonly pass = async (chunk: unknown): Promise<Uint8Array<ArrayBuffer>> => {
    const reading = this.reader.read();
    await this.writer.write(chunk);
    return (await reading).value as Uint8Array<ArrayBuffer>;
  };

  /** One that does not. */
  readonly lose = (chunk: unknown): Promise<void> => this.writer.write(chunk);
}

/** An encryptor stream with a key. */
export async function sender(
  baseKey: Uint8Array | CryptoKey,
  kid: number | bigint,
  options: Partial<ConstructorParameters<typeof SFrameEncryptorStream>[0]> = {},
): Promise<Line<SFrameEncryptorStream>> {
  const stream = new SFrameEncryptorStream({ cipherSuite, ...options });
  await stream.setEncryptionKey(baseKey, kid);
  return new Line(stream);
}

/** A decryptor stream with a key. */
export async function receiver(
  baseKey: Uint8Array | CryptoKey,
  kid: number | bigint,
  options: Partial<ConstructorParameters<typeof SFrameDecryptorStream>[0]> = {},
): Promise<Line<SFrameDecryptorStream>> {
  const stream = new SFrameDecryptorStream({ cipherSuite, ...options });
  await stream.addDecryptionKey(baseKey, kid);
  return new Line(stream);
}

export const ctrOf = (ciphertext: Uint8Array): bigint => decodeHeader(ciphertext).ctr;

/** What a stream's `error` events say, as they come. */
export function errorsOf(stream: SFrameDecryptorStream): string[] {
  const errors: string[] = [];
  stream.addEventListener('error', ({ errorType, keyID }) => errors.push(`${errorType} ${keyID}`));
  return errors;
}

/** The code or name of what a promise rejects with. */
export function failure(promise: Promise<unknown>): Promise<string> {
  return promise.then(
    () => 'none',
    (error) => error?.code ?? error?.name ?? `${error}`,
  );
}
