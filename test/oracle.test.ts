/**
 * The oracle on trial, in Node and in a browser: published answers for its primitives, then every vector
 * it can be asked about. What it judges elsewhere is worth no more than what passes here.
 */
import { describe, expect, it } from 'vitest';
import vectors from '../vectors/sframe-vectors.json' with { type: 'json' };
import {
  aesCtr,
  aesEncryptBlock,
  gcmOpen,
  gcmSeal,
  ghash,
  hex,
  hkdfExpand,
  hkdfExtract,
  hmac,
  OracleError,
  type OracleHash,
  OracleReplayWindow,
  oracleDecodeHeader,
  oracleDecrypt,
  oracleDerive,
  oracleEncodeHeader,
  oracleEncrypt,
  oracleOpen,
  oracleRatchet,
  oracleSeal,
  oracleSuites,
  pattern,
  sha256,
  sha512,
  unhex,
} from './oracle.ts';

const utf8 = (text: string) => new TextEncoder().encode(text);
const empty = new Uint8Array(0);

/** The code an operation is refused with; anything but a refusal by the oracle is passed on. */
function refusal(operation: () => unknown): string | undefined {
  try {
    operation();
  } catch (error) {
    if (error instanceof OracleError) return error.code;
    throw error;
  }
  return undefined;
}

describe('published answers', () => {
  it('AES: FIPS 197 C.1 and C.3', () => {
    const block = unhex('00112233445566778899aabbccddeeff');
    expect(hex(aesEncryptBlock(pattern(1, 0, 16), block))).toBe('69c4e0d86a7b0430d8cdb78070b4c55a');
    expect(hex(aesEncryptBlock(pattern(1, 0, 32), block))).toBe('8ea2b7ca516745bfeafc49904b496089');
  });

  it('CTR: the last four bytes wrap, the nonce stays', () => {
    const key = pattern(3, 1, 16);
    const nonce = 'ffffffffffffffffffffffff';
    const keystream = hex(aesCtr(key, unhex(`${nonce}ffffffff`), new Uint8Array(32)));
    expect(keystream.slice(0, 32)).toBe(hex(aesEncryptBlock(key, unhex(`${nonce}ffffffff`))));
    expect(keystream.slice(32)).toBe(hex(aesEncryptBlock(key, unhex(`${nonce}00000000`))));
  });

  it('GHASH: one is the polynomial whose leftmost bit is set', () => {
    const one = unhex('80000000000000000000000000000000');
    const block = pattern(7, 3, 16);
    expect(ghash(one, block)).toEqual(block);
    expect(ghash(block, one)).toEqual(block);
  });

  it('GCM: test cases 1, 2 and 4 of the GCM specification', () => {
    const zeros = new Uint8Array(16);
    expect(hex(gcmSeal(zeros, zeros.subarray(0, 12), empty, empty))).toBe('58e2fccefa7e3061367f1d57a4e7455a');
    expect(hex(gcmSeal(zeros, zeros.subarray(0, 12), empty, zeros))).toBe(
      '0388dace60b6a392f328c2b971b2fe78ab6e47d42cec13bdf53a67b21257bddf',
    );

    const key = unhex('feffe9928665731c6d6a8f9467308308');
    const nonce = unhex('cafebabefacedbaddecaf888');
    const aad = unhex('feedfacedeadbeeffeedfacedeadbeefabaddad2');
    const plaintext = unhex(
      'd9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a72' +
        '1c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b39',
    );
    const sealed = gcmSeal(key, nonce, aad, plaintext);
    expect(hex(sealed)).toBe(
      '42831ec2217774244b7221b784d0d49ce3aa212f2c02a4e035c17e2329aca12e' +
        '21d514b25466931c7d8f6a5aac84aa051ba30b396a0aac973d58e0915bc94fbc3221a5db94fae95ae7121a47',
    );
    expect(gcmOpen(key, nonce, aad, sealed)).toEqual(plaintext);
  });

  it('SHA-256 and SHA-512: "abc" of FIPS 180', () => {
    expect(hex(sha256(utf8('abc')))).toBe('ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad');
    expect(hex(sha512(utf8('abc')))).toBe(
      'ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a' +
        '2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f',
    );
  });

  it('HMAC: RFC 4231 cases 1 and 2', () => {
    const key = unhex('0b'.repeat(20));
    expect(hex(hmac('sha256', key, utf8('Hi There')))).toBe(
      'b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7',
    );
    expect(hex(hmac('sha512', key, utf8('Hi There')))).toBe(
      '87aa7cdea5ef619d4ff0b4241a1d6cb02379f4e2ce4ec2787ad0b30545e17cde' +
        'daa833b7d6b8a702038b274eaea3f4e4be9d914eeb61f1702e696c203a126854',
    );
    const question = utf8('what do ya want for nothing?');
    expect(hex(hmac('sha256', utf8('Jefe'), question))).toBe(
      '5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843',
    );
    expect(hex(hmac('sha512', utf8('Jefe'), question))).toBe(
      '164b7a7bfcf819e2e395fbe73b56e0a387bd64222e831fd610270cd7ea250554' +
        '9758bf75c05a994a6d034f65f8f0e6fdcaeab1a34d4a6b4b636e070a38bce737',
    );
  });

  it('HKDF: RFC 5869 case 1', () => {
    const prk = hkdfExtract('sha256', pattern(1, 0, 13), unhex('0b'.repeat(22)));
    expect(hex(prk)).toBe('077709362c2e32df0ddc3f0dc47bba6390b6c73bb50f9c3122ec844ad7c2b3e5');
    expect(hex(hkdfExpand('sha256', prk, pattern(1, 0xf0, 10), 42))).toBe(
      '3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865',
    );
  });
});

