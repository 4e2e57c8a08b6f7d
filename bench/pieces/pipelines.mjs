// Frames through whole pipelines: sealing alone, and end to end, sealed and opened. Only what comes out counts.

import { pipelines as all } from '../pipelines/index.mjs';
import { pause, race } from '../timing.mjs';

/** @typedef {import('../pipelines/index.mjs').Frame} Frame */
/** @typedef {import('../pipelines/index.mjs').Pipeline} Pipeline */

/** Frames put in before the last of them is waited for. */
const BURST = 16;

const metadata = { synchronizationSource: 1, payloadType: 96, mimeType: 'video/VP8' };
const getMetadata = () => metadata;

/** @param {{ route: 'seal' | 'both', sizes: number[], effort: import('../timing.mjs').Effort }} plan */
export async function pipelines({ route, sizes, effort }) {
  const contestants = await all();
  const measured = [];
  for (const size of sizes) {
    const plaintext = Uint8Array.from({ length: size }, (_, i) => i * 7).buffer;
    const tasks = [];
    const lines = [];
    for (const pipeline of contestants) {
      await crossCheck(pipeline, plaintext);
      const line = await lay(pipeline, route);
      lines.push(line);
      tasks.push({
        id: pipeline.id,
        name: pipeline.name,
        once: () => line.send(plaintext, BURST),
      });
    }
    const rows = await race(tasks, effort);
    for (const row of rows) {
      row.p50 /= BURST; // one `once` was so many frames
      row.p99 /= BURST;
    }
    measured.push({ size, [route]: rows });
    for (const line of lines) line.close();
    await pause(0); // for closing, which is not to be measured
  }
  return measured;
}

/** Lays a pipeline between a source and a sink of ours. @param {Pipeline} pipeline @param {'seal' | 'both'} route */
async function lay(pipeline, route) {
  /** @type {ReadableStreamDefaultController<Frame> | undefined} */
  let source;
  /** @type {ReadableStream<Frame>} */
  const readable = new ReadableStream({
    start(controller) {
      source = controller;
    },
  });
  let missing = 0;
  let timestamp = 0;
  /** @type {Frame | undefined} */
  let last;
  let arrived = () => {};
  /** @type {WritableStream<Frame>} */
  const writable = new WritableStream({
    write(frame) {
      last = frame;
      if (--missing === 0) arrived();
    },
  });
  /** @type {((() => void) | void)[]} */
  const leave = [];
  if (route === 'seal') leave.push(await pipeline.encode(readable, writable));
  else {
    /** @type {TransformStream<Frame, Frame>} */
    const wire = new TransformStream();
    leave.push(
      await pipeline.encode(readable, wire.writable),
      await pipeline.decode(wire.readable, writable),
    );
  }
  return {
    /** The last of so many frames, when it has arrived. @param {ArrayBuffer} data @param {number} count */
    async send(data, count) {
      missing = count;
      const all = new Promise((resolve) => {
        arrived = () => resolve(undefined);
      });
      for (let n = 0; n < count; n++) {
        timestamp += 3000;
        source?.enqueue({ data, timestamp, type: 'delta', getMetadata });
      }
      await all;
      return /** @type {Frame} */ (last);
    },
    close() {
      for (const tell of leave) tell?.();
      source?.close();
    },
  };
}

/** Opened frames are the ones sealed, and sealed ones are others. @param {Pipeline} pipeline @param {ArrayBuffer} plaintext */
async function crossCheck(pipeline, plaintext) {
  const expected = hex(plaintext);
  for (const route of /** @type {const} */ (['seal', 'both'])) {
    const line = await lay(pipeline, route);
    const changed = hex((await line.send(plaintext, 3)).data) !== expected;
    line.close();
    if (changed !== (route === 'seal' && pipeline.id !== 'identity'))
      throw new Error(`${pipeline.name}: not what should come out (${route})`);
  }
}

/** @param {ArrayBuffer} buffer */
function hex(buffer) {
  return Array.from(new Uint8Array(buffer), (byte) => byte.toString(16)).join();
}
