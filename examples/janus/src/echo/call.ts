// EchoTest: one handle on which we send, and on which the same comes back.

import { SFrameEncryptor } from 'sframe-wasm';
import { type CallClient, encryptHandle } from 'sframe-wasm/janus';
import { FrameSigner } from 'sframe-wasm/signature';
import { SFrameClient } from 'sframe-wasm/webrtc';
import type { Codec } from '../../../call/src/call/codecs.ts';
import { Watch } from '../../../call/src/status/watch.ts';
import { untilDestroyed } from '../../../call/src/until-destroyed.ts';
import type { Plugin } from '../janus/plugin.ts';
import type { Session } from '../janus/session.ts';
import type { Media } from '../ui/media.ts';

const cipherSuite = 'AES_128_GCM_SHA256_128';
/** Under which name friend and stranger know us. */
const ME = 'me';
const KEY_LEN = 16;
/** How often our frames that never arrive are signed, in forgeries, and how many at a time. */
const SIGN_MS = 250;
const SIGN_FRAMES = 64;

/** Who opens what comes back: ourselves, or somebody else with the right key or with another one. */
export type Opener = 'echo' | 'friend' | 'stranger';
/** Whether we sign; and if so, whether it is we who send. */
export type Signing = 'off' | 'own' | 'forged';

export interface EchoOptions {
  readonly opener: Opener;
  readonly signing: Signing;
  readonly codec: Codec;
}

interface Key {
  readonly baseKey: Uint8Array<ArrayBuffer>;
  readonly kid: bigint;
}

/** What signatures have said last. */
export type Verdict = 'verified' | 'unverified' | 'forged';

export class EchoCall {
  readonly options: EchoOptions;
  /** Who sends, and who opens: the same for an echo. */
  readonly sending: Watch;
  readonly opening: Watch;
  verdict: Verdict | undefined;
  codec = '';
  readonly #changed: () => void;
  readonly #clients: SFrameClient[] = [];
  readonly #sender: SFrameClient;
  readonly #receiver: SFrameClient;
  readonly #signer = new AbortController();
  #plugin: Plugin | undefined;

