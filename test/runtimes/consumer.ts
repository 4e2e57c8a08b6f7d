// A user's TypeScript: every public name once, the way it is meant to be used. It is compiled, not run.

import {
  type Bytes,
  type CipherSuite,
  type CipherSuiteParameters,
  type ContextOptions,
  cipherSuites,
  type Decryptor,
  decodeHeader,
  deriveSsrcKey,
  type Encryptor,
  encodeHeader,
  generatePassphrase,
  KeyRetirement,
  KeyRotation,
  MlsDecryptor,
  MlsEncryptor,
  type MlsReceivingEpoch,
  maxOverhead,
  preload,
  RatchetDecryptor,
  type RatchetDecryptorOptions,
  RatchetEncryptor,
  type RatchetEncryptorOptions,
  RoomKey,
  type RoomKeyOptions,
  type RotationEvent,
  type RotationReason,
  type SendingKey,
  SFrameDecryptor,
  type SFrameDecryptorOptions,
  SFrameEncryptor,
  type SFrameEncryptorOptions,
  SFrameError,
  type SFrameErrorCode,
  type U64,
} from 'sframe-wasm';
import { FrameFormat } from 'sframe-wasm/codec';
import { type Admit, type KeyChannel, SenderKeyExchange } from 'sframe-wasm/exchange';
import { connectExchange, type ExchangeConnection } from 'sframe-wasm/exchange/webrtc';
import { encryptHandle, type HandleEncryption, type JanusHandle, JanusTextRoom } from 'sframe-wasm/janus';
import { enterEpoch, exportBaseKey, type MlsExporter } from 'sframe-wasm/mls';
import { FrameSigner, FrameVerifier, type SignerEvent, type VerifierCounts } from 'sframe-wasm/signature';
import {
  isNativeSFrameSupported,
  SFrameDecryptorStream,
  SFrameEncryptorStream,
  type SFrameTransformErrorEvent,
} from 'sframe-wasm/stream';
import { type ShortAuthenticationString, Verification, VerificationBook } from 'sframe-wasm/verification';

import { SFrameClient, type SFrameClientEvent } from 'sframe-wasm/webrtc';

const cipherSuite: CipherSuite = 'AES_128_GCM_SHA256_128';
const { Nt }: CipherSuiteParameters = cipherSuites[cipherSuite];
const common: ContextOptions = { cipherSuite, engine: 'auto', maxFrameLen: 2 ** 16 };
const sending: SFrameEncryptorOptions = common;
const receiving: SFrameDecryptorOptions = { ...common, replayWindow: 0 };
const kid: U64 = 2n ** 64n - 1n;
const baseKey = new Uint8Array(16);

preload();

const encryptor = new SFrameEncryptor(sending);
encryptor.setEncryptionKey(baseKey, kid, { ctr: 7 });
const kidInUse: bigint | undefined = encryptor.kid;
const next: bigint = encryptor.ctr;

const decryptor = new SFrameDecryptor(receiving);
decryptor.addDecryptionKey(baseKey, kid);
const known: boolean = decryptor.hasDecryptionKey(kid) && decryptor.removeDecryptionKey(kid);

export async function roundTrip(send: Encryptor, receive: Decryptor): Promise<ArrayBuffer> {
  const target = new Uint8Array(10 + maxOverhead);
  const written: number = send.encryptInto(target, new Uint8Array(10));
  receive.decryptInto(target, target.subarray(0, written));
  const ciphertext: Bytes = send.encrypt(baseKey, target);
  const { kid, ctr, length } = decodeHeader(ciphertext);
  const header: Bytes = encodeHeader(kid, ctr);
  if (header.length !== length || ciphertext.length !== length + baseKey.length + Nt) throw new RangeError();
  const opened = await receive.decryptAsync(await send.encryptAsync(baseKey));
  return opened.buffer;
}

export function codeOf(error: unknown): SFrameErrorCode | undefined {
  return error instanceof SFrameError ? error.code : undefined;
}

// @ts-expect-error a suite that IANA does not know
new SFrameEncryptor({ cipherSuite: 'AES_128_GCM' });
// @ts-expect-error an encryptor cannot decrypt
encryptor.decrypt(baseKey);
// @ts-expect-error a key ID is no text
encryptor.setEncryptionKey(baseKey, '7');

export const seen = [kidInUse, next, known];
roundTrip(encryptor, decryptor).finally(() => {
  encryptor.destroy();
  decryptor.destroy();
});

// Keys
const ratchetOptions: RatchetDecryptorOptions = { ...common, ratchetBits: 4, maxForward: 8, maxPast: 1 };
const ratchet = new RatchetEncryptor({ cipherSuite, ratchetBits: 4 } satisfies RatchetEncryptorOptions);
ratchet.setEncryptionKey(baseKey);
ratchet.ratchet();
const exported: { baseKey: Bytes; kid: bigint } = ratchet.exportKey();
const following = new RatchetDecryptor(ratchetOptions);
following.addDecryptionKey(exported.baseKey, exported.kid);
following.removeGeneration(0);

