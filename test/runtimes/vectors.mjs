// @ts-check
// The RFC 9605 vectors against the installed package, through its public API alone. Nothing here belongs to one
// runtime: the same file runs in Node, Bun, Deno, workerd and in pages. Any mismatch throws.

/** @typedef {typeof import('../../src/index.ts')} Library */
/** @typedef {typeof import('../../vectors/sframe-vectors.json')} Vectors */
/** @typedef {{ headers: number, refusedHeaders: number, frames: number, refusedFrames: number }} Counts */

/**
 * What {@link runVectors} must return: a vector that got lost is a failure too. Headers: 289 of the RFC and 10 at
 * the 7/8 boundary; 9 non-minimal and 10 cut short. Frames: 8 published and 24 extra, each then damaged and replayed.
 * @type {Counts}
 */
export const expectedCounts = { headers: 299, refusedHeaders: 19, frames: 32, refusedFrames: 64 };

const MAX_U64 = 2n ** 64n - 1n;

/** @param {string} text */
const fromHex = (text) => Uint8Array.from(text.match(/../g) ?? [], (byte) => Number.parseInt(byte, 16));

/** @param {Uint8Array} bytes */
const toHex = (bytes) => Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');

/**
 * @param {string} what
 * @param {unknown} actual
 * @param {unknown} expected
 */
function same(what, actual, expected) {
  if (actual !== expected) throw new Error(`${what}: ${actual} instead of ${expected}`);
}

/**
 * Runs every case that the public API can reach.
 * @param {Library} library
 * @param {Vectors} vectors
 * @returns {Promise<Counts>} how many cases passed
 */
