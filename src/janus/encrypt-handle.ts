// The handle of a plugin, encrypted: whatever it sends and receives goes through a client.
//
// janus.js by itself takes transforms through createEncodedStreams alone. Where a browser has none (Firefox, Safari) it
// tells Janus that the media is encrypted, and sends it in plaintext. So it is told that encryption is somebody else's
// matter, and transforms are set in its hook just before setLocalDescription, the last moment at which they are in time in
// every browser; it comes again with each renegotiation.

import { assertObject, toBoolean } from '../types.ts';
import type { TrackOptions } from '../webrtc/client-options.ts';
import { type JanusHandle, type JanusJsep, type JanusNegotiation, listen } from './janus-js.ts';
import { type CallClient, Receivers, type WhoseStream } from './receivers.ts';

/** Options of {@link encryptHandle}. */
export interface HandleEncryptionOptions {
  /**
   * Whose a received stream is, by the name under which the client has his keys: a VideoRoom says
   * `({ feed_display }) => feed_display`, where participants join under those names. Called before every answer, and when
   * Janus tells of other streams. Default: nobody's, and nothing is opened.
   */
  readonly participant?: WhoseStream | undefined;
  /** Opens one's own frames, which an EchoTest sends back; default false. */
  readonly echo?: boolean | undefined;
  /** How the frames of what is sent are encrypted, where it is not as the client's options say. */
  readonly sending?: ((transceiver: RTCRtpTransceiver) => TrackOptions | undefined) | undefined;
}

/** What is known of an encrypted handle. */
export interface HandleEncryption {
  /** Whose frames are opened on a mid: the name to show with that track, whatever the server calls it. */
  participantAt(mid: string): string | undefined;
  /** Asks anew whose the streams are: after something that {@link HandleEncryptionOptions.participant} goes by. */
  rebind(): void;
}

/** Plugins that decode what they get, and what for. Janus refuses encrypted media there. */
const decoding: Readonly<Record<string, string>> = {
  'janus.plugin.audiobridge': 'mixes audio',
  'janus.plugin.voicemail': 'writes audio into a file that plays by itself',
  'janus.plugin.nosip': 'passes media on to peers that are not encrypted end to end',
  'janus.plugin.sip': 'passes media on to phones',
};

/**
 * Encrypts all that a handle of janus.js sends, and decrypts what it receives: right after `attach`, before its first offer
 * or answer. `createOffer`, `createAnswer` and `handleRemoteJsep` are used as before; Janus is told `e2ee: true` each time.
 * What Janus says of encryption is not asked: what does not open is not played.
 *
 * @param handle what `attach` gives to `success`
 * @param client it has the keys; one may serve many handles
 * @throws TypeError naming the argument; for a plugin that must decode the media; or if the handle has a connection already
 *
 * @example A whole room is in docs/janus.md.
 * ```js
 * import { encryptHandle } from 'sframe-wasm/janus';
 *
 * const options = { participant: ({ feed_display = '' }) => feed_display };
 * // janus.attach({ plugin: 'janus.plugin.videoroom', success: (handle) => encryptHandle(handle, client, options), ... });
 * console.log(typeof encryptHandle, options.participant({ feed_display: 'alice' })); // function alice
 * ```
 */
export function encryptHandle(
  handle: JanusHandle,
  client: CallClient,
  options: HandleEncryptionOptions = {},
): HandleEncryption {
  assertHandle(handle);
  assertObject(client, 'client');
  assertObject(options, 'options');
  return new EncryptedHandle(handle, client, options);
}

class EncryptedHandle implements HandleEncryption {
  readonly #handle: JanusHandle;
  readonly #client: CallClient;
  readonly #isEcho: boolean;
  readonly #sending: HandleEncryptionOptions['sending'];
  readonly #receivers: Receivers;
  /** Named to the client once: what the application makes of a sender afterwards stays. */
  readonly #named: WeakSet<RTCRtpSender | RTCRtpReceiver> = new WeakSet();

