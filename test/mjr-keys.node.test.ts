// Which keys open a recording: all schemes, across rotations; signatures; and a keys file that is not as it should be.

import { ed25519 } from '@noble/curves/ed25519.js';
import { afterAll, describe, expect, it } from 'vitest';
import { readMedia } from '../examples/frames/media.js';
import { MlsEncryptor, RatchetEncryptor, SFrameEncryptor } from '../src/index.ts';
import { FrameSigner } from '../src/trust/signature.ts';
import type { Encryptor } from '../src/types.ts';
import { noise } from './lengths.ts';
import {
  Bench,
  base64,
  baseKey,
  cipherSuite,
  framesOf,
  mjrFile,
  type Packet,
  plainKeys,
  send,
} from './mjr/recording.ts';
import { hex } from './oracle.ts';

const bench = new Bench();
afterAll(() => bench.close());

const frames = framesOf('vp8').slice(0, 30);
const key = (seed: number) => noise(16, seed);
const written = (ivf: Uint8Array | undefined) => readMedia(ivf!).frames.map(hex);
const all = frames.map(hex);

function sender(baseKey: Uint8Array, kid: number | bigint): SFrameEncryptor {
  const encryptor = new SFrameEncryptor({ cipherSuite });
  encryptor.setEncryptionKey(baseKey, kid);
  return encryptor;
}

const file = (participants: object[], more: object = {}) => ({
  version: 1,
  cipherSuite,
  participants,
  ...more,
});

describe('keys', () => {
  it('that were changed twice in the midst open all of it', async () => {
    const encryptor = sender(key(2), 1);
    const before = (i: number) => {
      if (i === 10) encryptor.setEncryptionKey(key(3), 0xffff_ffff_ffff_fffen);
      if (i === 20) encryptor.setEncryptionKey(key(4), 300);
    };
    const recording = mjrFile('vp8', send('vp8', frames, encryptor, { before }));
    const keys = [
      { kid: 1, baseKey: base64(key(2)) },
      { kid: '0xfffffffffffffffe', baseKey: base64(key(3)) },
      { kid: '300', baseKey: base64(key(4)) },
    ];
    const { summary, written: ivf } = await bench.open(recording, file([{ participant: 'alice', keys }]));
    expect(summary.frames).toEqual({ opened: 30, failed: {} });
    expect(written(ivf)).toEqual(all);

    const [first, , last] = keys;
    const without = await bench.open(recording, file([{ participant: 'alice', keys: [first, last] }]));
    expect(without.summary.frames).toEqual({ opened: 20, failed: { 'key-id': 10 } });
    expect(without.summary.missingKids).toEqual([{ kid: '0xfffffffffffffffe', frames: 10 }]);
    expect(written(without.written)).toEqual([...all.slice(0, 10), ...all.slice(20)]);
  });

  it('that are wrong open nothing, and leave no file', async () => {
    const recording = mjrFile('vp8', send('vp8', frames, sender(key(2), 1)));
    const input = bench.write('wrong.mjr', recording);
    const keys = bench.write('wrong.json', plainKeys(key(9)));
    const { exitCode, stdout, stderr } = await bench.run(input, '--keys', keys, '-o', bench.path('wrong'));
    expect(exitCode).toBe(1);
    expect(stdout).toContain('0 frames opened, nothing written\n  30 not opened: authentication');
    expect(stderr).toBe('');
  });

  it('open a frame once, however often a server sends it', async () => {
    const packets = send('vp8', frames, sender(key(2), 1));
    const again = packets.map((packet) => ({
      ...packet,
      sequence: packet.sequence + packets.length,
      timestamp: packet.timestamp + 90_000,
    }));
    const { summary, written: ivf } = await bench.open(
      mjrFile('vp8', [...packets, ...again]),
      plainKeys(key(2)),
    );
    expect(summary.frames).toEqual({ opened: 30, failed: { replay: 30 } });
    expect(written(ivf)).toEqual(all);
  });

  it("of another participant do not open one's frames", async () => {
    const recording = mjrFile('vp8', send('vp8', frames, sender(key(2), 1)));
    const keys = file([
      { participant: 'alice', keys: [{ kid: 1, baseKey: base64(key(2)) }] },
      { participant: 'bob', keys: [{ kid: 2, baseKey: base64(key(3)) }] },
    ]);
    expect((await bench.open(recording, keys, '--participant', 'alice')).summary.frames.opened).toBe(30);
    const { summary } = await bench.open(recording, keys, '--participant', 'bob');
    expect(summary.frames).toEqual({ opened: 0, failed: { 'key-id': 30 } });
  });
});

