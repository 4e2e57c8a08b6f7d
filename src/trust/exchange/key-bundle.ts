// What is sealed: the sender keys that a recipient may have and has not confirmed.
//
//   cipher suite (2) | for each key: generation (4) | KID (8) | length (2) | base_key        numbers big-endian

import { MAX_BASE_KEY_LEN, MIN_BASE_KEY_LEN } from '../../key.ts';
import type { Bytes } from '../../types.ts';

/** One sender key. */
export interface SealedKey {
  /** Counts what one session has published, from 1. */
  readonly generation: number;
  readonly kid: bigint;
  readonly baseKey: Bytes;
}

/** How many unconfirmed keys a recipient may have: the one in use, and those staged one instead of the other. */
export const MAX_KEYS = 8;
const SUITE_LEN = 2;
const ENTRY_HEAD = 14;

/** The bytes hold keys: the caller zeroes them. */
export function writeBundle(suite: number, keys: readonly SealedKey[]): Bytes {
  const len = keys.reduce((sum, { baseKey }) => sum + ENTRY_HEAD + baseKey.length, SUITE_LEN);
  const bytes = new Uint8Array(len);
  const view = new DataView(bytes.buffer);
  view.setUint16(0, suite);
  let at = SUITE_LEN;
  for (const { generation, kid, baseKey } of keys) {
    view.setUint32(at, generation);
    view.setBigUint64(at + 4, kid);
    view.setUint16(at + 12, baseKey.length);
    bytes.set(baseKey, at + ENTRY_HEAD);
    at += ENTRY_HEAD + baseKey.length;
  }
  return bytes;
}

/** The keys, copied; undefined if the bytes are none of this suite's, or no bundle. Generations rise; keys are long enough. */
export function readBundle(bytes: Bytes, suite: number): SealedKey[] | undefined {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  if (bytes.length < SUITE_LEN || view.getUint16(0) !== suite) return undefined;
  const keys: SealedKey[] = [];
  let at = SUITE_LEN;
  let last = 0;
  while (at + ENTRY_HEAD <= bytes.length) {
    const generation = view.getUint32(at);
    const len = view.getUint16(at + 12);
    const end = at + ENTRY_HEAD + len;
    if (len < MIN_BASE_KEY_LEN || len > MAX_BASE_KEY_LEN || keys.length === MAX_KEYS) break;
    if (generation <= last || end > bytes.length) break;
    keys.push({ generation, kid: view.getBigUint64(at + 4), baseKey: bytes.slice(at + ENTRY_HEAD, end) });
    last = generation;
    at = end;
  }
  if (at === bytes.length && keys.length > 0) return keys;
  wipeKeys(keys);
  return undefined;
}

export function wipeKeys(keys: readonly SealedKey[]): void {
  for (const { baseKey } of keys) baseKey.fill(0);
}

/** u32be. */
export function generationBytes(generation: number): Bytes {
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setUint32(0, generation);
  return bytes;
}
