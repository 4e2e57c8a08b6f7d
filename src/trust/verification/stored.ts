// A book as bytes.
//
//   version 1 (1 byte), then for each participant:
//   u16be(length of id) ‖ id in UTF-8 ‖ state (1 byte) ‖ u16be(attempts) ‖ u16be(length of key) ‖ key
//
// State 1 is verified, 2 lapsed, 0 neither; only a verified one has a key.

import { prefixed } from '../../names.ts';
import { type Bytes, viewOf } from '../../types.ts';
import { fieldsOf, readKey, textOfUtf8 } from '../fields.ts';

const VERSION = 1;

/** What is known of a participant. */
export interface Entry {
  /** The verified one. */
  readonly identityKey: Bytes | undefined;
  readonly isLapsed: boolean;
  /** Since he was last verified. */
  readonly attempts: number;
}

export function writeBook(entries: ReadonlyMap<string, Entry>): Bytes {
  const bytes: number[] = [VERSION];
  for (const [id, { identityKey, isLapsed, attempts }] of entries) {
    const state = identityKey !== undefined ? 1 : isLapsed ? 2 : 0;
    bytes.push(...prefixed(id, 'id'), state, attempts >> 8, attempts & 0xff);
    bytes.push(...fieldsOf(identityKey ?? new Uint8Array(0)));
  }
  return new Uint8Array(bytes);
}

/** @throws RangeError if that is not what `writeBook` makes: nothing is taken of a book that is damaged */
export function parseBook(bytes: Bytes): Map<string, Entry> {
  try {
    return read(bytes);
  } catch (cause) {
    throw new RangeError('stored must be what export() gave', { cause });
  }
}

function read(bytes: Bytes): Map<string, Entry> {
  const view = new DataView(bytes.buffer);
  const entries = new Map<string, Entry>();
  let at = 1;
  const u16 = () => {
    at += 2;
    return view.getUint16(at - 2);
  };
  const field = () => {
    const len = u16();
    at += len;
    if (at > bytes.length) throw new RangeError('cut short');
    return viewOf(bytes, at - len, at);
  };
  if (view.getUint8(0) !== VERSION) throw new RangeError('another version');
  while (at < bytes.length) {
    const id = textOfUtf8(field());
    prefixed(id, 'id');
    const state = view.getUint8(at++);
    const attempts = u16();
    const key = field();
    if (state > 2 || key.length > 0 !== (state === 1) || entries.has(id)) throw new RangeError('damaged');
    const identityKey = state === 1 ? readKey(key, 'key') : undefined;
    entries.set(id, { identityKey, isLapsed: state === 2, attempts });
  }
  return entries;
}