  constructor(options: EchoOptions, changed: () => void) {
    this.options = options;
    this.#changed = changed;
    this.#sender = this.#createClient();
    this.#receiver = options.opener === 'echo' ? this.#sender : this.#createClient();
    this.sending = new Watch(this.#sender, changed);
    this.opening = options.opener === 'echo' ? this.sending : new Watch(this.#receiver, changed);
  }

  /** Tracks that come back. */
  get tracks(): MediaStreamTrack[] {
    const transceivers = this.#plugin?.connection?.getTransceivers() ?? [];
    return transceivers.map(({ receiver }) => receiver.track);
  }

  async start(session: Session, { picture, voice }: Media): Promise<void> {
    const { opener, codec } = this.options;
    await this.#giveKeys();
    const plugin = await session.attach('echotest');
    this.#plugin = plugin;
    if (opener === 'echo') encryptHandle(plugin.handle, this.#sender, { echo: true });
    else encryptHandle(plugin.handle, this.#bothClients(), { participant: () => ME });
    const jsep = await plugin.offer([
      { type: 'audio', capture: voice.track, recv: true },
      { type: 'video', capture: picture.track, recv: true },
    ]);
    const request = { request: 'configure', audio: true, video: true, videocodec: codec.toLowerCase() };
    const { jsep: answer } = await plugin.request(request, ({ result }) => result === 'ok', jsep);
    if (answer === undefined) throw new Error('Janus has not answered the offer');
    await plugin.accept(answer);
    this.codec = chosenCodec(answer.sdp) ?? codec;
    this.#changed();
  }

  close(): void {
    this.#signer.abort();
    this.#plugin?.detach();
    this.sending.close();
    this.opening.close();
    for (const client of this.#clients) client.destroy();
  }

  #createClient(): SFrameClient {
    const client = new SFrameClient({ cipherSuite });
    this.#clients.push(client);
    return client;
  }

  /** Two clients on one connection: the one encrypts what is sent, the other opens what comes. */
  #bothClients(): CallClient {
    const [sender, receiver] = [this.#sender, this.#receiver];
    return {
      encrypt: (target, options) => sender.encrypt(target, options),
      decrypt: (target, participant, options) => receiver.decrypt(target, participant, options),
      decryptEcho: (target, options) => receiver.decryptEcho(target, options),
    };
  }

  async #giveKeys(): Promise<void> {
    const { opener, signing } = this.options;
    const baseKey = crypto.getRandomValues(new Uint8Array(KEY_LEN));
    const kid = await this.#sender.setEncryptionKey(baseKey);
    if (opener !== 'echo') {
      const theirs = opener === 'friend' ? baseKey : crypto.getRandomValues(new Uint8Array(KEY_LEN));
      await this.#receiver.addDecryptionKey(ME, theirs, kid);
    }
    if (signing !== 'off') await this.#sign({ baseKey, kid });
    baseKey.fill(0);
  }

  /** We sign, and the friend verifies. In truth he would have the public key verified, and blocks by signalling. */
  async #sign(key: Key): Promise<void> {
    const ecdsa = { name: 'ECDSA', namedCurve: 'P-256' };
    const { privateKey, publicKey } = await crypto.subtle.generateKey(ecdsa, false, ['sign', 'verify']);
    const session = crypto.getRandomValues(new Uint8Array(16));
    const receiver = this.#receiver;
    receiver.addEventListener('status', ({ reason, receiver: dropped }) => {
      if (dropped !== undefined) return; // what comes of it, frame by frame
      if (reason !== 'verified' && reason !== 'unverified' && reason !== 'forged') return;
      this.verdict = reason;
      this.#changed();
    });
    await receiver.verifyFrames(ME, { session, publicKey, require: true });
    const deliver = (block: Uint8Array) => untilDestroyed(receiver.addSignatureBlock(ME, block));
    if (this.options.signing === 'forged') {
      this.#signElsewhere(key, { session, privateKey, deliver });
      return;
    }
    this.#sender.addEventListener('signature-block', ({ block }) => block && deliver(block));
    await this.#sender.signFrames({ participant: ME, session, privateKey });
  }

  /**
   * What the friend gets was made by somebody else who has our key; what we have sent and signed ourselves under it, the
   * server has kept from him. Those frames leave no trace here but their signatures.
   */
  #signElsewhere(
    { baseKey, kid }: Key,
    {
      session,
      privateKey,
      deliver,
    }: {
      readonly session: Uint8Array<ArrayBuffer>;
      readonly privateKey: CryptoKey;
      readonly deliver: (block: Uint8Array) => void;
    },
  ): void {
    const encryptor = new SFrameEncryptor({ cipherSuite });
    encryptor.setEncryptionKey(baseKey, kid);
    const signer = new FrameSigner({ encryptor, session, participant: ME, privateKey });
    signer.addEventListener('block', ({ block }) => block && deliver(block));
    const signSome = () => {
      for (let i = 0; i < SIGN_FRAMES; i++)
        signer.sign(encryptor.encrypt(crypto.getRandomValues(new Uint8Array(8))));
    };
    const timer = setInterval(signSome, SIGN_MS);
    signSome();
    this.#signer.signal.addEventListener('abort', () => {
      clearInterval(timer);
      signer.destroy();
      encryptor.destroy();
    });
  }
}

/** Of the first format of the video. */
function chosenCodec(sdp: string | undefined): string | undefined {
  const [, format] = sdp?.match(/^m=video \d+ \S+ (\d+)/m) ?? [];
  return sdp?.match(new RegExp(`^a=rtpmap:${format} ([^/]+)/`, 'm'))?.[1];
}
