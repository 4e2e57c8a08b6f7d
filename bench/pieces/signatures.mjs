// Sender signatures: what signing and verifying add to a frame, digest and share of the signature together, without
// encryption. Every participant has keys, a signer and a verifier of his own; frames of all take turns, then their blocks
// come. Each frame and block is a fresh one.

import { SFrameDecryptor, SFrameEncryptor } from '../../dist/index.js';
import { FrameSigner, FrameVerifier } from '../../dist/trust/signature.js';
import { suiteNames } from '../sframe.mjs';
import { quantile } from '../timing.mjs';

/** @typedef {Uint8Array<ArrayBuffer>} Bytes */
/** @typedef {'Ed25519' | 'ECDSA-P256'} Algorithm */
/** @typedef {{ id: string, name: string, algorithm: Algorithm, subtle: boolean }} Side */
/** @typedef {{ id: string, name: string, kind: string, every: number, sign: number, verify: number, share: number }} Signing µs per frame; the share of a core that verifying takes */

const cipherSuite = /** @type {import('../sframe.mjs').CipherSuite} */ (suiteNames[4]);
const kinds = [
  { kind: 'audio', fps: 50, plaintext: new Uint8Array(100).fill(1) },
  { kind: 'video', fps: 30, plaintext: new Uint8Array(1200).fill(2) },
];
/** @type {Side[]} */
const sides = [
  { id: 'ed25519', name: 'Ed25519, JavaScript', algorithm: 'Ed25519', subtle: false },
  { id: 'ed25519-subtle', name: 'Ed25519, WebCrypto', algorithm: 'Ed25519', subtle: true },
  { id: 'p256', name: 'P-256, JavaScript', algorithm: 'ECDSA-P256', subtle: false },
  { id: 'p256-subtle', name: 'P-256, WebCrypto', algorithm: 'ECDSA-P256', subtle: true },
];

/**
 * @param {{ participants: number, every: number[], rounds: number }} plan `every`: frames in a block
 * @returns {Promise<Signing[]>}
 */
export async function signatures({ participants, every, rounds }) {
  const measured = [];
  for (const side of sides)
    for (const { kind, fps, plaintext } of kinds)
      for (const count of every) {
        const callers = [];
        for (let n = 0; n < participants; n++) callers.push(await callerOf(side, n, count));
        const signs = [];
        const verifies = [];
        for (let round = 0; round <= rounds; round++) {
          const { sign, verify } = await play(callers, plaintext, count);
          if (round === 0) continue; // warms up
          signs.push(sign);
          verifies.push(verify);
        }
        const [sign, verify] = [quantile(signs, 0.5), quantile(verifies, 0.5)];
        const share = (verify * fps * participants) / 1e6;
        measured.push({ id: side.id, name: side.name, kind, every: count, sign, verify, share });
      }
  return measured;
}

/** @typedef {Awaited<ReturnType<typeof callerOf>>} Caller */

/** @param {Side} side @param {number} n @param {number} everyFrames */
async function callerOf({ algorithm, subtle }, n, everyFrames) {
  const name = algorithm === 'Ed25519' ? algorithm : { name: 'ECDSA', namedCurve: 'P-256' };
  const pair = /** @type {CryptoKeyPair} */ (await crypto.subtle.generateKey(name, true, ['sign', 'verify']));
  const own = {
    privateKey: await privateBytes(pair.privateKey),
    publicKey: await publicBytes(pair.publicKey),
  };
  const { privateKey, publicKey } = subtle ? pair : own;
  const encryptor = new SFrameEncryptor({ cipherSuite, engine: 'wasm' });
  const decryptor = new SFrameDecryptor({ cipherSuite, engine: 'wasm' });
  const baseKey = crypto.getRandomValues(new Uint8Array(16));
  encryptor.setEncryptionKey(baseKey, n);
  decryptor.addDecryptionKey(baseKey, n);
  const who = {
    session: crypto.getRandomValues(new Uint8Array(16)),
    participant: `participant ${n}`,
    algorithm,
  };
  const signer = new FrameSigner({ ...who, encryptor, privateKey, everyFrames });
  const verifier = new FrameVerifier({ ...who, decryptor, publicKey });
  /** @type {Bytes[]} */
  const blocks = [];
  signer.addEventListener('block', ({ block }) => {
    if (block !== undefined) blocks.push(block);
  });
  return { encryptor, signer, verifier, blocks };
}

/** @param {CryptoKey} key */
async function privateBytes(key) {
  const { d } = await crypto.subtle.exportKey('jwk', key);
  const base64 = `${d}`.replaceAll('-', '+').replaceAll('_', '/');
  return Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
}

/** @param {CryptoKey} key */
async function publicBytes(key) {
  return new Uint8Array(await crypto.subtle.exportKey('raw', key));
}

/**
 * One block of everybody.
 * @param {Caller[]} callers @param {Bytes} plaintext @param {number} count
 * @returns µs per frame
 */
async function play(callers, plaintext, count) {
  const sent = callers.map(({ encryptor }) =>
    Array.from({ length: count }, () => encryptor.encrypt(plaintext)),
  );
  const frames = callers.length * count;
  const perFrame = (/** @type {number} */ ms) => (1000 * ms) / frames;

  let start = spent();
  for (let i = 0; i < count; i++)
    callers.forEach(({ signer }, n) => {
      signer.sign(/** @type {Bytes} */ (sent[n]?.[i]));
    });
  await Promise.all(callers.map(({ signer }) => signer.flush()));
  const sign = perFrame(spent() - start);

  const before = callers.map(({ verifier }) => verifier.counts.verified);
  start = spent();
  for (let i = 0; i < count; i++)
    callers.forEach(({ verifier }, n) => {
      verifier.add(/** @type {Bytes} */ (sent[n]?.[i]));
    });
  const done = callers.map(
    ({ verifier }) =>
      new Promise((resolve) => verifier.addEventListener('verified', resolve, { once: true })),
  );
  for (const { verifier, blocks } of callers) for (const block of blocks.splice(0)) verifier.addBlock(block);
  await Promise.all(done);
  const verify = perFrame(spent() - start);
  callers.forEach(({ verifier }, n) => {
    if (verifier.counts.verified !== (before[n] ?? 0) + count) throw new Error('a frame was not verified');
  });
  return { sign, verify };
}

/** ms of processor time, of all threads, where a process can ask for it; else of wall time. */
function spent() {
  const usage = globalThis.process?.cpuUsage?.();
  return usage === undefined ? performance.now() : (usage.user + usage.system) / 1000;
}
