// The vectors, section by section of RFC 9605, against the library, its kernels and its header code. Prints how many
// cases of each passed: `npm run conformance`.

import { afterAll, describe, expect, test } from 'vitest';
import {
  type CipherSuite,
  cipherSuites,
  decodeHeader,
  deriveSsrcKey,
  encodeHeader,
  MlsEncryptor,
  RatchetDecryptor,
  RatchetEncryptor,
  SFrameDecryptor,
  SFrameEncryptor,
  SFrameError,
} from '../src/index.ts';
import vectors from '../vectors/sframe-vectors.json' with { type: 'json' };
import { type Hash, Kernels } from './kernels.ts';
import { hex, oracleDecrypt, oracleDerive, oracleEncrypt, oracleRatchet, pattern, unhex } from './oracle.ts';

const kernels = await Kernels.load();
const { computed } = vectors;
const encoder = new TextEncoder();
/** Without those of R = 0, which cannot ratchet. */
const senderKids = computed.senderKid.filter(({ ratchetBits }) => ratchetBits > 0);

/** Cases passed, by section. */
const passed = new Map<string, { passed: number; of: number }>();

/** One test over all cases of a section; every case counts by itself. */
function section<T>(name: string, cases: readonly T[], check: (testCase: T) => void | Promise<void>): void {
  const count = { passed: 0, of: cases.length };
  passed.set(name, count);
  test(`${name}: ${cases.length} cases`, async () => {
    for (const testCase of cases) {
      await check(testCase);
      count.passed++;
    }
  });
}

afterAll(() => {
  const rows = [...passed].map(([name, { passed, of }]) => `${name.padEnd(64)} ${passed}/${of}`);
  console.log(`RFC 9605 conformance, cases passed\n${rows.join('\n')}`);
});

function suiteOf(id: number): { name: CipherSuite; hash: Hash; Nk: number; Nt: number } {
  const entry = Object.entries(cipherSuites).find(([, suite]) => suite.id === id);
  if (entry === undefined) throw new Error(`no suite ${id}`);
  return { name: entry[0] as CipherSuite, ...entry[1] };
}

function codeOf(call: () => unknown): string {
  try {
    call();
  } catch (error) {
    if (error instanceof SFrameError) return error.code;
    throw error;
  }
  return 'none';
}

describe('§4.3 header', () => {
  section('§4.3    header, RFC 9605', vectors.header, checkHeader);
  section('§4.3    header, inline and extended boundary', vectors.headerBoundary, checkHeader);

  function checkHeader(v: { kid: string; ctr: string; encoded: string }): void {
    const kid = BigInt(v.kid);
    const ctr = BigInt(v.ctr);
    const bytes = unhex(v.encoded);
    const fields = { kid, ctr, length: bytes.length };
    expect(hex(encodeHeader(kid, ctr))).toBe(v.encoded);
    expect(hex(kernels.encodeHeader(kid, ctr))).toBe(v.encoded);
    // whatever follows a header is not its business
    const behind = new Uint8Array([...bytes, 0xff, 0x00]);
    expect(decodeHeader(bytes)).toEqual(fields);
    expect(decodeHeader(behind)).toEqual(fields);
    expect(kernels.decodeHeader(bytes)).toEqual(fields);
    expect(kernels.decodeHeader(behind)).toEqual(fields);
  }

  const bad = [...computed.headerTruncated, ...computed.headerNonMinimal];
  section('§4.3    header, cut short or not minimal: refused', bad, (v) => {
    const bytes = unhex(v.encoded);
    expect(codeOf(() => decodeHeader(bytes))).toBe('syntax');
    expect(kernels.decodeHeader(bytes)).toBeUndefined();
    const decryptor = new SFrameDecryptor({ cipherSuite: 'AES_128_GCM_SHA256_128' });
    decryptor.addDecryptionKey(new Uint8Array(16), 0n);
    expect(codeOf(() => decryptor.decrypt(bytes))).toBe('syntax');
    decryptor.destroy();
  });
});

