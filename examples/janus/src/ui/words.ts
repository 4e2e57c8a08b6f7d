// Locks that only these pages have.

import { troubles, type Wording, wordings } from '../../../call/src/ui/words.ts';

export const echoed: Wording = {
  ...wordings.encrypted,
  sentence: 'It was encrypted here, went through Janus, and was opened here again.',
};

export const signed: Wording = {
  icon: 'verified',
  word: 'Verified',
  sentence: 'Encrypted, and signed by you: nobody else has made these frames.',
};

export const forged: Wording = {
  icon: 'warning',
  word: 'Forged',
  sentence:
    'The key fits, and the signatures do not: somebody else sends in your name. Nothing of it is shown.',
};

export const unsigned: Wording = {
  icon: 'question',
  word: 'Not signed yet',
  sentence: 'The key fits; signatures have not come yet.',
};

/** Why frames do not open or are not shown. */
export const causes: Readonly<Record<string, string>> = {
  ...troubles,
  unverified: 'not signed by its sender',
};
