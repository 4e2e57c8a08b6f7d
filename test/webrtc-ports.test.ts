// Frames that go through the page: whoever is slow, no more than so many wait.

import { expect, test } from 'vitest';
import { FramePump, transformerOf } from '../src/webrtc/frame-ports.ts';
import { sleep, until } from './webrtc-fakes.ts';

const MAX = 256;

/** What createEncodedStreams gives: frames to be fed, and those that came out. */
function streams() {
  const out: number[] = [];
  let input: ReadableStreamDefaultController | undefined;
  const readable = new ReadableStream({
    start: (controller) => {
      input = controller;
    },
  });
  const writable = new WritableStream({
    write: ({ data }: { data: ArrayBuffer }) => void out.push(new Uint8Array(data)[0] as number),
  });
  const feed = (count: number) => {
    for (let i = 0; i < count; i++) input?.enqueue({ data: new Uint8Array([i]).buffer });
  };
  return { ends: { readable, writable }, feed, out, close: () => input?.close() };
}

test('a worker that takes nothing is sent so many, and told how many were lost when it goes on', async () => {
  const { ends, feed, close } = streams();
  const port = new FramePump(ends).connect();
  const posted: { id: number; lost: number }[] = [];
  port.onmessage = ({ data }) => posted.push(data);
  feed(1000);
  await until(() => posted.length === MAX);
  await sleep(50);
  expect(posted).toHaveLength(MAX);

  port.postMessage({ taken: MAX });
  await sleep(50);
  feed(2);
  await until(() => posted.length === MAX + 2);
  expect(posted.slice(-2)).toMatchObject([
    { id: MAX + 1, lost: 1000 - MAX },
    { id: MAX + 2, lost: 0 },
  ]);
  close();
});

test('a worker that takes frames and is slow with them keeps so many, and counts the others', async () => {
  const { port1, port2 } = new MessageChannel();
  const transformer = transformerOf(port2);
  let lost = 0;
  transformer.onlost = () => {
    lost++;
  };
  const taken: number[] = [];
  port1.onmessage = ({ data }) => taken.push(data.taken);
  for (let id = 1; id <= 1000; id++) port1.postMessage({ id, data: new ArrayBuffer(1), lost: 0 });
  port1.postMessage({ id: 1001, data: new ArrayBuffer(1), lost: 5 });
  await until(() => taken.at(-1) === 992);
  await sleep(20);
  expect(lost).toBe(1001 - MAX + 5);

  const reader = transformer.readable.getReader();
  for (let id = 1; id <= MAX; id++) expect((await reader.read()).value).toMatchObject({ id });
  port1.close();
});

test('frames of a pump and a worker that keep up all come back, and none is called lost', async () => {
  const { ends, feed, out, close } = streams();
  const transformer = transformerOf(new FramePump(ends).connect());
  let lost = 0;
  transformer.onlost = () => {
    lost++;
  };
  void transformer.readable.pipeTo(transformer.writable);
  for (let i = 0; i < 20; i++) {
    feed(50);
    await until(() => out.length === 50 * (i + 1));
  }
  expect(lost).toBe(0);
  close();
});
