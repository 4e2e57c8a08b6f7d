// The example program of `examples/frames`: its container splitters against what ffprobe counted when the
// media was made, against hand-made files, cut files and garbage; the room's ability to fail; the command
// line.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { cipherSuites, decodeHeader, SFrameDecryptor, SFrameEncryptor } from 'sframe-wasm';
import { afterAll, afterEach, describe, expect, it, vi } from 'vitest';
import { readAnnexB } from '../examples/frames/annexb.js';
import { forgeries, reorder } from '../examples/frames/hostile.js';
import { readIvf } from '../examples/frames/ivf.js';
import { readMedia } from '../examples/frames/media.js';
import { readOgg } from '../examples/frames/ogg.js';
import { leaks } from '../examples/frames/relay.js';
import { playRoom } from '../examples/frames/room.js';

const media = (name: string) => new URL(`../vectors/media/${name}`, import.meta.url);
const load = (name: string) => new Uint8Array(readFileSync(media(name)));
const lengths = (frames: Uint8Array[]) => frames.map((frame) => frame.length);
const total = (frames: Uint8Array[]) => frames.reduce((sum, frame) => sum + frame.length, 0);

/** What `ffprobe -show_entries packet=size` said: frames, their bytes, the first and the last one's. */
const files = [
  { name: 'opus.ogg', type: 'audio/opus', frames: 201, bytes: 14538, first: 120, last: 35 },
  { name: 'vp8.ivf', type: 'video/VP8', frames: 100, bytes: 243952, first: 6797, last: 2666 },
  { name: 'vp9.ivf', type: 'video/VP9', frames: 100, bytes: 252655, first: 21760, last: 2586 },
  { name: 'av1.ivf', type: 'video/AV1', frames: 100, bytes: 259050, first: 23824, last: 2245 },
  { name: 'h264.h264', type: 'video/H264', frames: 100, bytes: 272134, first: 7878, last: 2524 },
];

/** Random bytes that are the same in every run (mulberry32). */
function noise(seed: number, length: number): Uint8Array {
  let state = seed;
  return Uint8Array.from({ length }, () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return (t ^ (t >>> 14)) & 255;
  });
}

/** What becomes of a file that may be broken: frames, or an error a person can read. Anything else fails. */
function outcome(file: Uint8Array): Uint8Array[] | string {
  try {
    return readMedia(file).frames;
  } catch (error) {
    expect(error).toBeInstanceOf(Error);
    const { name, message } = error as Error;
    expect(name).toBe('Error');
    expect(message).toMatch(/^[^\n]{10,90}[^\n.]$/);
    return message;
  }
}

describe('the media files', () => {
  it.each(files)(
    '$name splits into the frames ffprobe counted',
    ({ name, type, frames, bytes, first, last }) => {
      const split = readMedia(load(name));
      expect(split.media).toBe(type);
      expect(split.frames.length).toBe(frames);
      expect(total(split.frames)).toBe(bytes);
      expect(split.frames[0]!.length).toBe(first);
      expect(split.frames.at(-1)!.length).toBe(last);
    },
  );

  it('together stay under 1.5 MB', () => {
    expect(files.reduce((sum, { name }) => sum + load(name).length, 0)).toBeLessThan(1.5e6);
  });

  it.each(files)('$name, cut anywhere, gives fewer whole frames or a clear error', ({ name }) => {
    const file = load(name);
    const { frames } = readMedia(file);
    for (let cut = 0; cut < file.length; cut += cut < 700 ? 1 : 4001) {
      const result = outcome(file.subarray(0, cut));
      if (typeof result === 'string') continue;
      expect(result.length).toBeLessThanOrEqual(frames.length);
      // Annex B carries no lengths: there the last frame may be cut, in the other two it must not be.
      const whole = name === 'h264.h264' ? result.length - 1 : result.length;
      const same = result.slice(0, whole).every((frame, i) => Buffer.compare(frame, frames[i]!) === 0);
      expect(same, `cut at ${cut}`).toBe(true);
    }
  });

  it.each(files)('$name with noise in it gives frames or a clear error', ({ name }) => {
    for (let seed = 1; seed <= 40; seed++) {
      const file = load(name);
      file.set(noise(seed, 64), (seed * 104729) % (file.length - 64));
      outcome(file);
    }
  });
});