describe('header', () => {
  it.each(['header', 'headerBoundary'] as const)('%s, both ways', (name) => {
    expect(vectors[name].length).toBe({ header: 289, headerBoundary: 10 }[name]);
    for (const { kid, ctr, encoded } of vectors[name]) {
      expect(hex(oracleEncodeHeader(BigInt(kid), BigInt(ctr)))).toBe(encoded);
      const decoded = { kid: BigInt(kid), ctr: BigInt(ctr), length: encoded.length / 2 };
      expect(oracleDecodeHeader(unhex(encoded))).toEqual(decoded);
      expect(oracleDecodeHeader(unhex(`${encoded}00ff`))).toEqual(decoded);
    }
  });

  it.each(vectors.computed.headerTruncated)('refuses "$encoded", cut short', ({ encoded }) => {
    expect(refusal(() => oracleDecodeHeader(unhex(encoded)))).toBe('syntax');
  });

  it.each(vectors.computed.headerNonMinimal)('refuses $why', ({ encoded }) => {
    expect(refusal(() => oracleDecodeHeader(unhex(encoded)))).toBe('syntax');
  });

  it('refuses to encode what 64 bits do not hold', () => {
    expect(() => oracleEncodeHeader(2n ** 64n, 0n)).toThrow(RangeError);
    expect(() => oracleEncodeHeader(0n, 2n ** 64n)).toThrow(RangeError);
    expect(() => oracleEncodeHeader(-1n, 0n)).toThrow(RangeError);
  });
});

describe('AES-CTR with HMAC (§4.5.1)', () => {
  it.each(vectors.aeadCtrHmac)('$suiteName', (vector) => {
    const [key, nonce, aad] = [unhex(vector.key), unhex(vector.nonce), unhex(vector.aad)];
    expect(hex(oracleSeal(vector.suite, key, nonce, aad, unhex(vector.pt)))).toBe(vector.ct);
    expect(hex(oracleOpen(vector.suite, key, nonce, aad, unhex(vector.ct)))).toBe(vector.pt);
    expect(vector.encKey + vector.authKey).toBe(vector.key);
  });
});

