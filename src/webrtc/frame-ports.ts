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
  /** How many before it were not sent. */
  readonly lost?: number;
}

/** How far a worker has come. */
interface Taken {
  readonly taken: number;
}

/** An encoded frame, as browsers have it. */
interface EncodedFrame {
  data: ArrayBuffer;
  readonly type?: string;
  getMetadata?(): object;
}

/** Frames that may be in the worker at a time; those that it drops are among them until a later one comes back. */
const MAX_AWAY = 256;
/** After how many frames a worker says how far it has come. */
const SAY_EVERY = 32;

/** The page's end: all frames of a sender or receiver go to one port, and come back from it, or are dropped. */
export class FramePump {
  readonly #writer: WritableStreamDefaultWriter;
  /** The frames in the worker, the oldest first. */
  readonly #away: Map<number, EncodedFrame> = new Map();
  #lastId = 0;
  /** The last frame that the worker is known to have taken. */
  #taken = 0;
  /** How many were not sent since the last that was. */
  #lost = 0;
  #port: MessagePort | undefined;

  constructor({ readable, writable }: EncodedStreams) {
    this.#writer = writable.getWriter();
    this.#run(readable.getReader());
  }

  /** A port for another worker. The one before gets nothing any more, and nothing of its is taken. */
  connect(): MessagePort {
    this.#port?.close();
    this.#away.clear();
    this.#taken = this.#lastId;
    const { port1, port2 } = new MessageChannel();
    this.#port = port1;
    port1.onmessage = ({ data }: MessageEvent<Crossing | Taken>) => {
      if (this.#port !== port1) return;
      if ('taken' in data) this.#taken = data.taken;
      else this.#return(data);
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
    if (this.#lastId - this.#taken >= MAX_AWAY) {
      this.#lost += 1; // the worker is busy: nothing is to pile up there
      return;
    }
    this.#lastId += 1;
    this.#away.set(this.#lastId, frame);
    for (const oldest of this.#away.keys()) {
      if (this.#away.size <= MAX_AWAY) break;
      this.#away.delete(oldest);
    }
    const { data, type } = frame;
    const metadata = frame.getMetadata?.();
    const crossing: Crossing = { id: this.#lastId, data, type, metadata, lost: this.#lost };
    this.#lost = 0;
    this.#port.postMessage(crossing);
  }
}

/** The worker's end, like what RTCRtpScriptTransform brings. */
export function transformerOf(port: MessagePort): Transformer {
  const start = (controller: ReadableStreamDefaultController) => {
    port.onmessage = ({ data: { id, data, type, metadata, lost = 0 } }: MessageEvent<Crossing>) => {
      for (let i = 0; i < lost; i++) transformer.onlost?.();
      if ((controller.desiredSize as number) > 0)
        controller.enqueue({ id, data, type, getMetadata: () => metadata });
      else transformer.onlost?.();
      const progress: Taken = { taken: id };
      if (id % SAY_EVERY === 0) port.postMessage(progress);
    };
  };
  const write = ({ id, data }: Crossing) => {
    const crossing: Crossing = { id, data };
    port.postMessage(crossing, [data]);
  };
  const transformer: Transformer = {
    readable: new ReadableStream({ start }, { highWaterMark: MAX_AWAY }),
    writable: new WritableStream({ write }),
  };
  return transformer;
}