const member = new MlsEncryptor({ cipherSuite, epochBits: 4, contextId: 1 });
const others: MlsReceivingEpoch = { epoch: 0n, baseKey, groupSize: 2, senderIndex: 0 };
const group = new MlsDecryptor({ cipherSuite, epochBits: 4 });
group.addEpoch(others);
const exporter: MlsExporter = (_label, _context, length) => new Uint8Array(length);
void exportBaseKey(exporter, cipherSuite);
void enterEpoch({
  exporter,
  cipherSuite,
  epoch: 1,
  groupSize: 2,
  senderIndex: 0,
  decryptors: [group],
  encryptors: [member],
});

const rotation = new KeyRotation(new SFrameEncryptor(sending), { cipherSuite, everySeconds: 60 });
rotation.addEventListener(
  'key-needed',
  ({ reason }: RotationEvent) => reason satisfies RotationReason | undefined,
);
const recipients: string[] = rotation.stage(baseKey, 1);
const retirement = new KeyRetirement(new SFrameDecryptor(receiving), { graceSeconds: 2 });
const passphrase: string = generatePassphrase();
const roomOptions: RoomKeyOptions = { passphrase, app: 'app', room: 'room', participant: 'alice' };
const sendingKey: Promise<SendingKey> = RoomKey.fromPassphrase(roomOptions).then((room) => room.sendingKey());
const ssrcKey: Promise<Bytes> = deriveSsrcKey(baseKey, 1, cipherSuite);
declare const hkdfKey: CryptoKey;
void new SFrameEncryptor(sending).importEncryptionKey(hkdfKey, kid);
void new SFrameDecryptor(receiving).importDecryptionKey(hkdfKey, kid);

// Trust
const book: VerificationBook = new VerificationBook();
const alice = { id: 'alice', identityKey: new Uint8Array(32), exchangeKey: new Uint8Array(32) };
const bob = { id: 'bob', identityKey: new Uint8Array(32), exchangeKey: new Uint8Array(32) };
const verification = new Verification({ book, room: 'room', cipherSuite, own: alice, peer: bob });
const shown: ShortAuthenticationString | undefined = verification.sas;
declare const privateKey: CryptoKey;
const session = new Uint8Array(16);
const signer = new FrameSigner({ encryptor: ratchet, session, participant: 'alice', privateKey });
signer.addEventListener('block', ({ block }: SignerEvent) => block satisfies Bytes | undefined);
const verifier = new FrameVerifier({
  decryptor: following,
  session,
  participant: 'alice',
  publicKey: privateKey,
});
const counted: VerifierCounts = verifier.counts;

declare const channel: KeyChannel;
const admit: Admit = ({ participant, identityKey, status }) =>
  status === 'verified' && participant.length + identityKey.length > 0;
const identity = { participant: 'alice', privateKey, publicKey: new Uint8Array(32) };
const exchange = new SenderKeyExchange({ channel, room: 'room', cipherSuite, identity, admit, book });
exchange.addEventListener('key', ({ participant, baseKey, kid }) => {
  if (participant === 'bob') decryptor.addDecryptionKey(baseKey, kid);
});
exchange.publish(baseKey, kid, recipients);

// Calls
const client = new SFrameClient({ cipherSuite, keysNeeded: (reason) => console.log(reason) });
client.addEventListener('status', ({ participant, reason }: SFrameClientEvent) => [participant, reason]);
export const announced: Promise<bigint> = client.setEncryptionKey(baseKey);

// Streams
const sender = new SFrameEncryptorStream({ cipherSuite });
const receiver = new SFrameDecryptorStream({ cipherSuite, replayWindow: 64 });
receiver.onerror = ({ errorType, keyID, frame }: SFrameTransformErrorEvent) => [errorType, keyID, frame];
export const streaming: [ReadableStream, WritableStream, boolean] = [
  sender.readable,
  receiver.writable,
  isNativeSFrameSupported(),
];
void sender.setEncryptionKey(baseKey, kid).then(() => receiver.addDecryptionKey(hkdfKey, kid));

export { counted, recipients, retirement, sendingKey, shown, ssrcKey };
export const connection: ExchangeConnection = connectExchange(client, exchange, { cipherSuite });
declare const handle: JanusHandle;
const format = new FrameFormat({ mimeType: 'video/VP8', source: 'camera' });
export const laidOut: Bytes = format.encrypt(encryptor, baseKey);
export const encrypted: HandleEncryption = encryptHandle(handle, client, { participant: ({ mid }) => mid });
export const textRoom: KeyChannel = new JanusTextRoom({ room: 1234, participant: 'alice' });
