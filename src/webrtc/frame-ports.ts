// Frames between page and worker where there is no RTCRtpScriptTransform. What createEncodedStreams gives can be had once
// and stays on the page, which hands its frames to whichever worker there is: workers die, and clients come and go. Frames
// cross the page's thread, so they wait while that is busy.

import type { Transformer } from './track.ts';

/** The two ends of a sender or receiver. */
export interface EncodedStreams {
  readonly readable: ReadableStream;
  readonly writable: WritableStream;
}

/** What crosses: a copied frame is not taken for the one that it was copied of, so those stay where they are. */
interface Crossing {
  readonly id: number;
  readonly data: ArrayBuffer;
  readonly type?: string | undefined;
  readonly metadata?: object | undefined;
}

/** An encoded frame, as browsers have it. */
interface EncodedFrame {
  data: ArrayBuffer;
  readonly type?: string;
  getMetadata?(): object;
}

/** Frames that may be in the worker at a time; those that it drops are among them until a later one comes back. */
const MAX_AWAY = 256;

/** The page's end: all frames of a sender or receiver go to one port, and come back from it, or are dropped. */
export class FramePump {
  readonly #writer: WritableStreamDefaultWriter;
  /** The frames in the worker, the oldest first. */
  readonly #away: Map<number, EncodedFrame> = new Map();
  #lastId = 0;
  #port: MessagePort | undefined;

  constructor({ readable, writable }: EncodedStreams) {
    this.#writer = writable.getWriter();
    this.#run(readable.getReader());
  }

  /** A port for another worker. The one before gets nothing any more, and nothing of its is taken. */
  connect(): MessagePort {
    this.#port?.close();
    this.#away.clear();
    const { port1, port2 } = new MessageChannel();
    this.#port = port1;
    port1.onmessage = ({ data }: MessageEvent<Crossing>) => {
      if (this.#port === port1) this.#return(data);
    };
    return port2;
  }

  #return({ id, data }: Crossing): void {
    const frame = this.#away.get(id);
    if (frame === undefined) return;
    for (const earlier of this.#away.keys()) {
      if (earlier > id) break;
      this.#away.delete(earlier);
    }
    frame.data = data;
    this.#writer.write(frame).catch(() => {});
  }

  async #run(reader: ReadableStreamDefaultReader<EncodedFrame>): Promise<void> {
    try {
      for (let next = await reader.read(); !next.done; next = await reader.read()) this.#send(next.value);
    } catch {
      // The track has ended, and with it the port.
    }
    this.#port?.close();
  }

  #send(frame: EncodedFrame): void {
    if (this.#port === undefined) return;
    this.#lastId += 1;
    this.#away.set(this.#lastId, frame);
    for (const oldest of this.#away.keys()) {
      if (this.#away.size <= MAX_AWAY) break;
      this.#away.delete(oldest);
    }
    const { data, type } = frame;
    const crossing: Crossing = { id: this.#lastId, data, type, metadata: frame.getMetadata?.() };
    this.#port.postMessage(crossing);
  }
}

/** The worker's end, like what RTCRtpScriptTransform brings. */
export function transformerOf(port: MessagePort): Transformer {
  const readable = new ReadableStream({
    start: (controller) => {
      port.onmessage = ({ data: { id, data, type, metadata } }: MessageEvent<Crossing>) =>
        controller.enqueue({ id, data, type, getMetadata: () => metadata });
    },
  });
  const writable = new WritableStream({
    write: ({ id, data }: Crossing) => {
      const crossing: Crossing = { id, data };
      port.postMessage(crossing, [data]);
    },
  });
  return { readable, writable };
}
