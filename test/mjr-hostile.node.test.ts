// Files that are cut short, damaged, or no recordings at all: a summary or one line, never an exception; what can be opened is.
// And the program as a program: its exit codes, its files, its memory.

import { execFileSync, spawn, spawnSync } from 'node:child_process';
import {
  closeSync,
  existsSync,
  openSync,
  readdirSync,
  readFileSync,
  statSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readMedia } from '../examples/frames/media.js';
import { OutputFile } from '../src/cli/media/output-file.ts';
import { SFrameEncryptor } from '../src/index.ts';
import { noise } from './lengths.ts';
import {
  Bench,
  baseKey,
  cipherSuite,
  framesOf,
  mjrFile,
  mjrHeader,
  type Packet,
  plainKeys,
  record,
  rtp,
  send,
} from './mjr/recording.ts';
import { hex } from './oracle.ts';

const bench = new Bench();
afterAll(() => bench.close());
const program = join(import.meta.dirname, '../dist/cli.js');

function alice(): SFrameEncryptor {
  const encryptor = new SFrameEncryptor({ cipherSuite });
  encryptor.setEncryptionKey(baseKey, 1);
  return encryptor;
}

const frames = framesOf('opus')
  .slice(0, 12)
  .map((frame) => frame.slice(0, 60));
const packets: readonly Packet[] = send('opus', frames, alice());
const recording = mjrFile('opus', packets);
const headerLen = mjrFile('opus', []).length;

/** Either a summary, with as many frames opened as can be told, or a Failure of one line. */
async function survive(content: Uint8Array): Promise<number | undefined> {
  const input = bench.write('hostile.mjr', content);
  const keys = bench.write('keys.json', plainKeys());
  const output = bench.path('hostile.ogg');
  const { exitCode, stdout, stderr } = await bench.run(
    input,
    '--keys',
    keys,
    '-o',
    output,
    '--force',
    '--json',
  );
  if (exitCode === 2) {
    expect(stderr).toMatch(/^[^\n]+\n$/);
    return undefined;
  }
  const { frames, output: named } = JSON.parse(stdout) as {
    frames: { opened: number };
    output: string | null;
  };
  expect(exitCode).toBe(frames.opened > 0 ? 0 : 1);
  expect(named).toBe(frames.opened > 0 ? output : null);
  return frames.opened;
}

