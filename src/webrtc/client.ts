// The page's side of calls: senders and receivers get their transforms here, keys go through to the worker, and events come
// back. The cryptography, keys and counters are the worker's.

import { KnownTarget } from '../known-target.ts';
import { assertText } from '../names.ts';
import { assertBytes, assertObject, type Bytes, copyOf, toU64, type U64 } from '../types.ts';
import { readClientOptions, type SFrameClientOptions, type TrackOptions } from './client-options.ts';
import { SFrameClientEvent, type SFrameClientEventInit, type SFrameClientEventType } from './event.ts';
import { PageSession } from './page-session.ts';
import { copyBytes, copyKey, handOver, type SFrameSendingEpoch, transferOf } from './sending-keys.ts';
import { copyMaterial, type SFrameSigningOptions, type SFrameVerifyingOptions } from './signing-options.ts';
import type { SFrameStats } from './stats.ts';
import { browserSupport, type SFrameSupport, workerFromUrl } from './support.ts';

/** What `SFrameClient.addEpoch` takes. */
export interface SFrameReceivingEpoch {
  /** The epoch's number in MLS, 0 to 2^64-1. */
  readonly epoch: U64;
  /** base_key: MLS-Exporter("SFrame 1.0 Base Key", "", Nk), 16 to 4096 bytes; copied, so zero yours. */
  readonly baseKey: Uint8Array;
  /** How many leaves the ratchet tree has. */
  readonly groupSize: number;
  /** Our own leaf index: frames that claim to be ours are refused. */
  readonly senderIndex?: number | undefined;
  /** Leaf indices by participant, as `decrypt` names them: of others nothing is opened. */
  readonly members: Readonly<Record<string, number>>;
  /** How long frames of earlier epochs are still taken; see `MlsDecryptor`. */
  readonly graceSeconds?: number | undefined;
}

/**
 * End-to-end encryption of a call: of all senders and receivers that it is given, in one worker.
 *
 * Create connections with {@link configure}, name senders right after `addTrack` or `addTransceiver` and receivers in
 * `track` events, and give keys whenever they come: until then nothing is sent. Frames that cannot be encrypted or decrypted
 * are dropped; none ever passes as it is, but where you name it by {@link passthrough} or {@link allowPlaintext}.
 *
 * @example
 * ```js
 * import { SFrameClient } from 'sframe-wasm/webrtc';
 *
 * async function call() {
 *   const client = new SFrameClient({ cipherSuite: 'AES_128_GCM_SHA256_128' });
 *   const connection = new RTCPeerConnection(client.configure({}));
 *   client.encrypt(connection.addTransceiver('video'));
 *   connection.ontrack = ({ receiver }) => client.decrypt(receiver, 'bob');
 *
 *   const baseKey = crypto.getRandomValues(new Uint8Array(16));
 *   const kid = await client.setEncryptionKey(baseKey);
 *   return { kid, baseKey }; // for bob, who calls addDecryptionKey('alice', baseKey, kid)
 * }
 * console.log(SFrameClient.support().transform === null ? 'not in this browser' : await call()); // not in this browser
 * ```
 */
export class SFrameClient extends KnownTarget<SFrameClientEventType, SFrameClientEvent> {
  readonly #session: PageSession;

  /** What this browser can do. Nothing of it is touched by importing this. */
  static support(): SFrameSupport {
    return browserSupport();
  }

  /**
   * A worker from a file on another origin, a CDN say: the option `worker: () => SFrameClient.workerFromUrl(url)`. The policy
   * of the page must allow `blob:` in `worker-src`, and that origin there and in `script-src`; the server must send CORS
   * headers. Never the default.
   *
   * @param url of `dist/worker.js` of this same version
   */
  static workerFromUrl(url: string): Worker {
    return workerFromUrl(url);
  }

