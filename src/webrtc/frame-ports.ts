// Frames between page and worker where there is no RTCRtpScriptTransform. What createEncodedStreams gives can be had once
// and stays on the page, which hands its frames to whichever worker there is: workers die, and clients come and go. Frames
// cross the page's thread, so they wait while that is busy.

import type { Transformer } from './track.ts';

/** The two ends of a sender or receiver. */
export interface EncodedStreams {
  readonly readable: ReadableStream;
  readonly writable: WritableStream;
}

/** The page's end: all frames of a sender or receiver go to one port, and come back from it, or are dropped. */
export class FramePump {
  readonly #writer: WritableStreamDefaultWriter;
  #port: MessagePort | undefined;

  constructor({ readable, writable }: EncodedStreams) {
    this.#writer = writable.getWriter();
    this.#run(readable.getReader());
  }

  /** A port for another worker. The one before gets nothing any more, and nothing of its is taken. */
  connect(): MessagePort {
    this.#port?.close();
    const { port1, port2 } = new MessageChannel();
    this.#port = port1;
    port1.onmessage = ({ data }) => {
      if (this.#port === port1) this.#writer.write(data).catch(() => {});
    };
    return port2;
  }

  async #run(reader: ReadableStreamDefaultReader): Promise<void> {
    try {
      for (let next = await reader.read(); !next.done; next = await reader.read())
        this.#port?.postMessage(next.value);
    } catch {
      // The track has ended, and with it the port.
    }
    this.#port?.close();
  }
}

/** The worker's end, like what RTCRtpScriptTransform brings. */
export function transformerOf(port: MessagePort): Transformer {
  const readable = new ReadableStream({
    start: (controller) => {
      port.onmessage = ({ data }) => controller.enqueue(data);
    },
  });
  const writable = new WritableStream({ write: (frame) => port.postMessage(frame) });
  return { readable, writable };
}
