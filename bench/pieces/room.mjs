// A room in one thread: we send, N participants are received, everybody with audio at 50 fps and video at 30 fps,
// every participant with a key and a replay window of his own. Media goes by in ticks of 20 ms: the frames that arrive
// in one are made, in a random order, then played as fast as it goes. The time that the ticks of a second take
// is the share of one core. In every other second each frame is timed, for the p99.

import { SFrameDecryptor, SFrameEncryptor } from '../../dist/index.js';
import { deriveKeySalt, nonceFor, readHeader, suiteNames } from '../sframe.mjs';
import { pause, quantile } from '../timing.mjs';
import { wasmBytes } from '../wasm-memory.mjs';

/** @typedef {Uint8Array<ArrayBuffer>} Bytes */

const cipherSuite = /** @type {import('../sframe.mjs').CipherSuite} */ (suiteNames[4]);
const audio = new Uint8Array(100).fill(1);
const video = new Uint8Array(1200).fill(2);
const TICKS = 50; // a second has as many, with audio in each
const VIDEO_FPS = 30;

/** Who is measured: takes the frames of participant `n`, whose KID is `n`. */
const sides = { ours: () => ours(false), into: () => ours(true), subtle: webCrypto };

/** @param {boolean} into */
function ours(into) {
  /** @type {SFrameDecryptor[]} */
  const decryptors = [];
  const encryptor = new SFrameEncryptor({ cipherSuite });
  encryptor.setEncryptionKey(baseKeyOf(0xffff), 0xffff);
  const target = new Uint8Array(2048);
  return {
    name: into ? 'sframe-wasm, …Into' : 'sframe-wasm',
    async join(/** @type {number} */ n) {
      const decryptor = new SFrameDecryptor({ cipherSuite });
      decryptor.addDecryptionKey(baseKeyOf(n), n);
      decryptors.push(decryptor);
    },
    open: (/** @type {number} */ n, /** @type {Bytes} */ frame) =>
      into ? decryptors[n]?.decryptInto(target, frame) : decryptors[n]?.decrypt(frame),
    send: (/** @type {Bytes} */ plaintext) =>
      into ? encryptor.encryptInto(target, plaintext) : encryptor.encrypt(plaintext),
  };
}

/** WebCrypto awaited, with neither replay windows nor a table of KIDs. Sends nothing. */
function webCrypto() {
  /** @type {{ key: CryptoKey, salt: Bytes }[]} */
  const keys = [];
  return {
    name: 'WebCrypto, awaited',
    async join(/** @type {number} */ n) {
      const { key, salt } = await deriveKeySalt(4, n, baseKeyOf(n));
      keys.push({ key: await crypto.subtle.importKey('raw', key, 'AES-GCM', false, ['decrypt']), salt });
    },
    async open(/** @type {number} */ n, /** @type {Bytes} */ frame) {
      const { key, salt } = /** @type {{ key: CryptoKey, salt: Bytes }} */ (keys[n]);
      const { ctr, length } = readHeader(frame);
      const params = { name: 'AES-GCM', iv: nonceFor(salt, ctr), additionalData: frame.subarray(0, length) };
      return new Uint8Array(await crypto.subtle.decrypt(params, key, frame.subarray(length)));
    },
    send: () => Promise.resolve(),
  };
}

/** @typedef {ReturnType<typeof ours> | ReturnType<typeof webCrypto>} Side */

/** @param {number} n */
function baseKeyOf(n) {
  const key = new Uint8Array(16).fill(7);
  new DataView(key.buffer).setUint32(0, n);
  return key;
}

/** @param {{ participants: number, seconds: number, side: keyof typeof sides }} plan */
export async function room({ participants, seconds, side: id }) {
  const side = sides[id]();
  const before = memoryNow();
  for (let n = 0; n < participants; n++) await side.join(n);
  await pause(20);
  const after = memoryNow();

  const shares = [];
  const times = [];
  const senders = Array.from({ length: participants }, (_, n) => senderOf(n)); // not counted as memory
  for (let second = 0; second <= seconds; second++) {
    let elapsed = 0;
    for (let tick = 0; tick < TICKS; tick++) {
      const arrived = arrivals(senders, tick);
      const perFrame = second % 2 === 0 ? new Float64Array(arrived.length) : undefined;
      elapsed += await play(side, participants, arrived, perFrame);
      if (perFrame !== undefined && second > 0) times.push(perFrame);
    }
    if (second % 2 === 1) shares.push(elapsed / 1000);
  }
  const all = Float64Array.from(times.flatMap((some) => Array.from(some, (ms) => ms * 1000)));
  return {
    participants,
    id,
    name: side.name,
    cpu: quantile(shares, 0.5),
    p50: quantile(all, 0.5),
    p99: quantile(all, 0.99),
    wasm: after.wasm - before.wasm,
    heap: after.heap === undefined ? undefined : after.heap - (before.heap ?? 0),
  };
}

/** Bytes; the JavaScript heap only where it can be asked for. */
function memoryNow() {
  globalThis.gc?.();
  const heap = globalThis.process?.memoryUsage?.().heapUsed;
  return { wasm: wasmBytes(), heap };
}

/**
 * The frames of a tick in a random order; ours, to be sent, are those of the one after the last participant.
 * @param {SFrameEncryptor[]} senders @param {number} tick
 */
function arrivals(senders, tick) {
  const arrived = [];
  for (let n = 0; n <= senders.length; n++) {
    const encode = (/** @type {Bytes} */ plaintext) => senders[n]?.encrypt(plaintext) ?? plaintext;
    arrived.push({ n, at: Math.random(), frame: encode(audio) });
    const cameraTick = tick + ((n * 0.618034) % 1); // cameras are not in step
    const frameNumber = (/** @type {number} */ ticks) => Math.floor((ticks * VIDEO_FPS) / TICKS);
    if (frameNumber(cameraTick + 1) > frameNumber(cameraTick))
      arrived.push({ n, at: Math.random(), frame: encode(video) });
  }
  return arrived.sort((a, b) => a.at - b.at);
}

/** @param {number} n */
function senderOf(n) {
  const encryptor = new SFrameEncryptor({ cipherSuite, engine: 'wasm' });
  encryptor.setEncryptionKey(baseKeyOf(n), n);
  return encryptor;
}

/**
 * @param {Side} side @param {number} participants @param {{ n: number, frame: Bytes }[]} arrived
 * @param {Float64Array | undefined} times gets each frame's
 * @returns what it took, in ms
 */
async function play(side, participants, arrived, times) {
  const start = spent();
  let i = 0;
  for (const { n, frame } of arrived) {
    const from = times === undefined ? 0 : performance.now();
    const result = n === participants ? side.send(frame) : side.open(n, frame);
    if (result instanceof Promise) await result;
    if (times !== undefined) times[i++] = performance.now() - from;
  }
  return spent() - start;
}

/** ms of processor time, of all threads, where a process can ask for it; else of wall time. */
function spent() {
  const usage = globalThis.process?.cpuUsage?.();
  return usage === undefined ? performance.now() : (usage.user + usage.system) / 1000;
}
