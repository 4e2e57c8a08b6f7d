/**
 * The drawing in CONTRIBUTING.md, kept true: layers, what a file may mention, what an import may do, how long a file
 * may be, and the public API as text, so that a change of it is a visible change here.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';

const root = join(import.meta.dirname, '..');
const read = (path: string) => readFileSync(join(root, path), 'utf8');

/** The .ts files of a folder as paths from it, sorted. */
function sourcesOf(folder: string): string[] {
  const entries = readdirSync(join(root, folder), { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile() && entry.name.endsWith('.ts'))
    .map((entry) => relative(join(root, folder), join(entry.parentPath, entry.name)))
    .sort();
}

/** An import, of types too, points from a higher layer to a lower one, never sideways. */
const layers: Record<string, number> = {
  'cipher-suite.ts': 0,
  'cli/failure.ts': 0,
  'cli/help.ts': 0,
  'cli/media/media-time.ts': 0,
  'cli/mjr/rtp.ts': 0,
  'cli/progress.ts': 0,
  'clock.ts': 0,
  'core/simd.ts': 0,
  'core/wasm.ts': 0,
  'errors.ts': 0,
  'janus/janus-js.ts': 0,
  'known-target.ts': 0,
  'replay.ts': 0,
  'rotation/event.ts': 0,
  'stream/pipe.ts': 0,
  'trust/exchange/timer.ts': 0,
  'trust/verification/emoji.ts': 0,
  'trust/webrtc-exchange/event.ts': 0,
  'types.ts': 0,
  'webrtc/liveness.ts': 0,
  'webrtc/rtp-counts.ts': 0,
  'webrtc/track-news.ts': 0,
  'cli/frames/payload.ts': 1,
  'cli/json-value.ts': 1,
  'cli/media/output-file.ts': 1,
  'cli/media/writer.ts': 1,
  'cli/mjr-options.ts': 1,
  'cli/mjr/records.ts': 1,
  'cli/mjr/sequence.ts': 1,
  'codec/emulation.ts': 1,
  'codec/layout.ts': 1,
  'codec/obu.ts': 1,
  'core/instance.ts': 1,
  'core/scratch.ts': 1,
  'core/self-test.ts': 1,
  'core/subtle.ts': 1,
  'floors.ts': 1,
  'header.ts': 1,
  'mls/kid-layout.ts': 1,
  'names.ts': 1,
  'options.ts': 1,
  'rotation/demand.ts': 1,
  'sender-keys/kid-layout.ts': 1,
  'stream/chunk.ts': 1,
  'stream/reports.ts': 1,
  'trust/exchange/channel.ts': 1,
  'trust/exchange/event.ts': 1,
  'trust/exchange/peers.ts': 1,
  'trust/exchange/seal.ts': 1,
  'trust/fields.ts': 1,
  'trust/mls-exchange/alarm.ts': 1,
  'trust/signature/digest.ts': 1,
  'trust/signature/event.ts': 1,
  'trust/verification/messages.ts': 1,
  'trust/verification/sas.ts': 1,
  'trust/webrtc-exchange/received-keys.ts': 1,
  'webrtc/event.ts': 1,
  'webrtc/leak-guard.ts': 1,
  'webrtc/stall-guard.ts': 1,
  'webrtc/support.ts': 1,
  'webrtc/used-keys.ts': 1,
  'cli/frames/assembler.ts': 2,
  'cli/frames/av1.ts': 2,
  'cli/frames/h264.ts': 2,
  'cli/frames/vp8.ts': 2,
  'cli/frames/vp9.ts': 2,
  'cli/frames/whole.ts': 2,
  'cli/keys-file.ts': 2,
  'cli/media/annexb.ts': 2,
  'cli/media/ogg.ts': 2,
  'cli/media/picture-size.ts': 2,
  'cli/media/temporal-units.ts': 2,
  'cli/mjr/recording.ts': 2,
  'codec/av1.ts': 2,
  'codec/injected.ts': 2,
  'codec/nal.ts': 2,
  'codec/source.ts': 2,
  'codec/vp8.ts': 2,
  'codec/whole.ts': 2,
  'core/derived-key.ts': 2,
  'janus/text-room.ts': 2,
  'mls/exporter.ts': 2,
  'passphrase.ts': 2,
  'retirement.ts': 2,
  'rotation/usage.ts': 2,
  'sender-keys/limits.ts': 2,
  'stream/event.ts': 2,
  'trust/exchange/letter.ts': 2,
  'trust/exchange/refusals.ts': 2,
  'trust/mls-exchange/kem.ts': 2,
  'trust/mls-exchange/standing.ts': 2,
  'trust/signature/block.ts': 2,
  'trust/signing-keys.ts': 2,
  'trust/verification/fingerprint.ts': 2,
  'trust/verification/stored.ts': 2,
  'trust/verification/transcript.ts': 2,
  'webrtc/replay-guard.ts': 2,
  'cli/frames/formats.ts': 3,
  'cli/media/ivf.ts': 3,
  'codec/frame.ts': 3,
  'codec/h264.ts': 3,
  'codec/h265.ts': 3,
  'core/engine.ts': 3,
  'core/webcrypto.ts': 3,
  'room-key.ts': 3,
  'trust/exchange/identity.ts': 3,
  'trust/exchange/introductions.ts': 3,
  'trust/mls-exchange/event.ts': 3,
  'trust/mls-exchange/history.ts': 3,
  'trust/mls-exchange/search.ts': 3,
  'trust/mls-exchange/suite.ts': 3,
  'trust/signature/ledger.ts': 3,
  'trust/verification/book.ts': 3,
  'base-keys.ts': 4,
  'cli/media/writers.ts': 4,
  'codec/choice.ts': 4,
  'engine-key.ts': 4,
  'trust/exchange/admission.ts': 4,
  'trust/exchange/outbox.ts': 4,
  'trust/mls-exchange/credential.ts': 4,
  'trust/mls-exchange/key-packages.ts': 4,
  'trust/verification.ts': 4,
  'trust/webrtc-exchange/options.ts': 4,
  'codec.ts': 5,
  'key.ts': 5,
  'sender-keys/chain.ts': 5,
  'trust/exchange/options.ts': 5,
  'trust/mls-exchange/check.ts': 5,
  'webrtc/protocol.ts': 5,
  'frame-decryptor.ts': 6,
  'frame-encryptor.ts': 6,
  'key-table.ts': 6,
  'mls/candidates.ts': 6,
  'per-ssrc.ts': 6,
  'rotation/staged-key.ts': 6,
  'trust/exchange/key-bundle.ts': 6,
  'trust/exchange/post.ts': 6,
  'trust/mls-exchange/group.ts': 6,
  'webrtc/client-options.ts': 6,
  'webrtc/link.ts': 6,
  'webrtc/message-key.ts': 6,
  'webrtc/meter.ts': 6,
  'webrtc/signing-options.ts': 6,
  'decryptor.ts': 7,
  'encryptor.ts': 7,
  'mls/epoch-ring.ts': 7,
  'rotation/key-in-use.ts': 7,
  'rotation/rollout.ts': 7,
  'sender-keys/ratchet-ring.ts': 7,
  'stream/shared-key.ts': 7,
  'trust/exchange/member.ts': 7,
  'trust/mls-exchange/news.ts': 7,
  'trust/mls-exchange/wishes.ts': 7,
  'trust/signature/frame-verifier.ts': 7,
  'trust/signature/run.ts': 7,
  'webrtc/limited-encryptor.ts': 7,
  'webrtc/receiver-opener.ts': 7,
  'webrtc/supervisor.ts': 7,
  'webrtc/track.ts': 7,
  'cli/signed-frames.ts': 8,
  'mls.ts': 8,
  'rotation.ts': 8,
  'sender-keys.ts': 8,
  'stream/decryptor-stream.ts': 8,
  'stream/encryptor-stream.ts': 8,
  'trust/exchange/sender-key-exchange.ts': 8,
  'trust/mls-exchange/lobby.ts': 8,
  'trust/mls-exchange/membership.ts': 8,
  'trust/mls-exchange/requests.ts': 8,
  'trust/signature/frame-signer.ts': 8,
  'webrtc/frame-ports.ts': 8,
  'webrtc/ratchet-messages.ts': 8,
  'webrtc/sending-keys.ts': 8,
  'cli/decryptors.ts': 9,
  'index.ts': 9,
  'stream/native.ts': 9,
  'trust/exchange.ts': 9,
  'trust/mls-exchange/company.ts': 9,
  'trust/signature.ts': 9,
  'webrtc/group.ts': 9,
  'webrtc/page-tracks.ts': 9,
  'webrtc/participant.ts': 9,
  'webrtc/sending.ts': 9,
  'webrtc/signatures.ts': 9,
  'cli/track-opener.ts': 10,
  'stream.ts': 10,
  'trust/mls-exchange/protocol.ts': 10,
  'webrtc/session.ts': 10,
  'webrtc/stats.ts': 10,
  'webrtc/track-watch.ts': 10,
  'cli/summary.ts': 11,
  'trust/mls-exchange/mls-exchange.ts': 11,
  'webrtc/host.ts': 11,
  'webrtc/page-session.ts': 11,
  'cli/info.ts': 12,
  'cli/open-recording.ts': 12,
  'trust/mls-exchange.ts': 12,
  'webrtc/client.ts': 12,
  'webrtc/worker.ts': 12,
  'cli/mjr.ts': 13,
  'janus/receivers.ts': 13,
  'trust/webrtc-exchange/desk.ts': 13,
  'webrtc.ts': 13,
  'cli/main.ts': 14,
  'janus/encrypt-handle.ts': 14,
  'trust/webrtc-exchange/epochs.ts': 14,
  'trust/webrtc-exchange/sender-keys.ts': 14,
  'trust/webrtc-exchange/signatures.ts': 14,
  'cli.ts': 15,
  'janus.ts': 15,
  'trust/webrtc-exchange/connection.ts': 15,
  'trust/webrtc-exchange.ts': 16,
};
const sources = sourcesOf('src');
/** What package.json lets programs import. The worker is bundled from the file that it is named after. */
const entries = Array.from(read('package.json').matchAll(/"default": "\.\/dist\/(.*)\.js"/g), ([, file]) =>
  file === 'worker' ? 'webrtc/worker.ts' : `${file}.ts`,
);
/** What people run: it has Node, and all of the package. */
const programs = ['cli.ts'];
const kernels = sourcesOf('assembly');

const MAX_SOURCE_LINES = 380;
const MAX_KERNEL_LINES = 420;

const tokens = /'(?:[^'\\\n]|\\.)*'|"(?:[^"\\\n]|\\.)*"|`(?:[^`\\]|\\.)*`|\/\/.*|\/\*[\s\S]*?\*\//g;
const isComment = (token: string) => /^\/[/*]/.test(token);

/** The code without its comments. */
const codeOf = (text: string) => text.replace(tokens, (token) => (isComment(token) ? '' : token));

/** What stands at the top level: every block, bracket and parenthesis becomes a dot, every string empty. */
function topLevelOf(text: string): string {
  let code = text.replace(tokens, (token) => (isComment(token) ? '' : "''"));
  for (let before = ''; before !== code; ) {
    before = code;
    code = code.replace(/\{[^{}()[\]]*\}|\([^{}()[\]]*\)|\[[^{}()[\]]*\]/g, '·');
  }
  return code;
}

/** What a source file imports or re-exports, as it says. */
function specifiersOf(file: string): string[] {
  const found = codeOf(read(`src/${file}`)).matchAll(/\bfrom '([^']+)'|\bimport\(?\s*'([^']+)'/g);
  return Array.from(found, ([, from, bare]) => (from ?? bare)!);
}

/** The packages among that. */
const packagesOf = (file: string) => specifiersOf(file).filter((specifier) => !specifier.startsWith('.'));

/** The source files among it, as paths from src/. */
const importsOf = (file: string) =>
  specifiersOf(file)
    .filter((specifier) => specifier.startsWith('.'))
    .map((specifier) => join(dirname(file), specifier));

/** A file and all that it loads. */
function closureOf(file: string, seen = new Set<string>()): Set<string> {
  if (!seen.has(file)) {
    seen.add(file);
    for (const imported of importsOf(file)) closureOf(imported, seen);
  }
  return seen;
}

describe('layers', () => {
  it('have every source file in the table', () => {
    expect(Object.keys(layers).sort()).toEqual(sources);
  });

  it.each(sources)('%s imports lower layers only', (file) => {
    expect(importsOf(file).filter((imported) => !(layers[imported]! < layers[file]!))).toEqual([]);
  });

  it('keep WebAssembly in core/engine.ts, but for asking whether there is one', () => {
    const mention = sources.filter((file) => codeOf(read(`src/${file}`)).includes('WebAssembly'));
    expect(mention).toEqual(['core/engine.ts', 'core/simd.ts']);
    expect(sources.filter((file) => importsOf(file).includes('core/wasm.ts'))).toEqual(['core/engine.ts']);
  });

  it('keep headers and replay windows away from the core', () => {
    for (const file of ['header.ts', 'replay.ts', 'options.ts']) {
      expect([...closureOf(file)].filter((loaded) => loaded.startsWith('core/'))).toEqual([]);
    }
    const loaded = new Set([...entries, ...programs].flatMap((entry) => [...closureOf(entry)]));
    expect([...loaded].sort(), 'nothing lies idle').toEqual(sources);
  });

  it("keep the core, and all that counts and decrypts, away from pages of calls: they are the worker's", () => {
    const page = [...closureOf('webrtc.ts')];
    const forbidden = ['core/engine.ts', 'core/wasm.ts', 'encryptor.ts', 'decryptor.ts', 'webrtc/session.ts'];
    expect(page.filter((file) => forbidden.includes(file))).toEqual([]);
    expect(closureOf('webrtc/worker.ts')).not.toContain('webrtc/client.ts');
  });

  it('keep the kernels to themselves', () => {
    for (const file of kernels) {
      for (const [, from] of codeOf(read(`assembly/${file}`)).matchAll(/\bfrom '([^']+)'/g)) {
        expect(kernels, `${file} imports ${from}`).toContain(`${from!.replace('./', '')}.ts`);
      }
    }
  });
});

