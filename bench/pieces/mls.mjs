// MLS keys (RFC 9605 §5.2): what a new epoch costs a client, and what forged KIDs cost a receiver. Forged frames are
// refused by code, as streams have it: a caller of decrypt pays for an exception besides.

import { encodeHeader, MlsDecryptor, MlsEncryptor, SFrameDecryptor } from '../../dist/index.js';
import { baseKey, suiteNames } from '../sframe.mjs';
import { race } from '../timing.mjs';

/** @typedef {Uint8Array<ArrayBuffer>} Bytes */
/** @typedef {'auto' | 'wasm'} Engine */

const cipherSuite = /** @type {import('../sframe.mjs').CipherSuite} */ (suiteNames[4]);
const epochBits = 8;
const groupSize = 64;
/** As many epochs, until a client starts again. */
const EPOCHS = 200;
const SIZE = 160;

/** @param {{ effort: import('../timing.mjs').Effort }} plan */
export async function mls({ effort }) {
  return [
    { what: 'a new epoch, AES-128-GCM', rows: await race(epochs(), effort) },
    { what: `a received frame of ${SIZE} bytes, AES-128-GCM`, rows: await race(flood(), effort) },
  ];
}

/** @param {number} epoch */
function keyOf(epoch) {
  const key = baseKey.slice();
  key[0] = epoch;
  return key;
}

/** A frame of each of the first leaves, in each epoch. @param {number} senders */
function framesOf(senders) {
  const encryptors = Array.from({ length: senders }, () => new MlsEncryptor({ cipherSuite, epochBits }));
  return Array.from({ length: EPOCHS }, (_, epoch) =>
    encryptors.map((encryptor, senderIndex) => {
      encryptor.setEpoch({ epoch, baseKey: keyOf(epoch), groupSize, senderIndex });
      return encryptor.encrypt(new Uint8Array(SIZE));
    }),
  );
}

/** Receiving and sending in a new epoch, and the first frame of each of the others: all that is derived for it. */
function epochs() {
  /** @param {Engine} engine @param {number} senders */
  const client = (engine, senders) => {
    const frames = framesOf(senders);
    const options = { cipherSuite, epochBits, engine };
    const senderIndex = groupSize - 1;
    let encryptor = new MlsEncryptor(options);
    let decryptor = new MlsDecryptor(options);
    let epoch = 0;
    return () => {
      if (epoch === EPOCHS) {
        encryptor.destroy();
        decryptor.destroy();
        encryptor = new MlsEncryptor(options);
        decryptor = new MlsDecryptor(options);
        epoch = 0;
      }
      const given = { epoch, baseKey: keyOf(epoch), groupSize, senderIndex };
      decryptor.addEpoch({ ...given, graceSeconds: 0 });
      encryptor.setEpoch(given);
      for (const frame of /** @type {Bytes[]} */ (frames[epoch])) decryptor.decrypt(frame);
      epoch++;
    };
  };
  return /** @type {const} */ ([2, 10, 50]).flatMap((senders) =>
    /** @type {const} */ (['wasm', 'auto']).map((engine) => ({
      id: `epoch-${senders}-${engine}`,
      name: `${senders} senders, ${engine}`,
      once: client(engine, senders),
    })),
  );
}

function flood() {
  const given = { epoch: 5, baseKey, groupSize };
  const encryptor = new MlsEncryptor({ cipherSuite, epochBits });
  encryptor.setEpoch({ ...given, senderIndex: 1 });
  const genuine = encryptor.encrypt(new Uint8Array(SIZE));
  // No replay window: one frame is opened often.
  const decryptor = new MlsDecryptor({ cipherSuite, epochBits, replayWindow: 0 });
  decryptor.addEpoch({ ...given, senderIndex: 63 });
  decryptor.decrypt(genuine);
  const plain = new SFrameDecryptor({ cipherSuite, replayWindow: 0 });
  plain.addDecryptionKey(baseKey, /** @type {bigint} */ (encryptor.kid));
  const [{ length }, text] = [encodeHeader(/** @type {bigint} */ (encryptor.kid), 0), genuine.slice()];
  text[text.length - 1] = ~(/** @type {number} */ (text[text.length - 1]));
  /** @param {number} senderIndex @param {number} contextId */
  const forged = (senderIndex, contextId, epoch = 5) => {
    const header = encodeHeader(contextId * 2 ** 14 + senderIndex * 2 ** 8 + epoch, 0);
    const frame = new Uint8Array(header.length + text.length - length);
    frame.set(header);
    frame.set(text.subarray(length), header.length);
    return frame;
  };
  const strangers = Array.from({ length: 1000 }, (_, i) => forged(i % 63, 1 + i));
  const [known, own, elsewhere] = [forged(1, 0), forged(63, 0), forged(1, 0, 6)];
  const refuse = (/** @type {Bytes} */ frame) => {
    if (typeof decryptor.tryDecrypt(frame) !== 'string') throw new Error('a forged frame was opened');
  };
  let turn = 0;
  const next = () => /** @type {Bytes} */ (strangers[turn++ % strangers.length]);
  return [
    { id: 'genuine', name: 'genuine', once: () => decryptor.decrypt(genuine) },
    { id: 'plain', name: 'genuine, SFrameDecryptor', once: () => plain.decrypt(genuine) },
    {
      id: 'flooded',
      name: 'genuine, and a forged KID',
      once() {
        refuse(next());
        decryptor.decrypt(genuine);
      },
    },
    { id: 'stranger', name: 'forged, a KID that is new', once: () => refuse(next()) },
    { id: 'known', name: 'forged, a KID in use', once: () => refuse(known) },
    { id: 'own', name: 'forged, our own leaf', once: () => refuse(own) },
    { id: 'elsewhere', name: 'forged, no such epoch', once: () => refuse(elsewhere) },
  ];
}
