/** `sframe-wasm/codec`: the same frames as the transform of calls makes and opens, for those who have no browser. */
import { describe, expect, it } from 'vitest';
import { chooseLayout } from '../src/codec/choice.ts';
import { decryptFrame, encryptFrame } from '../src/codec/frame.ts';
import { sourceOf } from '../src/codec/source.ts';
import { FrameFormat, type FrameFormatOptions } from '../src/codec.ts';
import { SFrameDecryptor, SFrameEncryptor } from '../src/index.ts';
import { h264Frames, h265Frames } from './codec-frames.ts';
import { noise } from './lengths.ts';

const cipherSuite = 'AES_128_GCM_SHA256_128';

function contexts() {
  const encryptor = new SFrameEncryptor({ cipherSuite });
  encryptor.setEncryptionKey(new Uint8Array(16), 7);
  const decryptor = new SFrameDecryptor({ cipherSuite });
  decryptor.addDecryptionKey(new Uint8Array(16), 7);
  return { encryptor, decryptor };
}

const vp8 = noise(500, 1).map((byte, i) => (i === 0 ? byte & 0xfe : byte));
const tracks: [FrameFormatOptions, Uint8Array][] = [
  [{ mimeType: 'audio/opus' }, noise(90, 2)],
  [{ mimeType: 'audio/opus' }, new Uint8Array(0)],
  [{ mimeType: 'video/VP8' }, vp8],
  [{ mimeType: 'video/vp8', source: 'camera' }, vp8],
  [{ mimeType: 'video/VP9' }, noise(700, 3)],
  [{ mimeType: 'video/AV1' }, Uint8Array.of(0x32, 3, 1, 2, 3)],
  [{ mimeType: 'video/H264', mode: 'packetization-raw' }, noise(700, 4)],
  ...Object.values(h264Frames).map(
    (frame) => [{ mimeType: 'video/H264' }, frame] as [FrameFormatOptions, Uint8Array],
  ),
  ...Object.values(h265Frames).map(
    (frame) => [{ mimeType: 'video/H265' }, frame] as [FrameFormatOptions, Uint8Array],
  ),
];

describe.each(tracks)('%o', (options, frame) => {
  const { mimeType, mode = 'codec', source } = options;
  const layout = chooseLayout({ mimeType }, new Map(), mode)!;
  const form = { layout, source: source === undefined ? undefined : sourceOf(source) };
  const format = new FrameFormat(options);

  it('is what calls send, and opens what they send', () => {
    const [ours, theirs] = [contexts(), contexts()];
    const sent = format.encrypt(ours.encryptor, frame);
    expect(sent).toEqual(encryptFrame(theirs.encryptor, form, frame));
    expect(format.decrypt(ours.decryptor, sent)).toEqual(decryptFrame(theirs.decryptor, form, sent));
  });

  it('is the same asynchronously', async () => {
    const [ours, theirs] = [contexts(), contexts()];
    const sent = await format.encryptAsync(ours.encryptor, frame);
    expect(sent).toEqual(format.encrypt(theirs.encryptor, frame));
    expect(await format.decryptAsync(ours.decryptor, sent)).toEqual(format.decrypt(theirs.decryptor, sent));
  });
});

describe('what does not open', () => {
  const format = new FrameFormat({ mimeType: 'video/VP8', source: 'camera' });

  it('throws its code, with the KID', async () => {
    const { encryptor, decryptor } = contexts();
    const sent = format.encrypt(encryptor, vp8);
    const screen = new FrameFormat({ mimeType: 'video/VP8', source: 'screen' });
    const wrong = expect.objectContaining({ code: 'authentication', kid: 7n });
    expect(() => screen.decrypt(decryptor, sent)).toThrow(wrong);
    await expect(screen.decryptAsync(decryptor, sent)).rejects.toEqual(wrong);
    format.decrypt(decryptor, sent);
    expect(() => format.decrypt(decryptor, sent)).toThrow(expect.objectContaining({ code: 'replay' }));
  });

  it('is a matter of syntax where no sender makes it', async () => {
    const { decryptor } = contexts();
    const syntax = expect.objectContaining({ code: 'syntax' });
    const h264 = new FrameFormat({ mimeType: 'video/H264' });
    for (const sent of [new Uint8Array(0), Uint8Array.of(0, 0, 0, 1, 0x67)]) {
      expect(() => h264.decrypt(decryptor, sent)).toThrow(syntax);
      await expect(h264.decryptAsync(decryptor, sent)).rejects.toEqual(syntax);
    }
  });

  it('takes its counter before it returns', async () => {
    const { encryptor } = contexts();
    const sending = format.encryptAsync(encryptor, vp8);
    expect(encryptor.ctr).toBe(1n);
    await sending;
  });
});

it('refuses what it cannot be', async () => {
  const make = (options: object | null) => () => new FrameFormat(options as FrameFormatOptions);
  expect(make(null)).toThrow(TypeError);
  expect(make({})).toThrow('mimeType');
  expect(make({ mimeType: 'video/theora' })).toThrow(RangeError);
  expect(make({ mimeType: 'video/VP8', mode: 'raw' })).toThrow('mode');
  expect(make({ mimeType: 'video/VP8', source: '' })).toThrow('source');
  const format = new FrameFormat({ mimeType: 'video/VP8' });
  const { encryptor, decryptor } = contexts();
  expect(() => format.encrypt(encryptor, 'x' as never)).toThrow('frame must be');
  expect(() => format.decrypt(decryptor, 'x' as never)).toThrow('sent must be');
  await expect(format.encryptAsync(encryptor, 'x' as never)).rejects.toThrow('frame must be');
  await expect(format.decryptAsync(decryptor, 'x' as never)).rejects.toThrow('sent must be');
});
