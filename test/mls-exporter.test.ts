// sframe-wasm/mls: from an exporter to encryptors and decryptors, in the order that loses no frame.

import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { type CipherSuite, cipherSuites, MlsDecryptor, MlsEncryptor, SFrameError } from '../src/index.ts';
import { type EpochEntrance, enterEpoch, exportBaseKey, type MlsExporter } from '../src/mls/exporter.ts';
import { noise } from './lengths.ts';

const cipherSuite = 'AES_128_GCM_SHA256_128';
const options = { cipherSuite, epochBits: 4 } as const;
const frame = noise(30, 1);

afterEach(() => vi.restoreAllMocks());

/** What an MLS library would export in an epoch; keeps what it gave. */
function exporterOf(epoch: number, given: Uint8Array[] = []): MlsExporter {
  return async (_label, _context, length) => {
    const secret = noise(length, epoch);
    given.push(secret);
    return secret;
  };
}

const entrance = (epoch: number, more: Partial<EpochEntrance> = {}): EpochEntrance => ({
  exporter: exporterOf(epoch),
  cipherSuite,
  epoch,
  groupSize: 4,
  senderIndex: 1,
  decryptors: [],
  encryptors: [],
  ready: Promise.resolve(),
  ...more,
});

/** A promise that is kept when one says so. */
function promise(): { readonly kept: Promise<void>; keep: () => void; breakIt: () => void } {
  let keep: () => void = () => {};
  let breakIt: () => void = () => {};
  const kept = new Promise<void>((resolve, reject) => {
    keep = resolve;
    breakIt = () => reject(new Error('no answer'));
  });
  return { kept, keep, breakIt };
}

/** Lets go of the turn, for all that does not wait for anything. */
const turn = () => new Promise((resolve) => setTimeout(resolve, 0));