describe.each([
  ...sources.map((file) => [`src/${file}`, MAX_SOURCE_LINES] as const),
  ...kernels.map((file) => [`assembly/${file}`, MAX_KERNEL_LINES] as const),
])('%s', (path, maxLines) => {
  const text = read(path).replace(/^#!.*\n/, '');

  it(`begins with a comment and has at most ${maxLines} lines`, () => {
    expect(text).toMatch(/^(\/\/ |\/\*\*?\s)/);
    expect(text.trimEnd().split('\n').length).toBeLessThanOrEqual(maxLines);
  });

  it('leaves nothing behind', () => {
    expect(text).not.toMatch(/\b(TODO|FIXME|XXX)\b/);
    expect(codeOf(text)).not.toMatch(/\bconsole\.|\bdebugger\b/);
  });

  it('declares and does nothing else: no statement, no await, no default export', () => {
    const topLevel = topLevelOf(text);
    expect(topLevel).not.toMatch(/\bawait\b/);
    expect(codeOf(text)).not.toMatch(/\bexport default\b|\bas default\b/);
    const statements = topLevel.split('\n').filter((line) => /^\S/.test(line));
    const declaration =
      /^(import|export|declare|const|let|function|async function|class|interface|type)\b|^[\])};>]/;
    expect(statements.filter((line) => !declaration.test(line))).toEqual([]);
  });
});