describe('garbage', () => {
  it.each(['', 'OggS', 'DKIF', 'DKIF\0\0\x20\0VP80', '\0\0\x01', '\0\0\0\x01', '\0\0\x01\x65'])(
    'behind %j is frames or a clear error',
    (magic) => {
      for (let seed = 1; seed <= 200; seed++) {
        outcome(Uint8Array.of(...Buffer.from(magic, 'latin1'), ...noise(seed, seed * 3)));
      }
    },
  );

  it('is named', () => {
    expect(outcome(new Uint8Array())).toBe('the file is empty');
    expect(outcome(noise(1, 1000))).toBe('the file is neither Ogg, nor IVF, nor H.264 Annex B');
  });
});

/** Ogg pages of at most `segments` segments each, with right checksums. */
function ogg(packets: Uint8Array[], segments: number): Buffer {
  const lacings = packets.flatMap(({ length }) => [
    ...Array(Math.floor(length / 255)).fill(255),
    length % 255,
  ]);
  const body = Buffer.concat(packets);
  const pages: Buffer[] = [];
  let at = 0;
  for (let i = 0; i < lacings.length; i += segments) {
    const table: number[] = lacings.slice(i, i + segments);
    const length = table.reduce((sum, lacing) => sum + lacing, 0);
    const header = Buffer.alloc(27);
    header.write('OggS');
    header.writeUInt8(i > 0 && lacings[i - 1] === 255 ? 1 : 0, 5);
    header.writeUInt32LE(0x5f7a6e, 14);
    header.writeUInt32LE(pages.length, 18);
    header.writeUInt8(table.length, 26);
    pages.push(seal(Buffer.concat([header, Buffer.from(table), body.subarray(at, at + length)])));
    at += length;
  }
  return Buffer.concat(pages);
}

/** Writes an Ogg page's checksum: the remainder by long division, bit by bit. */
function seal(page: Buffer): Buffer {
  page.writeUInt32LE(0, 22);
  let remainder = 0n;
  for (const byte of page) {
    remainder = (remainder << 8n) ^ (BigInt(byte) << 32n);
    for (let bit = 39n; bit >= 32n; bit--)
      if ((remainder >> bit) & 1n) remainder ^= 0x104c11db7n << (bit - 32n);
  }
  page.writeUInt32LE(Number(remainder), 22);
  return page;
}