describe('exportBaseKey', () => {
  test.each(Object.keys(cipherSuites) as CipherSuite[])(
    '%s: asks for Nk bytes under the RFC’s label',
    async (suite) => {
      const { Nk } = cipherSuites[suite];
      const exporter = vi.fn<MlsExporter>((_label, _context, length) => noise(length, 7));
      expect(await exportBaseKey(exporter, suite)).toEqual(noise(Nk, 7));
      expect(exporter.mock.calls).toEqual([['SFrame 1.0 Base Key', new Uint8Array(0), Nk]]);
    },
  );

  test('gives bytes of its own and zeroes the exporter’s', async () => {
    const memory = noise(100, 1);
    const exported = memory.subarray(10, 26);
    const baseKey = await exportBaseKey(() => exported, cipherSuite);
    expect(baseKey).toEqual(noise(100, 1).slice(10, 26));
    expect(baseKey.buffer.byteLength).toBe(16);
    expect(exported).toEqual(new Uint8Array(16));
    expect([memory[9], memory[26]]).toEqual([noise(100, 1)[9], noise(100, 1)[26]]);
  });

  test('takes no other number of bytes, and keeps none of them', async () => {
    for (const len of [0, 15, 17, 32]) {
      const exported = noise(len, 1);
      await expect(exportBaseKey(() => exported, cipherSuite)).rejects.toThrow(
        new RangeError("exporter's result must be 16 bytes long"),
      );
      expect(exported.every((byte) => byte === 0)).toBe(true);
    }
    await expect(exportBaseKey(() => 'secret' as never, cipherSuite)).rejects.toThrow(/^exporter's result /);
    await expect(exportBaseKey('no' as never, cipherSuite)).rejects.toThrow(/^exporter must be a function/);
    await expect(exportBaseKey(exporterOf(1), 'AES' as never)).rejects.toThrow(/^cipherSuite /);
    await expect(exportBaseKey(() => Promise.reject(new Error('no group')), cipherSuite)).rejects.toThrow(
      'no group',
    );
  });
});

describe('enterEpoch', () => {
  let sender: MlsEncryptor;
  let receiver: MlsDecryptor;
  beforeEach(() => {
    sender = new MlsEncryptor(options);
    receiver = new MlsDecryptor(options);
  });
  const both = () => ({ decryptors: [receiver], encryptors: [sender] });

  test('gives the epoch to all, with what else they need', async () => {
    const others = new MlsDecryptor(options);
    await enterEpoch(entrance(5, { decryptors: new Set([receiver]), encryptors: new Set([sender]) }));
    await enterEpoch(entrance(5, { decryptors: [others], senderIndex: 2 }));
    expect([sender.epoch, receiver.hasEpoch(5)]).toEqual([5n, true]);
    const ciphertext = sender.encrypt(frame);
    expect(() => receiver.decrypt(ciphertext), 'our own frames').toThrow(new SFrameError('key-id', 21n));
    expect(others.decrypt(ciphertext)).toEqual(frame);
    await enterEpoch(entrance(6, { decryptors: [others], senderIndex: 2, graceSeconds: 0 }));
    expect([5, 6].map((epoch) => others.hasEpoch(epoch))).toEqual([false, true]);
  });

  test('receivers have it before senders, who wait for the others', async () => {
    await enterEpoch(entrance(5, both()));
    const { kept, keep } = promise();
    const entering = enterEpoch(entrance(6, { ...both(), ready: kept }));
    await turn();
    expect([sender.epoch, receiver.hasEpoch(6)]).toEqual([5n, true]);
    // a new encryptor has nothing to go on with
    const late = new MlsEncryptor({ ...options, contextId: 1 });
    const { kept: never } = promise();
    enterEpoch(entrance(6, { encryptors: [late], ready: never }));
    await turn();
    expect(late.epoch).toBe(6n);
    keep();
    await entering;
    expect(sender.epoch).toBe(6n);
  });

  test('a deadline that ends in failure is a deadline', async () => {
    await enterEpoch(entrance(5, both()));
    const { kept, breakIt } = promise();
    const entering = enterEpoch(entrance(6, { ...both(), ready: kept }));
    await turn();
    breakIt();
    await entering;
    expect(sender.epoch).toBe(6n);
    // and nobody's unhandled rejection, if it fails before somebody waits, or if nobody does
    const early = Promise.reject(new Error('no answer'));
    await enterEpoch(entrance(7, { ...both(), ready: early }));
    await enterEpoch(entrance(8, { decryptors: [receiver], ready: Promise.reject(new Error('no answer')) }));
    expect(sender.epoch).toBe(7n);
  });

  test('waits one second if it is not told', async () => {
    await enterEpoch(entrance(5, both()));
    vi.useFakeTimers();
    try {
      const entering = enterEpoch(entrance(6, { ...both(), ready: undefined }));
      await vi.advanceTimersByTimeAsync(999);
      expect(sender.epoch).toBe(5n);
      await vi.advanceTimersByTimeAsync(1);
      expect(sender.epoch).toBe(6n);
      await entering;
      // and not at all if nobody has to
      await enterEpoch(entrance(7, { decryptors: [receiver], ready: undefined }));
      expect(vi.getTimerCount()).toBe(0);
    } finally {
      vi.useRealTimers();
    }
  });

  test('calls that overlap never lead back', async () => {
    await enterEpoch(entrance(5, both()));
    const [six, seven] = [promise(), promise()];
    const slow = promise();
    const entering = [
      enterEpoch(entrance(6, { ...both(), ready: six.kept })),
      enterEpoch(entrance(7, { ...both(), ready: seven.kept })),
    ];
    await turn();
    seven.keep();
    await entering[1];
    expect(sender.epoch).toBe(7n);
    six.keep();
    await entering[0];
    expect(sender.epoch).toBe(7n);
    // nor if the export of the earlier one takes longer
    const exporter: MlsExporter = async (label, context, length) => {
      await slow.kept;
      return exporterOf(8)(label, context, length);
    };
    const eighth = enterEpoch(entrance(8, { ...both(), exporter }));
    await enterEpoch(entrance(9, both()));
    slow.keep();
    await eighth;
    expect([sender.epoch, receiver.hasEpoch(8), receiver.hasEpoch(9)]).toEqual([9n, true, true]);
  });

  test('wipes the base key when all have it, and when one fails', async () => {
    const given: Uint8Array[] = [];
    const seen: Uint8Array[] = [];
    const spy = { addEpoch: ({ baseKey }: { baseKey: Uint8Array }) => void seen.push(baseKey) };
    const { kept, keep } = promise();
    await enterEpoch(entrance(5, both()));
    const exporter = exporterOf(6, given);
    const entering = enterEpoch(entrance(6, { ...both(), decryptors: [spy], exporter, ready: kept }));
    await turn();
    expect(given).toEqual([new Uint8Array(16)]);
    expect(seen).toEqual([noise(16, 6)]);
    keep();
    await entering;
    expect(seen).toEqual([new Uint8Array(16)]);

    const failing = { addEpoch: () => expect.unreachable() };
    await expect(enterEpoch(entrance(7, { decryptors: [spy, failing] }))).rejects.toThrow();
    expect(seen[1]).toEqual(new Uint8Array(16));
  });

  test('one that fails does not keep the others in the old epoch', async () => {
    const [gone, alsoGone] = [new MlsDecryptor(options), new MlsEncryptor(options)];
    gone.destroy();
    alsoGone.destroy();
    await enterEpoch(entrance(5, both()));
    const entering = enterEpoch(
      entrance(6, { decryptors: [gone, receiver], encryptors: [alsoGone, sender] }),
    );
    await expect(entering).rejects.toMatchObject({ code: 'destroyed' });
    expect([sender.epoch, receiver.hasEpoch(6)]).toEqual([6n, true]);
  });

  test('hanging up while it waits is no failure', async () => {
    await enterEpoch(entrance(5, both()));
    const { kept, keep } = promise();
    const entering = enterEpoch(entrance(6, { ...both(), ready: kept }));
    await turn();
    sender.destroy();
    receiver.destroy();
    keep();
    await entering;
  });

  test('rejects what cannot be, before anything is exported', async () => {
    const exporter = vi.fn(exporterOf(5));
    await expect(enterEpoch(undefined as never)).rejects.toThrow(TypeError);
    await expect(enterEpoch(entrance(5, { exporter, epoch: -1 }))).rejects.toThrow(/^epoch /);
    await expect(enterEpoch(entrance(5, { exporter, decryptors: 5 as never }))).rejects.toThrow(TypeError);
    expect(exporter).not.toHaveBeenCalled();
    await expect(enterEpoch(entrance(5, { ...both(), senderIndex: 4 }))).rejects.toThrow(/^senderIndex /);
    await expect(enterEpoch(entrance(5, { ...both(), groupSize: 0 }))).rejects.toThrow(/^groupSize /);
    expect([sender.epoch, receiver.hasEpoch(5)]).toEqual([undefined, false]);
  });

  test('one leaf for one decryptor', async () => {
    const only = {
      addEpoch: (epoch: Parameters<MlsDecryptor['addEpoch']>[0]) =>
        receiver.addEpoch({ ...epoch, expect: 3 }),
    };
    await enterEpoch(entrance(5, { decryptors: [only], encryptors: [] }));
    for (const [senderIndex, opens] of [
      [2, false],
      [3, true],
    ] as const) {
      const other = new MlsEncryptor(options);
      await enterEpoch(entrance(5, { encryptors: [other], senderIndex }));
      expect(typeof receiver.tryDecrypt(other.encrypt(frame)) !== 'string').toBe(opens);
    }
  });
});

test('no answer at all: sending is in the epoch after ten seconds', async () => {
  vi.useFakeTimers();
  try {
    const encryptor = new MlsEncryptor(options);
    await enterEpoch(entrance(5, { encryptors: [encryptor] }));
    const entering = enterEpoch(entrance(6, { encryptors: [encryptor], ready: new Promise(() => {}) }));
    await vi.advanceTimersByTimeAsync(9999);
    expect(encryptor.epoch).toBe(5n);
    await vi.advanceTimersByTimeAsync(1);
    await entering;
    expect(encryptor.epoch).toBe(6n);
    expect(vi.getTimerCount()).toBe(0);
  } finally {
    vi.useRealTimers();
  }
});