  constructor(handle: JanusHandle, client: CallClient, options: HandleEncryptionOptions) {
    const { participant = () => undefined, sending } = options;
    if (typeof participant !== 'function') throw new TypeError('participant must be a function');
    if (sending !== undefined && typeof sending !== 'function')
      throw new TypeError('sending must be a function');
    this.#isEcho = toBoolean(options.echo, 'echo', false);
    if (this.#isEcho && options.participant !== undefined)
      throw new TypeError('participant must not be given with echo: what comes back is our own');
    this.#handle = handle;
    this.#client = client;
    this.#sending = sending;
    this.#receivers = new Receivers(client, participant);
    this.#takeOver();
  }

  participantAt(mid: string): string | undefined {
    const receiver = this.#transceivers().find((transceiver) => transceiver.mid === mid)?.receiver;
    return receiver && this.#receivers.participantOf(receiver);
  }

  rebind(): void {
    if (this.#isEcho) return;
    for (const transceiver of this.#transceivers())
      if (isReceiving(transceiver)) this.#receivers.bind(transceiver);
  }

  #takeOver(): void {
    const handle = this.#handle;
    const { createOffer, createAnswer, handleRemoteJsep } = handle;
    handle.createOffer = (params) => createOffer.call(handle, this.#encrypted(params));
    handle.createAnswer = (params) =>
      createAnswer.call(handle, { ...this.#encrypted(params), jsep: params.jsep });
    handle.handleRemoteJsep = (params) => {
      try {
        this.#bindAll();
      } catch (error) {
        if (params.error === undefined) throw error;
        params.error(error);
        return;
      }
      handleRemoteJsep.call(handle, params);
    };
    listen(handle, 'onmessage', (message) => {
      if (this.#receivers.note(message)) this.rebind();
    });
    listen(handle, 'oncleanup', () => this.#receivers.forget());
  }

  /** What janus.js is asked for instead. */
  #encrypted(params: JanusNegotiation): JanusNegotiation {
    assertObject(params, 'params');
    if (params.tracks?.some((track) => 'transforms' in track && track.transforms !== undefined))
      throw new TypeError('tracks must have no transforms: the client sets its own');
    const { customizeSdp, success } = params;
    return {
      ...params,
      externalEncryption: true,
      customizeSdp: (jsep) => {
        customizeSdp?.(jsep);
        this.#bindAll(); // if that throws, janus.js gives up what it was asked for
      },
      success: (jsep: JanusJsep | null | undefined) => {
        if (!jsep) return; // without trickle it comes once more, when all candidates are in it
        jsep.e2ee = true; // which janus.js forgets then
        success?.(jsep);
      },
    };
  }

  #bindAll(): void {
    for (const transceiver of this.#transceivers()) {
      if (isSending(transceiver)) this.#bindSender(transceiver);
      if (!isReceiving(transceiver)) continue;
      if (this.#isEcho) this.#bindEcho(transceiver.receiver);
      else this.#receivers.bind(transceiver);
    }
  }

  #bindSender(transceiver: RTCRtpTransceiver): void {
    const { sender } = transceiver;
    if (this.#named.has(sender)) return;
    this.#client.encrypt(transceiver, this.#sending?.(transceiver) ?? {});
    this.#named.add(sender);
  }

  #bindEcho(receiver: RTCRtpReceiver): void {
    if (this.#named.has(receiver)) return;
    this.#client.decryptEcho(receiver);
    this.#named.add(receiver);
  }

  #transceivers(): RTCRtpTransceiver[] {
    return this.#handle.webrtcStuff.pc?.getTransceivers() ?? [];
  }
}

function isSending({ direction, sender }: RTCRtpTransceiver): boolean {
  return direction === 'sendrecv' || direction === 'sendonly' || sender.track !== null;
}

function isReceiving({ direction }: RTCRtpTransceiver): boolean {
  return direction === 'sendrecv' || direction === 'recvonly';
}

function assertHandle(handle: JanusHandle): void {
  assertObject(handle, 'handle');
  const { getPlugin, createOffer, createAnswer, handleRemoteJsep, webrtcStuff } = handle;
  const methods = [getPlugin, createOffer, createAnswer, handleRemoteJsep];
  if (!methods.every((method) => typeof method === 'function') || typeof webrtcStuff !== 'object')
    throw new TypeError('handle must be a handle of janus.js');
  const plugin = handle.getPlugin();
  const why = decoding[plugin];
  if (why !== undefined)
    throw new TypeError(`handle must not be of ${plugin}, which ${why}: it refuses end-to-end encryption`);
  if (webrtcStuff.pc)
    throw new TypeError('handle must not have a connection yet: encrypt it before its first offer or answer');
}