  /**
   * Starts the worker. If it does not load within five seconds, everything that waits for it rejects with `worker-failed`,
   * and `worker-failed` is dispatched.
   *
   * @throws TypeError or RangeError naming the option
   */
  constructor(options: SFrameClientOptions) {
    super();
    const tell = (type: SFrameClientEventType, about: SFrameClientEventInit) =>
      this.dispatchEvent(new SFrameClientEvent(type, about));
    this.#session = new PageSession(readClientOptions(options), tell);
  }

  /**
   * The configuration for `new RTCPeerConnection`: **always use it**. Without it, Chromium sends in plaintext, and says
   * nothing, where a transform is set too late.
   *
   * @param configuration yours; it is copied
   */
  configure(configuration: RTCConfiguration = {}): RTCConfiguration {
    assertObject(configuration, 'configuration');
    return { ...configuration, encodedInsertableStreams: true } as RTCConfiguration;
  }

  /**
   * Encrypts what a sender sends, from now on, whatever tracks it gets. Synchronous: right after `addTrack` or
   * `addTransceiver`, before `setLocalDescription`. Again it changes the options only.
   *
   * @throws TypeError or RangeError naming the argument; TypeError for video under a suite with tags of 32 bits
   * @throws {@link SFrameError} `engine-unavailable` if the browser has no transforms; `worker-failed`, `destroyed`
   */
  encrypt(target: RTCRtpSender | RTCRtpTransceiver, options: TrackOptions = {}): void {
    this.#session.bindSender(target, 'protected', options);
  }

  /**
   * Decrypts what a receiver gets, with the keys of a participant and of nobody else. Again, with another participant, it is
   * bound to that one.
   *
   * @param participant any name, at your choice
   * @throws as {@link encrypt}
   */
  decrypt(target: RTCRtpReceiver | RTCRtpTransceiver, participant: string, options: TrackOptions = {}): void {
    assertParticipant(participant);
    this.#session.bindReceiver(target, 'protected', participant, options);
  }

  /**
   * Decrypts one's own frames, which a server sends back to test the connection. Everywhere else they are refused.
   *
   * @throws as {@link encrypt}
   */
  decryptEcho(target: RTCRtpReceiver | RTCRtpTransceiver, options: TrackOptions = {}): void {
    this.#session.bindReceiver(target, 'echo', '', options);
  }

  /**
   * Sends in plaintext, until {@link encrypt} is called. It is never done for any other reason than this call.
   * @throws as {@link encrypt}
   */
  passthrough(target: RTCRtpSender | RTCRtpTransceiver): void {
    this.#session.bindSender(target, 'plaintext', {});
  }

  /**
   * Takes frames as they come, unopened, until {@link decrypt} is called: from anybody whom the server lets.
   * @throws as {@link encrypt}
   */
  allowPlaintext(target: RTCRtpReceiver | RTCRtpTransceiver): void {
    this.#session.bindReceiver(target, 'plaintext', '', {});
  }

  /**
   * Sends under this key, on all senders, when the promise resolves. Of several calls the last one made takes effect last.
   *
   * @param baseKey base_key: 16 to 4096 bytes, copied, so zero yours; or a CryptoKey of the algorithm HKDF, with the usage
   * `deriveBits`
   * @param kid key ID. Leave it out, where several senders share a base key: it is 48 bits at random then, which nobody
   * else has, in no other session
   * @returns the KID to announce with the key
   * @throws TypeError or RangeError naming the argument
   * @throws {@link SFrameError} `key-reuse` if this page, or this tab before it was reloaded, has had this (base key, KID);
   * if a KID is given and nobody would know after a reload, because the storage cannot be used (see the option `storage`);
   * or if a participant sends under it. `worker-failed`, `destroyed`, `engine-unavailable`
   */
  async setEncryptionKey(baseKey: Uint8Array | CryptoKey, kid?: U64): Promise<bigint> {
    return this.#session.sending.setKey(baseKey, kid);
  }