describe('a recording', () => {
  it('cut at any byte opens as far as it goes', async () => {
    const recordLen = (recording.length - headerLen) / packets.length;
    for (let length = 0; length <= recording.length; length++) {
      const opened = await survive(recording.subarray(0, length));
      expect(opened, `${length} bytes`).toBe(
        length < headerLen
          ? undefined
          : packets.filter((_, i) => {
              const end =
                headerLen + packets.slice(0, i + 1).reduce((sum, packet) => sum + 10 + rtp(packet).length, 0);
              return end <= length;
            }).length,
      );
    }
    expect(recordLen).toBeGreaterThan(0);
  });

  it('with any byte changed opens but for what it hit', async () => {
    for (let at = headerLen; at < recording.length; at += 3) {
      for (const change of [0x01, 0x80, 0xff]) {
        const damaged = Uint8Array.from(recording);
        damaged[at] = damaged[at]! ^ change;
        const opened = (await survive(damaged))!;
        // one frame, or, where a length was hit, its neighbour too
        expect(opened, `byte ${at}`).toBeGreaterThanOrEqual(packets.length - 2);
      }
    }
  });

  it('with any byte of its header changed is refused, or opens', async () => {
    for (let at = 0; at < headerLen; at++)
      for (const change of [0x01, 0x20, 0xff]) {
        const damaged = Uint8Array.from(recording);
        damaged[at] = damaged[at]! ^ change;
        await survive(damaged);
      }
  });

  it('with garbage between its packets opens whole, and says how much there was', async () => {
    const parts = packets.flatMap((packet, i) => [noise(i * 11, i + 1), record(rtp(packet), 0)]);
    const { summary } = await bench.open(
      Buffer.concat([mjrFile('opus', []), ...parts, noise(99, 5)]),
      plainKeys(),
    );
    expect(summary.frames.opened).toBe(12);
    expect(summary.packets).toMatchObject({ records: 12, damagedBytes: 66 * 11 + 99 });
  });

  it('whose bytes come in any pieces is the same', async () => {
    const { RecordParser } = await import('../src/cli/mjr/records.ts');
    for (const size of [1, 2, 7, 64]) {
      const parser = new RecordParser();
      const found: string[] = [];
      for (let at = 0; at < recording.length; at += size)
        for (const { packet } of parser.push(recording.subarray(at, at + size))) found.push(hex(packet));
      for (const { packet } of parser.end()) found.push(hex(packet));
      expect(found).toEqual(packets.map((packet) => hex(rtp(packet))));
      expect(parser.damagedBytes).toBe(0);
    }
  });

  it.each<[string, Uint8Array]>([
    ['cannot read', new Uint8Array(0)],
    ['not a Janus recording', new Uint8Array(0)],
    ['not a Janus recording', noise(5000, 3)],
    ['MJR00001', Buffer.from('MJR00001\0\x05audioMEET')],
    ['header is not JSON', Buffer.concat([Buffer.from('MJR00002\0\x02{]'), recording.subarray(headerLen)])],
    ['header is no object', Buffer.from('MJR00002\0\x02[]')],
    ['does not say what was recorded', mjrHeader({ t: 'x', c: 'opus' })],
    ['does not say what was recorded', mjrHeader({ t: '__proto__', c: 'opus' })],
    ['codec "pcmu"', mjrHeader({ t: 'a', c: 'pcmu' })],
    ['codec "opus"', mjrHeader({ t: 'v', c: 'opus' })],
    ['codec "h265"', mjrHeader({ t: 'v', c: 'h265' })],
    ['the recording is data', mjrHeader({ t: 'd', c: 'text' })],
    ['codec "\u{fffd}[31m"', mjrHeader({ t: 'v', c: '\x1b[31m' })],
    ['codec "constructor"', mjrHeader({ t: 'a', c: 'constructor' })],
  ])('%s', async (message, content) => {
    const input = message === 'cannot read' ? bench.path('none.mjr') : bench.write('bad.mjr', content);
    const keys = bench.write('keys.json', plainKeys());
    const { exitCode, stderr, stdout } = await bench.run(input, '--keys', keys, '-o', bench.path('bad.ogg'));
    expect(stderr).toContain(message);
    expect(stderr.split('\n').length).toBe(2);
    expect({ exitCode, stdout }).toEqual({ exitCode: 2, stdout: '' });
    expect(existsSync(bench.path('bad.ogg'))).toBe(false);
  });

  it('of random bytes behind its header has no frame', async () => {
    for (let seed = 1; seed < 30; seed++) {
      const garbage = noise(3000, seed);
      // with marks, so that lengths are random too
      for (let at = 0; at + 4 < garbage.length; at += 97) garbage.set(Buffer.from('MEET'), at);
      expect(
        await survive(
          Buffer.concat([mjrFile(['vp8', 'vp9', 'h264', 'av1', 'opus'][seed % 5]!, []), garbage]),
        ),
      ).toBe(0);
    }
  });

  it('is told of by --info, without keys', async () => {
    const input = bench.write('info.mjr', mjrFile('opus', packets, { e: true, d: 'a\x1b[2Jb' }));
    const { exitCode, stdout } = await bench.run('--info', input);
    expect(exitCode).toBe(0);
    expect(stdout).toContain('12 packets');
    expect(stdout).toContain('c: "opus"');
    expect(stdout).not.toContain('\x1b');
    const json = await bench.run('--info', input, '--json');
    expect(JSON.parse(json.stdout)).toMatchObject({
      header: { t: 'a', c: 'opus', e: true },
      ssrcs: 1,
      packets: { records: 12, lost: 0 },
    });
  });
});

it('a file that has appeared meanwhile is not replaced', () => {
  const path = bench.path('meanwhile');
  const file = new OutputFile(path, false);
  file.write(noise(10, 1));
  writeFileSync(path, 'precious');
  expect(() => file.commit()).toThrow('exists already');
  file.abandon();
  expect(readFileSync(path, 'utf8')).toBe('precious');
  expect(readdirSync(bench.folder).filter((name) => name.endsWith('.part'))).toEqual([]);
});