export async function runVectors(library, vectors) {
  const { decodeHeader, encodeHeader, SFrameDecryptor, SFrameEncryptor, SFrameError } = library;
  const counts = { headers: 0, refusedHeaders: 0, frames: 0, refusedFrames: 0 };

  /**
   * @param {string} what
   * @param {string} code
   * @param {() => unknown} call
   */
  function refused(what, code, call) {
    /** @type {unknown} */
    let outcome = 'no error';
    try {
      call();
    } catch (error) {
      // what is not ours, or says that there is no engine, is its own best report
      if (!(error instanceof SFrameError) || error.code === 'engine-unavailable') throw error;
      outcome = error.code;
    }
    same(what, outcome, code);
  }

  for (const { kid, ctr, encoded } of [...vectors.header, ...vectors.headerBoundary]) {
    same(`header of ${kid}, ${ctr}`, toHex(encodeHeader(BigInt(kid), BigInt(ctr))), encoded);
    const decoded = decodeHeader(fromHex(encoded));
    same(`kid of ${encoded}`, decoded.kid, BigInt(kid));
    same(`ctr of ${encoded}`, decoded.ctr, BigInt(ctr));
    same(`length of ${encoded}`, decoded.length, encoded.length / 2);
    counts.headers++;
  }

  // The frame path has a parser of its own, in the core.
  const parser = new SFrameDecryptor({ cipherSuite: 'AES_128_GCM_SHA256_128' });
  for (const { encoded } of [...vectors.computed.headerNonMinimal, ...vectors.computed.headerTruncated]) {
    const bytes = fromHex(encoded);
    refused(`header ${encoded}`, 'syntax', () => decodeHeader(bytes));
    refused(`frame ${encoded}`, 'syntax', () => parser.decrypt(bytes));
    counts.refusedHeaders++;
  }
  parser.destroy();

  /**
   * One frame both ways, then what must not open.
   * @param {{ suiteName: string, kid: string, ctr: string }} vector
   * @param {Uint8Array} baseKey
   * @param {Uint8Array} metadata
   * @param {Uint8Array} plaintext
   */
  function exchange({ suiteName, kid, ctr }, baseKey, metadata, plaintext) {
    const what = `${suiteName} ${kid} ${ctr}`;
    const cipherSuite = /** @type {import('../../src/index.ts').CipherSuite} */ (suiteName);
    const encryptor = new SFrameEncryptor({ cipherSuite });
    encryptor.setEncryptionKey(baseKey, BigInt(kid), { ctr: BigInt(ctr) });
    const ciphertext = encryptor.encrypt(plaintext, metadata);
    same(`${what} next ctr`, encryptor.ctr, BigInt(ctr) + 1n);
    const decryptor = new SFrameDecryptor({ cipherSuite });
    decryptor.addDecryptionKey(baseKey, BigInt(kid));
    const flipped = ciphertext.slice();
    flipped[flipped.length - 1] = Number(flipped.at(-1)) ^ 1;
    refused(`${what} with a flipped bit`, 'authentication', () => decryptor.decrypt(flipped, metadata));
    same(`${what} opened`, toHex(decryptor.decrypt(ciphertext, metadata)), toHex(plaintext));
    refused(`${what} again`, 'replay', () => decryptor.decrypt(ciphertext, metadata));
    encryptor.destroy();
    decryptor.destroy();
    counts.frames++;
    counts.refusedFrames += 2;
    return ciphertext;
  }

  for (const vector of vectors.sframe) {
    const { suiteName, baseKey, metadata, pt, ct } = vector;
    const ciphertext = exchange(vector, fromHex(baseKey), fromHex(metadata), fromHex(pt));
    same(`${suiteName} ciphertext`, toHex(ciphertext), ct);
  }

  for (const vector of vectors.computed.sframeExtra) {
    const { suiteName, baseKeyLen, metadataLen, ptLen, ct, ctSha256 } = vector;
    // The API refuses both by design: short base keys, and the last counter.
    if (baseKeyLen < 16 || BigInt(vector.ctr) === MAX_U64) continue;
    const ciphertext = exchange(
      vector,
      Uint8Array.from({ length: baseKeyLen }, (_, i) => 11 * i + 1),
      Uint8Array.from({ length: metadataLen }, (_, i) => 5 * i + 2),
      Uint8Array.from({ length: ptLen }, (_, i) => 7 * i + 3),
    );
    const digest = await crypto.subtle.digest('SHA-256', ciphertext);
    same(`${suiteName} ${ptLen} bytes, SHA-256`, toHex(new Uint8Array(digest)), ctSha256);
    if (ct !== undefined) same(`${suiteName} ${ptLen} bytes`, toHex(ciphertext), ct);
  }
  return counts;
}

/**
 * The frames again through the asynchronous methods of an engine.
 * @param {typeof import('../../src/index.ts')} library
 * @param {any} vectors the parsed vectors file
 * @param {'auto' | 'webcrypto'} engine
 * @returns {Promise<number>} how many frames went both ways
 */
export async function runFrames({ SFrameDecryptor, SFrameEncryptor }, vectors, engine) {
  let frames = 0;
  for (const { suiteName, kid, ctr, baseKey, metadata, pt, ct } of vectors.sframe) {
    const encryptor = new SFrameEncryptor({ cipherSuite: suiteName, engine });
    encryptor.setEncryptionKey(fromHex(baseKey), BigInt(kid), { ctr: BigInt(ctr) });
    const ciphertext = await encryptor.encryptAsync(fromHex(pt), fromHex(metadata));
    same(`${suiteName} by ${engine}`, toHex(ciphertext), ct);
    const decryptor = new SFrameDecryptor({ cipherSuite: suiteName, engine });
    decryptor.addDecryptionKey(fromHex(baseKey), BigInt(kid));
    same(`${suiteName} opened`, toHex(await decryptor.decryptAsync(ciphertext, fromHex(metadata))), pt);
    const again = await decryptor.decryptAsync(ciphertext, fromHex(metadata)).catch((error) => error.code);
    same(`${suiteName} again`, again, 'replay');
    encryptor.destroy();
    decryptor.destroy();
    frames++;
  }
  return frames;
}