describe('SFrame', () => {
  it('has a published vector for each suite', () => {
    expect(vectors.sframe.map((vector) => [vector.suite, vector.suiteName])).toEqual(
      oracleSuites.map((suite) => [suite.id, suite.name]),
    );
  });

  it.each(vectors.sframe)('$suiteName, every intermediate value', (vector) => {
    const [suite, kid, ctr] = [vector.suite, BigInt(vector.kid), BigInt(vector.ctr)];
    const [baseKey, metadata] = [unhex(vector.baseKey), unhex(vector.metadata)];
    const sent = oracleEncrypt({ suite, kid, ctr, baseKey, metadata, plaintext: unhex(vector.pt) });
    const { keyLabel, saltLabel, secret, key, salt, nonce, aad, ct, pt } = vector;
    const header = hex(oracleEncodeHeader(kid, ctr));
    const published = { keyLabel, saltLabel, secret, key, salt, nonce, aad, header, ciphertext: ct };
    expect(Object.fromEntries(Object.entries(sent).map(([name, bytes]) => [name, hex(bytes)]))).toEqual(
      published,
    );

    const received = oracleDecrypt({ suite, baseKey, metadata, ciphertext: unhex(ct) });
    expect(hex(received.plaintext)).toBe(pt);
    expect([received.kid, received.ctr]).toEqual([kid, ctr]);
    const { Nk, Nn } = oracleSuites[suite - 1]!;
    expect([received.key.length, received.salt.length]).toEqual([Nk, Nn]);
  });

  it.each(vectors.computed.sframeExtra)('$suiteName, KID $kid, CTR $ctr, $ptLen bytes', (vector) => {
    const [suite, kid, ctr] = [vector.suite, BigInt(vector.kid), BigInt(vector.ctr)];
    const baseKey = pattern(11, 1, vector.baseKeyLen);
    const metadata = pattern(5, 2, vector.metadataLen);
    const plaintext = pattern(7, 3, vector.ptLen);
    const { ciphertext } = oracleEncrypt({ suite, kid, ctr, baseKey, metadata, plaintext });
    expect(ciphertext.length).toBe(vector.ctLen);
    expect(hex(sha256(ciphertext))).toBe(vector.ctSha256);
    if (vector.ct !== undefined) expect(hex(ciphertext)).toBe(vector.ct);
    expect(oracleDecrypt({ suite, baseKey, metadata, ciphertext }).plaintext).toEqual(plaintext);
  });

  it.each(oracleSuites)('$name: refuses any change and any cut', ({ id: suite, Nt }) => {
    const [baseKey, metadata, plaintext] = [pattern(11, 1, 16), pattern(5, 2, 3), pattern(7, 3, 5)];
    const { ciphertext } = oracleEncrypt({ suite, kid: 3n, ctr: 9n, baseKey, metadata, plaintext });
    expect(ciphertext.length).toBe(2 + 5 + Nt);
    for (let i = 1; i < ciphertext.length; i++) {
      const changed = ciphertext.map((byte, at) => (at === i ? byte ^ 0x40 : byte));
      expect(refusal(() => oracleDecrypt({ suite, baseKey, metadata, ciphertext: changed }))).toBe(
        'authentication',
      );
      // One byte of header is not a header, and CTR 9 needs two.
      const cut = ciphertext.subarray(0, i);
      const code = i < 2 ? 'syntax' : 'authentication';
      expect(refusal(() => oracleDecrypt({ suite, baseKey, metadata, ciphertext: cut }))).toBe(code);
    }
    const others = { baseKey: pattern(11, 2, 16), metadata: pattern(5, 2, 4), suite: (suite % 8) + 1 };
    for (const [name, value] of Object.entries(others)) {
      const wrong = { suite, baseKey, metadata, ciphertext, [name]: value };
      expect(refusal(() => oracleDecrypt(wrong))).toBe('authentication');
    }
  });

  it('derives unrelated keys for another KID and for another suite', () => {
    const keys = [1n, 2n].flatMap((kid) => [1, 2, 3].map((id) => hex(oracleDerive(id, kid, empty).key)));
    expect(new Set(keys).size).toBe(6);
  });
});

describe('ratchet (§5.1)', () => {
  it.each(vectors.computed.ratchet)('$hash: four steps', ({ hash, baseKey0, baseKeys1to4 }) => {
    let baseKey = unhex(baseKey0);
    for (const next of baseKeys1to4) {
      baseKey = oracleRatchet(hash as OracleHash, baseKey);
      expect(hex(baseKey)).toBe(next);
    }
  });
});

describe('replay window', () => {
  it('accepts each counter once and none that fell out', () => {
    const window = new OracleReplayWindow(4);
    const asked = [0n, 0n, 5n, 2n, 2n, 1n, 4n, 2n ** 64n - 1n, 5n, 2n ** 64n - 4n, 2n ** 64n - 5n];
    const answers = asked.map((ctr) => window.accept(ctr));
    expect(answers).toEqual([true, false, true, true, false, false, true, true, false, true, false]);
  });

  it('of size 0 accepts everything', () => {
    const window = new OracleReplayWindow(0);
    expect([9n, 9n, 0n].map((ctr) => window.accept(ctr))).toEqual([true, true, true]);
  });
});

describe('hexadecimal', () => {
  it('goes both ways and refuses the rest', () => {
    expect(hex(unhex('00ff10Ab'))).toBe('00ff10ab');
    expect(() => unhex('0')).toThrow(TypeError);
    expect(() => unhex('0x')).toThrow(TypeError);
  });
});