describe('arguments', () => {
  it.each<[string, string[]]>([
    ['which recording?', []],
    ['one recording at a time', ['a', 'b', '-o', 'c']],
    ['-o is missing', ['a']],
    ["Unknown option '--baseKey'", ['a', '-o', 'c', '--baseKey', 'x']],
    ["Option '-o, --output <value>' argument missing", ['a', '-o']],
    ["Option '--json' does not take an argument", ['a', '--json=x', '-o', 'c']],
    ['--info and --keys do not go together', ['--info', 'a', '--keys', 'k']],
    ['--source must not be empty', ['a', '-o', 'c', '--source', '']],
    ['no keys', ['a', '-o', 'c']],
    ['cannot read /nowhere/k', ['a', '-o', 'c', '--keys', '/nowhere/k']],
  ])('%s', async (message, args) => {
    const { exitCode, stdout, stderr } = await bench.run(...args);
    expect(stderr).toContain(message);
    expect(stderr.split('\n').length).toBe(2);
    expect({ exitCode, stdout }).toEqual({ exitCode: 2, stdout: '' });
  });
});

it('a label that is none is refused', async () => {
  const [input, keys] = [bench.write('label.mjr', recording), bench.write('keys.json', plainKeys())];
  const args = [input, '--keys', keys, '-o', bench.path('label.ogg'), '--source'];
  for (const label of ['x'.repeat(65_536), '\ud800']) {
    const { exitCode, stderr } = await bench.run(...args, label);
    expect(stderr).toContain('--source is refused: source must');
    expect(exitCode).toBe(2);
  }
});