describe('importing', () => {
  /** What of WebAssembly was asked for since the test began. */
  const touched: PropertyKey[] = [];

  beforeEach(() => {
    touched.length = 0;
    vi.resetModules();
    const get = (target: object, name: PropertyKey) => {
      touched.push(name);
      return Reflect.get(target, name) as unknown;
    };
    vi.stubGlobal('WebAssembly', new Proxy(WebAssembly, { get }));
  });
  afterEach(() => {
    vi.unstubAllGlobals();
  });

  it('compiles nothing and leaves the realm as it was; nor do headers and contexts compile; a key does', async () => {
    const globals = Reflect.ownKeys(globalThis);
    const { decodeHeader, encodeHeader, SFrameEncryptor, SFrameDecryptor } = await import('../src/index.ts');
    expect(decodeHeader(encodeHeader(1, 2n ** 64n - 1n))).toMatchObject({ kid: 1n, ctr: 2n ** 64n - 1n });
    expect(() => decodeHeader(new Uint8Array(0))).toThrow(expect.objectContaining({ code: 'syntax' }));
    const encryptor = new SFrameEncryptor({ cipherSuite: 'AES_128_GCM_SHA256_128' });
    new SFrameDecryptor({ cipherSuite: 'AES_128_GCM_SHA256_128' }).destroy();
    expect(Reflect.ownKeys(globalThis)).toEqual(globals);
    expect(touched).toEqual([]);

    encryptor.setEncryptionKey(new Uint8Array(16), 1);
    encryptor.encrypt(new Uint8Array(1));
    encryptor.setEncryptionKey(new Uint8Array(16), 2);
    expect(touched, 'one module, one instance').toEqual(['Module', 'Instance']);
  });

  it('again is a fresh start here: else the test above would prove nothing', async () => {
    const { preload } = await import('../src/index.ts');
    expect(touched).toEqual([]);
    preload();
    preload();
    expect(touched).toEqual(['Module', 'Instance']);
  });
});