describe('ratchets', () => {
  it('are followed through steps and generations, from the first key of each', async () => {
    const encryptor = new RatchetEncryptor({ cipherSuite, ratchetBits: 4 });
    encryptor.setEncryptionKey(key(2));
    const ratchetKeys: { kid: string; baseKey: string }[] = [];
    const share = () => {
      const { kid, baseKey } = encryptor.exportKey();
      ratchetKeys.push({ kid: `${kid}`, baseKey: base64(baseKey) });
    };
    share();
    const before = (i: number) => {
      if (i === 20) encryptor.setEncryptionKey(key(3));
      else if (i % 3 === 2) encryptor.ratchet();
      if (i === 20 || i === 8) share(); // of the first generation, a later key too
    };
    const packets = send('vp8', frames, encryptor, { before });
    const keys = file([{ participant: 'alice', ratchetKeys }], { ratchetBits: 4 });
    const { summary, written: ivf } = await bench.open(mjrFile('vp8', packets), keys);
    expect(summary.frames).toEqual({ opened: 30, failed: {} });
    expect(written(ivf)).toEqual(all);

    const replayed = packets.map((packet) => ({
      ...packet,
      sequence: packet.sequence + packets.length,
      time: 60_000,
    }));
    const twice = await bench.open(mjrFile('vp8', [...packets, ...replayed]), keys);
    expect(twice.summary.frames.opened).toBe(30);
  });

  it('may be far ahead of their key', async () => {
    const encryptor = new RatchetEncryptor({ cipherSuite, ratchetBits: 8 });
    encryptor.setEncryptionKey(key(2));
    for (let i = 0; i < 100; i++) encryptor.ratchet();
    const ratchetKeys = [{ kid: 0, baseKey: base64(key(2)) }];
    const keys = file([{ participant: 'alice', ratchetKeys }], { ratchetBits: 8 });
    const { summary } = await bench.open(mjrFile('vp8', send('vp8', frames, encryptor)), keys);
    expect(summary.frames).toEqual({ opened: 30, failed: {} });
  });

  it('open late frames of a step by the time of the recording', async () => {
    const encryptor = new RatchetEncryptor({ cipherSuite, ratchetBits: 8 });
    encryptor.setEncryptionKey(key(2));
    const early = send('vp8', frames.slice(0, 1), encryptor);
    encryptor.ratchet();
    const late = (time: number) => {
      const next = send('vp8', frames.slice(1), encryptor, { sequence: 500, ssrc: 2 });
      const last = early.map((packet, i) => ({ ...packet, ssrc: 3, sequence: i, time }));
      return mjrFile('vp8', [
        ...next,
        ...last,
        ...last.map((packet) => ({ ...packet, sequence: packet.sequence + 100 })),
      ]);
    };
    const ratchetKeys = [{ kid: 0, baseKey: base64(key(2)) }];
    const keys = file([{ participant: 'alice', ratchetKeys }], { ratchetBits: 8 });
    expect((await bench.open(late(5000), keys)).summary.frames).toEqual({
      opened: 30,
      failed: { replay: 1 },
    });
    const tooLate = await bench.open(late(50_000), keys);
    expect(tooLate.summary.frames.opened).toBe(29);
  });
});

describe('epochs', () => {
  const mls = (encryptor: MlsEncryptor, first: number, each: number, members = { alice: 2, bob: 1 }) => {
    const epochs: object[] = [];
    const before = (i: number) => {
      if (i % each !== 0) return;
      const epoch = first + i / each;
      const baseKey = key(50 + epoch);
      encryptor.setEpoch({ epoch, baseKey, groupSize: 4, senderIndex: 2 });
      epochs.push({ epoch: `${epoch}`, baseKey: base64(baseKey), groupSize: 4, members });
    };
    return { epochs, packets: send('vp8', frames, encryptor, { before }) };
  };

  it('open all of it, also where their low bits come round', async () => {
    const encryptor = new MlsEncryptor({ cipherSuite, epochBits: 2, contextId: 3 });
    const { epochs, packets } = mls(encryptor, 3, 3);
    expect(epochs.length).toBe(10);
    const keys = { version: 1, cipherSuite, mls: { epochBits: 2, epochs: epochs.reverse() } };
    const { summary, written: ivf } = await bench.open(
      mjrFile('vp8', packets),
      keys,
      '--participant',
      'alice',
    );
    expect(summary.frames).toEqual({ opened: 30, failed: {} });
    expect(written(ivf)).toEqual(all);
  });

  it("open only the participant's own leaf", async () => {
    const encryptor = new MlsEncryptor({ cipherSuite, epochBits: 8 });
    const { epochs, packets } = mls(encryptor, 3, 10);
    const keys = { version: 1, cipherSuite, mls: { epochBits: 8, epochs } };
    const { summary } = await bench.open(mjrFile('vp8', packets), keys, '--participant', 'bob');
    expect(summary.frames).toEqual({ opened: 0, failed: { 'key-id': 30 } });
    const input = bench.write('in.mjr', mjrFile('vp8', packets));
    const { exitCode, stderr } = await bench.run(
      input,
      '--keys',
      bench.write('k', keys),
      '-o',
      bench.path('x'),
    );
    expect(exitCode).toBe(2);
    expect(stderr).toContain('--participant');
  });
});

