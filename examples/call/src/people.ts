// Who is in the call.

import type { Look } from './media/scene.ts';

export interface Person {
  readonly name: string;
  readonly look: Look;
  /** Of his tone, in Hz. */
  readonly frequency: number;
}

export const people: readonly Person[] = [
  {
    name: 'Alice',
    look: {
      wall: '#bcd3d8',
      accent: '#3a6470',
      shirt: '#e07a5f',
      skin: '#f0c9a4',
      hair: '#6b3f2a',
      hasLongHair: true,
    },
    frequency: 220,
  },
  {
    name: 'Bob',
    look: {
      wall: '#e4d6bd',
      accent: '#7a5c36',
      shirt: '#3d5a80',
      skin: '#c98f65',
      hair: '#241a14',
      hasLongHair: false,
    },
    frequency: 277,
  },
  {
    name: 'Carol',
    look: {
      wall: '#cfd6ba',
      accent: '#58683a',
      shirt: '#81437a',
      skin: '#8d5a3b',
      hair: '#15100d',
      hasLongHair: true,
    },
    frequency: 330,
  },
];

/** A member that records for an organisation, and that everybody sees. */
export const RECORDER = 'Recorder';
export const ORGANISATION = 'Example Ltd';