  /**
   * Opens a participant's frames under this KID with this key, when the promise resolves; at all of his receivers.
   *
   * @throws TypeError or RangeError naming the argument
   * @throws {@link SFrameError} `worker-failed`, `destroyed`, `engine-unavailable`
   */
  async addDecryptionKey(participant: string, baseKey: Uint8Array | CryptoKey, kid: U64): Promise<void> {
    assertParticipant(participant);
    return handOver(copyKey(baseKey), async (key) => {
      const args = { participant, baseKey: key, kid: toU64(kid, 'kid') };
      return this.#session.request('addKey', args, transferOf(key));
    });
  }

  /** Wipes a key of a participant. Resolves with whether there was one. */
  async removeDecryptionKey(participant: string, kid: U64): Promise<boolean> {
    assertParticipant(participant);
    return this.#session.request('removeKey', { participant, kid: toU64(kid, 'kid') });
  }

  /** Wipes all keys of a participant. Receivers bound to him open nothing any more. */
  async removeParticipant(participant: string): Promise<void> {
    assertParticipant(participant);
    return this.#session.request('removeParticipant', { participant });
  }

  /**
   * Sends under a key that can be ratcheted; see `RatchetEncryptor`. Needs the option `ratchetBits`, and WebAssembly.
   *
   * @param generation default: one more than the highest so far, whatever workers there were
   * @returns the KID to announce
   * @throws as {@link setEncryptionKey}
   */
  async setRatchetKey(baseKey: Uint8Array, generation?: U64): Promise<bigint> {
    this.#session.need('ratchetBits');
    return this.#session.sending.setRatchetKey(baseKey, generation);
  }

  /** Takes the next step of the ratchet: before a joiner gets what {@link exportKey} returns. Resolves with its KID. */
  async ratchet(): Promise<bigint> {
    return this.#session.sending.ratchet();
  }

  /** The ratchet's key of this step, for a joiner; yours to zero. The only key that ever comes back from the worker. */
  async exportKey(): Promise<{ baseKey: Bytes; kid: bigint }> {
    return this.#session.sending.exportKey();
  }

  /** Opens a participant's frames with a key that he may ratchet; see `RatchetDecryptor`. */
  async addRatchetKey(participant: string, baseKey: Uint8Array, kid: U64): Promise<void> {
    this.#session.need('ratchetBits');
    assertParticipant(participant);
    return handOver(copyBytes(baseKey), async (key) => {
      const args = { participant, baseKey: key, kid: toU64(kid, 'kid') };
      return this.#session.request('addRatchetKey', args, [key.buffer]);
    });
  }

  /** Wipes a generation of a participant's. Resolves with whether there was one. */
  async removeRatchetKey(participant: string, generation: U64): Promise<boolean> {
    assertParticipant(participant);
    const args = { participant, generation: toU64(generation, 'generation') };
    return this.#session.request('removeGeneration', args);
  }

  /**
   * Sends under an epoch of an MLS group; see `MlsEncryptor`. Needs the option `epochBits`. Every worker has a context ID of
   * its own, so the epoch may be set again after `keys-needed`; after a reload it takes a new epoch.
   *
   * @returns the KID
   * @throws as {@link setEncryptionKey}
   */
  async setEpoch(epoch: SFrameSendingEpoch): Promise<bigint> {
    this.#session.need('epochBits');
    assertObject(epoch, 'epoch');
    return this.#session.sending.setEpoch(epoch);
  }

  /** Opens frames of an epoch, of each member at the receivers bound to him; see `MlsDecryptor`. */
  async addEpoch(given: SFrameReceivingEpoch): Promise<void> {
    this.#session.need('epochBits');
    assertObject(given, 'epoch');
    assertObject(given.members, 'members');
    const { groupSize, senderIndex, graceSeconds } = given;
    const epoch = toU64(given.epoch, 'epoch');
    return handOver(copyBytes(given.baseKey), async (baseKey) => {
      const members = new Map(Object.entries(given.members));
      const args = { epoch, baseKey, groupSize, senderIndex, graceSeconds, members };
      return this.#session.request('addEpoch', args, [baseKey.buffer]);
    });
  }