describe('§4.4 encryption and key derivation', () => {
  section('§4.4.2  labels, secret, key and salt', vectors.sframe, (v) => {
    const { hash, Nk } = suiteOf(v.suite);
    const kid = BigInt(v.kid).toString(16).padStart(16, '0');
    const suffix = kid + v.suite.toString(16).padStart(4, '0');
    const keyLabel = hex(encoder.encode('SFrame 1.0 Secret key ')) + suffix;
    const saltLabel = hex(encoder.encode('SFrame 1.0 Secret salt ')) + suffix;
    expect(keyLabel).toBe(v.keyLabel);
    expect(saltLabel).toBe(v.saltLabel);
    expect(hex(kernels.hkdfExtract(hash, unhex(v.baseKey)))).toBe(v.secret);
    expect(hex(kernels.hkdfExpand(hash, unhex(v.secret), unhex(keyLabel), Nk))).toBe(v.key);
    expect(hex(kernels.hkdfExpand(hash, unhex(v.secret), unhex(saltLabel), 12))).toBe(v.salt);
    const derived = oracleDerive(v.suite, BigInt(v.kid), unhex(v.baseKey));
    expect(hex(derived.secret)).toBe(v.secret);
  });

  section('§4.4.3  nonce, aad and AEAD of each frame', vectors.sframe, (v) => {
    const oracle = oracleEncrypt({
      suite: v.suite,
      kid: BigInt(v.kid),
      ctr: BigInt(v.ctr),
      baseKey: unhex(v.baseKey),
      metadata: unhex(v.metadata),
      plaintext: unhex(v.pt),
    });
    expect(hex(oracle.nonce)).toBe(v.nonce);
    expect(hex(oracle.aad)).toBe(v.aad);
    const header = hex(encodeHeader(BigInt(v.kid), BigInt(v.ctr)));
    expect(header + v.metadata).toBe(v.aad);
    const sealed = seal(v.suite, unhex(v.key), unhex(v.nonce), unhex(v.aad), unhex(v.pt));
    expect(header + hex(sealed)).toBe(v.ct);
  });

  section('§4.4.3  encrypt', vectors.sframe, (v) => {
    const encryptor = new SFrameEncryptor({ cipherSuite: suiteOf(v.suite).name });
    encryptor.setEncryptionKey(unhex(v.baseKey), BigInt(v.kid), { ctr: BigInt(v.ctr) });
    expect(hex(encryptor.encrypt(unhex(v.pt), unhex(v.metadata)))).toBe(v.ct);
    encryptor.destroy();
  });

  section('§4.4.4  decrypt', vectors.sframe, (v) => {
    const decryptor = new SFrameDecryptor({ cipherSuite: suiteOf(v.suite).name });
    decryptor.addDecryptionKey(unhex(v.baseKey), BigInt(v.kid));
    expect(hex(decryptor.decrypt(unhex(v.ct), unhex(v.metadata)))).toBe(v.pt);
    decryptor.destroy();
  });

  section('§4.4    extra lengths, KIDs and CTRs, all suites', computed.sframeExtra, (v) => {
    const suite = suiteOf(v.suite);
    const kid = BigInt(v.kid);
    const ctr = BigInt(v.ctr);
    // how the inputs are filled: vectors/README.md
    const baseKey = pattern(11, 1, v.baseKeyLen);
    const metadata = pattern(5, 2, v.metadataLen);
    const plaintext = pattern(7, 3, v.ptLen);
    const { key, nonce, aad, header } = oracleEncrypt({
      suite: v.suite,
      kid,
      ctr,
      baseKey,
      metadata,
      plaintext,
    });
    const sealed = seal(v.suite, key, nonce, aad, plaintext);
    const ciphertext = new Uint8Array([...header, ...sealed]);
    expect(ciphertext.length).toBe(v.ctLen);
    expect(hex(kernels.sha('SHA-256', ciphertext))).toBe(v.ctSha256);
    if ('ct' in v) expect(hex(ciphertext)).toBe(v.ct);

    const encryptor = new SFrameEncryptor({ cipherSuite: suite.name });
    const decryptor = new SFrameDecryptor({ cipherSuite: suite.name });
    if (baseKey.length < 16) {
      // legal in the RFC, refused here: a base key this short is a mistake
      expect(() => encryptor.setEncryptionKey(baseKey, kid)).toThrow(RangeError);
      expect(() => decryptor.addDecryptionKey(baseKey, kid)).toThrow(RangeError);
      return;
    }
    encryptor.setEncryptionKey(baseKey, kid, { ctr });
    decryptor.addDecryptionKey(baseKey, kid);
    expect(hex(encryptor.encrypt(plaintext, metadata))).toBe(hex(ciphertext));
    expect(hex(decryptor.decrypt(ciphertext, metadata))).toBe(hex(plaintext));
    encryptor.destroy();
    decryptor.destroy();
  });
});

