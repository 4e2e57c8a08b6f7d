// Constant time, on the finished binary: its trace of addresses, control points and conditions must be the same for
// any secrets.
//
// build/core.wasm is instrumented, not recompiled. Each kernel runs with secrets chosen to differ everywhere, only in
// the first byte, only in the last, or not at all; lengths, suite, KID and CTR stay. Vectors with functions that leak
// on purpose show that the method notices. What traces cannot show, the text does: no select, no br_table, no
// division anywhere.

import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { cipherSuites } from '../src/index.ts';
import { noise } from './lengths.ts';
import { hex, oracleEncrypt } from './oracle.ts';
import { asc, instrument, inTemporaryFolder, root } from './tools.ts';

type Exports = Record<string, (...args: (number | bigint)[]) => number> & { memory: WebAssembly.Memory };

/** A traced instance: `trace` runs an export and digests what it did. */
class Traced {
  readonly exports: Exports;
  #hash: ReturnType<typeof createHash> | undefined;
  events = 0;

  constructor(wasm: Uint8Array<ArrayBuffer>) {
    const record = (...event: number[]): void => {
      if (this.#hash === undefined) return;
      this.#hash.update(`${event.join()};`);
      this.events++;
    };
    const module = new WebAssembly.Module(wasm);
    const env: WebAssembly.ModuleImports = {};
    for (const { name } of WebAssembly.Module.imports(module)) {
      // Addresses, control points and conditions are recorded, values pass through unseen.
      if (name === 'load_ptr' || name === 'store_ptr') {
        env[name] = (id: number, bytes: number, offset: number, pointer: number) => {
          record(id, bytes, offset, pointer);
          return pointer;
        };
      } else if (name === 'log_execution') env[name] = (id: number) => record(id);
      else if (name === 'condition') {
        env[name] = (id: number, value: number) => {
          record(id, value);
          return value;
        };
      } else env[name] = (_id: number, value: number | bigint) => value;
    }
    this.exports = new WebAssembly.Instance(module, { env }).exports as Exports;
  }

  trace(name: string, ...args: (number | bigint)[]): { digest: string; result: number } {
    this.#hash = createHash('sha256');
    const result = (this.exports[name] as (...args: (number | bigint)[]) => number)(...args);
    const digest = this.#hash.digest('hex');
    this.#hash = undefined;
    return { digest, result };
  }
}

function traced(wasm: string): Traced {
  return inTemporaryFolder((folder) => {
    const path = join(folder, 'traced.wasm');
    instrument(wasm, path);
    return new Traced(new Uint8Array(readFileSync(path)));
  });
}

/** Secrets of one length that differ from each other in every way a comparison or an index could see. */
function secrets(len: number, seed: number): Uint8Array<ArrayBuffer>[] {
  const base = noise(len, seed);
  const first = base.map((byte, i) => (i === 0 ? byte ^ 0xff : byte));
  const last = base.map((byte, i) => (i === len - 1 ? byte ^ 1 : byte));
  return [
    base,
    first,
    last,
    new Uint8Array(len),
    new Uint8Array(len).fill(0xff),
    noise(len, seed + 99),
    base,
  ];
}

const core = traced(join(root, 'build/core.wasm'));
core.exports.memory.grow(4);
const memory = new Uint8Array(core.exports.memory.buffer);
const slot = (core.exports['slotsBase'] as () => number)();
const WINDOW = slot + 8192;
const METADATA = WINDOW;
const FRAME = WINDOW + 2048;
const KID = 0x123n;
const CTR = 0x4567;

function derive(suite: number, baseKey: Uint8Array): string {
  memory.set(baseKey, WINDOW);
  return core.trace('deriveKey', slot, suite, KID, WINDOW, baseKey.length).digest;
}

function seal(text: Uint8Array, metadata: Uint8Array): string {
  memory.set(metadata, METADATA);
  memory.set(text, FRAME);
  return core.trace('seal', slot, 0, CTR, METADATA, metadata.length, FRAME, text.length).digest;
}

function open(frame: Uint8Array, metadata: Uint8Array): { digest: string; result: number } {
  memory.set(metadata, METADATA);
  memory.set(frame, FRAME);
  const headerLen = (core.exports['parse'] as (p: number, len: number) => number)(FRAME, frame.length);
  return core.trace('open', slot, headerLen, METADATA, metadata.length, FRAME, frame.length);
}

/** Around blocks, passes of eight, and reductions; then where counters share rounds, and over the end of a run. */
const lengths = [0, 1, 15, 16, 17, 96, 112, 113, 128, 129, 240, 500, 800, 4300];

describe.each(Object.entries(cipherSuites))('%s', (_name, { id: suite, Nk, Nn, Nt }) => {
  test.each([16, 32, 64, 100])('deriving from a base key of %i bytes', (len) => {
    const digests = secrets(len, len).map((baseKey) => derive(suite, baseKey));
    expect(new Set(digests).size).toBe(1);
  });

  test.each([16, 64, 100])('ratcheting a base key of %i bytes', (len) => {
    const digests = secrets(len, len).map((baseKey) => {
      memory.set(baseKey, WINDOW);
      return core.trace('ratchet', suite, WINDOW, len).digest;
    });
    expect(new Set(digests).size).toBe(1);
  });

  test('taking a key derived elsewhere', () => {
    const digests = secrets(Nk + Nn, suite).map((derived) => {
      memory.set(derived, WINDOW);
      return core.trace('importKey', slot, suite, KID, WINDOW).digest;
    });
    expect(new Set(digests).size).toBe(1);
  });

  test('sealing any text under any key', () => {
    for (const len of lengths) {
      const digests = secrets(16, len).flatMap((baseKey, i) => {
        derive(suite, baseKey);
        return [
          seal(secrets(Math.max(len, 1), i)[i]!.subarray(0, len), noise(20, i)),
          seal(new Uint8Array(len), noise(20, i + 1)),
        ];
      });
      expect(new Set(digests).size, `${len} bytes`).toBe(1);
    }
  });

  test('opening authentic frames; and refusing forged ones, wherever they differ', () => {
    for (const len of lengths) {
      const opened = new Set<string>();
      const refused = new Set<string>();
      for (const [i, baseKey] of secrets(16, len).entries()) {
        const metadata = noise(20, i);
        const plaintext = noise(len, i);
        derive(suite, baseKey);
        const { ciphertext } = oracleEncrypt({
          suite,
          kid: KID,
          ctr: BigInt(CTR),
          baseKey,
          metadata,
          plaintext,
        });
        const genuine = open(ciphertext, metadata);
        expect(genuine.result).toBe(1);
        opened.add(genuine.digest);
        // the first and the last byte of the tag, all of it, and the text
        const tag = ciphertext.length - Nt;
        for (const forge of [
          (byte: number, at: number) => (at === tag ? byte ^ 0x80 : byte),
          (byte: number, at: number) => (at === ciphertext.length - 1 ? byte ^ 1 : byte),
          (byte: number, at: number) => (at >= tag ? byte ^ 0xff : byte),
          (byte: number, at: number) => (at > 5 && at < tag ? byte ^ 1 : at === tag ? byte ^ 1 : byte),
        ]) {
          const forged = open(ciphertext.map(forge), metadata);
          expect(forged.result).toBe(0);
          refused.add(forged.digest);
        }
      }
      expect(opened.size, `${len} bytes`).toBe(1);
      expect(refused.size, `${len} bytes`).toBe(1);
    }
  });
});

test('the traces are those of real work', () => {
  expect(core.events).toBeGreaterThan(1_000_000);
});

describe('the method notices', () => {
  const leak = inTemporaryFolder((folder) => {
    const wasm = join(folder, 'leak.wasm');
    asc('test/leak/leak.ts', '--outFile', wasm, '--textFile', join(folder, 'leak.wat'));
    return traced(wasm);
  });
  const bytes = new Uint8Array(leak.exports.memory.buffer);
  const at = (leak.exports['secret'] as () => number)();

  function traces(name: string): number {
    const other = noise(16, 1);
    const digests = secrets(16, 1).map((secret) => {
      bytes.set(secret, at);
      bytes.set(other, at + 16);
      return leak.trace(name).digest;
    });
    return new Set(digests).size;
  }

  test.each(['table', 'choice', 'branch', 'early', 'vector', 'bulk'])('%s', (name) => {
    expect(traces(name)).toBeGreaterThan(1);
  });

  test('and nothing where there is nothing', () => {
    expect(traces('clean')).toBe(1);
  });
});

test('what traces cannot see is not in the text', () => {
  const text = readFileSync(join(root, 'build/core.wat'), 'utf8');
  expect(text.match(/\b(select|br_table|call_indirect)\b|\.(div|rem)(_[su])?\b/g)).toBeNull();
  // vector loads that Binaryen does not instrument: splats, extensions, lanes, zero-padded
  expect(text.match(/v128\.(load|store)\w+/g)).toBeNull();
  expect(hex(readFileSync(join(root, 'build/core.wasm')).subarray(0, 4))).toBe('0061736d');
});
