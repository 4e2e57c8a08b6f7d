// Which layout a frame gets, what goes with it as metadata, which codes come out, and what a server may put in.

import { describe, expect, test, vi } from 'vitest';
import { av1 } from '../src/codec/av1.ts';
import { chooseLayout, layoutOf, payloadTypesOf } from '../src/codec/choice.ts';
import {
  decryptFrame,
  decryptFrameAsync,
  encryptFrame,
  encryptFrameAsync,
  type FrameForm,
} from '../src/codec/frame.ts';
import { h264 } from '../src/codec/h264.ts';
import { h265 } from '../src/codec/h265.ts';
import { InjectedFrames, MAX_INJECTED_LEN } from '../src/codec/injected.ts';
import { metadataOf, sourceOf } from '../src/codec/source.ts';
import { vp8 } from '../src/codec/vp8.ts';
import { whole } from '../src/codec/whole.ts';
import { decodeHeader, SFrameDecryptor, SFrameEncryptor, SFrameError } from '../src/index.ts';
import type { Decryptor } from '../src/types.ts';
import { h264Frames, join, vp8Delta, vp8Key } from './codec-frames.ts';
import { noise } from './lengths.ts';
import { hex, unhex } from './oracle.ts';

const cipherSuite = 'AES_128_GCM_SHA256_128';
const maxFrameLen = 4000;

function contexts() {
  const encryptor = new SFrameEncryptor({ cipherSuite });
  const decryptor = new SFrameDecryptor({ cipherSuite, maxFrameLen });
  encryptor.setEncryptionKey(noise(16, 1), 300);
  decryptor.addDecryptionKey(noise(16, 1), 300);
  return { encryptor, decryptor };
}

describe('a layout is chosen', () => {
  test.each([
    ['audio/opus', whole],
    ['audio/red', whole],
    ['audio/PCMU', whole],
    ['AUDIO/G722', whole],
    ['video/VP8', vp8],
    ['video/vp8', vp8],
    ['Video/Vp9', whole],
    ['video/H264', h264],
    ['video/h264', h264],
    ['video/H265', h265],
    ['video/AV1', av1],
    ['video/AV1X', av1],
    // not known: none, and no other's
    ['video/H266', undefined],
    ['video/VP10', undefined],
    ['video/VP', undefined],
    ['video/rtx', undefined],
    ['video/red', undefined],
    ['video/', undefined],
    ['audio/', undefined],
    ['vp8', undefined],
    ['', undefined],
    [' video/VP8', undefined],
    ['x-audio/opus', undefined],
    ['video/constructor', undefined],
  ])('for %s', (mimeType, layout) => {
    expect(layoutOf(mimeType)).toBe(layout);
    expect(chooseLayout({ mimeType }, new Map(), 'codec')).toBe(layout);
  });

  const types = payloadTypesOf({
    codecs: [
      { payloadType: 96, mimeType: 'video/VP8' },
      { payloadType: 97, mimeType: 'video/rtx' },
      { payloadType: 98, mimeType: 'video/H264' },
      { payloadType: 96, mimeType: 'video/VP8' },
      { payloadType: 99, mimeType: 'video/VP8' },
      { payloadType: 99, mimeType: 'video/AV1' },
      { payloadType: 99, mimeType: 'video/AV1' },
    ],
  });

  test.each([
    ['by payload type, where there is no name', { payloadType: 98 }, h264],
    ['the same where the name is empty', { mimeType: '', payloadType: 98 }, h264],
    ['listed twice', { payloadType: 96 }, vp8],
    ['of two codecs: none', { payloadType: 99 }, undefined],
    ['of none that is known', { payloadType: 97 }, undefined],
    ['not negotiated', { payloadType: 100 }, undefined],
    ['nothing known at all', {}, undefined],
    ['by name before payload type', { mimeType: 'video/VP9', payloadType: 98 }, whole],
    ['an unknown name is not looked up', { mimeType: 'video/H266', payloadType: 98 }, undefined],
  ])('%s', (_what, metadata, layout) => {
    expect(chooseLayout(metadata, types, 'codec')).toBe(layout);
  });

  test('in raw packetization all frames are encrypted whole', () => {
    for (const metadata of [{}, { mimeType: 'video/VP8' }, { mimeType: 'video/H266' }, { payloadType: 98 }])
      expect(chooseLayout(metadata, types, 'packetization-raw')).toBe(whole);
  });
});