describe('signatures', () => {
  const privateKey = noise(32, 90);
  const session = noise(16, 91);

  /** Frames of Alice, every tenth made by Mallory, who has her key; and her blocks, for all but the last five. */
  const signed = () => {
    const encryptor = sender(key(2), 1);
    const blocks: string[] = [];
    const signer = new FrameSigner({
      encryptor,
      session,
      participant: 'alice',
      privateKey,
      everyFrames: 7,
      now: () => 0,
    });
    signer.addEventListener('block', ({ block }) => blocks.push(base64(block!)));
    let isSigned = true;
    const signing = (metadata: Uint8Array | undefined, plaintext: Uint8Array) => {
      const ciphertext = encryptor.encrypt(plaintext, metadata);
      if (isSigned) signer.sign(ciphertext, metadata);
      return ciphertext;
    };
    const both = { encrypt: (plaintext, metadata) => signing(metadata, plaintext) } as Encryptor;
    const before = (i: number) => {
      if (i === 25) {
        void signer.flush();
        isSigned = false;
      }
    };
    const packets: Packet[] = send('vp8', frames, both, { before });
    return { blocks, packets };
  };
  const keysWith = (blocks: readonly string[], more: object = {}) =>
    file([
      {
        participant: 'alice',
        keys: [{ kid: 1, baseKey: base64(key(2)) }],
        signature: {
          session: base64(session),
          publicKey: base64(ed25519.getPublicKey(privateKey)),
          blocks,
          ...more,
        },
      },
    ]);

  it('let only signed frames through', async () => {
    const { blocks, packets } = signed();
    const { summary, written: ivf } = await bench.open(
      mjrFile('vp8', packets),
      keysWith([...blocks].reverse()),
    );
    expect(summary.frames).toEqual({ opened: 25, failed: { unverified: 5 } });
    expect(written(ivf)).toEqual(all.slice(0, 25));
  });

  it("keep another member's frames out", async () => {
    const { blocks, packets } = signed();
    const mallory = sender(key(2), 1);
    const forged = send(
      'vp8',
      frames.map((frame) => frame.slice(0, 20)),
      mallory,
      { ssrc: 666 },
    );
    const { summary, written: ivf } = await bench.open(mjrFile('vp8', forged), keysWith(blocks));
    expect(summary.frames).toEqual({ opened: 0, failed: { forged: 25, unverified: 5 } });
    expect(ivf).toBeUndefined();
    expect(packets.length).toBeGreaterThan(0);
  });

  it('of another name, session or key vouch for nothing', async () => {
    const { blocks, packets } = signed();
    const others = [
      { signer: 'bob' },
      { session: base64(noise(16, 5)) },
      { publicKey: base64(ed25519.getPublicKey(noise(32, 6))) },
    ];
    for (const more of others) {
      const { summary } = await bench.open(mjrFile('vp8', packets), keysWith(blocks, more));
      expect(summary.frames).toEqual({ opened: 0, failed: { unverified: 30 } });
    }
  });
});

