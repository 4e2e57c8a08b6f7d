// What opens one participant's frames, by the kinds of keys that the file has of him. Where two of his keys have one KID,
// because epochs' low bits and ratchets' steps come round, each has a decryptor of its own, in the order of time.

import { preload } from '../core/engine.ts';
import { SFrameDecryptor } from '../decryptor.ts';
import { SFrameError } from '../errors.ts';
import type { FrameDecryptor } from '../frame-decryptor.ts';
import { MlsDecryptor } from '../mls.ts';
import { RatchetDecryptor } from '../sender-keys.ts';
import { Failure } from './failure.ts';
import type { JsonValue } from './json-value.ts';
import type { ReadKeys } from './keys-file.ts';

/** What opens frames of some KIDs. */
export interface KeySet {
  find(kid: bigint): FrameDecryptor | undefined;
  destroy(): void;
}

/** In seconds: epochs of a recording do not go. */
const FOREVER = 2 ** 31;
/** Steps of a ratchet that one frame may be ahead: a recording begins anywhere. */
const MAX_FORWARD = 1024;
/** Of one sender in one epoch: each page load takes another. */
const MAX_CONTEXTS = 256;

/**
 * The keys of a participant, those to be tried first in front. Replay is not theirs to find: that is the track's.
 * @param now milliseconds, in the time of the recording
 * @throws Failure naming the place of a key that cannot be one; or if this Node has no WebAssembly
 */
export function keySetsOf(keys: ReadKeys, now: () => number): KeySet[] {
  try {
    preload();
  } catch (error) {
    throw error instanceof SFrameError
      ? new Failure('this Node cannot run WASM with SIMD, which is needed')
      : error;
  }
  return [...plainKeys(keys), ...ratchets(keys, now), ...epochs(keys)];
}

/** @throws Failure if this throws what is the file's fault */
export function checked<T>(at: JsonValue, act: () => T): T {
  try {
    return act();
  } catch (error) {
    if (error instanceof TypeError || error instanceof RangeError) at.refuse(`is refused: ${error.message}`);
    throw error;
  }
}

function plainKeys({ cipherSuite, keys }: ReadKeys): KeySet[] {
  if (keys.length === 0) return [];
  const decryptor = new SFrameDecryptor({ cipherSuite, replayWindow: 0 });
  for (const { kid, baseKey, at } of keys) checked(at, () => decryptor.addDecryptionKey(baseKey, kid));
  return [
    {
      find: (kid) => (decryptor.hasDecryptionKey(kid) ? decryptor : undefined),
      destroy: () => decryptor.destroy(),
    },
  ];
}

function ratchets({ cipherSuite, ratchetBits = 1, ratchetKeys }: ReadKeys, now: () => number): KeySet[] {
  const maxForward = Math.max(1, Math.min(MAX_FORWARD, 2 ** (ratchetBits - 1)));
  return inTurns(ratchetKeys, ({ kid }) => kid >> BigInt(ratchetBits)).map((keys) => {
    const decryptor = new RatchetDecryptor({ cipherSuite, ratchetBits, maxForward, replayWindow: 0, now });
    for (const { kid, baseKey, at } of keys) checked(at, () => decryptor.addDecryptionKey(baseKey, kid));
    return { find: () => decryptor, destroy: () => decryptor.destroy() };
  });
}

function epochs({ cipherSuite, epochBits = 1, epochs: all }: ReadKeys): KeySet[] {
  const ascending = [...all].sort((a, b) => (a.epoch < b.epoch ? -1 : 1));
  return inTurns(ascending, ({ epoch }) => BigInt.asUintN(epochBits, epoch)).map((turn) => {
    const decryptor = new MlsDecryptor({
      cipherSuite,
      epochBits,
      maxContexts: MAX_CONTEXTS,
      replayWindow: 0,
      now: () => 0,
    });
    for (const { epoch, baseKey, groupSize, senderIndex, at } of turn)
      checked(at, () =>
        decryptor.addEpoch({ epoch, baseKey, groupSize, expect: senderIndex, graceSeconds: FOREVER }),
      );
    return { find: () => decryptor, destroy: () => decryptor.destroy() };
  });
}

/** The first of each name, then the second of each, and so on; each in the order it had. */
function inTurns<T>(all: readonly T[], nameOf: (one: T) => bigint): T[][] {
  const seen = new Map<bigint, number>();
  const turns: T[][] = [];
  for (const one of all) {
    const name = nameOf(one);
    const turn = seen.get(name) ?? 0;
    seen.set(name, turn + 1);
    const others = turns[turn];
    if (others === undefined) turns.push([one]);
    else others.push(one);
  }
  return turns;
}