describe('metadata', () => {
  const camera = sourceOf('camera');

  test('is exactly the clear bytes by default', () => {
    const { encryptor, decryptor } = contexts();
    const clear = vp8Key.slice(0, 10);
    expect(metadataOf(clear, undefined)).toBe(clear);
    const sent = encryptFrame(encryptor, { layout: vp8 }, vp8Key) as Uint8Array;
    expect(sent.subarray(0, 10)).toEqual(clear);
    expect(decryptor.decrypt(sent.subarray(10), clear)).toEqual(vp8Key.subarray(10));
  });

  test('with a source it is these, a label, and the length of the source', () => {
    const label = '7366 72616d65 2d 7761736d 20 736f75726365'.replaceAll(' ', '');
    expect(hex(camera)).toBe(`${label}${hex(new TextEncoder().encode('camera'))}0006`);
    expect(hex(sourceOf('é'))).toBe(`${label}c3a90002`);
    expect(hex(metadataOf(unhex('d1'), camera))).toBe(`d1${hex(camera)}`);
    expect(hex(metadataOf(unhex(''), camera))).toBe(hex(camera));
    const { encryptor, decryptor } = contexts();
    const sent = encryptFrame(encryptor, { layout: vp8, source: camera }, vp8Delta) as Uint8Array;
    expect(decryptor.decrypt(sent.subarray(1), join(unhex('d1'), camera))).toEqual(vp8Delta.subarray(1));
  });

  test('keeps one source from passing for another', async () => {
    const forms: FrameForm[] = [undefined, camera, sourceOf('screen')].map((source) => ({
      layout: h264,
      source,
    }));
    const frame = h264Frames['delta frame']!;
    for (const sent of forms)
      for (const received of forms) {
        const { encryptor, decryptor } = contexts();
        const expected = sent === received ? frame : 'authentication';
        const first = encryptFrame(encryptor, sent, frame) as Uint8Array;
        expect(decryptFrame(decryptor, received, first)).toEqual(expected);
        const second = (await encryptFrameAsync(encryptor, sent, frame)) as Uint8Array;
        expect(await decryptFrameAsync(decryptor, received, second)).toEqual(expected);
      }
  });

  test('a label has 1 to 65535 bytes of UTF-8', () => {
    const long = sourceOf('x'.repeat(65_535));
    expect(hex(long.subarray(-3))).toBe('78ffff');
    for (const label of ['', 'x'.repeat(65_536), 'é'.repeat(32_768)])
      expect(() => sourceOf(label)).toThrow(RangeError);
    expect(() => sourceOf('\ud800')).toThrow(TypeError);
    expect(() => sourceOf(7 as unknown as string)).toThrow(/source must be a string/);
  });
});

describe('what fails is a code', () => {
  const form = { layout: vp8 };

  test('of the sender: no key, destroyed', async () => {
    const encryptor = new SFrameEncryptor({ cipherSuite });
    expect(encryptFrame(encryptor, form, vp8Key)).toBe('no-key');
    expect(await encryptFrameAsync(encryptor, form, vp8Key)).toBe('no-key');
    encryptor.destroy();
    expect(encryptFrame(encryptor, form, vp8Key)).toBe('destroyed');
  });

  test("but not the caller's own mistakes", async () => {
    const encryptor = new SFrameEncryptor({ cipherSuite, maxFrameLen: 100 });
    encryptor.setEncryptionKey(noise(16, 1), 1);
    expect(() => encryptFrame(encryptor, form, noise(200, 1))).toThrow(RangeError);
    await expect(encryptFrameAsync(encryptor, form, noise(200, 1))).rejects.toThrow(RangeError);
  });

  /** Decryptors with and without methods that make no exceptions. */
  const kinds: [string, (decryptor: SFrameDecryptor) => Decryptor][] = [
    ['that make no exceptions', (decryptor) => decryptor],
    [
      'that do',
      (decryptor) => ({
        decrypt: (ciphertext, metadata) => decryptor.decrypt(ciphertext, metadata),
        decryptInto: () => 0,
        decryptAsync: (ciphertext, metadata) => decryptor.decryptAsync(ciphertext, metadata),
      }),
    ],
  ];

  test.each(kinds)('of receivers %s', async (_what, kindOf) => {
    const { encryptor, decryptor } = contexts();
    const receiver = kindOf(decryptor);
    const open = async (sent: Uint8Array) => {
      const opened = [decryptFrame(receiver, form, sent), await decryptFrameAsync(receiver, form, sent)];
      expect(opened[1]).toEqual(typeof opened[0] === 'string' ? opened[0] : 'replay');
      return opened[0];
    };
    const sent = encryptFrame(encryptor, form, vp8Key) as Uint8Array<ArrayBuffer>;
    const forged = sent.slice();
    forged[20]! ^= 1;
    expect(await open(forged)).toBe('authentication');
    expect(await open(sent)).toEqual(vp8Key);
    expect(await open(sent)).toBe('replay');
    expect(await open(new Uint8Array(0))).toBe('syntax');
    expect(await open(unhex('0f'))).toBe('syntax');
    expect(await open(noise(maxFrameLen + 100, 4))).toBe('syntax');
    expect(await open(join(unhex('0f07'), noise(40, 3)))).toBe('key-id');
    decryptor.destroy();
    expect(await open(encryptFrame(encryptor, form, vp8Key) as Uint8Array)).toBe('destroyed');
  });

  test('and a clear part longer than a context takes is no frame', async () => {
    const { decryptor } = contexts();
    const sent = join(
      unhex('0000000106'),
      noise(2 * maxFrameLen, 1).map((byte) => byte | 4),
      unhex('0000000141999980'),
    );
    expect(h264.parse(sent)).toBeDefined();
    expect(decryptFrame(decryptor, { layout: h264 }, sent)).toBe('syntax');
    expect(await decryptFrameAsync(decryptor, { layout: h264 }, sent)).toBe('syntax');
  });

  test('what else a decryptor throws is passed on', async () => {
    const broken = () => {
      throw new TypeError('broken');
    };
    const decryptor: Decryptor = { decrypt: broken, decryptInto: broken, decryptAsync: broken };
    expect(() => decryptFrame(decryptor, form, vp8Key)).toThrow('broken');
    await expect(decryptFrameAsync(decryptor, form, vp8Key)).rejects.toThrow('broken');
    const error = new SFrameError('engine-unavailable');
    const without: Decryptor = { ...decryptor, decryptAsync: () => Promise.reject(error) };
    expect(await decryptFrameAsync(without, form, vp8Key)).toBe('engine-unavailable');
  });

  test('counters are in the order of calls', async () => {
    const { encryptor } = contexts();
    const frames = [vp8Delta, noise(70_000, 1).map((byte) => byte | 1), vp8Delta];
    const sent = await Promise.all(frames.map((frame) => encryptFrameAsync(encryptor, form, frame)));
    const ctrs = sent.map((bytes) => decodeHeader((bytes as Uint8Array).subarray(1)).ctr);
    expect(ctrs).toEqual([0n, 1n, 2n]);
  });

  test('large frames come through, whichever engine does them', async () => {
    const { encryptor } = contexts();
    const decryptor = new SFrameDecryptor({ cipherSuite });
    decryptor.addDecryptionKey(noise(16, 1), 300);
    const frame = join(unhex('000000016588'), noise(100_000, 5));
    const sent = (await encryptFrameAsync(encryptor, { layout: h264 }, frame)) as Uint8Array;
    expect(hex((await decryptFrameAsync(decryptor, { layout: h264 }, sent)) as Uint8Array)).toBe(hex(frame));
  });
});