describe('Ogg', () => {
  const head = Buffer.from('OpusHead\x01\x01\0\0\x80\xbb\0\0\0\0\0', 'latin1');
  const tags = Buffer.from('OpusTags\0\0\0\0\0\0\0\0', 'latin1');
  const opus = [0, 1, 254, 255, 256, 509, 510, 511, 3, 4000].map((length, i) => noise(i, length));

  it.each([1, 2, 3, 7, 255])('joins packets over pages of %i segments', (segments) => {
    const { frames } = readOgg(ogg([head, tags, ...opus], segments));
    expect(lengths(frames)).toEqual(lengths(opus));
    expect(Buffer.concat(frames).equals(Buffer.concat(opus))).toBe(true);
  });

  it('notices any changed byte', () => {
    const file = ogg([head, tags, ...opus.slice(0, 4)], 3);
    for (let at = 0; at < file.length; at++) {
      const bad = Buffer.from(file);
      bad[at]! ^= 0x10;
      expect(() => readOgg(bad), `byte ${at}`).toThrow(Error);
    }
  });

  it('refuses what is not one whole Opus stream, and says why', () => {
    const file = ogg([head, tags, ...opus], 7);
    const pageAt = (number: number) => {
      let at = 0;
      for (let i = 0; i < number; i++) at = file.indexOf('OggS', at + 4);
      return at;
    };
    const changed = (page: number, change: (bytes: Buffer) => void) => {
      const bytes = Buffer.from(file.subarray(pageAt(page), pageAt(page + 1)));
      change(bytes);
      return Buffer.concat([file.subarray(0, pageAt(page)), seal(bytes), file.subarray(pageAt(page + 1))]);
    };
    const name = `the Ogg page at byte ${pageAt(1)}`;
    const refused = (bytes: Uint8Array) => expect(() => readOgg(bytes));

    refused(ogg([opus[3]!, tags], 7)).toThrow('the Ogg stream is not Opus');
    refused(ogg([head], 7)).toThrow('the Opus stream has no OpusTags header');
    refused(file.subarray(0, pageAt(1) - 1)).toThrow('the Ogg page at byte 0 is cut short');
    refused(file.subarray(0, pageAt(1) + 20)).toThrow(`${name} is cut short`);
    refused(file.subarray(0, pageAt(3))).toThrow('the Ogg stream ends in the middle of a packet');
    refused(Buffer.concat([file, Buffer.from('tail')])).toThrow('does not start with OggS');
    refused(Buffer.concat([file.subarray(0, pageAt(1)), file.subarray(pageAt(2))])).toThrow(
      'has page number 2, not 1',
    );
    refused(changed(1, (page) => page.writeUInt8(1, 4))).toThrow(`${name} has an unknown version`);
    refused(changed(1, (page) => page.writeUInt8(0, 14))).toThrow(`${name} belongs to a second stream`);
    refused(changed(1, (page) => page.writeUInt8(page.readUInt8(5) ^ 1, 5))).toThrow(
      `${name} does not follow from the one before`,
    );
    expect(() => readMedia(ogg([head, tags], 7))).toThrow('the file holds no media frame');
  });
});

describe('IVF', () => {
  it('is header, then length, time and frame, with nothing between', () => {
    const file = load('vp8.ivf');
    let at = 32;
    for (const frame of readIvf(file).frames) {
      expect(frame.byteOffset - file.byteOffset).toBe(at + 12);
      expect(new DataView(file.buffer).getUint32(at, true)).toBe(frame.length);
      at += 12 + frame.length;
    }
    expect(at).toBe(file.length);
  });

  it('refuses a broken header or frame, and says why', () => {
    const changed = (at: number, byte: number) => {
      const file = load('vp8.ivf');
      file[at] = byte;
      return file;
    };
    expect(() => readIvf(load('vp8.ivf').subarray(0, 31))).toThrow('the IVF header is cut short');
    expect(() => readIvf(changed(0, 0))).toThrow('the IVF header has no DKIF mark');
    expect(() => readIvf(changed(4, 1))).toThrow('the IVF header has an unknown version');
    expect(() => readIvf(changed(6, 33))).toThrow('the IVF header has an unknown length');
    expect(() => readIvf(changed(8, 0x57))).toThrow('a codec that is not VP8, VP9 or AV1');
    expect(() => readIvf(changed(35, 255))).toThrow('the IVF frame at byte 32 is cut short');
    expect(() => readMedia(load('vp8.ivf').subarray(0, 32))).toThrow('the file holds no media frame');
  });
});