describe('the program', () => {
  const run = (args: string[], env: Record<string, string> = {}, input = '') =>
    spawnSync(process.execPath, [program, ...args], {
      encoding: 'utf8',
      input,
      env: { PATH: process.env['PATH'], ...env },
    });
  let input = '';
  let keys = '';
  beforeAll(() => {
    input = bench.write('program.mjr', recording);
    keys = bench.write('program.json', plainKeys());
  });

  it('opens a recording, and says so', () => {
    const output = bench.path('a.ogg');
    const { status, stdout, stderr } = run(['mjr', input, '--keys', keys, '-o', output]);
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    expect(stdout).toContain('audio, opus, 0.2 s: 12 frames opened');
    expect(readMedia(new Uint8Array(readFileSync(output))).frames.map(hex)).toEqual(frames.map(hex));
    expect(statSync(output).mode & 0o777).toBe(0o600);
  });

  it('takes keys from the standard input and from the environment', () => {
    const json = JSON.stringify(plainKeys());
    expect(run(['mjr', input, '--keys', '-', '-o', bench.path('b.ogg')], {}, json).status).toBe(0);
    expect(run(['mjr', input, '-o', bench.path('c.ogg')], { SFRAME_KEYS: json }).status).toBe(0);
    const { status, stderr } = run(['mjr', input, '-o', bench.path('d.ogg')]);
    expect(status).toBe(2);
    expect(stderr).toMatch(/^sframe-wasm: no keys: .*SFRAME_KEYS\n$/);
  });

  it('replaces no file but with --force, and leaves none of its own', () => {
    const output = bench.write('there.ogg', 'precious');
    const refused = run(['mjr', input, '--keys', keys, '-o', output]);
    expect(refused.status).toBe(2);
    expect(refused.stderr).toContain('exists already; --force');
    expect(readFileSync(output, 'utf8')).toBe('precious');
    const wrong = bench.write('wrong.json', plainKeys(noise(16, 8)));
    expect(run(['mjr', input, '--keys', wrong, '-o', output]).status, 'before any work').toBe(2);
    expect(run(['mjr', input, '--keys', wrong, '-o', output, '--force']).status).toBe(1);
    expect(readFileSync(output, 'utf8'), 'nothing opened').toBe('precious');
    expect(run(['mjr', input, '--keys', keys, '-o', output, '--force']).status).toBe(0);
    expect(readFileSync(output).subarray(0, 4).toString()).toBe('OggS');
    const nowhere = run(['mjr', input, '--keys', keys, '-o', bench.path('no/folder/x.ogg')]);
    expect(nowhere.status).toBe(2);
    expect(nowhere.stderr).toContain('no such file or folder');
    expect(readdirSync(bench.folder).filter((name) => name.endsWith('.part'))).toEqual([]);
  });

  it('says how to use it, and which version it is', () => {
    const { version } = JSON.parse(readFileSync(join(import.meta.dirname, '../package.json'), 'utf8')) as {
      version: string;
    };
    expect(run(['--version']).stdout).toBe(`${version}\n`);
    expect(run(['--help']).status).toBe(0);
    expect(run(['mjr', '--help']).stdout).toContain('--packetization-raw');
    expect(run([]).status).toBe(2);
    const unknown = run(['mp4']);
    expect({ status: unknown.status, stderr: unknown.stderr.split('\n').length }).toEqual({
      status: 2,
      stderr: 2,
    });
  });

  it('shows how far it is where that is asked for, and nowhere else', () => {
    const { stderr, stdout } = run([
      'mjr',
      input,
      '--keys',
      keys,
      '-o',
      bench.path('e.ogg'),
      '--progress',
      '--json',
    ]);
    expect(stderr).toContain('\r100 %, ');
    expect(JSON.parse(stdout)).toMatchObject({ frames: { opened: 12 } });
  });

  it('says so where there is no WebAssembly', () => {
    const args = ['--no-expose-wasm', program, 'mjr', input, '--keys', keys, '-o', bench.path('f.ogg')];
    const { status, stderr } = spawnSync(process.execPath, args, { encoding: 'utf8' });
    expect({ status, stderr }).toEqual({
      status: 2,
      stderr: 'sframe-wasm: this Node cannot run WASM with SIMD, which is needed\n',
    });
  });

  it('can be run from its file', () => {
    expect(execFileSync(program, ['--version'], { encoding: 'utf8' })).toMatch(/^\d/);
  });

  it('needs no more memory for a long recording, and stops when told', async () => {
    const path = bench.path('long.mjr');
    const handle = openSync(path, 'w');
    const head = mjrFile('vp8', []);
    writeSync(handle, head);
    const block = Buffer.concat(
      Array.from({ length: 1000 }, (_, i) =>
        record(rtp({ sequence: i, timestamp: 3000 * i, marker: true, payload: noise(1200, i + 1) }), i),
      ),
    );
    const recordLen = block.length / 1000;
    const megabytes = 256;
    for (let count = 0; count * block.length < megabytes * 1e6; count++) {
      for (let i = 0; i < 1000; i++) block.writeUInt16BE((count * 1000 + i) & 0xffff, i * recordLen + 12);
      writeSync(handle, block);
    }
    closeSync(handle);
    const measure = `
      process.argv.splice(1, 1);
      const { done } = await import(${JSON.stringify(`file://${program}`)});
      await done;
      console.error(process.resourceUsage().maxRSS);`;
    const script = bench.path('measure.mjs');
    writeFileSync(script, measure);
    const args = ['mjr', path, '--keys', keys, '-o', bench.path('long.ivf'), '--json'];
    const { stdout, stderr } = spawnSync(process.execPath, [script, program, ...args], { encoding: 'utf8' });
    expect(JSON.parse(stdout)).toMatchObject({
      frames: { opened: 0 },
      packets: { lost: 0, damagedBytes: 0 },
    });
    const kilobytes = Number(stderr);
    expect(kilobytes).toBeGreaterThan(1000);
    expect(kilobytes, 'less than the file').toBeLessThan(180_000);

    const child = spawn(process.execPath, [program, ...args, '--progress'], {
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    let said = '';
    child.stderr.on('data', (data: Buffer) => {
      if (said === '') child.kill('SIGINT');
      said += data.toString();
    });
    const code = await new Promise((resolve) => child.on('close', resolve));
    expect(code).toBe(130);
    expect(said).toContain('sframe-wasm: stopped');
    expect(readdirSync(bench.folder).filter((name) => /long\.ivf/.test(name))).toEqual([]);
  });
});