  /** Wipes an epoch. Resolves with whether there was one. */
  async removeEpoch(epoch: U64): Promise<boolean> {
    return this.#session.request('removeEpoch', { epoch: toU64(epoch, 'epoch') });
  }

  /**
   * Encrypts a message, for a data channel. Its key is derived from the sending key, its counter is its own: it cannot pass
   * for a frame.
   *
   * @throws {@link SFrameError} `no-key`, `worker-failed`, `destroyed`, `engine-unavailable`
   */
  async encryptMessage(data: Uint8Array): Promise<Bytes> {
    const copy = this.#message(data);
    return this.#session.request('encryptMessage', { data: copy }, [copy.buffer]);
  }

  /**
   * Decrypts a message of a participant's, once.
   *
   * @throws {@link SFrameError} `syntax`, `key-id`, `authentication`, `replay`, `ratchet-limit`, `worker-failed`, `destroyed`
   */
  async decryptMessage(participant: string, data: Uint8Array): Promise<Bytes> {
    const copy = this.#message(data);
    assertParticipant(participant);
    return this.#session.request('decryptMessage', { participant, data: copy }, [copy.buffer]);
  }

  /**
   * Signs our frames from now on, of the kind of key in use; see `FrameSigner`. Set a key first, and after `keys-needed` call
   * this again, with another session. Blocks come as `signature-block` events: send them to all who receive the frames.
   *
   * @throws TypeError or RangeError naming the option; {@link SFrameError} `no-key`
   */
  async signFrames(options: SFrameSigningOptions): Promise<void> {
    assertObject(options, 'options');
    const { participant, algorithm, everyFrames, everyMs } = options;
    return handOver(copyMaterial(options.privateKey, 'privateKey'), async (privateKey) => {
      const session = copyMaterial(options.session, 'session') as Bytes;
      const args = { participant, session, privateKey, algorithm, everyFrames, everyMs };
      return this.#session.request('signFrames', args, transferOf(privateKey));
    });
  }

  /**
   * Verifies a participant's frames from now on; see `FrameVerifier`. `status` events say `verified`, `unverified` and
   * `forged`, once per change.
   *
   * @throws TypeError or RangeError naming the option
   */
  async verifyFrames(participant: string, options: SFrameVerifyingOptions): Promise<void> {
    assertParticipant(participant);
    assertObject(options, 'options');
    const { signer, algorithm, timeoutMs, require } = options;
    const publicKey = copyMaterial(options.publicKey, 'publicKey');
    const session = copyMaterial(options.session, 'session') as Bytes;
    const args = { participant, signer, session, publicKey, algorithm, timeoutMs, require };
    return this.#session.verifyFrames(args);
  }

  /** Takes a block of a participant's, however it came. */
  async addSignatureBlock(participant: string, block: Uint8Array): Promise<void> {
    assertParticipant(participant);
    assertBytes(block, 'block');
    return this.#session.request('addBlock', { participant, block: copyOf(block) });
  }

  /** What there was of frames, drops, times and keys. */
  async stats(): Promise<SFrameStats> {
    return this.#session.stats();
  }

  /**
   * Wipes all keys and ends the worker, if it was made here. Nothing leaves or enters through its transforms any more, and
   * they stay where they are: give the senders to another client, or to nobody.
   */
  destroy(): void {
    this.#session.destroy();
  }

  #message(data: Uint8Array): Bytes {
    assertBytes(data, 'data');
    if (this.#session.isShort)
      throw new TypeError('cipherSuite must have tags longer than 32 bits for messages');
    return copyOf(data);
  }
}

function assertParticipant(participant: string): void {
  assertText(participant, 'participant');
  if (participant === '') throw new RangeError('participant must not be empty');
}