describe('§4.5.1 AES-CTR with HMAC', () => {
  section('§4.5.1  AEAD', vectors.aeadCtrHmac, (v) => {
    const { hash, Nt } = suiteOf(v.suite);
    const [key, nonce, aad] = [unhex(v.key), unhex(v.nonce), unhex(v.aad)];
    expect(v.key).toBe(v.encKey + v.authKey);
    expect(hex(kernels.sealCtrHmac(hash, Nt, key, nonce, aad, unhex(v.pt)))).toBe(v.ct);
    expect(hex(kernels.openCtrHmac(hash, Nt, key, nonce, aad, unhex(v.ct)) as Uint8Array)).toBe(v.pt);
  });

  const damaged = vectors.aeadCtrHmac.flatMap((v) =>
    Array.from({ length: v.ct.length / 2 }, (_, i) => ({ ...v, byte: i })),
  );
  section('§4.5.1  AEAD, one byte damaged: refused', damaged, (v) => {
    const { hash, Nt } = suiteOf(v.suite);
    const ct = unhex(v.ct);
    ct[v.byte] = (ct[v.byte] as number) ^ 0x10;
    expect(kernels.openCtrHmac(hash, Nt, unhex(v.key), unhex(v.nonce), unhex(v.aad), ct)).toBeUndefined();
  });
});

describe('§4.4.4 frames that must not open', () => {
  const cases = vectors.sframe.flatMap((v) => {
    const last = v.ct.length / 2 - 1;
    return [
      { ...v, why: 'first byte of the body', at: 5, code: 'authentication' },
      { ...v, why: 'last byte of the tag', at: last, code: 'authentication' },
      { ...v, why: 'CTR in the header', at: 4, code: 'authentication' },
      { ...v, why: 'KID in the header', at: 2, code: 'key-id' },
      { ...v, why: 'cut below its tag', cut: 5 + suiteOf(v.suite).Nt - 1, code: 'syntax' },
      { ...v, why: 'cut by a byte', cut: last, code: 'authentication' },
      { ...v, why: 'other metadata', metadata: `${v.metadata}00`, code: 'authentication' },
      { ...v, why: 'other base key', baseKey: `ff${v.baseKey.slice(2)}`, code: 'authentication' },
    ] as (typeof v & { why: string; at?: number; cut?: number; code: string })[];
  });
  section('§4.4.4  decrypt, damaged or foreign: refused', cases, (v) => {
    const ct = unhex(v.ct);
    if (v.at !== undefined) ct[v.at] = (ct[v.at] as number) ^ 1;
    const decryptor = new SFrameDecryptor({ cipherSuite: suiteOf(v.suite).name });
    decryptor.addDecryptionKey(unhex(v.baseKey), BigInt(v.kid));
    const frame = v.cut === undefined ? ct : ct.subarray(0, v.cut);
    expect(codeOf(() => decryptor.decrypt(frame, unhex(v.metadata)))).toBe(v.code);
    decryptor.destroy();
  });
});

