// The layouts on what real encoders make, 100 frames and more of each codec (vectors/media).

import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { readMedia } from '../examples/frames/media.js';
import { layoutOf } from '../src/codec/choice.ts';
import { decryptFrame, encryptFrame } from '../src/codec/frame.ts';
import { SFrameDecryptor, SFrameEncryptor } from '../src/index.ts';
import { obusOf, sendNalUnits, sendObus, unitsOf } from './codec-frames.ts';
import { noise } from './lengths.ts';
import { hex } from './oracle.ts';

const cipherSuite = 'AES_128_GCM_SHA256_128';

/** How many bytes of each frame a server can read, key frames and others. */
const files: [string, string, (sent: Uint8Array) => Uint8Array, (clear: Uint8Array) => string][] = [
  ['opus.ogg', 'audio/opus', (sent) => sent, () => ''],
  ['vp8.ivf', 'video/VP8', (sent) => sent, (clear) => (clear.length === 10 ? 'key' : `${clear.length}`)],
  ['vp9.ivf', 'video/VP9', (sent) => sent, () => ''],
  [
    'h264.h264',
    'video/H264',
    (sent) => sendNalUnits(sent),
    (clear) =>
      unitsOf(clear)!
        .map(([byte]) => byte! & 31)
        .join(),
  ],
  [
    'av1.ivf',
    'video/AV1',
    (sent) => sendObus(sent),
    (clear) =>
      obusOf(clear)
        .map(({ type }) => type)
        .join(),
  ],
];

const expected: Record<string, Record<string, number>> = {
  'opus.ogg': { '': 201 },
  'vp8.ivf': { key: 2, 1: 98 },
  'vp9.ivf': { '': 100 },
  'h264.h264': { '7,8,5': 2, 1: 98 },
  'av1.ivf': { 1: 2, '': 98 },
};

test.each(files)('%s', (name, mimeType, way, kindOf) => {
  const layout = layoutOf(mimeType)!;
  const encryptor = new SFrameEncryptor({ cipherSuite });
  const decryptor = new SFrameDecryptor({ cipherSuite });
  encryptor.setEncryptionKey(noise(16, 1), 1);
  decryptor.addDecryptionKey(noise(16, 1), 1);
  const { frames } = readMedia(
    new Uint8Array(readFileSync(new URL(`../vectors/media/${name}`, import.meta.url))),
  );
  const kinds: Record<string, number> = {};
  for (const frame of frames) {
    const sent = encryptFrame(encryptor, { layout }, frame);
    if (typeof sent === 'string') throw new Error(sent);
    const kind = kindOf(layout.parse(sent)!.clear);
    kinds[kind] = (kinds[kind] ?? 0) + 1;
    const opened = decryptFrame(decryptor, { layout }, way(sent));
    if (typeof opened === 'string') throw new Error(opened);
    const partsOf = (bytes: Uint8Array) =>
      (mimeType === 'video/H264' ? unitsOf(bytes)! : [bytes]).map(hex).join();
    expect(partsOf(opened) === partsOf(frame), `frame of ${frame.length} bytes`).toBe(true);
  }
  expect(kinds).toEqual(expected[name]);
});