describe('package.json', () => {
  const manifest = JSON.parse(read('package.json')) as Record<string, unknown>;

  it('depends at run time on kept curves, hashes and HPKE, and only what lies in trust/ loads them', () => {
    for (const kind of ['optionalDependencies', 'bundledDependencies']) {
      expect(manifest).not.toHaveProperty(kind);
    }
    expect(manifest).toMatchObject({ type: 'module', sideEffects: ['./dist/worker.js'] });
    expect(Object.keys(manifest['dependencies'] as object)).toEqual([
      '@hpke/core',
      '@noble/curves',
      '@noble/hashes',
    ]);
    const outside = sources.flatMap((file) => packagesOf(file).map((name) => `${file} ${name}`));
    expect(
      outside.filter(
        (line) =>
          !/^trust\/(\S+ @noble\/(curves|hashes)\/|mls-exchange\/\S+ ts-mls)|^cli\/\S+ node:/.test(line),
      ),
    ).toEqual(['trust/exchange/seal.ts @hpke/core']);
    // The worker has all that it imports in its one file.
    for (const entry of entries.filter((file) => !/^trust\/|\/worker\.ts$/.test(file)))
      expect([...closureOf(entry)].flatMap(packagesOf), entry).toEqual([]);
  });

  it('pins its dependencies exactly', () => {
    const { dependencies, devDependencies } = manifest as Record<string, Record<string, string>>;
    const versions = Object.entries({ ...dependencies, ...devDependencies });
    expect(versions.filter(([, version]) => !/^\d+\.\d+\.\d+$/.test(version))).toEqual([]);
    expect(versions.length).toBeGreaterThan(0);
  });
});

