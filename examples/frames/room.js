// @ts-check
// A small room. One sender encrypts each media frame once, a relay forwards what it cannot read, and the
// receivers stand for what happens in calls: the right key, a bad link, the wrong key, a key that comes
// late. Everything opened is compared byte for byte with the frame that was sent.

import { randomBytes } from 'node:crypto';
import { cipherSuites, SFrameDecryptor, SFrameEncryptor } from 'sframe-wasm';
import { forgeries, reorder } from './hostile.js';
import { Receiver } from './receiver.js';
import { leaks, Relay } from './relay.js';

/** @import { CipherSuite } from 'sframe-wasm' */

const KID = 7n; // which of the room's keys a frame is under; ids up to 7 cost no byte in the header

/**
 * @param {CipherSuite} cipherSuite
 * @param {string} media the type of the frames, such as `video/VP8`
 * @param {Uint8Array[]} frames
 */
export function playRoom(cipherSuite, media, frames) {
  /** @type {string[]} */
  const problems = [];

  /**
   * A receiver must make of a ciphertext either the frame itself or one of the error codes.
   *
   * @param {string} what
   * @param {Uint8Array | string} outcome
   * @param {Uint8Array | string[]} expected
   */
  const expect = (what, outcome, expected) => {
    if (typeof outcome === 'string') {
      if (!Array.isArray(expected) || !expected.includes(outcome))
        problems.push(`${what}: refused (${outcome})`);
    } else if (Array.isArray(expected)) {
      problems.push(`${what}: opened`);
    } else if (Buffer.compare(outcome, expected) !== 0) {
      problems.push(`${what}: opened as other bytes than were sent`);
    }
  };

  const baseKey = randomBytes(16); // comes to everyone in the room by a safe way that is not the relay
  // Known to both ends and sent by neither: a frame opens only as the type of media it was encrypted as.
  const metadata = new TextEncoder().encode(media);
  const otherMetadata = new TextEncoder().encode(`not ${media}`);
  const tagLength = cipherSuites[cipherSuite].Nt;

  const sender = new SFrameEncryptor({ cipherSuite });
  sender.setEncryptionKey(baseKey, KID);
  /** @type {number[]} */
  const encryptTimes = [];

  const relay = new Relay();
  const alice = new Receiver('alice', 'right key', cipherSuite);
  alice.decryptor.addDecryptionKey(baseKey, KID);
  const bob = new Receiver('bob', 'right key, bad link', cipherSuite);
  bob.decryptor.addDecryptionKey(baseKey, KID);
  const mallory = new Receiver('mallory', 'wrong key', cipherSuite);
  mallory.decryptor.addDecryptionKey(randomBytes(16), KID);
  const late = new Receiver('late', 'key comes halfway', cipherSuite);
  const half = Math.ceil(frames.length / 2);

  // The call: every frame once, to everyone, in order.
  const sent = frames.map((frame, i) => {
    const start = performance.now();
    const encrypted = sender.encrypt(frame, metadata);
    encryptTimes.push((performance.now() - start) * 1000);

    if (leaks(frame, encrypted)) problems.push(`relay: frame ${i} is readable`);
    const ciphertext = relay.forward(encrypted);

    if (i === half) late.decryptor.addDecryptionKey(baseKey, KID);
    expect(`alice, frame ${i}`, alice.receive(ciphertext, metadata), frame);
    expect(`mallory, frame ${i}`, mallory.receive(ciphertext, metadata), ['authentication']);
    expect(`late, frame ${i}`, late.receive(ciphertext, metadata), i < half ? ['key-id'] : frame);
    return { i, frame, ciphertext };
  });
  if (relay.gaps > 0 || relay.kids.size !== 1 || !relay.kids.has(KID)) {
    problems.push('relay: the headers do not show one key id and counters without a gap');
  }

  // The bad link: out of order, forgeries before each frame, a duplicate after it. The frame itself must
  // still open.
  for (const { i, frame, ciphertext } of reorder(sent, 8)) {
    for (const { what, bytes, codes } of forgeries(ciphertext, tagLength, i)) {
      expect(`bob, frame ${i}, ${what}`, bob.receive(bytes, metadata), codes);
    }
    expect(`bob, frame ${i} as other media`, bob.receive(ciphertext, otherMetadata), ['authentication']);
    expect(`bob, frame ${i}`, bob.receive(ciphertext, metadata), frame);
    expect(`bob, frame ${i} again`, bob.receive(ciphertext, metadata), ['replay']);
  }

  // The recording: the relay kept everything and plays it once more.
  relay.forwarded.forEach((ciphertext, i) => {
    expect(`alice, recorded frame ${i}`, alice.receive(ciphertext, metadata), ['replay']);
  });

  const receivers = [alice, bob, mallory, late];
  sender.destroy();
  for (const { decryptor } of receivers) decryptor.destroy();
  return { relay, receivers, encryptTimes, decryptTimes: alice.times, problems };
}

/**
 * Lets the JavaScript and WebAssembly compilers do their work before any clock runs.
 *
 * @param {CipherSuite} cipherSuite
 * @param {Uint8Array[]} frames
 * @param {number} milliseconds
 */
export function warmUp(cipherSuite, frames, milliseconds) {
  const baseKey = randomBytes(16);
  const encryptor = new SFrameEncryptor({ cipherSuite });
  const decryptor = new SFrameDecryptor({ cipherSuite });
  encryptor.setEncryptionKey(baseKey, KID);
  decryptor.addDecryptionKey(baseKey, KID);
  const end = performance.now() + milliseconds;
  for (let i = 0; performance.now() < end; i++) {
    const frame = frames[i % frames.length] ?? new Uint8Array();
    decryptor.decrypt(encryptor.encrypt(frame));
  }
  encryptor.destroy();
  decryptor.destroy();
}