describe('H.264 Annex B', () => {
  const nal = (...bytes: number[]) => Buffer.from([0, 0, 1, ...bytes]);
  const longNal = (...bytes: number[]) => Buffer.from([0, 0, 0, 1, ...bytes]);
  const sps = longNal(0x67, 0x42, 0xc0, 0x1e);
  const pps = nal(0x68, 0xce, 0x3c, 0x80);
  const idr = [nal(0x65, 0x88, 0x84), nal(0x65, 0x20, 0x11)]; // first_mb_in_slice 0, then 3
  const p = [longNal(0x41, 0x9a, 0x01), nal(0x41, 0x30, 0x02)];
  const aud = longNal(0x09, 0xf0);
  const sei = nal(0x06, 0x05, 0x01, 0xaa, 0x80);
  const end = nal(0x0a);

  it('cuts the file without losing a byte, and begins key frames with their parameter sets', () => {
    const file = load('h264.h264');
    const { frames } = readAnnexB(file);
    expect(Buffer.concat(frames).equals(file)).toBe(true);
    const types = (frame: Uint8Array) => {
      const bytes = Buffer.from(frame);
      const found = [];
      for (let at = bytes.indexOf(nal()); at >= 0; at = bytes.indexOf(nal(), at + 3))
        found.push(bytes[at + 3]! & 31);
      return found.join(' ');
    };
    frames.forEach((frame, i) => {
      expect(types(frame), `frame ${i}`).toBe(i % 50 === 0 ? '7 8 5 5' : '1 1');
    });
  });

  it.each([
    ['slices alone', [idr, p, p]],
    ['parameter sets', [[sps, pps, ...idr], p, [pps, ...p], [sps, pps, ...idr]]],
    [
      'access unit delimiters',
      [
        [aud, sps, pps, ...idr],
        [aud, ...p],
        [aud, ...p],
      ],
    ],
    [
      'SEI messages and an end of sequence',
      [
        [sps, pps, sei, ...idr],
        [sei, ...p, end],
        [sei, ...idr],
      ],
    ],
    ['leading and trailing zeros', [[Buffer.of(0), sps, pps, ...idr], p, [...p, Buffer.of(0, 0, 0, 0)]]],
  ])('finds the pictures: %s', (_, units) => {
    const pictures = units.map((unit) => Buffer.concat(unit));
    const { frames } = readAnnexB(Buffer.concat(pictures));
    expect(frames.map((frame) => Buffer.from(frame).toString('hex'))).toEqual(
      pictures.map((picture) => picture.toString('hex')),
    );
  });

  it('refuses what is no H.264, and says why', () => {
    const refused = (...parts: Buffer[]) => expect(() => readAnnexB(Buffer.concat(parts)));
    refused(Buffer.of(1, 2, 3)).toThrow('the H.264 stream has no start code');
    refused(Buffer.of(9), sps, ...idr).toThrow('the H.264 stream does not begin with a start code');
    refused(sps, pps).toThrow('the H.264 stream ends before a picture');
    refused(...idr, sps).toThrow('the H.264 stream ends before a picture');
    refused(...idr, nal(0x65)).toThrow('the H.264 slice at byte 12 is cut short');
    refused(...idr, nal()).toThrow('byte 12 starts no H.264 NAL unit');
    refused(nal(0x40, 0x01, 0x0c)).toThrow('byte 0 starts no H.264 NAL unit'); // an HEVC parameter set
    refused(nal(0xba, 0x44)).toThrow('byte 0 starts no H.264 NAL unit'); // an MPEG program stream
  });
});