// The public API

const reexports = /^export (?:type )?\{([^}]*)\} from '\.\/([^']+)\.ts';$/gm;

/** The names that an index re-exports, and the file each comes from. */
function exportsOf(index: string): { name: string; from: string }[] {
  return Array.from(index.matchAll(reexports)).flatMap(([, names, from]) =>
    names!.split(',').map((name) => ({ name: name.trim().replace(/^type /, ''), from: from! })),
  );
}

/** Where a name is declared. */
const declared = (name: string) =>
  new RegExp(`^export (declare )?((abstract )?class|(async )?function|const|interface|type) ${name}\\b`);

/** A declaration in dist/ without its comments. */
function declarationOf({ name, from }: { name: string; from: string }): string {
  const lines = codeOf(read(`dist/${from}.d.ts`)).split('\n');
  const start = lines.findIndex((line) => declared(name).test(line));
  const end = lines.findIndex((line, i) => i >= start && /^\}|^\S.*;$/.test(line));
  return lines
    .slice(start, end + 1)
    .filter((line) => line.trim() !== '' && line.trim() !== '#private;')
    .map((line) => line.replace(/^export (declare )?/, '').replace(/^( +)\1/, '$1'))
    .join('\n');
}

describe('the public API', () => {
  const index = codeOf(read('src/index.ts'));
  const names = exportsOf(index);

  it('is re-exported by index.ts, which does nothing else', () => {
    expect(index.replace(reexports, '').trim()).toBe('');
  });

  it.each(names)('$name has a docstring', ({ name, from }) => {
    const lines = read(`src/${from}.ts`).split('\n');
    const above = lines[lines.findIndex((line) => declared(name).test(line)) - 1];
    expect(above).toMatch(/^ \*\/$|^\/\*\* .* \*\/$/);
  });

  it('is what it was', () => {
    const published = exportsOf(read('dist/index.d.ts'));
    expect(published, 'dist/ is up to date').toEqual(names);
    expect(published.map(declarationOf).join('\n\n')).toMatchInlineSnapshot(`
      "type CipherSuite = 'AES_128_CTR_HMAC_SHA256_80' | 'AES_128_CTR_HMAC_SHA256_64' | 'AES_128_CTR_HMAC_SHA256_32' | 'AES_128_GCM_SHA256_128' | 'AES_256_GCM_SHA512_128' | 'AES_256_CTR_HMAC_SHA512_80' | 'AES_256_CTR_HMAC_SHA512_64' | 'AES_256_CTR_HMAC_SHA512_32';

      interface CipherSuiteParameters {
        readonly id: number;
        readonly hash: 'SHA-256' | 'SHA-512';
        readonly Nh: number;
        readonly Nka?: number;
        readonly Nk: number;
        readonly Nn: number;
        readonly Nt: number;
      }

      const cipherSuites: Readonly<Record<CipherSuite, CipherSuiteParameters>>;

      function preload(module?: WebAssembly.Module): void;

      class SFrameDecryptor extends FrameDecryptor {
        constructor(options: SFrameDecryptorOptions);
        addDecryptionKey(baseKey: Uint8Array, kid: U64): void;
        importDecryptionKey(baseKey: CryptoKey, kid: U64): Promise<void>;
        removeDecryptionKey(kid: U64): boolean;
        hasDecryptionKey(kid: U64): boolean;
      }

      type SFrameDecryptorOptions = DecryptorOptions;

      class SFrameEncryptor extends FrameEncryptor {
        constructor(options: SFrameEncryptorOptions);
        setEncryptionKey(baseKey: Uint8Array, kid: U64, options?: {
          readonly ctr?: U64 | undefined;
        }): void;
        importEncryptionKey(baseKey: CryptoKey, kid: U64): Promise<void>;
      }

      type SFrameEncryptorOptions = ContextOptions;

      class SFrameError extends Error {
        readonly code: SFrameErrorCode;
        readonly kid: bigint | undefined;
        constructor(code: SFrameErrorCode, kid?: bigint, message?: string);
      }

      type SFrameErrorCode = 'syntax' | 'key-id' | 'authentication' | 'replay' | 'ratchet-limit' | 'counter-exhausted' | 'key-reuse' | 'no-key' | 'destroyed' | 'engine-unavailable' | 'attempts-exhausted' | 'worker-failed';

      abstract class FrameDecryptor implements Decryptor {
        decrypt(ciphertext: Uint8Array, metadata?: Uint8Array): Bytes;
        decryptInto(target: Uint8Array, ciphertext: Uint8Array, metadata?: Uint8Array): number;
        decryptAsync(ciphertext: Uint8Array, metadata?: Uint8Array): Promise<Bytes>;
        destroy(): void;
      }

      abstract class FrameEncryptor implements Encryptor {
        get kid(): bigint | undefined;
        get ctr(): bigint;
        encrypt(plaintext: Uint8Array, metadata?: Uint8Array): Bytes;
        encryptInto(target: Uint8Array, plaintext: Uint8Array, metadata?: Uint8Array): number;
        encryptAsync(plaintext: Uint8Array, metadata?: Uint8Array): Promise<Bytes>;
        destroy(): void;
      }

      function decodeHeader(ciphertext: Uint8Array): {
        kid: bigint;
        ctr: bigint;
        length: number;
      };

      function encodeHeader(kid: U64, ctr: U64): Bytes;

      abstract class KnownTarget<Type extends string, Told extends Event, Events extends Record<Type, Told> = Record<Type, Told>> extends EventTarget {
        addEventListener<T extends Type>(type: T, listener: (event: Events[T]) => void, options?: ListenOptions): void;
        addEventListener(type: string, listener: Listener, options?: ListenOptions): void;
        removeEventListener<T extends Type>(type: T, listener: (event: Events[T]) => void, options?: ListenOptions): void;
        removeEventListener(type: string, listener: Listener, options?: ListenOptions): void;
      }

      interface MlsPosition {
        readonly epoch: U64;
        readonly groupSize: number;
        readonly senderIndex: number;
      }

      interface MlsReceivingEpoch {
        readonly epoch: U64;
        readonly baseKey: Uint8Array;
        readonly groupSize: number;
        readonly senderIndex?: number | undefined;
        readonly expect?: number | undefined;
        readonly graceSeconds?: number | undefined;
      }

      interface MlsSender {
        readonly epoch: bigint;
        readonly senderIndex: number;
        readonly contextId: bigint;
      }

      interface MlsSendingEpoch extends MlsPosition {
        readonly baseKey: Uint8Array;
        readonly ctr?: U64 | undefined;
      }

      class MlsDecryptor extends FrameDecryptor {
        constructor(options: MlsDecryptorOptions);
        addEpoch(epoch: MlsReceivingEpoch): void;
        removeEpoch(epoch: U64): boolean;
        hasEpoch(epoch: U64): boolean;
        senderOf(kid: U64): MlsSender | undefined;
      }

      interface MlsDecryptorOptions extends DecryptorOptions {
        readonly epochBits: number;
        readonly maxContexts?: number | undefined;
        readonly now?: (() => number) | undefined;
      }

      class MlsEncryptor extends FrameEncryptor {
        constructor(options: MlsEncryptorOptions);
        get epoch(): bigint | undefined;
        kidOf(position: MlsPosition): bigint;
        setEpoch(epoch: MlsSendingEpoch): void;
      }

      interface MlsEncryptorOptions extends ContextOptions {
        readonly epochBits: number;
        readonly contextId?: U64 | undefined;
      }

      interface ContextOptions {
        readonly cipherSuite: CipherSuite;
        readonly engine?: Engine | undefined;
        readonly maxFrameLen?: number | undefined;
      }

      interface DecryptorOptions extends ContextOptions {
        readonly replayWindow?: number | undefined;
      }

      type Engine = 'auto' | 'wasm' | 'webcrypto';

      function generatePassphrase(): string;

      function deriveSsrcKey(baseKey: Uint8Array | CryptoKey, ssrc: number, cipherSuite: CipherSuite): Promise<Bytes>;

      class KeyRetirement implements Decryptor {
        constructor(decryptor: RetiringDecryptor, options?: KeyRetirementOptions);
        addDecryptionKey(baseKey: Uint8Array, kid: U64): void;
        removeDecryptionKey(kid: U64): boolean;
        retireBefore(kid: U64): boolean;
        tick(): void;
        decrypt(ciphertext: Uint8Array, metadata?: Uint8Array): Bytes;
        decryptInto(target: Uint8Array, ciphertext: Uint8Array, metadata?: Uint8Array): number;
        decryptAsync(ciphertext: Uint8Array, metadata?: Uint8Array): Promise<Bytes>;
      }

      interface KeyRetirementOptions {
        readonly graceSeconds?: number | undefined;
        readonly now?: (() => number) | undefined;
      }

      interface RetiringDecryptor extends Decryptor {
        addDecryptionKey(baseKey: Uint8Array, kid: U64): void;
        removeDecryptionKey(kid: U64): boolean;
      }

      class RoomKey {
        private constructor();
        static fromPassphrase(options: RoomKeyOptions): Promise<RoomKey>;
        sendingKey(): Promise<SendingKey>;
        receivingKey(participant: string, session: Uint8Array): Promise<Bytes>;
        destroy(): void;
      }

      interface RoomKeyOptions {
        readonly passphrase: string;
        readonly app: string;
        readonly room: string;
        readonly participant: string;
        readonly iterations?: number | undefined;
      }

      interface SendingKey {
        readonly baseKey: Bytes;
        readonly session: Bytes;
      }

      interface RotationTriggers {
        readonly everyFrames?: number | undefined;
        readonly everySeconds?: number | undefined;
        readonly onJoin?: boolean | undefined;
        readonly onLeave?: boolean | undefined;
      }

      class RotationEvent extends Event {
        readonly reason: RotationReason | undefined;
        readonly kid: bigint | undefined;
        readonly previousKid: bigint | undefined;
        readonly error: unknown;
        constructor(type: RotationEventType, about: {
          readonly reason?: RotationReason | undefined;
          readonly kid?: bigint | undefined;
          readonly previousKid?: bigint | undefined;
          readonly error?: unknown;
        });
      }

      type RotationEventType = 'key-needed' | 'key-expiring' | 'switched' | 'switch-failed';

      type RotationReason = 'start' | 'frames' | 'seconds' | 'join' | 'leave' | 'leak' | 'limit';

      interface RotatedEncryptor extends Encryptor {
        readonly kid?: bigint | undefined;
        readonly ctr?: bigint;
        setEncryptionKey?(baseKey: Uint8Array, kid: U64): void;
      }

      interface UsageLimits {
        readonly maxFrames?: number | undefined;
        readonly maxBlocks?: number | undefined;
      }

      class KeyRotation extends KnownTarget<RotationEventType, RotationEvent> implements Encryptor {
        constructor(encryptor: RotatedEncryptor, options: KeyRotationOptions);
        get kid(): bigint | undefined;
        get stagedKid(): bigint | undefined;
        stage(baseKey: Uint8Array, kid: U64, activate?: (baseKey: Uint8Array<ArrayBuffer>, kid: bigint) => void): string[];
        step(activate: () => void): void;
        join(participant: string): boolean;
        leave(participant: string): boolean;
        reportLeak(): void;
        confirm(participant: string, kid: U64): void;
        tick(): void;
        encrypt(plaintext: Uint8Array, metadata?: Uint8Array): Bytes;
        encryptInto(target: Uint8Array, plaintext: Uint8Array, metadata?: Uint8Array): number;
        encryptAsync(plaintext: Uint8Array, metadata?: Uint8Array): Promise<Bytes>;
        destroy(): void;
      }

      interface KeyRotationOptions extends RotationTriggers, UsageLimits {
        readonly cipherSuite: CipherSuite;
        readonly rolloutSeconds?: number | undefined;
        readonly now?: (() => number) | undefined;
      }

      class RatchetDecryptor extends FrameDecryptor {
        constructor(options: RatchetDecryptorOptions);
        addDecryptionKey(baseKey: Uint8Array, kid: U64): void;
        removeGeneration(generation: U64): boolean;
      }

      interface RatchetDecryptorOptions extends DecryptorOptions {
        readonly ratchetBits: number;
        readonly maxForward?: number | undefined;
        readonly maxPast?: number | undefined;
        readonly now?: (() => number) | undefined;
      }

      class RatchetEncryptor extends FrameEncryptor {
        constructor(options: RatchetEncryptorOptions);
        get generation(): bigint | undefined;
        get step(): bigint | undefined;
        setEncryptionKey(baseKey: Uint8Array, generation?: U64): void;
        ratchet(): void;
        exportKey(): {
          baseKey: Bytes;
          kid: bigint;
        };
        destroy(): void;
      }

      interface RatchetEncryptorOptions extends ContextOptions {
        readonly ratchetBits: number;
      }

      interface RatchetEncryptorOptions extends ContextOptions {
        readonly ratchetBits: number;
      }

      type Bytes = Uint8Array<ArrayBuffer>;

      interface Decryptor {
        decrypt(ciphertext: Uint8Array, metadata?: Uint8Array): Bytes;
        decryptInto(target: Uint8Array, ciphertext: Uint8Array, metadata?: Uint8Array): number;
        decryptAsync(ciphertext: Uint8Array, metadata?: Uint8Array): Promise<Bytes>;
      }

      interface Encryptor {
        encrypt(plaintext: Uint8Array, metadata?: Uint8Array): Bytes;
        encryptInto(target: Uint8Array, plaintext: Uint8Array, metadata?: Uint8Array): number;
        encryptAsync(plaintext: Uint8Array, metadata?: Uint8Array): Promise<Bytes>;
      }

      const maxOverhead = 33;

      type U64 = number | bigint;"
    `);
  });
});
