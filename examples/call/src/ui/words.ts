// How a lock is put into words: a word on the picture, a sentence beside it.

import type { Lock } from '../status/lock.ts';
import type { IconName } from './icons.ts';

export interface Wording {
  readonly icon: IconName;
  readonly word: string;
  readonly sentence: string;
}

/** Before a call there is none. */
export type ShownLock = Lock | 'idle' | 'verified';

export const wordings: Readonly<Record<ShownLock, Wording>> = {
  idle: { icon: 'clock', word: 'Not in a call', sentence: 'Start the call to see the lock.' },
  waiting: { icon: 'clock', word: 'Waiting', sentence: 'Nothing has been opened yet.' },
  encrypted: {
    icon: 'locked',
    word: 'Encrypted',
    sentence: 'Only these people can see and hear it.',
  },
  verified: {
    icon: 'verified',
    word: 'Verified',
    sentence: 'Encrypted, and everybody is who they say.',
  },
  unverified: {
    icon: 'question',
    word: 'Not verified',
    sentence: 'Encrypted. But is it them? Compare emoji.',
  },
  'wrong-key': {
    icon: 'key',
    word: 'Wrong key',
    sentence: 'Everything arrives, and nothing can be opened.',
  },
  'no-key': {
    icon: 'key',
    word: 'No key',
    sentence: 'Everything arrives, and there is no key for it.',
  },
  clear: { icon: 'open', word: 'Not encrypted', sentence: 'The server can see and hear this.' },
  unsupported: {
    icon: 'barred',
    word: 'Cannot encrypt',
    sentence: 'This browser cannot do it, so nothing is sent.',
  },
};

/** Of `clear`, where pictures are encrypted. */
export const soundInTheClear: Wording = {
  icon: 'open',
  word: 'Sound not encrypted',
  sentence: 'The server can hear this, and not see it.',
};

/** Why frames do not open, for those who look closer. */
export const troubles: Readonly<Record<string, string>> = {
  'key-id': 'no key for it',
  authentication: 'the key does not fit',
  'ratchet-limit': 'it is too many steps ahead',
  syntax: 'it is not encrypted',
  codec: 'the codec is unknown',
  replay: 'it came twice',
  'no-key': 'there is no key to send under',
};

/** `Alice`, `Alice and Bob`, `Alice, Bob and Carol`. */
export function listed(names: readonly string[]): string {
  if (names.length < 2) return names[0] ?? 'nobody';
  return `${names.slice(0, -1).join(', ')} and ${names.at(-1)}`;
}