describe('the room', () => {
  const frames = Array.from({ length: 40 }, (_, i) => noise(i, i * 7));
  afterEach(() => {
    vi.restoreAllMocks();
  });

  it('is content with the library', () => {
    const { problems, relay, receivers } = playRoom('AES_128_GCM_SHA256_128', 'audio/opus', frames);
    expect(problems).toEqual([]);
    expect(relay.bytes).toBe(total(frames) + 40 * 17 + 32); // header of 1 byte, from CTR 8 on 2, and the tag
    expect(receivers.map(({ name, opened }) => [name, opened])).toEqual([
      ['alice', 40],
      ['bob', 40],
      ['mallory', 0],
      ['late', 20],
    ]);
  });

  it('notices a decryptor that opens everything', () => {
    vi.spyOn(SFrameDecryptor.prototype, 'decrypt').mockImplementation((bytes: Uint8Array) =>
      Uint8Array.from(bytes),
    );
    const { problems } = playRoom('AES_128_GCM_SHA256_128', 'audio/opus', frames);
    for (const problem of [
      'alice, frame 0: opened as other bytes than were sent',
      'mallory, frame 0: opened',
      'late, frame 0: opened',
      'bob, frame 3, a bit of the tag flipped: opened',
      'bob, frame 3 as other media: opened',
      'bob, frame 3 again: opened',
      'alice, recorded frame 3: opened',
    ]) {
      expect(problems).toContain(problem);
    }
  });

  it('notices a frame that goes out readable', () => {
    const encrypt = SFrameEncryptor.prototype.encrypt;
    vi.spyOn(SFrameEncryptor.prototype, 'encrypt').mockImplementation(function (
      this: SFrameEncryptor,
      plaintext,
    ) {
      const ciphertext = encrypt.call(this, plaintext);
      ciphertext.set(plaintext, ciphertext.length - plaintext.length);
      return ciphertext;
    });
    const { problems } = playRoom('AES_128_GCM_SHA256_128', 'audio/opus', frames);
    expect(problems).not.toContain('relay: frame 2 is readable'); // 14 bytes prove nothing
    expect(problems).toContain('relay: frame 3 is readable');
    expect(problems).toContain('relay: frame 39 is readable');
    expect(problems).toContain('alice, frame 3: refused (authentication)');
  });

  it('looks for the plaintext anywhere', () => {
    const secret = noise(7, 100);
    expect(leaks(secret, noise(8, 200))).toBe(false);
    expect(leaks(secret, Buffer.concat([noise(8, 33), secret.subarray(48, 64)]))).toBe(true);
    expect(leaks(secret, Buffer.concat([secret.subarray(0, 15), noise(8, 33)]))).toBe(false);
    expect(leaks(new Uint8Array(64), new Uint8Array(16))).toBe(true);
    expect(leaks(secret.subarray(0, 15), secret)).toBe(false);
  });

  it('forges every part of a frame, one bit at a time', () => {
    const encryptor = new SFrameEncryptor({ cipherSuite: 'AES_128_CTR_HMAC_SHA256_80' });
    encryptor.setEncryptionKey(noise(1, 16), 7n);
    const genuine = encryptor.encrypt(noise(2, 50));
    const changed = new Set<number>();
    for (let turn = 0; turn < 400; turn++) {
      for (const { what, bytes } of forgeries(genuine, 10, turn)) {
        if (bytes.length < genuine.length) {
          expect(what).toBe(`cut to ${bytes.length} bytes`);
          continue;
        }
        const bits = [...bytes].flatMap((byte, i) =>
          [0, 1, 2, 3, 4, 5, 6, 7]
            .filter((bit) => ((byte ^ genuine[i]!) >> (7 - bit)) & 1)
            .map((bit) => 8 * i + bit),
        );
        expect(bits.length).toBe(1);
        changed.add(bits[0]!);
      }
    }
    expect(changed.size).toBe(8 * genuine.length);
    expect(decodeHeader(genuine)).toEqual({ kid: 7n, ctr: 0n, length: 1 });
  });

  it('reorders without losing a frame', () => {
    expect(reorder([0, 1, 2, 3, 4, 5, 6], 3)).toEqual([2, 1, 0, 5, 4, 3, 6]);
  });
});

