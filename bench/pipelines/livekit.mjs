// LiveKit's E2EE worker from npm, unmodified. It is a program for a worker of its own: it takes messages through the
// global `onmessage` and answers through the global `postMessage`. Here it runs in the realm that measures, in Node as
// in Chromium, and gets from us the messages that its client library sends where frames come as streams
// (createEncodedStreams): init, setKey, enable, encode, decode.

import { baseKey } from '../sframe.mjs';

/** @typedef {import('./index.mjs').Pipeline} Pipeline */

const me = 'me';
const keyProviderOptions = {
  sharedKey: false,
  ratchetSalt: 'LKFrameEncryptionKey',
  ratchetWindowSize: 0,
  failureTolerance: 10,
  keyringSize: 16,
  keySize: 128,
};

/** Loads the worker's program. @returns sends it a message; the promise: its answer, where it gives one */
async function loadWorker() {
  const scope = /** @type {Record<string, any>} */ (globalThis);
  /** @type {((message: { kind: string, data: any }) => void)[]} */
  const waiting = [];
  scope['self'] ??= scope; // Node has none
  scope['onmessage'] ??= null; // a module cannot assign what does not exist
  scope['postMessage'] = (/** @type {{ kind: string, data: any }} */ message) => {
    if (message.kind === 'error') {
      queueMicrotask(() => {
        throw message.data.error; // where nothing of theirs catches it: the frame is lost, so the run is
      });
    }
    if (message.kind === 'enable' || message.kind === 'initAck') waiting.shift()?.(message);
  };
  await import('../node_modules/livekit-client/dist/livekit-client.e2ee.worker.mjs');
  const receive = scope['onmessage'];
  scope['onmessage'] = null;
  return {
    /** @param {string} kind @param {object} data */
    tell: (kind, data) => receive({ data: { kind, data } }),
    /** @param {string} kind @param {object} data */
    ask(kind, data) {
      const answer = new Promise((resolve) => waiting.push(resolve));
      receive({ data: { kind, data } });
      return answer;
    },
  };
}

/** VP8, of which it leaves 3 bytes clear in a delta frame. @returns {Promise<Pipeline>} */
export async function liveKit() {
  const worker = await loadWorker();
  await worker.ask('init', { keyProviderOptions, loglevel: 'silent' });
  const key = await crypto.subtle.importKey('raw', baseKey, 'HKDF', false, ['deriveBits', 'deriveKey']);
  worker.tell('setKey', {
    participantIdentity: me,
    isPublisher: true,
    key,
    keyIndex: 0,
    updateCurrentKeyIndex: true,
  });
  let tracks = 0;
  /** @param {string} kind @returns {Pipeline['encode']} */
  const connect = (kind) => async (readableStream, writableStream) => {
    const trackId = `track-${tracks++}`;
    worker.tell(kind, {
      participantIdentity: me,
      readableStream,
      writableStream,
      trackId,
      codec: 'vp8',
      hasPacketTrailer: false,
    });
    await worker.ask('enable', { enabled: true, participantIdentity: me }); // answered last
    return () => worker.tell('removeTransform', { participantIdentity: me, trackId });
  };
  return { id: 'livekit', name: "LiveKit's worker", encode: connect('encode'), decode: connect('decode') };
}