describe('§5 keys', () => {
  section('§5.1    ratchet step', computed.ratchet, (v) => {
    const hash: Hash = v.hash === 'sha256' ? 'SHA-256' : 'SHA-512';
    let baseKey = unhex(v.baseKey0);
    for (const next of v.baseKeys1to4) {
      expect(hex(oracleRatchet(v.hash as 'sha256' | 'sha512', baseKey))).toBe(next);
      baseKey = kernels.hkdfExpand(hash, kernels.hkdfExtract(hash, baseKey), unhex(v.label), v.nh);
      expect(hex(baseKey)).toBe(next);
    }
    const { name } = suiteOf(v.hash === 'sha256' ? 4 : 5);
    const encryptor = new RatchetEncryptor({ cipherSuite: name, ratchetBits: 4 });
    encryptor.setEncryptionKey(unhex(v.baseKey0));
    for (const next of v.baseKeys1to4) {
      encryptor.ratchet();
      expect(hex(encryptor.exportKey().baseKey)).toBe(next);
    }
  });

  section('§5.1    ratchets seen in the wild: refused', computed.ratchetWrong, (v) => {
    const baseKey0 = unhex((computed.ratchet[0] as { baseKey0: string }).baseKey0);
    const theirs = new SFrameEncryptor({ cipherSuite: suiteOf(4).name });
    theirs.setEncryptionKey(unhex(v.baseKey1), 1);
    const decryptor = new RatchetDecryptor({ cipherSuite: suiteOf(4).name, ratchetBits: 4 });
    decryptor.addDecryptionKey(baseKey0, 0);
    expect(codeOf(() => decryptor.decrypt(theirs.encrypt(encoder.encode(v.why))))).toBe('authentication');
  });

  section('§5.1    KID of generation and step', senderKids, (v) => {
    const encryptor = new RatchetEncryptor({ cipherSuite: suiteOf(4).name, ratchetBits: v.ratchetBits });
    encryptor.setEncryptionKey(new Uint8Array(16), BigInt(v.generation));
    for (let step = 0; step < Number(v.ratchetStep); step++) encryptor.ratchet();
    expect(encryptor.kid).toBe(BigInt(v.kid));
  });

  section('§5.2    KID of epoch, sender and context', vectors.mlsKid, (v) => {
    const contextId = BigInt(v.context);
    const encryptor = new MlsEncryptor({ cipherSuite: suiteOf(4).name, epochBits: v.epochBits, contextId });
    const [epoch, senderIndex] = [BigInt(v.epoch), Number(v.senderIndex)];
    encryptor.setEpoch({ epoch, senderIndex, groupSize: 2 ** v.senderBits, baseKey: new Uint8Array(16) });
    expect(encryptor.kid).toBe(BigInt(v.kid));
  });

  section('draft-ietf-avtcore-rtp-sframe §7  key of an SSRC', computed.ssrcKey, async (v) => {
    const { name } = suiteOf(v.hash === 'sha256' ? 4 : 5);
    expect(hex(await deriveSsrcKey(unhex(v.baseKey), Number(v.ssrc), name))).toBe(v.ssrcKey);
  });
});

describe('the oracle agrees', () => {
  section('        second opinion: the oracle opens every frame', vectors.sframe, (v) => {
    const { plaintext } = oracleDecrypt({
      suite: v.suite,
      baseKey: unhex(v.baseKey),
      metadata: unhex(v.metadata),
      ciphertext: unhex(v.ct),
    });
    expect(hex(plaintext)).toBe(v.pt);
  });
});

function seal(id: number, key: Uint8Array, nonce: Uint8Array, aad: Uint8Array, pt: Uint8Array): Uint8Array {
  const { name, hash, Nt } = suiteOf(id);
  return name.includes('GCM')
    ? kernels.sealGcm(key, nonce, aad, pt)
    : kernels.sealCtrHmac(hash, Nt, key, nonce, aad, pt);
}

test('the counts are those of the files', () => {
  expect(vectors.header).toHaveLength(289);
  expect(vectors.headerBoundary).toHaveLength(10);
  expect(vectors.aeadCtrHmac).toHaveLength(6);
  expect(vectors.sframe).toHaveLength(8);
  expect(computed.sframeExtra).toHaveLength(32);
  expect(computed.headerTruncated).toHaveLength(10);
  expect(computed.headerNonMinimal).toHaveLength(9);
  expect(computed.ratchet).toHaveLength(2);
  expect(computed.ratchetWrong).toHaveLength(3);
  expect(senderKids).toHaveLength(8);
  expect(vectors.mlsKid).toHaveLength(9);
  expect(computed.ssrcKey).toHaveLength(4);
});