describe('the command line', { timeout: 60_000 }, () => {
  const main = fileURLToPath(new URL('../examples/frames/main.js', import.meta.url));
  const folder = mkdtempSync(join(tmpdir(), 'sframe-frames-'));
  afterAll(() => rmSync(folder, { recursive: true }));

  const run = (...args: string[]) => {
    const { status, stdout, stderr } = spawnSync(process.execPath, [main, ...args], {
      cwd: folder,
      encoding: 'utf8',
      timeout: 50_000,
    });
    return { status, stdout, stderr };
  };
  const file = (name: string, bytes: Uint8Array) => {
    const path = join(folder, name);
    writeFileSync(path, bytes);
    return path;
  };
  const suites = Object.keys(cipherSuites);

  it('plays the five files and prints JSON only', () => {
    const { status, stdout, stderr } = run('--json');
    const { ok, runs } = JSON.parse(stdout);
    expect(status).toBe(0);
    expect(ok).toBe(true);
    expect(
      runs.map((r: { file: string; frames: number; bytes: number }) => [r.file, r.frames, r.bytes]),
    ).toEqual(files.map(({ name, frames, bytes }) => [name, frames, bytes]));
    for (const { encrypt, decrypt, problems, cipherSuite, overhead, frames, receivers } of runs) {
      expect(problems).toEqual([]);
      expect(cipherSuite).toBe('AES_128_GCM_SHA256_128');
      expect(overhead.bytes).toBe(18 * frames - 8); // tag 16, header 1 byte for CTR 0-7, then 2
      for (const { p50, p99, megabytesPerSecond } of [encrypt, decrypt]) {
        expect(p50).toBeGreaterThan(0);
        expect(p99).toBeGreaterThanOrEqual(p50);
        expect(megabytesPerSecond).toBeGreaterThan(0);
      }
      const half = Math.ceil(frames / 2);
      expect(receivers).toMatchObject([
        { name: 'alice', opened: frames, refused: { replay: frames } },
        { name: 'bob', opened: frames },
        { name: 'mallory', opened: 0, refused: { authentication: frames } },
        { name: 'late', opened: frames - half, refused: { 'key-id': half } },
      ]);
    }
    expect(stderr.trimEnd().split('\n')).toEqual(
      files.map(({ name, frames }) => `AES_128_GCM_SHA256_128  ${name}: ${frames} frames`),
    );
  });

  it('shows tables for all suites in 80 columns', () => {
    const short = fileURLToPath(media('opus.ogg'));
    const long = file(`${'a-long-name-'.repeat(12)}.h264`, load('h264.h264'));
    const { status, stdout, stderr } = run('--suite', 'all', '--file', short, '--file', long);
    expect(status).toBe(0);
    for (const suite of suites) expect(stdout).toContain(`${suite}\n`);
    expect(stdout.match(/ ok$/gm)).toHaveLength(2 * suites.length);
    expect(stdout).toMatch(/^file +frames +bytes +bytes +% +p50 +p99 +p50 +p99 +MB\/s +verdict$/m);
    expect(stdout).toMatch(/^mallory +wrong key +0 +2408 +0 +0 +0$/m);
    expect(stdout).toContain('Every frame came through byte for byte, and nothing else opened.');
    for (const line of stdout.split('\n')) expect(line.length, line).toBeLessThanOrEqual(80);
    expect(stderr).not.toContain('frames: ');
  });

  it('explains itself in 80 columns', () => {
    const { status, stdout, stderr } = run('--help');
    expect(status).toBe(0);
    expect(stderr).toBe('');
    for (const word of ['--suite', '--file', '--json', ...suites]) expect(stdout).toContain(word);
    for (const line of stdout.split('\n')) expect(line.length).toBeLessThanOrEqual(80);
  });

  it.each([
    ['a missing file', () => ['--file', 'none.ivf'], 'none.ivf: no such file or directory'],
    ['a folder', () => ['--file', '.'], '.: this is not a file'],
    ['an empty file', () => ['--file', file('e.ivf', new Uint8Array())], /e\.ivf: the file is empty/],
    [
      'garbage',
      () => ['--file', file('g.ogg', noise(3, 999))],
      /g\.ogg: the file is neither Ogg, nor IVF, nor H\.264/,
    ],
    [
      'a cut file after a good one',
      () => [
        ...['--file', fileURLToPath(media('opus.ogg'))],
        ...['--file', file('c.ivf', load('vp9.ivf').subarray(0, 9000))],
      ],
      /c\.ivf: the IVF frame at byte 32 is cut short/,
    ],
    ['an unknown suite', () => ['--suite', 'AES'], "there is no cipher suite 'AES' (see --help)"],
    [
      'a suite that is a property',
      () => ['--suite', 'toString'],
      "there is no cipher suite 'toString' (see --help)",
    ],
    ['an unknown option', () => ['--frames'], "Unknown option '--frames' (see --help)"],
    [
      'an option without its value',
      () => ['--suite'],
      /^frames: Option '--suite.*' argument missing \(see --help\)/,
    ],
    ['an argument too many', () => ['vp8.ivf'], /^frames: Unexpected argument 'vp8\.ivf'.*\(see --help\)/],
  ])('answers %s with one line and exit code 2', (_, args, message) => {
    const { status, stdout, stderr } = run(...args());
    expect(status).toBe(2);
    expect(stdout).toBe('');
    expect(stderr).toMatch(/^frames: [^\n]+\n$/);
    if (typeof message === 'string') expect(stderr).toBe(`frames: ${message}\n`);
    else expect(stderr).toMatch(message);
  });
});