describe('frames that a server puts in', () => {
  const silence = unhex('f8fffe');
  const digestOf = async (frame: Uint8Array<ArrayBuffer>) =>
    new Uint8Array(await crypto.subtle.digest('SHA-256', frame));

  test('are none by default', async () => {
    const digest = vi.spyOn(crypto.subtle, 'digest');
    expect(await new InjectedFrames().allows(silence)).toBe(false);
    expect(await new InjectedFrames([]).allows(new Uint8Array(0))).toBe(false);
    expect(digest, 'and cost nothing').not.toHaveBeenCalled();
    digest.mockRestore();
  });

  test('are those named, to the last byte', async () => {
    const injected = new InjectedFrames([await digestOf(silence), await digestOf(vp8Key)]);
    expect(await injected.allows(silence)).toBe(true);
    expect(await injected.allows(vp8Key)).toBe(true);
    expect(await injected.allows(join(silence, silence).subarray(3) as Uint8Array<ArrayBuffer>)).toBe(true);
    expect(await injected.allows(unhex('f8ffff'))).toBe(false);
    expect(await injected.allows(unhex('f8ff'))).toBe(false);
    expect(await injected.allows(unhex('f8fffe00'))).toBe(false);
    expect(await injected.allows(await digestOf(silence))).toBe(false);
    expect(await injected.allows(new Uint8Array(0))).toBe(false);
  });

  test('are read, and their digests copied, at once', async () => {
    const digest = await digestOf(silence);
    const injected = new InjectedFrames([digest]);
    digest.fill(0);
    const frame = silence.slice();
    const allowed = injected.allows(frame);
    frame.fill(0);
    expect(await allowed).toBe(true);
  });

  test('are not looked at if they are long', async () => {
    const [longest, longer] = [noise(MAX_INJECTED_LEN, 1), noise(MAX_INJECTED_LEN + 1, 1)];
    const injected = new InjectedFrames([await digestOf(longest), await digestOf(longer)]);
    expect(await injected.allows(longest)).toBe(true);
    expect(await injected.allows(longer)).toBe(false);
  });

  test('are named by 32 bytes', () => {
    for (const len of [0, 31, 33]) expect(() => new InjectedFrames([noise(len, 1)])).toThrow(RangeError);
    expect(() => new InjectedFrames(['00' as unknown as Uint8Array])).toThrow(
      /injectedFrames must be a Uint8Array/,
    );
    expect(() => new InjectedFrames([noise(32, 1), noise(31, 1)])).toThrow(/injectedFrames/);
  });
});