describe('a keys file', () => {
  const secret = 'c2VjcmV0c2VjcmV0c2VjcmV0'; // must never be printed
  const good = { participant: 'alice', keys: [{ kid: 1, baseKey: secret }] };
  const withKey = (one: object) => file([{ participant: 'alice', keys: [good.keys[0], one] }]);
  const epoch = { epoch: 1, baseKey: secret, groupSize: 4, members: { alice: 0 } };
  const withEpoch = (one: object) => ({ ...file([]), mls: { epochBits: 8, epochs: [{ ...epoch, ...one }] } });

  it.each<[string, object | string]>([
    ['keys: the file is not JSON', `{ "version": 1, "baseKey": "${secret}", }`],
    ['keys: the file must be an object', []],
    ['keys: version is missing', { cipherSuite }],
    ['keys: version must be an integer from 1 to 1', { version: 2, cipherSuite }],
    ['keys: cipherSuite must be one of', { version: 1, cipherSuite: 'AES' }],
    ['keys: there is no participant', { version: 1, cipherSuite }],
    ['keys: secret is not known here', { ...file([good]), secret }],
    ['keys: participants must be an array', { ...file([]), participants: { secret } }],
    ['keys: participants[0] has no participant', file([{ keys: [] }])],
    ['keys: participants[1] has a participant that is there twice', file([good, good])],
    ['keys: participants[0].keys[1] has no kid', withKey({ baseKey: secret })],
    ['keys: participants[0].keys[1].kid must be a number', withKey({ kid: 2 ** 53, baseKey: secret })],
    ['keys: participants[0].keys[1].kid must be a number', withKey({ kid: -1, baseKey: secret })],
    ['keys: participants[0].keys[1].kid must be a number', withKey({ kid: '1e3', baseKey: secret })],
    [
      'keys: participants[0].keys[1].kid must be at most 2^64-1',
      withKey({ kid: '18446744073709551616', baseKey: secret }),
    ],
    ['keys: participants[0].keys[1].baseKey must be base64', withKey({ kid: 2, baseKey: `${secret}!` })],
    ['keys: participants[0].keys[1].baseKey must be base64', withKey({ kid: 2, baseKey: '' })],
    ['keys: participants[0].keys[1].baseKey must be base64', withKey({ kid: 2, baseKey: [1, 2, 3] })],
    ['keys: participants[0].keys[1] is refused: baseKey must be', withKey({ kid: 2, baseKey: 'c2VjcmV0' })],
    ['keys: participants[0].keys[1] has a kid that is there twice', withKey({ kid: '0x1', baseKey: secret })],
    ['keys: ratchetBits is missing', file([{ participant: 'alice', ratchetKeys: good.keys }])],
    ['keys: ratchetBits must be an integer from 1 to 63', { ...file([good]), ratchetBits: 64 }],
    [
      'keys: mls.epochs[0].members.alice must be an integer from 0 to 3',
      withEpoch({ members: { alice: 4 } }),
    ],
    ['keys: mls.epochs[0].groupSize must be an integer', withEpoch({ groupSize: 0 })],
    ['keys: mls.epochs[0].epoch must be a number', withEpoch({ epoch: null })],
    ['keys: mls.epochs[0].members["a.b"] must be', withEpoch({ members: { 'a.b': 'x' } })],
    [
      'keys: participants[0].signature has no blocks',
      file([{ ...good, signature: { session: secret, publicKey: secret } }]),
    ],
    [
      'keys: participants[0].signature is refused: publicKey',
      file([{ ...good, signature: { session: secret, publicKey: secret, blocks: [] } }]),
    ],
    [
      'keys: participants[0].signature.algorithm must be',
      file([{ ...good, signature: { session: secret, publicKey: secret, blocks: [], algorithm: 'RSA' } }]),
    ],
  ])('%s', async (message, content) => {
    const input = bench.write('in.mjr', mjrFile('opus', []));
    const keys = bench.write('bad.json', content);
    const { exitCode, stdout, stderr } = await bench.run(input, '--keys', keys, '-o', bench.path('bad'));
    expect(stderr).toContain(message);
    expect(stderr.trimEnd().split('\n').length).toBe(1);
    expect(stderr).not.toContain('c2VjcmV0');
    expect({ exitCode, stdout }).toEqual({ exitCode: 2, stdout: '' });
  });

  it('may come from the environment, and goes from there', async () => {
    const input = bench.write('env.mjr', mjrFile('vp8', send('vp8', frames, sender(baseKey, 1))));
    const env = { SFRAME_KEYS: JSON.stringify(plainKeys()) };
    const { exitCode, stdout } = await bench.runWith(env, input, '-o', bench.path('env.ivf'));
    expect(exitCode).toBe(0);
    expect(stdout).toContain('30 frames opened');
    expect(env).toEqual({});
    const without = await bench.run(input, '-o', bench.path('none.ivf'));
    expect(without.exitCode).toBe(2);
    expect(without.stderr).toContain('SFRAME_KEYS');
  });

  it('takes either alphabet of base64, with padding or without', async () => {
    const unusual = new Uint8Array(17).fill(0xfb);
    const recording = mjrFile('vp8', send('vp8', frames.slice(0, 2), sender(unusual, 1)));
    for (const text of [
      base64(unusual),
      base64(unusual).replace(/=/g, ''),
      Buffer.from(unusual).toString('base64url'),
    ]) {
      const keys = file([{ participant: 'alice', keys: [{ kid: 1, baseKey: text }] }]);
      expect((await bench.open(recording, keys)).summary.frames.opened).toBe(2);
    }
  });
});
